package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"

	"github.com/posthouse/posthouse/server"
	"github.com/posthouse/posthouse/web"
)

// openServer makes the console and puts it behind its door.
func (i *instance) openServer(context.Context) error {
	b := build()
	token := ""
	if i.setup != nil {
		token = i.setup.Token()
	}
	s, err := server.New(server.Options{
		Store: i.store, Gateway: i.gateway, Keys: i.keys, Log: i.log, Now: i.program.now,
		Version: b.Version, Commit: b.Commit,
		SetupToken: token, SetupDone: i.setupDone,
		DataDir:      i.options.dataDir,
		ProxyHTTP:    func() string { return localURL("http", i.proxyHTTP.listener.Addr()) },
		ProxyHTTPS:   func() string { return localURL("https", i.proxyHTTPS.listener.Addr()) },
		AllowedHosts: i.options.allowedHosts,
		Usage:        i.recorder,
		Unpriced:     i.observed.unpriced, Metrics: i.observed.metrics, Traces: i.observed.traces, Alerts: i.observed.alerts,
		Certificates: i.cert,
		Web:          web.Dist(),
	})
	if err != nil {
		return err
	}
	i.server = s
	i.console.server.Handler = boundConsole(i.unlessStopping(s.Handler()))
	return nil
}

// unlessStopping makes the console's /readyz say no while the proxy drains: it
// is the door that is still open then.
func (i *instance) unlessStopping(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" && !i.ready.Load() {
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// setupDone removes the setup token: its work is done.
func (i *instance) setupDone() {
	if i.setup != nil {
		i.logError("remove the setup token", i.setup.Remove())
	}
}

// leaveRunInfo writes run.json, which other commands find this instance by.
func (i *instance) leaveRunInfo(context.Context) error {
	dir := i.options.dataDir
	err := writeRunInfo(dir, runInfo{
		PID: os.Getpid(), Started: i.program.now().UTC(), Version: build().Version,
		ProxyHTTP: localURL("http", i.proxyHTTP.listener.Addr()),
		ProxyTLS:  localURL("https", i.proxyHTTPS.listener.Addr()),
		Console:   localURL("http", i.console.listener.Addr()),
	})
	if err != nil {
		return err
	}
	i.onClose(func() { _ = os.Remove(filepath.Join(dir, runFile)) })
	return nil
}
