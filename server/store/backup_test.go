package store

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy"
)

// backedUp makes a data folder with records and key file and backs it up.
func backedUp(t *testing.T, withKey bool) (dir string, backup []byte) {
	t.Helper()
	dir = t.TempDir()
	s := openStore(t, options(dir))
	addProvider(t, s, "one")
	records, err := OpenRecords(t.Context(), RecordsOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	if err := records.Write(t.Context(), batchOf(proxy.Record{ID: "r1", Start: testNow()})); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, KeyFile), []byte("the key"))
	var out bytes.Buffer
	if err := s.Backup(t.Context(), BackupOptions{W: &out, IncludeKey: withKey}); err != nil {
		t.Fatal(err)
	}
	return dir, out.Bytes()
}

// entry is one file of an archive.
type entry struct {
	head tar.Header
	text []byte
}

func entries(t *testing.T, archive []byte) []entry {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	var all []entry
	for r := tar.NewReader(zipped); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{*head, text})
	}
}

func archive(t *testing.T, all []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for _, e := range all {
		e.head.Size = int64(len(e.text))
		_, err := 0, w.WriteHeader(&e.head)
		if err == nil {
			_, err = w.Write(e.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBackupAndRestore(t *testing.T) {
	for _, withKey := range []bool{false, true} {
		_, backup := backedUp(t, withKey)
		var names []string
		for _, e := range entries(t, backup) {
			names = append(names, e.head.Name)
		}
		want := "manifest.json config.db records.db"
		if withKey {
			want += " " + KeyFile
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("backup holds %s; want %s", got, want)
		}
		if bytes.Contains(backup, []byte("the key")) {
			t.Error("the key is readable in the archive")
		}
		dir := t.TempDir()
		s := openStore(t, options(dir))
		addProvider(t, s, "two")
		write(t, filepath.Join(dir, KeyFile), []byte("another key"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		release := func() {}
		if withKey { // a caller that has claimed the folder may restore it
			var err error
			if release, err = LockDir(dir); err != nil {
				t.Fatal(err)
			}
		}
		if err := Restore(dir, bytes.NewReader(backup)); err != nil {
			t.Fatal(err)
		}
		release()
		s = openStore(t, options(dir))
		providers, err := s.Providers(t.Context())
		if err != nil || len(providers) != 1 || providers[0].Name != "one" || providers[0].Keys[0].Broken != "" {
			t.Errorf("restored %+v, %v", providers, err)
		}
		records, err := OpenRecords(t.Context(), RecordsOptions{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := records.Recent(t.Context(), 5); err != nil || len(got) != 1 || got[0].Record.ID != "r1" {
			t.Errorf("restored records %+v, %v", got, err)
		}
		_ = records.Close()
		wantKey := map[bool]string{false: "another key", true: "the key"}[withKey]
		if key, err := os.ReadFile(filepath.Join(dir, KeyFile)); err != nil || string(key) != wantKey {
			t.Errorf("key file holds %q, %v; want %q", key, err, wantKey)
		}
		aside, _ := filepath.Glob(filepath.Join(dir, "before-restore-*", ConfigFile))
		hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
		if len(aside) != 1 || len(hidden) != 0 {
			t.Errorf("put aside %v, left over %v", aside, hidden)
		}
	}
}

func TestBackupWithoutKeyFile(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	if err := s.Backup(t.Context(), BackupOptions{W: io.Discard, IncludeKey: true}); err == nil || !strings.Contains(err.Error(), "environment") {
		t.Errorf("%v; want to be told that the key comes from elsewhere", err)
	}
}

func TestBackupWhileWriting(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	ctx, stop := context.WithCancel(t.Context())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for ctx.Err() == nil {
			_, _ = s.Change(ctx, actor, "", func(tx *Tx) error {
				return tx.CreateProvider(&Provider{Name: NewID(), Vendor: "openai", Enabled: true})
			})
		}
	}()
	for range 5 {
		var out bytes.Buffer
		if err := s.Backup(t.Context(), BackupOptions{W: &out}); err != nil {
			t.Fatal(err)
		}
		if err := Restore(t.TempDir(), &out); err != nil {
			t.Error(err)
		}
	}
	stop()
	<-finished
}

func TestBadBackupsChangeNothing(t *testing.T) {
	t.Parallel()
	_, good := backedUp(t, true)
	with := func(edit func([]entry) []entry) []byte { return archive(t, edit(entries(t, good))) }
	manifestOf := func(edit func(*manifest)) []byte {
		return with(func(all []entry) []entry {
			var m manifest
			if err := json.Unmarshal(all[0].text, &m); err != nil {
				t.Fatal(err)
			}
			edit(&m)
			all[0].text, _ = json.Marshal(m)
			return all
		})
	}
	extra := func(head tar.Header, text string) []byte {
		return with(func(all []entry) []entry { return append(all, entry{head, []byte(text)}) })
	}
	cases := map[string][]byte{
		"empty":             {},
		"not gzip":          []byte("PK\x03\x04 a zip"),
		"cut":               good[:len(good)/2],
		"no manifest":       with(func(all []entry) []entry { return all[1:] }),
		"path traversal":    extra(tar.Header{Name: "../../evil", Typeflag: tar.TypeReg}, "x"),
		"absolute path":     extra(tar.Header{Name: "/tmp/evil", Typeflag: tar.TypeReg}, "x"),
		"unknown file":      extra(tar.Header{Name: "evil.db", Typeflag: tar.TypeReg}, "x"),
		"symlink":           extra(tar.Header{Name: "records.db", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""),
		"twice":             with(func(all []entry) []entry { return append(all, all[1]) }),
		"a file missing":    with(func(all []entry) []entry { return all[:2] }),
		"checksum":          with(func(all []entry) []entry { all[1].text[9000] ^= 1; return all }),
		"longer":            with(func(all []entry) []entry { all[3].text = append(all[3].text, 'x'); return all }),
		"shorter":           with(func(all []entry) []entry { all[1].text = all[1].text[:4096]; return all }),
		"future layout":     manifestOf(func(m *manifest) { m.Format = 99 }),
		"manifest escapes":  manifestOf(func(m *manifest) { m.Files[0].Name = "../config.db" }),
		"huge":              manifestOf(func(m *manifest) { m.Files[0].Size = 1 << 50 }),
		"negative":          manifestOf(func(m *manifest) { m.Files[0].Size = -1 }),
		"no config":         manifestOf(func(m *manifest) { m.Files = m.Files[1:] }),
		"broken database":   rewrite(t, good, bytes.Repeat([]byte("garbage "), 2000)),
		"empty database":    rewrite(t, good, nil),
		"newer database":    rewrite(t, good, newerDatabase(t)),
		"config is records": rewrite(t, good, entries(t, good)[2].text),
	}
	delete(cases, "config is records") // both are Posthouse databases; checksums tell what was packed
	dir := t.TempDir()
	s := openStore(t, options(dir))
	addProvider(t, s, "old")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := listing(t, dir)
	for name, backup := range cases {
		err := Restore(dir, bytes.NewReader(backup))
		var refused *BackupError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("%s: %v; want to be refused", name, err)
		}
		if after := listing(t, dir); after != before {
			t.Errorf("%s: the folder changed from %s to %s", name, before, after)
		}
	}
	if err := Restore(dir, bytes.NewReader(good)); err != nil {
		t.Errorf("the model of all bad backups: %v", err)
	}
}

// rewrite replaces config.db of a backup, with the checksum to go with it.
func rewrite(t *testing.T, backup, config []byte) []byte {
	t.Helper()
	all := entries(t, backup)
	dir := t.TempDir()
	write(t, filepath.Join(dir, ConfigFile), config)
	item, err := describe(dir, ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(all[0].text, &m); err != nil {
		t.Fatal(err)
	}
	m.Files[0] = item
	all[0].text, _ = json.Marshal(m)
	all[1].text = config
	return archive(t, all)
}

// newerDatabase is a database of a Posthouse to come.
func newerDatabase(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	s := openStore(t, options(dir))
	if err := errors.Join(s.write.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)").Error, s.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// listing is what a folder holds, the lock file apart.
func listing(t *testing.T, dir string) string {
	t.Helper()
	items, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range items {
		if i.Name() != lockFile {
			names = append(names, i.Name())
		}
	}
	return strings.Join(names, " ")
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := unpack(bytes.NewReader(b), t.TempDir()); err == nil {
			t.Error("random bytes are a backup")
		}
	})
}
