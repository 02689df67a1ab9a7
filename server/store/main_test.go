package store

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posthouse/posthouse/proxy"
)

// TestMain runs the tests, or, in a process that a test has started, the part
// of the test that is to be killed.
func TestMain(m *testing.M) {
	job, dir := os.Getenv("POSTHOUSE_TEST_JOB"), os.Getenv("POSTHOUSE_TEST_DIR")
	if job == "" {
		goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
		return
	}
	jobs := map[string]func(dir string) error{"write": writeForEver, "restore": restoreOnce, "hold": holdLock, "open": openOnce}
	if err := jobs[job](dir); err != nil {
		fmt.Fprintln(os.Stdout, "failed:", err)
		os.Exit(1)
	}
}

// child starts this test program again to do a job, and reads what it prints.
func child(t *testing.T, job, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), "POSTHOUSE_TEST_JOB="+job, "POSTHOUSE_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// mask is a Sealer for tests: not secret, but bound to the row, and without a
// byte of the plain text.
type mask struct{ key byte }

func (m mask) Seal(plain []byte, aad string) (string, error) {
	out := make([]byte, len(plain))
	for i, b := range plain {
		out[i] = b ^ m.key
	}
	return fmt.Sprintf("%02x.%s.%s", m.key, aad, hex.EncodeToString(out)), nil
}

func (m mask) Unseal(sealed, aad string) ([]byte, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != fmt.Sprintf("%02x", m.key) || parts[1] != aad {
		return nil, errors.New("sealed with another key or for another row")
	}
	out, err := hex.DecodeString(parts[2])
	for i := range out {
		out[i] ^= m.key
	}
	return out, err
}

var actor = Actor{ID: "a1", Name: "root", Via: "session", IP: "127.0.0.1"}

// testNow is the clock of test stores.
func testNow() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 123_456_789, time.UTC) }

func options(dir string) Options {
	return Options{Dir: dir, Sealer: mask{0x5a}, Now: testNow, Log: slog.New(slog.DiscardHandler)}
}

func openStore(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// change runs a change that must succeed.
func change(t testing.TB, s *Store, fn func(*Tx) error) Revision {
	t.Helper()
	r, err := s.Change(context.Background(), actor, "test", fn)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// addProvider makes a provider with one key.
func addProvider(t testing.TB, s *Store, name string) Provider {
	t.Helper()
	p := Provider{Name: name, Vendor: "openai", Enabled: true}
	change(t, s, func(tx *Tx) error {
		if err := tx.CreateProvider(&p); err != nil {
			return err
		}
		_, err := tx.AddProviderKey(p.ID, "", "sk-"+proxy.Secret(strings.Repeat("k", 30)), 1)
		return err
	})
	p, err := s.Provider(context.Background(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// addRoute makes a route to providers.
func addRoute(t testing.TB, s *Store, name string, providers ...string) Route {
	t.Helper()
	r := Route{Name: name, Enabled: true, Match: proxy.Match{Models: []proxy.ModelMatch{{Value: name + "-model"}}}}
	for _, p := range providers {
		r.Targets = append(r.Targets, proxy.Target{Provider: p, Model: "gpt-5", Weight: 1})
	}
	change(t, s, func(tx *Tx) error { return tx.CreateRoute(&r) })
	return r
}
