package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

const (
	// doctorDiskWarn is the free space under which the disk is reported: the
	// records of a busy day, and a migration's copy of the configuration.
	doctorDiskWarn = 500 << 20
	// doctorProbe bounds the call to one provider.
	doctorProbe = 15 * time.Second
)

// finding is one line of the doctor's report.
type finding struct {
	ok   bool
	what string
	text string // what was found, and what to do when it is not right
}

// doctor collects findings.
type doctor struct {
	p        *program
	dir      string
	findings []finding
}

// good notes that something is right.
func (d *doctor) good(what, format string, args ...any) {
	d.findings = append(d.findings, finding{true, what, fmt.Sprintf(format, args...)})
}

// bad notes that something is wrong, and what to do.
func (d *doctor) bad(what, format string, args ...any) {
	d.findings = append(d.findings, finding{false, what, fmt.Sprintf(format, args...)})
}

// doctorCommand is "posthouse doctor".
func (p *program) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:        "doctor",
		Usage:       "check the data folder, the ports and the machine; exit 1 when something is wrong",
		Description: "Works while the server runs and while it does not.",
		Flags: []cli.Flag{
			p.dataDirFlag(),
			p.portFlag("http-port", "POSTHOUSE_HTTP_PORT", "the proxy's HTTP port", 8080),
			p.portFlag("https-port", "POSTHOUSE_HTTPS_PORT", "the proxy's HTTPS port", 8443),
			p.portFlag("console-port", "POSTHOUSE_CONSOLE_PORT", "the console's port", 8001),
			&cli.StringFlag{Name: "bind", Value: "0.0.0.0", Usage: "address the proxy listens on", Sources: p.fromEnv("POSTHOUSE_BIND")},
			&cli.StringFlag{Name: "console-bind", Value: "127.0.0.1", Usage: "address the console listens on", Sources: p.fromEnv("POSTHOUSE_CONSOLE_BIND")},
			&cli.StringFlag{Name: "tls-cert", Usage: "certificate given to serve", Sources: p.fromEnv("POSTHOUSE_TLS_CERT")},
			&cli.StringFlag{Name: "tls-key", Usage: "key given to serve", Sources: p.fromEnv("POSTHOUSE_TLS_KEY")},
			&cli.BoolFlag{Name: "online", Usage: "also call every provider (free: lists its models)"},
		},
		Action: p.doctorAction,
	}
}

// doctorAction runs all checks and prints a line for each.
func (p *program) doctorAction(ctx context.Context, cmd *cli.Command) error {
	dir, err := p.dataDir(cmd)
	if err != nil {
		return err
	}
	d := &doctor{p: p, dir: dir}
	if d.folder() {
		d.keyFile()
		d.disk()
		d.configuration(ctx, cmd.Bool("online"))
	}
	d.clock()
	d.tls(cmd.String("tls-cert"), cmd.String("tls-key"))
	d.running(ctx, cmd)
	return d.report()
}

// report prints the findings and fails when one is bad.
func (d *doctor) report() error {
	wrong := 0
	for _, f := range d.findings {
		mark := "ok   "
		if !f.ok {
			mark = "WRONG"
			wrong++
		}
		fmt.Fprintf(d.p.stdout, "%s  %-12s %s\n", mark, f.what, f.text)
	}
	if wrong > 0 {
		return &exitError{code: exitFail, err: fmt.Errorf("doctor: %d of %d checks failed", wrong, len(d.findings))}
	}
	return nil
}

// folder checks the data folder and its files' modes; without one the other
// checks of its content are moot.
func (d *doctor) folder() bool {
	info, err := os.Stat(d.dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.good("data folder", "%s is not there yet; \"posthouse serve\" makes it", d.dir)
		return false
	case err != nil:
		d.bad("data folder", "%v; run as the user that runs the server", err)
		return false
	case !info.IsDir():
		d.bad("data folder", "%s is a file; name a folder with --data-dir", d.dir)
		return false
	case info.Mode().Perm()&0o077 != 0:
		d.bad("data folder", "%s can be read by other users (%v); run: chmod 700 %s", d.dir, info.Mode().Perm(), d.dir)
	default:
		d.good("data folder", "%s, %v", d.dir, info.Mode().Perm())
	}
	for _, name := range []string{"config.db", "records.db", masterKeyFile, setupTokenFile, filepath.Join(tlsFolder, "key.pem")} {
		file := filepath.Join(d.dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
			d.bad("file mode", "%s can be read by other users (%v); run: chmod 600 %s", file, info.Mode().Perm(), file)
		}
	}
	return true
}

// keyFile checks that the master key is there, without making one.
func (d *doctor) keyFile() {
	_, configErr := os.Stat(filepath.Join(d.dir, "config.db"))
	switch {
	case d.p.hasMasterKey(d.dir):
		if _, err := d.p.openKeys(d.dir, d.p.commandLog()); err != nil {
			d.bad("master key", "%v", err)
			return
		}
		d.good("master key", "can be read")
	case configErr == nil:
		d.bad("master key", "%s is missing, so no provider key can be read; put your copy back, or enter the keys again", filepath.Join(d.dir, masterKeyFile))
	}
}

// disk checks the free space.
func (d *doctor) disk() {
	free, err := freeBytes(d.dir)
	switch {
	case err != nil:
		d.bad("disk", "%v", err)
	case free < doctorDiskWarn:
		d.bad("disk", "only %d MB free under %s; make room, or move the data folder", free>>20, d.dir)
	default:
		d.good("disk", "%d MB free", free>>20)
	}
}

