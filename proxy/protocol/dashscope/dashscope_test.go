package dashscope

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func target(traits protocol.Traits) *protocol.Target {
	return &protocol.Target{Vendor: "DashScope", Model: "m", Unique: "u", Traits: traits, Header: http.Header{}}
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

func words(s string) []llm.Part { return []llm.Part{&llm.Text{Text: s}} }

func user(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.User, Parts: parts} }

func TestRequest(t *testing.T) {
	t.Parallel()
	hi := []llm.Message{user(words("hi")...)}
	const said = `"model":"m","input":{"messages":[{"role":"user","content":"hi"}]}`
	const f = `{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}`
	tools := []llm.Tool{{Name: "f", Parameters: llm.Raw(`{"type":"object"}`), Strict: ptr(true)}}
	reads := protocol.Traits{NoImages: true}
	asked := `Answer with JSON alone that obeys this JSON schema, no text around it: `
	turns := []llm.Message{
		{Role: llm.System, Parts: words("be brief")},
		user(&llm.Text{Text: "look"}, &llm.Media{Kind: llm.Image, MIME: "image/png", Data: "aGk="}, &llm.Media{Kind: llm.Video, URL: "https://x/v.mp4"}, &llm.Media{Kind: llm.Document, MIME: "text/plain", Data: "aGk="}),
		{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "hm"}, &llm.Text{Text: "I look."}, &llm.ToolCall{ID: "a", Name: "f"}}},
		user(&llm.ToolResult{ID: "a", Parts: words("rain")}, &llm.Text{Text: "and?"}),
		{Role: llm.Assistant, Parts: words("It")},
	}
	for _, tt := range []struct {
		name   string
		r      llm.Request
		traits protocol.Traits
		want   string
		lost   string
	}{
		{name: "sampling", r: llm.Request{
			Messages: hi, MaxTokens: ptr(int64(9)), Temperature: ptr(2.0), TopP: ptr(0.0), TopK: ptr(int64(5)), Seed: ptr(int64(0)), Stop: []string{"a"}, PresencePenalty: ptr(0.5),
			FrequencyPenalty: ptr(0.1), Logprobs: ptr(true), TopLogprobs: ptr(int64(9)), N: ptr(int64(2)), User: "u",
		}, traits: reads, want: `{` + said + `,"parameters":{"result_format":"message","max_tokens":9,"temperature":1.99,"top_p":0.01,"top_k":5,"seed":0,"stop":["a"],
			"presence_penalty":0.5,"logprobs":true,"top_logprobs":5}}`, lost: "dropped n, frequency_penalty, user; changed temperature, top_p, top_logprobs"},
		{
			name: "own words", r: llm.Request{Messages: hi, Extra: map[string]llm.Raw{"enable_search": llm.Raw("true"), "search_options": llm.Raw(`{"enable_source":true}`), "x": llm.Raw("1")}}, traits: reads,
			want: `{` + said + `,"parameters":{"result_format":"message","enable_search":true,"search_options":{"enable_source":true}}}`, lost: "dropped x",
		},
		{
			name: "tools", r: llm.Request{Messages: hi, Tools: tools, Choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}, Parallel: ptr(false)}, traits: reads,
			want: `{` + said + `,"parameters":{"result_format":"message","tools":[` + f + `],"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false}}`, lost: "dropped tools[0].strict",
		},
		{
			name: "tools while thinking", r: llm.Request{Messages: hi, Tools: tools[:1], Choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}, Reasoning: &llm.Reasoning{Mode: llm.ReasoningOn, Budget: ptr(int64(5000))}}, traits: reads,
			want: `{` + said + `,"parameters":{"result_format":"message","tools":[` + f + `],"tool_choice":"auto","enable_thinking":true,"thinking_budget":5000}}`, lost: "dropped tools[0].strict; changed tool_choice",
		},
		{name: "thinking not", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "none"}}, traits: reads, want: `{` + said + `,"parameters":{"result_format":"message","enable_thinking":false}}`},
		{
			name: "schema", r: llm.Request{Messages: append([]llm.Message{{Role: llm.System, Parts: words("s")}}, hi...), Format: &llm.Format{Kind: llm.FormatSchema, Schema: llm.Raw(`{}`)}}, traits: reads,
			want: `{"model":"m","input":{"messages":[{"role":"system","content":"s\n\n` + asked + `{}"},{"role":"user","content":"hi"}]},"parameters":{"result_format":"message","response_format":{"type":"json_object"}}}`,
			lost: "changed response_format.json_schema",
		},
		{
			name: "JSON while thinking", r: llm.Request{Messages: []llm.Message{user(words("json")...)}, Format: &llm.Format{Kind: llm.FormatJSON}, Reasoning: &llm.Reasoning{Mode: llm.ReasoningOn}},
			want: `{"model":"m","input":{"messages":[{"role":"user","content":[{"text":"json"}]}]},"parameters":{"result_format":"message","enable_thinking":true}}`, lost: "changed response_format",
		},
		{
			name: "turns", r: llm.Request{Messages: turns, Continue: true}, traits: protocol.Traits{PrefixFlag: "partial"},
			want: `{"model":"m","input":{"messages":[{"role":"system","content":[{"text":"be brief"}]},
				{"role":"user","content":[{"text":"look"},{"image":"data:image/png;base64,aGk="},{"video":"https://x/v.mp4"},{"text":"hi"}]},
				{"role":"assistant","content":[{"text":"I look."}],"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"a","content":"rain"},{"role":"user","content":[{"text":"and?"}]},
				{"role":"assistant","content":[{"text":"It"}],"partial":true}]},"parameters":{"result_format":"message"}}`,
			lost: "changed messages[1].content[3]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var l llm.Losses
			to := target(tt.traits)
			body, failed := generation{}.EncodeRequest(&tt.r, to, &l)
			if failed != nil {
				t.Fatal(failed)
			}
			sameJSON(t, string(body), tt.want)
			if l.String() != tt.lost || len(to.Header) > 0 {
				t.Errorf("lost %q, want %q; headers %v", l.String(), tt.lost, to.Header)
			}
		})
	}
	to := target(reads)
	to.Stream = true
	body, failed := generation{}.EncodeRequest(&llm.Request{Messages: hi}, to, &llm.Losses{})
	if failed != nil || to.Header.Get("X-DashScope-SSE") != "enable" {
		t.Fatalf("%v %v", failed, to.Header)
	}
	sameJSON(t, string(body), `{`+said+`,"parameters":{"result_format":"message","incremental_output":true}}`)
	if _, failed = (generation{}).EncodeRequest(&llm.Request{Messages: turns}, target(reads), &llm.Losses{}); failed == nil || failed.Param != "messages[1].content[1]" {
		t.Errorf("a model that reads text alone was sent a picture: %v", failed)
	}
}

