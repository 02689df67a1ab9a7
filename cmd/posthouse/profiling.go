package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof" //nolint:gosec // G108: what it puts into the default mux is served nowhere; ours is a mux of its own on a loopback door
	"strings"
	"time"
)

// checkProfiling refuses an address for the profiling door that others could
// reach: a profile shows memory, and with it keys and prompts.
func checkProfiling(addr string) error {
	if addr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usageError("--pprof %q is no address; write one such as 127.0.0.1:6060", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usageError("--pprof %s can be reached from other machines, and a profile shows what is in memory; use 127.0.0.1 or [::1]", addr)
	}
	return nil
}

// openProfiling opens the profiling door, if one is asked for.
func (i *instance) openProfiling(ctx context.Context) error {
	addr := i.options.pprof
	if addr == "" {
		return nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("--pprof: %w", err)
	}
	server := &http.Server{Handler: profilingHandler(), ReadHeaderTimeout: readHeaderTimeout, ErrorLog: errorLog(i.log, "pprof")}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			i.logError("profiling door", err)
		}
	}()
	i.onClose(func() { i.logError("close profiling door", server.Close()) })
	i.log.Warn("profiling is on: whoever can log in to this machine can read what is in memory", "url", "http://"+l.Addr().String()+"/debug/pprof/")
	return nil
}

// profilingHandler serves the profiles to local programs, not to web pages
// that a browser on this machine shows: those come under another host name or
// with an origin.
func profilingHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		ip := net.ParseIP(strings.Trim(host, "[]"))
		if r.Header.Get("Origin") != "" || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "only for programs on this machine", http.StatusForbidden)
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a profile takes as long as was asked for
		mux.ServeHTTP(w, r)
	})
}
