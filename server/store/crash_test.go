package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/migrations"
)

// writeForEver makes providers and prints the id of each once it is saved.
func writeForEver(dir string) error {
	release, err := LockDir(dir)
	if err != nil {
		return err
	}
	defer release()
	s, err := Open(context.Background(), options(dir))
	if err != nil {
		return err
	}
	for {
		p := Provider{Name: NewID(), Vendor: "openai", Enabled: true}
		_, err := s.Change(context.Background(), actor, "", func(tx *Tx) error {
			if err := tx.CreateProvider(&p); err != nil {
				return err
			}
			_, err := tx.AddProviderKey(p.ID, "", "sk-0123456789ab", 1)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stdout, p.ID)
	}
}

func TestKillDuringWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acked := map[string]bool{}
	for round := range 5 {
		cmd, lines := child(t, "write", dir)
		for range 3 + 7*round {
			if !lines.Scan() || strings.HasPrefix(lines.Text(), "failed") {
				t.Fatalf("round %d: the writer ended: %s", round, lines.Text())
			}
			acked[lines.Text()] = true
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it had printed by then
			acked[lines.Text()] = true
		}
		_ = cmd.Wait()
		release, err := LockDir(dir)
		if err != nil {
			t.Fatalf("round %d: the lock outlived its process: %v", round, err)
		}
		s, err := Open(t.Context(), options(dir)) // runs quick_check
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		providers, err := s.Providers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, p := range providers {
			have[p.ID] = true
			if len(p.Keys) != 1 {
				t.Errorf("round %d: provider %s is half there", round, p.ID)
			}
		}
		for id := range acked {
			if !have[id] {
				t.Errorf("round %d: %s was acknowledged and is lost", round, id)
			}
		}
		if len(have) > len(acked)+1+round {
			t.Errorf("round %d: %d rows for %d acknowledged", round, len(have), len(acked))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		release()
	}
}

// holdLock claims the folder and waits to be killed.
func holdLock(dir string) error {
	if _, err := LockDir(dir); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "locked")
	select {}
}

func TestTwoInstances(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := child(t, "hold", dir)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatal(lines.Text())
	}
	start := time.Now()
	_, err := LockDir(dir)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid)) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second instance: %v; want folder and process id", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if err := Restore(dir, bytes.NewReader(nil)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("restore under a running instance: %v", err)
	}
	_, _ = cmd.Process.Kill(), cmd.Wait()
	release, err := LockDir(dir)
	if err != nil {
		t.Fatalf("after the first was killed: %v", err)
	}
	release()
}

// restoreOnce restores <dir>/../backup into dir.
func restoreOnce(dir string) error {
	file, err := os.Open(filepath.Join(filepath.Dir(dir), "backup"))
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "begun")
	if err := Restore(dir, file); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "done")
	return nil
}

// TestKillDuringRestore kills a restore at many moments and expects the old
// state or the new, never a mixture.
func TestKillDuringRestore(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	from, dir := filepath.Join(top, "from"), filepath.Join(top, "to")
	source := openStore(t, options(from))
	for _, name := range []string{"new-1", "new-2"} {
		addProvider(t, source, name)
	}
	var backup bytes.Buffer
	if err := source.Backup(t.Context(), BackupOptions{W: &backup}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "backup"), backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	old, done := 0, 0
	for point := range 20 {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, options(dir))
		addProvider(t, s, "old-1")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		cmd, lines := child(t, "restore", dir)
		lines.Scan()
		<-time.After(time.Duration(point) * 2 * time.Millisecond) // where the kill falls is the point of this test
		_, _ = cmd.Process.Kill(), cmd.Wait()
		release, err := LockDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err = Open(t.Context(), options(dir))
		if err != nil {
			t.Fatalf("point %d: %v", point, err)
		}
		providers, err := s.Providers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(providers) == 1 && providers[0].Name == "old-1":
			old++
		case len(providers) == 2 && providers[0].Name == "new-1":
			done++
		default:
			t.Errorf("point %d: %+v", point, providers)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		release()
	}
	t.Logf("old state %d times, new state %d times", old, done)
}

