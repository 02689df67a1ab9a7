package proxy

import (
	"context"
	"crypto/tls"
	"io"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// dialing is how long a new connection took. net/http dials in goroutines of
// its own, which may outlive the attempt: hence the atomics.
type dialing struct {
	began        time.Time
	connectBegun atomic.Int64 // ns since began
	connect      atomic.Int64 // ns
	tlsBegun     atomic.Int64
	tls          atomic.Int64
	reused       atomic.Bool
}

// watch has a request's connection timed, should one be opened for it.
func (d *dialing) watch(ctx context.Context) context.Context {
	d.began = time.Now()
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:           func(i httptrace.GotConnInfo) { d.reused.Store(i.Reused) },
		ConnectStart:      func(string, string) { d.connectBegun.CompareAndSwap(0, int64(time.Since(d.began))+1) },
		ConnectDone:       func(string, string, error) { d.connect.Store(int64(time.Since(d.began)) - d.connectBegun.Load()) },
		TLSHandshakeStart: func() { d.tlsBegun.Store(int64(time.Since(d.began))) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { d.tls.Store(int64(time.Since(d.began)) - d.tlsBegun.Load()) },
	})
}

// note puts what is known into the attempt's record. A connection that was
// dialled for this attempt but is not the one it went out on says nothing.
func (d *dialing) note(at *Attempt) {
	if at.Reused = d.reused.Load(); at.Reused {
		return
	}
	at.Connect, at.TLS = time.Duration(d.connect.Load()), time.Duration(d.tls.Load())
}

// received counts what comes from the vendor, and times its silences.
type received struct {
	io.ReadCloser
	at *Attempt
}

// Read implements io.Reader.
func (r *received) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := r.ReadCloser.Read(p)
	if r.at.BytesIn > 0 {
		r.at.Idle = max(r.at.Idle, time.Since(began))
	}
	r.at.BytesIn += int64(n)
	return n, err
}

// timing is the Server-Timing header (W3C): each attempt so far with what came
// of it, and how long the call has taken, in milliseconds.
func (c *call) timing() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := make([]byte, 0, 64*(len(c.tries)+1))
	dur := func(d time.Duration) { b = strconv.AppendFloat(append(b, ";dur="...), millis(d), 'f', 1, 64) }
	now := time.Since(c.began)
	for i, at := range c.tries {
		took, what := at.Duration, string(at.Class)
		if took == 0 { // under way
			took = now - at.Start
		}
		if what == "" {
			what = "ok"
		}
		b = strconv.AppendInt(append(b, "attempt-"...), int64(i+1), 10)
		dur(took)
		b = append(append(append(append(append(b, `;desc="`...), token(at.Provider)...), ' '), what...), `", `...)
	}
	b = append(b, "total"...)
	dur(now)
	return string(b)
}

// token writes a name so that it can stand within a quoted header value.
func token(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, s)
}

// vendorID is the id under which the vendor knows the attempt, for its support.
func vendorID(get func(string) string) string {
	for _, name := range []string{"X-Request-Id", "Request-Id", "X-Ds-Trace-Id", "X-Tt-Logid", "Apim-Request-Id", "Cf-Ray"} {
		if id := get(name); id != "" {
			return clip(strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return -1
				}
				return r
			}, id), 100)
		}
	}
	return ""
}
