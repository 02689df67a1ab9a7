package anthropic

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// decoder reads a streamed answer.
type decoder struct {
	t     *protocol.Target
	names protocol.Names
	begun bool
	done  bool
	open  []reading // blocks that were started and not stopped
	next  int       // the index of the next part
	usage *wireUsage
	stop  *llm.Finish // once message_delta said why
	calls bool
	extra map[string]llm.Raw
}

// reading is a block under way.
type reading struct {
	at        int // the vendor's index
	part      int // ours
	kind      string
	signature []byte // gathered until the block ends
	held      []byte // input of a foreign block
	foreign   *llm.Foreign
}

// Decoder begins to read a streamed answer.
func (codec) Decoder(t *protocol.Target) protocol.Decoder {
	return &decoder{t: t, names: namesOf(t)}
}

// Decode reads an event.
func (d *decoder) Decode(dst []llm.Event, _, data []byte) ([]llm.Event, *llm.Error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || d.done {
		return dst, nil
	}
	var ev wireEvent
	if err := json.Unmarshal(data, &ev, lenient); err != nil {
		if bytes.Equal(data, []byte("[DONE]")) { // added by some imitators
			return dst, nil
		}
		return dst, &llm.Error{Class: llm.ClassMalformed, Message: "an event of the stream is not JSON: " + protocol.PlainText(data)}
	}
	switch ev.Type {
	case "message_start":
		return d.start(dst, ev.Message), nil
	case "content_block_start":
		return d.blockStart(dst, &ev), nil
	case "content_block_delta":
		return d.delta(dst, &ev), nil
	case "content_block_stop":
		if i := d.find(ev.Index); i >= 0 {
			return d.blockStop(dst, i), nil
		}
	case "message_delta":
		d.messageDelta(&ev)
	case "message_stop":
		return d.finish(dst), nil
	case "error":
		if failed := eventError(data); failed != nil {
			return dst, failed
		}
	}
	return dst, nil // pings, and what is not known yet
}

func (d *decoder) start(dst []llm.Event, m *wireMessageAnswer) []llm.Event {
	if d.begun {
		return dst
	}
	d.begun = true
	begin := &llm.Begin{Dialect: Name}
	if m != nil {
		begin.ID, begin.Model, begin.Usage = m.ID, m.Model, m.Usage.begun()
		if m.Usage != nil {
			begin.Tier = m.Usage.ServiceTier
		}
		d.usage = m.Usage
		d.keep(m.Extra)
	}
	return append(dst, begin)
}

// keep remembers fields that have no name here.
func (d *decoder) keep(extra map[string]llm.Raw) {
	for name, v := range extra {
		if d.extra == nil {
			d.extra = map[string]llm.Raw{}
		}
		d.extra[name] = v
	}
}

func (d *decoder) find(at int) int {
	for i := range d.open {
		if d.open[i].at == at {
			return i
		}
	}
	return -1
}

func (d *decoder) blockStart(dst []llm.Event, ev *wireEvent) []llm.Event {
	if ev.Block == nil || d.find(ev.Index) >= 0 {
		return dst
	}
	dst = d.start(dst, nil)
	b := ev.Block
	r := reading{at: ev.Index, part: d.next, kind: b.Type}
	d.next++
	var opened llm.Part
	switch b.Type {
	case "text":
		text := &llm.Text{Annotations: decodeCitations(b.Citations)}
		if b.Text != nil {
			text.Text = *b.Text
		}
		opened = text
	case "thinking":
		thinking := &llm.Thinking{}
		if b.Thinking != nil {
			thinking.Text = *b.Thinking
		}
		if b.Signature != nil {
			r.signature = append(r.signature, *b.Signature...)
		}
		opened = thinking
	case "redacted_thinking":
		opened = &llm.Thinking{Redacted: true, State: &llm.State{Kind: llm.StateRedacted, Data: b.Data, Origin: d.t.Origin}}
	case "tool_use":
		opened = d.callStart(&r, b)
	default:
		raw := b.raw
		if raw == nil { // a block of a known kind where none belongs, such as an image
			raw, _ = json.Marshal(b, lenient) // it was read as JSON a moment ago
		}
		r.foreign = &llm.Foreign{Dialect: Name, Type: b.Type, Raw: raw}
	}
	d.open = append(d.open, r)
	if opened == nil {
		return dst // it is told when it is whole
	}
	return append(dst, &llm.Open{Index: r.part, Part: opened})
}

