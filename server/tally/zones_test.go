package tally

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// zones lists the names of all time zones: those of the system, or some that
// matter where it has none.
func zones() []string {
	var names []string
	const root = "/usr/share/zoneinfo"
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a system without it is dealt with below
		}
		name := strings.TrimPrefix(path, root+"/")
		if !strings.HasPrefix(name, "posix/") && !strings.HasPrefix(name, "right/") && !strings.Contains(name, ".") {
			names = append(names, name)
		}
		return nil
	})
	if len(names) < 100 {
		names = []string{"UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "Australia/Lord_Howe", "Europe/Berlin", "America/St_Johns", "America/Havana", "Africa/Cairo", "Asia/Beirut", "America/New_York", "Pacific/Marquesas"}
	}
	return names
}

// TestDaysOfEveryZoneAreWholePieces goes through four years of every zone: each
// day begins where a piece does, at the first moment that shows its date, and
// the days leave no gap.
func TestDaysOfEveryZoneAreWholePieces(t *testing.T) {
	begin := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, name := range zones() {
		zone, err := time.LoadLocation(name)
		if err != nil {
			if _, statting := os.Stat(name); statting != nil {
				continue // not a zone: leap seconds, tables
			}
			t.Fatal(err)
		}
		day := DayStart(begin, zone)
		for range 4 * 365 {
			next := NextDay(day, zone)
			if hours := next.Sub(day).Hours(); hours < 22 || hours > 26 {
				t.Fatalf("%s: a day of %v hours from %v to %v", name, hours, day, next)
			}
			y, m, d := day.In(zone).Date()
			if by, bm, bd := day.Add(-time.Second).In(zone).Date(); by == y && bm == m && bd == d {
				t.Fatalf("%s: %v is not where the day begins", name, day.In(zone))
			}
			if ny, nm, nd := next.Add(-time.Second).In(zone).Date(); ny != y || nm != m || nd != d {
				t.Fatalf("%s: the day of %v ends at %v", name, day.In(zone), next.In(zone))
			}
			if !Piece(day).Equal(day) {
				t.Fatalf("%s: a day begins at %v, within a piece", name, day)
			}
			day = next
		}
	}
}

func TestDaysWithOddMidnights(t *testing.T) {
	for _, c := range []struct{ zone, within, want string }{
		{"America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z"}, // midnight comes twice: the first
		{"Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z"},   // it does not come: the day begins at 1:00
		{"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z"},
		{"Asia/Kathmandu", "2026-11-24T12:00:00Z", "2026-11-23T18:15:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.within)
		if err != nil {
			t.Fatal(err)
		}
		if got := DayStart(at, zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s at %s: the day began at %s; want %s", c.zone, c.within, got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 31, 7, 0, time.UTC)
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		back, least, step time.Duration
		n                 int
		begin, end        string
	}{
		{15 * time.Minute, time.Minute, time.Minute, 16, "2026-11-24T10:16:00Z", "2026-11-24T10:32:00Z"},
		{24 * time.Hour, time.Minute, 15 * time.Minute, 97, "2026-11-23T10:30:00Z", "2026-11-24T10:45:00Z"},
		{time.Hour, time.Hour, time.Hour, 2, "2026-11-24T09:00:00Z", "2026-11-24T11:00:00Z"},
		{7 * 24 * time.Hour, time.Minute, time.Hour, 169, "2026-11-17T10:00:00Z", "2026-11-24T11:00:00Z"},
		{90 * 24 * time.Hour, time.Hour, 24 * time.Hour, 91, "2026-08-25T16:00:00Z", "2026-11-24T16:00:00Z"},
	} {
		s := Cut(now.Add(-c.back), now, c.least, shanghai)
		if s.Step != c.step || len(s.Starts) != c.n || s.Begin().Format(time.RFC3339) != c.begin || s.End.Format(time.RFC3339) != c.end {
			t.Errorf("%v: step %v, %d of them from %v to %v", c.back, s.Step, len(s.Starts), s.Begin(), s.End)
		}
		for i, at := range s.Starts {
			if s.Index(at) != i || i > 0 && s.Index(at.Add(-time.Second)) != i-1 {
				t.Errorf("%v: step %d is found as %d", c.back, i, s.Index(at))
			}
		}
		if s.Index(s.End) != -1 || s.Index(s.Begin().Add(-time.Second)) != -1 {
			t.Errorf("%v: what is outside has a step", c.back)
		}
	}
}
