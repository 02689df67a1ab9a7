package store

import (
	"context"
	"fmt"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/tally"
)

// PriceFunc says what a usage of a model at a provider cost at a time. Where it
// reports false, what was known stays.
type PriceFunc func(provider, model string, used llm.Usage, at time.Time) (proxy.Cost, bool)

// repriceStep is how many calls are priced again in one transaction.
const repriceStep = 200

// Repriced is how far pricing again has come.
type Repriced struct {
	Seen    int64 // calls looked at
	Changed int64 // calls that cost something else than before
	Next    int64 // where to go on; 0: all is done
}

// Reprice prices some calls of a span again, from what is stored of their
// usage, and corrects the sums by the differences, all in one transaction. It
// begins at the id next, 0 for the first. Calls without a row keep their price.
func (r *Records) Reprice(ctx context.Context, from, to time.Time, next int64, cost PriceFunc) (Repriced, error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	v := r.view()
	if v == nil {
		return Repriced{}, nil
	}
	rows, err := v.calls(ctx, "WHERE id >= ? AND id < ? ORDER BY id LIMIT ?", max(firstID(from), next), firstID(to), repriceStep)
	if err != nil || len(rows) == 0 {
		return Repriced{}, err
	}
	if err := v.attempts(ctx, rows); err != nil {
		return Repriced{}, err
	}
	out := Repriced{Seen: int64(len(rows))}
	if len(rows) == repriceStep {
		out.Next = rows[len(rows)-1].ID + 1
	}
	f := r.names.begin()
	batch := &Batch{}
	for _, row := range rows {
		if changed := row.reprice(cost); changed != nil {
			batch.Rows = append(batch.Rows, row)
			r.correct(batch, row, changed)
		}
	}
	if out.Changed = int64(len(batch.Rows)); out.Changed == 0 {
		return out, nil
	}
	err = r.prepared.transaction(ctx, func(tx *statements) error { return r.rewritePrices(ctx, tx, f, batch) })
	if err != nil {
		clear(r.least)
		return out, fmt.Errorf("price calls again: %w", err)
	}
	f.commit()
	return out, nil
}

// differences are what a call's price adds to sums.
type differences struct {
	call tally.Tally
	keys []tally.Tally // of each attempt
}

// reprice gives a row the cost it has by other prices; nil: it is the same.
func (r *Row) reprice(cost PriceFunc) *differences {
	rec := &r.Record
	inline := r.inline()
	d := &differences{keys: make([]tally.Tally, len(rec.Attempts))}
	changed := false
	for i := range rec.Attempts {
		a := &rec.Attempts[i]
		if a.Usage == (llm.Usage{}) {
			continue
		}
		if now, ok := cost(a.Provider, a.Model, a.Usage, rec.Start); ok && now != a.Cost {
			changed = true
			differ(&d.keys[i], a.Cost, now)
			a.Cost = now
		}
	}
	if !changed {
		return nil
	}
	before := rec.Cost
	rec.Cost = proxy.SumCosts(rec.Attempts)
	if inline {
		rec.Cost = rec.Attempts[0].Cost
	}
	differ(&d.call, before, rec.Cost)
	return d
}

// differ adds what one cost has over another.
func differ(t *tally.Tally, before, now proxy.Cost) {
	pay := func(c proxy.Cost, sign int64) {
		if c.Known {
			t.Pay(tally.Money{Currency: string(c.Amount.Currency), Nano: sign * c.Amount.Nano}, tally.Money{Currency: string(c.Shown.Currency), Nano: sign * c.Shown.Nano})
		}
		if !c.Known || c.Shown.Currency == "" {
			t.N[tally.Unpriced] += sign
		}
	}
	pay(before, -1)
	pay(now, 1)
}

// correct puts the differences of a row into a batch's sums.
func (r *Records) correct(batch *Batch, row *Row, d *differences) {
	at := tally.Minute(row.Record.Start)
	age := r.opts.Now().Sub(at)
	model := row.Series
	model.Kind, model.Consumer = tally.ByModel, ""
	add := func(s tally.Series, t *tally.Tally, kept time.Duration) {
		batch.Hours = append(batch.Hours, Sum{tally.Piece(at), s, t})
		if age < kept {
			batch.Minutes = append(batch.Minutes, Sum{at, s, t})
		}
	}
	add(row.Series, &d.call, ConsumerMinutesKept)
	add(model, &d.call, MinutesKept)
	for i := range d.keys {
		add(row.Keys[i], &d.keys[i], MinutesKept)
	}
}

// rewritePrices writes rows and sums.
func (r *Records) rewritePrices(ctx context.Context, tx *statements, f *fresh, batch *Batch) error {
	for _, row := range batch.Rows {
		if err := tx.exec(ctx, "UPDATE calls SET detail = ? WHERE id = ?", row.detail(nil, f), row.ID); err != nil {
			return err
		}
		for seq := range row.Record.Attempts {
			if row.inline() {
				break
			}
			values := row.tryValues(nil, seq, f)
			if err := tx.exec(ctx, "UPDATE tries SET detail = ? WHERE call_id = ? AND seq = ?", values[len(values)-1], row.ID, seq); err != nil {
				return err
			}
		}
		if err := tx.exec(ctx, "DELETE FROM extremes WHERE what = ? AND at = ? AND call_id = ?", int64(Dearest), row.Record.Start.Truncate(time.Hour).Unix(), row.ID); err != nil {
			return err
		}
	}
	clear(r.least)
	return firstOf(
		func() error { return addMinutes(ctx, tx, f, batch.Minutes) },
		func() error { return addSums(ctx, tx, f, "sums_hour", batch.Hours) },
		func() error { return r.addExtremes(ctx, tx, batch.Rows, Dearest) },
		func() error { return f.insert(ctx, tx) },
	)
}
