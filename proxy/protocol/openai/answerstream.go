package openai

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// mostParts bounds the parts of one choice of a stream.
const mostParts = 1 << 12

// Decoder begins to read a streamed answer of a vendor.
func (chat) Decoder(t *protocol.Target) protocol.Decoder { return &chunks{t: t} }

// chunks reads a stream of chunks. It remembers what is open, not what was
// said.
type chunks struct {
	t       *protocol.Target
	begun   bool
	choices []*choiceState
	usage   *llm.Usage
	ended   bool
}

// choiceState is a choice of a stream under way.
type choiceState struct {
	n        int
	parts    int          // opened so far
	open     int          // the text or reasoning that is open; -1: none
	kind     byte         // what it is: 't', 'r' (reasoning), 'f' (refusal)
	calls    []*callState // in the order of their parts
	finished bool
	details  []byte // OpenRouter's reasoning_details so far, without the brackets
	tags     tagged
}

// callState is a tool call under way.
type callState struct {
	index  int    // as the vendor numbers it
	id     string // likewise
	part   int
	whole  llm.Complete
	closed bool
}

// Decode implements protocol.Decoder.
func (d *chunks) Decode(dst []llm.Event, _, data []byte) ([]llm.Event, *llm.Error) {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || d.ended:
		return dst, nil
	case string(data) == "[DONE]":
		return d.End(dst)
	}
	sig, _ := common(data)
	switch {
	case sig.Has(protocol.Broken):
		return dst, malformed("an event is not JSON")
	case sig.Has(protocol.Failed):
		if err := eventError(data); err != nil {
			return dst, err
		}
		return dst, malformed("it sent an error event without a message")
	}
	var w wireAnswer
	if err := json.Unmarshal(data, &w, lenient); err != nil {
		return dst, malformed("an event is not a chunk of a chat completion: " + protocol.Clip(err.Error()))
	}
	if !d.begun {
		d.begun = true
		dst = append(dst, &llm.Begin{ID: w.ID, Model: w.Model, Created: whole(w.Created), Tier: w.Tier, Dialect: Name})
	}
	if u := w.usage(); u != nil {
		d.usage = u
	}
	for i := range w.Choices {
		c, failed := d.choice(w.Choices[i].Index)
		if failed == nil {
			dst, failed = d.chunk(dst, c, &w.Choices[i])
		}
		if failed != nil {
			return dst, failed
		}
	}
	return dst, nil
}

// End implements protocol.Decoder.
func (d *chunks) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	if d.ended {
		return dst, nil
	}
	if len(d.choices) == 0 {
		return dst, &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer began"}
	}
	for _, c := range d.choices {
		if !c.finished {
			return dst, &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer was finished"}
		}
	}
	d.ended = true
	return append(dst, &llm.End{Usage: d.usage}), nil
}

// Used implements protocol.Metered.
func (d *chunks) Used() *llm.Usage { return d.usage }

// Done implements protocol.Decoder.
func (d *chunks) Done() bool { return d.ended }

func (d *chunks) choice(n int) (*choiceState, *llm.Error) {
	if n < 0 || n >= mostChoices {
		return nil, malformed("a choice has the index " + strconv.Itoa(n))
	}
	for len(d.choices) <= n {
		d.choices = append(d.choices, &choiceState{n: len(d.choices), open: -1})
	}
	return d.choices[n], nil
}

// chunk reads what a chunk adds to a choice.
func (d *chunks) chunk(dst []llm.Event, c *choiceState, w *wireChoice) ([]llm.Event, *llm.Error) {
	m := w.Delta
	if m == nil {
		m = w.Message // a vendor that streams the whole answer as one chunk
	}
	var failed *llm.Error
	if m != nil && !c.finished {
		if dst, failed = d.delta(dst, c, m, notNull(w.Logprobs)); failed != nil {
			return dst, failed
		}
	}
	if w.Finish == nil || c.finished || !isFinish([]byte(strconv.Quote(*w.Finish))) {
		return dst, nil
	}
	stop, failed := stopReason(*w.Finish)
	if failed != nil {
		return dst, failed
	}
	dst = d.untag(dst, c, true)
	dst = d.closeAll(dst, c)
	c.finished = true
	if len(c.calls) > 0 && (stop == llm.StopEnd || stop == llm.StopUnknown) {
		stop = llm.StopTools
	}
	return append(dst, &llm.Finish{Choice: c.n, Stop: stop, Sequence: metSequence(w.Stopped)}), nil
}

