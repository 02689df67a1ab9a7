package migrations

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// spelled is a place where the two databases must be told different things:
// BIGINT/*sqlite:INTEGER*/ is BIGINT to Postgres, for which the rest is a
// comment, and INTEGER to SQLite.
var spelled = regexp.MustCompile(`\w*/\*sqlite:([^*]+)\*/`)

// forSQLite shows the files as SQLite is to read them.
type forSQLite struct{ fs.FS }

// Open implements fs.FS.
func (f forSQLite) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("migration %s: %w", name, err)
	}
	text, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, fmt.Errorf("migration %s: %w", name, err)
	}
	return &inMemory{bytes.NewReader(spelled.ReplaceAll(text, []byte("$1"))), info}, nil
}

// inMemory is a file that was changed on its way.
type inMemory struct {
	*bytes.Reader
	info fs.FileInfo
}

// Stat implements fs.File; the size is that of the file as it is stored.
func (f *inMemory) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (f *inMemory) Close() error { return nil }
