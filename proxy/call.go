package proxy

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// call is one client request on its way through the gateway.
type call struct {
	g      *Gateway
	snap   *Snapshot
	out    *out
	r      *http.Request
	ctx    context.Context
	cancel context.CancelCauseFunc
	began  time.Time // monotonic

	dialect  *protocol.Protocol // the caller's, guessed until the endpoint is found
	entry    entry
	query    url.Values
	body     []byte
	held     int64 // bytes of memory that it was granted
	unread   bool  // some of it may still come
	peek     peeked
	memo     remembered // of a request whose answer may be kept
	consumer *consumer
	way      way

	total     time.Duration // the call's whole time
	spared    *candidate    // the first target that was left alone although it could be asked
	talk      conversation  // by which its target and key are remembered
	asks      *llm.Request  // in the canonical form, once somebody needed it; guarded by mu
	asksNot   *llm.Error    // why it can't be; likewise
	holdsSeal *bool         // likewise
	fetched   fetched       // media that vendors don't fetch themselves
	tale      *tale         // the answer so far, where it was translated
	sent      sent          // what the client has of a stream
	leaving

	mu    sync.Mutex // guards tries, uncounted, tellers and rec.Skipped while two targets are asked side by side
	tries []*Attempt // in the order of their starts; account puts them into rec

	uncounted []uncounted // attempts that no vendor counted
	tellers   []*Attempt  // whose words the answer is made of, in order

	unwatch   func() bool // ends the watch on the client's connection
	rec       Record
	committed bool // content was passed on, or the call refused
	abort     bool // the connection must break, so that the client sees that the answer is not whole
}

func (g *Gateway) newCall(w http.ResponseWriter, r *http.Request) *call {
	c := &call{g: g, snap: g.snapshot.Load(), out: newOut(w), r: r, began: time.Now()}
	c.ctx, c.cancel = context.WithCancelCause(context.WithoutCancel(r.Context()))
	c.unwatch = context.AfterFunc(r.Context(), c.clientLeft)
	c.dialect = g.dialectOf(r)
	now := g.now()
	c.rec = Record{ID: newRequestID(now), Start: now, ClientIP: clientIP(r), Method: r.Method, Path: r.URL.Path, Dialect: c.dialect.Name}
	w.Header().Set("X-Request-Id", c.rec.ID)
	if c.snap.tracing != nil {
		c.rec.Trace = newTrace(r.Header.Get(traceHeader), c.snap.tracing.Sample)
	}
	return c
}

// serve takes the call through its stages; what it returns is told to the
// client, if nothing was yet.
func (c *call) serve() *llm.Error {
	if !c.g.running.enter(c) {
		return shutdownError()
	}
	defer c.g.running.leave(c)
	if err := c.accept(); err != nil {
		return err
	}
	if c.entry.endpoint.Op == llm.OpModels {
		return c.serveModels()
	}
	if served, err := c.serveMemo(); served {
		return err
	}
	if err := c.read(); err != nil {
		return err
	}
	if err := c.recall(); err != nil {
		return err
	}
	if err := c.choose(); err != nil {
		return err
	}
	c.total = c.snap.timeouts.Total
	if c.way.route != nil {
		c.total = c.way.route.timeouts.over(c.snap.timeouts).Total
	}
	if c.total <= 0 {
		c.total = math.MaxInt64 // switched off
	}
	whole := c.g.watchdog.clock(c.cancel)
	whole.set(llm.ClassTotalTimeout, c.total)
	defer whole.stop()
	if c.way.route != nil {
		c.drain.Store(c.way.route.drain)
	}
	c.g.endInjections()
	plan := c.plan()
	if c.peek.stream {
		c.startPings()
		c.follow(len(plan))
	}
	if err := c.understand(plan); err != nil {
		return err
	}
	return c.walk(plan)
}

// startPings keeps a silent stream's connection alive from here on.
func (c *call) startPings() {
	every := pingAfter
	if c.way.route != nil && c.way.route.ping != 0 {
		every = c.way.route.ping
	}
	if every > 0 && c.entry.endpoint.Answer.Content != nil {
		c.out.ping(every, c.entry.endpoint.Answer.Ping, c.array())
	}
}

