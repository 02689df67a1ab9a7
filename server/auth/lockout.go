package auth

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

// The figures of a Lockout: five failures are free, then each costs a wait
// that doubles from half a minute to a quarter of an hour; a day without
// failures is forgiven.
const (
	freeFailures   = 5
	firstWait      = 30 * time.Second
	longestWait    = 15 * time.Minute
	forgiveAfter   = 24 * time.Hour
	mostRemembered = 10_000 // keys; about 2 MB
)

// Lockout makes guessing slow: it counts failures by key and says how long to
// wait. Use one for names and one for addresses ("name:…" and "ip:…" may also
// share one), and ask both. It remembers the 10,000 keys that failed last.
type Lockout struct {
	now   func() time.Time
	mu    sync.Mutex
	byKey map[[32]byte]*list.Element
	order *list.List // of *failures, the one that failed last in front
}

// failures are those of one key. The key is kept as a hash: what people type
// may be long.
type failures struct {
	key   [32]byte
	count int
	last  time.Time
	until time.Time // no try before
}

// NewLockout makes a Lockout; now may be nil for time.Now.
func NewLockout(now func() time.Time) *Lockout {
	if now == nil {
		now = time.Now
	}
	return &Lockout{now: now, byKey: map[[32]byte]*list.Element{}, order: list.New()}
}

// Check says how long a key must wait before the next try; 0: not at all.
func (l *Lockout) Check(key string) (retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wait(sha256.Sum256([]byte(key)))
}

// Fail counts a failure.
func (l *Lockout) Fail(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail(sha256.Sum256([]byte(key)))
}

// Take is Check and, where that lets the key pass, Fail in one step. Take
// before a password is hashed and Succeed once it fits: then guesses made at
// the same time count, too.
func (l *Lockout) Take(key string) (retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := sha256.Sum256([]byte(key))
	if wait := l.wait(id); wait > 0 {
		return wait
	}
	l.fail(id)
	return 0
}

// Succeed forgives a key everything.
func (l *Lockout) Succeed(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := sha256.Sum256([]byte(key))
	if e, ok := l.byKey[id]; ok {
		l.forget(e)
	}
}

// wait is how long a key must wait. A clock that was set back does not make it
// longer than it was when it failed.
func (l *Lockout) wait(id [32]byte) time.Duration {
	e, ok := l.byKey[id]
	if !ok {
		return 0
	}
	f := e.Value.(*failures)
	now := l.now()
	if now.Sub(f.last) >= forgiveAfter {
		l.forget(e)
		return 0
	}
	return min(max(f.until.Sub(now), 0), f.until.Sub(f.last))
}

// fail counts a failure and sets the next wait.
func (l *Lockout) fail(id [32]byte) {
	now := l.now()
	e, ok := l.byKey[id]
	if !ok {
		e = l.order.PushFront(&failures{key: id})
		l.byKey[id] = e
	}
	f := e.Value.(*failures)
	if now.Sub(f.last) >= forgiveAfter {
		f.count = 0
	}
	f.count++
	f.last, f.until = now, now
	if f.count >= freeFailures {
		doublings := min(f.count-freeFailures, 10) // far past longestWait, far from overflow
		f.until = now.Add(min(firstWait<<doublings, longestWait))
	}
	l.order.MoveToFront(e)
	if l.order.Len() > mostRemembered {
		l.forget(l.order.Back())
	}
}

func (l *Lockout) forget(e *list.Element) {
	delete(l.byKey, e.Value.(*failures).key)
	l.order.Remove(e)
}
