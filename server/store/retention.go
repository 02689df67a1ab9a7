package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/posthouse/posthouse/server/tally"
)

// Retention says how long records are kept. Zero values keep for ever.
type Retention struct {
	Calls        time.Duration // rows of calls and attempts
	CallBytes    int64         // most that the file may hold before the oldest rows go
	ContentBytes int64         // most that contents may take before the oldest go; their age is the route's affair
	Sums         time.Duration // sums by hour and day
}

const (
	// MinutesKept is how long sums by minute are kept, those by consumer apart,
	// of which there may be as many as calls.
	MinutesKept = 3 * 24 * time.Hour
	// ConsumerMinutesKept is how long those by consumer are.
	ConsumerMinutesKept = 13 * time.Hour
	// chunk is how many rows are deleted, and pages given back, in one go. It
	// adapts so that a go stays well below chunkTime.
	firstChunk = 250
	maxChunk   = 4000
	chunkTime  = 20 * time.Millisecond
	// smallFile is how large a file from before space was given back may be to
	// be rewritten at start, which takes about a second.
	smallFile = 128 << 20
)

// chore deletes some of what is no longer to be kept and reports how much it
// did; 0: there is nothing (more) to do.
type chore func(ctx context.Context, tx *statements, n int) (int64, error)

// Maintain does one small piece of housekeeping: it moves sums of days that
// are over, deletes what is older or more than may be kept, and gives space
// back. It reports whether there is more to do. No piece holds the writer for
// longer than some dozen milliseconds.
func (r *Records) Maintain(ctx context.Context, keep Retention) (more bool, err error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.write == nil {
		return false, nil
	}
	now := r.opts.Now()
	if moved, err := r.pack(ctx, now); err != nil || moved {
		return moved, err
	}
	chores := []chore{
		fold(tally.ByModel, now), fold(tally.ByKey, now), r.olderThirds,
		olderQuarters(now.Add(-MinutesKept)),
		olderMinutes(tally.ByModel, now.Add(-MinutesKept)), olderMinutes(tally.ByKey, now.Add(-MinutesKept)),
		olderMinutes(tally.ByConsumer, now.Add(-ConsumerMinutesKept-time.Hour)),
		oldContents(now), r.largeContents(keep.ContentBytes),
	}
	if keep.Calls > 0 {
		chores = append(chores, oldCalls(firstID(now.Add(-keep.Calls))))
	}
	if keep.CallBytes > 0 {
		chores = append(chores, r.largeFile(keep.CallBytes))
	}
	if keep.Sums > 0 {
		chores = append(chores, oldSums(now.Add(-keep.Sums)))
	}
	for _, c := range chores {
		done, err := r.chunk(ctx, c)
		if err != nil || done > 0 {
			return done > 0, err
		}
	}
	return r.giveBack(ctx)
}

