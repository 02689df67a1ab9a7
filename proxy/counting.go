package proxy

import "sync"

const (
	// maxCounting is how many calls wait for being counted at most.
	maxCounting = 1024
	// maxCountingBytes is how much of their texts is kept for it.
	maxCountingBytes = 64 << 20
)

// counting counts the tokens of finished calls, one after the other, in a
// goroutine that is there only while there is something to do.
type counting struct {
	mu      sync.Mutex
	idle    sync.Cond // signalled when nothing waits any more
	queue   []*call
	bytes   int64
	running bool
}

func newCounting() *counting {
	q := &counting{}
	q.idle.L = &q.mu
	return q
}

// take takes over a call that is to be counted and then accounted for. It
// reports false if too many wait already.
func (q *counting) take(c *call) bool {
	size := c.kept()
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) >= maxCounting || q.bytes > 0 && q.bytes+size > maxCountingBytes {
		return false
	}
	q.queue = append(q.queue, c)
	q.bytes += size
	if !q.running {
		q.running = true
		go q.run()
	}
	return true
}

// kept is how much memory waiting to be counted takes, in bytes.
func (c *call) kept() int64 {
	size := int64(len(c.body))
	for _, u := range c.uncounted {
		size += int64(len(u.heard.body) + cap(u.heard.text) + cap(u.heard.plain))
	}
	return size
}

func (q *counting) run() {
	for {
		q.mu.Lock()
		if len(q.queue) == 0 {
			q.queue, q.running = nil, false
			q.idle.Broadcast()
			q.mu.Unlock()
			return
		}
		c := q.queue[0]
		q.queue[0] = nil
		q.queue = q.queue[1:]
		q.mu.Unlock()
		size := c.kept()
		c.countSafely()
		c.account()
		q.mu.Lock()
		q.bytes -= size
		q.mu.Unlock()
	}
}

// countSafely counts; a panic over a text that nobody thought of becomes an
// estimate.
func (c *call) countSafely() {
	defer func() {
		if p := recover(); p != nil {
			c.g.log.Error("panic while counting tokens", "request_id", c.rec.ID, "panic", p)
			c.estimate()
		}
	}()
	c.count()
}

// wait waits until nothing is to be counted any more.
func (q *counting) wait() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.running {
		q.idle.Wait()
	}
}