// configuration opens the database (which checks it) and looks at every item.
func (d *doctor) configuration(ctx context.Context, online bool) {
	if err := store.CheckLost(d.dir); err != nil {
		d.bad("database", "%v", err)
		return
	}
	if requireDataDir(d.dir) != nil {
		d.good("database", "not made yet; \"posthouse serve\" makes it")
		return
	}
	s, closeStore, err := d.p.openStoreOnly(ctx, d.dir)
	if err != nil {
		d.bad("database", "%v", err)
		return
	}
	defer closeStore()
	d.good("database", "can be read and is sound")
	d.sealedKeys(ctx, s)
	_, faults, err := s.Snapshot(ctx)
	if err != nil {
		d.bad("config", "%v", err)
		return
	}
	for _, f := range faults {
		d.bad("config", "%s %s: %s: %s", f.Kind, f.Name, f.Field, f.Message)
	}
	if len(faults) == 0 {
		d.good("config", "everything in it can be served")
	}
	if online {
		d.providers(ctx, s)
	}
}

// sealedKeys checks that the master key opens every provider key.
func (d *doctor) sealedKeys(ctx context.Context, s *store.Store) {
	providers, err := s.Providers(ctx)
	if err != nil {
		d.bad("keys", "%v", err)
		return
	}
	total, broken := 0, 0
	for _, p := range providers {
		for _, k := range p.Keys {
			total++
			if k.Broken != "" {
				broken++
				d.bad("keys", "key %q of provider %q cannot be read: %s; enter it again", k.Name, p.Name, k.Broken)
			}
		}
	}
	if broken == 0 {
		d.good("keys", "the master key opens all %d provider keys", total)
	}
}

// providers calls every enabled provider with every enabled key.
func (d *doctor) providers(ctx context.Context, s *store.Store) {
	config, err := s.Config(ctx)
	if err != nil {
		d.bad("providers", "%v", err)
		return
	}
	gateway := proxy.New(proxy.Options{Now: d.p.now, Version: build().Version})
	defer gateway.Stop()
	for _, p := range config.Providers {
		if p.Disabled {
			continue
		}
		keys := p.Keys
		if len(keys) == 0 {
			keys = []proxy.Key{{Name: "none"}}
		}
		for _, k := range keys {
			if k.Disabled {
				continue
			}
			d.probe(ctx, gateway, p, k)
		}
	}
}

// probe makes one free call.
func (d *doctor) probe(ctx context.Context, g *proxy.Gateway, p proxy.Provider, k proxy.Key) {
	ctx, cancel := context.WithTimeout(ctx, doctorProbe)
	defer cancel()
	r := g.Probe(ctx, p, k)
	if !r.OK {
		d.bad("provider", "%s, key %s: %s", p.Name, k.Name, r.Message)
		return
	}
	d.good("provider", "%s, key %s: answers in %v, %d models", p.Name, k.Name, r.Latency.Round(time.Millisecond), len(r.Models))
}

// clock checks that the machine's time can be right: a wrong one breaks TLS,
// sessions and expiry dates.
func (d *doctor) clock() {
	now := d.p.now()
	if now.Before(releaseDay()) {
		d.bad("clock", "this machine says %s, which is before this program was made; set its clock", now.Format(time.DateTime))
		return
	}
	d.good("clock", "%s", now.UTC().Format(time.RFC3339))
}

// releaseDay is a day no correct clock shows any more.
func releaseDay() time.Time { return time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC) }

// tls checks the certificate.
func (d *doctor) tls(certFile, keyFile string) {
	if certFile == "" {
		certFile, keyFile = filepath.Join(d.dir, tlsFolder, "cert.pem"), filepath.Join(d.dir, tlsFolder, "key.pem")
		if _, err := os.Stat(certFile); err != nil {
			d.good("tls", "no certificate yet; \"posthouse serve\" makes one")
			return
		}
	}
	pair, err := readPair(certFile, keyFile)
	if err != nil {
		d.bad("tls", "%v", err)
		return
	}
	left := pair.Leaf.NotAfter.Sub(d.p.now())
	days := int(left.Hours() / 24)
	switch {
	case left <= 0:
		d.bad("tls", "the certificate %s has expired; replace it", certFile)
	case left < certRenewBefore && !isSelfMade(pair.Leaf):
		d.bad("tls", "the certificate %s expires in %d days; renew it", certFile, days)
	default:
		d.good("tls", "certificate good for %d days", days)
	}
}

// running checks the ports: those of the running instance must answer, else
// they must be free.
func (d *doctor) running(ctx context.Context, cmd *cli.Command) {
	if info, err := readRunInfo(d.dir); err == nil && isHeld(d.dir) {
		ctx, cancel := context.WithTimeout(ctx, healthTimeout)
		defer cancel()
		if err := askReady(ctx, info.ProxyHTTP); err != nil {
			d.bad("server", "runs (pid %d), but: %v", info.PID, err)
			return
		}
		d.good("server", "runs (pid %d) and is ready at %s", info.PID, info.ProxyHTTP)
		return
	}
	for _, door := range []struct{ bind, port string }{{"bind", "http-port"}, {"bind", "https-port"}, {"console-bind", "console-port"}} {
		l, err := openListener(ctx, cmd.String(door.bind), cmd.Int(door.port), door.port)
		if err != nil {
			d.bad("port", "%v", err)
			continue
		}
		_ = l.Close()
		d.good("port", "%d is free for --%s", cmd.Int(door.port), door.port)
	}
}

// isHeld reports whether a running instance holds the data folder; a run.json
// alone may be left over from one that was killed.
func isHeld(dir string) bool {
	release, err := store.LockDir(dir)
	if err == nil {
		release()
	}
	var inUse *store.InUseDirError
	return errors.As(err, &inUse)
}
