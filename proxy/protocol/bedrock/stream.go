package bedrock

import (
	"encoding/base64"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// decoder reads a streamed answer.
type decoder struct {
	t     *protocol.Target
	names protocol.Names
	begun bool
	done  bool
	open  map[int]*reading // blocks under way, by the vendor's index
	next  int              // the index of the next part
	stop  *llm.Finish      // once messageStop said why
	calls bool
}

// reading is a block under way.
type reading struct {
	part      int
	opened    bool
	redacted  bool
	signature []byte // or the secret, gathered until the block ends
}

// Decoder begins to read a streamed answer.
func (converse) Decoder(t *protocol.Target) protocol.Decoder {
	return &decoder{t: t, names: protocol.CleanedNames(t.Request, maxName), open: map[int]*reading{}}
}

// Decode reads a message.
func (d *decoder) Decode(dst []llm.Event, name, data []byte) ([]llm.Event, *llm.Error) {
	if d.done {
		return dst, nil
	}
	if len(name) > 0 && name[0] == sse.AWSFault {
		return dst, exception(string(name[1:]), data)
	}
	var ev wireEvent
	if err := json.Unmarshal(data, &ev, lenient); err != nil {
		return dst, malformed("an event of the stream is not JSON", data)
	}
	switch string(name) {
	case "messageStart":
		return d.start(dst), nil
	case "contentBlockStart":
		if ev.Start != nil && ev.Start.ToolUse != nil {
			return d.call(d.start(dst), ev.Index, ev.Start.ToolUse), nil
		}
	case "contentBlockDelta":
		if ev.Delta != nil {
			return d.delta(d.start(dst), ev.Index, ev.Delta), nil
		}
	case "contentBlockStop":
		return d.close(dst, ev.Index), nil
	case "messageStop":
		stop, failed := stopOf(ev.Stop)
		if failed != nil {
			return dst, failed
		}
		if stop == llm.StopTools && !d.calls {
			stop = llm.StopEnd // the answer was given by way of a tool
		}
		d.stop = &llm.Finish{Stop: stop}
	case "metadata":
		return d.finish(dst, ev.Usage.canonical()), nil
	}
	return dst, nil // what is not known yet
}

func (d *decoder) start(dst []llm.Event) []llm.Event {
	if d.begun {
		return dst
	}
	d.begun = true
	return append(dst, &llm.Begin{Dialect: Name, Model: d.t.Model})
}

func (d *decoder) reading(index int) *reading {
	r := d.open[index]
	if r == nil {
		r = &reading{part: d.next}
		d.next++
		d.open[index] = r
	}
	return r
}

// opening adds the event that opens a block's part, once.
func (r *reading) opening(dst []llm.Event, p llm.Part) []llm.Event {
	if r.opened {
		return dst
	}
	r.opened = true
	return append(dst, &llm.Open{Index: r.part, Part: p})
}

func (d *decoder) call(dst []llm.Event, index int, u *wireToolUse) []llm.Event {
	r := d.reading(index)
	if u.Name == protocol.AnswerTool {
		return r.opening(dst, &llm.Text{})
	}
	d.calls = true
	return r.opening(dst, &llm.ToolCall{ID: u.ID, Name: d.names.Caller(u.Name)})
}

// delta reads what is added to a block. Only tools are announced: what else a
// block is, its first delta shows.
func (d *decoder) delta(dst []llm.Event, index int, w *wireDelta) []llm.Event {
	r := d.reading(index)
	text := w.Text
	switch {
	case w.ToolUse != nil:
		text = w.ToolUse.Input
		if !r.opened {
			return dst // arguments of a call that was never announced
		}
	case w.Reasoning != nil:
		text = w.Reasoning.Text
		r.redacted = r.redacted || w.Reasoning.Redacted != ""
		dst = r.opening(dst, &llm.Thinking{Redacted: r.redacted})
		r.signature = append(r.signature, w.Reasoning.Signature...)
		if secret, err := base64.StdEncoding.DecodeString(w.Reasoning.Redacted); err == nil {
			r.signature = append(r.signature, secret...)
		}
	case w.Citation != nil:
		dst = r.opening(dst, &llm.Text{})
		a := cited(w.Citation)
		return append(dst, &llm.Amend{Index: r.part, Annotation: &a})
	case text != "":
		dst = r.opening(dst, &llm.Text{})
	}
	if text == "" {
		return dst
	}
	return append(dst, &llm.Delta{Index: r.part, Text: text})
}

// close ends a block; one that said nothing was never opened.
func (d *decoder) close(dst []llm.Event, index int) []llm.Event {
	r := d.open[index]
	delete(d.open, index)
	if r == nil || !r.opened {
		return dst
	}
	if len(r.signature) > 0 {
		state := &llm.State{Kind: llm.StateSignature, Data: string(r.signature), Origin: d.t.Origin}
		if r.redacted {
			state.Kind, state.Data = llm.StateRedacted, base64.StdEncoding.EncodeToString(r.signature)
		}
		dst = append(dst, &llm.Amend{Index: r.part, State: state})
	}
	return append(dst, &llm.Close{Index: r.part})
}

// finish ends the answer: metadata comes last.
func (d *decoder) finish(dst []llm.Event, u *llm.Usage) []llm.Event {
	d.done = true
	dst = d.start(dst)
	for len(d.open) > 0 {
		dst = d.close(dst, lowest(d.open))
	}
	if d.stop == nil {
		d.stop = &llm.Finish{Stop: llm.StopUnknown}
	}
	return append(dst, d.stop, &llm.End{Usage: u})
}

// lowest is the first block that is still under way.
func lowest(open map[int]*reading) int {
	first, found := 0, false
	for index := range open {
		if !found || index < first {
			first, found = index, true
		}
	}
	return first
}

// End is the end of the bytes: fine, if the vendor said why the answer ended.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	switch {
	case d.done:
		return dst, nil
	case d.stop != nil:
		return d.finish(dst, nil), nil
	}
	return dst, &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer did"}
}

// Done reports that the answer is whole.
func (d *decoder) Done() bool { return d.done }
