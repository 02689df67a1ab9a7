package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/posthouse/posthouse/server/tally"
)

// fine reads what is cut too small for pieces: whole quarters where the step
// allows them and they are put together, else minutes.
func (s *sums) fine(ctx context.Context, from, to time.Time) error {
	if s.kind == tally.ByConsumer || s.step != 0 && s.step < quarter {
		return s.table(ctx, "sums_minute", from, to)
	}
	until, err := levelAt(ctx, s.each, quarters, s.kind)
	if err != nil {
		return err
	}
	first := time.Unix(quarterOf(from.Add(quarter-1).Unix()), 0).UTC()
	last := time.Unix(quarterOf(min(to.Unix(), until)), 0).UTC()
	if !first.Before(last) {
		return s.table(ctx, "sums_minute", from, to)
	}
	return firstOf(
		func() error { return s.table(ctx, "sums_minute", from, first) },
		func() error { return s.table(ctx, "sums_quarter", first, last) },
		func() error { return s.table(ctx, "sums_minute", last, to) },
	)
}

// byThirds reads days that are over by their thirds, and by hours where a step
// or the span cuts one, or there are no thirds yet.
func (s *sums) byThirds(ctx context.Context, in string, ids []int64, from, to time.Time) error {
	since, err := levelAt(ctx, s.each, thirds, 0)
	if err != nil {
		return err
	}
	begins := tally.Day(from)
	first := begins
	if known := time.Unix(since, 0).UTC(); known.After(first) {
		first = known
	}
	if first.After(to) {
		first = to
	}
	cut, whole := map[int64]bool{}, map[int64]bool{}
	for at := first; at.Before(to); at = at.Add(third) {
		switch end := at.Add(third); {
		case !end.After(from): // before the span
		case at.Before(from) || end.After(to) || !s.within(at, end):
			cut[at.Unix()] = true
		default:
			whole[at.Unix()] = true
		}
	}
	steps := []func() error{
		func() error { return s.days(ctx, in, ids, begins, first, between(from, to)) },
		func() error { return s.thirds(ctx, in, ids, first, to, whole) },
	}
	if len(cut) > 0 {
		inside := between(from, to)
		steps = append(steps, func() error {
			return s.days(ctx, in, ids, first, to, func(at time.Time) bool { return inside(at) && cut[thirdOf(at)] })
		})
	}
	return firstOf(steps...)
}

// between is the condition that a time lies in a span.
func between(from, to time.Time) func(time.Time) bool {
	return func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
}

// thirdOf is where the third of a day of a time begins.
func thirdOf(t time.Time) int64 { return t.Truncate(third).Unix() }

// thirds reads those thirds that are wanted.
func (s *sums) thirds(ctx context.Context, in string, ids []int64, from, to time.Time, want map[int64]bool) error {
	if !from.Before(to) {
		return nil
	}
	var data sql.RawBytes
	query := "SELECT series, at, data FROM sums_third WHERE " + in + " AND at >= ? AND at < ?"
	return s.each(ctx, query, append(anys(ids), from.Unix(), to.Unix()), func(scan scanner) error {
		var at, id int64
		if err := scan(&id, &at, &data); err != nil || !want[at] {
			return err
		}
		series := s.found[id]
		return s.f(time.Unix(at, 0).UTC(), id, &series, data)
	})
}

// sortedIDs are the ids of some series, in order.
func sortedIDs(found map[int64]tally.Series) []int64 { return slices.Sorted(maps.Keys(found)) }
