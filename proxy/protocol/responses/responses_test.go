package responses

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

func target(change ...func(*protocol.Target)) *protocol.Target {
	t := &protocol.Target{Vendor: "OpenAI", Model: "gpt-x", Origin: "o1", Unique: "u", Header: http.Header{}}
	for _, c := range change {
		c(t)
	}
	return t
}

// sameJSON compares two JSON texts but for white space and the order of fields.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	g, w := jsontext.Value(got), jsontext.Value(want)
	if err := g.Canonicalize(); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	if err := w.Canonicalize(); err != nil {
		t.Fatalf("the wanted text is not JSON: %v", err)
	}
	if d := cmp.Diff(string(w), string(g)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func decode(t *testing.T, body string) *llm.Request {
	t.Helper()
	r, err := Codec{}.DecodeRequest(&protocol.Question{Body: []byte(body)})
	if err != nil {
		t.Fatalf("DecodeRequest: %v", err)
	}
	return r
}

func encode(t *testing.T, r *llm.Request, to *protocol.Target) (body, losses string) {
	t.Helper()
	var l llm.Losses
	b, err := Codec{}.EncodeRequest(r, to, &l)
	if err != nil {
		t.Fatalf("EncodeRequest: %v", err)
	}
	return string(b), l.String()
}

// TestRequestComesBack sends what a client of this dialect wrote on to a vendor
// of it: all must be there.
func TestRequestComesBack(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"text":   `{"model":"gpt-x","store":false,"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}]}`,
		"system": `{"model":"gpt-x","store":false,"instructions":"be brief","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"d"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}]}`,
		"settings": `{"model":"gpt-x","store":true,"max_output_tokens":100,"temperature":0,"top_p":0.5,"top_logprobs":2,"parallel_tool_calls":false,"truncation":"auto","metadata":{"a":"b"},"prompt_cache_key":"k","user":"u","service_tier":"flex","client_metadata":{"x":"y"},
			"reasoning":{"effort":"high","summary":"auto","context":"all"},"include":["message.output_text.logprobs","reasoning.encrypted_content","file_search_call.results"],
			"text":{"verbosity":"low","format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}},
			"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":true}],
			"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}]}`,
		"media": `{"model":"gpt-x","store":false,"input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"https://x/a.png","detail":"low"},{"type":"input_image","image_url":"data:image/png;base64,aGk="},{"type":"input_image","file_id":"file-1"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,aGk="},{"type":"input_file","file_url":"https://x/a.pdf"},{"type":"input_audio","input_audio":{"data":"aGk=","format":"mp3"}}]}]}`,
		"a turn": `{"model":"gpt-x","store":false,"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}}},{"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},{"type":"web_search"}],
			"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},{"type":"custom","name":"patch"},{"type":"web_search"}]},
			"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},
			{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"gAAA"},
			{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c2","name":"patch","input":"*** x"},
			{"type":"function_call_output","call_id":"c1","output":"one"},{"type":"custom_tool_call_output","call_id":"c2","output":"two"},
			{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},
			{"type":"message","role":"assistant","content":[{"type":"output_text","text":"done","annotations":[]},{"type":"refusal","refusal":"no"}]},
			{"type":"function_call","call_id":"c3","name":"f","arguments":"{}"},
			{"type":"function_call_output","call_id":"c3","output":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"data:image/png;base64,aGk="}]}]}`,
		"namespaces": `{"model":"gpt-x","store":false,"tools":[{"type":"namespace","name":"mcp__docs","description":"docs","tools":[{"type":"function","name":"search","parameters":{"type":"object","properties":{}},"strict":false},{"type":"function","name":"open","parameters":{"type":"object","properties":{}}}]}],"tool_choice":{"type":"function","name":"search","namespace":"mcp__docs"},
			"input":[{"type":"function_call","call_id":"c1","name":"search","namespace":"mcp__docs","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"x"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, losses := encode(t, decode(t, body), target())
			sameJSON(t, got, body)
			if losses != "" {
				t.Errorf("losses: %s", losses)
			}
		})
	}
}

func TestRequestAsWritten(t *testing.T) {
	t.Parallel()
	r := decode(t, `{"model":"m","input":"hi","text":{"format":{"type":"json_object"}},"reasoning":{"effort":"none"},"tool_choice":"required","tools":[{"type":"function","name":"f"}]}`)
	if len(r.Messages) != 1 || r.Format.Kind != llm.FormatJSON || r.Reasoning.Mode != llm.ReasoningOff || r.Choice.Mode != llm.ToolRequired {
		t.Errorf("%+v", r)
	}
	r = decode(t, `{"model":"m","input":[{"role":"user","content":"hi"},{"role":"assistant","content":"He"}]}`)
	if !r.Continue || len(r.Messages) != 2 {
		t.Errorf("%+v", r)
	}
	long := strings.Repeat("n", 60)
	r = decode(t, `{"model":"m","input":"x","tools":[{"type":"namespace","name":"`+long+`","tools":[{"type":"function","name":"a.b"},{"type":"custom","name":"c"}]}]}`)
	if n := r.Tools[0].Name; len(n) > 64 || n == r.Tools[1].Name || strings.Contains(n, ".") {
		t.Errorf("flat names %q, %q", n, r.Tools[1].Name)
	}
}

func TestRequestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, field string }{
		{`{}`, "input"},
		{`{"input":[]}`, "input"},
		{`{"input":7}`, "input"},
		{`{"input":"x","previous_response_id":"resp_1"}`, "previous_response_id"},
		{`{"input":"x","conversation":"conv_1"}`, "conversation"},
		{`{"input":"x","background":true}`, "background"},
		{`{"input":[{"type":"item_reference","id":"rs_1"}]}`, "input[0]"},
		{`{"input":[{"role":"tool","content":"x"}]}`, "input[0].role"},
		{`{"input":[{"role":"user","content":[{"type":"input_text"}]}]}`, "input[0].content[0].text"},
		{`{"input":[{"role":"user","content":[{"type":"input_text","text":1}]}]}`, "input[0].content[0].text"},
		{`{"input":[{"type":"function_call_output","output":"x"}]}`, "input[0].call_id"},
		{`{"input":"x","tools":[{"type":"function"}]}`, "tools[0].name"},
		{`{"input":"x","text":{"format":{"type":"xml"}}}`, "text.format.type"},
		{`{"input":"x","temperature":"hot"}`, "temperature"},
		{`{"input":"x","tool_choice":"sometimes"}`, "tool_choice"},
	} {
		_, err := Codec{}.DecodeRequest(&protocol.Question{Body: []byte(c.body)})
		if err == nil {
			t.Errorf("%s was taken", c.body)
			continue
		}
		if err.Param != c.field || err.Status != 400 {
			t.Errorf("%s: field %q, status %d; want %q", c.body, err.Param, err.Status, c.field)
		}
	}
}

func p[T any](v T) *T { return &v }

// TestRequestOfAnotherDialect writes a conversation of a chat client.
func TestRequestOfAnotherDialect(t *testing.T) {
	t.Parallel()
	r := &llm.Request{
		Dialect: "openai", MaxTokens: p(int64(5)), Stop: []string{"x"}, Seed: p(int64(0)), Reasoning: &llm.Reasoning{Effort: "low"},
		Messages: []llm.Message{
			{Role: llm.System, Parts: []llm.Part{&llm.Text{Text: "be brief"}}},
			{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: "q"}}},
			{Role: llm.Assistant, Parts: []llm.Part{
				&llm.Thinking{Text: "other's", State: &llm.State{Kind: llm.StateSignature, Data: "s", Origin: "o2"}},
				&llm.Thinking{Text: "mine", Summary: true, ID: "rs_9", State: &llm.State{Kind: llm.StateEncrypted, Data: "enc", Origin: "o1"}},
				&llm.Text{Text: "let me see"},
				&llm.ToolCall{ID: "c1", Name: "f"},
			}},
			{Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "c1", Error: true, Parts: []llm.Part{&llm.Text{Text: "no"}}}, &llm.Text{Text: "and?"}}},
		},
		Tools:  []llm.Tool{{Name: "f"}, {Name: "free", Custom: true, Grammar: llm.Raw(`{"type":"grammar","grammar":{"syntax":"regex","definition":".*"}}`)}},
		Choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "free"},
	}
	got, losses := encode(t, r, target())
	sameJSON(t, got, `{"model":"gpt-x","store":false,"instructions":"be brief","max_output_tokens":16,"reasoning":{"effort":"low"},"include":["reasoning.encrypted_content"],
		"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false},{"type":"custom","name":"free","format":{"type":"grammar","syntax":"regex","definition":".*"}}],"tool_choice":{"type":"custom","name":"free"},
		"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"q"}]},
			{"type":"reasoning","id":"rs_9","summary":[{"type":"summary_text","text":"mine"}],"encrypted_content":"enc"},
			{"type":"message","role":"assistant","content":[{"type":"output_text","text":"let me see","annotations":[]}]},
			{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
			{"type":"function_call_output","call_id":"c1","output":"Error: no"},
			{"type":"message","role":"user","content":[{"type":"input_text","text":"and?"}]}]}`)
	if want := "dropped stop, seed; changed messages[3].content[0].is_error, max_tokens"; losses != want {
		t.Errorf("losses %q, want %q", losses, want)
	}
}

// reply is what an answer to Codex is written with.
func reply(t *testing.T, body string) *protocol.Reply {
	t.Helper()
	return &protocol.Reply{Request: decode(t, body), Model: "asked", ID: "abc", Created: 1700000000, Question: protocol.Question{Body: []byte(body)}}
}

const codex = `{"model":"asked","instructions":"You are Codex.","stream":true,"store":false,"include":["reasoning.encrypted_content"],"reasoning":{"effort":"medium","summary":"auto"},"prompt_cache_key":"k","client_metadata":{"session":"s"},"parallel_tool_calls":true,"tool_choice":"auto",
	"tools":[{"type":"function","name":"shell","description":"runs","strict":false,"parameters":{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}}},"required":["command"]}},
		{"type":"custom","name":"apply_patch","description":"edits","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
		{"type":"web_search"},{"type":"namespace","name":"mcp__docs","description":"d","tools":[{"type":"function","name":"search","parameters":{"type":"object"}}]}],
	"input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"permissions"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"fix it"}]}]}`

// said has every kind of part that the dialect can tell.
func said() *llm.Response {
	return &llm.Response{
		ID: "chatcmpl-1", Model: "vendor-model", Created: 1700000001, Usage: &llm.Usage{Input: 6, CacheRead: 4, Output: 9, Reasoning: 4, Total: 19},
		Choices: []llm.Choice{{Stop: llm.StopTools, Parts: []llm.Part{
			&llm.Thinking{Text: "hm", State: &llm.State{Kind: llm.StateSignature, Data: "sig", Origin: "o2"}},
			&llm.Text{Text: "I'll look."},
			&llm.Text{Text: " Twice."},
			&llm.ToolCall{ID: "c1", Name: "shell", Arguments: `{"command":["ls"]}`, State: &llm.State{Kind: llm.StateThought, Data: "t", Origin: "o2"}},
			&llm.ToolCall{ID: "c2", Name: "apply_patch", Arguments: `{"input":"*** Begin"}`},
			&llm.ToolCall{ID: "c3", Name: "mcp__docs__search"},
			&llm.Foreign{Dialect: "anthropic", Type: "x", Raw: llm.Raw(`{}`)},
		}}},
	}
}

const itemsTold = `[
	{"type":"reasoning","id":"rs_abcx0","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"SEAL1"},
	{"type":"message","id":"msg_abcx1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"I'll look.","annotations":[],"logprobs":[]},{"type":"output_text","text":" Twice.","annotations":[],"logprobs":[]}]},
	{"type":"function_call","id":"fc_abcx2","status":"completed","call_id":"c1_SEAL2","name":"shell","arguments":"{\"command\":[\"ls\"]}"},
	{"type":"custom_tool_call","id":"ctc_abcx3","status":"completed","call_id":"c2","name":"apply_patch","input":"*** Begin"},
	{"type":"function_call","id":"fc_abcx4","status":"completed","call_id":"c3","name":"search","namespace":"mcp__docs","arguments":"{}"}]`

func wantItems() string {
	a := said().Choices[0].Parts
	s := strings.Replace(itemsTold, "SEAL1", a[0].(*llm.Thinking).State.Seal(), 1)
	return strings.Replace(s, "SEAL2", a[3].(*llm.ToolCall).State.Seal(), 1)
}

func TestAnswerIsTold(t *testing.T) {
	t.Parallel()
	body, err := Codec{}.EncodeResponse(said(), reply(t, codex))
	if err != nil {
		t.Fatal(err)
	}
	var w told
	if !read(body, &w) {
		t.Fatalf("not a response: %s", body)
	}
	sameJSON(t, string(value(w.Output)), wantItems())
	if w.ID != "resp_chatcmpl-1" || w.Status != "completed" || w.Usage.Input != 10 || w.Usage.InDetail.Cached != 4 || w.Usage.OutDetail.Reasoning != 4 || w.Store {
		t.Errorf("%s", body)
	}
	sameJSON(t, string(w.Asked["instructions"]), `"You are Codex."`)
	if string(w.Asked["temperature"]) != "1" || string(w.Asked["parallel_tool_calls"]) != "true" {
		t.Errorf("defaults: %s", body)
	}
}

// TestStreamIsTold checks the whole grammar of a stream by an independent
// reading: every event is numbered, items and parts are added and done, deltas
// add up to what is done, and the last event repeats it all.
func TestStreamIsTold(t *testing.T) {
	t.Parallel()
	enc := Codec{}.Encoder(reply(t, codex))
	var out []byte
	for _, ev := range said().Events() {
		out = enc.Encode(out, ev)
	}
	last := follow(t, out)
	sameJSON(t, string(last.Output), wantItems())
	if last.Status != "completed" || last.ID != "resp_chatcmpl-1" || last.Usage.Total != 19 {
		t.Errorf("%+v", last)
	}
}

// TestSideBySide: parts that are open at the same time (OpenAI's parallel calls)
// become items side by side.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	enc := Codec{}.Encoder(reply(t, codex))
	var out []byte
	for _, ev := range []llm.Event{
		&llm.Begin{ID: "x"},
		&llm.Open{Index: 0, Part: &llm.Text{}}, &llm.Delta{Index: 0, Text: "a"},
		&llm.Open{Index: 1, Part: &llm.ToolCall{ID: "c1", Name: "shell"}}, &llm.Delta{Index: 1, Text: "{"},
		&llm.Open{Index: 2, Part: &llm.ToolCall{ID: "c2", Name: "shell"}}, &llm.Delta{Index: 2, Text: "{}"},
		&llm.Delta{Index: 0, Text: "b"}, &llm.Delta{Index: 1, Text: "}"}, &llm.Close{Index: 1}, &llm.Close{Index: 0}, &llm.Close{Index: 2},
		&llm.Open{Index: 3, Part: &llm.Text{}}, &llm.Delta{Index: 3, Text: "c"}, &llm.Close{Index: 3},
		&llm.Finish{Stop: llm.StopLength}, &llm.End{},
	} {
		out = enc.Encode(out, ev)
	}
	last := follow(t, out)
	if last.Status != "incomplete" || last.Incomplete.Reason != "max_output_tokens" || last.Usage != nil {
		t.Errorf("%+v", last)
	}
	sameJSON(t, string(last.Output), `[
		{"type":"message","id":"msg_abcx0","status":"completed","role":"assistant","content":[{"type":"output_text","text":"ab","annotations":[],"logprobs":[]}]},
		{"type":"function_call","id":"fc_abcx1","status":"completed","call_id":"c1","name":"shell","arguments":"{}"},
		{"type":"function_call","id":"fc_abcx2","status":"completed","call_id":"c2","name":"shell","arguments":"{}"},
		{"type":"message","id":"msg_abcx3","status":"completed","role":"assistant","content":[{"type":"output_text","text":"c","annotations":[],"logprobs":[]}]}]`)
}