// callStart begins a tool call. Arguments come later, but for imitators that
// send them at once.
func (d *decoder) callStart(r *reading, b *wireBlock) llm.Part {
	arguments := ""
	if in := string(b.Input); in != "{}" && in != "null" {
		arguments = in
	}
	if b.Name == protocol.AnswerTool {
		r.kind = protocol.AnswerTool
		return &llm.Text{Text: arguments}
	}
	d.calls = true
	return &llm.ToolCall{ID: b.ID, Name: d.names.Caller(b.Name), Arguments: arguments, Extra: b.Extra}
}

func (d *decoder) delta(dst []llm.Event, ev *wireEvent) []llm.Event {
	i := d.find(ev.Index)
	if i < 0 || ev.Delta == nil {
		return dst
	}
	r := &d.open[i]
	text := ""
	switch ev.Delta.Type {
	case "text_delta":
		text = ev.Delta.Text
	case "thinking_delta":
		text = ev.Delta.Thinking
	case "input_json_delta":
		if r.foreign != nil {
			r.held = append(r.held, ev.Delta.PartialJSON...)
			return dst
		}
		text = ev.Delta.PartialJSON
	case "signature_delta":
		r.signature = append(r.signature, ev.Delta.Signature...)
	case "citations_delta":
		if len(ev.Delta.Citation) > 0 && r.foreign == nil {
			a := decodeCitation(ev.Delta.Citation)
			dst = append(dst, &llm.Amend{Index: r.part, Annotation: &a})
		}
	}
	if text == "" || r.foreign != nil {
		return dst
	}
	return append(dst, &llm.Delta{Index: r.part, Text: text})
}

// blockStop ends a block: what was held is told now.
func (d *decoder) blockStop(dst []llm.Event, i int) []llm.Event {
	r := d.open[i]
	d.open = append(d.open[:i], d.open[i+1:]...)
	switch {
	case r.foreign != nil:
		if len(r.held) > 0 {
			r.foreign.Raw = withInput(r.foreign.Raw, r.held)
		}
		dst = append(dst, &llm.Open{Index: r.part, Part: r.foreign})
	case len(r.signature) > 0:
		state := &llm.State{Kind: llm.StateSignature, Data: string(r.signature), Origin: d.t.Origin}
		dst = append(dst, &llm.Amend{Index: r.part, State: state})
	}
	return append(dst, &llm.Close{Index: r.part})
}

// withInput puts the input that was streamed into a block.
func withInput(block llm.Raw, held []byte) llm.Raw {
	var fields map[string]llm.Raw
	if !llm.Raw(held).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) || json.Unmarshal(block, &fields, lenient) != nil {
		return block
	}
	fields["input"] = held
	raw, err := json.Marshal(fields, lenient)
	if err != nil {
		return block
	}
	return raw
}

func (d *decoder) messageDelta(ev *wireEvent) {
	d.usage = ev.Usage.over(d.usage)
	if ev.Delta == nil {
		return
	}
	d.keep(ev.Delta.Extra)
	if ev.Delta.StopReason == nil {
		return
	}
	d.stop = &llm.Finish{Stop: stopOf(*ev.Delta.StopReason)}
	if d.stop.Stop == llm.StopTools && !d.calls {
		d.stop.Stop = llm.StopEnd // the answer was given by way of a tool
	}
	if ev.Delta.StopSequence != nil {
		d.stop.Sequence = *ev.Delta.StopSequence
	}
}

// finish ends the answer.
func (d *decoder) finish(dst []llm.Event) []llm.Event {
	d.done = true
	dst = d.start(dst, nil)
	for len(d.open) > 0 { // imitators forget to stop blocks
		dst = d.blockStop(dst, 0)
	}
	if d.stop == nil {
		d.stop = &llm.Finish{Stop: llm.StopUnknown}
	}
	return append(dst, d.stop, &llm.End{Usage: d.usage.canonical(), Extra: d.extra})
}

// End is the end of the bytes: fine, if the vendor said why the answer ended.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	switch {
	case d.done:
		return dst, nil
	case d.stop != nil:
		return d.finish(dst), nil
	}
	return dst, &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer did"}
}

// Done reports that the answer is whole.
func (d *decoder) Done() bool { return d.done }
