package dashscope

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeResponse implements protocol.Outbound. A whole answer is a stream of
// one event.
func (generation) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	return protocol.DecodeWhole(&decoder{t: t}, body)
}

// Decoder implements protocol.Outbound.
func (generation) Decoder(t *protocol.Target) protocol.Decoder { return &decoder{t: t} }

// decoder reads a streamed answer.
type decoder struct {
	t       *protocol.Target
	begun   bool
	done    bool
	parts   int              // opened
	open    string           // what is open: "thinking", "text" or nothing
	calls   map[int]*arguing // by DashScope's index; they stay open to the end
	sources []wireSource     // of the search, for the text
}

// arguing is a call under way.
type arguing struct {
	part int
	said bool // it has arguments
}

// Decode implements protocol.Decoder.
func (d *decoder) Decode(dst []llm.Event, name, data []byte) ([]llm.Event, *llm.Error) {
	if d.done {
		return dst, nil
	}
	var w wireAnswer
	if err := json.Unmarshal(data, &w, lenient); err != nil {
		return dst, protocol.NotIn("DashScope", "it is not JSON", data)
	}
	switch {
	case string(name) == "error", w.Code != "":
		e := decodeError(statusOf(w.Code), nil, data)
		e.Status = 0 // the answer's own was 200
		return dst, e
	case w.Output == nil:
		return dst, protocol.NotIn("DashScope", "it holds no output", data)
	}
	if !d.begun {
		d.begun = true
		dst = append(dst, &llm.Begin{ID: w.ID, Model: d.t.Model, Dialect: Name})
	}
	if s := w.Output.Search; s != nil && len(s.Results) > 0 {
		d.sources = s.Results
	}
	if len(w.Output.Choices) == 0 {
		return dst, nil
	}
	c := &w.Output.Choices[0] // others were not asked for
	dst = d.words(dst, "thinking", &llm.Thinking{}, c.Message.Thinking, nil)
	dst = d.words(dst, "text", &llm.Text{}, c.Message.text(), c.Logprobs)
	for i := range c.Message.Calls {
		dst = d.call(dst, i, &c.Message.Calls[i])
	}
	if c.Finish == "" || c.Finish == "null" {
		return dst, nil
	}
	d.done = true
	return append(d.closeAll(dst), &llm.Finish{Stop: d.stop(c.Finish)}, &llm.End{Usage: w.Usage.canonical()}), nil
}

func (d *decoder) stop(reason string) llm.StopReason {
	switch {
	case reason == "length":
		return llm.StopLength
	case reason == "tool_calls", reason == "stop" && len(d.calls) > 0:
		return llm.StopTools
	case reason == "stop":
		return llm.StopEnd
	case reason == "content_filter":
		return llm.StopFilter
	}
	return llm.StopUnknown
}

// words adds to the open part of a kind, which is opened if it is not.
func (d *decoder) words(dst []llm.Event, kind string, p llm.Part, said string, logprobs llm.Raw) []llm.Event {
	if said == "" {
		return dst
	}
	if d.open != kind {
		dst = append(d.close(dst), &llm.Open{Index: d.parts, Part: p})
		d.open = kind
		d.parts++
	}
	if logprobs.Kind() != '{' {
		logprobs = nil
	}
	return append(dst, &llm.Delta{Index: d.parts - 1, Text: said, Logprobs: logprobs})
}

// close ends the open words. A text names what was found for it: DashScope does
// not say which words are from where.
func (d *decoder) close(dst []llm.Event) []llm.Event {
	if d.open == "" {
		return dst
	}
	if d.open == "text" {
		for _, s := range d.sources {
			dst = append(dst, &llm.Amend{Index: d.parts - 1, Annotation: &llm.Annotation{URL: s.URL, Title: s.Title}})
		}
		d.sources = nil
	}
	d.open = ""
	return append(dst, &llm.Close{Index: d.parts - 1})
}

// call reads a call, or what is added to one.
func (d *decoder) call(dst []llm.Event, place int, w *wireCall) []llm.Event {
	if w.Index != nil {
		place = *w.Index
	}
	c := d.calls[place]
	if c == nil {
		dst = d.close(dst)
		c = &arguing{part: d.parts}
		d.parts++
		if d.calls == nil {
			d.calls = map[int]*arguing{}
		}
		id := w.ID
		if id == "" {
			id = fmt.Sprintf("call_%sx%d", d.t.Unique, len(d.calls))
		}
		d.calls[place] = c
		dst = append(dst, &llm.Open{Index: c.part, Part: &llm.ToolCall{ID: id, Name: w.Function.Name}})
	}
	if w.Function.Arguments == "" {
		return dst
	}
	c.said = true
	return append(dst, &llm.Delta{Index: c.part, Text: w.Function.Arguments})
}

func (d *decoder) closeAll(dst []llm.Event) []llm.Event {
	dst = d.close(dst)
	for _, place := range slices.Sorted(maps.Keys(d.calls)) {
		c := d.calls[place]
		if !c.said {
			dst = append(dst, &llm.Delta{Index: c.part, Text: "{}"})
		}
		dst = append(dst, &llm.Close{Index: c.part})
	}
	return dst
}

// End implements protocol.Decoder.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	if !d.done {
		return dst, &llm.Error{Class: llm.ClassCut, Message: "the answer ended before it was done"}
	}
	return dst, nil
}

// Done implements protocol.Decoder.
func (d *decoder) Done() bool { return d.done }

// decodeError reads {"code":"…","message":"…","request_id":"…"}. Who asked for a
// stream gets it as an event, although the status says that it failed.
func decodeError(status int, _ http.Header, body []byte) *llm.Error {
	var w wireAnswer
	if json.Unmarshal(body, &w, lenient) != nil {
		if _, data, ok := bytes.Cut(body, []byte("data:")); ok {
			data, _, _ = bytes.Cut(data, []byte("\n"))
			_ = json.Unmarshal(data, &w, lenient) // else it is told as it is
		}
	}
	e := &llm.Error{Status: status, Code: w.Code, Message: protocol.Clip(w.Message)}
	if w.Message == "" {
		e.Message = protocol.PlainText(body)
	}
	e.Class = protocol.Classify(status, w.Code, "", e.Message)
	return e
}

// statusOf is what an error in a stream would have been as an answer.
func statusOf(code string) int {
	for prefix, status := range map[string]int{
		"InvalidApiKey": http.StatusUnauthorized, "InvalidParameter": http.StatusBadRequest, "BadRequest": http.StatusBadRequest, "InvalidURL": http.StatusBadRequest,
		"Throttling": http.StatusTooManyRequests, "AccessDenied": http.StatusForbidden, "ModelNotFound": http.StatusNotFound,
	} {
		if strings.HasPrefix(code, prefix) {
			return status
		}
	}
	return http.StatusInternalServerError
}
