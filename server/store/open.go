package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/posthouse/posthouse/migrations"
	"github.com/posthouse/posthouse/proxy"
)

// The files of the data folder that this package knows.
const (
	ConfigFile  = "config.db"
	RecordsFile = "records.db"
	// KeyFile is the master key that seals provider keys. auth.OpenKeyFile
	// reads and makes it; here only backups know of it.
	KeyFile = "master.key"
)

// busyTimeout is how long a write waits for another process's lock. Long
// enough for a backup's checkpoint, short enough for a person at a form.
const busyTimeout = 5 * time.Second

// readers is the number of reading connections: a console page asks for a few
// lists at once, more only costs page caches.
const readers = 4

// Sealer seals a provider key for a row; aad is the row's id, so that a sealed
// secret copied to another row does not open. server/auth implements it.
type Sealer interface {
	Seal(plain []byte, aad string) (string, error)
	Unseal(sealed string, aad string) ([]byte, error)
}

// Options are what a Store needs.
type Options struct {
	Dir     string // data folder; made if missing
	Sealer  Sealer
	Log     *slog.Logger     // nil discards
	Now     func() time.Time // nil: time.Now
	Publish func(*proxy.Snapshot)
	// Publish is told of every new snapshot after the commit, in the order of
	// the commits; may be nil. It must not call Change.
}

// Store is the configuration database.
type Store struct {
	opts  Options
	write *gorm.DB      // one connection, every transaction BEGIN IMMEDIATE
	read  *gorm.DB      // a few connections that cannot write
	turn  chan struct{} // holds a value while a Change runs, so that commits are published in order
}

// Open opens <Dir>/config.db, makes or migrates it, and refuses a file that is
// damaged, lost (see CheckLost) or newer than this program with a *FileError in
// one line; such a file stays as it is. The caller holds LockDir.
func Open(ctx context.Context, o Options) (*Store, error) {
	dir, err := makeDir(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	if err := finishRestore(dir); err != nil {
		return nil, err
	}
	f := configFile(dir)
	version, err := f.check(ctx)
	if version == 0 && err == nil {
		err = f.checkLost("holds nothing")
	}
	if err != nil {
		return nil, err
	}
	if err := f.create(); err != nil {
		return nil, err
	}
	write, err := f.openWriter(ctx, version)
	if err != nil {
		return nil, err
	}
	read, err := openPool(f.dsn("_pragma=query_only(1)"), readers)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.path, firstError(err, closePool(write)))
	}
	if err := markUsed(dir); err != nil {
		return nil, firstError(err, closePool(read), closePool(write))
	}
	s := newStore(o, write, read)
	s.warnBroken(ctx)
	return s, nil
}

// newStore puts a store on two open pools, of whatever database.
func newStore(o Options, write, read *gorm.DB) *Store {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Store{opts: o, write: write, read: read, turn: make(chan struct{}, 1)}
}

// Close closes the database. What was acknowledged is on the disk already.
func (s *Store) Close() error {
	err := firstError(closePool(s.read), closePool(s.write))
	if err != nil {
		return fmt.Errorf("close %s: %w", ConfigFile, err)
	}
	return nil
}

// warnBroken logs, once at start and in one line, how many keys cannot be
// unsealed: after a lost master key that is all of them.
func (s *Store) warnBroken(ctx context.Context) {
	providers, err := s.Providers(ctx)
	if err != nil {
		return // whoever reads next is told
	}
	count, reason := 0, ""
	var names []string
	for _, p := range providers {
		before := count
		for _, k := range p.Keys {
			if k.Broken != "" {
				count, reason = count+1, k.Broken
			}
		}
		if count > before {
			names = append(names, p.Name)
		}
	}
	if count == 0 {
		return
	}
	s.opts.Log.Warn("provider keys cannot be read and are out of use; enter them again or put the old master key back",
		"keys", count, "providers", names, "reason", reason)
}

// dbFile is an SQLite file with its schema.
type dbFile struct {
	path        string
	set         migrations.Set
	synchronous string // FULL or NORMAL
	// expendable: a file that cannot be used is put aside and begun anew, so
	// there is nothing for a person to do.
	expendable bool
	// incremental: a new file is made so that it can give space back.
	incremental bool
}

// configFile is the configuration of a data folder.
func configFile(dir string) dbFile {
	return dbFile{path: filepath.Join(dir, ConfigFile), set: migrations.Config(), synchronous: "FULL"}
}

// recordsFile are the records of a data folder.
func recordsFile(dir string) dbFile {
	return dbFile{path: filepath.Join(dir, RecordsFile), set: migrations.Records(), synchronous: "NORMAL", expendable: true, incremental: true}
}

// dsn is the connection string of a pool; extra is added to it.
func (f dbFile) dsn(extra ...string) string {
	var first []string
	if f.incremental {
		first = []string{"_pragma=auto_vacuum(INCREMENTAL)"} // before anything is written
	}
	return f.uri(append(append(first,
		"_pragma=journal_mode(WAL)",
		"_pragma=synchronous("+f.synchronous+")",
		"_pragma=foreign_keys(1)",
		"_pragma=temp_store(MEMORY)",
		"_pragma=cache_size(-16000)",
		"_pragma=journal_size_limit(67108864)",
	), extra...)...)
}

// readOnly is a connection string that leaves the file as it is, also when a
// write-ahead log waits beside it.
func (f dbFile) readOnly() string { return f.uri("mode=ro") }

// uri names the file with arguments. The path is escaped, as SQLite decodes it.
func (f dbFile) uri(args ...string) string {
	wait := "_pragma=busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")"
	path := (&url.URL{Path: f.path}).EscapedPath()
	return "file:" + path + "?" + strings.Join(append([]string{wait}, args...), "&")
}

// openWriter opens the writing connection and brings the schema up to date. A
// database with a schema is copied beforehand. Version is the schema it has.
func (f dbFile) openWriter(ctx context.Context, version int64) (*gorm.DB, error) {
	if err := f.copyBefore(ctx, version); err != nil {
		return nil, err
	}
	write, err := openPool(f.dsn("_txlock=immediate"), 1)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.path, dbError(err))
	}
	db, err := write.DB()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.path, firstError(err, closePool(write)))
	}
	if err := f.set.Apply(ctx, write.Name(), db); err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, dbError(firstError(err, closePool(write))))
	}
	return write, nil
}

// gormConfig is how every pool is used: no hidden transactions and silent
// (errors are returned, never logged here). gorm's cache of prepared
// statements stays off: it gains nothing measurable with this driver, and each
// pool's cache leaves a goroutine behind that nothing can stop.
func gormConfig() *gorm.Config {
	return &gorm.Config{SkipDefaultTransaction: true, Logger: logger.Discard}
}

// openPool opens an SQLite connection pool of at most n connections.
func openPool(dsn string, n int) (*gorm.DB, error) {
	db, err := sql.Open(sqlite.DriverName, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	pool, err := gorm.Open(sqlite.Dialector{Conn: db}, gormConfig())
	if err != nil {
		return nil, firstError(err, db.Close())
	}
	return pool, nil
}

// closePool closes a pool.
func closePool(pool *gorm.DB) error {
	db, err := pool.DB()
	if err != nil {
		return err
	}
	return db.Close()
}

// firstError is the first of errs that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
