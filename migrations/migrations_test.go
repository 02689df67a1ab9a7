package migrations

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"github.com/glebarez/sqlite"
	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
)

// tables lists a database's tables, goose's own apart.
func tables(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ?", Table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// TestUpDownUp takes every step of both sets, takes them back and again.
func TestUpDownUp(t *testing.T) {
	for _, set := range []Set{Config(), Records()} {
		db, err := sql.Open(sqlite.DriverName, filepath.Join(t.TempDir(), "x.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := set.Apply(t.Context(), "sqlite", db); err != nil {
			t.Fatal(err)
		}
		made := tables(t, db)
		sub, err := fs.Sub(files, set.dir)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := goose.NewProvider(goose.DialectSQLite3, db, sub)
		if err != nil {
			t.Fatal(err)
		}
		if version, err := steps.GetDBVersion(t.Context()); err != nil {
			t.Error(err)
		} else if newest, err := set.Newest(); err != nil || version != newest || newest == 0 {
			t.Errorf("%s is at %d, the newest is %d, %v", set.dir, version, newest, err)
		}
		if _, err := steps.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if left := tables(t, db); len(left) != 0 {
			t.Errorf("%s left %v", set.dir, left)
		}
		if err := set.Apply(t.Context(), "sqlite", db); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(made, tables(t, db)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestUnknownDatabase(t *testing.T) {
	if err := Config().Apply(t.Context(), "oracle", nil); err == nil {
		t.Error("no error")
	}
}
