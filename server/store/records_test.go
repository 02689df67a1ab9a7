package store

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/migrations"
	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/tally"
)

func openTestRecords(t *testing.T, dir string) *Records {
	t.Helper()
	r, err := OpenRecords(t.Context(), RecordsOptions{Dir: dir, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// batchOf makes a batch of records, without sums.
func batchOf(records ...proxy.Record) *Batch {
	b := &Batch{}
	for _, r := range records {
		row := &Row{Record: r, Series: tally.Series{Kind: tally.ByConsumer, Provider: r.Provider, Model: r.Model, Consumer: r.Consumer, Outcome: tally.OK}}
		for _, a := range r.Attempts {
			row.Keys = append(row.Keys, tally.Series{Kind: tally.ByKey, Provider: a.Provider, Model: a.Model, KeyID: a.KeyID, KeyName: a.KeyName, Outcome: tally.OK})
			row.Faults = append(row.Faults, Fault{Class: string(a.Class), Message: a.Message})
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

func TestRecordsSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	r := openTestRecords(t, dir)
	for range 3 {
		if err := r.Write(t.Context(), batchOf(proxy.Record{ID: "same"}, proxy.Record{ID: "same"})); err != nil { // request ids may repeat
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = openTestRecords(t, dir)
	if err := r.Write(t.Context(), batchOf(proxy.Record{ID: "last", Start: testNow(), Path: strings.Repeat("p\xff", 5000), Attempts: make([]proxy.Attempt, 200)})); err != nil {
		t.Fatal(err)
	}
	got, err := r.Recent(t.Context(), 100)
	if err != nil || len(got) != 7 || got[0].Record.ID != "last" || len(got[0].Record.Attempts) != 200 || len(got[0].Record.Path) > 3*longestText {
		t.Errorf("%d records, %v", len(got), err)
	}
}

func TestUnusableRecordsArePutAside(t *testing.T) {
	newer := func(dir string) {
		r := openTestRecords(t, dir)
		err := r.write.Exec("INSERT INTO " + migrations.Table + " (version_id, is_applied) VALUES (999, 1)").Error
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]func(dir string){
		"garbage": func(dir string) { write(t, filepath.Join(dir, RecordsFile), bytes.Repeat([]byte("garbage "), 900)) },
		"newer":   newer,
		"lone log": func(dir string) {
			write(t, filepath.Join(dir, RecordsFile+"-wal"), []byte("frames"))
		},
	}
	for name, spoil := range cases {
		dir := t.TempDir()
		spoil(dir)
		var log bytes.Buffer
		r, err := OpenRecords(t.Context(), RecordsOptions{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		if !strings.Contains(log.String(), "put aside") || strings.Contains(log.String(), "posthouse restore") {
			t.Errorf("%s: nobody has anything to do, but the log says %s", name, &log)
		}
		if err := r.Write(t.Context(), batchOf(proxy.Record{ID: "x"})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if aside, _ := filepath.Glob(filepath.Join(dir, RecordsFile+"*.aside-*")); len(aside) == 0 {
			if aside, _ = filepath.Glob(filepath.Join(dir, RecordsFile+".aside-*")); len(aside) == 0 {
				t.Errorf("%s: nothing was put aside", name)
			}
		}
	}
}

func TestLockedRecordsFailInTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, other := openTestRecords(t, dir), openTestRecords(t, dir)
	tx := other.write.Begin()
	defer tx.Rollback()
	start := time.Now()
	err := r.Write(t.Context(), batchOf(proxy.Record{ID: "x"}))
	if took := time.Since(start); !errors.Is(err, ErrBusy) || took > 2*busyTimeout {
		t.Errorf("%v after %v", err, took)
	}
}
