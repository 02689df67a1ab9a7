package proxy

import (
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// The breaker's figures. It opens after breakRow failures in a row, or when
// half of at least breakMany attempts within breakWindow failed. While it is
// open one attempt every breakProbe finds out whether the target is back, so
// that recovery takes seconds and a dead target costs next to nothing.
const (
	breakRow    = 5
	breakMany   = 20
	breakWindow = 30 * time.Second
	breakProbe  = 5 * time.Second
)

// breakers are the circuit breakers of all targets, by provider and model.
// They outlive snapshots.
type breakers struct {
	now func() time.Time

	mu sync.Mutex
	by map[breakerKey]*breaker
}

type breakerKey struct{ provider, model string }

// maxBreakers bounds the memory for targets whose model is the caller's words.
const maxBreakers = 10_000

// breaker is the state of one target.
type breaker struct {
	row    int // failures in a row
	window time.Time
	bad    int // in the window
	all    int
	open   bool
	probe  time.Time // when the next attempt may find out
	class  llm.Class // of the failure that opened it
	since  time.Time
}

func newBreakers(now func() time.Time) *breakers {
	return &breakers{now: now, by: map[breakerKey]*breaker{}}
}

// allow reports whether a target may be asked now. Of the callers of an open
// breaker, one every breakProbe may, with a single attempt: a probe.
func (b *breakers) allow(k breakerKey) (allowed, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.by[k]
	if s == nil || !s.open {
		return true, false
	}
	now := b.now()
	if now.Before(s.probe) {
		return false, false
	}
	s.probe = now.Add(breakProbe)
	return true, true
}

// observe learns from an attempt. What is the caller's own doing, or about a
// key, says nothing about the target.
func (b *breakers) observe(k breakerKey, class llm.Class) {
	if class != "" && !countsAgainst(class) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.by[k]
	if s == nil {
		if class == "" || len(b.by) >= maxBreakers {
			return // nothing worth remembering, or too much already
		}
		s = &breaker{}
		b.by[k] = s
	}
	if class == "" && s.open {
		delete(b.by, k)
		return
	}
	now := b.now()
	if now.Sub(s.window) > breakWindow {
		s.window, s.bad, s.all = now, 0, 0
	}
	s.all++
	if class == "" {
		s.row = 0
		return
	}
	s.bad++
	s.row++
	if s.open {
		s.probe = now.Add(breakProbe)
		return
	}
	if s.row >= breakRow || s.all >= breakMany && 2*s.bad >= s.all {
		s.open, s.probe, s.class, s.since = true, now.Add(breakProbe), class, now
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

// isOpen reports whether a target's breaker is open.
func (b *breakers) isOpen(k breakerKey) bool {
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
