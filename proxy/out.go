package proxy

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// writeLimit is how long a client may take to accept what is written.
const writeLimit = 30 * time.Second

// pingAfter is the silence after which a streaming client is sent a comment.
// Proxies and load balancers in front of us drop connections that are silent
// for a minute, some for 30 s.
const pingAfter = 15 * time.Second

// comment is what keeps a stream alive where the dialect has nothing of its
// own: clients read over it, and it promises nothing.
const comment = ": ping\n\n"

// out is the way to the client. Besides the call itself a timer writes there,
// so every use goes through its lock.
type out struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	rc      *http.ResponseController
	writeBy time.Time // the write deadline in force
	last    time.Time // when something was written last
	begun   bool      // the status line is written
	closed  bool
	timer   *time.Timer
	every   time.Duration
	sign    string // of life
	array   bool   // the stream is a JSON array
	taped   *tape  // takes down what is written; nil: nobody wants it
}

func newOut(w http.ResponseWriter) *out {
	return &out{w: w, rc: http.NewResponseController(w)}
}

// begin writes the status line, once; set may add headers before. It reports
// whether this was the time.
func (o *out) begin(status int, set func(http.Header)) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.begun {
		return false
	}
	set(o.w.Header())
	o.begun, o.last = true, time.Now()
	o.touch()
	o.w.WriteHeader(status)
	return true
}

// write sends bytes.
func (o *out) write(p []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.touch()
	if o.taped != nil {
		o.taped.take(p)
	}
	_, err := o.w.Write(p)
	o.last = time.Now()
	return err
}

// record has what is written from here on taken down.
func (o *out) record(t *tape) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taped = t
}

// tape is what was taken down; nil: nothing was to be.
func (o *out) tape() *tape {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.taped
}

func (o *out) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flushLocked()
}

func (o *out) flushLocked() error {
	if err := o.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// trailer adds a field behind the answer, for what was not known at its start.
func (o *out) trailer(name, value string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w.Header().Set(http.TrailerPrefix+name, value)
}

// touch moves the write deadline, at most every few seconds: a client that
// does not read must not hold a goroutine for ever, and streams must be able
// to go on for hours.
func (o *out) touch() {
	now := time.Now()
	if o.writeBy.Sub(now) > writeLimit-5*time.Second {
		return
	}
	o.writeBy = now.Add(writeLimit)
	_ = o.rc.SetWriteDeadline(o.writeBy) // where unsupported (tests), there is nothing to hold
}

// ping begins to send comments whenever the client has heard nothing for so
// long. They keep the connection alive and commit nothing: what the answer
// will be stays open.
func (o *out) ping(every time.Duration, sign string, array bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch o.sign, o.array = sign, array; {
	case array:
		o.sign = "\n" // between the elements of an array, and before it
	case sign == "":
		o.sign = comment
	}
	o.every, o.last = every, time.Now()
	o.timer = time.AfterFunc(every, o.pinged)
}

func (o *out) pinged() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if left := o.every - time.Since(o.last); left > 0 {
		o.timer.Reset(left)
		return
	}
	if !o.begun {
		streamHeaders(o.w.Header(), o.array)
		o.begun = true
		o.w.WriteHeader(http.StatusOK)
	}
	o.touch()
	_, err := o.w.Write([]byte(o.sign))
	o.last = time.Now()
	if err != nil || o.flushLocked() != nil {
		return // the call itself will notice that the client left
	}
	o.timer.Reset(o.every)
}

// streamHeaders are what every event stream says of itself.
func streamHeaders(h http.Header, array bool) {
	h.Set("Content-Type", "text/event-stream")
	if array {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // proxies in front of us must not collect events either
}

// close ends the pings; nothing is written afterwards.
func (o *out) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if o.timer != nil {
		o.timer.Stop()
	}
}
