package proxy

import "sync"

// running are the calls under way, so that stopping ends them. A context that
// every call hangs on would do the same at three times the price, and that is
// paid in every call.
type running struct {
	mu      sync.Mutex
	calls   map[*call]struct{}
	stopped bool
}

// enter adds a call; false: the gateway is stopping, and nothing may begin.
func (r *running) enter(c *call) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return false
	}
	if r.calls == nil {
		r.calls = map[*call]struct{}{}
	}
	r.calls[c] = struct{}{}
	return true
}

func (r *running) leave(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.calls, c)
}

// stop calls off what is under way.
func (r *running) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	for c := range r.calls {
		c.cancel(errStopping)
	}
}
