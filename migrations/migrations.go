// Package migrations holds the database schema as numbered SQL files, one set
// for each database file, and the few lines that apply them. A file is one
// step and runs in one transaction: it happened or it did not. Once released
// a file never changes; a correction is a new file.
//
// The SQL keeps to what SQLite and Postgres both understand: VARCHAR ids made
// by the program, BIGINT milliseconds (0: none), BOOLEAN, TEXT for JSON, no
// AUTOINCREMENT, no triggers. Where they must be told different things, a word
// followed by a comment is replaced for SQLite (dialect.go).
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed config/*.sql records/*.sql
var files embed.FS

// Table is where the steps already taken are noted.
const Table = "goose_db_version"

// Set is the schema of one database.
type Set struct{ dir string }

// Config is the schema of the configuration database.
func Config() Set { return Set{dir: "config"} }

// Records is the schema of the records database.
func Records() Set { return Set{dir: "records"} }

// Newest is the number of the set's last step.
func (s Set) Newest() (int64, error) {
	names, err := fs.Glob(files, s.dir+"/*.sql")
	if err != nil {
		return 0, fmt.Errorf("list %s migrations: %w", s.dir, err)
	}
	var newest int64
	for _, name := range names {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}

// Apply takes every step that db has not taken yet, each in a transaction.
// Dialect is the name gorm gives the database: "sqlite" or "postgres".
func (s Set) Apply(ctx context.Context, dialect string, db *sql.DB) error {
	kinds := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}
	kind, ok := kinds[dialect]
	if !ok {
		return fmt.Errorf("migrate %s: there are no migrations for %q", s.dir, dialect)
	}
	sub, err := fs.Sub(files, s.dir)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", s.dir, err)
	}
	if kind == goose.DialectSQLite3 {
		sub = forSQLite{sub}
	}
	steps, err := goose.NewProvider(kind, db, sub, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("migrate %s: %w", s.dir, err)
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", s.dir, err)
	}
	return nil
}