// delta reads what a chunk adds to a message.
func (d *chunks) delta(dst []llm.Event, c *choiceState, m *wireMessage, logprobs llm.Raw) ([]llm.Event, *llm.Error) {
	if c.parts > mostParts {
		return dst, malformed("the answer has too many parts")
	}
	if s := firstSet(m.ReasoningContent, m.Reasoning); s != nil {
		dst = d.say(dst, c, 'r', *s, nil)
	}
	dst = d.blocks(dst, c, m)
	if err := c.detail(m); err != nil {
		return dst, err
	}
	if notNull(m.Content) != nil {
		parts, bad := content(m.Content, "content")
		if bad != nil {
			return dst, malformed("a chunk's " + bad.Message)
		}
		for _, p := range parts {
			switch p := p.(type) {
			case *llm.Text:
				dst, logprobs = d.text(dst, c, p.Text, logprobs), nil
			case *llm.Thinking:
				dst = d.say(dst, c, 'r', p.Text, nil)
			case *llm.Media:
				dst = d.whole(dst, c, p)
			case *llm.Refusal:
				dst = d.say(dst, c, 'f', p.Text, nil)
			case *llm.ToolCall, *llm.ToolResult, *llm.Foreign:
			}
		}
	}
	if m.Refusal != nil {
		dst = d.say(dst, c, 'f', *m.Refusal, logprobs)
	}
	for _, raw := range m.Annotations {
		if c.kind == 't' && c.open >= 0 {
			a := annotation(raw)
			dst = append(dst, &llm.Amend{Choice: c.n, Index: c.open, Annotation: &a})
		}
	}
	for _, image := range m.Images {
		if image.ImageURL != nil {
			dst = d.whole(dst, c, llm.MediaAt(image.ImageURL.URL, llm.Image))
		}
	}
	for i := range m.ToolCalls {
		dst = d.call(dst, c, &m.ToolCalls[i], i)
	}
	if f := m.Function; f != nil {
		dst = d.call(dst, c, &wireCall{Function: f}, 0)
	}
	return dst, nil
}

// text adds words; where a vendor writes reasoning into them, tags part them.
func (d *chunks) text(dst []llm.Event, c *choiceState, s string, logprobs llm.Raw) []llm.Event {
	if !d.t.Traits.ThinkTags {
		return d.say(dst, c, 't', s, logprobs)
	}
	c.tags.add(s)
	return d.untag(dst, c, false)
}

func (d *chunks) untag(dst []llm.Event, c *choiceState, last bool) []llm.Event {
	for {
		words, thinks, ok := c.tags.next(last)
		if !ok {
			return dst
		}
		kind := byte('t')
		if thinks {
			kind = 'r'
		}
		dst = d.say(dst, c, kind, words, nil)
	}
}

// say adds words of a kind, opening a part for them where none is open.
func (d *chunks) say(dst []llm.Event, c *choiceState, kind byte, s string, logprobs llm.Raw) []llm.Event {
	if s == "" && len(logprobs) == 0 {
		return dst
	}
	if c.open < 0 || c.kind != kind {
		dst = d.closeWords(dst, c)
		var p llm.Part
		switch kind {
		case 'r':
			p = &llm.Thinking{}
		case 'f':
			p = &llm.Refusal{}
		default:
			p = &llm.Text{}
		}
		c.open, c.kind = c.parts, kind
		c.parts++
		dst = append(dst, &llm.Open{Choice: c.n, Index: c.open, Part: p})
	}
	return append(dst, &llm.Delta{Choice: c.n, Index: c.open, Text: s, Logprobs: logprobs})
}

// blocks reads LiteLLM's blocks, of which only the signatures say more than
// reasoning_content does.
func (d *chunks) blocks(dst []llm.Event, c *choiceState, m *wireMessage) []llm.Event {
	for _, b := range m.ThinkingBlocks {
		switch {
		case b.Type == "redacted_thinking":
			state := llm.State{Kind: llm.StateRedacted, Data: b.Data, Origin: d.t.Origin}
			dst = d.whole(dst, c, &llm.Thinking{Redacted: true, State: &state})
		case b.Signature != "" && c.open >= 0 && c.kind == 'r':
			state := llm.State{Kind: llm.StateSignature, Data: b.Signature, Origin: d.t.Origin}
			dst = append(dst, &llm.Amend{Choice: c.n, Index: c.open, State: &state})
			dst = append(dst, &llm.Close{Choice: c.n, Index: c.open})
			c.open = -1
		}
	}
	return dst
}

// maxDetails bounds the reasoning_details that are gathered, in bytes.
const maxDetails = 1 << 20

