package anthropic

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// encoder writes one streamed answer: message_start, blocks one after the
// other, message_delta, message_stop. Blocks never overlap here, though parts
// may: text that goes on behind another part becomes a block of its own, and a
// part that begins within a tool's unfinished arguments waits for them.
type encoder struct {
	reply  *protocol.Reply
	begin  *llm.Begin
	block  int            // the index of the next block
	open   *writing       // the block under way
	queue  []queued       // parts that wait for it
	kinds  map[int]string // of the blocks that parts were shown as
	called bool
	finish *llm.Finish
}

// writing is a block under way.
type writing struct {
	part  int
	part0 llm.Part     // as it was opened
	kind  string       // thinking, text, tool_use; empty: nothing was written
	args  llm.Complete // of a tool's arguments
	state *llm.State
}

// queued is an event of a part that waits.
type queued struct {
	part int
	ev   llm.Event
}

// Encoder begins a streamed answer.
func (codec) Encoder(reply *protocol.Reply) protocol.Encoder { return &encoder{reply: reply} }

// Fail writes an error in mid-stream.
func (e *encoder) Fail(dst []byte, err *llm.Error) []byte {
	return append(dst, encodeStreamError(err)...)
}

// Encode writes what an event of the first choice stands for: the dialect has
// no second one.
func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	switch ev := ev.(type) {
	case *llm.Begin:
		e.begin = ev
		return e.start(dst, ev)
	case *llm.Open:
		return e.on(dst, ev.Choice, ev.Index, ev)
	case *llm.Delta:
		return e.on(dst, ev.Choice, ev.Index, ev)
	case *llm.Amend:
		return e.on(dst, ev.Choice, ev.Index, ev)
	case *llm.Close:
		return e.on(dst, ev.Choice, ev.Index, ev)
	case *llm.Finish:
		if ev.Choice == 0 {
			e.finish = ev
		}
	case *llm.End:
		return e.end(dst, ev)
	}
	return dst
}

func (e *encoder) start(dst []byte, ev *llm.Begin) []byte {
	m := message(ev.ID, ev.Model, e.reply)
	m.Usage = wireUsageOf(ev.Usage, ev.Tier)
	return put(dst, "message_start", struct {
		Type    string             `json:"type"`
		Message *wireMessageAnswer `json:"message"`
	}{"message_start", m})
}

// put writes an event whose data is v.
func put(dst []byte, name string, v any) []byte {
	dst = append(append(append(dst, "event: "...), name...), "\ndata: "...)
	b, err := json.Marshal(v, lenient)
	if err != nil {
		b = []byte(`{"type":"ping"}`) // only a broken foreign block can't be written: it is passed over
	}
	return append(append(dst, b...), "\n\n"...)
}

// on takes an event of a part, in turn.
func (e *encoder) on(dst []byte, choice, part int, ev llm.Event) []byte {
	if choice != 0 {
		return dst
	}
	if e.begin == nil {
		e.begin = &llm.Begin{}
		dst = e.start(dst, e.begin)
	}
	if e.open != nil && e.open.part != part && e.waits(ev) {
		e.queue = append(e.queue, queued{part, ev})
		return dst
	}
	dst = e.write(dst, part, ev)
	for e.open == nil && len(e.queue) > 0 {
		dst = e.fromQueue(dst)
	}
	return dst
}

// waits reports whether an event of another part has to wait for the block
// under way.
func (e *encoder) waits(ev llm.Event) bool {
	if _, closing := ev.(*llm.Close); closing && len(e.queue) == 0 {
		return false // the end of a part whose block ended already
	}
	if len(e.queue) > 0 {
		return true // keep the order
	}
	return e.open.kind == "tool_use" && !e.open.args.Whole()
}

// fromQueue writes all that the first waiting part has.
func (e *encoder) fromQueue(dst []byte) []byte {
	part := e.queue[0].part
	var rest []queued
	for _, q := range e.queue {
		if q.part == part {
			dst = e.write(dst, part, q.ev)
		} else {
			rest = append(rest, q)
		}
	}
	e.queue = rest
	return dst
}