// chunk does a chore once and adapts the size of the next.
func (r *Records) chunk(ctx context.Context, c chore) (done int64, err error) {
	if r.size == 0 {
		r.size = firstChunk
	}
	began := time.Now()
	err = r.prepared.transaction(ctx, func(tx *statements) error {
		done, err = c(ctx, tx, r.size)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("clear records: %w", err)
	}
	if done > 0 {
		r.adapt(time.Since(began))
	}
	return done, nil
}

// adapt chooses the size of the next chunk by how long one took.
func (r *Records) adapt(took time.Duration) {
	switch {
	case took > chunkTime:
		r.size = max(r.size/2, 10)
	case took < chunkTime/3:
		r.size = min(r.size+r.size/4+1, maxChunk)
	}
}

// olderMinutes deletes minutes of a kind.
func olderMinutes(kind tally.Kind, before time.Time) chore {
	return func(ctx context.Context, tx *statements, n int) (int64, error) {
		return tx.deleteRange(ctx, n, "sums_minute", "at", "kind = ?", []any{int64(kind)}, before.Unix())
	}
}

// olderQuarters deletes quarters.
func olderQuarters(before time.Time) chore {
	return func(ctx context.Context, tx *statements, n int) (done int64, err error) {
		for _, kind := range foldedKinds {
			if done, err = tx.deleteRange(ctx, n, "sums_quarter", "at", "kind = ?", []any{int64(kind)}, quarterOf(before.Unix())); err != nil || done > 0 {
				break
			}
		}
		return done, err
	}
}

// oldSums deletes sums by hour and day, and what went wrong then.
func oldSums(before time.Time) chore {
	return func(ctx context.Context, tx *statements, n int) (int64, error) {
		day := tally.Day(before).Unix()
		for _, table := range []string{"sums_hour", "sums_fault", "extremes"} {
			if done, err := tx.deleteRange(ctx, n, table, "at", "1 = 1", nil, day); err != nil || done > 0 {
				return done, err
			}
		}
		for _, table := range []string{"sums_third", "sums_day"} {
			done, err := tx.affected(ctx, "DELETE FROM "+table+" WHERE (series, at) IN (SELECT series, at FROM "+table+" WHERE at < ? LIMIT ?)", day, n)
			if err != nil || done > 0 {
				return done, err
			}
		}
		return 0, nil
	}
}

// oldContents deletes contents that have expired.
func oldContents(now time.Time) chore {
	return func(ctx context.Context, tx *statements, n int) (int64, error) {
		return tx.affected(ctx, "DELETE FROM contents WHERE call_id IN (SELECT call_id FROM contents WHERE expires < ? ORDER BY expires LIMIT ?)", now.Unix(), max(n/10, 1))
	}
}

// oldCalls deletes calls below an id.
func oldCalls(below int64) chore {
	return func(ctx context.Context, tx *statements, n int) (int64, error) { return tx.deleteCalls(ctx, n, below) }
}

// largeFile deletes the oldest calls while the file is too large.
func (r *Records) largeFile(most int64) chore {
	return func(ctx context.Context, tx *statements, n int) (int64, error) {
		size, free, err := tx.fileSize(ctx)
		if err != nil || size-free <= most {
			return 0, err
		}
		return tx.deleteCalls(ctx, n, 1<<62-1)
	}
}

// largeContents deletes the oldest contents while they are too large.
func (r *Records) largeContents(most int64) chore {
	return func(ctx context.Context, tx *statements, n int) (int64, error) {
		if most <= 0 {
			return 0, nil
		}
		size, err := tx.number(ctx, "SELECT COALESCE(SUM(size), 0) FROM contents")
		if err != nil || size <= most {
			return 0, err
		}
		return tx.affected(ctx, "DELETE FROM contents WHERE call_id IN (SELECT call_id FROM contents ORDER BY call_id LIMIT ?)", max(n/10, 1))
	}
}

// deleteCalls deletes the oldest calls, with their attempts and contents, as
// far as they are below an id.
func (s *statements) deleteCalls(ctx context.Context, n int, below int64) (int64, error) {
	last, err := s.number(ctx, "SELECT COALESCE(MAX(id), 0) FROM (SELECT id FROM calls WHERE id < ? ORDER BY id LIMIT ?) oldest", below, n)
	if err != nil || last == 0 {
		return 0, err
	}
	for _, query := range []string{"DELETE FROM tries WHERE call_id <= ?", "DELETE FROM contents WHERE call_id <= ?"} {
		if _, err := s.affected(ctx, query, last); err != nil {
			return 0, err
		}
	}
	// Whole hours; of the one that is begun, what is gone is not shown.
	if _, err := s.affected(ctx, "DELETE FROM extremes WHERE what IN (1, 2) AND at < ?", startOf(last).Truncate(time.Hour).Unix()); err != nil {
		return 0, err
	}
	return s.affected(ctx, "DELETE FROM calls WHERE id <= ?", last)
}

// deleteRange deletes the oldest rows of a table before a time.
func (s *statements) deleteRange(ctx context.Context, n int, table, column, where string, args []any, before int64) (int64, error) {
	// The time of the nth row bounds the chunk; one time has few rows.
	query := "SELECT COALESCE(MAX(" + column + "), -1) FROM (SELECT " + column + " FROM " + table + " WHERE " + where + " AND " + column + " < ? ORDER BY " + column + " LIMIT ?) oldest"
	last, err := s.number(ctx, query, append(append([]any{}, args...), before, n)...)
	if err != nil || last < 0 {
		return 0, err
	}
	return s.affected(ctx, "DELETE FROM "+table+" WHERE "+where+" AND "+column+" <= ?", append(append([]any{}, args...), last)...)
}

// number reads one number.
func (s *statements) number(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.each(ctx, query, args, func(scan scanner) error { return scan(&n) })
	return n, err
}

// affected runs a statement and says how many rows it changed.
func (s *statements) affected(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := s.tx.ExecContext(ctx, placeholders(query, s.postgres), args...)
	if err != nil {
		return 0, dbError(err)
	}
	n, err := result.RowsAffected()
	return n, dbError(err)
}

// fileSize is the size of the file, and how much of it is free, in bytes.
func (s *statements) fileSize(ctx context.Context) (size, free int64, err error) {
	if s.postgres {
		size, err = s.number(ctx, "SELECT pg_total_relation_size('calls') + pg_total_relation_size('tries')")
		return size, 0, err
	}
	return pages(ctx, s.tx)
}

// pages is the size of an SQLite file, and how much of it is free, in bytes.
func pages(ctx context.Context, db querier) (size, free int64, err error) {
	var one, all, unused int64
	for pragma, n := range map[string]*int64{"page_size": &one, "page_count": &all, "freelist_count": &unused} {
		if err := scanEach(ctx, db, "PRAGMA "+pragma, nil, func(scan scanner) error { return scan(n) }); err != nil {
			return 0, 0, err
		}
	}
	return one * all, one * unused, nil
}

// giveBack returns some free pages of the file to the disk.
func (r *Records) giveBack(ctx context.Context) (bool, error) {
	if r.prepared.postgres {
		return false, nil // its own vacuum does that
	}
	_, free, err := pages(ctx, r.prepared.db)
	if err != nil || !r.returns || free < 1<<20 {
		return false, err
	}
	if r.pages == 0 {
		r.pages = firstChunk
	}
	began := time.Now()
	// The driver steps through a statement's rows only where it is a query.
	err = scanEach(ctx, r.prepared.db, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", r.pages), nil, func(scanner) error { return nil })
	if err != nil {
		return false, fmt.Errorf("give space back: %w", err)
	}
	switch took := time.Since(began); {
	case took > chunkTime:
		r.pages = max(r.pages/2, 10)
	case took < chunkTime/3:
		r.pages = min(2*r.pages, maxChunk)
	}
	return true, nil
}

// returnSpace makes sure that the file can give space back. A file from before
// Posthouse knew how is rewritten once if that is quick; else it stays as it
// is, and its free space is used again, until `posthouse compact` is run.
func (r *Records) returnSpace(ctx context.Context, db *sql.DB) {
	var mode int64
	err := scanEach(ctx, db, "PRAGMA auto_vacuum", nil, func(scan scanner) error { return scan(&mode) })
	const incremental = 2
	if err != nil || mode == incremental {
		r.returns = err == nil
		return
	}
	if info, err := os.Stat(r.file.path); err == nil && info.Size() > smallFile {
		r.opts.Log.Info("the records' file does not give space back to the disk, only uses it again; stop Posthouse and run `posthouse compact` once to change that",
			"file", r.file.path, "bytes", info.Size())
		return
	}
	if err := makeIncremental(ctx, db); err != nil {
		r.opts.Log.Warn("the records' file cannot be rewritten; it goes on as it is", "reason", err)
		return
	}
	r.returns = true
}

// makeIncremental rewrites a file so that it gives space back from now on.
func makeIncremental(ctx context.Context, db *sql.DB) error {
	for _, statement := range []string{"PRAGMA auto_vacuum = INCREMENTAL", "VACUUM"} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return dbError(err)
		}
	}
	return nil
}

