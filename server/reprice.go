package server

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
)

// repricing prices history again, one span at a time, in the background.
type repricing struct {
	mu     sync.Mutex
	job    Repricing
	cancel context.CancelFunc // of the job that runs
	seen   atomic.Int64       // attempts, while it runs
}

// Repricing is how pricing again stands.
type Repricing struct {
	Running bool      `json:"running"`
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Started time.Time `json:"started,omitzero" doc:"Not there: it was never asked for since the program started"`
	Ended   time.Time `json:"ended,omitzero"`
	Seen    int64     `json:"seen" doc:"Attempts that were looked at"`
	Changed int64     `json:"changed" doc:"Calls that cost something else than before; known at the end"`
	Problem string    `json:"problem,omitempty" doc:"Why it ended early"`
}

type repricingOutput struct{ Body Repricing }

type repriceInput struct {
	Body struct {
		From time.Time `json:"from" doc:"The first call"`
		To   time.Time `json:"to,omitzero" doc:"The end; default now"`
	}
}

// reprice prices the calls of a span again, by the prices as they are entered
// now and each call's own day. It goes on in the background; what providers
// that are gone have served keeps its price.
func (s *Server) reprice(ctx context.Context, in *repriceInput) (*repricingOutput, error) {
	from, to := in.Body.From.UTC(), in.Body.To.UTC()
	if in.Body.To.IsZero() {
		to = s.now().UTC()
	}
	if !from.Before(to) {
		return nil, fieldProblem("body.from", "must be before the end")
	}
	if s.opts.Usage == nil {
		return nil, problem(http.StatusNotImplemented, "no_records", "calls are not recorded")
	}
	config, err := s.opts.Store.Config(ctx)
	if err != nil {
		return nil, err
	}
	if !s.repricing.begin(s, from, to, proxy.NewPricer(config)) {
		return nil, problem(http.StatusConflict, "busy", "a span is being priced again already: wait for its end, or give it up with DELETE")
	}
	return s.getRepricing(ctx, &empty{})
}

// begin starts a job, unless one runs.
func (r *repricing) begin(s *Server, from, to time.Time, pricer *proxy.Pricer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job.Running {
		return false
	}
	ctx, cancel := context.WithCancel(context.Background()) // it outlives the request that asks for it
	r.cancel = cancel
	r.seen.Store(0)
	r.job = Repricing{Running: true, From: from, To: to, Started: s.now().UTC()}
	go func() {
		defer cancel()
		done, err := s.opts.Usage.Reprice(ctx, from, to, func(provider, model string, used llm.Usage, at time.Time) (proxy.Cost, bool) {
			r.seen.Add(1)
			return pricer.Cost(provider, model, used, at)
		})
		r.mu.Lock()
		defer r.mu.Unlock()
		r.job.Running, r.job.Ended, r.job.Changed = false, s.now().UTC(), done.Changed
		if err != nil {
			r.job.Problem = "it ended early; what was done stays done: " + err.Error()
			s.log.Warn("pricing calls again ended early", "error", err)
		}
	}()
	return true
}

// getRepricing shows how it stands.
func (s *Server) getRepricing(context.Context, *empty) (*repricingOutput, error) {
	r := &s.repricing
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &repricingOutput{Body: r.job}
	out.Body.Seen = r.seen.Load()
	return out, nil
}

// stopRepricing gives it up.
func (s *Server) stopRepricing(ctx context.Context, in *empty) (*repricingOutput, error) {
	s.repricing.mu.Lock()
	if s.repricing.cancel != nil {
		s.repricing.cancel()
	}
	s.repricing.mu.Unlock()
	return s.getRepricing(ctx, in)
}
