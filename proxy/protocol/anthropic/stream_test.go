package anthropic

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// official is a stream in Anthropic's own words: thinking with its signature, a
// ping, text with a citation, a search the vendor made, and two tool calls.
const official = `event: message_start
data: {"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"container":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":6,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":1,"service_tier":"standard"}}   }

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"Emw="}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"query\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"x\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"Grüße "}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"so","url":"https://x.example","title":"X","encrypted_index":"i"}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"世界"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: content_block_start
data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"city\": \"Pa"}}

event: content_block_delta
data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"ris\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":4}

event: content_block_start
data: {"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"toolu_2","name":"get_time","input":{}}}

event: content_block_stop
data: {"type":"content_block_stop","index":5}

event: something_new
data: {"type":"something_new","x":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89,"output_tokens_details":{"thinking_tokens":20}}}

event: message_stop
data: {"type":"message_stop"}

`

// officialWhole is the same answer in one piece.
const officialWhole = `{"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4-5","container":null,"content":[
 {"type":"thinking","thinking":"Let me see.","signature":"EqQB"},{"type":"redacted_thinking","data":"Emw="},
 {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}},
 {"type":"text","text":"Grüße 世界","citations":[{"type":"web_search_result_location","cited_text":"so","url":"https://x.example","title":"X","encrypted_index":"i"}]},
 {"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city": "Paris"}},{"type":"tool_use","id":"toolu_2","name":"get_time","input":{}}],
 "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":6,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":89,"output_tokens_details":{"thinking_tokens":20},"service_tier":"standard"}}`

// decodeStream reads a stream to its end.
func decodeStream(stream string, t *protocol.Target) ([]llm.Event, *llm.Error) {
	d := codec{}.Decoder(t)
	r := sse.NewReader(strings.NewReader(stream), 1<<20)
	var events []llm.Event
	for !d.Done() {
		ev, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if ev.Data == nil {
			continue
		}
		var failed *llm.Error
		if events, failed = d.Decode(events, ev.Name, bytes.Clone(ev.Data)); failed != nil {
			return events, failed
		}
	}
	return d.End(events)
}

func folded(events []llm.Event) (*llm.Response, bool) {
	var f llm.Fold
	for _, ev := range events {
		f.Add(ev)
	}
	return f.Response()
}

// loose takes out what a stream and a whole answer spell differently: an empty
// object as arguments is written as nothing in a stream.
func loose(r *llm.Response) *llm.Response {
	for _, c := range r.Choices {
		for _, p := range c.Parts {
			switch p := p.(type) {
			case *llm.ToolCall:
				p.Arguments = strings.ReplaceAll(p.Arguments, ": ", ":")
				if p.Arguments == "{}" {
					p.Arguments = ""
				}
			case *llm.Foreign:
				_ = p.Raw.Canonicalize()
			case *llm.Text, *llm.Thinking, *llm.Media, *llm.ToolResult, *llm.Refusal:
			}
		}
	}
	return r
}

// TestStreamIsWhole folds the stream and finds the whole answer.
func TestStreamIsWhole(t *testing.T) {
	t.Parallel()
	target := &protocol.Target{Origin: "o"}
	events, failed := decodeStream(official, target)
	if failed != nil {
		t.Fatal(failed)
	}
	got, ended := folded(events)
	if !ended {
		t.Fatal("the stream did not end")
	}
	want, failed := codec{}.DecodeResponse([]byte(officialWhole), target)
	if failed != nil {
		t.Fatal(failed)
	}
	if diff := cmp.Diff(loose(want), loose(got)); diff != "" {
		t.Errorf("-whole +stream:\n%s", diff)
	}
	u := want.Usage
	if u.Input != 25 || u.CacheRead != 6 || u.CacheWrite != 7 || u.CacheWrite1h != 4 || u.Output != 89 || u.Reasoning != 20 || u.Total != 127 {
		t.Errorf("usage %+v", u)
	}
	if s := want.Choices[0].Parts[0].(*llm.Thinking).State; s.Data != "EqQB" || s.Origin != "o" || s.Kind != llm.StateSignature {
		t.Errorf("state %+v", s)
	}
}

// TestStreamAgain writes what was read and reads it again: the same answer,
// but for signatures, which are sealed now.
func TestStreamAgain(t *testing.T) {
	t.Parallel()
	events, failed := decodeStream(official, &protocol.Target{Origin: "o"})
	if failed != nil {
		t.Fatal(failed)
	}
	e := codec{}.Encoder(&protocol.Reply{Model: "m", ID: "x"})
	var stream []byte
	for _, ev := range events {
		stream = e.Encode(stream, ev)
	}
	again, failed := decodeStream(string(stream), &protocol.Target{})
	if failed != nil {
		t.Fatal(failed)
	}
	first, _ := folded(events)
	second, ended := folded(again)
	if !ended {
		t.Fatal("it did not end")
	}
	unsealed(second)
	second.Tier = first.Tier
	if diff := cmp.Diff(loose(first), loose(second)); diff != "" {
		t.Errorf("-first +second:\n%s", diff)
	}
	whole, failed := codec{}.EncodeResponse(first, &protocol.Reply{Model: "m"})
	if failed != nil {
		t.Fatal(failed)
	}
	third, failed := codec{}.DecodeResponse(whole, &protocol.Target{})
	if failed != nil {
		t.Fatal(failed)
	}
	unsealed(third)
	if diff := cmp.Diff(first, loose(third)); diff != "" {
		t.Errorf("-first +third:\n%s", diff)
	}
}

