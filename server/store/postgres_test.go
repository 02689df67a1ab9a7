package store

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/posthouse/posthouse/migrations"
)

// TestPostgres runs the migrations and the round trip on Postgres, where its
// programs are installed (Debian's place) or POSTHOUSE_TEST_POSTGRES names a
// server and an empty database.
func TestPostgres(t *testing.T) {
	t.Parallel()
	dsn := os.Getenv("POSTHOUSE_TEST_POSTGRES")
	if dsn == "" {
		dsn = startPostgres(t)
	}
	if dsn == "" {
		t.Log("no Postgres here: set POSTHOUSE_TEST_POSTGRES, or install the package postgresql")
		return
	}
	pool, err := gorm.Open(postgres.Open(dsn), gormConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closePool(pool) }()
	db, err := pool.DB()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := migrations.Config().Apply(t.Context(), pool.Name(), db); err != nil {
			t.Fatal(err)
		}
	}
	s := newStore(options(t.TempDir()), pool, pool)
	roundTrip(t, s)
	p := addProvider(t, s, "old")
	addRoute(t, s, "route", "old")
	p.Name = "new"
	change(t, s, func(tx *Tx) error { return tx.UpdateProvider(&p) })
	if revisions, err := s.Revisions(t.Context(), 0, 10); err != nil || len(revisions) == 0 || len(revisions[0].Items) != 2 {
		t.Errorf("revisions %+v, %v", revisions, err)
	}
	if _, err := s.CreateFirstAdmin(t.Context(), Admin{Name: "root"}); err != nil {
		t.Error(err)
	}
	postgresRecords(t, pool)
}

// postgresRecords writes records on the same server. The steps of both schemas
// are noted in one table there, so the second begins anew.
func postgresRecords(t *testing.T, pool *gorm.DB) {
	t.Helper()
	if err := pool.Exec("DROP TABLE " + migrations.Table).Error; err != nil {
		t.Fatal(err)
	}
	db, err := pool.DB()
	if err != nil {
		t.Fatal(err)
	}
	if err := migrations.Records().Apply(t.Context(), pool.Name(), db); err != nil {
		t.Fatal(err)
	}
	names, err := loadNames(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	r := &Records{opts: RecordsOptions{Now: testNow, Log: slog.New(slog.DiscardHandler)}}
	r.use(pool, pool, db, names)
	ledgerRoundTrip(t, r)
}

// startPostgres starts a server in a temporary folder, reachable through a
// socket there only, and returns how to reach it; empty where Postgres is not
// installed. It does not run as root, so root lends it the user nobody.
func startPostgres(t *testing.T) (dsn string) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "posthouse-postgres-") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 {
		as = lend(t, dir)
	}
	run := func(name string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.SysProcAttr, cmd.Dir, cmd.Stderr = as, dir, &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out.Bytes())
		}
	}
	data := filepath.Join(dir, "data")
	run("initdb", "-D", data, "-U", "posthouse", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", "-c listen_addresses='' -c fsync=off -k "+dir, "start")
	t.Cleanup(func() { run("pg_ctl", "-D", data, "-m", "immediate", "stop") })
	return "host=" + dir + " user=posthouse dbname=postgres sslmode=disable"
}

// lend gives a folder to the user that Postgres is to run as.
func lend(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	somebody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err1 := strconv.Atoi(somebody.Uid)
	gid, err2 := strconv.Atoi(somebody.Gid)
	if err := firstError(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}
