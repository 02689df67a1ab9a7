package proxy

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// failure is why one target did not serve.
type failure struct {
	provider string
	err      *llm.Error
	skipped  bool       // it was not even asked
	status   int        // the vendor's, 0 if none came
	cand     *candidate // who failed
}

// lane is one line of attempts. A call has one; two while it hedges.
type lane struct {
	ctx    context.Context
	race   *race // nil: there is no other
	runner *runner
}

// walk tries the plan's targets in order until one serves. When breakers and
// absences leave none to ask, the first of those is asked all the same, once:
// a target is never given up for good.
func (c *call) walk(plan []candidate) *llm.Error {
	failed, served := c.pass(plan)
	if served {
		return nil
	}
	if c.asked() == 0 && c.spared != nil && !c.over(lane{ctx: c.ctx}) {
		last := *c.spared
		last.left = 0
		if failed, served = c.tryTarget(lane{ctx: c.ctx}, &last, true); served {
			return nil
		}
	}
	if c.gone.Load() {
		return clientGone()
	}
	if c.sent.failure != nil {
		e := *c.sent.failure // what came after it was only the attempt to mend it
		told(&e, e.Vendor)
		return &e
	}
	return conclude(failed)
}

// pass goes through the plan once. A target that failed leads on to those that
// stand in for failures of its class.
func (c *call) pass(plan []candidate) (failed []failure, served bool) {
	var last *failure // of the last attempt that was made
	queue := make([]*candidate, 0, len(plan))
	for i := range plan {
		queue = append(queue, &plan[i])
	}
	for len(queue) > 0 {
		cand := queue[0]
		if last != nil && c.action(last.err.Class) == ActGiveUp && !elsewhere(last.err) {
			break
		}
		if why := c.barred(cand, last); why != "" {
			c.rec.Skipped = append(c.rec.Skipped, Skip{cand.name, cand.model, why})
			queue = queue[1:]
			continue
		}
		why, probe := c.skip(cand)
		if why != nil {
			failed = append(failed, c.skipped(cand, why))
			queue = queue[1:]
			continue
		}
		var tries []failure
		tries, served, queue = c.ask(queue, last, probe)
		if served {
			return nil, true
		}
		for n := range tries {
			if failed = append(failed, tries[n]); !tries[n].skipped {
				last = &tries[n]
			}
		}
		if c.over(lane{ctx: c.ctx}) {
			break
		}
	}
	return failed, false
}

// over reports whether nothing more may be tried: the call has ended, its
// attempts are used up, or its answer can't be taken over by another target.
func (c *call) over(ln lane) bool {
	return c.committed && !c.rescuable() || ln.ctx.Err() != nil || c.gone.Load() || c.asked() >= maxAttempts
}

// barred says why a candidate does not stand in for what failed before it, or
// nothing if it does. Among the targets of one step the route's own triggers
// hold.
func (c *call) barred(cand *candidate, last *failure) string {
	if last == nil || elsewhere(last.err) {
		return ""
	}
	class, on := last.err.Class, cand.on
	if cand.step == last.cand.step {
		on = c.way.steps[0].on
	}
	if class == llm.ClassContextLength && cand.model == last.cand.model {
		return "the prompt is too long for this model"
	}
	switch {
	case c.way.route != nil && c.way.route.onward[class], on.fire(class, last.status):
		return ""
	case class != llm.ClassContextLength:
		return "it does not stand in for " + string(class)
	case cand.window() <= last.cand.window():
		return "it is not known to take a longer prompt"
	}
	return ""
}

// window is the candidate's context window in tokens, as far as the catalogue
// knows; 0: it does not.
func (c *candidate) window() int {
	if c.provider == nil {
		return 0
	}
	m, _ := c.provider.vendor.Model(c.model)
	return m.Context
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
	if why := c.incapable(cand); why != nil {
		return why, false
	}
	left := c.g.absences.left(absence{cand.breaker(), c.entry.endpoint.Op})
	allowed, probe := left <= 0, false
	reason := " did not have the model just now and is not asked for it for a minute"
	if allowed {
		reason = " failed too often just now and is left alone for some seconds"
		allowed, probe, left = c.g.breakers.allow(cand.breaker())
	}
	if allowed {
		return nil, probe
	}
	if c.spared == nil {
		c.spared = cand
	}
	return &llm.Error{
		Class: llm.ClassUnavailable, Status: http.StatusServiceUnavailable, RetryAfter: left,
		Message: cand.name + "/" + cand.model + reason,
	}, false
}