func TestStreamFails(t *testing.T) {
	t.Parallel()
	enc := Codec{}.Encoder(reply(t, codex))
	out := enc.Encode(nil, &llm.Begin{ID: "x"})
	out = enc.Encode(out, &llm.Open{Part: &llm.Text{}})
	out = enc.Fail(out, &llm.Error{Status: 503, Message: "gone"})
	events := eventsOf(t, out)
	if n := len(events); events[n-2].Type != "error" || events[n-2].Message != "gone" || events[n-1].Type != "response.failed" || events[n-1].Response.Error.Code != "server_error" {
		t.Errorf("%s", out)
	}
	if strings.Contains(string(out), "response.completed") {
		t.Error("it looks whole")
	}
}

// lastEvent is the response in a stream's last event.
type lastEvent struct {
	ID         string      `json:"id"`
	Status     string      `json:"status"`
	Output     llm.Raw     `json:"output"`
	Usage      *counts     `json:"usage"`
	Incomplete *incomplete `json:"incomplete_details"`
}

// numbered is an event with what the decoder does not read.
type numbered struct {
	event
	Sequence *int   `json:"sequence_number"`
	ItemID   string `json:"item_id"`
	Raw      string `json:"-"`
}

func eventsOf(t *testing.T, stream []byte) []numbered {
	t.Helper()
	r := sse.NewReader(bytes.NewReader(stream), 1<<20)
	var all []numbered
	for {
		ev, err := r.Next()
		if err != nil {
			return all
		}
		var n numbered
		if !read(ev.Data, &n) {
			t.Fatalf("not JSON: %s", ev.Data)
		}
		if n.Type != string(ev.Name) {
			t.Errorf("the event %s says that it is %s", ev.Name, n.Type)
		}
		n.Raw = string(ev.Data)
		all = append(all, n)
	}
}

