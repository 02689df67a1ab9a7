package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// maxAttempts bounds how often one call is sent to vendors, over all targets
// and keys; retries leave enough of it for the targets that are still to come.
const maxAttempts = 16

// maxErrorBody bounds how much of a vendor's error answer is read, in bytes.
const maxErrorBody = 64 << 10

// attempt makes one try of one target with one key. It returns nil when the
// client has its whole answer, and the vendor's status (0: none came).
func (c *call) attempt(ln lane, cand *candidate, k *key) (*llm.Error, int) {
	ctx, cancel := context.WithCancelCause(ln.ctx)
	defer cancel(nil)
	began := time.Now()
	t := &try{call: c, speech: c.speech(cand), lane: ln, cand: cand, key: k, began: began, ctx: ctx, clock: c.g.watchdog.clock(cancel), times: c.times(cand)}
	t.at = c.begin(cand, k, began)
	t.cast()
	t.at.Dialect = t.speech.protocol.Name
	defer t.clock.stop()
	if total := t.times.Total; total > 0 && total < c.total {
		whole := c.g.watchdog.clock(cancel)
		whole.set(llm.ClassTotalTimeout, total)
		defer whole.stop()
	}
	err := t.run()
	t.settle(err)
	t.at.Duration = time.Since(began)
	if err == nil {
		c.learn(t, nil)
		c.rec.Provider, c.rec.Model = cand.name, cand.model
		return nil, t.at.Status
	}
	err.Vendor = cand.name
	err.Message = redact(err.Message, cand.provider)
	c.learn(t, err)
	t.at.Class, t.at.Message = err.Class, err.Message
	if c.committed && c.sent.failure == nil {
		c.sent.failure = err
	}
	return err, t.at.Status
}

