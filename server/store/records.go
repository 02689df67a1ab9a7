package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"gorm.io/gorm"
)

// recordsCheckTime is how long the records may be checked at start: they may
// be gigabytes, and what a longer check would find, a write finds later.
const recordsCheckTime = 200 * time.Millisecond

// RecordsOptions are what Records need.
type RecordsOptions struct {
	Dir string           // data folder; made if missing
	Log *slog.Logger     // nil discards
	Now func() time.Time // nil: time.Now
}

// Records is the database of calls, <Dir>/records.db. It may fail without
// stopping anything: a file that is damaged or of a newer Posthouse is put
// aside and a new one begun, at start as well as in the middle. What writes
// (Write, Maintain, Reprice) is for one goroutine at a time.
type Records struct {
	opts     RecordsOptions
	file     dbFile
	write    *gorm.DB  // nil: closed, or between two files
	prepared *prepared // on write
	serial   int64     // tells calls of one millisecond apart
	least    map[extremePlace]int64
	returns  bool // free pages can be given back to the disk
	size     int  // of the next chunk of rows to clear
	pages    int  // of the next chunk of pages to give back

	writing sync.Mutex // held by whoever writes, so that closing waits for them

	mu    sync.RWMutex
	read  *gorm.DB // guarded by mu, as Write may begin a new file while others read
	names *names   // guarded by mu as well
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
	db, err := write.DB()
	if err != nil {
		return firstError(err, closePool(write))
	}
	if write.Name() != "postgres" {
		r.returnSpace(ctx, db)
	}
	names, err := loadNames(ctx, db)
	if err != nil {
		return firstError(err, closePool(write))
	}
	read, err := openPool(r.file.dsn("_pragma=query_only(1)"), readers)
	if err != nil {
		return firstError(dbError(err), closePool(write))
	}
	r.use(write, read, db, names)
	return nil
}

// use puts open pools into service.
func (r *Records) use(write, read *gorm.DB, db *sql.DB, names *names) {
	r.write, r.prepared = write, newPrepared(db, write.Name())
	r.serial, r.least = rand.Int64N(1<<idBits), map[extremePlace]int64{}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read, r.names = read, names
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

// Close closes the database, after a write that is under way.
func (r *Records) Close() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	return r.close()
}

func (r *Records) close() error {
	if r.write == nil {
		return nil
	}
	r.prepared.close()
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

// view is what reading works with: the pool and the names of one file.
type view struct {
	*names
	db       *sql.DB
	postgres bool
}

// view is nil while there is no file to read.
func (r *Records) view() *view {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.read == nil {
		return nil
	}
	db, err := r.read.DB()
	if err != nil {
		return nil
	}
	return &view{r.names, db, r.read.Name() == "postgres"}
}

// each calls f for each row of a query.
func (v *view) each(ctx context.Context, query string, args []any, f func(scanner) error) error {
	return scanEach(ctx, v.db, placeholders(query, v.postgres), args, f)
}
