package proxy

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// absentFor is how long a target is not asked for a model that its vendor said
// it does not have: long enough that callers don't pay for it, short enough for
// a deployment that is just being made.
const absentFor = time.Minute

// absence is a target that has no such model for this kind of work: vendors
// answer 404 for a model they know, too, where an endpoint does not take it.
type absence struct {
	target breakerKey
	op     llm.Op
}

// absences remember which targets are without their model. They outlive
// snapshots.
type absences struct {
	now func() time.Time

	count atomic.Int32 // len(until), so that the usual call takes no lock

	mu    sync.Mutex
	until map[absence]time.Time
}

func newAbsences(now func() time.Time) *absences {
	return &absences{now: now, until: map[absence]time.Time{}}
}

// note remembers an absence for a while.
func (a *absences) note(k absence) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if len(a.until) >= maxBreakers {
		for old, until := range a.until {
			if !now.Before(until) {
				delete(a.until, old)
			}
		}
	}
	if len(a.until) < maxBreakers {
		a.until[k] = now.Add(absentFor)
	}
	a.count.Store(int32(len(a.until)))
}

// left is for how long the target is not asked any more; 0: it may be asked.
func (a *absences) left(k absence) time.Duration {
	if a.count.Load() == 0 {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	until, known := a.until[k]
	if !known {
		return 0
	}
	left := until.Sub(a.now())
	if left <= 0 {
		delete(a.until, k)
		a.count.Store(int32(len(a.until)))
	}
	return max(left, 0)
}

// forget drops what is known of a provider.
func (a *absences) forget(provider string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k := range a.until {
		if k.target.provider == provider {
			delete(a.until, k)
		}
	}
	a.count.Store(int32(len(a.until)))
}
