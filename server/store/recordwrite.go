package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/posthouse/posthouse/server/tally"
)

const (
	// callsPerStatement and the like are how many rows one INSERT holds. The
	// driver binds arguments in time quadratic in their number: some dozens of
	// them stay cheaper than either one row or a hundred.
	callsPerStatement = 20
	triesPerStatement = 12
	sumsPerStatement  = 20
)

// Sum is what is to be added to the sums of a time.
type Sum struct {
	At     time.Time // where the minute or piece begins
	Series tally.Series
	Tally  *tally.Tally
}

// FaultSum is how often something went wrong in a piece.
type FaultSum struct {
	At     time.Time
	Series tally.Series
	Fault  Fault
	N      int64
}

// Batch is what is written together: rows, and the sums that they and rows
// that were given up are part of.
type Batch struct {
	Rows    []*Row
	Minutes []Sum
	Hours   []Sum // the same by piece
	Faults  []FaultSum
	Moved   []int64 // ids of calls of the old table that Rows stand for
}

// Write adds a batch, all of it or nothing. After busyTimeout it gives up with
// ErrBusy. A file that turns out to be damaged is put aside, and the batch
// written to a new one.
func (r *Records) Write(ctx context.Context, batch *Batch) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	err := r.add(ctx, batch)
	if err == nil || !errors.Is(err, ErrDamaged) {
		return err
	}
	if closing := r.close(); closing != nil {
		r.opts.Log.Warn("the damaged records cannot be closed", "reason", closing)
	}
	if err := r.begin(ctx, err); err != nil {
		return err
	}
	batch.Moved = nil
	return r.add(ctx, batch)
}

// add writes a batch in one transaction.
func (r *Records) add(ctx context.Context, batch *Batch) error {
	if r.write == nil {
		if err := r.open(ctx); err != nil {
			return fmt.Errorf("write records: %w", err)
		}
	}
	var err error
	for range 3 {
		f := r.names.begin()
		r.number(batch.Rows)
		err = r.prepared.transaction(ctx, func(tx *statements) error { return r.insert(ctx, tx, f, batch) })
		if err == nil {
			f.commit()
			return nil
		}
		clear(r.least)
		if !errors.Is(err, ErrExists) { // an id is taken: other ones will not be
			break
		}
		r.serial += rand.Int64N(1 << idBits)
	}
	return fmt.Errorf("write records: %w", err)
}

// number gives rows their ids.
func (r *Records) number(rows []*Row) {
	for _, row := range rows {
		r.serial++
		row.ID = firstID(row.Record.Start) | r.serial&(1<<idBits-1)
	}
}

func (r *Records) insert(ctx context.Context, tx *statements, f *fresh, batch *Batch) error {
	return firstOf(
		func() error { return insertCalls(ctx, tx, f, batch.Rows) },
		func() error { return insertTries(ctx, tx, f, batch.Rows) },
		func() error { return insertContents(ctx, tx, batch.Rows) },
		func() error { return addMinutes(ctx, tx, f, batch.Minutes) },
		func() error { return addSums(ctx, tx, f, "sums_hour", batch.Hours) },
		func() error { return addFaults(ctx, tx, f, batch.Faults) },
		func() error { return r.addExtremes(ctx, tx, batch.Rows, Slowest, Dearest) },
		func() error { return dropMoved(ctx, tx, batch.Moved) },
		func() error { return f.insert(ctx, tx) },
	)
}

