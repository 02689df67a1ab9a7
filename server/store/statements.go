package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// prepared keeps the statements of the records' writer: making one takes as
// long as using it. The pool has one connection, which a transaction holds, so
// a statement is made for good after the transaction that needed it first.
type prepared struct {
	db       *sql.DB
	postgres bool
	by       map[string]*sql.Stmt
	wanted   map[string]bool
}

func newPrepared(db *sql.DB, dialect string) *prepared {
	return &prepared{db: db, postgres: dialect == "postgres", by: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
}

// close lets go of the statements.
func (p *prepared) close() {
	for _, s := range p.by {
		_ = s.Close() // the connection is closed next
	}
	clear(p.by)
}

// placeholders writes ? as the database wants it.
func placeholders(query string, postgres bool) string {
	if !postgres {
		return query
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(query, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// transaction runs f in one transaction.
func (p *prepared) transaction(ctx context.Context, f func(*statements) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return dbError(err)
	}
	err = f(&statements{p, tx})
	if err != nil {
		_ = tx.Rollback() // what went wrong is in err
		return err
	}
	if err := tx.Commit(); err != nil {
		return dbError(err)
	}
	for query := range p.wanted {
		if stmt, err := p.db.PrepareContext(ctx, placeholders(query, p.postgres)); err == nil { //nolint:sqlclosecheck // kept for the life of the pool, and closed with it
			p.by[query] = stmt // else it is made again each time, which works too
		}
		delete(p.wanted, query)
	}
	return nil
}

// statements run in a transaction.
type statements struct {
	*prepared
	tx *sql.Tx
}

// exec runs a statement.
func (s *statements) exec(ctx context.Context, query string, args ...any) error {
	if stmt := s.by[query]; stmt != nil {
		_, err := s.tx.StmtContext(ctx, stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // the transaction closes it
		return dbError(err)
	}
	s.wanted[query] = true
	if _, err := s.tx.ExecContext(ctx, placeholders(query, s.postgres), args...); err != nil {
		return fmt.Errorf("%w in %.60q", dbError(err), query)
	}
	return nil
}

// each calls f for each row of a query.
func (s *statements) each(ctx context.Context, query string, args []any, f func(scanner) error) error {
	return scanEach(ctx, s.tx, placeholders(query, s.postgres), args, f)
}

// tuples writes so many tuples of n placeholders: (?,?),(?,?).
func tuples(rows, n int) string {
	return rowsOf("("+strings.Repeat("?,", n-1)+"?)", rows)
}

// rowsOf writes a tuple so many times.
func rowsOf(tuple string, rows int) string { return strings.Repeat(tuple+",", rows-1) + tuple }
