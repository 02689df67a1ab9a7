package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Limits of every door. They are those of the big proxies: see
// docs/decisions for the table they come from.
const (
	readHeaderTimeout = 10 * time.Second
	maxHeaderBytes    = 16 << 10
	idleTimeout       = 120 * time.Second
	h2PingAfter       = 15 * time.Second // of silence on an HTTP/2 connection
	h2PingTimeout     = 5 * time.Second
	// consoleTimeout bounds one ordinary console request, reading and writing.
	consoleTimeout = 60 * time.Second
)

// door is one listener and the server behind it.
type door struct {
	name     string // for logs: "proxy", "proxy-tls", "console"
	listener net.Listener
	server   *http.Server
}

// openListener listens on an interface and port. flag is the one to change
// when that fails.
func openListener(ctx context.Context, bind string, port int, flag string) (net.Listener, error) {
	host, err := bindHost(bind)
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d is taken by another program; stop it or choose another port with --%s", port, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %d needs more rights than this user has; choose one above 1023 with --%s", port, flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("address %s is not one of this machine's; correct --bind or --console-bind", host)
	}
	return nil, fmt.Errorf("listen on %s (--%s): %w", addr, flag, err)
}

// bindHost is the listening host for a --bind value. 0.0.0.0 means every
// interface, IPv6 included, which is what people mean by it.
func bindHost(bind string) (string, error) {
	bind = strings.Trim(bind, "[]")
	switch bind {
	case "", "*", "0.0.0.0", "::":
		return "", nil
	case "localhost":
		return "127.0.0.1", nil
	}
	if net.ParseIP(bind) == nil {
		return "", usageError("bind address %q is not an IP address; use 0.0.0.0 for all interfaces, 127.0.0.1 for this machine only", bind)
	}
	return bind, nil
}

// isLoopback reports whether a listener is reachable from this machine only.
func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// newDoor puts a server behind a listener. There is no write timeout: an
// answer may stream for an hour, and whoever writes bounds each write.
func newDoor(name string, l net.Listener, h http.Handler, log *slog.Logger) *door {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		IdleTimeout:       idleTimeout,
		ErrorLog:          errorLog(log, name),
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: h2PingAfter, PingTimeout: h2PingTimeout},
	}
	return &door{name: name, listener: l, server: server}
}

// withTLS makes the door speak TLS 1.2 or newer, and HTTP/2.
func (d *door) withTLS(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *door {
	d.server.Protocols.SetHTTP2(true)
	d.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get}
	return d
}

// serve serves until the server is shut down; any other end is an error.
func (d *door) serve() error {
	var err error
	if d.server.TLSConfig != nil {
		err = d.server.ServeTLS(d.listener, "", "")
	} else {
		err = d.server.Serve(d.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s door: %w", d.name, err)
}

// boundConsole puts a deadline on reading and writing of console requests, so
// that a client that stalls does not hold a connection for ever. Event streams
// and downloads set their own.
func boundConsole(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		deadline := time.Now().Add(consoleTimeout) // the kernel's clock, not an injected one
		if isLong(r) {
			deadline = time.Time{}
		}
		rc := http.NewResponseController(w)
		// A writer without deadlines (in tests) is served without.
		_ = rc.SetWriteDeadline(deadline)
		h.ServeHTTP(w, r)
	})
}

// isLong reports whether a console request may take longer than the rest.
func isLong(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream") || r.URL.Path == "/api/backup"
}
