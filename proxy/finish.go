package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// newRequestID makes an id that is unique and can't be guessed. It begins with
// the time in milliseconds, so that the ids of a log are in its order and a
// call is found by its id without an index (RequestTime).
func newRequestID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16|rand.Uint64()>>48) // the runtime's ChaCha8 source
	binary.BigEndian.PutUint64(b[8:], rand.Uint64())
	return RequestPrefix + hex.EncodeToString(b[:])
}

// RequestPrefix begins every request id.
const RequestPrefix = "req_"

// RequestTime is when the call with a request id began, to the millisecond;
// false: the id was not made here.
func RequestTime(id string) (time.Time, bool) {
	digits, ours := strings.CutPrefix(id, RequestPrefix)
	raw, err := hex.DecodeString(digits)
	if !ours || err != nil || len(raw) != 16 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw[:8]) >> 16)), true
}

// refuse tells the client of an error in its dialect: as an answer where
// nothing was written yet, as an event of the stream where something was.
func (c *call) refuse(err *llm.Error) {
	c.rec.Class, c.rec.Message = err.Class, err.Message
	if err.Class == llm.ClassClientClosed && err.Status != http.StatusBadRequest {
		c.abort = true
		return
	}
	body := err.Raw
	if body == nil {
		body = c.dialect.EncodeError(err)
	}
	fresh := c.out.begin(err.Status, func(h http.Header) { c.refusalHeaders(h, err, len(body)) })
	if !fresh {
		c.interrupt(err)
		return
	}
	c.rec.Status = err.Status
	_ = c.out.write(body) // a client that left can't be told that it left
	c.rec.BytesOut += int64(len(body))
	if c.unread {
		_ = c.out.flush()
		drain(c.out.rc, c.r, c.snap.limits.BodyBytes)
	}
}

func (c *call) refusalHeaders(h http.Header, err *llm.Error, length int) {
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(length))
	switch err.Status {
	case http.StatusUnauthorized:
		h.Set("Www-Authenticate", "Bearer")
	case http.StatusMethodNotAllowed:
		h.Set("Allow", err.Param)
	}
	if err.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(err.RetryAfter.Seconds()))))
	}
	if c.asked() == 0 {
		return
	}
	c.nameRoute(h)
	if err.RetryAfter == 0 {
		h.Set("X-Should-Retry", "false") // read by OpenAI's clients: what could be tried was tried
	}
}

// interrupt ends an answer that has begun and can't be finished: a stream with
// an error event in its dialect, and any answer with a broken connection, so
// that nobody takes it for whole.
func (c *call) interrupt(err *llm.Error) {
	c.abort = true
	c.rec.Status = http.StatusOK
	if !c.peek.stream {
		return
	}
	shown := *err
	shown.Raw = nil
	if c.committed {
		shown.Code = "stream_interrupted"
	}
	event := c.failureEvent(&shown)
	if c.out.write(event) == nil {
		_ = c.out.flush() // nothing is left to do if this fails
	}
	c.rec.BytesOut += int64(len(event))
}

// failureEvent is the caller's dialect's form of an error in mid-stream.
func (c *call) failureEvent(err *llm.Error) []byte {
	switch {
	case c.tale != nil:
		return c.tale.enc.Fail(nil, err)
	case c.committed && c.array():
		return append([]byte(",\r\n"), c.dialect.EncodeError(err)...) // and no bracket: it is not whole
	}
	return c.dialect.EncodeStreamError(err)
}

// finish settles the call: it is recorded and logged exactly once.
func (c *call) finish() {
	c.out.close()
	c.unwatch()
	c.cancel(nil)
	c.g.bodies.release(c.held)
	c.settleGone()
	c.rec.Duration = time.Since(c.began)
	if c.rec.Class == llm.ClassClientClosed {
		c.rec.Status = statusClientClosed
	}
	if len(c.uncounted) > 0 && c.g.counting.take(c) {
		return
	}
	c.estimate()
	c.account()
}

func millis(d time.Duration) float64 {
	return math.Round(float64(d)/float64(10*time.Microsecond)) / 100
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 { // not within a character
		n--
	}
	return s[:n] + "…"
}