const streamOf = `{"output":{"choices":[{"message":{"content":"","reasoning_content":"h","role":"assistant"},"index":0,"finish_reason":"null"}],"search_info":{"search_results":[{"index":1,"title":"T","url":"https://x"}]}},"usage":{"input_tokens":9},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"","reasoning_content":"m","role":"assistant"},"finish_reason":"null"}]},"request_id":"r"}
{"output":{"choices":[{"message":{"content":[{"text":"It"}],"reasoning_content":"","role":"assistant"},"finish_reason":"null"}],"search_info":{"search_results":[]}},"request_id":"r"}
{"output":{"choices":[{"message":{"content":" is","role":"assistant"},"finish_reason":"null"}]},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}],"role":"assistant"},"finish_reason":"null"}]},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"","tool_calls":[{"index":1,"id":"","type":"function","function":{"name":"g","arguments":""}}],"role":"assistant"},"finish_reason":"null"}]},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"","tool_calls":[{"index":0,"id":"","type":"function","function":{"arguments":"{\"q\":1}"}}],"role":"assistant"},"finish_reason":"null"}]},"request_id":"r"}
{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"tool_calls"}]},"usage":{"total_tokens":13,"input_tokens":9,"output_tokens":4,"prompt_tokens_details":{"cached_tokens":5},"output_tokens_details":{"reasoning_tokens":2}},"request_id":"r"}`

