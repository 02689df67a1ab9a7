package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server"
	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/usage"
)

// instance is a running Posthouse: everything serve opened, in the order it
// was opened. close takes it down in the reverse order, however far open came.
type instance struct {
	program *program
	options serveOptions
	out     *logOutput
	log     *slog.Logger
	drain   time.Duration
	hurried bool        // a second signal came: do not wait for anything
	ready   atomic.Bool // what /readyz says

	closers []func()

	keys     *auth.KeyRing
	store    *store.Store
	recorder *usage.Recorder
	observed observers
	gateway  *proxy.Gateway
	server   *server.Server
	cert     *certificate
	setup    *auth.SetupFile // nil: an admin exists

	demoURL    string // the built-in vendor's base URL; empty without --demo
	ports      struct{ http, https, console net.Listener }
	proxyHTTP  *door
	proxyHTTPS *door
	console    *door
	endConsole context.CancelFunc // ends console requests that stream
}

// onClose has f called by close, before what was opened earlier is closed.
func (i *instance) onClose(f func()) { i.closers = append(i.closers, f) }

// close takes down what was opened, last first.
func (i *instance) close() {
	for n := len(i.closers) - 1; n >= 0; n-- {
		i.closers[n]()
	}
	i.closers = nil
}

// open opens everything. The ports come first, since they are what most often
// cannot be had: a start that fails over one leaves no trace but the data
// folder and its lock. Nothing answers on them before all of it is there.
func (i *instance) open(ctx context.Context) error {
	steps := []func(context.Context) error{
		i.openFolder, i.takePorts, i.openProfiling, i.openStore, i.openGateway, i.openCertificate, i.openDoors,
		i.applyConfig, i.openDemo, i.openSetup, i.openServer, i.watch, i.leaveRunInfo,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openFolder makes the data folder and claims it for this process.
func (i *instance) openFolder(context.Context) error {
	if err := makeDataDir(i.options.dataDir); err != nil {
		return err
	}
	release, err := store.LockDir(i.options.dataDir)
	if err != nil {
		return err
	}
	i.onClose(release)
	return nil
}

// openStore opens the master key, the configuration and the records.
func (i *instance) openStore(ctx context.Context) error {
	p, dir := i.program, i.options.dataDir
	if err := store.CheckLost(dir); err != nil {
		return err // before a new master key is made beside it
	}
	keys, err := p.openKeys(dir, i.log)
	if err != nil {
		return err
	}
	i.keys = keys
	i.store, err = store.Open(ctx, store.Options{Dir: dir, Sealer: keys, Log: i.log, Now: p.now, Publish: i.publish})
	if err != nil {
		return err
	}
	i.onClose(func() { i.logError("close configuration", i.store.Close()) })
	records, err := store.OpenRecords(ctx, store.RecordsOptions{Dir: dir, Log: i.log, Now: p.now})
	if err != nil {
		return err
	}
	i.onClose(func() { i.logError("close records", records.Close()) })
	i.recorder = usage.New(records, usage.Options{Log: i.log, Now: p.now, Retention: i.retention})
	i.onClose(i.flush)
	return nil
}

// retention is how long records are kept.
func (i *instance) retention(ctx context.Context) (store.Retention, error) {
	s, err := i.store.RecordSettings(ctx)
	return s.Retention(), err
}

// flush writes the records that still wait.
func (i *instance) flush() {
	grace := flushGrace
	if i.hurried {
		grace = flushHurry
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	i.logError("flush records", i.recorder.Close(ctx))
}

// publish puts a new snapshot into service; the store calls it after a commit.
func (i *instance) publish(s *proxy.Snapshot) {
	if i.gateway != nil {
		i.gateway.Load(s)
	}
}

// keptBytes bounds the answers of the Responses API that are kept in memory.
const keptBytes = 64 << 20

// openGateway makes the data plane and loads the stored configuration into it.
// Items that cannot be served are named in the log and left out.
func (i *instance) openGateway(ctx context.Context) error {
	i.observe()
	o := proxy.Options{Log: i.log, Calls: i.out.calls, Recorder: i.observed, Now: i.program.now, Version: build().Version}
	if i.options.keep > 0 {
		o.Memory = proxy.NewShortMemory(keptBytes, i.options.keep, i.program.now)
	}
	i.gateway = proxy.New(o)
	i.setReady(false)
	i.onClose(i.gateway.Stop)
	snapshot, faults, err := i.store.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, f := range faults {
		i.log.Warn("configuration item left out", "kind", f.Kind, "name", f.Name, "field", f.Field, "reason", f.Message)
	}
	i.gateway.Load(snapshot)
	return nil
}

// applyConfig applies the --config document, all of it or nothing.
func (i *instance) applyConfig(ctx context.Context) error {
	file := i.options.config
	if file == "" {
		return nil
	}
	doc, err := readConfig(file)
	if err != nil {
		return err
	}
	plan, err := server.Apply(ctx, i.store, doc, server.ApplyOptions{
		Actor: store.Actor{Name: file, Via: "file"}, Env: i.program.env,
	})
	if err != nil {
		return fmt.Errorf("--config %s: %w", file, err)
	}
	i.log.Info("configuration applied", "file", file, "changes", len(plan.Changes))
	return nil
}

// openCertificate loads or makes the TLS certificate.
func (i *instance) openCertificate(context.Context) error {
	o := i.options
	cert, err := openCertificate(o.dataDir, o.tlsCert, o.tlsKey, i.log, i.program.now)
	i.cert = cert
	return err
}

// takePorts takes the three ports; nothing is answered on them yet.
func (i *instance) takePorts(ctx context.Context) error {
	o := i.options
	var err error
	if i.ports.http, err = i.listen(ctx, o.bind, o.httpPort, "http-port"); err != nil {
		return err
	}
	if i.ports.https, err = i.listen(ctx, o.bind, o.httpsPort, "https-port"); err != nil {
		return err
	}
	i.ports.console, err = i.listen(ctx, o.consoleBind, o.consolePort, "console-port")
	return err
}

// openDoors puts the servers behind the ports.
func (i *instance) openDoors(context.Context) error {
	i.proxyHTTP = newDoor("proxy", i.ports.http, i.gateway, i.log)
	// HTTP/2 without TLS, for proxies in front of us that know it.
	i.proxyHTTP.server.Protocols.SetUnencryptedHTTP2(true)
	i.proxyHTTPS = newDoor("proxy-tls", i.ports.https, i.gateway, i.log).withTLS(i.cert.get)
	i.console = newDoor("console", i.ports.console, http.NotFoundHandler(), i.log)
	base, cancel := context.WithCancel(context.Background())
	i.endConsole = cancel
	i.onClose(cancel)
	i.console.server.BaseContext = func(net.Listener) context.Context { return base }
	return nil
}

// listen opens a listener that is closed with the instance.
func (i *instance) listen(ctx context.Context, bind string, port int, flag string) (net.Listener, error) {
	l, err := openListener(ctx, bind, port, flag)
	if err != nil {
		return nil, err
	}
	// A server that serves closes it first; closing again is harmless.
	i.onClose(func() { _ = l.Close() })
	return l, nil
}

// openSetup makes the one-time token by which the first admin is created. Once
// there is an admin, a token left over is removed.
func (i *instance) openSetup(ctx context.Context) error {
	file := filepath.Join(i.options.dataDir, setupTokenFile)
	admins, err := i.store.Admins(ctx)
	if err != nil {
		return err
	}
	if len(admins) > 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove %s, which is no longer needed: %w", file, err)
		}
		return nil
	}
	i.setup, err = auth.OpenSetupFile(file)
	return err
}

// proxyDoors are the doors that calls come through.
func (i *instance) proxyDoors() []*door { return []*door{i.proxyHTTP, i.proxyHTTPS} }

// setReady says what /readyz answers, on every door.
func (i *instance) setReady(ready bool) {
	i.ready.Store(ready)
	i.gateway.SetReady(ready)
}

// run serves until ctx ends, a signal asks to stop or a door fails.
func (i *instance) run(ctx context.Context, signals <-chan os.Signal) error {
	doors := append(i.proxyDoors(), i.console)
	failed := make(chan error, len(doors))
	for _, d := range doors {
		go func() {
			if err := d.serve(); err != nil {
				failed <- err
			}
		}()
	}
	i.setReady(true)
	i.log.Info("serving", "http", i.proxyHTTP.listener.Addr().String(), "https", i.proxyHTTPS.listener.Addr().String(),
		"console", i.console.listener.Addr().String(), "data_dir", i.options.dataDir, "version", build().Version)
	i.announce(ctx)
	for {
		select {
		case <-ctx.Done():
			i.stop(signals)
			return nil
		case err := <-failed:
			i.stop(signals)
			return err
		case s := <-signals:
			if s == syscall.SIGHUP {
				i.reload()
				continue
			}
			i.stop(signals)
			return nil
		}
	}
}

// reload is what SIGHUP does: the certificate and the log file anew.
func (i *instance) reload() {
	i.logError("reopen log", i.out.reopen())
	i.cert.reload()
	i.log.Info("reloaded: certificate and log file")
}

// logError logs an error of something that ends anyway.
func (i *instance) logError(what string, err error) {
	if err != nil {
		i.log.Error(what, "error", err)
	}
}