// detail gathers OpenRouter's reasoning_details, which go back in one list.
func (c *choiceState) detail(m *wireMessage) *llm.Error {
	v := bytes.TrimSpace(notNull(m.ReasoningDetails))
	if len(v) < 2 || v[0] != '[' {
		return nil
	}
	v = bytes.TrimSpace(v[1 : len(v)-1])
	if len(v) == 0 {
		return nil
	}
	if len(c.details)+len(v) > maxDetails {
		return malformed("its reasoning_details are larger than 1 MiB")
	}
	if len(c.details) > 0 {
		c.details = append(c.details, ',')
	}
	c.details = append(c.details, v...)
	return nil
}

// whole adds a part that comes in one piece.
func (d *chunks) whole(dst []llm.Event, c *choiceState, p llm.Part) []llm.Event {
	dst = d.closeWords(dst, c)
	n := c.parts
	c.parts++
	return append(dst, &llm.Open{Choice: c.n, Index: n, Part: p}, &llm.Close{Choice: c.n, Index: n})
}

// closeWords ends the text or reasoning that is open. Reasoning takes along
// where it is from.
func (d *chunks) closeWords(dst []llm.Event, c *choiceState) []llm.Event {
	if c.open < 0 {
		return dst
	}
	if c.kind == 'r' {
		state := &llm.State{Kind: llm.StateNone, Origin: d.t.Origin}
		if len(c.details) > 0 {
			state = &llm.State{Kind: llm.StateDetails, Data: "[" + string(c.details) + "]", Origin: d.t.Origin}
			c.details = nil
		}
		dst = append(dst, &llm.Amend{Choice: c.n, Index: c.open, State: state})
	}
	dst = append(dst, &llm.Close{Choice: c.n, Index: c.open})
	c.open = -1
	return dst
}

// closeAll ends everything that is open in a choice.
func (d *chunks) closeAll(dst []llm.Event, c *choiceState) []llm.Event {
	dst = d.closeWords(dst, c)
	for _, call := range c.calls {
		dst = call.close(dst, c)
	}
	return dst
}

func (call *callState) close(dst []llm.Event, c *choiceState) []llm.Event {
	if call.closed {
		return dst
	}
	call.closed = true
	return append(dst, &llm.Close{Choice: c.n, Index: call.part})
}

// latest is the call that a vendor's index means: a later one may have taken
// it over.
func (c *choiceState) latest(index int) *callState {
	for _, call := range slices.Backward(c.calls) {
		if call.index == index {
			return call
		}
	}
	return nil
}

// call reads what a chunk adds to a tool call. Vendors name the call by index,
// some by its id alone, and some write each call whole with the index 0.
func (d *chunks) call(dst []llm.Event, c *choiceState, w *wireCall, at int) []llm.Event {
	n := at
	if w.Index != nil {
		n = *w.Index
	}
	name, arguments, custom := "", "", w.Custom != nil
	if w.Function != nil {
		name, arguments = w.Function.Name, argumentsOf(w.Function.Arguments)
	}
	if custom {
		name, arguments = w.Custom.Name, w.Custom.Input
	}
	call := c.latest(n)
	if call != nil && w.ID != "" && w.ID != call.id && name != "" && call.whole.Whole() {
		call = nil // the same index again, for another call
	}
	if call == nil {
		dst = d.untag(dst, c, true)
		dst = d.closeWords(dst, c)
		for _, other := range c.calls {
			if other.whole.Whole() {
				dst = other.close(dst, c)
			}
		}
		call = &callState{index: n, id: w.ID, part: c.parts}
		c.calls = append(c.calls, call)
		c.parts++
		dst = append(dst, &llm.Open{Choice: c.n, Index: call.part, Part: d.opened(w, name, custom, call.part)})
	}
	if arguments == "" || call.closed {
		return dst
	}
	if !custom {
		call.whole.Add(arguments)
	}
	return append(dst, &llm.Delta{Choice: c.n, Index: call.part, Text: arguments})
}

func (d *chunks) opened(w *wireCall, name string, custom bool, part int) *llm.ToolCall {
	p := &llm.ToolCall{ID: w.ID, Name: name, Custom: custom}
	if p.ID == "" {
		p.ID = madeUpID(d.t, part)
	}
	if w.ExtraContent != nil && w.ExtraContent.Google.ThoughtSignature != "" {
		p.State = &llm.State{Kind: llm.StateThought, Data: w.ExtraContent.Google.ThoughtSignature, Origin: d.t.Origin}
	}
	return p
}

// madeUpID is an id for a tool call whose vendor gave none.
func madeUpID(t *protocol.Target, part int) string {
	return "call_" + t.Unique + strconv.Itoa(part)
}
