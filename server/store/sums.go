package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/posthouse/posthouse/server/tally"
)

// SumQuery picks sums.
type SumQuery struct {
	Kind     tally.Kind
	From, To time.Time // whole minutes
	// Step is the longest that a sum may cover, so that it falls into one step
	// of a chart: a minute, a quarter of an hour, an hour (a piece), or 0 for
	// any.
	Step time.Duration
	// Within reports whether a span lies in one step, where the steps are days
	// and so a sum may cover more than an hour; nil: it may not.
	Within func(from, to time.Time) bool
	Series Pass // nil: all
}

// SumFunc is told of a sum: where its time begins, whose it is and its encoded
// tally, which is only valid during the call.
type SumFunc func(at time.Time, id int64, s *tally.Series, data []byte) error

// Sums reads sums: minutes and quarters where the step asks for them or a piece
// is cut by the span's ends, else pieces, else thirds of days and days.
func (r *Records) Sums(ctx context.Context, q SumQuery, f SumFunc) error {
	v := r.view()
	if v == nil || !q.From.Before(q.To) {
		return nil
	}
	found := v.seriesLike(func(s *tally.Series) bool { return s.Kind == q.Kind && (q.Series == nil || q.Series(s)) })
	if len(found) == 0 {
		return nil
	}
	options := &sql.TxOptions{ReadOnly: false}
	if v.postgres {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	// One snapshot: hours move into days meanwhile.
	tx, err := v.db.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("read sums: %w", dbError(err))
	}
	defer func() { _ = tx.Rollback() }() // nothing was changed
	s := sums{view: v, tx: tx, kind: q.Kind, step: q.Step, within: q.Within, found: found, f: f}
	if q.Step != 0 && q.Step < time.Hour {
		return s.fine(ctx, q.From, q.To)
	}
	from, to := q.From, tally.Piece(q.To)
	if begins := tally.Piece(from); begins.Before(from) {
		from = nextPiece(from)
	}
	if !from.Before(to) {
		return s.fine(ctx, q.From, q.To)
	}
	return firstOf(
		func() error { return s.fine(ctx, q.From, from) },
		func() error { return s.pieces(ctx, from, to) },
		func() error { return s.fine(ctx, to, q.To) },
	)
}

// nextPiece is where the piece after a time's begins.
func nextPiece(t time.Time) time.Time {
	begins := tally.Piece(t)
	for at := begins.Add(15 * time.Minute); ; at = at.Add(15 * time.Minute) {
		if tally.Piece(at).Equal(at) {
			return at
		}
	}
}

// sums reads sums in one transaction.
type sums struct {
	*view
	tx     *sql.Tx
	kind   tally.Kind
	step   time.Duration
	within func(from, to time.Time) bool
	found  map[int64]tally.Series
	f      SumFunc
}

func (s *sums) each(ctx context.Context, query string, args []any, f func(scanner) error) error {
	return scanEach(ctx, s.tx, placeholders(query, s.postgres), args, f)
}

// table reads a table of minutes, quarters or hours.
func (s *sums) table(ctx context.Context, table string, from, to time.Time) error {
	if !from.Before(to) {
		return nil
	}
	var data sql.RawBytes
	query := "SELECT at, series, data FROM " + table + " WHERE kind = ? AND at >= ? AND at < ?"
	return s.each(ctx, query, []any{int64(s.kind), from.Unix(), to.Unix()}, func(scan scanner) error {
		var at, id int64
		if err := scan(&at, &id, &data); err != nil {
			return err
		}
		series, ok := s.found[id]
		if !ok {
			return nil
		}
		return s.f(time.Unix(at, 0).UTC(), id, &series, data)
	})
}

// pieces reads hours, those of days that are over from where they were moved
// to. Where the step allows it, it reads a day that lies within the span in one.
func (s *sums) pieces(ctx context.Context, from, to time.Time) error {
	if err := s.table(ctx, "sums_hour", from, to); err != nil {
		return err
	}
	first, last := tally.Day(from), tally.Day(to) // days between them are whole
	if first.Before(from) {
		first = first.AddDate(0, 0, 1)
	}
	for part := range slices.Chunk(sortedIDs(s.found), idsPerQuery) {
		in, inside := "series IN "+tuples(1, len(part)), between(from, to)
		var err error
		switch {
		case s.within != nil:
			err = s.byThirds(ctx, in, part, from, to)
		case s.step != 0 || !first.Before(last):
			err = s.days(ctx, in, part, tally.Day(from), to, inside)
		default:
			err = firstOf(
				func() error { return s.days(ctx, in, part, tally.Day(from), first, inside) },
				func() error { return s.totals(ctx, in, part, first, last) },
				func() error { return s.days(ctx, in, part, last, to, inside) },
			)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// totals reads the sums of whole days.
func (s *sums) totals(ctx context.Context, in string, ids []int64, from, to time.Time) error {
	var data sql.RawBytes
	query := "SELECT series, at, total FROM sums_day WHERE " + in + " AND at >= ? AND at < ?"
	return s.each(ctx, query, append(anys(ids), from.Unix(), to.Unix()), func(scan scanner) error {
		var at, id int64
		if err := scan(&id, &at, &data); err != nil {
			return err
		}
		series := s.found[id]
		return s.f(time.Unix(at, 0).UTC(), id, &series, data)
	})
}

// days reads those hours of days that begin in [first, last) that are wanted.
func (s *sums) days(ctx context.Context, in string, ids []int64, first, last time.Time, want func(time.Time) bool) error {
	if !first.Before(last) {
		return nil
	}
	var data sql.RawBytes
	query := "SELECT series, at, hours FROM sums_day WHERE " + in + " AND at >= ? AND at < ?"
	return s.each(ctx, query, append(anys(ids), first.Unix(), last.Unix()), func(scan scanner) error {
		var day, id int64
		if err := scan(&id, &day, &data); err != nil {
			return err
		}
		series := s.found[id]
		return eachHour(data, func(minute int64, one []byte) error {
			at := time.Unix(day+60*minute, 0).UTC()
			if !want(at) {
				return nil
			}
			return s.f(at, id, &series, one)
		})
	})
}

// The hours of a day are stored one after another: the minute of the day at
// which it begins, the length of its tally, and that.

// appendHour adds an hour.
func appendHour(b []byte, minute int64, data []byte) []byte {
	b = binary.AppendUvarint(b, uint64(minute))
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
}

// eachHour calls f for each hour.
func eachHour(b []byte, f func(minute int64, data []byte) error) error {
	for len(b) > 0 {
		minute, n := binary.Uvarint(b)
		if n <= 0 {
			return tally.ErrCode
		}
		b = b[n:]
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return tally.ErrCode
		}
		if err := f(int64(minute), b[n:n+int(length)]); err != nil {
			return err
		}
		b = b[n+int(length):]
	}
	return nil
}

// FaultSums reads how often what went wrong in a span, by whole hours.
func (r *Records) FaultSums(ctx context.Context, from, to time.Time, pass Pass, f func(at time.Time, s *tally.Series, fault Fault, n int64)) error {
	v := r.view()
	if v == nil {
		return nil
	}
	query := "SELECT at, series, fault, n FROM sums_fault WHERE at >= ? AND at < ?"
	return v.each(ctx, query, []any{tally.Piece(from).Unix(), to.Unix()}, func(scan scanner) error {
		var at, id, fault, n int64
		if err := scan(&at, &id, &fault, &n); err != nil {
			return err
		}
		if s := v.seriesOf(id); pass == nil || pass(&s) {
			f(time.Unix(at, 0).UTC(), &s, v.faultOf(fault), n)
		}
		return nil
	})
}
