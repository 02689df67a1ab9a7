package cohere

import (
	"net/http"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func target(traits protocol.Traits) *protocol.Target {
	return &protocol.Target{Vendor: "Cohere", Model: "m", Unique: "u", Traits: traits, Header: http.Header{}}
}

func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	g, w := jsontext.Value(got), jsontext.Value(want)
	for _, v := range []*jsontext.Value{&g, &w} {
		if err := v.Canonicalize(); err != nil {
			t.Fatalf("not JSON: %v\n%s", err, *v)
		}
		if err := v.Indent(); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(w), string(g)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func ptr[T any](v T) *T { return &v }

func text(s string) []llm.Part { return []llm.Part{&llm.Text{Text: s}} }

func user(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.User, Parts: parts} }

func TestRequest(t *testing.T) {
	t.Parallel()
	hi := []llm.Message{user(text("hi")...)}
	const said = `"model":"m","stream":false,"messages":[{"role":"user","content":"hi"}]`
	needs := llm.Raw(`{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}`)
	const f = `{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}}}`
	tools := []llm.Tool{{Name: "f", Parameters: needs, Strict: ptr(true)}, {Name: "2-g"}}
	asked := `Answer with JSON alone that obeys this JSON schema, no text around it: `
	for _, tt := range []struct {
		name   string
		r      llm.Request
		traits protocol.Traits
		want   string
		lost   string
	}{
		{
			name: "sampling", r: llm.Request{
				Messages: hi, MaxTokens: ptr(int64(9)), Temperature: ptr(1.5), TopP: ptr(1.0), TopK: ptr(int64(600)), Seed: ptr(int64(0)), Stop: []string{"a", "b", "c", "d", "e", "f"},
				FrequencyPenalty: ptr(-1.0), PresencePenalty: ptr(0.5), Logprobs: ptr(true), TopLogprobs: ptr(int64(3)), N: ptr(int64(2)), LogitBias: llm.Raw("{}"), User: "u",
			}, traits: protocol.Traits{LowTemperature: true}, want: `{` + said + `,"max_tokens":9,"temperature":1,"p":0.99,"k":500,"seed":0,"stop_sequences":["a","b","c","d","e"],
			"frequency_penalty":0,"presence_penalty":0.5,"logprobs":true}`,
			lost: "dropped n, logit_bias, top_logprobs, user; changed temperature, top_p, top_k, frequency_penalty, stop",
		},
		{
			name: "own words", r: llm.Request{Messages: hi, Extra: map[string]llm.Raw{"documents": llm.Raw(`["d"]`), "safety_mode": llm.Raw(`"OFF"`), "x": llm.Raw("1")}},
			want: `{` + said + `,"documents":["d"],"safety_mode":"OFF"}`, lost: "dropped x",
		},
		{
			name: "tool that must be called", r: llm.Request{Messages: hi, Tools: tools, Choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}},
			want: `{` + said + `,"tools":[` + f + `],"strict_tools":true,"tool_choice":"REQUIRED"}`,
		},
		{
			name: "names", r: llm.Request{Messages: hi, Tools: tools, Choice: llm.ToolChoice{Mode: llm.ToolNone}, Parallel: ptr(false)},
			want: `{` + said + `,"tools":[` + f + `,{"type":"function","function":{"name":"_2_g_70d320f5","parameters":{"type":"object","properties":{}}}}],"tool_choice":"NONE"}`,
			lost: "dropped tools[0].strict, parallel_tool_calls",
		},
		{
			name: "old model and tools", r: llm.Request{Messages: hi, Tools: tools[:1], Choice: llm.ToolChoice{Mode: llm.ToolRequired}}, traits: protocol.Traits{NoToolRequired: true},
			want: `{` + said + `,"tools":[` + f + `],"strict_tools":true}`, lost: "dropped tool_choice",
		},
		{
			name: "schema", r: llm.Request{Messages: hi, Format: &llm.Format{Kind: llm.FormatSchema, Schema: needs}},
			want: `{` + said + `,"response_format":{"type":"json_object","json_schema":` + string(needs) + `}}`,
		},
		{
			name: "schema beside tools", r: llm.Request{Messages: hi, Tools: tools[:1], Format: &llm.Format{Kind: llm.FormatSchema, Schema: llm.Raw(`{}`)}},
			want: `{"model":"m","stream":false,"messages":[{"role":"system","content":"` + asked + `{}"},{"role":"user","content":"hi"}],"tools":[` + f + `],"strict_tools":true}`, lost: "changed response_format",
		},
		{
			name: "JSON", r: llm.Request{Messages: []llm.Message{user(text("as json")...)}, Format: &llm.Format{Kind: llm.FormatJSON}},
			want: `{"model":"m","stream":false,"messages":[{"role":"user","content":"as json"}],"response_format":{"type":"json_object"}}`,
		},
		{name: "thinking a little", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "low"}}, want: `{` + said + `,"thinking":{"type":"enabled","token_budget":2048}}`},
		{name: "thinking much", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "high"}}, want: `{` + said + `,"thinking":{"type":"enabled"}}`},
		{name: "thinking not", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "none"}}, want: `{` + said + `,"thinking":{"type":"disabled"}}`},
		{name: "can't think", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "high"}}, traits: protocol.Traits{Thinks: protocol.ThinksNot}, want: `{` + said + `}`, lost: "dropped reasoning"},
		{
			name: "turns", r: llm.Request{Messages: []llm.Message{
				{Role: llm.Developer, Parts: text("be brief")},
				user(&llm.Text{Text: "look"}, &llm.Media{Kind: llm.Image, MIME: "image/png", Data: "aGk=", Detail: "low"}, &llm.Media{Kind: llm.Document, MIME: "text/plain", Data: "aGk=", Name: "n"}),
				{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "hm"}, &llm.Text{Text: "I will look."}, &llm.ToolCall{ID: "a", Name: "f", Arguments: `{"q":1}`}, &llm.ToolCall{ID: "b", Name: "2-g"}}},
				user(&llm.ToolResult{ID: "b", Error: true, Parts: text("no")}, &llm.ToolResult{ID: "a", Parts: []llm.Part{&llm.Text{Text: "rain"}, &llm.Media{Kind: llm.Image, URL: "https://x/y.png"}}}, &llm.Text{Text: "and?"}),
				{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "ok"}, &llm.Text{Text: "wet"}}},
				user(text("so")...),
			}}, want: `{"model":"m","stream":false,"messages":[{"role":"system","content":"be brief"},
			{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk=","detail":"low"}},{"type":"text","text":"n:\nhi"}]},
			{"role":"assistant","content":[{"type":"thinking","thinking":"hm"}],"tool_plan":"I will look.","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"q\":1}"}},{"id":"b","type":"function","function":{"name":"_2_g_70d320f5","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"b","content":"Error: no"},{"role":"tool","tool_call_id":"a","content":"rain"},
			{"role":"user","content":[{"type":"text","text":"What the tool call a showed:"},{"type":"image_url","image_url":{"url":"https://x/y.png"}},{"type":"text","text":"and?"}]},
			{"role":"assistant","content":"wet"},{"role":"user","content":"so"}]}`,
			lost: "changed messages[1].content[2], messages[3].content[0].is_error, messages[3].content[1]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var l llm.Losses
			body, failed := chat{}.EncodeRequest(&tt.r, target(tt.traits), &l)
			if failed != nil {
				t.Fatal(failed)
			}
			sameJSON(t, string(body), tt.want)
			if l.String() != tt.lost {
				t.Errorf("lost %q, want %q", l.String(), tt.lost)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, m := range []*llm.Media{
		{Kind: llm.Audio, Data: "aGk="}, {Kind: llm.Document, MIME: "application/pdf", Data: "aGk="}, {Kind: llm.Image, File: "f"}, {Kind: llm.Image, URL: "https://x/y.png"},
	} {
		r := &llm.Request{Messages: []llm.Message{user(&llm.Text{Text: "hi"}, m)}}
		_, failed := chat{}.EncodeRequest(r, target(protocol.Traits{NoImages: m.URL != ""}), &llm.Losses{})
		if failed == nil || failed.Param != "messages[0].content[1]" || failed.Status != http.StatusBadRequest {
			t.Errorf("%+v: %v", m, failed)
		}
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	r := &llm.EmbedRequest{Inputs: make([]string, 97), Dimensions: ptr(int64(256)), Task: "query", User: "u", Extra: map[string]llm.Raw{"truncate": llm.Raw(`"NONE"`), "x": llm.Raw("1")}}
	var l llm.Losses
	bodies, failed := embed{}.EncodeEmbed(r, target(protocol.Traits{}), &l)
	if failed != nil || len(bodies) != 2 || l.String() != "dropped x, user" {
		t.Fatalf("%v, %d bodies, lost %s", failed, len(bodies), l.String())
	}
	sameJSON(t, string(bodies[1]), `{"model":"m","texts":[""],"input_type":"search_query","embedding_types":["float"],"output_dimension":256,"truncate":"NONE"}`)
	r = &llm.EmbedRequest{Inputs: []string{"a"}, Extra: map[string]llm.Raw{"input_type": llm.Raw(`"clustering"`)}}
	if bodies, failed = (embed{}).EncodeEmbed(r, target(protocol.Traits{}), &l); failed != nil {
		t.Fatal(failed)
	}
	sameJSON(t, string(bodies[0]), `{"model":"m","texts":["a"],"input_type":"clustering","embedding_types":["float"]}`)
	r.Extra["input_type"] = llm.Raw("1")
	if _, failed = (embed{}).EncodeEmbed(r, target(protocol.Traits{}), &l); failed == nil || failed.Param != "input_type" {
		t.Errorf("%v", failed)
	}
	if _, failed = (embed{}).EncodeEmbed(&llm.EmbedRequest{Tokens: [][]int64{{1}}}, target(protocol.Traits{}), &l); failed == nil {
		t.Error("tokens were taken")
	}
	a, failed := embed{}.DecodeEmbedding([]byte(`{"embeddings":{"float":[[1,2],[3,4]]},"meta":{"billed_units":{"input_tokens":5}}}`), target(protocol.Traits{}))
	if failed != nil || len(a.Vectors) != 2 || a.Usage.Input != 5 {
		t.Errorf("%+v, %v", a, failed)
	}
	if _, failed = (embed{}).DecodeEmbedding([]byte(`{"embeddings":{"int8":[[1]]}}`), target(protocol.Traits{})); failed == nil {
		t.Error("no vectors were taken for an answer")
	}
}
