package gemini

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxChoices bounds the candidates of an answer; Google gives at most eight.
const maxChoices = 128

// DecodeResponse implements protocol.Outbound. A whole answer is a stream of
// one event.
func (Outbound) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	if err := wholeError(body); err != nil {
		return nil, err
	}
	events := [][]byte{body}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		events = nil
		for _, raw := range readList(trimmed) {
			events = append(events, raw)
		}
	}
	d := newDecoder(t)
	var fold llm.Fold
	var steps []llm.Event
	var err *llm.Error
	for _, data := range events {
		if steps, err = d.Decode(steps, nil, data); err != nil {
			return nil, err
		}
	}
	if len(d.choices) == 0 {
		return nil, &llm.Error{Class: llm.ClassMalformed, Message: "the answer has no candidates"}
	}
	for _, ev := range d.end(steps) {
		fold.Add(ev)
	}
	answer, _ := fold.Response()
	return answer, nil
}

// Decoder implements protocol.Outbound.
func (Outbound) Decoder(t *protocol.Target) protocol.Decoder { return newDecoder(t) }

func newDecoder(t *protocol.Target) *decoder { return &decoder{target: t} }

// decoder reads one stream. Finish reasons are told at its end: older models
// write STOP into every event, and nothing says which is the last.
type decoder struct {
	target  *protocol.Target
	began   bool
	choices []reading
	usage   *llm.Usage
	quick   quick
}

// reading is a candidate so far.
type reading struct {
	parts    int // opened
	open     opened
	signed   bool // the open part has its signature: what follows is another
	calls    int
	finish   llm.StopReason
	finished bool
	ascii    bool // all of the open text
}

// opened is what kind of part is open, if any.
type opened int

const (
	openNothing opened = iota
	openText
	openThought
)

