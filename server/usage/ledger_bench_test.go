//go:build unix

package usage

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage/flood"
)

// The figures of docs/monitoring.md come from:
//
//	go test ./server/usage/ -run XXX -bench Ledger -ledger.rows 10000000 -ledger.dir /tmp/ledger
//
// The folder is filled once and used again. Without it the benchmarks fill a
// small one.
var (
	ledgerRows = flag.Int("ledger.rows", 20_000, "calls in the ledger that benchmarks read")
	ledgerDir  = flag.String("ledger.dir", "", "where it is kept; empty: made anew")
)

// ledgerEnd is when the calls of a ledger end. It is fixed, as the ledger is.
var ledgerEnd = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const ledgerDays = 90

// openLedger opens the ledger that benchmarks read, and fills it first if need
// be.
func openLedger(b testing.TB) *Recorder {
	b.Helper()
	dir := *ledgerDir
	if dir == "" {
		dir = b.TempDir()
	}
	_, err := os.Stat(filepath.Join(dir, "filled"))
	records, opening := store.OpenRecords(context.Background(), store.RecordsOptions{Dir: dir, Now: func() time.Time { return ledgerEnd }})
	if opening != nil {
		b.Fatal(opening)
	}
	b.Cleanup(func() { _ = records.Close() })
	if err != nil {
		fillLedger(b, records, *ledgerRows)
		if err := os.WriteFile(filepath.Join(dir, "filled"), fmt.Append(nil, *ledgerRows), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	maintained(b, records)
	r := New(records, Options{Now: func() time.Time { return ledgerEnd }})
	b.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

// fillLedger writes calls as a gateway that has run for 90 days holds them:
// minutes of the last days, hours that have moved into days.
func fillLedger(b testing.TB, records *store.Records, n int) {
	b.Helper()
	began := time.Now()
	rows, sums, all := []*store.Row(nil), newPending(), 0
	flush := func() {
		batch := &store.Batch{Rows: rows}
		sums.fill(batch)
		minutes := batch.Minutes[:0]
		for _, s := range batch.Minutes {
			kept := store.MinutesKept
			if s.Series.Kind == tally.ByConsumer {
				kept = store.ConsumerMinutesKept
			}
			if ledgerEnd.Sub(s.At) < kept {
				minutes = append(minutes, s)
			}
		}
		batch.Minutes = minutes
		if err := records.Write(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
		all += len(rows)
		rows, sums = nil, newPending()
	}
	// A filling that was stopped goes on where it was: the calls are the same
	// each time, and written in their order.
	newest, err := records.Recent(context.Background(), 1)
	if err != nil {
		b.Fatal(err)
	}
	flood.New(1).Days(n, ledgerDays, ledgerEnd, func(r *proxy.Record) {
		if len(newest) > 0 {
			if r.ID == newest[0].Record.ID {
				newest = nil
			}
			return
		}
		row := Account(r)
		sums.add(row)
		if rows = append(rows, row); len(rows) == 5000 {
			flush()
		}
	})
	flush()
	b.Logf("%d calls written in %v", all, time.Since(began).Round(time.Second))
}

// span is the last so many hours of the ledger.
func span(hours int, r *Recorder) (tally.Steps, time.Time) {
	from := ledgerEnd.Add(-time.Duration(hours) * time.Hour)
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	steps := tally.Cut(from, ledgerEnd, r.LeastStep(Filter{}, ByNothing, from), zone)
	return steps, steps.Begin().Add(-steps.End.Sub(steps.Begin()))
}

func BenchmarkLedgerOverview(b *testing.B) {
	r := openLedger(b)
	underWrites(b, r)
	for _, hours := range []int{1, 24, 7 * 24, 30 * 24, 90 * 24} {
		b.Run(fmt.Sprintf("hours=%d", hours), func(b *testing.B) {
			steps, before := span(hours, r)
			for b.Loop() {
				o, err := r.Overview(context.Background(), Filter{}, steps, before)
				if err != nil || o.Now.N[tally.Calls] == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLedgerSeries(b *testing.B) {
	r := openLedger(b)
	underWrites(b, r)
	for _, by := range []Dimension{ByNothing, ByModel, ByProvider, ByConsumer} {
		b.Run(fmt.Sprintf("90d/by=%s", by), func(b *testing.B) {
			steps, _ := span(90*24, r)
			for b.Loop() {
				if lines, err := r.Lines(context.Background(), Filter{}, by, steps, tally.All); err != nil || len(lines) == 0 {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("90d/consumer=team-20", func(b *testing.B) {
		steps, _ := span(90*24, r)
		for b.Loop() {
			if lines, err := r.Lines(context.Background(), Filter{Consumer: []string{"team-20"}}, ByNothing, steps, tally.All); err != nil || len(lines) == 0 {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLedgerLog(b *testing.B) {
	r := openLedger(b)
	underWrites(b, r)
	queries := map[string]store.LogQuery{
		"newest":     {},
		"consumer":   {Series: Filter{Consumer: []string{"team-39"}}.Pass()},
		"failed":     {Series: Filter{Outcome: []tally.Outcome{tally.Failed}}.Pass()},
		"model+fail": {Series: Filter{Model: []string{"gpt-5*"}, Outcome: []tally.Outcome{tally.Failed, tally.Refused}}.Pass()},
		"text": {
			Attempts: true, Faults: func(f store.Fault) bool { return f.Class == "context_length" },
			Row: func(row *store.Row) bool { return len(row.Record.Message) > 0 },
		},
		"slow": {Row: func(row *store.Row) bool { return row.Record.Duration > time.Minute }, Most: 20_000},
		"old":  {Before: store.FirstID(ledgerEnd.Add(-80 * 24 * time.Hour)), Series: Filter{Provider: []string{"glm"}}.Pass()},
	}
	for name, q := range queries {
		b.Run(name, func(b *testing.B) {
			q.Limit = 100
			for b.Loop() {
				if page, err := r.records.Log(context.Background(), q); err != nil || len(page.Rows) == 0 {
					b.Fatalf("%d rows, %v", len(page.Rows), err)
				}
			}
		})
	}
}
