package proxy

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// Action is what follows a failed attempt.
type Action string

// The actions.
const (
	ActRetry      Action = "retry"       // the same target again after a pause, then the next one
	ActNextKey    Action = "next_key"    // another key of the same provider, then the next target
	ActNextTarget Action = "next_target" // the next target, if its step's triggers say so
	ActGiveUp     Action = "give_up"     // the caller is told
)

// defaultActions say what follows each class of failure where a route says
// nothing else. What another moment may cure is tried again; what another key
// may cure, with another key; a target that was silent is not asked twice.
func defaultActions() map[llm.Class]Action {
	return map[llm.Class]Action{
		llm.ClassConnect:           ActRetry,
		llm.ClassServerError:       ActRetry,
		llm.ClassOverloaded:        ActRetry,
		llm.ClassRateLimited:       ActNextKey,
		llm.ClassQuotaExhausted:    ActNextKey,
		llm.ClassAuth:              ActNextKey,
		llm.ClassTLS:               ActNextTarget,
		llm.ClassHeadersTimeout:    ActNextTarget,
		llm.ClassFirstTokenTimeout: ActNextTarget,
		llm.ClassIdleTimeout:       ActNextTarget,
		llm.ClassModelNotFound:     ActNextTarget,
		llm.ClassMalformed:         ActNextTarget,
		llm.ClassCut:               ActNextTarget,
		llm.ClassContextLength:     ActNextTarget, // a step has to name it among its triggers
		llm.ClassContentFilter:     ActNextTarget, // likewise
		llm.ClassBadRequest:        ActNextTarget, // likewise
	}
}

const (
	// maxRetries is how often a target is asked again in one call.
	maxRetries = 2
	// maxOnTarget bounds the attempts on one target in one call, keys and
	// retries together, so that there are never more of them in a few seconds
	// either.
	maxOnTarget = 4
	// pauseLeast and pauseMost bound the pause before a retry; where in
	// between is drawn, so that callers that failed together don't return
	// together.
	pauseLeast = 300 * time.Millisecond
	pauseMost  = time.Second
	// patience is the longest Retry-After that is sat out with the caller
	// waiting; a longer one means the next target, or a 429 to the caller.
	patience = 5 * time.Second
)

// pause is how long to wait before the n-th retry (from 0).
func pause(n int) time.Duration {
	most := pauseLeast + time.Duration(n+1)*(pauseMost-pauseLeast)/maxRetries
	return pauseLeast + rand.N(most-pauseLeast)
}

// pauseAfter is how long to wait before the n-th retry (from 0) after an error,
// which may say so itself.
func pauseAfter(err *llm.Error, n int) time.Duration { return max(pause(n), err.RetryAfter) }

// actions compiles a route's own table over the defaults.
func (c *compiler) actions(conf map[string]string) map[llm.Class]Action {
	table := defaultActions()
	for name, action := range conf {
		field := "rules." + name
		if !slices.Contains(llm.Classes(), llm.Class(name)) {
			c.fault(field, "%q is not a class of failure: use one of %v", name, llm.Classes())
			continue
		}
		switch a := Action(action); a {
		case ActRetry, ActNextKey, ActNextTarget, ActGiveUp:
			table[llm.Class(name)] = a
		default:
			c.fault(field, "%q is not an action: use %s, %s, %s or %s", action, ActRetry, ActNextKey, ActNextTarget, ActGiveUp)
		}
	}
	return table
}
