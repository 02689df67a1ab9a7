package lab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	keptCalls = 10_000
	keptBytes = 64 << 20
)

// Call is one call that the lab was sent. Times are of the machine's clock, so
// that differences between them are exact.
type Call struct {
	Seq        int64 // from 1
	Method     string
	Path       string // as sent, with the query
	Proto      string
	RemoteAddr string
	Header     http.Header // Host is in it too
	Body       []byte      // nil when it was dropped to bound the memory
	BodySize   int
	Provider   string // NAME of /p/NAME/v1
	Key        string // the credential
	Model      string
	Fault      string // the fault in force; empty: none
	Status     int    // sent; 0: none was
	Sent       int    // events of a stream that were written
	Start      time.Time
	End        time.Time // zero while it runs
	Gone       bool      // the client left before the end
	Billed     Billed    // what the answer used, were it sent whole
	GoneAt     time.Time
}

// Billed is what a vendor would bill an answer for, in tokens.
type Billed struct {
	Prompt int // cached or not
	Output int // reasoning included
}

// Wait blocks until done is true of the calls so far, and returns them. It asks
// again whenever a call begins, writes its first event, loses its client or
// ends. The error is the context's.
func (l *Lab) Wait(ctx context.Context, done func([]Call) bool) ([]Call, error) {
	for {
		changed := l.calls.watch()
		calls := l.calls.list()
		if done(calls) {
			return calls, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return calls, fmt.Errorf("wait for calls: %w", ctx.Err())
		}
	}
}

// ledger keeps the calls.
type ledger struct {
	mu      sync.Mutex
	seq     int64
	records []*record
	bytes   int
	oldest  int // index of the oldest record that may have a body
	changed chan struct{}
}

type record struct {
	ledger *ledger
	call   Call
}

func newLedger() *ledger { return &ledger{changed: make(chan struct{})} }

// touch tells those who wait. The caller holds the lock.
func (g *ledger) touch() {
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *ledger) watch() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

func (g *ledger) list() []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]Call, len(g.records))
	for i, r := range g.records {
		out[i] = r.call
	}
	return out
}

func (g *ledger) reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.records, g.bytes, g.oldest = nil, 0, 0
	g.touch()
}

// begin writes a call down. When it is to be forgotten, the record is not kept.
func (g *ledger) begin(r *http.Request, body []byte, forget bool) *record {
	header := r.Header.Clone()
	header.Set("Host", r.Host)
	rec := &record{ledger: g, call: Call{
		Method: r.Method, Path: r.URL.RequestURI(), Proto: r.Proto, RemoteAddr: r.RemoteAddr,
		Header: header, Body: body, BodySize: len(body), Start: time.Now(),
	}}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seq++
	rec.call.Seq = g.seq
	if forget {
		return rec
	}
	g.records = append(g.records, rec)
	g.bytes += len(body)
	g.bound()
	g.touch()
	return rec
}

// bound drops old bodies, then old calls.
func (g *ledger) bound() {
	for g.bytes > keptBytes && g.oldest < len(g.records)-1 {
		g.bytes -= len(g.records[g.oldest].call.Body)
		g.records[g.oldest].call.Body = nil
		g.oldest++
	}
	if extra := len(g.records) - keptCalls; extra > 0 {
		for _, r := range g.records[:extra] {
			g.bytes -= len(r.call.Body)
		}
		g.records = slices.Delete(g.records, 0, extra)
		g.oldest = max(0, g.oldest-extra)
	}
}

func (r *record) update(change func(*Call)) {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	change(&r.call)
}

func (r *record) tell(change func(*Call)) {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	change(&r.call)
	r.ledger.touch()
}

func (r *record) requestID() string { return fmt.Sprintf("req_lab_%d", r.call.Seq) }

func (r *record) identify(x *exchange) {
	r.tell(func(c *Call) {
		c.Provider, c.Key, c.Fault, c.Billed = x.provider, x.key, x.fault.behaviour.Name, x.billed
		if x.model != nil {
			c.Model = x.model.name
		}
	})
}

func (r *record) sent() {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	r.call.Sent++
	if r.call.Sent == 1 {
		r.ledger.touch()
	}
}

func (r *record) gone() {
	r.tell(func(c *Call) {
		if !c.Gone && c.End.IsZero() {
			c.Gone, c.GoneAt = true, time.Now()
		}
	})
}

// watch notes when the client leaves. The returned function ends the watch.
func (r *record) watch(ctx context.Context) func() bool { return context.AfterFunc(ctx, r.gone) }

// end closes the record. The context of a call that still runs ends only when
// the client has left, and the watch may not have come round to it yet.
func (r *record) end(ctx context.Context) {
	if ctx.Err() != nil {
		r.gone()
	}
	r.tell(func(c *Call) { c.End = time.Now() })
}
