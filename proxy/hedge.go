package proxy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// errOutrun is the cause by which an attempt ends when another one that ran
// beside it had its answer begin first.
var errOutrun = errors.New("another target's answer began first")

func outrun() *llm.Error {
	return &llm.Error{Class: llm.ClassOutrun, Message: "called off: the answer of another target that was asked beside it began first"}
}

// race is two targets that are asked side by side. What belongs to the call
// (its record, the way to the client) is touched by one of them alone: an
// attempt whose answer begins lays claim to it, and is let on once the other
// has ended. So neither needs a lock for it.
type race struct {
	claims chan *runner
	ended  chan *runner
}

// runner is one of them.
type runner struct {
	cand    *candidate
	cancel  context.CancelCauseFunc
	verdict chan bool

	// How it ended.
	failed   []failure
	served   bool
	panicked any
}

// claim asks to be the one that answers the client, and waits for the leave.
func (ln lane) claim() bool {
	if ln.race == nil {
		return true
	}
	select {
	case ln.race.claims <- ln.runner:
	case <-ln.ctx.Done():
		return false
	}
	select {
	case granted := <-ln.runner.verdict:
		return granted
	case <-ln.ctx.Done():
		return false
	}
}

// start asks a target in a goroutine of its own.
func (r *race) start(c *call, cand *candidate, once bool) *runner {
	ctx, cancel := context.WithCancelCause(c.ctx)
	one := &runner{cand: cand, cancel: cancel, verdict: make(chan bool, 1)}
	go func() {
		defer func() {
			one.panicked = recover()
			cancel(nil)
			r.ended <- one
		}()
		one.failed, one.served = c.tryTarget(lane{ctx: ctx, race: r, runner: one}, cand, once)
	}()
	return one
}

// ask tries the first target of the queue, and returns what is left of the
// queue. Where the route hedges, a target that has not begun to answer after a
// while gets company; the first whose answer begins goes on.
func (c *call) ask(queue []*candidate, last *failure, probe bool) (failed []failure, served bool, rest []*candidate) {
	cand, rest := queue[0], queue[1:]
	if !c.hedges() || len(rest) == 0 {
		failed, served = c.tryTarget(lane{ctx: c.ctx}, cand, probe)
		return failed, served, rest
	}
	r := &race{claims: make(chan *runner), ended: make(chan *runner, 2)}
	running := []*runner{r.start(c, cand, probe)}
	timer := time.NewTimer(c.way.route.hedge)
	defer timer.Stop()
	var done []*runner
	for len(running) > 0 {
		select {
		case <-timer.C:
			if i := c.companion(rest, last); i >= 0 {
				second := *rest[i]
				rest = slices.Concat(rest[:i], rest[i+1:])
				second.hedge = true
				running = append(running, r.start(c, &second, true))
			}
		case winner := <-r.claims:
			done = append(done, r.grant(winner, running)...)
			running = nil
		case one := <-r.ended:
			done = append(done, one)
			running = slices.DeleteFunc(running, func(o *runner) bool { return o == one })
		}
	}
	for _, one := range done {
		switch {
		case one.panicked != nil:
			panic(one.panicked) // as if it had happened here: the call answers for it
		case one.outrun():
			rest = slices.Insert(rest, 0, one.cand) // it may still finish what the winner begins
		default:
			failed = append(failed, one.failed...)
			served = served || one.served
		}
	}
	return failed, served, rest
}

// grant lets the winner on after the others have ended, and waits for its end.
// The winner comes last.
func (r *race) grant(winner *runner, running []*runner) []*runner {
	var done []*runner
	for _, one := range running {
		if one != winner {
			one.cancel(errOutrun)
		}
	}
	for range len(running) - 1 {
		done = append(done, <-r.ended)
	}
	winner.verdict <- true
	return append(done, <-r.ended)
}

// outrun reports whether it was called off.
func (o *runner) outrun() bool {
	return len(o.failed) > 0 && o.failed[len(o.failed)-1].err.Class == llm.ClassOutrun
}

// hedges reports whether the call's targets get company.
func (c *call) hedges() bool {
	answer := &c.entry.endpoint.Answer
	return c.way.route != nil && c.way.route.hedge > 0 && !c.committed && (answer.Content != nil || answer.Whole != nil)
}

// companion is the first target of the queue that may be asked beside the one
// that is silent; -1: there is none.
func (c *call) companion(queue []*candidate, last *failure) int {
	if c.asked() >= maxAttempts {
		return -1
	}
	return slices.IndexFunc(queue, func(cand *candidate) bool {
		if c.barred(cand, last) != "" || cand.provider == nil {
			return false
		}
		why, _ := c.skip(cand)
		return why == nil
	})
}
