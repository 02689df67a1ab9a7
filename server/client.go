package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// client is what is known about the other end of a request, whoever it is.
type client struct {
	RequestID string
	IP        string // of the socket: no header is believed
	Here      bool   // on this machine, and nothing says that it speaks for another
	HTTPS     bool
	UserAgent string
	who       *identity // set once known; for the log line
}

type clientKey struct{}

// clientFrom is the client of the request a context belongs to.
func clientFrom(ctx context.Context) *client {
	if c, ok := ctx.Value(clientKey{}).(*client); ok {
		return c
	}
	return &client{}
}

// newClient reads a request's socket and headers.
func newClient(r *http.Request) *client {
	c := &client{RequestID: "req_" + strings.ToLower(rand.Text()), HTTPS: r.TLS != nil, UserAgent: bounded(r.UserAgent(), 256)}
	// A proxy in front that says https can only make the cookie stricter.
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		c.HTTPS = true
	}
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return c
	}
	ip := addr.Addr().Unmap().WithZone("")
	c.IP, c.Here = ip.String(), ip.IsLoopback() && !proxy.Forwarded(r.Header)
	return c
}

// account gives every request an id and every answer a log line. Neither query
// nor headers are logged.
func (s *Server) account(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := newClient(r)
		w.Header().Set("X-Request-Id", c.RequestID)
		start := time.Now()
		out := &answer{ResponseWriter: w}
		defer func() {
			name := ""
			if c.who != nil {
				name = c.who.Name
			}
			s.log.LogAttrs(r.Context(), levelOf(out.status, r.URL.Path), "console request", attrs(c, r, out.status, time.Since(start), name)...)
		}()
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), clientKey{}, c)))
	})
}

// answer remembers the status for the log line.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush lets gin's writer flush through.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// recover turns a panic into a 500 of its own request. An abort stays an
// abort: it is how a broken answer is kept from looking whole.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			if r.Context().Err() != nil { // the client left while it was being answered
				panic(http.ErrAbortHandler)
			}
			id := clientFrom(r.Context()).RequestID
			s.log.ErrorContext(r.Context(), "console request panicked", "request_id", id, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			if a, ok := w.(*answer); ok && a.status != 0 {
				panic(http.ErrAbortHandler)
			}
			writeProblem(w, problem(http.StatusInternalServerError, "internal", "something went wrong here; the log has more under the request id %s", id))
		}()
		next.ServeHTTP(w, r)
	})
}
