package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

// Pool is connections that are kept open between requests. Its fields must not
// change once it is used.
type Pool struct {
	// Dial opens connections.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is what TLS connections start from; nil is the defaults.
	TLS *tls.Config
	// Handshake bounds a TLS handshake; 0 does not.
	Handshake time.Duration
	// IdleFor is how long a connection without a request is kept.
	IdleFor time.Duration
	// IdlePerHost is how many of them are kept for one host.
	IdlePerHost int
	// HeaderBytes bounds the head of an answer.
	HeaderBytes int64

	mu    sync.RWMutex
	hosts map[hostKey]*host
	sweep *time.Timer
	runs  bool // the sweep is set
}

type hostKey struct{ scheme, host string }

// host is the idle connections to one place, the latest used last.
type host struct {
	mu   sync.Mutex
	idle []*conn
}

// errHandshake is a TLS handshake that took too long.
var errHandshake = errors.New("the TLS handshake took too long")

// Fits reports whether a request is one that this package does. A request that
// goes through a proxy is not.
func Fits(r *http.Request) bool {
	switch {
	case r.URL.Scheme != "http" && r.URL.Scheme != "https", r.URL.Host == "", !plainHost(r.URL.Host), !plainHost(r.Host):
		return false
	case r.Close, len(r.TransferEncoding) > 0, len(r.Trailer) > 0, r.Method == http.MethodHead, r.Method == http.MethodConnect:
		return false
	case r.Body != nil && r.Body != http.NoBody && r.ContentLength <= 0:
		return false
	}
	return r.Header["Expect"] == nil && r.Header["Upgrade"] == nil && r.Header["Connection"] == nil
}

// plainHost reports whether a host needs no rewriting: no letters beyond
// ASCII, no IPv6 zone.
func plainHost(host string) bool {
	for i := range len(host) {
		if c := host[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '@' || c == '/' {
			return false
		}
	}
	return true
}

// RoundTrip implements http.RoundTripper for requests that fit.
func (p *Pool) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, _, err := p.Do(r, nil)
	return resp, err
}

// Do sends a request and reads the head of its answer. Watch, if there is one,
// is given the context of a new connection's dialling, to have it traced
// (net/http/httptrace); reused says that there was none. The answer's body must
// be read to its end, or closed. When the request's context ends before that,
// the connection is closed.
func (p *Pool) Do(r *http.Request, watch func(context.Context) context.Context) (resp *http.Response, reused bool, err error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		closeBody(r)
		return nil, false, err
	}
	h := p.host(hostKey{r.URL.Scheme, r.URL.Host})
	c := h.take(p.IdleFor)
	reused = c != nil
	if !reused {
		if watch != nil {
			ctx = watch(ctx)
		}
		if c, err = p.open(ctx, r.URL); err != nil {
			closeBody(r)
			return nil, false, err
		}
		c.pool, c.host = p, h
	}
	resp, err = c.roundTrip(r)
	return resp, reused, err
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // a RoundTripper always closes it
	}
}

func (p *Pool) host(k hostKey) *host {
	p.mu.RLock()
	h := p.hosts[k]
	p.mu.RUnlock()
	if h != nil {
		return h
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if h = p.hosts[k]; h != nil {
		return h
	}
	if p.hosts == nil {
		p.hosts = map[hostKey]*host{}
	}
	h = &host{}
	p.hosts[k] = h
	return h
}

// open makes a new connection.
func (p *Pool) open(ctx context.Context, u *url.URL) (*conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	nc, err := p.Dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	c := newConn(nc, p.HeaderBytes)
	if u.Scheme == "http" {
		return c, nil
	}
	secure, err := p.secure(ctx, nc, u.Hostname())
	if err != nil {
		_ = nc.Close() // the handshake's error says it all
		return nil, err
	}
	c.use(secure)
	return c, nil
}

// secure does the TLS handshake.
func (p *Pool) secure(ctx context.Context, nc net.Conn, name string) (net.Conn, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.TLS != nil {
		conf = p.TLS.Clone()
	}
	if conf.ServerName == "" {
		conf.ServerName = name
	}
	conf.NextProtos = []string{"http/1.1"}
	if p.Handshake > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, p.Handshake, errHandshake)
		defer cancel()
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	c := tls.Client(nc, conf)
	err := c.HandshakeContext(ctx)
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(c.ConnectionState(), err)
	}
	if err != nil && errors.Is(context.Cause(ctx), errHandshake) {
		return nil, errHandshake
	}
	if err != nil {
		return nil, err // TLS errors are told apart by their type, and say what they are
	}
	return c, nil
}

// take takes out the connection that was used last, if it still stands. Those
// that don't are closed.
func (h *host) take(idleFor time.Duration) *conn {
	for {
		h.mu.Lock()
		n := len(h.idle)
		if n == 0 {
			h.mu.Unlock()
			return nil
		}
		c := h.idle[n-1]
		h.idle[n-1] = nil
		h.idle = h.idle[:n-1]
		h.mu.Unlock()
		if time.Since(c.idleSince) < idleFor && c.stands() {
			return c
		}
		c.close()
	}
}

// put keeps a connection for the next request.
func (p *Pool) put(c *conn) {
	c.idleSince = time.Now()
	h := c.host
	h.mu.Lock()
	full := len(h.idle) >= p.IdlePerHost
	if !full {
		h.idle = append(h.idle, c)
	}
	h.mu.Unlock()
	if full {
		c.close()
		return
	}
	p.mu.RLock()
	runs := p.runs
	p.mu.RUnlock()
	if !runs {
		p.startSweep()
	}
}

func (p *Pool) startSweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs {
		return
	}
	p.runs = true
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.IdleFor, p.swept)
		return
	}
	p.sweep.Reset(p.IdleFor)
}

// swept closes connections that were idle for too long. It comes again while
// there are any.
func (p *Pool) swept() {
	p.mu.Lock()
	p.runs = false
	p.mu.Unlock()
	if p.prune(func(c *conn) bool { return time.Since(c.idleSince) >= p.IdleFor }) > 0 {
		p.startSweep()
	}
}

// CloseIdleConnections closes the connections without a request.
func (p *Pool) CloseIdleConnections() {
	p.prune(func(*conn) bool { return true })
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sweep != nil && p.sweep.Stop() {
		p.runs = false
	}
}

// prune closes idle connections, and returns how many are left.
func (p *Pool) prune(goes func(*conn) bool) (left int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, h := range p.hosts {
		h.mu.Lock()
		kept := h.idle[:0]
		for _, c := range h.idle {
			if goes(c) {
				c.close()
			} else {
				kept = append(kept, c)
			}
		}
		clear(h.idle[len(kept):])
		h.idle = kept
		left += len(kept)
		h.mu.Unlock()
	}
	return left
}