// write writes an event now.
func (e *encoder) write(dst []byte, part int, ev llm.Event) []byte {
	switch ev := ev.(type) {
	case *llm.Open:
		dst = e.stop(dst)
		return e.opened(dst, part, ev.Part)
	case *llm.Delta:
		if e.open == nil || e.open.part != part {
			var more llm.Part
			switch kind := e.kinds[part]; {
			case ev.Text != "" && kind == "text":
				more = &llm.Text{}
			case ev.Text != "" && kind == "thinking":
				more = &llm.Thinking{}
			default:
				return dst
			}
			dst = e.opened(e.stop(dst), part, more) // it goes on behind another part
		}
		return e.delta(dst, ev.Text)
	case *llm.Amend:
		return e.amend(dst, part, ev)
	case *llm.Close:
		if e.open != nil && e.open.part == part {
			return e.stop(dst)
		}
	case *llm.Begin, *llm.Finish, *llm.End:
	}
	return dst
}

// opened starts the block of a part, if it has one.
func (e *encoder) opened(dst []byte, part int, p llm.Part) []byte {
	e.open = &writing{part: part, part0: p}
	dst = e.openedAs(dst, p)
	if e.kinds == nil {
		e.kinds = map[int]string{}
	}
	e.kinds[part] = e.open.kind
	return dst
}

func (e *encoder) openedAs(dst []byte, p llm.Part) []byte {
	switch p := p.(type) {
	case *llm.Text:
		e.open.kind, e.open.state = "text", p.State
		dst = e.startBlock(dst, `{"type":"text","text":""}`)
		for _, a := range p.Annotations {
			dst = e.citation(dst, a)
		}
		return e.delta(dst, p.Text)
	case *llm.Refusal:
		e.open.kind = "text"
		return e.delta(e.startBlock(dst, `{"type":"text","text":""}`), p.Text)
	case *llm.Thinking:
		e.open.state = p.State
		if p.Redacted {
			return dst // it is written whole, when its secret is known for sure
		}
		e.open.kind = "thinking"
		return e.delta(e.startBlock(dst, `{"type":"thinking","thinking":"","signature":""}`), p.Text)
	case *llm.ToolCall:
		e.called = true
		e.open.kind = "tool_use"
		block := []byte(`{"type":"tool_use","id":`)
		block = quote(block, callID(p))
		block = quote(append(block, `,"name":`...), p.Name)
		dst = e.startBlock(dst, string(append(block, `,"input":{}}`...)))
		return e.delta(dst, p.Arguments)
	case *llm.Media, *llm.Foreign:
		for _, b := range answerBlocks(p) {
			dst = e.wholeBlock(dst, b)
		}
	case *llm.ToolResult:
	}
	return dst
}

func quote(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // an error only says that bad UTF-8 was mended
	return dst
}

// startBlock writes content_block_start of a block that stays under way.
func (e *encoder) startBlock(dst []byte, block string) []byte {
	dst = e.head(dst, "content_block_start")
	return append(append(append(dst, `,"content_block":`...), block...), "}\n\n"...)
}

// head writes an event of the block under way up to its index.
func (e *encoder) head(dst []byte, name string) []byte {
	dst = append(append(dst, "event: "...), name...)
	dst = append(append(append(dst, "\ndata: {\"type\":\""...), name...), "\",\"index\":"...)
	return strconv.AppendInt(dst, int64(e.block), 10)
}

// wholeBlock writes a block that is complete from its start.
func (e *encoder) wholeBlock(dst []byte, b wireBlock) []byte {
	if b.Type == "text" { // text comes in deltas only
		dst = e.startBlock(dst, `{"type":"text","text":""}`)
		dst = e.deltaOf(dst, "text_delta", "text", *b.Text)
	} else {
		raw, err := json.Marshal(b, lenient)
		if err != nil {
			return dst // a block that can't be written is passed over
		}
		dst = e.startBlock(dst, string(raw))
	}
	return e.stopBlock(dst)
}

