package store

import (
	"context"
	"slices"
	"time"

	"github.com/posthouse/posthouse/server/tally"
)

// level is one that is put together from a finer one, and so is not there for
// all times.
type level int64

// The levels. Numbers are stored: they never change.
const (
	quarters level = 1 // readable before a time
	thirds   level = 2 // readable from a day on
)

const (
	quarter = 15 * time.Minute
	third   = 8 * time.Hour
	// foldAfter is how long after its end a quarter is put together: most calls
	// that began in it are over. What comes later is added to it.
	foldAfter = 2 * time.Minute
)

// eachFunc runs a query in a transaction.
type eachFunc func(ctx context.Context, query string, args []any, f func(scanner) error) error

// levelAt is the time from or up to which a level can be read, in Unix
// seconds; 0: of quarters there are none, of thirds all.
func levelAt(ctx context.Context, each eachFunc, l level, kind tally.Kind) (at int64, err error) {
	err = each(ctx, "SELECT at FROM sums_level WHERE level = ? AND kind = ?", []any{int64(l), int64(kind)}, func(scan scanner) error { return scan(&at) })
	return at, err
}

// setLevel notes from or up to when a level can be read.
func setLevel(ctx context.Context, tx *statements, l level, kind tally.Kind, at int64) error {
	return tx.exec(ctx, "INSERT INTO sums_level (level, kind, at) VALUES (?,?,?) ON CONFLICT (level, kind) DO UPDATE SET at = excluded.at", int64(l), int64(kind), at)
}

// foldedKinds are the kinds that have quarters.
var foldedKinds = [...]tally.Kind{tally.ByModel, tally.ByKey}

// quarterOf is where the quarter of a time begins.
func quarterOf(unix int64) int64 {
	const length = int64(quarter / time.Second)
	return unix - (unix%length+length)%length
}

// addMinutes adds to minutes, and to the quarters that those of them are part
// of which come late.
func addMinutes(ctx context.Context, tx *statements, f *fresh, minutes []Sum) error {
	if err := addSums(ctx, tx, f, "sums_minute", minutes); err != nil {
		return err
	}
	var late []Sum
	for _, kind := range foldedKinds {
		until, err := levelAt(ctx, tx.each, quarters, kind)
		if err != nil {
			return err
		}
		for _, s := range minutes {
			if s.Series.Kind == kind && s.At.Unix() < until {
				late = append(late, Sum{time.Unix(quarterOf(s.At.Unix()), 0), s.Series, s.Tally})
			}
		}
	}
	return addSums(ctx, tx, f, "sums_quarter", late)
}

// fold puts the minutes of the oldest quarter of a kind together that is over.
// It reports whether there was one.
func fold(kind tally.Kind, now time.Time) chore {
	return func(ctx context.Context, tx *statements, _ int) (int64, error) {
		until, err := levelAt(ctx, tx.each, quarters, kind)
		if err != nil {
			return 0, err
		}
		first, err := tx.number(ctx, "SELECT COALESCE(MIN(at), -1) FROM sums_minute WHERE kind = ? AND at >= ?", int64(kind), until)
		begins := quarterOf(first)
		ends := begins + int64(quarter/time.Second)
		if err != nil || first < 0 || ends > now.Add(-foldAfter).Unix() {
			return 0, err
		}
		sums := map[sumPlace]*tally.Tally{}
		err = tx.each(ctx, "SELECT series, data FROM sums_minute WHERE kind = ? AND at >= ? AND at < ?", []any{int64(kind), begins, ends}, func(scan scanner) error {
			var id int64
			var data []byte
			if err := scan(&id, &data); err != nil {
				return err
			}
			p := sumPlace{kind, begins, id}
			if sums[p] == nil {
				sums[p] = &tally.Tally{}
			}
			return sums[p].Read(data, tally.All)
		})
		if err != nil {
			return 0, err
		}
		return 1, firstOf(
			func() error { return putSums(ctx, tx, "sums_quarter", sums) },
			func() error { return setLevel(ctx, tx, quarters, kind, ends) },
		)
	}
}

// putThirds writes the thirds of a day of a series from its hours, which are
// given by the minute of the day.
func putThirds(ctx context.Context, tx *statements, id, day int64, hours map[int64]*tally.Tally) error {
	const length = int64(third / time.Second)
	var sums [24 * time.Hour / third]tally.Tally
	var some [len(sums)]bool
	for minute, sum := range hours {
		i := minute * 60 / length
		sums[i].Merge(sum)
		some[i] = true
	}
	for i := range sums {
		if !some[i] {
			continue
		}
		err := tx.exec(ctx, "INSERT INTO sums_third (series, at, data) VALUES (?,?,?) ON CONFLICT (series, at) DO UPDATE SET data = excluded.data",
			id, day+int64(i)*length, sums[i].Append(nil))
		if err != nil {
			return err
		}
	}
	return nil
}

// olderThirds puts the thirds of one day together that was there before there
// were any: the newest, which is looked at first.
func (r *Records) olderThirds(ctx context.Context, tx *statements, _ int) (int64, error) {
	since, err := levelAt(ctx, tx.each, thirds, 0)
	if err != nil || since == 0 {
		return 0, err
	}
	day, err := tx.number(ctx, "SELECT COALESCE(MAX(at), 0) FROM sums_day WHERE at < ?", since)
	if err != nil {
		return 0, err
	}
	for part := range slices.Chunk(sortedIDs(r.names.seriesLike(func(*tally.Series) bool { return true })), idsPerQuery) {
		days := map[int64]map[int64]*tally.Tally{}
		query := "SELECT series, hours FROM sums_day WHERE series IN " + tuples(1, len(part)) + " AND at = ?"
		err := tx.each(ctx, query, append(anys(part), day), func(scan scanner) error {
			var id int64
			var data []byte
			if err := scan(&id, &data); err != nil {
				return err
			}
			days[id] = map[int64]*tally.Tally{}
			return eachHour(data, func(minute int64, data []byte) error {
				days[id][minute] = &tally.Tally{}
				return days[id][minute].Read(data, tally.All)
			})
		})
		if err != nil {
			return 0, err
		}
		for id, hours := range days {
			if err := putThirds(ctx, tx, id, day, hours); err != nil {
				return 0, err
			}
		}
	}
	return 1, setLevel(ctx, tx, thirds, 0, day)
}
