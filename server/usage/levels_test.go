package usage

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage/flood"
)

// maintained does all housekeeping there is.
func maintained(t testing.TB, records *store.Records) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = records.Maintain(context.Background(), store.Retention{}); err != nil {
			t.Fatal(err)
		}
	}
}

func quarterOf(t time.Time) time.Time { return t.Truncate(15 * time.Minute).UTC() }

// TestQuartersAreThoseOfTheRows: quarters of an hour are exact whether their
// calls came before they were put together or after, and after new prices.
func TestQuartersAreThoseOfTheRows(t *testing.T) {
	begin := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	rapid.Check(t, func(r *rapid.T) {
		dir := t.TempDir()
		now := begin
		records, err := store.OpenRecords(context.Background(), store.RecordsOptions{Dir: dir, Now: func() time.Time { return now }})
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = records.Close() }()
		source := flood.New(rapid.Uint64().Draw(r, "seed"))
		check := func(what string) {
			rows := allRows(t, records)
			for _, kind := range []tally.Kind{tally.ByModel, tally.ByKey} {
				same(t, what, expected(rows, kind, quarterOf), stored(t, records, kind, 15*time.Minute, quarterOf))
			}
			if t.Failed() {
				r.FailNow()
			}
		}
		for range rapid.IntRange(1, 3).Draw(r, "runs") {
			batch, sums := &store.Batch{}, newPending()
			for _, minutes := range rapid.SliceOfN(rapid.IntRange(0, 300), 1, 40).Draw(r, "calls") {
				row := Account(source.Call(begin.Add(time.Duration(minutes) * time.Minute)))
				batch.Rows = append(batch.Rows, row)
				sums.add(row)
			}
			sums.fill(batch)
			if err := records.Write(context.Background(), batch); err != nil {
				r.Fatal(err)
			}
			check("before they are put together")
			now = begin.Add(time.Duration(rapid.IntRange(0, 400).Draw(r, "now")) * time.Minute)
			maintained(t, records)
			check("after")
		}
		dearer := func(_, _ string, used llm.Usage, _ time.Time) (proxy.Cost, bool) {
			amount := price.Amount{Currency: "USD", Nano: 7 * used.Total}
			return proxy.Cost{Known: true, Amount: amount, Shown: amount}, true
		}
		if _, err := records.Reprice(context.Background(), begin, begin.Add(24*time.Hour), 0, dearer); err != nil {
			r.Fatal(err)
		}
		rows := allRows(t, records)
		for _, kind := range []tally.Kind{tally.ByModel, tally.ByKey} {
			want, got := expected(rows, kind, quarterOf), stored(t, records, kind, 15*time.Minute, quarterOf)
			for p, sum := range want {
				for _, m := range sum.Shown {
					if m.Currency == "USD" && !shows(got[p], m) {
						t.Errorf("%v at %v is %v after new prices, want %v", p.series, time.Unix(p.at, 0).UTC(), got[p].Shown, m)
					}
				}
			}
		}
	})
}

func shows(t *tally.Tally, m tally.Money) bool {
	for _, have := range t.Shown {
		if have == m {
			return true
		}
	}
	return false
}

// TestDaysOfBeforeGetTheirThirds: in a file from before there were thirds, days
// are shown right while those are made, and after.
func TestDaysOfBeforeGetTheirThirds(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	options := store.RecordsOptions{Dir: dir, Now: func() time.Time { return now }}
	records, err := store.OpenRecords(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	batch, sums := &store.Batch{}, newPending()
	flood.New(5).Days(500, 6, now, func(r *proxy.Record) {
		row := Account(r)
		batch.Rows = append(batch.Rows, row)
		sums.add(row)
	})
	sums.fill(batch)
	if err := records.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	maintained(t, records)
	if err := records.Close(); err != nil {
		t.Fatal(err)
	}

	// As a file that this schema's step was applied to begins.
	db, err := sql.Open("sqlite", filepath.Join(dir, store.RecordsFile))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "DELETE FROM sums_third; DELETE FROM sums_level; INSERT INTO sums_level (level, kind, at) SELECT 2, 0, COALESCE(MAX(at) + 86400, 0) FROM sums_day")
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}

	if records, err = store.OpenRecords(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = records.Close() }()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := func(at time.Time) time.Time { return tally.DayStart(at, zone) }
	within := func(from, to time.Time) bool { return day(from).Equal(day(to.Add(-1))) }
	rows := allRows(t, records)
	for more, rounds := true, 0; more; rounds++ {
		for _, kind := range []tally.Kind{tally.ByModel, tally.ByConsumer, tally.ByKey} {
			same(t, "days", expected(rows, kind, day), storedWithin(t, records, kind, time.Hour, day, within, rows))
		}
		if t.Failed() {
			t.Fatalf("after %d pieces of housekeeping", rounds)
		}
		if more, err = records.Maintain(t.Context(), store.Retention{}); err != nil {
			t.Fatal(err)
		}
		if !more && rounds < 6 {
			t.Errorf("only %d pieces of housekeeping", rounds)
		}
	}
}
