package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/posthouse/posthouse/proxy"
)

// recordsCheckTime is how long the records may be checked at start: they may
// be gigabytes, and what a longer check would find, a write finds later.
const recordsCheckTime = 2 * time.Second

// RecordsOptions are what Records need.
type RecordsOptions struct {
	Dir string           // data folder; made if missing
	Log *slog.Logger     // nil discards
	Now func() time.Time // nil: time.Now
}

// Records is the database of calls, <Dir>/records.db. It may fail without
// stopping anything: a file that is damaged or of a newer Posthouse is put
// aside and a new one begun, at start as well as in the middle. Write is for
// one goroutine at a time.
type Records struct {
	opts   RecordsOptions
	file   dbFile
	write  *gorm.DB // nil: closed, or between two files
	lastID int64    // of the newest row written
	mu     sync.RWMutex
	read   *gorm.DB // guarded by mu, as Write may begin a new file while others read
}

// OpenRecords opens the records. It fails only if not even a new file can be
// made, or another process holds the file.
func OpenRecords(ctx context.Context, o RecordsOptions) (*Records, error) {
	dir, err := makeDir(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Records{opts: o, file: recordsFile(dir)}
	err = r.open(ctx)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) {
		err = r.begin(ctx, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the records: %w", err)
	}
	return r, nil
}

// open checks and opens the file.
func (r *Records) open(ctx context.Context) error {
	version, err := r.check(ctx)
	if err != nil {
		return err
	}
	if err := r.file.create(); err != nil {
		return err
	}
	write, err := r.file.openWriter(ctx, version)
	if err != nil {
		return err
	}
	read, err := openPool(r.file.dsn("_pragma=query_only(1)"), readers)
	if err != nil {
		return firstError(dbError(err), closePool(write))
	}
	r.write = write
	r.setReader(read)
	last := write.WithContext(ctx).Table("requests").Select("COALESCE(MAX(id), 0)")
	if err := last.Scan(&r.lastID).Error; err != nil {
		return firstError(dbError(err), r.Close())
	}
	return nil
}

// check is dbFile.check within recordsCheckTime; what takes longer is taken
// for sound.
func (r *Records) check(ctx context.Context) (int64, error) {
	short, cancel := context.WithTimeout(ctx, recordsCheckTime)
	defer cancel()
	version, err := r.file.check(short)
	if err == nil || short.Err() == nil || ctx.Err() != nil {
		return version, err
	}
	return r.file.checkQuickly(ctx)
}

// begin puts the file aside and opens a new one; why says what is wrong with
// it. Under the name of the new file the old one is never written to again.
func (r *Records) begin(ctx context.Context, why error) error {
	aside := r.file.path + ".aside-" + r.opts.Now().UTC().Format("20060102-150405.000")
	for _, end := range []string{"", "-wal", "-shm"} {
		err := os.Rename(r.file.path+end, aside+end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put the records aside: %w", err)
		}
	}
	r.opts.Log.Warn("the records cannot be used and were put aside; new ones are begun", "aside", aside, "reason", why)
	return r.open(ctx)
}

// Close closes the database.
func (r *Records) Close() error {
	if r.write == nil {
		return nil
	}
	err := firstError(closePool(r.setReader(nil)), closePool(r.write))
	r.write = nil
	if err != nil {
		return fmt.Errorf("close %s: %w", RecordsFile, err)
	}
	return nil
}

// setReader changes the reading pool and returns the one before.
func (r *Records) setReader(read *gorm.DB) (before *gorm.DB) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, r.read = r.read, read
	return before
}

// reader is the reading pool, nil while there is none.
func (r *Records) reader() *gorm.DB {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.read
}

// Write adds the accounts of calls with their attempts, all or none. After
// busyTimeout it gives up with ErrBusy. A file that turns out to be damaged is
// put aside, and the batch written to a new one.
func (r *Records) Write(ctx context.Context, batch []*proxy.Record) error {
	err := r.insert(ctx, batch)
	if err == nil || !errors.Is(err, ErrDamaged) {
		return err
	}
	if closing := r.Close(); closing != nil {
		r.opts.Log.Warn("the damaged records cannot be closed", "reason", closing)
	}
	if err := r.begin(ctx, err); err != nil {
		return err
	}
	return r.insert(ctx, batch)
}

// insert writes a batch in one transaction.
func (r *Records) insert(ctx context.Context, batch []*proxy.Record) error {
	if r.write == nil {
		if err := r.open(ctx); err != nil {
			return fmt.Errorf("write records: %w", err)
		}
	}
	calls, attempts := rowsOf(batch, r.lastID)
	err := r.write.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		if err := insertRows(db, calls); err != nil {
			return err
		}
		return insertRows(db, attempts)
	})
	if err != nil {
		return fmt.Errorf("write records: %w", dbError(err))
	}
	r.lastID += int64(len(batch))
	return nil
}

// Recent reads the newest calls with their attempts, newest first, at most
// limit and never more than 1,000.
func (r *Records) Recent(ctx context.Context, limit int) ([]proxy.Record, error) {
	read := r.reader()
	if read == nil {
		return nil, nil
	}
	const most = 1000
	var calls []requestRow
	db := read.WithContext(ctx)
	if err := db.Order("id DESC").Limit(min(max(limit, 1), most)).Find(&calls).Error; err != nil {
		return nil, fmt.Errorf("read records: %w", dbError(err))
	}
	if len(calls) == 0 {
		return nil, nil
	}
	var attempts []attemptRow
	err := db.Where("call BETWEEN ? AND ?", calls[len(calls)-1].ID, calls[0].ID).Order("call, seq").Find(&attempts).Error
	if err != nil {
		return nil, fmt.Errorf("read records: %w", dbError(err))
	}
	by := map[int64][]proxy.Attempt{}
	for _, a := range attempts {
		by[a.Call] = append(by[a.Call], a.proxy())
	}
	return mapped(calls, func(c requestRow) proxy.Record { return c.proxy(by[c.ID]) }), nil
}