// Decode implements protocol.Decoder.
func (d *decoder) Decode(dst []llm.Event, _, data []byte) ([]llm.Event, *llm.Error) {
	r, err := d.event(data)
	if err != nil {
		return dst, &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not in Google's protocol: " + protocol.Clip(err.Error())}
	}
	if r.Error != nil {
		return dst, r.Error.canonical(r.Error.Code)
	}
	if len(r.Candidates) == 0 && len(d.choices) == 0 {
		if err := r.blocked(); err != nil {
			return dst, err
		}
	}
	dst = d.begin(dst, r)
	if r.Usage != nil {
		if u, ok := r.Usage.canonical(); ok {
			d.usage = &u
		}
	}
	for i := range r.Candidates {
		c := &r.Candidates[i]
		if c.Index < 0 || c.Index >= maxChoices {
			return dst, &llm.Error{Class: llm.ClassMalformed, Message: fmt.Sprintf("the answer has a candidate %d", c.Index)}
		}
		for len(d.choices) <= c.Index {
			d.choices = append(d.choices, reading{})
		}
		var err *llm.Error
		if dst, err = d.candidate(dst, c); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// event reads an event, those that streams are made of quickly.
func (d *decoder) event(data []byte) (*response, error) {
	if d.began {
		if r, ok := d.quick.read(data); ok {
			return r, nil
		}
	}
	r := &response{}
	return r, unmarshal(data, r)
}

// begin starts the answer with its first event.
func (d *decoder) begin(dst []llm.Event, r *response) []llm.Event {
	if d.began {
		return dst
	}
	d.began = true
	begin := &llm.Begin{ID: r.ID, Model: r.Model, Dialect: Name}
	if at, err := time.Parse(time.RFC3339, r.Created); err == nil {
		begin.Created = at.Unix()
	}
	if r.Usage != nil {
		if u, ok := r.Usage.canonical(); ok {
			begin.Usage = &u
		}
	}
	return append(dst, begin)
}

func (d *decoder) candidate(dst []llm.Event, c *candidate) ([]llm.Event, *llm.Error) {
	s := &d.choices[c.Index]
	logprobs := c.Logprobs.canonical()
	if c.Content != nil {
		for i := range c.Content.Parts {
			var err *llm.Error
			if dst, err = d.part(dst, c.Index, &c.Content.Parts[i], &logprobs); err != nil {
				return dst, err
			}
		}
	}
	if len(logprobs) > 0 && s.open == openText {
		dst = append(dst, &llm.Delta{Choice: c.Index, Index: s.parts - 1, Logprobs: logprobs})
	}
	if s.open == openText { // they come with the last words
		for _, a := range c.annotations(s.ascii) {
			dst = append(dst, &llm.Amend{Choice: c.Index, Index: s.parts - 1, Annotation: &a})
		}
	}
	if c.Finish == "" || c.Finish == "FINISH_REASON_UNSPECIFIED" {
		return dst, nil
	}
	stop, err := stopOf(c)
	s.finish, s.finished = stop, true
	return dst, err
}

// part reads a part. Words go on with the open part of their kind, where one is.
func (d *decoder) part(dst []llm.Event, choice int, p *part, logprobs *llm.Raw) ([]llm.Event, *llm.Error) {
	s := &d.choices[choice]
	state := d.state(p.Signature)
	switch {
	case p.Call != nil:
		return d.call(dst, choice, p.Call, state)
	case p.Inline != nil:
		return d.one(dst, choice, p.Inline.media()), nil
	case p.File != nil:
		return d.one(dst, choice, p.File.media()), nil
	case p.Text != nil || state != nil && len(p.Extra) == 0:
		kind := openText
		if p.Thought {
			kind = openThought
		}
		if p.Text == nil || *p.Text == "" {
			if state == nil {
				return dst, nil
			}
			if s.open != openNothing && !s.signed { // a signature at the end of what was said
				kind = s.open
			}
		}
		dst = d.openFor(dst, choice, kind)
		if p.Text != nil && *p.Text != "" {
			delta := &llm.Delta{Choice: choice, Index: s.parts - 1, Text: *p.Text}
			if kind == openText {
				delta.Logprobs, *logprobs = *logprobs, nil
				s.ascii = s.ascii && isASCII(*p.Text)
			}
			dst = append(dst, delta)
		}
		if state != nil {
			s.signed = true
			dst = append(dst, &llm.Amend{Choice: choice, Index: s.parts - 1, State: state})
		}
		return dst, nil
	case len(p.Extra) > 0:
		raw, err := marshal(p)
		if err != nil {
			return dst, nil //nolint:nilerr // what was just read can be written
		}
		return d.one(dst, choice, &llm.Foreign{Dialect: Name, Type: foreignType(p), Raw: raw}), nil
	}
	return dst, nil // an empty part
}

// openFor makes sure that a part of a kind is open.
func (d *decoder) openFor(dst []llm.Event, choice int, kind opened) []llm.Event {
	s := &d.choices[choice]
	if s.open == kind && !s.signed {
		return dst
	}
	dst = d.close(dst, choice)
	s.open, s.signed, s.ascii = kind, false, true
	s.parts++
	var p llm.Part = &llm.Text{}
	if kind == openThought {
		p = &llm.Thinking{Summary: true}
	}
	return append(dst, &llm.Open{Choice: choice, Index: s.parts - 1, Part: p})
}

func (d *decoder) close(dst []llm.Event, choice int) []llm.Event {
	s := &d.choices[choice]
	if s.open == openNothing {
		return dst
	}
	s.open = openNothing
	return append(dst, &llm.Close{Choice: choice, Index: s.parts - 1})
}

// one adds a part that comes whole.
func (d *decoder) one(dst []llm.Event, choice int, p llm.Part) []llm.Event {
	dst = d.close(dst, choice)
	s := &d.choices[choice]
	s.parts++
	return append(dst, &llm.Open{Choice: choice, Index: s.parts - 1, Part: p}, &llm.Close{Choice: choice, Index: s.parts - 1})
}

func (d *decoder) call(dst []llm.Event, choice int, c *call, state *llm.State) ([]llm.Event, *llm.Error) {
	if c.Name == "" {
		return dst, &llm.Error{Class: llm.ClassMalformed, Message: "a function call has no name"}
	}
	dst = d.close(dst, choice)
	s := &d.choices[choice]
	id := c.ID
	if id == "" {
		id = d.callID(choice, s.calls)
	}
	s.calls++
	s.parts++
	at := s.parts - 1
	return append(dst,
		&llm.Open{Choice: choice, Index: at, Part: &llm.ToolCall{ID: id, Name: c.Name, State: state}},
		&llm.Delta{Choice: choice, Index: at, Text: arguments(c.Args)},
		&llm.Close{Choice: choice, Index: at},
	), nil
}

// callID makes an id for a call that has none.
func (d *decoder) callID(choice, n int) string {
	id := "call_" + d.target.Unique + "x" + strconv.Itoa(n)
	if choice > 0 {
		id += "x" + strconv.Itoa(choice)
	}
	return id
}

func (d *decoder) state(signature string) *llm.State {
	if signature == "" {
		return nil
	}
	return &llm.State{Kind: llm.StateThought, Data: signature, Origin: d.target.Origin}
}

// End implements protocol.Decoder.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	whole := len(d.choices) > 0
	for i := range d.choices {
		whole = whole && d.choices[i].finished
	}
	if !whole {
		return dst, &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer was finished"}
	}
	return d.end(dst), nil
}

func (d *decoder) end(dst []llm.Event) []llm.Event {
	for i := range d.choices {
		dst = d.close(dst, i)
	}
	for i := range d.choices {
		s := &d.choices[i]
		stop := s.finish
		switch {
		case !s.finished:
			stop = llm.StopUnknown
		case stop == llm.StopEnd && s.calls > 0:
			stop = llm.StopTools
		}
		dst = append(dst, &llm.Finish{Choice: i, Stop: stop})
	}
	return append(dst, &llm.End{Usage: d.usage})
}

// Used implements protocol.Metered.
func (d *decoder) Used() *llm.Usage { return d.usage }

// Done implements protocol.Decoder. Nothing in the stream says so.
func (d *decoder) Done() bool { return false }

// stopOf reads a finish reason. Those that mean that there is no answer are
// errors.
func stopOf(c *candidate) (llm.StopReason, *llm.Error) {
	switch c.Finish {
	case "STOP":
		return llm.StopEnd, nil
	case "MAX_TOKENS":
		return llm.StopLength, nil
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return llm.StopFilter, nil
	}
	message := "the model ended with " + protocol.Clip(c.Finish)
	if c.FinishMessage != "" {
		message += ": " + protocol.Clip(c.FinishMessage)
	}
	return "", &llm.Error{Class: llm.ClassMalformed, Status: http.StatusBadGateway, Code: strings.ToLower(protocol.Clip(c.Finish)), Message: message}
}
