package tally

import (
	"slices"
	"sort"
	"time"
)

// A piece is the time one tally of the hour table covers: an hour of UTC, but
// cut where a day begins in a zone whose clocks are not a whole number of hours
// from UTC. Every day of every zone is then a whole number of pieces, at little
// more than one piece an hour.

// dayStarts are the minutes of a UTC day, off the hour, at which some zone's
// day begins. From the zone database (2026a): offsets of +3:30 (Tehran), +4:30
// (Kabul), +5:30 (India, Sri Lanka), +5:45 (Nepal), +6:30 (Yangon), +8:45
// (Eucla), +9:30 and +10:30 (central Australia, Lord Howe), +12:45 and +13:45
// (Chatham), -2:30 and -3:30 (Newfoundland), -9:30 (Marquesas). A test goes
// through all zones.
var dayStarts = func() []int {
	offsets := []int{210, 270, 330, 345, 390, 525, 570, 630, 765, 825, -150, -210, -570}
	starts := make([]int, 0, len(offsets))
	for _, minutes := range offsets {
		starts = append(starts, (1440-minutes)%1440)
	}
	sort.Ints(starts)
	return slices.Compact(starts)
}()

// Minute is where a time's minute begins.
func Minute(t time.Time) time.Time { return time.Unix(floor(t.Unix(), 60), 0).UTC() }

// Piece is where a time's piece begins.
func Piece(t time.Time) time.Time {
	hour := floor(t.Unix(), 3600)
	day := floor(hour, 86400)
	begins := hour
	for _, minute := range dayStarts {
		if at := day + int64(minute)*60; at > hour && at <= t.Unix() {
			begins = at
		}
	}
	return time.Unix(begins, 0).UTC()
}

// Day is where a time's day of UTC begins.
func Day(t time.Time) time.Time { return time.Unix(floor(t.Unix(), 86400), 0).UTC() }

// floor rounds down to a multiple of by.
func floor(n, by int64) int64 {
	rest := n % by
	if rest < 0 {
		rest += by
	}
	return n - rest
}