// TestInterruptedRestore stops a restore after every single step of the swap.
func TestInterruptedRestore(t *testing.T) {
	for steps := range 6 {
		dir := t.TempDir()
		temp := filepath.Join(dir, restorePrefix+"x")
		old := filepath.Join(dir, "before")
		for _, d := range []string{temp, old} {
			if err := os.Mkdir(d, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		put := func(name, text string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{ConfigFile, ConfigFile + "-wal", KeyFile} {
			put(name, "old "+name)
		}
		put(restorePrefix+"x/"+ConfigFile, "new")
		put(restorePrefix+"x/"+KeyFile, "new")
		plan := restorePlan{New: restorePrefix + "x", Old: "before", Files: []string{ConfigFile, KeyFile}}
		if err := plan.begin(dir); err != nil {
			t.Fatal(err)
		}
		moves := [][2]string{
			{ConfigFile, "before/" + ConfigFile},
			{ConfigFile + "-wal", "before/" + ConfigFile + "-wal"},
			{restorePrefix + "x/" + ConfigFile, ConfigFile},
			{KeyFile, "before/" + KeyFile},
			{restorePrefix + "x/" + KeyFile, KeyFile},
		}
		for _, m := range moves[:steps] {
			if err := os.Rename(filepath.Join(dir, m[0]), filepath.Join(dir, m[1])); err != nil {
				t.Fatal(err)
			}
		}
		release, err := LockDir(dir)
		if err != nil {
			t.Fatalf("after %d steps: %v", steps, err)
		}
		release()
		for name, want := range map[string]string{
			ConfigFile: "new", KeyFile: "new", "before/" + ConfigFile: "old " + ConfigFile, "before/" + ConfigFile + "-wal": "old " + ConfigFile + "-wal",
			"before/" + KeyFile: "old " + KeyFile, ConfigFile + "-wal": "", planFile: "", plan.New: "",
		} {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if string(got) != want || (want == "") != os.IsNotExist(err) {
				t.Errorf("after %d steps: %s holds %q, %v; want %q", steps, name, got, err, want)
			}
		}
	}
}

// TestMigratingKeepsACopy pretends that the file is one step behind.
func TestMigratingKeepsACopy(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, options(dir))
	addProvider(t, s, "one")
	f := databases(dir)[0]
	newest, err := migrations.Config().Newest()
	if err != nil || newest < 1 {
		t.Fatalf("newest schema %d, %v", newest, err)
	}
	if err := f.copyBefore(t.Context(), newest); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fmt.Sprintf("%s.schema-%d.bak", f.path, newest)); err == nil {
		t.Error("a copy was made although nothing changes")
	}
	if err := f.copyBefore(t.Context(), -1); err != nil { // any schema but the newest
		t.Fatal(err)
	}
	copied := dbFile{path: f.path + ".schema--1.bak", set: f.set}
	if version, err := copied.check(t.Context()); err != nil || version < 1 {
		t.Errorf("the copy is at %d, %v", version, err)
	}
	if info, err := os.Stat(copied.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the copy: %v, %v", info.Mode(), err)
	}
}

// TestReadersAndWriters reads, changes and touches at once; nothing may fail.
func TestReadersAndWriters(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	fail := make(chan error, 100)
	report := func(err error) {
		if err != nil && ctx.Err() == nil {
			select {
			case fail <- err:
			default:
			}
		}
	}
	finished := make(chan struct{})
	workers := 0
	start := func(work func() error) {
		workers++
		go func() {
			for ctx.Err() == nil {
				report(work())
			}
			finished <- struct{}{}
		}()
	}
	admin, err := s.CreateFirstAdmin(t.Context(), Admin{Name: "root"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		start(func() error { _, err := s.Config(ctx); return err })
		start(func() error { _, err := s.Revisions(ctx, 0, 20); return err })
		start(func() error {
			_, err := s.Change(ctx, actor, "", func(tx *Tx) error {
				if _, err := tx.Providers(); err != nil { // reads, then writes
					return err
				}
				return tx.CreateProvider(&Provider{Name: NewID(), Vendor: "openai", Enabled: true})
			})
			return err
		})
		start(func() error {
			_, err := s.CreateSession(ctx, Session{AdminID: admin.ID, Expires: testNow()})
			return err
		})
	}
	for range workers {
		<-finished
	}
	select {
	case err := <-fail:
		t.Error(err)
	default:
	}
}

// TestForeignLock holds the write lock from outside: reads go on, a change
// gives up after the busy timeout and leaves nothing.
func TestForeignLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, options(dir))
	other := openStore(t, options(dir))
	tx := other.write.Begin()
	defer tx.Rollback()
	if tx.Error != nil {
		t.Fatal(tx.Error)
	}
	start := time.Now()
	_, err := s.Change(t.Context(), actor, "", func(tx *Tx) error {
		return tx.CreateProvider(&Provider{Name: "one", Vendor: "openai"})
	})
	took := time.Since(start)
	if !errors.Is(err, ErrBusy) || took < busyTimeout-time.Second || took > 10*time.Second {
		t.Errorf("%v after %v; want ErrBusy after %v", err, took, busyTimeout)
	}
	if config, err := s.Config(t.Context()); err != nil || len(config.Providers) != 0 {
		t.Errorf("reading beside the lock: %+v, %v", config, err)
	}
}