const wholeOf = `{"output":{"choices":[{"message":{"content":"It is","reasoning_content":"hm","role":"assistant","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"q\":1}"}},{"index":1,"type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":"tool_calls"}],
	"search_info":{"search_results":[{"index":1,"title":"T","url":"https://x"}]}},
	"usage":{"total_tokens":13,"input_tokens":9,"output_tokens":4,"prompt_tokens_details":{"cached_tokens":5},"output_tokens_details":{"reasoning_tokens":2}},"request_id":"r"}`

func hear(name, lines string) (*llm.Response, *llm.Error) {
	d := generation{}.Decoder(target(protocol.Traits{}))
	var steps []llm.Event
	var failed *llm.Error
	for line := range strings.SplitSeq(lines, "\n") {
		if steps, failed = d.Decode(steps, []byte(name), []byte(line)); failed != nil {
			return nil, failed
		}
	}
	if steps, failed = d.End(steps); failed != nil {
		return nil, failed
	}
	return llm.Folded(steps), nil
}

// TestAnswers: an answer means the same whole and streamed.
func TestAnswers(t *testing.T) {
	t.Parallel()
	want := &llm.Response{
		ID: "r", Model: "m", Dialect: Name,
		Usage: &llm.Usage{Input: 4, CacheRead: 5, Output: 4, Reasoning: 2, Total: 13, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
		Choices: []llm.Choice{{Stop: llm.StopTools, Parts: []llm.Part{
			&llm.Thinking{Text: "hm"}, &llm.Text{Text: "It is", Annotations: []llm.Annotation{{URL: "https://x", Title: "T"}}},
			&llm.ToolCall{ID: "a", Name: "f", Arguments: `{"q":1}`}, &llm.ToolCall{ID: "call_ux1", Name: "g", Arguments: `{}`},
		}}},
	}
	got, failed := hear("result", streamOf)
	if failed != nil {
		t.Fatal(failed)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("streamed (-want +got)\n%s", d)
	}
	if got, failed = (generation{}).DecodeResponse([]byte(wholeOf), target(protocol.Traits{})); failed != nil {
		t.Fatal(failed)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("whole (-want +got)\n%s", d)
	}
}

func TestBreaks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, lines string
		class       llm.Class
	}{
		{"result", `{"output":{"choices":[{"message":{"content":"x"},"finish_reason":"null"}]}}`, llm.ClassCut},
		{"error", `{"code":"InternalError","message":"boom"}`, llm.ClassServerError},
		{"error", `{"code":"Throttling.AllocationQuota","message":"Allocated quota exceeded"}`, llm.ClassQuotaExhausted},
		{"error", `{"code":"InvalidParameter","message":"Range of input length should be [1, 6000]"}`, llm.ClassContextLength},
		{"error", `{"code":"DataInspectionFailed","message":"Output data may contain inappropriate content."}`, llm.ClassContentFilter},
		{"result", `{"code":"ModelNotFound","message":"Model not exist."}`, llm.ClassModelNotFound},
		{"result", `{"output":`, llm.ClassMalformed},
		{"result", `{}`, llm.ClassMalformed},
	} {
		if r, failed := hear(tt.name, tt.lines); failed == nil || failed.Class != tt.class || failed.Message == "" || failed.Status != 0 {
			t.Errorf("%s: %+v, %v", tt.lines, r, failed)
		}
	}
	for _, tt := range []struct {
		status  int
		body    string
		class   llm.Class
		message string
	}{
		{400, "id:1\nevent:error\n:HTTP_STATUS/400\ndata:{\"code\":\"InvalidParameter\",\"message\":\"Role must be user\",\"request_id\":\"r\"}\n", llm.ClassBadRequest, "Role must be user"},
		{400, `{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing."}`, llm.ClassQuotaExhausted, "Access denied, please make sure your account is in good standing."},
		{401, `{"code":"InvalidApiKey","message":"Invalid API-key provided."}`, llm.ClassAuth, "Invalid API-key provided."},
		{403, `{"code":"Model.AccessDenied","message":"Model access denied."}`, llm.ClassModelNotFound, "Model access denied."},
		{429, `{"code":"Throttling.RateQuota","message":"Requests rate limit exceeded"}`, llm.ClassRateLimited, "Requests rate limit exceeded"},
		{502, `<html>bad`, llm.ClassServerError, "<html>bad"},
	} {
		if e := decodeError(tt.status, nil, []byte(tt.body)); e.Class != tt.class || e.Message != tt.message {
			t.Errorf("%d %s: %s %q", tt.status, tt.body, e.Class, e.Message)
		}
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	r := &llm.EmbedRequest{Inputs: make([]string, 11), Dimensions: ptr(int64(256)), Task: "query", User: "u", Extra: map[string]llm.Raw{"instruct": llm.Raw(`"find"`), "x": llm.Raw("1")}}
	var l llm.Losses
	bodies, failed := embed{}.EncodeEmbed(r, target(protocol.Traits{}), &l)
	if failed != nil || len(bodies) != 2 || l.String() != "dropped x, user" {
		t.Fatalf("%v, %d bodies, lost %s", failed, len(bodies), l.String())
	}
	sameJSON(t, string(bodies[1]), `{"model":"m","input":{"texts":[""]},"parameters":{"text_type":"query","dimension":256,"instruct":"find"}}`)
	r = &llm.EmbedRequest{Inputs: []string{"a"}, Task: "clustering", Extra: map[string]llm.Raw{"text_type": llm.Raw(`"document"`)}}
	l = llm.Losses{}
	if bodies, failed = (embed{}).EncodeEmbed(r, target(protocol.Traits{}), &l); failed != nil || l.String() != "dropped task" {
		t.Fatalf("%v, lost %s", failed, l.String())
	}
	sameJSON(t, string(bodies[0]), `{"model":"m","input":{"texts":["a"]},"parameters":{"text_type":"document"}}`)
	if _, failed = (embed{}).EncodeEmbed(&llm.EmbedRequest{Tokens: [][]int64{{1}}}, target(protocol.Traits{}), &l); failed == nil {
		t.Error("tokens were taken")
	}
	a, failed := embed{}.DecodeEmbedding([]byte(`{"output":{"embeddings":[{"text_index":1,"embedding":[3,4]},{"text_index":0,"embedding":[1,2]}]},"usage":{"total_tokens":5}}`), target(protocol.Traits{}))
	if failed != nil || len(a.Vectors) != 2 || a.Vectors[0][0] != 1 || a.Usage.Input != 5 {
		t.Errorf("%+v, %v", a, failed)
	}
	if _, failed = (embed{}).DecodeEmbedding([]byte(`{"output":{"embeddings":[]}}`), target(protocol.Traits{})); failed == nil {
		t.Error("no vectors were taken for an answer")
	}
}

// FuzzStream: whatever a server sends, reading ends in an answer or an error
// that has a class.
func FuzzStream(f *testing.F) {
	f.Add("result", streamOf)
	f.Add("error", "{}\nnull\n[]")
	f.Add("", wholeOf)
	f.Fuzz(func(t *testing.T, name, lines string) {
		if _, failed := hear(name, lines); failed != nil && failed.Class == "" {
			t.Errorf("an error without a class: %v", failed)
		}
		_, _ = embed{}.DecodeEmbedding([]byte(lines), target(protocol.Traits{}))
		decodeError(400, nil, []byte(lines))
	})
}

func BenchmarkDecodeStream(b *testing.B) {
	line := []byte(`{"output":{"choices":[{"message":{"content":" a few words","role":"assistant"},"index":0,"finish_reason":"null"}]},"usage":{"total_tokens":284,"output_tokens":1,"input_tokens":283},"request_id":"dd51401b-146e-42a0-96d9-4067a5fac75a"}`)
	b.ReportAllocs()
	for b.Loop() {
		d := generation{}.Decoder(target(protocol.Traits{}))
		var steps []llm.Event
		for range 500 {
			steps, _ = d.Decode(steps[:0], nil, line)
		}
	}
}
