package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
	"github.com/posthouse/posthouse/proxy/sse"
)

const (
	// drainTime and drainBytes bound what is read after a stream's last event
	// so that its connection can be used again.
	drainTime  = 200 * time.Millisecond
	drainBytes = 4 << 10
	// maxQuiet is the longest silence at the beginning of a stream whose first
	// content nobody else could bring; as long as OpenAI's own clients wait.
	maxQuiet = 10 * time.Minute
	// firstGrace is the least that a stream has from its head to its first
	// content, should the head have taken all the time there was.
	firstGrace = 100 * time.Millisecond
	// maxBad is how many events of a stream may be out of the protocol; with
	// more of them the answer is taken for damaged.
	maxBad = 1
)

// streaming is a stream being relayed.
type streaming struct {
	*try
	resp     *http.Response
	reader   protocol.Frames
	answer   *protocol.Answer
	shown    []byte // the event in hand, where its caller gets less of it
	held     []byte // events before the first content: nothing is promised yet
	prelude  []byte // the same as the vendor wrote them, where the answer may be told again
	voice    *voice // nil: events are passed on as they come
	onward   bool   // it goes on with another's answer
	seam     *seam  // where that is joined byte by byte
	events   int    // with data, so far
	elements int    // of an array, so far
	bad      int    // of them not in the protocol
	patient  bool   // the first content may take any time, as long as there are signs of life
	finished bool   // a finish reason or terminal event was seen
	done     bool   // the event after which nothing comes was passed on
}

// stream relays a stream event by event. It is held back until the first event
// with content; until then any failure leaves the client untouched, and the
// next target can stand in. After it, the next target can take over what the
// client has (rescue.go).
func (t *try) stream(resp *http.Response) *llm.Error {
	s := t.streaming(resp)
	if s.onward {
		s.seam = newSeam(&t.sent)
	}
	return s.relay()
}

// streaming begins to read a vendor's stream.
func (t *try) streaming(resp *http.Response) *streaming {
	limit := int(t.snap.limits.EventBytes)
	s := &streaming{try: t, resp: resp, answer: &t.speech.endpoint.Answer, onward: t.resuming()}
	if cut := t.speech.endpoint.Frames; cut != nil {
		s.reader = cut(resp.Body, limit)
	} else {
		s.reader = sse.NewReader(resp.Body, limit)
	}
	if !t.speech.passes {
		s.answer = &t.entry.endpoint.Answer
	}
	if s.answer.Content != nil && t.times.FirstToken > 0 {
		t.clock.set(llm.ClassFirstTokenTimeout, max(t.times.FirstToken-time.Since(t.began), firstGrace))
	} else {
		s.patient = true
		s.alive()
	}
	return s
}

// alive restarts the clock of a stream that may take any time to its first
// content: vendors send comments or empty events while a call waits its turn,
// and a connection without even those for maxQuiet is dead. An answer that is
// begun already does not wait that long for who goes on with it.
func (s *streaming) alive() {
	limit := min(s.times.Idle, maxQuiet)
	if limit > 0 && s.seam == nil && !s.onward {
		limit = maxQuiet
	}
	s.clock.set(llm.ClassIdleTimeout, limit)
}

func (s *streaming) relay() *llm.Error {
	for !s.done {
		ev, err := s.reader.Next()
		switch {
		case err == nil:
			if failed := s.event(ev); failed != nil {
				return failed
			}
		case errors.Is(err, io.EOF):
			return s.end()
		case errors.Is(err, io.ErrUnexpectedEOF) && len(ev.Raw) > 0:
			if failed := s.lastEvent(ev); failed != nil {
				return failed
			}
		case errors.Is(err, sse.ErrTooLarge):
			return &llm.Error{Class: llm.ClassMalformed, Message: fmt.Sprintf("an event is larger than %d bytes (limits.event_bytes)", s.snap.limits.EventBytes)}
		default:
			return s.brokeOff(err)
		}
	}
	return s.settle()
}

