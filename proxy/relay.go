package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	// holdBytes is how much of an answer in one piece is held back until it is
	// whole, so that a broken one can still be replaced by another target's.
	holdBytes = 1 << 20
	// tailBytes is how much of a longer answer's end is kept to find usage in.
	tailBytes = 16 << 10
	// relayBuffer is the piece size by which long answers are copied.
	relayBuffer = 32 << 10
)

// pieces is a pooled buffer for copying long answers.
type pieces struct{ buf []byte }

var piecePool = sync.Pool{New: func() any { return &pieces{buf: make([]byte, relayBuffer)} }}

// passedAnswerHeaders are what a caller may see of a vendor's headers. Rate
// limits and organisation names of our key are not the caller's business.
var passedAnswerHeaders = []string{"Content-Type", "Content-Disposition"}

// commit promises the answer to the client: from here on nothing else can
// stand in, and of a stream another target can only take over. It reports false
// where another target that was asked beside this one came first.
func (t *try) commit(resp *http.Response, length int64) bool {
	if !t.lane.claim() {
		return false
	}
	t.out.begin(t.status(resp), func(h http.Header) {
		t.answerHeaders(h, resp, length < 0)
		setHeaders(h, "X-Posthouse-Provider", t.cand.name, "X-Posthouse-Model", headerSafe(t.cand.model))
		t.nameRoute(h)
		if length >= 0 {
			setHeaders(h, "Content-Length", strconv.FormatInt(length, 10))
		}
	})
	t.committed = true
	t.begun()
	t.rec.Status = t.status(resp)
	t.rec.Provider, t.rec.Model = t.cand.name, t.cand.model
	if t.at.UsageSeen {
		t.rec.Usage, t.rec.UsageSeen = t.at.Usage, true
	}
	return true
}

// status is what the caller is told: the vendor's own word where its bytes are.
func (t *try) status(resp *http.Response) int {
	if !t.speech.passes {
		return http.StatusOK
	}
	return resp.StatusCode
}

// answerHeaders are those by which the answer is read.
func (t *try) answerHeaders(h http.Header, resp *http.Response, endless bool) {
	streamed := endless && t.peek.stream
	if streamed {
		streamHeaders(h, t.array())
	}
	if lossy := t.losses.String(); lossy != "" {
		h.Set("X-Posthouse-Lossy", headerSafe(clip(lossy, maxLossy)))
	}
	if !t.speech.passes {
		if !streamed {
			h.Set("Content-Type", "application/json")
		}
		return
	}
	for _, names := range [][]string{passedAnswerHeaders, t.speech.protocol.AnswerHeaders} {
		for _, name := range names {
			if v := resp.Header[http.CanonicalHeaderKey(name)]; len(v) > 0 && v[0] != "" {
				h[http.CanonicalHeaderKey(name)] = v[:1:1]
			}
		}
	}
	if streamed && t.array() {
		h.Set("Content-Type", "application/json")
	}
}

func (c *call) nameRoute(h http.Header) {
	if c.way.route != nil {
		setHeaders(h, "X-Posthouse-Route", headerSafe(c.way.route.name))
	}
	setHeaders(h, "X-Posthouse-Attempts", strconv.Itoa(c.asked()), "Server-Timing", c.timing())
}

// setHeaders sets fields whose names are written as they are kept (MIME's
// canonical form); pairs are names and values in turn. It asks for memory once
// where Header.Set does so for each.
func setHeaders(h http.Header, pairs ...string) {
	room := make([]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		n := i / 2
		room[n] = pairs[i+1]
		h[pairs[i]] = room[n : n+1 : n+1]
	}
}

// headerSafe writes a name so that any header parser takes it.
func headerSafe(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return strconv.QuoteToASCII(s)
		}
	}
	return s
}

// write sends bytes of the answer to the client.
func (t *try) write(p []byte) *llm.Error {
	if len(p) == 0 {
		return nil
	}
	if !t.heard.told {
		t.tells()
	}
	if t.gone.Load() {
		return t.drop(len(p))
	}
	if t.at.First == 0 {
		t.at.First = time.Since(t.began)
	}
	if t.rec.FirstByte == 0 {
		t.rec.FirstByte = time.Since(t.call.began)
	}
	if err := t.out.write(p); err != nil {
		t.clientLeft()
		return t.drop(len(p))
	}
	t.rec.BytesOut += int64(len(p))
	if t.rec.BytesOut > t.snap.limits.AnswerBytes {
		return &llm.Error{Class: llm.ClassMalformed, Message: fmt.Sprintf("the answer is larger than %d bytes (limits.answer_bytes)", t.snap.limits.AnswerBytes)}
	}
	return nil
}

func (t *try) flush() *llm.Error {
	if t.gone.Load() {
		return t.drop(0)
	}
	if err := t.out.flush(); err != nil {
		t.clientLeft()
		return t.drop(0)
	}
	return nil
}

