package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// watchEvery is how often clocks are looked at. A wait ends up to twice that
// late, and never early.
const watchEvery = 20 * time.Millisecond

// watchdog is the one timer of all clocks: moving a runtime timer for each
// event of each stream costs more than the event. It runs only while there is
// a clock to look at.
type watchdog struct {
	mu    sync.Mutex
	first *clock // of a list
	timer *time.Timer
	runs  bool
}

// clock makes a clock that is watched while it is set.
func (w *watchdog) clock(cancel context.CancelCauseFunc) *clock {
	return &clock{dog: w, cancel: cancel}
}

// watch begins to look at a clock.
func (w *watchdog) watch(c *clock) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.next = w.first
	if c.next != nil {
		c.next.prev = c
	}
	w.first = c
	if w.runs {
		return
	}
	w.runs = true
	if w.timer == nil {
		w.timer = time.AfterFunc(watchEvery, w.look)
		return
	}
	w.timer.Reset(watchEvery)
}

func (w *watchdog) forget(c *clock) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		w.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}

// look ends the attempts whose wait is over.
func (w *watchdog) look() {
	now := time.Now()
	var ends []func()
	w.mu.Lock()
	for c := w.first; c != nil; c = c.next {
		if err := c.over(now); err != nil {
			ends = append(ends, func() { c.cancel(err) })
		}
	}
	w.runs = w.first != nil
	if w.runs {
		w.timer.Reset(watchEvery)
	}
	w.mu.Unlock()
	for _, end := range ends {
		end()
	}
}

// clock bounds one wait at a time. A wait that is too long ends the attempt
// with an error that says which it was. It is set by one goroutine.
type clock struct {
	dog        *watchdog
	prev, next *clock // guarded by the dog's lock
	cancel     context.CancelCauseFunc
	watched    bool
	beats      atomic.Uint32 // counts signs of life during a wait

	mu    sync.Mutex
	class llm.Class
	limit time.Duration // 0: nothing is waited for
	since time.Time     // the last sign of life, as far as the watchdog saw it
	seen  uint32        // beats then
}

// set starts a wait of this class, ending the one before it. A limit that is
// not positive switches the clock off. Setting it to what it is set to already
// is a sign of life, and costs an addition.
func (c *clock) set(class llm.Class, limit time.Duration) {
	if limit <= 0 {
		c.stop()
		return
	}
	if c.limit == limit && c.class == class {
		c.beats.Add(1)
		return
	}
	c.mu.Lock()
	c.class, c.limit, c.since, c.seen = class, limit, time.Now(), c.beats.Load()
	c.mu.Unlock()
	if !c.watched {
		c.watched = true
		c.dog.watch(c)
	}
}

// stop ends the wait.
func (c *clock) stop() {
	if !c.watched {
		return
	}
	c.watched = false
	c.dog.forget(c)
	c.mu.Lock()
	c.limit = 0
	c.mu.Unlock()
}

// over is the error by which the wait ends, once it has been too long. It is
// told once.
func (c *clock) over(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if beats := c.beats.Load(); beats != c.seen {
		c.since, c.seen = now, beats
		return nil
	}
	if c.limit <= 0 || now.Sub(c.since) < c.limit {
		return nil
	}
	err := timeoutError(c.class, c.limit)
	c.since = now.Add(never)
	return err
}

// never is further away than anything that runs.
const never = 1000 * time.Hour