// skipped notes a target that is not even asked.
func (c *call) skipped(cand *candidate, why *llm.Error) failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rec.Skipped = append(c.rec.Skipped, Skip{cand.name, cand.model, why.Message})
	return failure{provider: cand.name, err: why, skipped: true, cand: cand}
}

// tryTarget tries one target until it serves, or what its failures call for
// (another key, a pause) is used up. once allows a single attempt.
func (c *call) tryTarget(ln lane, cand *candidate, once bool) (failed []failure, served bool) {
	spot := c.g.loads.enter(cand.breaker())
	defer spot.leave()
	tried := map[string]bool{}
	retries, waited := 0, false
	for !c.crowded(cand) {
		k, wait, why := c.g.keyring.pick(c.soundKeys(cand), tried, cand.key)
		if k == nil && !cand.provider.keyless {
			if len(failed) == 0 {
				failed = append(failed, c.skipped(cand, noKey(cand.provider, wait, why)))
			}
			return failed, false
		}
		resuming := c.resuming()
		err, status := c.attempt(ln, cand, k)
		if err == nil { // commit told the keyring already
			c.rescued(resuming, cand)
			return nil, true
		}
		failed = append(failed, failure{provider: cand.name, err: err, status: status, cand: cand})
		switch {
		case once, c.over(ln):
			return failed, false
		case c.committed && !resuming:
			return failed, false // it broke off under way: whoever goes on, it is not this one
		case resuming && err.Class == llm.ClassBadRequest && !c.sent.restart:
			c.sent.restart = true // it takes no unfinished message
			continue
		case elsewhere(err) && k != nil:
			tried[k.live] = true
			continue
		}
		switch c.action(err.Class) {
		case ActRetry:
			if retries == maxRetries || c.asked()+cand.left >= maxAttempts || c.g.breakers.isOpen(cand.breaker()) || !spot.retry() || !c.rest(ln, pauseAfter(err, retries)) {
				return failed, false
			}
			retries++
		case ActNextKey:
			if k == nil {
				return failed, false
			}
			if !waited && c.sitsOut(ln, cand, err, tried, k) {
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

// crowded reports whether a target was sent this call as often as one call may
// send it, keys and retries together.
func (c *call) crowded(cand *candidate) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, at := range c.tries {
		if at.Provider == cand.name && at.Model == cand.model {
			n++
		}
	}
	return n >= maxOnTarget
}

// rest pauses before another attempt at the same target, if the call's time
// is enough for it. It reports whether the attempt should be made.
func (c *call) rest(ln lane, d time.Duration) bool {
	return d <= patience && c.fits(d) && c.g.sleep(ln.ctx, d) && !c.over(ln)
}

// fits reports whether a wait leaves the call some of its time.
func (c *call) fits(d time.Duration) bool { return d < c.total-time.Since(c.began) }

// sitsOut waits for a short Retry-After where no other key of the provider is
// free: the target is the one that the route prefers, and a moment's patience
// is cheaper than a change of model in the middle of a conversation.
func (c *call) sitsOut(ln lane, cand *candidate, err *llm.Error, tried map[string]bool, k *key) bool {
	if err.Class != llm.ClassRateLimited || err.RetryAfter <= 0 || cand.siblings {
		return false
	}
	for _, other := range cand.provider.keys {
		if other != k && !tried[other.live] {
			return false
		}
	}
	return err.RetryAfter <= patience && c.fits(err.RetryAfter) && c.g.sleep(ln.ctx, err.RetryAfter+rand.N(100*time.Millisecond)) && !c.over(ln)
}

// soundKeys are the provider's keys without those that keep failing at this
// model while others do not; all of them if that leaves none.
func (c *call) soundKeys(cand *candidate) []*key {
	keys := cand.provider.keys
	if len(keys) < 2 || !c.g.keyBreakers.anyOpen() {
		return keys
	}
	sound := make([]*key, 0, len(keys))
	for _, k := range keys {
		if allowed, _, _ := c.g.keyBreakers.allow(breakerKey{k.live, cand.model}); allowed {
			sound = append(sound, k)
		}
	}
	if len(sound) == 0 {
		return keys
	}
	return sound
}

// asked is how often vendors were sent this call so far.
func (c *call) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.tries)
}
