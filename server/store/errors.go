package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/posthouse/posthouse/proxy"
)

// The errors callers tell apart with errors.Is. The typed errors below match
// the one they belong to.
var (
	// ErrNotFound: no row has that id, name or hash.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the row was changed by somebody else since it was read.
	ErrConflict = errors.New("changed by somebody else in the meantime")
	// ErrExists: the name (or hash) is taken.
	ErrExists = errors.New("already exists")
	// ErrInUse: something else refers to the row.
	ErrInUse = errors.New("in use")
	// ErrBusy: another process held the database's write lock for too long.
	ErrBusy = errors.New("the database is locked by another process; try again")
	// ErrFull: the disk (or quota) that the data folder is on has no room left.
	ErrFull = errors.New("the disk with the data folder is full; make room and try again")
	// ErrInvalid: a value cannot be stored as it is.
	ErrInvalid = errors.New("invalid")
	// ErrDamaged: a database file is not what it should be.
	ErrDamaged = errors.New("damaged")
	// ErrNewer: a database file was written by a newer Posthouse.
	ErrNewer = errors.New("written by a newer Posthouse")
)

// NotFoundError says what was looked for. It matches ErrNotFound.
type NotFoundError struct {
	Kind string // "provider", "route", "consumer", "provider key", …
	Key  string // the id or name that was asked for
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s %q", e.Kind, e.Key) }

// Is makes it an ErrNotFound.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// ConflictError says that a save was based on an old version. It matches
// ErrConflict.
type ConflictError struct {
	Kind string // "provider", "route", "consumer", "settings"
	ID   string
	Have int64 // the version that is stored now
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the %s was changed by somebody else in the meantime (it is at version %d now); load it again and repeat the change", e.Kind, e.Have)
}

// Is makes it an ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// ExistsError says which value is taken. It matches ErrExists.
type ExistsError struct {
	Kind  string // "provider", "route", "consumer", …
	Field string // "name", "hash"
	Value string // empty where it must not be shown
}

func (e *ExistsError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("there already is a %s with this %s", e.Kind, e.Field)
	}
	return fmt.Sprintf("there already is a %s with the %s %q", e.Kind, e.Field, e.Value)
}

// Is makes it an ErrExists.
func (e *ExistsError) Is(target error) bool { return target == ErrExists }

// InUseError says who refers to an item that was to be deleted. It matches
// ErrInUse.
type InUseError struct {
	Kind string
	Name string
	By   []string // e.g. "route team-a"
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("the %s %q is used by %s; change that first", e.Kind, e.Name, strings.Join(e.By, ", "))
}

// Is makes it an ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// InvalidError says which value cannot be stored. It matches ErrInvalid.
type InvalidError struct {
	Kind    string
	Field   string
	Message string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s: %s", e.Kind, e.Field, e.Message) }

// Is makes it an ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// FaultsError says that a change was refused because the proxy could not serve
// what it would have led to. Nothing was saved.
type FaultsError struct {
	Faults []proxy.Fault // those the change added, in the order Compile reports them
}

func (e *FaultsError) Error() string {
	lines := make([]string, 0, len(e.Faults))
	for _, f := range e.Faults {
		where := strings.TrimSpace(f.Kind + " " + f.Name)
		if f.Field != "" {
			where += ": " + f.Field
		}
		lines = append(lines, where+": "+f.Message)
	}
	return "the configuration cannot be served: " + strings.Join(lines, "; ")
}

// FileError says what is wrong with a file of the data folder and what to do.
// It matches ErrDamaged or ErrNewer where that is the reason.
type FileError struct {
	Path   string
	Reason string // what is wrong and what to do
	Err    error  // ErrDamaged, ErrNewer, or what the system said
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Reason) }

// Unwrap gives the reason for errors.Is.
func (e *FileError) Unwrap() error { return e.Err }

// dbError says in our own words what a database driver's error means, and
// keeps the driver's. Other errors pass unchanged.
func dbError(err error) error {
	var coded interface{ Code() int } // glebarez/go-sqlite
	if errors.As(err, &coded) {
		if word := wordForCode(coded.Code()); word != nil && !errors.Is(err, word) {
			return fmt.Errorf("%w (%w)", word, err)
		}
		return err
	}
	var stated interface{ SQLState() string } // pgx
	if errors.As(err, &stated) && stated.SQLState() == "23505" && !errors.Is(err, ErrExists) {
		return fmt.Errorf("%w (%w)", ErrExists, err)
	}
	return err
}

// wordForCode is the error that an SQLite result code stands for, if it is one
// of those a caller acts upon. See https://www.sqlite.org/rescode.html.
func wordForCode(code int) error {
	const uniqueViolated, primaryKeyViolated = 2067, 1555
	if code == uniqueViolated || code == primaryKeyViolated {
		return ErrExists
	}
	switch code & 0xff {
	case 5, 6: // SQLITE_BUSY, SQLITE_LOCKED
		return ErrBusy
	case 13: // SQLITE_FULL
		return ErrFull
	case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB
		return ErrDamaged
	}
	return nil
}

// verdictLine is the first line of a quick_check that says something: above it
// stands only which database is meant.
func verdictLine(verdict string) string {
	for line := range strings.Lines(verdict) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "***") {
			return line
		}
	}
	return firstLine(verdict)
}

// firstLine keeps a message on one line.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
