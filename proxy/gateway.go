package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Options are what a Gateway needs besides its configuration.
type Options struct {
	Log      *slog.Logger     // of what goes wrong in the gateway; nil discards
	Calls    io.Writer        // a line of JSON a call, in one Write; nil: none
	Recorder Recorder         // told of every call; nil: nobody
	Now      func() time.Time // wall clock; nil is time.Now
	Version  string           // for the User-Agent sent to vendors
	Memory   Memory           // keeps answers of the Responses API; nil: none is kept
}

// Gateway is the data plane: an http.Handler that serves the proxy's door.
type Gateway struct {
	log       *slog.Logger
	calls     io.Writer
	recorder  Recorder
	now       func() time.Time
	agent     string
	protocols []*protocol.Protocol
	rows      map[*protocol.Protocol][]entry // callers' endpoints, by the dialect to look at first

	snapshot    atomic.Pointer[Snapshot]
	keyring     *keyring
	breakers    *breakers // by provider and model
	keyBreakers *breakers // by key and model
	absences    *absences
	loads       loads
	bonds       *bonds // of conversations
	held        *bonds // of answers that vendors keep
	injector    injector
	simulator   simulator
	stage       stage                                     // nil: attempts go to their vendors
	sleep       func(context.Context, time.Duration) bool // false: the context ended first
	transports  *transports
	watchdog    watchdog
	bodies      *bodies
	tokens      *tokens
	fetching    transportKey // connections by which media are fetched
	optionless  targets      // that refuse to be asked for counts
	counting    *counting
	memory      Memory
	running     running
	inFlight    atomic.Int64
	unready     atomic.Bool

	stopping context.Context
	stop     context.CancelCauseFunc
	loading  sync.Mutex
}

// errStopping is the cause by which running calls end when the process stops.
var errStopping = errors.New("the gateway is stopping")

// New makes a gateway that serves an empty configuration until Load.
func New(o Options) *Gateway {
	g := &Gateway{
		log: o.Log, calls: o.Calls, recorder: o.Recorder, now: o.Now, agent: "posthouse/" + o.Version,
		memory: o.Memory, protocols: dialects(), transports: newTransports(), bodies: newBodies(), rows: map[*protocol.Protocol][]entry{},
	}
	g.fetching.connect = defaultTimeouts.Connect
	for _, p := range g.protocols {
		g.rows[p] = rows(p, g.protocols)
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.now == nil {
		g.now = time.Now
	}
	if o.Version == "" {
		g.agent = "posthouse"
	}
	g.tokens = newTokens(g.now)
	g.keyring, g.breakers, g.keyBreakers, g.absences, g.sleep = newKeyring(g.now), newBreakers(g.now), newBreakers(g.now), newAbsences(g.now), sleep
	g.bonds, g.held, g.simulator.pace = newBonds(g.now, bondFor), newBonds(g.now, heldFor), 5*time.Millisecond
	g.injector.now, g.injector.forget = g.now, g.forget
	g.counting = newCounting()
	g.stopping, g.stop = context.WithCancelCause(context.Background())
	context.AfterFunc(g.stopping, g.running.stop)
	empty, _ := Compile(Config{})
	g.snapshot.Store(empty)
	return g
}

// Load puts a snapshot into service at once. Calls that run keep the snapshot
// they began with.
func (g *Gateway) Load(s *Snapshot) {
	g.loading.Lock()
	defer g.loading.Unlock()
	g.snapshot.Store(s)
	g.keyring.keep(s.keys)
	g.tokens.keep(s.keys)
}

// InFlight is the number of calls being served.
func (g *Gateway) InFlight() int { return int(g.inFlight.Load()) }

// SetReady says whether /readyz answers 200; a gateway begins ready.
func (g *Gateway) SetReady(ready bool) { g.unready.Store(!ready) }

// Stop ends the calls that still run: streams get an error event in their
// dialect, and new calls are refused. It waits for the tokens that are still to
// be counted, so that their records are made.
func (g *Gateway) Stop() {
	g.SetReady(false)
	g.stop(errStopping)
	g.counting.wait()
	g.transports.close()
	g.simulator.stop()
}

// KeyStates is the live state of every key that is not simply ok, by Key.ID.
func (g *Gateway) KeyStates() map[string]KeyState {
	return g.keyring.states(g.snapshot.Load().keys)
}

// OpenTargets lists the targets that are left alone for some seconds because
// they failed too often.
func (g *Gateway) OpenTargets() []TargetState { return g.breakers.open() }

// sleep waits, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Unbench puts a key back into rotation and reports whether it was out.
func (g *Gateway) Unbench(keyID string) bool {
	for _, k := range g.snapshot.Load().keys {
		if k.id == keyID {
			return g.keyring.release(k.live)
		}
	}
	return false
}

// ServeHTTP serves the proxy's door.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.health(w, r) {
		return
	}
	c := g.newCall(w, r)
	defer g.inFlight.Add(-1)
	defer func() {
		if p := recover(); p != nil {
			c.panicked(p)
		}
		c.finish()
		if c.abort {
			panic(http.ErrAbortHandler) // the only way to show the client that its answer is not whole
		}
	}()
	if n := g.inFlight.Add(1); n > int64(c.snap.limits.InFlight) {
		c.refuse(overloaded(c.snap.limits.InFlight))
		return
	}
	if err := c.serve(); err != nil {
		c.refuse(err)
	}
}

func overloaded(limit int) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusServiceUnavailable, Code: "overloaded", RetryAfter: time.Second,
		Message: fmt.Sprintf("The gateway is serving %d calls already, its limit (limits.in_flight in its settings). Try again in a moment.", limit),
	}
}

// health answers the two paths by which others ask whether to send calls here.
func (g *Gateway) health(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
		return false
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path == "/readyz" && (g.unready.Load() || g.stopping.Err() != nil) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "not ready\n")
		return true
	}
	_, _ = io.WriteString(w, "ok\n")
	return true
}

// panicked turns a fault of our own into an error for this call alone.
func (c *call) panicked(p any) {
	if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
		c.abort = true
		return
	}
	c.g.log.Error("panic while serving a call", "request_id", c.rec.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	c.refuse(&llm.Error{
		Class: llm.ClassInternal, Status: http.StatusInternalServerError, Code: "internal_error",
		Message: "The gateway failed on this request. Its log has more under the request id " + c.rec.ID + ".",
	})
}
