package proxy

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxAttempts bounds how often one call is sent to vendors, over all targets
// and keys; retries leave enough of it for the targets that are still to come.
const maxAttempts = 16

// maxErrorBody bounds how much of a vendor's error answer is read, in bytes.
const maxErrorBody = 64 << 10

// failure is why one target did not serve, for the caller's error message.
type failure struct {
	provider string
	err      *llm.Error
	skipped  bool // it was not even asked
}

// walk tries the plan's targets in order until one serves. When the breakers
// leave none to ask, the first of them is asked all the same, once: a target
// is never given up for good.
func (c *call) walk(plan []candidate) *llm.Error {
	failed, served := c.pass(plan)
	if served {
		return nil
	}
	if len(c.rec.Attempts) == 0 && c.ctx.Err() == nil {
		for i := range plan {
			if plan[i].provider != nil && c.g.breakers.isOpen(plan[i].breaker()) {
				c.onward = false
				if failed, served = c.tryTarget(&plan[i], true); served {
					return nil
				}
				break
			}
		}
	}
	if c.sent.failure != nil {
		e := *c.sent.failure // what came after it was only the attempt to mend it
		told(&e, e.Vendor)
		return &e
	}
	return conclude(failed)
}

// pass goes through the plan once. What moves it on from one target to the
// next is the triggers of the step to be entered.
func (c *call) pass(plan []candidate) (failed []failure, served bool) {
	var last *llm.Error // of the last attempt that was made
	for i := range plan {
		cand := &plan[i]
		if last != nil && !c.enters(cand, last) {
			break
		}
		c.onward, c.left = i+1 < len(plan), len(plan)-i-1
		why, probe := c.skip(cand)
		if why != nil {
			failed = append(failed, c.skipped(cand, why))
			continue
		}
		tries, served := c.tryTarget(cand, probe)
		if served {
			return nil, true
		}
		for _, f := range tries {
			if failed = append(failed, f); !f.skipped {
				last = f.err
			}
		}
		if c.over() {
			break
		}
	}
	return failed, false
}

// over reports whether nothing more may be tried: the call has ended, its
// attempts are used up, or its answer can't be taken over by another target.
func (c *call) over() bool {
	return c.committed && !c.sent.rescuable() || c.ctx.Err() != nil || len(c.rec.Attempts) >= maxAttempts
}

// enters reports whether a failure leads on to this candidate.
func (c *call) enters(cand *candidate, last *llm.Error) bool {
	if c.action(last.Class) == ActGiveUp {
		return false
	}
	if c.way.route != nil && c.way.route.onward[last.Class] {
		return true
	}
	return cand.on.fire(last.Class, c.rec.Attempts[len(c.rec.Attempts)-1].Status)
}

func (c *call) action(class llm.Class) Action {
	if c.way.route != nil {
		return c.way.route.actions[class]
	}
	return c.snap.defaultActions[class]
}

// skip says why a candidate is not even asked, or nothing if it is; probe says
// that it is asked once, to find out whether it is back.
func (c *call) skip(cand *candidate) (why *llm.Error, probe bool) {
	if cand.provider == nil {
		return unavailable(cand.name + " is switched off or at fault"), false
	}
	allowed, probe := c.g.breakers.allow(cand.breaker())
	if !allowed {
		return &llm.Error{
			Class: llm.ClassUnavailable, Status: http.StatusServiceUnavailable, RetryAfter: breakProbe,
			Message: cand.name + "/" + cand.model + " failed too often just now and is left alone for some seconds",
		}, false
	}
	return nil, probe
}

// skipped notes a target that is not even asked.
func (c *call) skipped(cand *candidate, why *llm.Error) failure {
	c.rec.Skipped = append(c.rec.Skipped, Skip{cand.name, cand.model, why.Message})
	return failure{cand.name, why, true}
}