// unsealed breaks the seals, as a client's next request would.
func unsealed(r *llm.Response) {
	for _, p := range r.Choices[0].Parts {
		if th, ok := p.(*llm.Thinking); ok {
			th.State = llm.Unseal(th.State.Data, "")
		}
	}
}

// encoded is the stream of some events, without message_start, one line an
// event.
func encoded(events ...llm.Event) string {
	e := codec{}.Encoder(&protocol.Reply{Model: "m", ID: "x"})
	var b []byte
	for _, ev := range append([]llm.Event{&llm.Begin{}}, events...) {
		b = e.Encode(b, ev)
	}
	var lines []string
	for _, line := range strings.Split(string(b), "\n") {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			lines = append(lines, data)
		}
	}
	return strings.Join(lines[1:], "\n")
}

const ending = `{"type":"message_delta","delta":{"stop_reason":"%","stop_sequence":null},"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":0}}
{"type":"message_stop"}`

func endsIn(reason string) string { return strings.Replace(ending, "%", reason, 1) }

// TestEncodeStream is about the order of events where other dialects have
// another one.
func TestEncodeStream(t *testing.T) {
	t.Parallel()
	state := &llm.State{Kind: llm.StateThought, Data: "t", Origin: "g"}
	call := func(i int, id string, s *llm.State) *llm.Open {
		return &llm.Open{Index: i, Part: &llm.ToolCall{ID: id, Name: "f", State: s}}
	}
	tests := []struct {
		name   string
		events []llm.Event
		want   string
	}{
		{"nothing", []llm.Event{&llm.End{}}, endsIn("end_turn")},
		{
			"parallel calls that overlap, with a state", []llm.Event{
				call(0, "a", state), &llm.Delta{Index: 0, Text: `{"x":`}, call(1, "b", nil), &llm.Delta{Index: 1, Text: `{}`}, &llm.Delta{Index: 0, Text: `"}"}`},
				&llm.Close{Index: 0}, &llm.Close{Index: 1}, &llm.Finish{Stop: llm.StopEnd}, &llm.End{},
			}, `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"` + llm.SealID("a", state) + `","name":"f","input":{}}}
{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}}
{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"}\"}"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b","name":"f","input":{}}}
{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}
{"type":"content_block_stop","index":1}
` + endsIn("tool_use"),
		},
		{
			"calls left open until the end", []llm.Event{
				call(0, "a", nil), &llm.Delta{Index: 0, Text: `{}`}, call(1, "b", nil), &llm.Delta{Index: 1, Text: `{"y":1}`}, &llm.Finish{Stop: llm.StopTools}, &llm.End{},
			}, `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}
{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b","name":"f","input":{}}}
{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"y\":1}"}}
{"type":"content_block_stop","index":1}
` + endsIn("tool_use"),
		},
		{
			"text and thinking that take turns", []llm.Event{
				&llm.Open{Index: 0, Part: &llm.Thinking{}}, &llm.Delta{Index: 0, Text: "h"}, &llm.Open{Index: 1, Part: &llm.Text{}}, &llm.Delta{Index: 1, Text: "a"},
				&llm.Delta{Index: 0, Text: "m"}, &llm.Delta{Index: 1, Text: "b"}, &llm.Close{Index: 0}, &llm.Close{Index: 1}, &llm.Finish{Stop: llm.StopLength}, &llm.End{},
			}, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"h"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"a"}}
{"type":"content_block_stop","index":1}
{"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":"","signature":""}}
{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"m"}}
{"type":"content_block_stop","index":2}
{"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"b"}}
{"type":"content_block_stop","index":3}
` + endsIn("max_tokens"),
		},
		{
			"states of others, a picture, a stop sequence, a second choice", []llm.Event{
				&llm.Open{Index: 0, Part: &llm.Thinking{}}, &llm.Amend{Index: 0, State: state}, &llm.Close{Index: 0},
				&llm.Open{Index: 1, Part: &llm.Text{}}, &llm.Delta{Index: 1, Text: "a"}, &llm.Amend{Index: 1, State: state}, &llm.Close{Index: 1},
				&llm.Open{Index: 2, Part: &llm.Media{Kind: llm.Image, URL: "https://x.example/i.png", Name: "i"}}, &llm.Close{Index: 2},
				&llm.Open{Choice: 1, Index: 0, Part: &llm.Text{}}, &llm.Delta{Choice: 1, Index: 0, Text: "no"},
				&llm.Finish{Stop: llm.StopFilter}, &llm.Finish{Choice: 1, Stop: llm.StopEnd}, &llm.End{},
			}, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"` + state.Seal() + `"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"a"}}
{"type":"content_block_stop","index":1}
{"type":"content_block_start","index":2,"content_block":{"type":"redacted_thinking","data":"` + state.Seal() + `"}}
{"type":"content_block_stop","index":2}
{"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"![i](https://x.example/i.png)"}}
{"type":"content_block_stop","index":3}
` + endsIn("refusal"),
		},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, encoded(tt.events...)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tt.name, diff)
		}
	}
	e := codec{}.Encoder(&protocol.Reply{})
	got := string(e.Fail(nil, &llm.Error{Class: llm.ClassOverloaded, Message: "busy"}))
	if got != "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n" {
		t.Errorf("an error: %q", got)
	}
}