// firstOf runs steps until one fails.
func firstOf(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func insertCalls(ctx context.Context, tx *statements, f *fresh, rows []*Row) error {
	const columns = 3
	values, details := make([]any, 0, columns*callsPerStatement), make([]byte, 0, 200*callsPerStatement)
	detail := func(row *Row) []byte {
		begin := len(details)
		details = row.detail(details, f)
		return details[begin:len(details):len(details)]
	}
	put := func(values []any) error {
		return tx.exec(ctx, "INSERT INTO calls ("+callColumns+") VALUES "+rowsOf("(?,'',?,0,?)", len(values)/columns), values...)
	}
	for _, row := range rows {
		if !row.plain() {
			err := tx.exec(ctx, "INSERT INTO calls ("+callColumns+") VALUES (?,?,?,?,?)", row.ID, row.requestID(), f.seriesID(row.Series), f.faultID(row.Fault), row.detail(nil, f))
			if err != nil {
				return err
			}
			continue
		}
		values = append(values, row.ID, f.seriesID(row.Series), detail(row))
		if len(values) < cap(values) {
			continue
		}
		if err := put(values); err != nil {
			return err
		}
		values, details = values[:0], details[:0]
	}
	// The rest one by one, so that there are only two statements to prepare.
	for ; len(values) > 0; values = values[columns:] {
		if err := put(values[:columns]); err != nil {
			return err
		}
	}
	return nil
}

func insertTries(ctx context.Context, tx *statements, f *fresh, rows []*Row) error {
	const columns = 5
	values := make([]any, 0, columns*triesPerStatement)
	flush := func() error {
		n := len(values) / columns
		if n == 0 {
			return nil
		}
		err := tx.exec(ctx, "INSERT INTO tries ("+tryColumns+") VALUES "+tuples(n, columns), values...)
		values = values[:0]
		return err
	}
	for _, row := range rows {
		if row.inline() {
			continue
		}
		for seq := range row.Record.Attempts {
			values = row.tryValues(values, seq, f)
			if len(values) == columns*triesPerStatement {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// sumPlace is where a sum stands.
type sumPlace struct {
	kind       tally.Kind
	at, series int64
}

// addSums adds to the sums of a table: it reads what is there, adds, and
// writes the new sums.
func addSums(ctx context.Context, tx *statements, f *fresh, table string, sums []Sum) error {
	type moment struct {
		kind tally.Kind
		at   int64
	}
	more, moments := map[sumPlace]*tally.Tally{}, map[moment]bool{}
	for _, s := range sums {
		p := sumPlace{s.Series.Kind, s.At.Unix(), f.seriesID(s.Series)}
		moments[moment{p.kind, p.at}] = true
		if have := more[p]; have != nil {
			have.Merge(s.Tally)
			continue
		}
		more[p] = s.Tally.Clone() // if this fails it is tried again
	}
	for m := range moments {
		err := tx.each(ctx, "SELECT series, data FROM "+table+" WHERE kind = ? AND at = ?", []any{int64(m.kind), m.at}, func(scan scanner) error {
			var id int64
			var data []byte
			if err := scan(&id, &data); err != nil {
				return err
			}
			if t := more[sumPlace{m.kind, m.at, id}]; t != nil {
				return t.Read(data, tally.All)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return putSums(ctx, tx, table, more)
}

// putSums writes sums in the place of those that are there.
func putSums(ctx context.Context, tx *statements, table string, sums map[sumPlace]*tally.Tally) error {
	const columns = 4
	values := make([]any, 0, columns*sumsPerStatement)
	put := func(values []any) error {
		return tx.exec(ctx, "INSERT INTO "+table+" (kind, at, series, data) VALUES "+tuples(len(values)/columns, columns)+
			" ON CONFLICT (kind, at, series) DO UPDATE SET data = excluded.data", values...)
	}
	for p, t := range sums {
		values = append(values, int64(p.kind), p.at, p.series, t.Append(nil))
		if len(values) < cap(values) {
			continue
		}
		if err := put(values); err != nil {
			return err
		}
		values = values[:0]
	}
	// The rest one by one, so that there are only two statements to prepare.
	for ; len(values) > 0; values = values[columns:] {
		if err := put(values[:columns]); err != nil {
			return err
		}
	}
	return nil
}

func addFaults(ctx context.Context, tx *statements, f *fresh, faults []FaultSum) error {
	for _, s := range faults {
		err := tx.exec(ctx, "INSERT INTO sums_fault (at, series, fault, n) VALUES (?,?,?,?) ON CONFLICT (at, series, fault) DO UPDATE SET n = sums_fault.n + excluded.n",
			s.At.Unix(), f.seriesID(s.Series), f.faultID(s.Fault), s.N)
		if err != nil {
			return err
		}
	}
	return nil
}