// accept finds out what is asked for, and who asks.
func (c *call) accept() *llm.Error {
	var err *llm.Error
	if c.entry, err = c.g.accept(c.dialect, c.r); err != nil {
		return err
	}
	c.dialect = c.entry.protocol
	c.rec.Dialect = c.dialect.Name
	c.rec.Op = c.entry.endpoint.Op
	c.query = c.r.URL.Query()
	if c.consumer, err = c.snap.identify(c.r, c.query, c.g.now()); err != nil {
		return err
	}
	if name, ok := c.r.Context().Value(trustedKey{}).(string); ok {
		c.rec.Consumer = name
	}
	if c.consumer != nil {
		c.rec.Consumer, c.rec.ConsumerID = c.consumer.name, c.consumer.id
	}
	return nil
}

// read takes the body and looks into it.
func (c *call) read() *llm.Error {
	var err *llm.Error
	if c.body, err = readBody(c.out.w, c.r, c.snap.limits.BodyBytes, c.hold); err != nil {
		c.unread = true
		return err
	}
	c.rec.RequestLen = int64(len(c.body))
	boundary, form := formBoundary(c.r)
	switch {
	case form && c.entry.endpoint.Form:
		c.peek, err = peekForm(c.body, boundary)
	case len(c.body) > 0 || c.entry.endpoint.Op != llm.OpPass:
		c.peek, err = peekJSON(c.body)
	default:
		c.peek, err = peekQuery(c.query)
	}
	if err != nil {
		return err
	}
	if c.entry.model != "" {
		c.peek.model, c.peek.named = c.entry.model, true
		if err = checkModel(c.entry.model); err != nil {
			return err
		}
	}
	c.peek.stream = c.peek.stream && c.entry.model == "" || c.entry.endpoint.Stream
	c.rec.Asked, c.rec.Stream = c.peek.model, c.peek.stream
	return nil
}

// hold asks for memory for the body.
func (c *call) hold(more int) bool {
	if !c.g.bodies.hold(c.held, int64(more)) {
		return false
	}
	c.held += int64(more)
	return true
}

// choose decides which way the call goes.
func (c *call) choose() *llm.Error {
	if !c.peek.named {
		return c.chooseByHeader()
	}
	if !c.consumer.mayAsk(c.peek.model) {
		return &llm.Error{
			Class: llm.ClassDenied, Status: http.StatusForbidden, Code: "model_not_allowed", Param: "model",
			Message: fmt.Sprintf("This API key may not ask for the model %q. It may ask for: %s.", c.peek.model, strings.Join(c.consumer.models, ", ")),
		}
	}
	var err *llm.Error
	c.way, err = c.snap.find(question(c.r, c.query, c.peek.model, c.consumer), c.entry.before, c.consumer)
	if c.way.route != nil {
		c.rec.Route = c.way.route.name
	}
	c.startTape()
	return err
}

// providerHeader names the provider for requests that name no model, such as
// listing files.
const providerHeader = "X-Posthouse-Provider"

func (c *call) chooseByHeader() *llm.Error {
	name := c.r.Header.Get(providerHeader)
	missing := &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusBadRequest, Code: "missing_required_parameter", Param: "model",
		Message: `The request names no model. Set "model", so that it can be routed.`,
	}
	if c.entry.endpoint.Op != llm.OpPass {
		return missing
	}
	if c.consumer != nil && (len(c.consumer.models) > 0 || c.consumer.routes != nil) {
		missing.Message = `The request names no model, and this API key is limited to certain models or routes. Set "model".`
		return missing
	}
	p := c.snap.byName[name]
	if p == nil {
		missing.Message = fmt.Sprintf(`The request names no model. Set "model", or the header %s to one of: %s.`, providerHeader, strings.Join(c.providerNames(), ", "))
		return missing
	}
	c.way = way{reason: "the header names the provider", steps: []step{{targets: []target{{provider: p, name: p.name, weight: 1}}}}}
	return nil
}

func (c *call) providerNames() []string {
	var list []string
	for _, p := range c.snap.providers {
		list = append(list, p.name)
	}
	slices.Sort(list)
	return list
}

func shutdownError() *llm.Error {
	return &llm.Error{
		Class: llm.ClassShutdown, Status: http.StatusServiceUnavailable, Code: "shutting_down", RetryAfter: time.Second,
		Message: "The gateway is stopping. Try again in a moment.",
	}
}
