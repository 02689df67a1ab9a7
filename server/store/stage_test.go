package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy"
)

// inFlight is the number that tells the states of a data folder apart here.
func inFlight(t *testing.T, s *Store) int {
	t.Helper()
	now, err := s.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return now.Limits.InFlight
}

func setInFlight(t *testing.T, s *Store, n int) {
	t.Helper()
	do(t, s, func(tx *Tx) error {
		now, err := tx.Settings()
		if err != nil {
			return err
		}
		now.Access, now.Limits.InFlight = proxy.AccessLocal, n
		return tx.PutSettings(now)
	})
}

// TestStagedRestoreWaitsForTheNextStart: while the server runs its files stay,
// and what is done meanwhile is set aside with them.
func TestStagedRestoreWaitsForTheNextStart(t *testing.T) {
	dir := t.TempDir()
	release, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := openStore(t, options(dir))
	setInFlight(t, s, 11)
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), BackupOptions{W: &backup}); err != nil {
		t.Fatal(err)
	}
	setInFlight(t, s, 22)

	if err := StageRestore(dir, strings.NewReader("no backup")); err == nil {
		t.Fatal("anything can be staged")
	}
	if at, err := StagedRestore(dir); err != nil || !at.IsZero() {
		t.Fatalf("staged at %v, %v", at, err)
	}
	for range 2 { // the second takes the place of the first
		if err := StageRestore(dir, bytes.NewReader(backup.Bytes())); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := StagedRestore(dir); err != nil || at.IsZero() {
		t.Fatalf("staged at %v, %v", at, err)
	}
	if n := inFlight(t, s); n != 22 {
		t.Errorf("staging has changed what is served: %d", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	release()

	release, err = LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	s = openStore(t, options(dir))
	if n := inFlight(t, s); n != 11 {
		t.Errorf("after the start %d is served, want what the backup has", n)
	}
	aside, err := filepath.Glob(filepath.Join(dir, "before-restore-*", ConfigFile))
	if err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, restorePrefix+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestStagedRestoreCanBeGivenUp(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, options(dir))
	setInFlight(t, s, 11)
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), BackupOptions{W: &backup}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(StageRestore(dir, &backup), UnstageRestore(dir), UnstageRestore(dir)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), restorePrefix) || e.Name() == stagedFile {
			t.Errorf("%s is left", e.Name())
		}
	}
}
