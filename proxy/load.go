package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// The retry budget: of the calls at a target, so many may be on a retry at
// once. When everything fails, retries of everything would be the next blow.
const (
	retryLeast = 3
	retryShare = 5 // one in so many
)

// loads is what targets are doing just now: how many calls are at each and how
// long it takes to answer. They outlive snapshots.
type loads struct {
	by    sync.Map // breakerKey → *load
	count atomic.Int32
}

// load is one target's.
type load struct {
	inFlight atomic.Int64
	retrying atomic.Int64
	first    pace // to the first content of a stream
	whole    pace // to an answer in one piece
}

// of is a target's load; one that nobody keeps where there are too many.
func (l *loads) of(k breakerKey) *load {
	if got, ok := l.by.Load(k); ok {
		return got.(*load) //nolint:errcheck // the map holds nothing else
	}
	if l.count.Load() >= maxBreakers {
		l.sweep()
	}
	if l.count.Load() >= maxBreakers {
		return &load{}
	}
	got, there := l.by.LoadOrStore(k, &load{})
	if !there {
		l.count.Add(1)
	}
	return got.(*load) //nolint:errcheck // as above
}

// sweep forgets targets that nobody is at.
func (l *loads) sweep() {
	l.by.Range(func(k, v any) bool {
		if v.(*load).inFlight.Load() == 0 { //nolint:errcheck // as above
			l.by.Delete(k)
			l.count.Add(-1)
		}
		return true
	})
}

// visit is a call at a target.
type visit struct {
	*load
	retries bool
}

// enter notes a call that goes to a target.
func (l *loads) enter(k breakerKey) *visit {
	v := &visit{load: l.of(k)}
	v.inFlight.Add(1)
	return v
}

// retry asks for a place in the target's retry budget, which is kept until the
// call leaves.
func (v *visit) retry() bool {
	if v.retries {
		return true
	}
	v.retries = v.retrying.Add(1) <= max(retryLeast, v.inFlight.Load()/retryShare)
	if !v.retries {
		v.retrying.Add(-1)
	}
	return v.retries
}

func (v *visit) leave() {
	v.inFlight.Add(-1)
	if v.retries {
		v.retrying.Add(-1)
	}
}

// paceShare is the weight of the newest time in the average: about the last six
// answers count.
const paceShare = 0.3

// paceFor is how long an average says something about now. After it the target
// is unknown again, and therefore tried.
const paceFor = 2 * time.Minute

// pace is an exponentially weighted moving average of times.
type pace struct {
	mu   sync.Mutex
	mean time.Duration
	at   time.Time
}

// add takes a time into the average.
func (p *pace) add(d time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() || now.Sub(p.at) > paceFor {
		p.mean = d
	} else {
		p.mean += time.Duration(paceShare * float64(d-p.mean))
	}
	p.at = now
}

// atLeast takes in a wait that was given up: the answer would have taken
// longer. It counts only where it makes the average worse.
func (p *pace) atLeast(d time.Duration, now time.Time) {
	if mean, known := p.get(now); !known || d > mean {
		p.add(d, now)
	}
}

// get is the average, if it is known and fresh.
func (p *pace) get(now time.Time) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mean, !p.at.IsZero() && now.Sub(p.at) <= paceFor
}
