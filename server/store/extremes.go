package store

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Extreme is what a ranking of single calls goes by.
type Extreme int64

// The rankings. Numbers are stored: they never change.
const (
	Slowest Extreme = 1 // by duration in microseconds
	Dearest Extreme = 2 // by cost in billionths of the display currency
)

// extremesPerHour is how many of the slowest and dearest calls of an hour are
// noted, so that the ranking of a range is read from them.
const extremesPerHour = 20

// of is what a ranking goes by in a row.
func (e Extreme) of(row *Row) int64 {
	if e == Slowest {
		return row.Record.Duration.Microseconds()
	}
	return row.Record.Cost.Shown.Nano // 0 where it is not known
}

// maxLeast bounds for how many lists it is remembered what may come in.
const maxLeast = 1000

// extremePlace is a list of extremes.
type extremePlace struct {
	what Extreme
	at   int64
}

// candidate is a call that may belong into a list.
type candidate struct{ call, value int64 }

// addExtremes notes the calls that are among the slowest or dearest of their
// hour.
func (r *Records) addExtremes(ctx context.Context, tx *statements, rows []*Row, what ...Extreme) error {
	if len(r.least) > maxLeast {
		clear(r.least)
	}
	by := map[extremePlace][]candidate{}
	for _, row := range rows {
		for _, w := range what {
			p := extremePlace{w, row.Record.Start.Truncate(time.Hour).Unix()}
			if value := w.of(row); value > 0 {
				by[p] = append(by[p], candidate{row.ID, value})
			}
		}
	}
	for place, list := range by {
		if err := r.addExtreme(ctx, tx, place, list); err != nil {
			return err
		}
	}
	return nil
}

func (r *Records) addExtreme(ctx context.Context, tx *statements, place extremePlace, list []candidate) error {
	least, known := r.least[place]
	if known {
		list = slices.DeleteFunc(list, func(c candidate) bool { return c.value <= least })
	}
	if len(list) == 0 {
		return nil
	}
	var have []candidate
	err := tx.each(ctx, "SELECT call_id, value FROM extremes WHERE what = ? AND at = ?", []any{int64(place.what), place.at}, func(scan scanner) error {
		var c candidate
		err := scan(&c.call, &c.value)
		have = append(have, c)
		return err
	})
	if err != nil {
		return err
	}
	all := append(slices.Clone(have), list...)
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(b.value, a.value) })
	keep := map[int64]bool{}
	for _, c := range all[:min(len(all), extremesPerHour)] {
		keep[c.call] = true
	}
	for _, c := range list {
		if !keep[c.call] {
			continue
		}
		if err := tx.exec(ctx, "INSERT INTO extremes (what, at, call_id, value) VALUES (?,?,?,?)", int64(place.what), place.at, c.call, c.value); err != nil {
			return err
		}
	}
	for _, c := range have {
		if keep[c.call] {
			continue
		}
		if err := tx.exec(ctx, "DELETE FROM extremes WHERE what = ? AND at = ? AND call_id = ?", int64(place.what), place.at, c.call); err != nil {
			return err
		}
	}
	if len(all) >= extremesPerHour {
		r.least[place] = all[extremesPerHour-1].value
	}
	return nil
}

// Extremes lists the slowest or dearest calls of a span whose series pass, the
// first first. Of each hour only the extremesPerHour first are known.
func (r *Records) Extremes(ctx context.Context, what Extreme, from, to time.Time, pass Pass, limit int) ([]*Row, error) {
	v := r.view()
	if v == nil {
		return nil, nil
	}
	var list []candidate
	err := v.each(ctx, "SELECT call_id, value FROM extremes WHERE what = ? AND at >= ? AND at < ?",
		[]any{int64(what), from.Truncate(time.Hour).Unix(), to.Unix()}, func(scan scanner) error {
			var c candidate
			err := scan(&c.call, &c.value)
			if c.call >= firstID(from) && c.call < firstID(to) {
				list = append(list, c)
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.call, b.call)) })
	var found []*Row
	const step = 50
	for len(list) > 0 && len(found) < limit {
		ids := make([]int64, 0, step)
		for _, c := range list[:min(step, len(list))] {
			ids = append(ids, c.call)
		}
		list = list[len(ids):]
		rows, err := v.callsByID(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if row := rows[id]; row != nil && len(found) < limit && (pass == nil || pass(&row.Series)) {
				found = append(found, row)
			}
		}
	}
	return found, v.attempts(ctx, found)
}
