package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/posthouse/posthouse/migrations"
	"github.com/posthouse/posthouse/proxy"
)

// openOnce opens the store under umask 0 and prints how that went.
func openOnce(dir string) error {
	syscall.Umask(0)
	s, err := Open(context.Background(), options(dir))
	if err != nil {
		return err
	}
	if _, err := OpenRecords(context.Background(), RecordsOptions{Dir: dir}); err != nil {
		return err
	}
	_, err = s.Change(context.Background(), actor, "", func(tx *Tx) error {
		return tx.CreateProvider(&Provider{Name: "one", Vendor: "openai", Enabled: true})
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "open")
	select {}
}

func TestModesWhateverTheUmask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder with % ? # in it", "data")
	_, lines := child(t, "open", dir)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatal(lines.Text())
	}
	files := 0
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if info.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v; want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil || files < 6 { // two databases with -wal and -shm
		t.Errorf("%d files, %v", files, err)
	}
}

// damage makes a sound data folder and lets spoil ruin its config.db.
func damage(t *testing.T, spoil func(path string)) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := openStore(t, options(dir))
	for i := range 30 {
		addProvider(t, s, fmt.Sprintf("provider-%d", i))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	spoil(filepath.Join(dir, ConfigFile))
	return dir
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedFileIsRefusedAndLeftAlone(t *testing.T) {
	half := func(path string) {
		info, err := os.Stat(path)
		if err == nil {
			err = os.Truncate(path, info.Size()/2)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	page := func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copy(text[3*4096:4*4096], bytes.Repeat([]byte{0xa5}, 4096))
		write(t, path, text)
	}
	cases := map[string]func(path string){
		"garbage":   func(path string) { write(t, path, bytes.Repeat([]byte("garbage "), 1000)) },
		"short":     func(path string) { write(t, path, []byte("x")) },
		"truncated": half,
		"one page":  page,
		"header only": func(path string) {
			write(t, path, append([]byte(header), bytes.Repeat([]byte{1}, 5000)...))
		},
		"directory": func(path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		},
		"empty": func(path string) { write(t, path, nil) },
		"missing": func(path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"log lost": func(path string) {
			// What a file is whose tables are all in a log that is gone.
			if err := errors.Join(os.Remove(path), dbFile{path: path}.create()); err != nil {
				t.Fatal(err)
			}
			pool, err := openPool(configFile(filepath.Dir(path)).dsn(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(pool.Exec("CREATE TABLE notes (x)").Error, pool.Exec("DROP TABLE notes").Error, closePool(pool)); err != nil {
				t.Fatal(err)
			}
		},
		"missing, log left": func(path string) {
			write(t, path+"-wal", []byte("frames"))
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"empty, log left": func(path string) { write(t, path+"-wal", []byte("frames")); write(t, path, nil) },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			dir := damage(t, spoil)
			path := filepath.Join(dir, ConfigFile)
			before, _ := os.ReadFile(path)
			_, err := Open(t.Context(), options(dir))
			var wrong *FileError
			if !errors.As(err, &wrong) || !errors.Is(err, ErrDamaged) {
				t.Fatalf("error %v; want a FileError", err)
			}
			text := err.Error()
			if !strings.HasPrefix(text, path+": ") || !strings.Contains(text, "`posthouse restore`") || strings.Contains(text, "\n") ||
				strings.Contains(text, "***") || strings.Contains(text, "stop Posthouse") {
				t.Errorf("message %q; want one line with the file and what to do", text)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestFirstStartMayBeCutOff: what a first start leaves when it is killed, and
// what an operator may put into a folder before, is no lost configuration.
func TestFirstStartMayBeCutOff(t *testing.T) {
	empty := func(t *testing.T, names ...string) (dir string) {
		dir = t.TempDir()
		for _, name := range names {
			write(t, filepath.Join(dir, name), nil)
		}
		return dir
	}
	tests := map[string]string{
		"new folder":           empty(t),
		"key and lock":         empty(t, KeyFile, lockFile),
		"before the schema":    empty(t, KeyFile, lockFile, ConfigFile),
		"other people's files": empty(t, "notes.txt"),
	}
	half := empty(t, KeyFile)
	f := configFile(half)
	if err := f.create(); err != nil {
		t.Fatal(err)
	}
	pool, err := openPool(f.dsn(), 1) // which makes it a database without tables
	if err != nil {
		t.Fatal(err)
	}
	if err := closePool(pool); err != nil {
		t.Fatal(err)
	}
	tests["within the schema"] = half
	for name, dir := range tests {
		t.Run(name, func(t *testing.T) {
			if err := CheckLost(dir); err != nil {
				t.Error(err)
			}
			s := openStore(t, options(dir))
			addProvider(t, s, "one")
		})
	}
}

// TestLostConfiguration: each sign of an earlier use alone is enough, and a
// restore makes it good.
func TestLostConfiguration(t *testing.T) {
	for _, sign := range []string{usedFile, RecordsFile, "run.json"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, sign), nil)
		for _, check := range []func() error{
			func() error { return CheckLost(dir) },
			func() error { _, err := Open(t.Context(), options(dir)); return err },
		} {
			var wrong *FileError
			if err := check(); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "is missing, though the folder was used before ("+sign) {
				t.Errorf("%s: %v", sign, err)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, ConfigFile)); err == nil {
			t.Errorf("%s: a new one was made all the same", sign)
		}
		_, backup := backedUp(t, false)
		if err := Restore(dir, bytes.NewReader(backup)); err != nil {
			t.Fatal(err)
		}
		openStore(t, options(dir))
	}
}

func TestOddButSoundFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ConfigFile), nil)
	s := openStore(t, options(dir))
	addProvider(t, s, "one")

	foreign := t.TempDir()
	pool, err := openPool((dbFile{path: filepath.Join(foreign, ConfigFile)}).uri(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(pool.Exec("CREATE TABLE notes (x)").Error, closePool(pool)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), options(foreign)); err == nil || !strings.Contains(err.Error(), "not one of Posthouse") {
		t.Errorf("somebody else's database: %v", err)
	}

	file := filepath.Join(t.TempDir(), "file")
	write(t, file, []byte("x"))
	if _, err := Open(t.Context(), options(file)); err == nil || !strings.Contains(err.Error(), "must be a folder") {
		t.Errorf("a file for a folder: %v", err)
	}
}

// TestForbiddenFile looks at the words only: tests may run as root, who may
// read everything.
func TestForbiddenFile(t *testing.T) {
	f := dbFile{path: "/data/config.db"}
	err := f.unreadable(&os.PathError{Op: "open", Path: f.path, Err: syscall.EACCES})
	for _, part := range []string{f.path, "user id", "permission denied", "`posthouse restore`"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, options(dir))
	if err := errors.Join(
		s.write.Exec("INSERT INTO "+migrations.Table+" (version_id, is_applied) VALUES (999, 1)").Error, s.Close(),
	); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ConfigFile)
	before, _ := os.ReadFile(path)
	_, err := Open(t.Context(), options(dir))
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "schema 999") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

// TestFullDisk lets the database hit a limit of SQLite's own, which fails just
// as a full disk does.
func TestFullDisk(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	if err := s.write.Exec("PRAGMA max_page_count = 60").Error; err != nil {
		t.Fatal(err)
	}
	var err error
	saved := 0
	for ; err == nil && saved < 1000; saved++ {
		_, err = s.Change(t.Context(), actor, "", func(tx *Tx) error {
			return tx.CreateProvider(&Provider{Name: NewID(), Vendor: "openai", Headers: map[string]string{"X": strings.Repeat("x", 4000)}})
		})
	}
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "full") {
		t.Fatalf("%v; want ErrFull", err)
	}
	if err := s.write.Exec("PRAGMA max_page_count = 100000").Error; err != nil {
		t.Fatal(err)
	}
	addProvider(t, s, "room-again")
	if providers, err := s.Providers(t.Context()); err != nil || len(providers) != saved {
		t.Errorf("%d providers, %v; want the %d saved", len(providers), err, saved)
	}
}

// TestSecretsAreNotOnTheDisk searches every byte of the data folder.
func TestSecretsAreNotOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, options(dir))
	const canary = "sk-CANARY-0123456789-PROVIDER"
	p := addProvider(t, s, "one")
	change(t, s, func(tx *Tx) error {
		k, err := tx.AddProviderKey(p.ID, "c", canary, 1)
		return errors.Join(err, tx.ReplaceProviderKey(k.ID, canary+"-2"))
	})
	change(t, s, func(tx *Tx) error {
		p, err := tx.Provider(p.ID)
		p.Headers = map[string]string{"X-Gateway-Key": "CANARY-header"}
		p.Query = map[string]string{"code": "CANARY-query"}
		p.Proxy = "http://user:CANARY-password@proxy.example:3128"
		return errors.Join(err, tx.UpdateProvider(&p))
	})
	if got, err := s.Provider(t.Context(), p.ID); err != nil || got.Headers["X-Gateway-Key"] != "CANARY-header" || !strings.Contains(got.Proxy, "CANARY-password") {
		t.Errorf("the additions read back: %+v, %v", got, err)
	}
	change(t, s, func(tx *Tx) error {
		p, err := tx.Provider(p.ID)
		return errors.Join(err, tx.DeleteProvider(p.ID, p.Version))
	})
	found := func() []string {
		var hits []string
		err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if bytes.Contains(text, []byte("CANARY")) {
				hits = append(hits, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return hits
	}
	if hits := found(); len(hits) > 0 {
		t.Errorf("the secret is in %v", hits)
	}
	write(t, filepath.Join(dir, "note"), []byte(canary))
	if len(found()) != 1 {
		t.Error("the search does not find what is there")
	}
}

func TestLostKeyFile(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, options(dir))
	p := addProvider(t, s, "one")
	addProvider(t, s, "two")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o := options(dir)
	o.Sealer = mask{0x77}
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	s = openStore(t, o)
	config, err := s.Config(t.Context())
	if err != nil || len(config.Providers) != 2 || !config.Providers[0].Keys[0].Disabled || config.Providers[0].Keys[0].Secret != "" {
		t.Errorf("config %+v, %v; want the key disabled and the rest there", config, err)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "keys=2") {
		t.Errorf("%d warnings: %s", n, &log)
	}
	got, err := s.Provider(t.Context(), p.ID)
	if err != nil || got.Keys[0].Broken == "" || !got.Keys[0].Enabled {
		t.Errorf("provider %+v, %v", got, err)
	}
	change(t, s, func(tx *Tx) error { return tx.ReplaceProviderKey(got.Keys[0].ID, proxy.Secret("sk-entered-again")) })
	if got, err := s.Provider(t.Context(), p.ID); err != nil || got.Keys[0].Broken != "" {
		t.Errorf("provider %+v, %v", got, err)
	}
}