// tryTarget tries one target until it serves, or what its failures call for
// (another key, a pause) is used up. once allows a single attempt.
func (c *call) tryTarget(cand *candidate, once bool) (failed []failure, served bool) {
	tried := map[string]bool{}
	retries, waited := 0, false
	for range maxOnTarget {
		k, wait, why := c.g.keyring.pick(cand.provider.keys, tried)
		if k == nil && !cand.provider.keyless {
			if len(failed) == 0 {
				failed = append(failed, c.skipped(cand, noKey(cand.provider, wait, why)))
			}
			return failed, false
		}
		resuming := c.resuming()
		err := c.attempt(cand, k)
		if err == nil { // commit told the keyring already
			c.rescued(resuming, cand)
			return nil, true
		}
		c.g.keyring.observe(k, err)
		failed = append(failed, failure{provider: cand.name, err: err})
		switch {
		case once, c.over():
			return failed, false
		case c.committed && !resuming:
			return failed, false // it broke off under way: whoever goes on, it is not this one
		case resuming && err.Class == llm.ClassBadRequest && !c.sent.restart:
			c.sent.restart = true // it takes no unfinished message
			continue
		}
		switch c.action(err.Class) {
		case ActRetry:
			if retries == maxRetries || len(c.rec.Attempts)+c.left >= maxAttempts || c.g.breakers.isOpen(cand.breaker()) || !c.g.sleep(c.ctx, pause(retries)) {
				return failed, false
			}
			retries++
		case ActNextKey:
			if k == nil {
				return failed, false
			}
			if !waited && c.sitsOut(cand, err, tried, k) {
				waited = true
				continue
			}
			tried[k.live] = true
		default:
			return failed, false
		}
	}
	return failed, false
}

// sitsOut waits for a short Retry-After where no other key of the provider is
// free: the target is the one that the route prefers, and a moment's patience
// is cheaper than a change of model in the middle of a conversation.
func (c *call) sitsOut(cand *candidate, err *llm.Error, tried map[string]bool, k *key) bool {
	if err.Class != llm.ClassRateLimited || err.RetryAfter <= 0 || err.RetryAfter > patience {
		return false
	}
	for _, other := range cand.provider.keys {
		if other != k && !tried[other.live] {
			return false
		}
	}
	if cand.siblings {
		return false
	}
	return c.g.sleep(c.ctx, err.RetryAfter+rand.N(100*time.Millisecond))
}

// attempt makes one try of one target with one key. It returns nil when the
// client has its whole answer.
func (c *call) attempt(cand *candidate, k *key) *llm.Error {
	began := time.Now()
	c.rec.Attempts = append(c.rec.Attempts, Attempt{Provider: cand.name, Model: cand.model, Start: began.Sub(c.began)})
	at := &c.rec.Attempts[len(c.rec.Attempts)-1]
	if k != nil {
		at.KeyID, at.KeyName = k.id, k.name
	}
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	t := &try{call: c, cand: cand, key: k, at: at, began: began, ctx: ctx, clock: newClock(cancel), times: c.times(cand)}
	defer t.clock.stop()
	if total := t.times.Total; total > 0 && total < c.total {
		timer := time.AfterFunc(total, func() { cancel(timeoutError(llm.ClassTotalTimeout, total)) })
		defer timer.Stop()
	}
	err := t.run()
	at.Duration = time.Since(began)
	if err != nil && c.committed && c.sent.failure == nil {
		c.sent.failure = err
	}
	if err != nil {
		c.g.breakers.observe(cand.breaker(), err.Class)
		err.Vendor = cand.name
		err.Message = redact(err.Message, cand.provider)
		at.Class, at.Message = err.Class, err.Message
		return err
	}
	c.g.breakers.observe(cand.breaker(), "")
	c.rec.Provider, c.rec.Model = cand.name, cand.model
	return nil
}

// try is an attempt under way.
type try struct {
	*call
	cand  *candidate
	key   *key // nil: none is needed
	at    *Attempt
	began time.Time
	ctx   context.Context
	clock *clock
	times Timeouts
}

// times are the clocks of an attempt: the route's, else the provider's, else
// defaults that depend on whether anyone can take over: with a target in
// reserve a silent one is left soon, without one patience is all there is.
func (c *call) times(cand *candidate) Timeouts {
	t := cand.provider.timeouts
	if c.way.route != nil {
		t = c.way.route.timeouts.over(t)
	}
	m, _ := cand.provider.vendor.Model(cand.model)
	d := t.over(defaultClocks(c.peek.stream, c.onward, m.Reasoning))
	if c.peek.stream && d.FirstToken > 0 && (d.Headers <= 0 || d.FirstToken < d.Headers) {
		d.Headers = d.FirstToken // headers come before the first token
	}
	return d
}

