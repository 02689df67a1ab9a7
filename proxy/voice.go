package proxy

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// voice turns a vendor's stream into the caller's dialect, or into an answer in
// one piece. It works within the same engine as streams that are passed on:
// nothing is promised before the first content, the same clocks run, and what
// breaks off is told or mended in the same way.
type voice struct {
	dec  protocol.Decoder // nil: the events are here already
	used *llm.Usage       // what it last said of the tokens, where it says so in between
	tale *tale
	join *join     // where this target goes on with another's answer
	fold *llm.Fold // the caller gets it in one piece
	size int64     // of what was folded, in bytes

	events []llm.Event
	out    []byte
	heard  bool // content
}

// translateStream relays a vendor's stream in the caller's dialect.
func (t *try) translateStream(resp *http.Response) *llm.Error {
	s := t.streaming(resp)
	s.voice = t.newVoice()
	s.voice.dec = t.decoder()
	return s.relay()
}

// unfold streams an answer that came in one piece.
func (t *try) unfold(resp *http.Response, answer *llm.Response) *llm.Error {
	s := t.streaming(resp)
	s.voice = t.newVoice()
	if failed := s.tellAll(answer.Events()); failed != nil {
		return failed
	}
	return s.flush()
}

// newVoice speaks to the caller: anew, or on from where the answer stopped.
func (t *try) newVoice() *voice {
	if t.resuming() {
		return &voice{tale: t.tale, join: newJoin(t.call)}
	}
	return &voice{tale: &tale{enc: t.entry.endpoint.In.Encoder(t.reply()), textAt: -1}}
}

// hear handles a frame of a stream that is translated.
func (s *streaming) hear(ev sse.Event) *llm.Error {
	v := s.voice
	var failed *llm.Error
	v.events, failed = v.dec.Decode(v.events[:0], ev.Name, ev.Data)
	if told := s.tellAll(v.events); told != nil {
		return told
	}
	if failed != nil {
		if failed.Class == llm.ClassMalformed {
			return s.malformed(ev)
		}
		return failed
	}
	s.done = v.dec.Done()
	if m, ok := v.dec.(protocol.Metered); ok {
		s.metered(m.Used())
	}
	switch {
	case s.committed && v.join == nil, v.heard:
		s.clock.set(llm.ClassIdleTimeout, s.times.Idle)
	case s.patient:
		s.alive()
	}
	if v.fold == nil {
		return nil
	}
	if v.size += int64(len(ev.Data)); v.size > s.snap.limits.AnswerBytes {
		return &llm.Error{Class: llm.ClassMalformed, Message: fmt.Sprintf("the answer is larger than %d bytes (limits.answer_bytes)", s.snap.limits.AnswerBytes)}
	}
	return nil
}

// metered takes counts that came in the middle of a stream.
func (s *streaming) metered(u *llm.Usage) {
	if u == nil || u == s.voice.used {
		return
	}
	s.voice.used = u
	s.count(u)
	s.heard.final = s.finished
}

// tellAll tells the caller of events.
func (s *streaming) tellAll(events []llm.Event) *llm.Error {
	v := s.voice
	v.out = v.out[:0]
	for _, ev := range events {
		if o, ok := ev.(*llm.Open); ok {
			o.Part = s.marked(o.Part)
		}
		s.notice(ev)
		if v.fold != nil {
			v.fold.Add(ev)
			continue
		}
		if v.join == nil {
			s.say(ev)
			continue
		}
		joined, ok := v.join.event(ev)
		if !ok {
			return &llm.Error{Class: llm.ClassMalformed, Message: "asked from the start, it told another story than the part that was sent already"}
		}
		for _, ev := range joined {
			if end, last := ev.(*llm.End); last && end.Usage != nil {
				s.rec.Usage = *end.Usage
				s.rec.Usage.OutputFrom = llm.FromEstimates // of the first part only its events were counted
			}
			s.say(ev)
		}
	}
	if len(v.out) == 0 {
		return nil
	}
	if !s.committed {
		if !v.heard && !s.finished {
			s.held = append(s.held, v.out...)
			return nil
		}
		if !s.commit(s.resp, -1) {
			return outrun()
		}
		s.call.tale = v.tale
	}
	return s.pass(v.out)
}

// say writes an event into the answer.
func (s *streaming) say(ev llm.Event) {
	s.voice.tale.take(ev, &s.sent)
	before := len(s.voice.out)
	s.voice.out = s.voice.tale.enc.Encode(s.voice.out, ev)
	if _, last := ev.(*llm.End); last {
		s.remember(s.voice.out[before:])
	}
}

