package usage

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/store"
)

// TestMain runs the tests, or, in a process that a test has started, what is to
// be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("POSTHOUSE_TEST_RECORD"); dir != "" {
		if err := recordForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func openRecords(t testing.TB, dir string, log *slog.Logger) *store.Records {
	t.Helper()
	records, err := store.OpenRecords(context.Background(), store.RecordsOptions{Dir: dir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	return records
}

func sample(i int) *proxy.Record {
	return &proxy.Record{
		ID: fmt.Sprintf("req-%d", i), Start: time.UnixMilli(1_800_000_000_000 + int64(i)).UTC(), ClientIP: "192.0.2.1",
		Method: "POST", Path: "/v1/chat/completions", Op: llm.OpChat, Consumer: "team-a", ConsumerID: "c1", Route: "r", Asked: "qwen-max",
		Stream: true, RequestLen: 120, Status: 200, Provider: "p2", Model: "deepseek-chat", FirstByte: 300 * time.Millisecond,
		Duration: 2 * time.Second, BytesOut: 4096, UsageSeen: true,
		Usage: llm.Usage{Input: 10, CacheRead: 1, CacheWrite: 2, Output: 20, Reasoning: 5, Total: 33},
		Attempts: []proxy.Attempt{
			{Provider: "p1", Model: "qwen-max", KeyID: "k1", KeyName: "key-1", Headers: 5 * time.Millisecond, Duration: 5 * time.Millisecond, Status: 429, Class: llm.ClassRateLimited, Message: "slow down\x00"},
			{Provider: "p2", Model: "deepseek-chat", KeyID: "k2", KeyName: "key-1", Start: 6 * time.Millisecond, First: 290 * time.Millisecond, Duration: 1900 * time.Millisecond, Status: 200},
		},
	}
}

func TestRecorderWritesWhatItIsTold(t *testing.T) {
	records := openRecords(t, t.TempDir(), nil)
	r := New(records, Options{})
	const n = 1234
	for i := range n {
		r.Record(sample(i))
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Stats{Written: n}, r.Stats()); diff != "" {
		t.Error(diff)
	}
	got, err := records.Recent(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range got {
		want := *sample(n - 1 - i)
		want.Attempts[0].Message = "slow down\uFFFD"
		if diff := cmp.Diff(want, row.Record); diff != "" {
			t.Error(diff)
		}
	}
	r.Record(sample(0))
	if got := r.Stats().Shed; got != 1 {
		t.Errorf("%d shed after Close; want 1", got)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestRecorderFlushesWithinASecond(t *testing.T) {
	records := openRecords(t, t.TempDir(), nil)
	r := New(records, Options{})
	defer func() { _ = r.Close(context.Background()) }()
	start := time.Now()
	r.Record(sample(1))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.Stats().Written == 0 {
		<-tick.C
		if time.Since(start) > 5*time.Second {
			t.Fatal("nothing was written in 5 s")
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("written after %v", took)
	}
}

// lock takes the write lock of the records until unlock.
func lock(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	db, err := sql.Open(sqlite.DriverName, filepath.Join(dir, store.RecordsFile)+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() { _, _ = tx.Rollback(), db.Close() }
}

func TestLockedRecordsNeverBlock(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	r := New(openRecords(t, dir, nil), Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	unlock := lock(t, dir)
	start := time.Now()
	const n = 2*queueSize + 2*batchSize // the writer may hold a queue of its own already
	for range n {
		r.Record(&proxy.Record{ID: "req"})
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("%d records took %v while the database was locked", n, took)
	}
	if r.Stats().Shed == 0 {
		t.Error("nothing was shed although the queue must be full")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := r.Close(ctx); err == nil {
		t.Error("Close did not say that it gave up")
	}
	unlock()
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := r.Stats(); got.Written+got.Failed+got.Shed != n {
		t.Errorf("%+v; want %d accounted for", got, n)
	}
}

// overwrite fills all but the first page of a database with garbage, after
// making sure that no connection knows the pages by heart.
func overwrite(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open(sqlite.DriverName, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{"CREATE TABLE x (y)", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.WriteAt(bytes.Repeat([]byte("garbage!"), int(info.Size()-page)/8), page); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedRecordsAreReplacedWhileRunning(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	records := openRecords(t, dir, slog.New(slog.NewJSONHandler(&log, nil)))
	if err := records.Write(t.Context(), &store.Batch{Rows: []*store.Row{Account(sample(1))}}); err != nil {
		t.Fatal(err)
	}
	overwrite(t, filepath.Join(dir, store.RecordsFile))
	r := New(records, Options{})
	for i := range 10 {
		r.Record(sample(i))
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.Stats(); got.Written+got.Failed != 10 || got.Shed != 0 {
		t.Errorf("%+v; want 10 accounted for", got)
	}
	r = New(records, Options{})
	r.Record(sample(11))
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.Stats(); got.Written != 1 {
		t.Errorf("%+v; want the next record written", got)
	}
	if !bytes.Contains(log.Bytes(), []byte("put aside")) {
		t.Errorf("no warning: %s", log.Bytes())
	}
}

func BenchmarkRecord(b *testing.B) {
	r := New(openRecords(b, b.TempDir(), nil), Options{})
	defer func() { _ = r.Close(context.Background()) }()
	record := sample(1)
	b.ReportAllocs()
	for b.Loop() {
		r.Record(record)
	}
}

func BenchmarkWriteBatch(b *testing.B) {
	records := openRecords(b, b.TempDir(), nil)
	b.ReportAllocs()
	for b.Loop() {
		batch, sums := &store.Batch{}, newPending()
		for i := range batchSize {
			row := Account(sample(i))
			sums.add(row)
			batch.Rows = append(batch.Rows, row)
		}
		sums.fill(batch)
		if err := records.Write(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batchSize), "us/record")
}