// whole relays an answer in one piece. Up to holdBytes it is held until it is
// complete and known to be an answer; a longer one is passed on as it comes.
func (t *try) whole(resp *http.Response) *llm.Error {
	held, done, failed := t.hold(resp)
	if failed != nil {
		return failed
	}
	answer := &t.entry.endpoint.Answer
	if done {
		if answer.Whole != nil {
			if err := answer.Whole(held); err != nil {
				return err
			}
		}
		t.heard.final = true
		t.takeUsage(held)
		t.keptThere(held)
		t.heard.body = held
		if !t.commit(resp, int64(len(held))) {
			return outrun()
		}
		return t.write(held)
	}
	if answer.Whole != nil && !looksJSON(held) {
		return &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not JSON"}
	}
	if !t.commit(resp, -1) {
		return outrun()
	}
	if err := t.write(held); err != nil {
		return t.breakOff(err)
	}
	return t.copyRest(resp.Body, held)
}

// hold reads up to holdBytes. An endpoint whose answers are not checked (audio)
// is not held.
func (t *try) hold(resp *http.Response) (held []byte, done bool, failed *llm.Error) {
	limit := holdBytes
	if t.entry.endpoint.Answer.Whole == nil {
		limit = 1
	}
	room := resp.ContentLength + 1 // one more, to see the end without growing
	if room <= 0 {
		room = 4 << 10
	}
	buf := make([]byte, 0, min(room, holdBytes))
	for len(buf) < limit {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		t.clock.set(llm.ClassIdleTimeout, t.times.Idle)
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, true, nil
		}
		if err != nil {
			return nil, false, t.broken(err, true)
		}
	}
	return buf, false, nil
}

func looksJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

// copyRest passes on what comes after the held part.
func (t *try) copyRest(body io.Reader, held []byte) *llm.Error {
	tail := append([]byte(nil), held[max(0, len(held)-tailBytes):]...)
	p := piecePool.Get().(*pieces) //nolint:errcheck // the pool holds nothing else
	defer piecePool.Put(p)
	for {
		t.clock.set(llm.ClassIdleTimeout, t.times.Idle)
		n, err := body.Read(p.buf)
		tail = append(tail, p.buf[:n]...)
		tail = tail[max(0, len(tail)-tailBytes):]
		if failed := t.write(p.buf[:n]); failed != nil {
			return t.breakOff(failed)
		}
		if errors.Is(err, io.EOF) {
			t.heard.final = true
			t.heard.bytes = t.rec.BytesOut // too long to be kept
			t.takeTailUsage(tail)
			return nil
		}
		if err != nil {
			return t.breakOff(t.broken(err, true))
		}
		if failed := t.flush(); failed != nil {
			return t.breakOff(failed)
		}
	}
}

// breakOff ends an answer in one piece that can't be completed: the only way
// to say so is to break the connection.
func (t *try) breakOff(err *llm.Error) *llm.Error {
	t.abort = true
	return err
}

// wholeForStream handles an answer in one piece to a call that asked for a
// stream: an error with status 200, or a server that can't stream.
func (t *try) wholeForStream(resp *http.Response) *llm.Error {
	held, done, failed := t.hold(resp)
	if failed != nil {
		return failed
	}
	if done {
		if err := t.entry.endpoint.Answer.Whole(held); err != nil {
			return err
		}
	}
	if done && t.entry.endpoint.In != nil && t.entry.endpoint.Out != nil && !t.resuming() {
		t.target, t.speech.passes = t.aim(), false
		answer, err := t.entry.endpoint.Out.DecodeResponse(held, t.target)
		if err != nil {
			return err
		}
		return t.unfold(resp, answer)
	}
	return &llm.Error{Class: llm.ClassMalformed, Message: "it answered in one piece although a stream was asked for"}
}

// usageKey begins the key of the counts in every dialect: usage, usageMetadata.
const usageKey = `"usage`

// takeUsage reads the counts off an answer or event, if it has any. It reports
// whether the answer's words so far are among them.
func (t *try) takeUsage(data []byte) (words bool) {
	read := t.entry.endpoint.Answer.Usage
	if read == nil {
		return false
	}
	u, ok := read(data)
	if ok {
		t.used(u)
	}
	return ok && u.OutputFrom == llm.FromProvider
}

// used notes what a vendor says was used so far. It is the call's, too, once
// the answer is committed. What was heard before need not be counted any more.
func (t *try) used(u llm.Usage) {
	if u.OutputFrom == llm.FromProvider {
		t.heard.forget()
	}
	t.at.Usage, t.at.UsageSeen = u.Over(t.at.Usage), true
	if t.committed {
		t.rec.Usage, t.rec.UsageSeen = t.at.Usage, true
	}
}

// takeSum takes the counts of an answer that another target began, both parts
// together.
func (t *try) takeSum(data []byte) {
	own, seen := t.at.Usage, t.at.UsageSeen
	t.takeUsage(data)
	if t.at.UsageSeen {
		t.rec.Usage.OutputFrom = llm.FromEstimates // of the first part only its events were counted
	}
	t.at.Usage, t.at.UsageSeen = own, seen
}

// takeTailUsage reads the counts off the end of a long JSON answer: from the
// key on to its closing brace, that end is an object but for its first brace.
func (t *try) takeTailUsage(tail []byte) {
	if i := bytes.LastIndex(tail, []byte(usageKey)); i >= 0 {
		t.takeUsage(append([]byte{'{'}, tail[i:]...))
	}
}
