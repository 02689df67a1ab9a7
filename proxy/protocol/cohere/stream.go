package cohere

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// madeUp is the id of a call that has none.
func madeUp(t *protocol.Target, n int) string { return fmt.Sprintf("call_%sx%d", t.Unique, n) }

// decoder reads a streamed answer. Cohere sends one part behind the other; a
// text stays open until the next one begins, for citations that come late.
type decoder struct {
	t     *protocol.Target
	names protocol.Names
	begun bool
	done  bool
	parts int   // opened
	open  place // what is open; the zero value: nothing
	said  bool  // something was added to the open part
	calls int
}

// place is which part of an answer is meant: a kind, and which of the content's
// blocks.
type place struct {
	kind  string // "text", "thinking", "plan" or "call"
	index int
}

// Decoder implements protocol.Outbound.
func (chat) Decoder(t *protocol.Target) protocol.Decoder { return &decoder{t: t, names: namesOf(t)} }

// Decode implements protocol.Decoder.
func (d *decoder) Decode(dst []llm.Event, _, data []byte) ([]llm.Event, *llm.Error) {
	if d.done {
		return dst, nil
	}
	var ev wireEvent
	if err := json.Unmarshal(data, &ev, lenient); err != nil {
		return dst, protocol.NotIn("Cohere", "an event of the stream is not JSON", data)
	}
	said := ev.Delta.Message
	if said == nil {
		said = &wireSaid{}
	}
	switch ev.Type {
	case "message-start":
		return d.begin(dst, ev.ID), nil
	case "content-start", "content-delta":
		return d.content(d.begin(dst, ""), &ev, said.Content), nil
	case "tool-plan-delta":
		return d.words(d.begin(dst, ""), place{kind: "plan"}, &llm.Text{}, said.Plan, nil), nil
	case "tool-call-start":
		return d.call(d.begin(dst, ""), said.Calls), nil
	case "tool-call-delta":
		return d.arguments(dst, said.Calls), nil
	case "tool-call-end":
		return d.close(dst), nil
	case "citation-start":
		return d.citations(dst, said.Citations), nil
	case "message-end":
		return d.finish(dst, &ev)
	case "":
		if len(ev.Message) > 0 { // an error as answers are, in mid-stream
			e := decodeError(http.StatusInternalServerError, nil, data)
			e.Status = 0 // the answer's own was 200
			return dst, e
		}
		return dst, protocol.NotIn("Cohere", "an event of the stream has no type", data)
	}
	return dst, nil // content-end, citation-end, and what is not known yet
}

func (d *decoder) begin(dst []llm.Event, id string) []llm.Event {
	if d.begun {
		return dst
	}
	d.begun = true
	return append(dst, &llm.Begin{ID: id, Model: d.t.Model, Dialect: Name})
}

func (d *decoder) content(dst []llm.Event, ev *wireEvent, blocks []wireBlock) []llm.Event {
	for _, b := range blocks {
		switch {
		case b.Thinking != nil:
			dst = d.words(dst, place{"thinking", ev.Index}, &llm.Thinking{}, *b.Thinking, nil)
		case b.Text != nil:
			var probable llm.Raw
			if ev.Logprobs != nil {
				probable = probabilities([]wireLogprobs{*ev.Logprobs})
			}
			dst = d.words(dst, place{"text", ev.Index}, &llm.Text{}, *b.Text, probable)
		}
	}
	return dst
}

// words adds to the open part, which is opened if it is not. What says nothing
// is no part.
func (d *decoder) words(dst []llm.Event, what place, p llm.Part, text string, probable llm.Raw) []llm.Event {
	if text == "" {
		return dst
	}
	if d.open != what {
		dst = append(d.close(dst), &llm.Open{Index: d.parts, Part: p})
		d.open = what
		d.parts++
	}
	return append(dst, &llm.Delta{Index: d.parts - 1, Text: text, Logprobs: probable})
}

func (d *decoder) call(dst []llm.Event, calls []wireCall) []llm.Event {
	for i := range calls {
		c := &calls[i]
		id := c.ID
		if id == "" {
			id = madeUp(d.t, d.calls)
		}
		d.calls++
		dst = append(d.close(dst), &llm.Open{Index: d.parts, Part: &llm.ToolCall{ID: id, Name: d.names.Caller(c.Function.Name)}})
		d.open, d.said = place{kind: "call"}, false
		d.parts++
		dst = d.argument(dst, c.Function.Arguments)
	}
	return dst
}

func (d *decoder) arguments(dst []llm.Event, calls []wireCall) []llm.Event {
	for i := range calls {
		if d.open.kind == "call" { // else of a call that was never announced
			dst = d.argument(dst, calls[i].Function.Arguments)
		}
	}
	return dst
}

func (d *decoder) argument(dst []llm.Event, text string) []llm.Event {
	if text == "" {
		return dst
	}
	d.said = true
	return append(dst, &llm.Delta{Index: d.parts - 1, Text: text})
}

// citations adds to the open text: Cohere cites what it has just said.
func (d *decoder) citations(dst []llm.Event, list []wireCitation) []llm.Event {
	if d.open.kind != "text" && d.open.kind != "plan" {
		return dst
	}
	for i := range list {
		if list[i].Type == "THINKING_CONTENT" {
			continue
		}
		for _, a := range cited(&list[i]) {
			dst = append(dst, &llm.Amend{Index: d.parts - 1, Annotation: &a})
		}
	}
	return dst
}

func (d *decoder) close(dst []llm.Event) []llm.Event {
	if d.open == (place{}) {
		return dst
	}
	if d.open.kind == "call" && !d.said {
		dst = append(dst, &llm.Delta{Index: d.parts - 1, Text: "{}"})
	}
	d.open = place{}
	return append(dst, &llm.Close{Index: d.parts - 1})
}

func (d *decoder) finish(dst []llm.Event, ev *wireEvent) ([]llm.Event, *llm.Error) {
	stop, failed := stopOf(ev.Delta.Finish, ev.Delta.Error)
	if failed != nil {
		return dst, failed
	}
	d.done = true
	dst = d.close(d.begin(dst, ""))
	return append(dst, &llm.Finish{Stop: stop}, &llm.End{Usage: ev.Delta.Usage.canonical()}), nil
}

// End implements protocol.Decoder.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	if !d.done {
		return dst, &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer did"}
	}
	return dst, nil
}

// Done implements protocol.Decoder.
func (d *decoder) Done() bool { return d.done }