// TestStreamEnds tells a broken stream from a whole one.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	upTo := func(word string) string { return official[:strings.Index(official, word)] }
	tests := []struct {
		stream string
		class  llm.Class
	}{
		{official, ""},
		{upTo("event: message_stop"), ""}, // it said why it ended
		{upTo("event: message_delta"), llm.ClassCut},
		{"", llm.ClassCut},
		{upTo("event: content_block_start") + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", llm.ClassOverloaded},
		{"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"\"}}\n\n", llm.ClassRateLimited},
		{"data: {broken\n\n", llm.ClassMalformed},
		{"data: [DONE]\n\n", llm.ClassCut},
	}
	for i, tt := range tests {
		_, failed := decodeStream(tt.stream, &protocol.Target{})
		switch {
		case failed == nil && tt.class != "", failed != nil && failed.Class != tt.class:
			t.Errorf("%d: got %v, want %q", i, failed, tt.class)
		}
	}
}

// TestBentBack undoes what the encoder had to bend: names, and the answer given
// by way of a tool. Free text is the caller's dialect's to unpack.
func TestBentBack(t *testing.T) {
	t.Parallel()
	target := &protocol.Target{Request: &llm.Request{Dialect: "openai", Tools: []llm.Tool{{Name: "a.b"}, {Name: "free", Custom: true}}}}
	blocks := []string{
		`{"type":"tool_use","id":"1","name":"a_b_2e7336dc","input":{"x":1}}`,
		`{"type":"tool_use","id":"2","name":"free","input":{"input":"SELECT \"x\""}}`,
		`{"type":"tool_use","id":"3","name":"posthouse_answer","input":{"ok":true}}`,
	}
	want := []llm.Part{
		&llm.ToolCall{ID: "1", Name: "a.b", Arguments: `{"x":1}`}, &llm.ToolCall{ID: "2", Name: "free", Arguments: `{"input":"SELECT \"x\""}`}, &llm.Text{Text: `{"ok":true}`},
	}
	whole, failed := codec{}.DecodeResponse([]byte(`{"type":"message","content":[`+strings.Join(blocks, ",")+`],"stop_reason":"tool_use"}`), target)
	if failed != nil {
		t.Fatal(failed)
	}
	if diff := cmp.Diff(want, whole.Choices[0].Parts); diff != "" {
		t.Errorf("whole: -want +got:\n%s", diff)
	}
	var stream strings.Builder
	stream.WriteString("data: {\"type\":\"message_start\",\"message\":{}}\n\n")
	for i, b := range blocks {
		name, in, _ := strings.Cut(b, `"input":`)
		in = strings.TrimSuffix(in, "}")
		at := string(rune('0' + i))
		stream.WriteString(`data: {"type":"content_block_start","index":` + at + `,"content_block":` + name + `"input":{}}}` + "\n\n")
		for _, piece := range []string{in[:3], in[3:]} {
			stream.WriteString(`data: {"type":"content_block_delta","index":` + at + `,"delta":{"type":"input_json_delta","partial_json":` + string(quote(nil, piece)) + "}}\n\n")
		}
		stream.WriteString(`data: {"type":"content_block_stop","index":` + at + "}\n\n")
	}
	stream.WriteString("data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n")
	events, failed := decodeStream(stream.String(), target)
	if failed != nil {
		t.Fatal(failed)
	}
	got, _ := folded(events)
	if diff := cmp.Diff(want, got.Choices[0].Parts); diff != "" {
		t.Errorf("stream: -want +got:\n%s", diff)
	}
	alone, _ := codec{}.DecodeResponse([]byte(`{"type":"message","content":[`+blocks[2]+`],"stop_reason":"tool_use"}`), target)
	if alone.Choices[0].Stop != llm.StopEnd {
		t.Errorf("an answer by way of a tool ends with %s", alone.Choices[0].Stop)
	}
}