// defaultClocks are the waits where nobody set any. The figures for calls with
// a target in reserve are those that people wait before a screen; an answer in
// one piece is written in full before its headers come.
func defaultClocks(stream, onward, reasoning bool) Timeouts {
	d := Timeouts{Headers: 600 * time.Second, FirstToken: -1, Idle: 60 * time.Second}
	switch {
	case stream && onward && reasoning:
		d.Headers, d.FirstToken, d.Idle = 60*time.Second, 60*time.Second, 10*time.Second
	case stream && onward:
		d.Headers, d.FirstToken, d.Idle = 30*time.Second, 10*time.Second, 10*time.Second
	case stream && !reasoning:
		d.Headers = 60 * time.Second
	case onward && !reasoning:
		d.Headers = 120 * time.Second
	}
	return d
}

func (t *try) run() *llm.Error {
	req, failed := t.request(t.ctx, t.cand, t.key)
	if failed != nil {
		return failed
	}
	t.clock.set(llm.ClassHeadersTimeout, t.times.Headers)
	pool := t.cand.provider.transport
	pool.connect = t.times.Connect
	resp, err := t.g.transports.get(pool).RoundTrip(req)
	if err != nil {
		return t.broken(err, false)
	}
	defer func() { _ = resp.Body.Close() }()
	t.at.Headers = time.Since(t.began)
	t.at.Status = resp.StatusCode
	return t.answer(resp)
}

// answer reads the vendor's answer by its status and kind.
func (t *try) answer(resp *http.Response) *llm.Error {
	body, err := decoded(resp)
	if err != nil {
		return &llm.Error{Class: llm.ClassMalformed, Message: err.Error()}
	}
	resp.Body = body
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	answer := &t.entry.endpoint.Answer
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return &llm.Error{Class: llm.ClassMalformed, Message: fmt.Sprintf("it answered with a redirect (%d), which is not followed: set the provider's base URL to where the API really is", resp.StatusCode)}
	case resp.StatusCode >= 400:
		return t.refused(resp)
	case resp.StatusCode < 200 || resp.StatusCode == http.StatusNoContent && answer.Whole != nil:
		return &llm.Error{Class: llm.ClassMalformed, Message: fmt.Sprintf("it answered %d without content", resp.StatusCode)}
	case kind == "text/html":
		return t.html(resp)
	case kind == "text/event-stream":
		return t.stream(resp)
	case t.peek.stream && answer.Content != nil:
		if kind == "application/json" {
			return t.wholeForStream(resp)
		}
		return t.stream(resp)
	}
	return t.whole(resp)
}

// refused reads an error answer.
func (t *try) refused(resp *http.Response) *llm.Error {
	t.clock.set(llm.ClassIdleTimeout, t.times.Idle)
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // half an error still says something
	e := t.g.protocol.DecodeError(resp.StatusCode, resp.Header, body)
	e.RetryAfter = protocol.RetryAfter(resp.Header, t.g.now())
	if e.Message == "" {
		e.Message = fmt.Sprintf("status %d without a message", resp.StatusCode)
	}
	if revealing(e.Raw, t.cand.provider) {
		e.Raw = nil
	}
	return e
}

// html is a page where an API's answer should be: a captive portal, a login
// page, a wrong base URL.
func (t *try) html(resp *http.Response) *llm.Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // as much of it as there is
	e := t.g.protocol.DecodeError(resp.StatusCode, resp.Header, body)
	return &llm.Error{Class: llm.ClassMalformed, Message: "it answered with a web page instead of an API answer; check the provider's base URL: " + e.Message}
}

// clock is the one timer of an attempt. It ends the attempt with an error that
// says which wait was too long.
type clock struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
	mu     sync.Mutex
	class  llm.Class
	limit  time.Duration
}

func newClock(cancel context.CancelCauseFunc) *clock { return &clock{cancel: cancel} }

// set starts a wait of this class, ending the one before it. A limit that is
// not positive switches the clock off.
func (c *clock) set(class llm.Class, limit time.Duration) {
	c.mu.Lock()
	c.class, c.limit = class, limit
	c.mu.Unlock()
	switch {
	case limit <= 0:
		c.stop()
	case c.timer == nil:
		c.timer = time.AfterFunc(limit, c.fire)
	default:
		c.timer.Reset(limit)
	}
}

func (c *clock) fire() {
	c.mu.Lock()
	err := timeoutError(c.class, c.limit)
	c.mu.Unlock()
	c.cancel(err)
}

func (c *clock) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
}