// notice takes from an event what the engine must know.
func (s *streaming) notice(ev llm.Event) {
	switch ev := ev.(type) {
	case *llm.Begin:
		s.count(ev.Usage)
	case *llm.Open:
		s.voice.heard = s.voice.heard || says(ev.Part)
		s.tallyPart(ev.Part)
	case *llm.Delta:
		s.voice.heard = s.voice.heard || ev.Text != ""
		s.tallyText(ev.Text)
	case *llm.Finish:
		s.finished = true
	case *llm.End:
		s.count(ev.Usage)
		s.heard.final = true
	case *llm.Amend, *llm.Close:
	}
}

// says reports whether a part is content from the moment it is opened.
func says(p llm.Part) bool {
	switch p := p.(type) {
	case *llm.Text:
		return p.Text != ""
	case *llm.Thinking:
		return p.Text != "" || p.Redacted
	case *llm.Refusal:
		return p.Text != ""
	case *llm.ToolCall, *llm.Media, *llm.Foreign:
		return true
	case *llm.ToolResult:
	}
	return false
}

// silent is the end of a vendor's stream that is translated.
func (s *streaming) silent() *llm.Error {
	if s.events == 0 {
		return &llm.Error{Class: llm.ClassMalformed, Message: "it answered 200 with an empty stream"}
	}
	events, failed := s.voice.dec.End(nil)
	if told := s.tellAll(events); told != nil {
		return told
	}
	if failed != nil {
		return failed
	}
	s.done = true
	if s.voice.fold != nil {
		return nil
	}
	if !s.committed {
		return &llm.Error{Class: llm.ClassMalformed, Message: "the stream ended without content"}
	}
	return s.flush()
}

// tale is an answer that was told by way of the canonical form, or is told
// again so that another target can go on with it.
type tale struct {
	enc    protocol.Encoder
	next   int   // parts of the first choice so far
	open   []int // those not closed
	textAt int   // the open text among them; -1: none
}

// take follows an event that the client gets. What another target could not go
// on with closes the answer for rescues.
func (st *tale) take(ev llm.Event, s *sent) {
	switch ev := ev.(type) {
	case *llm.Open:
		if ev.Choice != 0 {
			s.close()
			return
		}
		st.next = max(st.next, ev.Index+1)
		st.open = append(st.open, ev.Index)
		switch p := ev.Part.(type) {
		case *llm.Text:
			st.textAt = ev.Index
			s.add(p.Text)
		case *llm.Thinking:
		case *llm.ToolCall, *llm.Media, *llm.Refusal, *llm.Foreign, *llm.ToolResult:
			s.close()
		}
	case *llm.Delta:
		if ev.Choice == 0 && ev.Index == st.textAt {
			s.add(ev.Text)
		}
	case *llm.Close:
		if ev.Choice != 0 {
			return
		}
		if st.textAt == ev.Index {
			st.textAt = -1
		}
		for i, n := range st.open {
			if n == ev.Index {
				st.open = append(st.open[:i], st.open[i+1:]...)
				break
			}
		}
	case *llm.Begin, *llm.Amend, *llm.Finish, *llm.End:
	}
}

// retell makes a tale of what was passed on to the client byte for byte, so
// that a target of another dialect can go on with it.
func (c *call) retell() {
	if c.tale != nil {
		return
	}
	c.mu.Lock()
	reply := &protocol.Reply{Request: c.asks, Model: c.peek.model, Created: c.rec.Start.Unix(), Question: *c.question()}
	c.mu.Unlock()
	st := &tale{enc: c.entry.endpoint.In.Encoder(reply), textAt: -1}
	c.tale = st
	if c.sent.resume != nil {
		text := c.sent.text
		c.sent.text, c.sent.resume = nil, nil
		st.enc.Encode(nil, &llm.Begin{ID: unquoted(c.sent.id), Model: c.rec.Model})
		if len(text) > 0 {
			words := unescaped(text)
			for _, ev := range []llm.Event{&llm.Open{Part: &llm.Text{}}, &llm.Delta{Text: words}} {
				st.take(ev, &c.sent)
				st.enc.Encode(nil, ev)
			}
		}
		return
	}
	dec := c.entry.endpoint.Out.Decoder(&protocol.Target{Vendor: c.rec.Provider, Model: c.rec.Model, Stream: true, Header: http.Header{}, Request: c.asks})
	frames := sse.NewReader(bytes.NewReader(c.sent.tape), maxSent)
	for {
		ev, err := frames.Next()
		if err != nil {
			break
		}
		if ev.Data == nil {
			continue
		}
		events, _ := dec.Decode(nil, ev.Name, ev.Data) // what the client got was read before
		for _, ev := range events {
			st.take(ev, &c.sent)
			st.enc.Encode(nil, ev)
		}
	}
	c.sent.tape = nil
}
