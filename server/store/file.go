package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/glebarez/sqlite"

	"github.com/posthouse/posthouse/migrations"
)

// header is how every SQLite file begins.
const header = "SQLite format 3\x00"

// askRestore is what to do about a damaged configuration.
const askRestore = "put a backup in its place with `posthouse restore`"

// makeDir makes the data folder, for its owner only whatever the umask, and
// returns its absolute path. A folder that exists keeps its mode.
func makeDir(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no data folder was given")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data folder %s: %w", dir, err)
	}
	info, err := os.Stat(abs)
	switch {
	case err == nil && !info.IsDir():
		return "", &FileError{Path: abs, Reason: "is a file, but the data folder must be a folder; choose another with --data-dir", Err: fs.ErrInvalid}
	case err == nil:
		return abs, nil
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	if err := os.Chmod(abs, 0o700); err != nil { //nolint:gosec // a folder needs x; MkdirAll obeys the umask
		return "", fmt.Errorf("make data folder: %w", err)
	}
	return abs, nil
}

// check looks at the file without writing to it and says which schema version
// it has; 0 is a new one. Whatever is wrong becomes a *FileError.
func (f dbFile) check(ctx context.Context) (int64, error) {
	fresh, err := f.checkShape()
	if err != nil || fresh {
		return 0, err
	}
	db, err := sql.Open(sqlite.DriverName, f.readOnly())
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", f.path, err)
	}
	defer func() { _ = db.Close() }()
	if err := f.quickCheck(ctx, db); err != nil {
		return 0, err
	}
	return f.checkVersion(ctx, db)
}

// checkQuickly is check without reading every page.
func (f dbFile) checkQuickly(ctx context.Context) (int64, error) {
	fresh, err := f.checkShape()
	if err != nil || fresh {
		return 0, err
	}
	db, err := sql.Open(sqlite.DriverName, f.readOnly())
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", f.path, err)
	}
	defer func() { _ = db.Close() }()
	return f.checkVersion(ctx, db)
}

// checkShape looks at the file from outside: is it there, a file, ours to
// write, and does it begin like an SQLite file?
func (f dbFile) checkShape() (fresh bool, err error) {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, f.checkNoLog("the file is missing, but its write-ahead log is there")
	}
	if err != nil {
		return false, f.unreadable(err)
	}
	if !info.Mode().IsRegular() {
		return false, f.damaged("is not a file", "move it away, then "+askRestore, nil)
	}
	if info.Size() == 0 {
		return true, f.checkNoLog("the file is empty, but its write-ahead log is not")
	}
	file, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return false, f.unreadable(err)
	}
	defer func() { _ = file.Close() }()
	start := make([]byte, len(header))
	if _, err := file.ReadAt(start, 0); err != nil || string(start) != header {
		return false, f.damaged("is not an SQLite database (its beginning is damaged or it is another kind of file)", askRestore, nil)
	}
	return false, nil
}

// checkNoLog refuses a write-ahead log without its database: a new database
// would throw away what the log holds.
func (f dbFile) checkNoLog(what string) error {
	if info, err := os.Stat(f.path + "-wal"); err == nil && info.Size() > 0 {
		return f.damaged(what, "put the file back, or "+askRestore, nil)
	}
	return nil
}

// quickCheck lets SQLite look at every page. Simple reads do not see an
// overwritten page.
func (f dbFile) quickCheck(ctx context.Context, db *sql.DB) error {
	var verdict string
	err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if err != nil {
		return f.cannotRead(ctx, err)
	}
	if verdict != "ok" {
		return f.damaged("is damaged ("+verdictLine(verdict)+")", askRestore, nil)
	}
	return nil
}