// brokeOff is a connection that ended other than it should: after the answer
// was finished that changes nothing for the client.
func (s *streaming) brokeOff(err error) *llm.Error {
	failed := s.broken(err, true)
	if s.finished && failed.Class == llm.ClassCut {
		return s.end()
	}
	return failed
}

// event handles one event.
func (s *streaming) event(ev sse.Event) *llm.Error {
	if ev.Data == nil {
		return s.comment(ev)
	}
	s.events++
	if s.voice != nil {
		return s.hear(ev)
	}
	sig := s.look(ev)
	switch {
	case sig.Has(protocol.Broken):
		return s.malformed(ev)
	case sig.Has(protocol.Failed):
		return s.failed(ev.Data)
	}
	s.finished = s.finished || sig.Has(protocol.Finished)
	s.done = sig.Has(protocol.Done)
	if sig.Has(protocol.HasUsage) && s.takeUsage(ev.Data) {
		s.heard.final = s.finished
	} else {
		s.tally(ev.Data)
	}
	if sig.Has(protocol.Finished) {
		s.keptThere(ev.Data)
	}
	if s.seam != nil {
		return s.resumed(ev, sig)
	}
	raw, shown := s.unasked(ev)
	if !shown {
		if s.committed || s.patient {
			s.alive()
		}
		return nil
	}
	ev.Raw = raw
	if !s.committed && !s.promise(ev, sig) {
		if s.patient {
			s.alive()
		}
		return nil
	}
	s.clock.set(llm.ClassIdleTimeout, s.times.Idle)
	if err := s.pass(s.framed(ev)); err != nil {
		return err
	}
	s.sent.take(ev)
	return nil
}

// malformed skips an event that is not in the protocol, once.
func (s *streaming) malformed(ev sse.Event) *llm.Error {
	s.g.log.Warn("skipped a malformed stream event", "request_id", s.rec.ID, "provider", s.cand.name, "bytes", len(ev.Data))
	s.at.Malformed++
	if s.bad++; s.bad > maxBad {
		return &llm.Error{Class: llm.ClassMalformed, Message: "more than one event of its stream was not in the protocol"}
	}
	return nil
}

// resumed handles an event of a target that goes on with an answer that is
// begun.
func (s *streaming) resumed(ev sse.Event, sig protocol.Signal) *llm.Error {
	if sig.Has(protocol.Done) {
		return s.pass(ev.Raw)
	}
	if s.answer.Content(ev.Name, ev.Data) {
		s.clock.set(llm.ClassIdleTimeout, s.times.Idle)
	}
	passed, ok := s.seam.event(ev.Data, s.finished)
	if !ok {
		return &llm.Error{Class: llm.ClassMalformed, Message: "it told another story than the part that was sent already, or less of it"}
	}
	for _, data := range passed {
		s.takeSum(data)
		s.sent.take(sse.Event{Data: data})
		if s.heard.asked {
			from, to := s.answer.UsageOption.Strip(data)
			if to-from == len(data) {
				continue
			}
			data = append(bytes.Clone(data[:from]), data[to:]...)
		}
		if err := s.pass(append(append([]byte("data: "), data...), "\n\n"...)); err != nil {
			return err
		}
	}
	return nil
}

// framed is an event as the caller gets it: as it came, or as an element of the
// JSON array that Gemini's clients get who don't ask for events.
func (s *streaming) framed(ev sse.Event) []byte {
	switch {
	case !s.array():
		return ev.Raw
	case ev.Data == nil:
		return nil
	case s.elements == 0:
		s.elements++
		return append([]byte("["), ev.Data...)
	}
	s.elements++
	return append([]byte(",\r\n"), ev.Data...)
}

func (s *streaming) look(ev sse.Event) protocol.Signal {
	if s.answer.Event == nil {
		return 0
	}
	return s.answer.Event(ev.Name, ev.Data)
}

