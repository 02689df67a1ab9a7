package proxy

import (
	"math"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	// bodyShare of the memory limit may be held by request bodies: besides a
	// body itself there may be its translation, and an answer.
	bodyShare = 4
	// bodyMemory is for bodies where no memory limit is set, in bytes.
	bodyMemory = 1 << 30
	// spared is how large a body may be whatever else is held: small calls go on
	// while large ones are turned away.
	spared = 64 << 10
)

// bodies is the memory that request bodies hold at the moment.
type bodies struct {
	limit int64
	held  atomic.Int64
}

// newBodies takes its limit from the process's memory limit (GOMEMLIMIT, or
// what was set from the container's).
func newBodies() *bodies {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return &bodies{limit: limit / bodyShare}
	}
	return &bodies{limit: bodyMemory}
}

// hold reports whether a body that has had bytes so far may have more. What was
// granted must be given back by release.
func (b *bodies) hold(had, more int64) bool {
	if b.held.Add(more) <= b.limit || had+more <= spared {
		return true
	}
	b.held.Add(-more)
	return false
}

func (b *bodies) release(n int64) { b.held.Add(-n) }

// crowdedOut is what a call is told whose body does not fit in beside the
// others.
func crowdedOut() *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusServiceUnavailable, Code: "overloaded", RetryAfter: time.Second,
		Message: "The gateway holds as many bytes of request bodies as its memory allows. Try again in a moment, or give the gateway more memory.",
	}
}
