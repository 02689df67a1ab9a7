package usage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
)

// scanMost is how many rows a ranking of single calls looks at itself. Of more
// it goes by the extremes that were noted hour by hour.
const scanMost = 5000

// Extremes lists the slowest or the dearest calls of a span.
func (r *Recorder) Extremes(ctx context.Context, slowest bool, f Filter, from, to time.Time, limit int) ([]*store.Row, error) {
	what := store.Dearest
	value := func(row *store.Row) int64 { return row.Record.Cost.Shown.Nano }
	if slowest {
		what = store.Slowest
		value = func(row *store.Row) int64 { return row.Record.Duration.Microseconds() }
	}
	pass := f.Pass()
	if pass == nil {
		return r.records.Extremes(ctx, what, from, to, nil, limit)
	}
	totals, err := r.Totals(ctx, f, ByNothing, from, to, tally.Sums)
	if err != nil {
		return nil, err
	}
	if sum := totals[""]; sum == nil || sum.N[tally.Calls] > scanMost {
		return r.records.Extremes(ctx, what, from, to, pass, limit)
	}
	page, err := r.records.Log(ctx, store.LogQuery{From: from, To: to, Series: pass, Limit: scanMost, Most: scanMost})
	if err != nil {
		return nil, err
	}
	rows := slices.DeleteFunc(page.Rows, func(row *store.Row) bool { return value(row) == 0 })
	slices.SortStableFunc(rows, func(a, b *store.Row) int { return cmp.Compare(value(b), value(a)) })
	return rows[:min(limit, len(rows))], nil
}