// checkVersion reads the schema version and refuses one from the future.
func (f dbFile) checkVersion(ctx context.Context, db *sql.DB) (int64, error) {
	var tables, noted int64
	row := db.QueryRowContext(ctx, "SELECT count(*), count(CASE WHEN name = ? THEN 1 END) FROM sqlite_master WHERE type = 'table'", migrations.Table)
	if err := row.Scan(&tables, &noted); err != nil {
		return 0, f.cannotRead(ctx, err)
	}
	if tables == 0 {
		return 0, nil
	}
	if noted == 0 {
		return 0, f.damaged("is an SQLite database, but not one of Posthouse", "move it away, then "+askRestore, nil)
	}
	var have sql.NullInt64
	query := "SELECT max(version_id) FROM " + migrations.Table + " WHERE is_applied"
	if err := db.QueryRowContext(ctx, query).Scan(&have); err != nil {
		return 0, f.cannotRead(ctx, err)
	}
	newest, err := f.set.Newest()
	if err != nil {
		return 0, err
	}
	if have.Int64 > newest {
		reason := fmt.Sprintf("was written by a newer Posthouse (schema %d, this program knows up to %d)", have.Int64, newest)
		if !f.expendable {
			reason += "; run that version, or put a backup from before the update in its place with `posthouse restore`"
		}
		return 0, &FileError{Path: f.path, Err: ErrNewer, Reason: reason}
	}
	return have.Int64, nil
}

// cannotRead turns what SQLite said while reading into a *FileError.
func (f dbFile) cannotRead(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("check %s: %w", f.path, ctx.Err())
	}
	if mapped := dbError(err); errors.Is(mapped, ErrBusy) {
		return &FileError{Path: f.path, Reason: ErrBusy.Error(), Err: mapped}
	}
	return f.damaged("cannot be read ("+firstLine(err.Error())+")", askRestore, err)
}

// unreadable is a *FileError for what the system said.
func (f dbFile) unreadable(err error) error {
	reason := fmt.Sprintf("cannot be opened for reading and writing by user id %d (%v); correct its owner or mode", os.Getuid(), errors.Unwrap(err))
	if !f.expendable {
		reason += ", or " + askRestore
	}
	return &FileError{Path: f.path, Err: err, Reason: reason}
}

// damaged is a *FileError that matches ErrDamaged. todo is what to do about it.
func (f dbFile) damaged(reason, todo string, cause error) error {
	if !f.expendable {
		reason += "; " + todo
	}
	return &FileError{Path: f.path, Reason: reason, Err: errors.Join(ErrDamaged, cause)}
}

// create makes the file if it is missing, and closes it to everybody but its
// owner. SQLite gives -wal and -shm the mode of the file.
func (f dbFile) create() error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return f.unreadable(err)
	}
	if err := firstError(file.Chmod(0o600), file.Close()); err != nil {
		return fmt.Errorf("make %s: %w", f.path, err)
	}
	return nil
}

// copyBefore keeps a copy of a database that is about to be migrated, named
// for the schema it has: config.db.schema-1.bak. What is expendable may be
// gigabytes, and is not copied.
func (f dbFile) copyBefore(ctx context.Context, version int64) error {
	if f.expendable {
		return nil
	}
	newest, err := f.set.Newest()
	if err != nil || version == 0 || version == newest {
		return err
	}
	to := fmt.Sprintf("%s.schema-%d.bak", f.path, version)
	if err := f.vacuumInto(ctx, to+".part"); err != nil {
		return fmt.Errorf("copy %s before its schema changes: %w", f.path, err)
	}
	if err := os.Rename(to+".part", to); err != nil {
		return fmt.Errorf("copy %s before its schema changes: %w", f.path, err)
	}
	return nil
}

// vacuumInto writes a consistent copy of the database to a new file, mode
// 0600, while others read and write it. What is at the path is replaced.
func (f dbFile) vacuumInto(ctx context.Context, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// SQLite fills an existing empty file, which is how the copy gets its mode.
	if err := (dbFile{path: to}).create(); err != nil {
		return err
	}
	db, err := sql.Open(sqlite.DriverName, f.readOnly())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return dbError(err)
	}
	return syncFile(to)
}

// syncFile makes sure a file's (or folder's) content is on the disk.
func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return firstError(file.Sync(), file.Close())
}