func (e *encoder) stopBlock(dst []byte) []byte {
	dst = append(e.head(dst, "content_block_stop"), "}\n\n"...)
	e.block++
	return dst
}

// delta adds words to the block under way.
func (e *encoder) delta(dst []byte, text string) []byte {
	if text == "" {
		return dst
	}
	switch e.open.kind {
	case "text":
		return e.deltaOf(dst, "text_delta", "text", text)
	case "thinking":
		return e.deltaOf(dst, "thinking_delta", "thinking", text)
	case "tool_use":
		e.open.args.Add(text)
		return e.deltaOf(dst, "input_json_delta", "partial_json", text)
	}
	return dst
}

func (e *encoder) deltaOf(dst []byte, kind, field, text string) []byte {
	dst = e.head(dst, "content_block_delta")
	dst = append(append(append(dst, `,"delta":{"type":"`...), kind...), `","`...)
	dst = append(append(dst, field...), `":`...)
	return append(quote(dst, text), "}}\n\n"...)
}

func (e *encoder) amend(dst []byte, part int, ev *llm.Amend) []byte {
	if e.open == nil || e.open.part != part {
		return dst
	}
	if ev.State != nil {
		e.open.state = ev.State
	}
	if ev.Annotation != nil && e.open.kind == "text" {
		return e.citation(dst, *ev.Annotation)
	}
	return dst
}

func (e *encoder) citation(dst []byte, a llm.Annotation) []byte {
	raw := encodeCitation(a, true)
	if raw == nil {
		return dst
	}
	dst = e.head(dst, "content_block_delta")
	dst = append(append(dst, `,"delta":{"type":"citations_delta","citation":`...), raw...)
	return append(dst, "}}\n\n"...)
}

// stop ends the block under way.
func (e *encoder) stop(dst []byte) []byte {
	if e.open == nil {
		return dst
	}
	w := e.open
	switch w.kind {
	case "":
		if t, ok := w.part0.(*llm.Thinking); ok && t.Redacted {
			dst = e.wholeBlock(dst, wireBlock{Type: "redacted_thinking", Data: sealed(w.state)})
		}
		e.open = nil
		return dst
	case "thinking":
		if w.state != nil {
			dst = e.deltaOf(dst, "signature_delta", "signature", w.state.Seal())
		}
	}
	dst = e.stopBlock(dst)
	if w.kind == "text" && w.state != nil {
		dst = e.wholeBlock(dst, wireBlock{Type: "redacted_thinking", Data: w.state.Seal()})
	}
	e.open = nil
	return dst
}

// end ends the answer.
func (e *encoder) end(dst []byte, ev *llm.End) []byte {
	if e.begin == nil {
		e.begin = &llm.Begin{}
		dst = e.start(dst, e.begin)
	}
	dst = e.stop(dst)
	for len(e.queue) > 0 {
		dst = e.stop(e.fromQueue(dst))
	}
	f := e.finish
	if f == nil {
		f = &llm.Finish{Stop: llm.StopUnknown}
	}
	delta := wireStop{StopReason: reasonFor(f.Stop, f.Sequence, e.called)}
	if f.Sequence != "" {
		delta.StopSequence = &f.Sequence
	}
	if e.begin.Dialect == Name {
		delta.Extra = ev.Extra
	}
	usage := ev.Usage
	if usage == nil {
		usage = e.begin.Usage
	}
	dst = put(dst, "message_delta", struct {
		Type  string     `json:"type"`
		Delta wireStop   `json:"delta"`
		Usage *wireUsage `json:"usage"`
	}{"message_delta", delta, wireUsageOf(usage, "")})
	return append(dst, doneEvent...)
}

// wireStop is why an answer ended.
type wireStop struct {
	StopReason   string             `json:"stop_reason"`
	StopSequence *string            `json:"stop_sequence"`
	Extra        map[string]llm.Raw `json:",embed"`
}