// promise decides whether this event commits the answer; if not, it is held.
func (s *streaming) promise(ev sse.Event, sig protocol.Signal) bool {
	content := s.answer.Content == nil || s.answer.Content(ev.Name, ev.Data)
	if !content && !sig.Has(protocol.Finished) {
		s.held = append(s.held, s.framed(ev)...)
		if s.sent.on && s.sent.resume == nil {
			s.prelude = append(s.prelude, ev.Raw...)
		}
		return false
	}
	if !s.commit(s.resp, -1) {
		return false
	}
	s.sent.tape, s.prelude = append(s.sent.tape, s.prelude...), nil
	return true
}

// comment passes a comment on once the answer is committed; before, it must
// not promise anything.
func (s *streaming) comment(ev sse.Event) *llm.Error {
	if s.patient && (!s.committed || s.seam != nil) {
		s.alive()
	}
	if !s.committed || s.seam != nil {
		return nil
	}
	if s.voice != nil || s.array() {
		if s.voice == nil || s.voice.join == nil {
			s.clock.set(llm.ClassIdleTimeout, s.times.Idle)
		}
		return nil // it is the vendor's, in another dialect
	}
	s.clock.set(llm.ClassIdleTimeout, s.times.Idle)
	return s.pass(ev.Raw)
}

// pass writes an event, and flushes unless the next one is here already.
func (s *streaming) pass(raw []byte) *llm.Error {
	if len(s.held) > 0 {
		if err := s.write(s.held); err != nil {
			return err
		}
		s.held = nil
	}
	if err := s.write(raw); err != nil {
		return err
	}
	if s.reader.More() && !s.done {
		return nil
	}
	return s.flush()
}

// lastEvent handles what stood at the end of the stream without the blank line
// that ends an event: whole JSON or a terminal event counts, a fragment does
// not.
func (s *streaming) lastEvent(ev sse.Event) *llm.Error {
	var sig protocol.Signal
	if s.voice == nil {
		sig = s.look(ev)
	}
	if ev.Data == nil || sig.Has(protocol.Broken) || !rawjson.Valid(ev.Data) && !sig.Has(protocol.Done) {
		return nil
	}
	ev.Raw = append(append([]byte(nil), ev.Raw...), "\n\n"...)
	return s.event(ev)
}

// failed is an error event.
func (s *streaming) failed(data []byte) *llm.Error {
	if s.answer.EventError != nil {
		if err := s.answer.EventError(data); err != nil {
			return err
		}
	}
	return &llm.Error{Class: llm.ClassMalformed, Message: "it sent an error event without a message"}
}

// end is the orderly end of the connection: whole only if the answer was
// finished, whatever HTTP says.
func (s *streaming) end() *llm.Error {
	if s.voice != nil {
		return s.silent()
	}
	if s.answer.Content != nil && s.events == 0 {
		return &llm.Error{Class: llm.ClassMalformed, Message: "it answered 200 with an empty stream"}
	}
	if s.answer.Content != nil && !s.finished {
		return &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer was finished"}
	}
	if !s.committed {
		if s.answer.Content != nil {
			return &llm.Error{Class: llm.ClassMalformed, Message: "the stream ended without content"}
		}
		if !s.promise(sse.Event{}, protocol.Finished) {
			return outrun()
		}
	}
	if s.array() {
		s.done = true
		return s.pass([]byte("]"))
	}
	if s.answer.Done != "" && !s.done {
		s.done = true
		if err := s.pass([]byte(s.answer.Done)); err != nil {
			return err
		}
	}
	return s.flush()
}

// settle ends a stream after its last event. What a vendor still sends is not
// read, so its connection is not used again unless it ends right there.
func (s *streaming) settle() *llm.Error {
	if !s.committed && (s.voice == nil || s.voice.fold == nil) {
		return &llm.Error{Class: llm.ClassMalformed, Message: "the stream ended without content"}
	}
	s.clock.set(llm.ClassIdleTimeout, drainTime)
	_, _ = io.CopyN(io.Discard, s.resp.Body, drainBytes) // reaching the end frees the connection for reuse
	return nil
}
