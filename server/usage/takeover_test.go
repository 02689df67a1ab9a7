package usage

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
)

// oldFile writes records as the first release left them: its tables, a file
// that gives no room back, and calls of yesterday, every third of which took
// two attempts.
func oldFile(t *testing.T, dir string, calls int) {
	t.Helper()
	schema, err := os.ReadFile(filepath.Join("..", "..", "migrations", "records", "0001_init.sql"))
	if err != nil {
		t.Fatal(err)
	}
	up, _, _ := strings.Cut(string(schema), "-- +goose Down")
	db, err := sql.Open("sqlite", filepath.Join(dir, store.RecordsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%v in %.80s", err, query)
		}
	}
	exec(up + `;CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')));
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1);`)
	start := time.Now().Add(-24 * time.Hour)
	for i := range calls {
		class, message, status := "", "", 200
		if i%7 == 0 {
			class, message, status = "server_error", fmt.Sprintf("it broke, request %d", i), 503
		}
		exec(`INSERT INTO requests VALUES (?, ?, ?, 'POST', '/v1/chat/completions', 'chat', 'chat', 'main', 'any', 'm1', 'team', 'c1', '192.0.2.1', ?, ?, ?, ?, 1500, 2500000, 900, 700, 40, 60, 0, 50, 20, 150, TRUE, ?)`,
			i+1, fmt.Sprintf("req_old_%d", i), start.Add(time.Duration(i)*time.Second).UnixMilli(), i%2 == 0, status, class, message, 1+min(i%3, 1))
		if i%3 > 0 {
			exec(`INSERT INTO attempts VALUES (?, 0, 'spare', 'm2', 'k2', 'second', 10, 20, 0, 100, 429, 'rate_limited', 'slow down')`, i+1)
		}
		exec(`INSERT INTO attempts VALUES (?, 1, 'main', 'm1', 'k1', 'first', 200, 300, 400, 2000000, ?, ?, ?)`, i+1, status, class, message)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// oldLeft is how many calls still stand in the first release's tables.
func oldLeft(t *testing.T, dir string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, store.RecordsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(t.Context(), "SELECT (SELECT COUNT(*) FROM requests) + (SELECT COUNT(*) FROM attempts)").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOldRecordsAreTakenOver: calls of the first release move into the ledger
// while the program runs, once, with their sums, and the file shrinks when it
// is rewritten.
func TestOldRecordsAreTakenOver(t *testing.T) {
	dir := t.TempDir()
	const calls = 3*moveAtOnce + 50
	oldFile(t, dir, calls)
	for run := range 2 { // the second begins where the first was stopped, or has nothing to do
		records := openRecords(t, dir, nil)
		r := New(records, Options{})
		late := time.After(time.Minute)
		for run == 1 && oldLeft(t, dir) > 0 {
			select {
			case <-late:
				t.Fatalf("%d rows are left", oldLeft(t, dir))
			case <-time.After(20 * time.Millisecond):
			}
		}
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := records.Close(); err != nil {
			t.Fatal(err)
		}
	}

	records := openRecords(t, dir, nil)
	rows := allRows(t, records)
	if len(rows) != calls {
		t.Fatalf("%d calls, want %d", len(rows), calls)
	}
	for _, kind := range []tally.Kind{tally.ByModel, tally.ByConsumer, tally.ByKey} {
		same(t, "hours", expected(rows, kind, tally.Piece), stored(t, records, kind, time.Hour, tally.Piece))
	}
	row, err := records.Call(t.Context(), "req_old_14", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	rec := &row.Record
	if rec.Status != 503 || rec.Message != "it broke, request 14" || rec.Consumer != "team" || rec.Usage.Total != 150 || rec.Usage.CacheRead != 60 || rec.Duration != 2500*time.Millisecond {
		t.Errorf("it became %+v", rec)
	}
	if len(rec.Attempts) != 2 || rec.Attempts[0].KeyName != "second" || rec.Attempts[0].Class != "rate_limited" || rec.Attempts[1].Start != 200*time.Microsecond {
		t.Errorf("its attempts became %+v", rec.Attempts)
	}
	if err := records.Close(); err != nil {
		t.Fatal(err)
	}

	before, after, err := store.Compact(context.Background(), dir)
	if err != nil || after >= before {
		t.Errorf("rewritten it has %d bytes instead of %d: %v", after, before, err)
	}
	records = openRecords(t, dir, nil)
	if rows := allRows(t, records); len(rows) != calls {
		t.Errorf("%d calls after that, want %d", len(rows), calls)
	}
	if again, _, err := store.Compact(context.Background(), t.TempDir()); err != nil {
		t.Errorf("a folder without records: %d %v", again, err)
	}
}
