package load

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// defaultTimeout bounds one call where the plan says nothing.
	defaultTimeout = 60 * time.Second
	// keptFaults is how many faults a result quotes.
	keptFaults = 5
)

// run is a plan under way.
type run struct {
	plan   Plan
	url    *url.URL
	asked  []asked
	began  time.Time
	next   atomic.Int64 // the next call's number
	stop   atomic.Bool  // no further calls
	counts atomic.Bool  // warm: what ends now is counted

	latency, first, gap Histogram
	calls, chunks       atomic.Int64 // counted
	all                 atomic.Int64 // with those while warming up and at the end
	dialed              atomic.Int64

	mu     sync.Mutex
	failed int64
	faults map[string]int64
	quoted []string
}

// Run makes a plan's calls and returns what became of them. It returns early,
// with what it has, when ctx ends. An error is a plan that can't be run, or a
// process or vendor that can't be read.
func Run(ctx context.Context, p Plan) (*Result, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Timeout <= 0 {
		p.Timeout = defaultTimeout
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	list, err := p.ask()
	if err != nil {
		return nil, err
	}
	r := &run{plan: p, url: u, asked: list, faults: map[string]int64{}}
	m, err := newMeter(ctx, &p)
	if err != nil {
		return nil, err
	}
	return r.run(ctx, m)
}

// run starts the connections, and looks at process and vendor around the time
// that counts.
func (r *run) run(ctx context.Context, m *meter) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers sync.WaitGroup
	start := func() {
		r.began = time.Now()
		for i := range r.plan.Conns {
			workers.Go(func() { r.work(ctx, i) })
		}
	}
	if r.plan.Warm > 0 {
		start()
		wait(ctx, r.plan.Warm)
	}
	if err := m.begin(ctx); err != nil {
		cancel()
		workers.Wait()
		return nil, err
	}
	r.counts.Store(true)
	began := time.Now()
	if r.plan.Warm == 0 {
		start()
	}
	ended := make(chan struct{})
	go func() { workers.Wait(); close(ended) }()
	m.watch(ctx, r.plan.Duration, ended)
	took := time.Since(began)
	r.counts.Store(false)
	r.stop.Store(true)
	err := m.end(context.WithoutCancel(ctx))
	<-ended
	if err != nil {
		return nil, err
	}
	return r.result(took, m), nil
}

// work is one connection's life.
func (r *run) work(ctx context.Context, n int) {
	c := newConn(r.url)
	defer c.close()
	defer func() { r.dialed.Add(c.dialed) }()
	// A connection that is read from does not see the context end by itself.
	defer context.AfterFunc(ctx, func() { r.stop.Store(true) })()
	if r.plan.Rate == 0 && r.plan.Stream {
		// Streams that begin together would have all their chunks together.
		wait(ctx, time.Duration(n)*r.plan.Pace/time.Duration(r.plan.Conns))
	}
	for !r.stop.Load() && ctx.Err() == nil {
		i := r.next.Add(1) - 1
		if r.plan.Calls > 0 && i >= r.plan.Calls {
			return
		}
		start := time.Now()
		if r.plan.Rate > 0 {
			start = r.began.Add(time.Duration(float64(i) / r.plan.Rate * float64(time.Second)))
			wait(ctx, time.Until(start))
			if r.stop.Load() {
				return
			}
		}
		if f := r.call(ctx, c, &r.asked[int(i)%len(r.asked)], start); f != nil {
			if over(ctx) {
				return // it was we who ended the call
			}
			r.fail(f)
			wait(ctx, 10*time.Millisecond) // a target that refuses everything is not to be hammered
		}
	}
}

// over reports whether a context's time is up. A dial gives up at its deadline,
// which may be a moment before the context itself says so.
func over(ctx context.Context) bool {
	deadline, set := ctx.Deadline()
	return ctx.Err() != nil || set && !time.Now().Before(deadline)
}

// call makes one call; its times count from start.
func (r *run) call(ctx context.Context, c *conn, a *asked, start time.Time) *fault {
	status, err := c.send(ctx, a.request, r.plan.Timeout)
	if err != nil {
		c.done(err)
		return &fault{"lost", err}
	}
	if status != http.StatusOK || !r.plan.Stream {
		body, err := c.whole()
		c.done(err)
		switch {
		case status != http.StatusOK:
			return faultf("refused", "status %d: %.200s", status, body)
		case err != nil:
			return &fault{"cut", err}
		}
		if f := verifyWhole(body, a.text); f != nil {
			return f
		}
		r.ended(start)
		return nil
	}
	return r.stream(c, a, start)
}

// stream reads a streamed answer.
func (r *run) stream(c *conn, a *asked, start time.Time) *fault {
	s := streamed{want: a.text}
	var last time.Time
	err := c.events(func(data []byte) {
		text := s.event(data)
		counts := r.counts.Load()
		if counts {
			r.chunks.Add(1)
		}
		if !text {
			return
		}
		now := time.Now()
		switch {
		case !counts:
		case last.IsZero():
			r.first.Record(now.Sub(start))
		default:
			r.gap.Record(now.Sub(last))
		}
		last = now
	})
	c.done(err)
	if err != nil {
		return &fault{"cut", err}
	}
	if f := s.end(); f != nil {
		return f
	}
	r.ended(start)
	return nil
}

// ended counts a call that was answered well.
func (r *run) ended(start time.Time) {
	r.all.Add(1)
	if !r.counts.Load() {
		return
	}
	r.calls.Add(1)
	r.latency.Record(time.Since(start))
}

func (r *run) fail(f *fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
	r.faults[f.kind]++
	if len(r.quoted) < keptFaults {
		r.quoted = append(r.quoted, f.Error())
	}
}

// wait waits, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