// follow reads a stream as a careful client does.
func follow(t *testing.T, stream []byte) lastEvent {
	t.Helper()
	items, added, parts := map[int]string{}, map[int]bool{}, map[spot]string{}
	var last struct {
		Response lastEvent `json:"response"`
	}
	done := 0
	events := eventsOf(t, stream)
	for i, ev := range events {
		if ev.Sequence == nil || *ev.Sequence != i {
			t.Fatalf("event %d has number %v", i, ev.Sequence)
		}
		at := spot{ev.Output, ev.Content}
		switch ev.Type {
		case "response.created", "response.in_progress":
		case "response.output_item.added":
			if len(added) != ev.Output {
				t.Errorf("item %d comes after %d items", ev.Output, len(added))
			}
			added[ev.Output] = true
			var w item
			read(ev.Item, &w)
			items[ev.Output] = w.ID
		case "response.output_item.done":
			done++
			var w item
			if read(ev.Item, &w); w.ID != items[ev.Output] || w.Status == "in_progress" {
				t.Errorf("item %d is done as %s", ev.Output, ev.Item)
			}
		case "response.content_part.added", "response.reasoning_summary_part.added":
			parts[at] = ""
		case "response.output_text.delta", "response.function_call_arguments.delta", "response.custom_tool_call_input.delta", "response.refusal.delta", "response.reasoning_summary_text.delta":
			parts[at] += ev.Delta
		case "response.output_text.done", "response.reasoning_summary_text.done":
			if *ev.Text != parts[at] {
				t.Errorf("%q adds up to %q", *ev.Text, parts[at])
			}
		case "response.function_call_arguments.done":
			if *ev.Arguments != parts[at] && parts[at] != "" {
				t.Errorf("%q adds up to %q", *ev.Arguments, parts[at])
			}
		case "response.custom_tool_call_input.done":
			if *ev.Input != parts[at] {
				t.Errorf("%q adds up to %q", *ev.Input, parts[at])
			}
		case "response.content_part.done", "response.reasoning_summary_part.done", "response.refusal.done", "response.output_text.annotation.added":
		case "response.completed", "response.incomplete":
			if i != len(events)-1 {
				t.Errorf("%s is not the last event", ev.Type)
			}
			read(llm.Raw(ev.Raw), &last)
			continue
		default:
			t.Errorf("an event of the type %q", ev.Type)
		}
		if ev.ItemID != "" && ev.ItemID != items[ev.Output] {
			t.Errorf("%s is of %s, not of %s", ev.Type, ev.ItemID, items[ev.Output])
		}
	}
	if done != len(added) {
		t.Errorf("%d items of %d are done", done, len(added))
	}
	return last.Response
}

