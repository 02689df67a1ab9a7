package proxy

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/blackout"
)

// Capture says whether and how a route's prompts and answers are kept. The zero
// value keeps none.
type Capture struct {
	On       bool
	Bytes    int64         // most of a prompt, and of an answer's text; 0 is 64 KiB
	Permille int           // of a thousand calls, drawn by lot; 0 is all
	Keep     time.Duration // how long; 0 is 7 days
	Redact   []string      // built-in patterns (blackout.Names) to black out; empty is all of them
	Patterns []string      // further regular expressions to black out
}

// Defaults and bounds of Capture.
const (
	DefaultCaptureBytes = 64 << 10
	MaxCaptureBytes     = 4 << 20
	DefaultCaptureKeep  = 7 * 24 * time.Hour
	MaxCaptureKeep      = 366 * 24 * time.Hour
	// frames is how much longer than its text a stream may be: what is kept of
	// a stream is cut by its text later.
	frames = 16
	// maxTape bounds what is kept of one answer while it runs, in bytes.
	maxTape = 8 << 20
)

// Content is what a call said and was told, as it was: not redacted yet.
// Whoever keeps it applies Rules first.
type Content struct {
	Request      []byte // as far as Bytes goes
	Answer       []byte // as the client got it; of a stream all its events
	RequestBytes int64  // how long they really were
	AnswerBytes  int64
	Stream       bool // Answer is a stream, of which the text is to be kept
	Bytes        int64
	Keep         time.Duration
	Rules        *blackout.Rules
}

// capture is a Capture ready to be used.
type capture struct {
	bytes    int64
	permille int
	keep     time.Duration
	rules    *blackout.Rules
}

// capture checks and compiles a route's Capture; nil: it keeps nothing.
func (c *compiler) capture(conf *Capture) *capture {
	switch {
	case conf.Bytes < 0 || conf.Bytes > MaxCaptureBytes:
		c.fault("capture.bytes", "must be between 0 (the default of %d) and %d", DefaultCaptureBytes, MaxCaptureBytes)
	case conf.Permille < 0 || conf.Permille > 1000:
		c.fault("capture.permille", "must be between 1 and 1000 of a thousand calls; 0 is all")
	case conf.Keep < 0 || conf.Keep > MaxCaptureKeep:
		c.fault("capture.keep", "must be between 0 (the default of 7 days) and a year")
	}
	if _, err := blackout.Compile(conf.Redact, nil); err != nil {
		c.fault("capture.redact", "%v", err)
		return nil
	}
	rules, err := blackout.Compile(conf.Redact, conf.Patterns)
	if err != nil {
		c.fault("capture.patterns", "%v", err)
		return nil
	}
	if !conf.On {
		return nil
	}
	out := &capture{bytes: conf.Bytes, permille: conf.Permille, keep: conf.Keep, rules: rules}
	if out.bytes == 0 {
		out.bytes = DefaultCaptureBytes
	}
	if out.permille == 0 {
		out.permille = 1000
	}
	if out.keep == 0 {
		out.keep = DefaultCaptureKeep
	}
	return out
}

// tape takes down what a client is sent.
type tape struct {
	mu    sync.Mutex
	bytes []byte
	limit int
	all   int64
}

func (t *tape) take(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all += int64(len(p))
	if room := t.limit - len(t.bytes); room > 0 {
		t.bytes = append(t.bytes, p[:min(room, len(p))]...)
	}
}

// startTape begins to take down the answer of a call whose route asks for it.
func (c *call) startTape() {
	if c.way.route == nil || c.way.route.capture == nil {
		return
	}
	if conf := c.way.route.capture; rand.IntN(1000) < conf.permille {
		limit := conf.bytes
		if c.peek.stream {
			limit = min(frames*limit, maxTape)
		}
		c.out.record(&tape{limit: int(limit)})
	}
}

// content is what was captured of a call; nil: nothing.
func (c *call) content() *Content {
	t := c.out.tape()
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	conf := c.way.route.capture
	return &Content{
		Request: append([]byte(nil), c.body[:min(int64(len(c.body)), conf.bytes)]...), Answer: t.bytes,
		RequestBytes: int64(len(c.body)), AnswerBytes: t.all, Stream: c.peek.stream, Bytes: conf.bytes, Keep: conf.keep, Rules: conf.rules,
	}
}

// String says nothing of what is in it, so that it cannot end up in a log.
func (c *Content) String() string {
	if c == nil {
		return "no content"
	}
	return fmt.Sprintf("content of %d and %d bytes", c.RequestBytes, c.AnswerBytes)
}

// GoString is String.
func (c *Content) GoString() string { return c.String() }

// MarshalJSON hides the content like String does.
func (c *Content) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", c.String()), nil }
