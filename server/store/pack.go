package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/posthouse/posthouse/server/tally"
)

// packSeries is how many series of a day are moved in one transaction: some
// 24 rows each.
const packSeries = 40

// packAfter is how long after its end a day is moved: calls that began in it
// may still run. What comes later is moved later.
const packAfter = 2 * time.Hour

// pack moves the hours of some series of one day that is over into the table
// of days. It reports whether there was anything to move.
func (r *Records) pack(ctx context.Context, now time.Time) (bool, error) {
	over := tally.Day(now.Add(-packAfter))
	moved := false
	err := r.prepared.transaction(ctx, func(tx *statements) error {
		for _, kind := range []tally.Kind{tally.ByModel, tally.ByConsumer, tally.ByKey} {
			day, ok, err := oldestHour(ctx, tx, kind, over)
			if err != nil {
				return err
			}
			if ok {
				moved = true
				return packDay(ctx, tx, kind, day)
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("pack sums: %w", err)
	}
	return moved, nil
}

// oldestHour is the day of the oldest hour before a time.
func oldestHour(ctx context.Context, tx *statements, kind tally.Kind, before time.Time) (day time.Time, ok bool, err error) {
	err = tx.each(ctx, "SELECT at FROM sums_hour WHERE kind = ? AND at < ? ORDER BY at LIMIT 1", []any{int64(kind), before.Unix()}, func(scan scanner) error {
		var at int64
		err := scan(&at)
		day, ok = tally.Day(time.Unix(at, 0)), true
		return err
	})
	return day, ok, err
}

// packDay moves the hours of the first series of a day.
func packDay(ctx context.Context, tx *statements, kind tally.Kind, day time.Time) error {
	from, to := day.Unix(), day.AddDate(0, 0, 1).Unix()
	var ids []int64
	err := tx.each(ctx, "SELECT DISTINCT series FROM sums_hour WHERE kind = ? AND at >= ? AND at < ? ORDER BY series LIMIT ?",
		[]any{int64(kind), from, to, packSeries}, func(scan scanner) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
	if err != nil || len(ids) == 0 {
		return err
	}
	in := "series IN " + tuples(1, len(ids))
	hours := map[int64]map[int64]*tally.Tally{}
	add := func(id, minute int64, data []byte) error {
		if hours[id] == nil {
			hours[id] = map[int64]*tally.Tally{}
		}
		if hours[id][minute] == nil {
			hours[id][minute] = &tally.Tally{}
		}
		return hours[id][minute].Read(data, tally.All)
	}
	err = tx.each(ctx, "SELECT series, hours FROM sums_day WHERE "+in+" AND at = ?", append(anys(ids), from), func(scan scanner) error {
		var id int64
		var data []byte
		if err := scan(&id, &data); err != nil {
			return err
		}
		return eachHour(data, func(minute int64, data []byte) error { return add(id, minute, data) })
	})
	if err != nil {
		return err
	}
	args := append([]any{int64(kind), from, to}, anys(ids)...)
	err = tx.each(ctx, "SELECT series, at, data FROM sums_hour WHERE kind = ? AND at >= ? AND at < ? AND "+in, args, func(scan scanner) error {
		var id, at int64
		var data []byte
		if err := scan(&id, &at, &data); err != nil {
			return err
		}
		return add(id, (at-from)/60, data)
	})
	if err != nil {
		return err
	}
	for id, of := range hours {
		if err := putDay(ctx, tx, id, from, of); err != nil {
			return err
		}
	}
	return tx.exec(ctx, "DELETE FROM sums_hour WHERE kind = ? AND at >= ? AND at < ? AND "+in, args...)
}

// putDay writes a day of a series.
func putDay(ctx context.Context, tx *statements, id, day int64, hours map[int64]*tally.Tally) error {
	var packed []byte
	var total tally.Tally
	minutes := make([]int64, 0, len(hours))
	for minute := range hours {
		minutes = append(minutes, minute)
	}
	slices.Sort(minutes)
	for _, minute := range minutes {
		total.Merge(hours[minute])
		packed = appendHour(packed, minute, hours[minute].Append(nil))
	}
	if err := putThirds(ctx, tx, id, day, hours); err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO sums_day (series, at, total, hours) VALUES (?,?,?,?) ON CONFLICT (series, at) DO UPDATE SET total = excluded.total, hours = excluded.hours",
		id, day, total.Append(nil), packed)
}