// hear reads a stream as a vendor's and folds it.
func hear(t *testing.T, to *protocol.Target, stream []byte) (*llm.Response, *llm.Error) {
	t.Helper()
	d := Codec{}.Decoder(to)
	var fold llm.Fold
	var steps []llm.Event
	var err *llm.Error
	for _, ev := range eventsOf(t, stream) {
		if steps, err = d.Decode(steps, []byte(ev.Type), []byte(ev.Raw)); err != nil {
			return nil, err
		}
	}
	if steps, err = d.End(steps); err != nil {
		return nil, err
	}
	for _, s := range steps {
		fold.Add(s)
	}
	r, _ := fold.Response()
	return r, nil
}

// TestAnswerComesBack: what is told to a client, whole and streamed, reads the
// same as a vendor's answer.
func TestAnswerComesBack(t *testing.T) {
	t.Parallel()
	all := said()
	all.Choices[0].Parts = append(all.Choices[0].Parts[:6], &llm.Media{Kind: llm.Image, MIME: "image/png", Data: "aGk="}, &llm.Refusal{Text: "no"})
	re := reply(t, codex)
	body, _ := Codec{}.EncodeResponse(all, re)
	whole, err := Codec{}.DecodeResponse(body, target())
	if err != nil {
		t.Fatal(err)
	}
	enc := Codec{}.Encoder(re)
	var out []byte
	for _, ev := range all.Events() {
		out = enc.Encode(out, ev)
	}
	streamed, err := hear(t, target(), out)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(whole, streamed); d != "" {
		t.Errorf("(-whole +streamed)\n%s", d)
	}
	if whole.Choices[0].Stop != llm.StopTools || len(whole.Choices[0].Parts) != 8 {
		t.Errorf("%+v", whole.Choices[0])
	}
}

