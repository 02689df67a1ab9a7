package proxy

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// The breaker's figures. It opens after breakRow failures in a row, or when
// half of at least breakMany attempts within the last breakWindow failed. While
// it is open one attempt every breakProbe finds out whether the target is back,
// so that recovery takes seconds and a dead target costs next to nothing; a
// vendor that says when to come back is believed up to breakLongest.
const (
	breakRow     = 5
	breakMany    = 20
	breakWindow  = 30 * time.Second
	breakProbe   = 5 * time.Second
	breakLongest = 5 * time.Minute
)

// breakers are circuit breakers: of all targets, by provider and model, or of
// all keys, by key and model. They outlive snapshots.
type breakers struct {
	now func() time.Time

	known atomic.Int32 // len(by), so that the usual call takes no lock
	opens atomic.Int32 // how many are open

	mu sync.Mutex
	by map[breakerKey]*breaker
}

// breakerKey is whom a breaker is about: a provider's or a key's id, and a
// model.
type breakerKey struct{ provider, model string }

// maxBreakers bounds the memory for targets whose model is the caller's words.
const maxBreakers = 10_000

// breaker is the state of one target. Its window slides by halves.
type breaker struct {
	row   int       // failures in a row
	half  time.Time // when the half window in hand began
	now   tally     // in the half window in hand
	prior tally     // in the one before
	last  time.Time // the latest failure
	open  bool
	probe time.Time // when the next attempt may find out
	class llm.Class // of the failure that opened it
	since time.Time
}

// tally counts attempts.
type tally struct{ bad, all int }

func newBreakers(now func() time.Time) *breakers {
	return &breakers{now: now, by: map[breakerKey]*breaker{}}
}

// allow reports whether a target may be asked now, and if not, how long that
// lasts. Of the callers of an open breaker, one every breakProbe may, with a
// single attempt: a probe.
func (b *breakers) allow(k breakerKey) (allowed, probe bool, left time.Duration) {
	if !b.anyOpen() {
		return true, false, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.by[k]
	if s == nil || !s.open {
		return true, false, 0
	}
	now := b.now()
	if left := s.probe.Sub(now); left > 0 {
		return false, false, left
	}
	s.probe = now.Add(breakProbe)
	return true, true, 0
}

// observe learns from the end of an attempt; wait is when the vendor said to
// come back. What is the caller's own doing, or about a key's standing, says
// nothing about the target. A success does not close an open breaker: its
// answer may have begun before the trouble did (see began).
func (b *breakers) observe(k breakerKey, class llm.Class, wait time.Duration) {
	if class != "" && !countsAgainst(class) || class == "" && b.known.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s, now := b.by[k], b.now()
	if s == nil {
		if class == "" {
			return // nothing worth remembering
		}
		if s = b.add(k, now); s == nil {
			return
		}
	}
	s.slide(now)
	s.now.all++
	if class == "" {
		s.row = 0
		return
	}
	s.now.bad++
	s.row++
	s.last = now
	bad, all := s.now.bad+s.prior.bad, s.now.all+s.prior.all
	if !s.open && (s.row >= breakRow || all >= breakMany && 2*bad >= all) {
		s.open, s.class, s.since = true, class, now
		b.opens.Add(1)
	}
	if s.open {
		s.probe = now.Add(max(breakProbe, min(wait, breakLongest)))
	}
}

// began tells of an attempt whose answer has begun: an open target is back. It
// need not wait for the end, which may be minutes away; but should the answer
// break off after all, that opens it again at once.
func (b *breakers) began(k breakerKey) {
	if !b.anyOpen() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.by[k]
	if s == nil || !s.open {
		return
	}
	b.opens.Add(-1)
	*s = breaker{row: breakRow - 1, half: b.now(), last: s.last, class: s.class}
}

// add begins to remember a target; nil while there are too many.
func (b *breakers) add(k breakerKey, now time.Time) *breaker {
	if len(b.by) >= maxBreakers {
		for old, s := range b.by {
			if now.Sub(s.last) > breakLongest {
				b.remove(old)
			}
		}
	}
	if len(b.by) >= maxBreakers {
		return nil
	}
	s := &breaker{half: now}
	b.by[k] = s
	b.known.Add(1)
	return s
}

func (b *breakers) remove(k breakerKey) {
	if b.by[k].open {
		b.opens.Add(-1)
	}
	delete(b.by, k)
	b.known.Add(-1)
}

// forget drops all that is known of a provider or key.
func (b *breakers) forget(provider string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.by {
		if k.provider == provider {
			b.remove(k)
		}
	}
}

// slide moves the window on.
func (s *breaker) slide(now time.Time) {
	const half = breakWindow / 2
	switch past := now.Sub(s.half); {
	case past >= 2*half:
		s.prior, s.now, s.half = tally{}, tally{}, now
	case past >= half:
		s.prior, s.now, s.half = s.now, tally{}, s.half.Add(half)
	}
}

// countsAgainst reports whether a failure speaks against the target.
func countsAgainst(class llm.Class) bool {
	switch class {
	case llm.ClassConnect, llm.ClassTLS, llm.ClassHeadersTimeout, llm.ClassFirstTokenTimeout, llm.ClassIdleTimeout,
		llm.ClassOverloaded, llm.ClassServerError, llm.ClassMalformed, llm.ClassCut:
		return true
	}
	return false
}

// anyOpen reports whether any target's breaker is open.
func (b *breakers) anyOpen() bool { return b.opens.Load() > 0 }

// isOpen reports whether a target's breaker is open.
func (b *breakers) isOpen(k breakerKey) bool {
	if !b.anyOpen() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.by[k]
	return s != nil && s.open
}

// open lists the targets whose breaker is open.
func (b *breakers) open() []TargetState {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []TargetState
	for k, s := range b.by {
		if s.open {
			list = append(list, TargetState{Provider: k.provider, Model: k.model, Class: s.class, Since: s.since, NextProbe: s.probe})
		}
	}
	return list
}

// TargetState is a target whose circuit breaker is open.
type TargetState struct {
	Provider  string
	Model     string
	Class     llm.Class // the failure that opened it
	Since     time.Time
	NextProbe time.Time // when a call may find out whether it is back
}