// begin notes an attempt that is about to be made.
func (c *call) begin(cand *candidate, k *key, began time.Time) *Attempt {
	at := &Attempt{Provider: cand.name, Model: cand.model, Start: began.Sub(c.began), Resumed: c.resuming(), Hedge: cand.hedge}
	if k != nil {
		at.KeyID, at.KeyName = k.id, k.name
	}
	if c.snap.tracing != nil && c.snap.tracing.Propagate {
		at.Span = NewSpan()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries = append(c.tries, at)
	return at
}

// learn draws from an attempt what it says about its key and its target. An
// attempt that was called off says nothing.
func (c *call) learn(t *try, err *llm.Error) {
	drill := t.at.Injected != "" && c.g.stage == nil
	if drill && !c.g.injector.holds(t.cand.provider.id) {
		return
	}
	var class llm.Class
	var wait time.Duration
	if err != nil {
		class, wait = err.Class, err.RetryAfter
	}
	target := t.cand.breaker()
	c.g.breakers.observe(target, class, wait)
	if t.key != nil && len(t.cand.provider.keys) > 1 {
		c.g.keyBreakers.observe(breakerKey{t.key.live, target.model}, class, wait)
	}
	if class == llm.ClassModelNotFound && t.at.Status != 0 && c.peek.named {
		c.g.absences.note(absence{target, c.entry.endpoint.Op})
	}
	switch {
	case class == llm.ClassHeadersTimeout, class == llm.ClassFirstTokenTimeout, class == llm.ClassOutrun:
		if t.cand.rivals {
			t.pace().atLeast(t.at.Duration, c.g.now())
		}
	}
	if err != nil {
		c.g.keyring.observe(t.key, err)
		if drill && t.key != nil {
			c.g.keyring.drilled(t.key, t.cand.provider.id, class)
		}
	}
}

// try is an attempt under way.
type try struct {
	*call
	speech  speech
	target  *protocol.Target // what codecs know of the target; nil: bytes are passed on
	losses  llm.Losses       // what could not be carried over to it
	lane    lane
	cand    *candidate
	key     *key // nil: none is needed
	at      *Attempt
	began   time.Time
	ctx     context.Context
	clock   *clock
	dialing *dialing
	times   Timeouts
	heard   heard
	played  bool   // by the fake vendor,
	fault   string // with this fault; empty: well
}

func (t *try) run() *llm.Error {
	switch {
	case t.speech.passes:
	case t.entry.endpoint.Embed != nil:
		return t.embeds()
	case t.speech.here:
		return t.countsHere()
	case t.entry.endpoint.Count != nil:
		return t.counts()
	}
	resp, failed := t.ask()
	if failed == nil && t.optionRefused(resp) {
		resp, failed = t.ask()
	}
	if failed != nil {
		return failed
	}
	defer func() { _ = resp.Body.Close() }()
	return t.answer(resp)
}

// ask writes the request and sends it.
func (t *try) ask() (*http.Response, *llm.Error) {
	body, failed := t.written()
	if failed != nil {
		return nil, failed
	}
	return t.send(body)
}

// send sends a body and waits for the answer's head. A token that was called
// back before its time is replaced once: the key behind it may be fine.
func (t *try) send(body *rawjson.Text) (*http.Response, *llm.Error) {
	resp, failed := t.sendOnce(body)
	if failed != nil || resp.StatusCode != http.StatusUnauthorized || t.key == nil || !t.g.tokens.drop(t.key) {
		return resp, failed
	}
	_ = resp.Body.Close()
	return t.sendOnce(body)
}

func (t *try) sendOnce(body *rawjson.Text) (*http.Response, *llm.Error) {
	t.dialing = &dialing{}
	req, failed := t.request(t.ctx, body)
	if failed != nil {
		return nil, failed
	}
	if t.at.Span != ([8]byte{}) {
		req.Header.Set(traceHeader, t.rec.Trace.header(t.at.Span))
	}
	t.clock.set(llm.ClassHeadersTimeout, t.times.Headers)
	t.at.BytesOut = req.ContentLength
	resp, err := t.carry(req)
	t.dialing.note(t.at)
	if err != nil {
		return nil, t.broken(err, false)
	}
	t.at.Headers = time.Since(t.began)
	t.at.Status = resp.StatusCode
	t.at.VendorID = vendorID(resp.Header.Get)
	resp.Body = &received{resp.Body, t.at}
	return resp, nil
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
	case !t.speech.passes:
		return t.translated(resp, kind)
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
	e := t.speech.protocol.DecodeError(resp.StatusCode, resp.Header, body)
	e.RetryAfter = protocol.RetryAfter(resp.Header, t.g.now())
	if e.Message == "" {
		e.Message = fmt.Sprintf("status %d without a message", resp.StatusCode)
	}
	if t.speech.protocol != t.entry.protocol {
		e.Raw, e.Type = nil, "" // they are in another dialect
		if callersOwn(e.Class) && e.Message != "" {
			e.Message = t.cand.name + " says: " + e.Message // others are told by whom already
		}
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
	e := t.speech.protocol.DecodeError(resp.StatusCode, resp.Header, body)
	return &llm.Error{Class: llm.ClassMalformed, Message: "it answered with a web page instead of an API answer; check the provider's base URL: " + e.Message}
}

// begun is told that the attempt's answer is going out. However that ends, the
// key is good and the target is up.
func (t *try) begun() {
	target := t.cand.breaker()
	t.g.keyring.observe(t.key, nil)
	t.g.breakers.began(target)
	is := bond{target: target}
	if t.key != nil {
		t.g.keyBreakers.began(breakerKey{t.key.live, target.model})
		is.key = t.key.live
	}
	if t.talk.key != 0 {
		t.g.bonds.put(t.talk.key, is)
	}
	if t.cand.rivals {
		t.pace().add(time.Since(t.began), t.g.now())
	}
}

// pace is the average that the attempt's time to its answer goes into.
func (t *try) pace() *pace {
	l := t.g.loads.of(t.cand.breaker())
	if t.peek.stream {
		return &l.first
	}
	return &l.whole
}