// TestVendorsStream reads a stream as OpenAI writes it, with events that say
// nothing, secret reasoning and a search of the vendor's.
func TestVendorsStream(t *testing.T) {
	t.Parallel()
	lines := []string{
		`{"type":"response.created","response":{"id":"resp_1","model":"gpt-x-1","created_at":1,"status":"in_progress","output":[]}}`,
		`{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}`,
		`{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`,
		`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"one"}`,
		`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"two"}`,
		`{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"enc"}}`,
		`{"type":"response.output_item.added","output_index":1,"item":{"type":"reasoning","id":"rs_2","summary":[]}}`,
		`{"type":"response.output_item.done","output_index":1,"item":{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"enc2"}}`,
		`{"type":"response.output_item.added","output_index":2,"item":{"type":"web_search_call","id":"ws_1","status":"in_progress"}}`,
		`{"type":"response.web_search_call.searching","output_index":2,"item_id":"ws_1"}`,
		`{"type":"response.output_item.done","output_index":2,"item":{"type":"web_search_call","id":"ws_1","status":"completed"}}`,
		`{"type":"response.output_item.added","output_index":3,"item":{"type":"message","id":"msg_1","role":"assistant","content":[]}}`,
		`{"type":"response.content_part.added","output_index":3,"content_index":0,"part":{"type":"output_text","text":""}}`,
		`{"type":"response.output_text.delta","output_index":3,"content_index":0,"delta":"Hi","logprobs":[{"token":"Hi","logprob":-0.1}]}`,
		`{"type":"response.output_text.annotation.added","output_index":3,"content_index":0,"annotation":{"type":"url_citation","url":"https://a","title":"A","start_index":0,"end_index":2}}`,
		`{"type":"response.output_text.done","output_index":3,"content_index":0,"text":"Hi"}`,
		`{"type":"response.output_item.done","output_index":3,"item":{"type":"message","id":"msg_1"}}`,
		`{"type":"response.output_item.added","output_index":4,"item":{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":""}}`,
		`{"type":"response.function_call_arguments.done","output_index":4,"arguments":"{\"a\":1}"}`,
		`{"type":"response.output_item.done","output_index":4,"item":{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}"}}`,
		`{"type":"response.completed","response":{"id":"resp_1","status":"completed","usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":13}}}`,
	}
	var stream []byte
	for _, l := range lines {
		name, _, _ := strings.Cut(strings.TrimPrefix(l, `{"type":"`), `"`)
		stream = append(stream, "event: "+name+"\ndata: "+l+"\n\n"...)
	}
	got, err := hear(t, target(), stream)
	if err != nil {
		t.Fatal(err)
	}
	note := llm.Raw(`{"type":"url_citation","url":"https://a","title":"A","start_index":0,"end_index":2}`)
	want := &llm.Response{
		ID: "resp_1", Model: "gpt-x-1", Created: 1, Dialect: Name,
		Usage: &llm.Usage{Input: 6, CacheRead: 4, Output: 3, Reasoning: 1, Total: 13, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
		Choices: []llm.Choice{{Stop: llm.StopTools, Logprobs: llm.Raw(`{"content":[{"token":"Hi","logprob":-0.1}]}`), Parts: []llm.Part{
			&llm.Thinking{Text: "one\n\ntwo", Summary: true, ID: "rs_1", State: &llm.State{Kind: llm.StateEncrypted, Data: "enc", Origin: "o1"}},
			&llm.Thinking{Redacted: true, ID: "rs_2", State: &llm.State{Kind: llm.StateEncrypted, Data: "enc2", Origin: "o1"}},
			&llm.Foreign{Dialect: Name, Type: "web_search_call", Raw: llm.Raw(`{"type":"web_search_call","id":"ws_1","status":"completed"}`)},
			&llm.Text{Text: "Hi", Annotations: []llm.Annotation{{URL: "https://a", Title: "A", End: 2, Foreign: note, Dialect: Name}}},
			&llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a":1}`},
		}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestVendorFails(t *testing.T) {
	t.Parallel()
	for stream, class := range map[string]llm.Class{
		"data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n":                                                                 llm.ClassCut,
		"data: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slow down\"}\n\n":                                             llm.ClassRateLimited,
		"data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"x\"}}}\n\n": llm.ClassServerError,
		"data: {\"type\":\"response.failed\",\"response\":{}}\n\n":                                                                              llm.ClassServerError,
		"data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"x\"}}}\n\n":            llm.ClassContextLength,
		"data: {\"type\":\"response.output_text.delta\",\"output_index\":99999999}\n\n":                                                         llm.ClassMalformed,
	} {
		d := Codec{}.Decoder(target())
		data, _ := strings.CutPrefix(strings.TrimSpace(stream), "data: ")
		_, err := d.Decode(nil, nil, []byte(data))
		if err == nil {
			_, err = d.End(nil)
		}
		if err == nil || err.Class != class || err.Message == "" {
			t.Errorf("%s: %v, want %s", stream, err, class)
		}
	}
	for body, class := range map[string]llm.Class{
		`{"status":"failed","error":{"code":"server_error","message":"x"}}`: llm.ClassServerError,
		`{"object":"chat.completion"}`:                                      llm.ClassMalformed,
		`nonsense`:                                                          llm.ClassMalformed,
	} {
		if _, err := (Codec{}).DecodeResponse([]byte(body), target()); err == nil || err.Class != class {
			t.Errorf("%s: %v, want %s", body, err, class)
		}
	}
}

func TestPassedEvent(t *testing.T) {
	tests := []struct {
		name, data string
		want       protocol.Signal
		content    bool
	}{
		{"response.created", `{"type":"response.created","response":{"error":null}}`, 0, false},
		{"response.output_text.delta", `{"type":"response.output_text.delta","delta":"x"}`, 0, true},
		{"", `{"type":"response.output_text.delta","delta":"x"}`, 0, true},
		{"response.completed", `{"type":"response.completed","response":{"usage":{"input_tokens":1},"error":null}}`, protocol.Finished | protocol.Done | protocol.HasUsage, true},
		{"response.incomplete", `{"type":"response.incomplete"}`, protocol.Finished | protocol.Done | protocol.HasUsage, true},
		{"response.failed", `{"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}`, protocol.Failed | protocol.HasUsage, true},
		{"error", `{"type":"error","message":"x"}`, protocol.Failed, true},
		{"", `{"error":{"message":"x"}}`, protocol.Failed, true},
		{"", `{"type":`, protocol.Broken, false},
	}
	for _, tt := range tests {
		if got := signal([]byte(tt.name), []byte(tt.data)); got != tt.want {
			t.Errorf("%s: signal %b, want %b", tt.data, got, tt.want)
		}
		if got := hasContent([]byte(tt.name), []byte(tt.data)); got != tt.content {
			t.Errorf("%s: content %v", tt.data, got)
		}
	}
}

func TestPassedErrorAndUsage(t *testing.T) {
	t.Parallel()
	for data, class := range map[string]llm.Class{
		`{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"x"}}}`: llm.ClassRateLimited,
		`{"type":"error","code":"server_error","message":"x"}`:                                         llm.ClassServerError,
		`{"error":{"code":"insufficient_quota","message":"x"}}`:                                        llm.ClassQuotaExhausted,
	} {
		if err := eventError([]byte(data)); err == nil || err.Class != class || err.Message != "x" {
			t.Errorf("%s: %v", data, err)
		}
	}
	for _, data := range []string{
		`{"object":"response","usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}}`,
		`{"type":"response.completed","response":{"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}}}`,
	} {
		if u, ok := usage([]byte(data)); !ok || u.Input != 6 || u.CacheRead != 4 || u.Total != 13 {
			t.Errorf("%s: %+v, %v", data, u, ok)
		}
	}
	if err := wholeError([]byte(`{"status":"completed","error":null,"output":[]}`)); err != nil {
		t.Errorf("a whole answer: %v", err)
	}
	if err := wholeError([]byte(`<html>`)); err == nil || err.Class != llm.ClassMalformed {
		t.Errorf("a page: %v", err)
	}
}
