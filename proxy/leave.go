package proxy

import (
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// What becomes of an attempt when the client has gone.
const (
	// OnGoneCancel ends it at once: nothing more is generated or billed.
	OnGoneCancel = "cancel"
	// OnGoneDrain reads the answer to its end, within limits, so that what it
	// used is known.
	OnGoneDrain = "drain"
)

// The default limits of a drain: most answers end within them.
const (
	DefaultDrainTime  = 30 * time.Second
	DefaultDrainBytes = 1 << 20
)

// draining is a route's wish to read on without the client.
type draining struct {
	time  time.Duration
	bytes int64
}

// leaving is what a call knows of its client's going.
type leaving struct {
	gone    atomic.Bool
	drain   atomic.Pointer[draining]   // nil: no wish
	timer   atomic.Pointer[time.Timer] // ends the drain
	unheard atomic.Int64               // bytes of the answer that the client was not there for
}

// clientLeft is called, once at most and by a goroutine of its own, when the
// client's connection has ended. Nothing new is begun for the call; what is
// under way is called off, unless the route wants to know what it uses.
func (c *call) clientLeft() {
	d := c.drain.Load()
	if c.gone.Swap(true) {
		return
	}
	if d == nil || c.asked() == 0 {
		c.cancel(errClientGone)
		return
	}
	timer := time.AfterFunc(d.time, func() { c.cancel(errClientGone) })
	c.timer.Store(timer)
}

// drop takes a part of the answer for which the client is not there any
// more.
func (t *try) drop(n int) *llm.Error {
	d := t.drain.Load()
	if d == nil || t.unheard.Add(int64(n)) > d.bytes {
		t.cancel(errClientGone)
		return clientGone()
	}
	return nil
}

// settleGone puts on record that the client missed some of the answer, although
// that may have been read to its end.
func (c *call) settleGone() {
	if timer := c.timer.Load(); timer != nil {
		timer.Stop()
	}
	if c.rec.BytesDropped = c.unheard.Load(); c.rec.BytesDropped == 0 || c.rec.Class != "" {
		return
	}
	c.rec.Class = llm.ClassClientClosed
	c.rec.Message = "the client closed the connection; the answer was read to its end for what it used"
	c.abort = true
}
