package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxAttempts bounds how often one call is sent to vendors, over all targets
// and keys.
const maxAttempts = 10

// maxErrorBody bounds how much of a vendor's error answer is read, in bytes.
const maxErrorBody = 64 << 10

// failure is why one target did not serve, for the caller's error message.
type failure struct {
	provider string
	err      *llm.Error
	skipped  bool // it was not even asked
}

// walk tries the plan's targets in order until one serves. What moves it on
// from one to the next is a table of triggers by class of failure.
func (c *call) walk(plan []candidate) *llm.Error {
	var failed []failure
	var last *llm.Error // of the last attempt that was made
	for i := range plan {
		cand := &plan[i]
		if last != nil && !cand.on.fire(last.Class, c.lastStatus()) {
			break
		}
		if cand.provider == nil {
			failed = append(failed, failure{cand.name, unavailable(cand.name + " is switched off or at fault"), true})
			continue
		}
		tries, served := c.tryTarget(cand)
		if served {
			return nil
		}
		for _, f := range tries {
			if failed = append(failed, f); !f.skipped {
				last = f.err
			}
		}
		if c.committed || c.ctx.Err() != nil || len(c.rec.Attempts) >= maxAttempts {
			break
		}
	}
	return conclude(failed)
}

// lastStatus is the vendor's status in the attempt made last.
func (c *call) lastStatus() int { return c.rec.Attempts[len(c.rec.Attempts)-1].Status }

// tryTarget tries one target with one key after the other, as long as it is
// the key that failed.
func (c *call) tryTarget(cand *candidate) (failed []failure, served bool) {
	tried := map[string]bool{}
	for {
		k, wait, why := c.g.keyring.pick(cand.provider.keys, tried)
		if k == nil && !cand.provider.keyless {
			if len(tried) == 0 {
				failed = append(failed, failure{cand.name, noKey(cand.provider, wait, why), true})
			}
			return failed, false
		}
		err := c.attempt(cand, k)
		c.g.keyring.observe(k, err)
		if err == nil {
			return nil, true
		}
		failed = append(failed, failure{provider: cand.name, err: err})
		if k == nil || c.committed || c.ctx.Err() != nil || !keyFault(err.Class) || len(c.rec.Attempts) >= maxAttempts {
			return failed, false
		}
		tried[k.live] = true
	}
}

// keyFault reports whether another key of the same provider may do better.
func keyFault(class llm.Class) bool {
	return class == llm.ClassAuth || class == llm.ClassQuotaExhausted || class == llm.ClassRateLimited
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
	t := &try{call: c, cand: cand, at: at, began: began, ctx: ctx, clock: newClock(cancel), times: c.times(cand)}
	defer t.clock.stop()
	err := t.run(k)
	at.Duration = time.Since(began)
	if err != nil {
		err.Vendor = cand.name
		err.Message = redact(err.Message, cand.provider)
		at.Class, at.Message = err.Class, err.Message
		return err
	}
	c.rec.Provider, c.rec.Model = cand.name, cand.model
	return nil
}

// try is an attempt under way.
type try struct {
	*call
	cand  *candidate
	at    *Attempt
	began time.Time
	ctx   context.Context
	clock *clock
	times Timeouts
}

// times are the clocks of an attempt: the route's, else the provider's.
func (c *call) times(cand *candidate) Timeouts {
	t := cand.provider.timeouts
	if c.way.route != nil {
		t = c.way.route.timeouts.over(t)
	}
	d := Timeouts{Headers: headersWhole, FirstToken: firstToken}
	if c.peek.stream {
		d.Headers = headersStreamed
	}
	if m, ok := cand.provider.vendor.Model(cand.model); ok && m.Reasoning {
		d.FirstToken, d.Headers = firstTokenReasoning, headersWhole
	}
	return t.over(d)
}

func (t *try) run(k *key) *llm.Error {
	req, failed := t.request(t.ctx, t.cand, k)
	if failed != nil {
		return failed
	}
	t.clock.set(llm.ClassHeadersTimeout, t.times.Headers)
	resp, err := t.g.transports.get(t.cand.provider.transport).RoundTrip(req)
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