// Compact rewrites the records of a data folder, so that they take no more
// room than they need and give space back from then on. It needs as much room
// again while it runs. The caller holds LockDir.
func Compact(ctx context.Context, dir string) (before, after int64, err error) {
	r, err := OpenRecords(ctx, RecordsOptions{Dir: dir})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if before, _, err = pages(ctx, r.prepared.db); err != nil {
		return 0, 0, err
	}
	if err := makeIncremental(ctx, r.prepared.db); err != nil {
		return 0, 0, fmt.Errorf("compact %s: %w", RecordsFile, err)
	}
	after, _, err = pages(ctx, r.prepared.db)
	return before, after, err
}

// Size is how large the records are.
type Size struct {
	Bytes   int64 // of the file and its write-ahead log
	Free    int64 // of it, unused
	Content int64 // of it, captured contents
	Oldest  time.Time
}

// Size measures the records.
func (r *Records) Size(ctx context.Context) (Size, error) {
	v := r.view()
	if v == nil {
		return Size{}, nil
	}
	var s Size
	if !v.postgres {
		for _, end := range []string{"", "-wal"} {
			if info, err := os.Stat(r.file.path + end); err == nil {
				s.Bytes += info.Size()
			}
		}
		var err error
		if _, s.Free, err = pages(ctx, v.db); err != nil {
			return s, err
		}
	}
	var first *int64
	err := firstError(
		v.each(ctx, "SELECT COALESCE(SUM(size), 0) FROM contents", nil, func(scan scanner) error { return scan(&s.Content) }),
		v.each(ctx, "SELECT MIN(id) FROM calls", nil, func(scan scanner) error { return scan(&first) }),
	)
	if first != nil {
		s.Oldest = startOf(*first)
	}
	return s, err
}
