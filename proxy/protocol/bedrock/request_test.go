package bedrock

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func indented(t *testing.T, b []byte) string {
	t.Helper()
	v := jsontext.Value(b).Clone()
	if err := v.Canonicalize(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	if err := v.Indent(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func text(s string) []llm.Part { return []llm.Part{&llm.Text{Text: s}} }

func user(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.User, Parts: parts} }

func ptr[T any](v T) *T { return &v }

// requestCase is a request and what Bedrock is sent.
type requestCase struct {
	name   string
	r      llm.Request
	traits protocol.Traits
	want   string
	lost   string
}

func requestCases() []requestCase {
	hi := []llm.Message{user(text("hi")...)}
	const said = `"messages":[{"role":"user","content":[{"text":"hi"}]}]`
	tool := []llm.Tool{{Name: "f", Description: "d", Parameters: llm.Raw(`{"type":"object"}`), Cache: &llm.Cache{}}}
	const spec = `{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}}}},{"cachePoint":{"type":"default"}}`
	call := &llm.ToolCall{ID: "c:1", Name: "f", Arguments: `{"a":1}`}
	claude := protocol.Traits{Thinks: protocol.ThinksByBudget}
	return []requestCase{
		{
			name: "plain", r: llm.Request{
				Messages:  append([]llm.Message{{Role: llm.System, Parts: []llm.Part{&llm.Text{Text: "s", Cache: &llm.Cache{TTL: "1h"}}}}}, hi...),
				MaxTokens: ptr(int64(9)), Temperature: ptr(1.5), TopP: ptr(0.5), Stop: []string{"x"}, User: "u 1", Metadata: map[string]string{"team": "a", "bad": "ü"}, Tier: "priority",
				Extra: map[string]llm.Raw{"guardrailConfig": llm.Raw(`{"guardrailIdentifier":"g"}`), "additionalModelRequestFields": llm.Raw(`{"x":1}`), "store": llm.Raw("true")},
			}, want: `{"system":[{"text":"s"},{"cachePoint":{"type":"default","ttl":"1h"}}],` + said + `,"inferenceConfig":{"maxTokens":9,"temperature":1,"topP":0.5,"stopSequences":["x"]},
			"requestMetadata":{"team":"a","user":"u 1"},"serviceTier":{"type":"priority"},"guardrailConfig":{"guardrailIdentifier":"g"},"additionalModelRequestFields":{"x":1}}`,
			lost: "dropped metadata, store; changed temperature",
		},
		{name: "no limit of one's own", r: llm.Request{Messages: hi, TopK: ptr(int64(5)), Seed: ptr(int64(1))}, want: `{` + said + `}`, lost: "dropped top_k, seed"},
		{name: "tools and results", r: llm.Request{Tools: tool, Choice: llm.ToolChoice{Mode: llm.ToolRequired}, Messages: []llm.Message{
			user(text("go")...),
			{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "hm", State: &llm.State{Kind: llm.StateSignature, Data: "sig", Origin: "o"}}, call, &llm.ToolCall{ID: "c2", Name: "f", Arguments: "oops"}}},
			user(&llm.ToolResult{ID: "c:1", Parts: []llm.Part{&llm.Text{Text: "one"}, &llm.Media{Kind: llm.Image, MIME: "image/png", Data: "iVBORw0KGgo="}}}, &llm.ToolResult{ID: "c2", Error: true, Cache: &llm.Cache{}}),
		}}, want: `{"messages":[{"role":"user","content":[{"text":"go"}]},
			{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"sig"}}},{"toolUse":{"toolUseId":"c_1_7c9d3005","name":"f","input":{"a":1}}},{"toolUse":{"toolUseId":"c2","name":"f","input":{"input":"oops"}}}]},
			{"role":"user","content":[{"toolResult":{"toolUseId":"c_1_7c9d3005","content":[{"text":"one"},{"image":{"format":"png","source":{"bytes":"iVBORw0KGgo="}}}]}},{"toolResult":{"toolUseId":"c2","status":"error","content":[{"text":"(The tool returned nothing.)"}]}},{"cachePoint":{"type":"default"}}]}],
			"toolConfig":{"tools":[` + spec + `],"toolChoice":{"any":{}}}}`, lost: "changed messages[1].content[2].arguments"},
		{name: "calls without tools", r: llm.Request{Messages: []llm.Message{
			user(text("go")...), {Role: llm.Assistant, Parts: []llm.Part{call}}, user(&llm.ToolResult{ID: "c:1", Parts: text("r")}),
		}}, want: `{"messages":[{"role":"user","content":[{"text":"go"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"c_1_7c9d3005","name":"f","input":{"a":1}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"c_1_7c9d3005","content":[{"text":"r"}]}}]}],
			"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"f","inputSchema":{"json":{"type":"object"}}}}]}}`},
		{name: "no tool", r: llm.Request{Messages: hi, Tools: tool, Choice: llm.ToolChoice{Mode: llm.ToolNone}}, want: `{` + said + `}`},
		{name: "named", r: llm.Request{Messages: hi, Tools: tool, Choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}}, want: `{` + said + `,"toolConfig":{"tools":[` + spec + `],"toolChoice":{"tool":{"name":"f"}}}}`},
		{name: "not to be forced", traits: protocol.Traits{NoToolRequired: true}, r: llm.Request{Messages: hi, Tools: tool, Choice: llm.ToolChoice{Mode: llm.ToolRequired}}, want: `{` + said + `,"toolConfig":{"tools":[` + spec + `]}}`, lost: "dropped tool_choice"},
		{name: "one at a time", traits: claude, r: llm.Request{Messages: hi, Tools: tool, Parallel: ptr(false), Choice: llm.ToolChoice{Mode: llm.ToolRequired}, TopK: ptr(int64(3))}, want: `{` + said + `,"toolConfig":{"tools":[` + spec + `]},"additionalModelRequestFields":{"tool_choice":{"type":"any","disable_parallel_tool_use":true},"top_k":3}}`},
		{name: "one at a time, elsewhere", r: llm.Request{Messages: hi, Tools: tool, Parallel: ptr(false)}, want: `{` + said + `,"toolConfig":{"tools":[` + spec + `]}}`, lost: "dropped parallel_tool_calls"},
		{name: "Claude thinks", traits: claude, r: llm.Request{Messages: hi, Temperature: ptr(0.3), Reasoning: &llm.Reasoning{Effort: "low"}}, want: `{` + said + `,"inferenceConfig":{"maxTokens":10240},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048}}}`, lost: "dropped temperature"},
		{name: "Claude thinks adaptively", traits: protocol.Traits{Thinks: protocol.ThinksAdaptively, MaxOutput: 64000}, r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "high"}}, want: `{` + said + `,"inferenceConfig":{"maxTokens":64000},"additionalModelRequestFields":{"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high"}}}`},
		{name: "Nova reasons", traits: protocol.Traits{Thinks: protocol.ThinksByLevel}, r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "xhigh"}}, want: `{` + said + `,"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}}`},
		{name: "gpt-oss reasons", traits: protocol.Traits{Thinks: protocol.ThinksByEffort}, r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "medium"}}, want: `{` + said + `,"additionalModelRequestFields":{"reasoning_effort":"medium"}}`},
		{name: "nobody knows how it reasons", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "medium"}}, want: `{` + said + `}`, lost: "dropped reasoning"},
		{name: "JSON schema", r: llm.Request{Messages: hi, Format: &llm.Format{Kind: llm.FormatSchema, Name: "n", Schema: llm.Raw(`{"type":"object","properties":{"a":{"type":"string"}}}`)}}, want: `{` + said + `,"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"n","schema":"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":false}"}}}}}`},
		{name: "JSON schema by way of a tool", traits: protocol.Traits{NoJSONSchema: true}, r: llm.Request{Messages: hi, Format: &llm.Format{Kind: llm.FormatSchema, Schema: llm.Raw(`{"type":"object"}`)}}, want: `{` + said + `,"toolConfig":{"tools":[{"toolSpec":{"name":"posthouse_answer","description":"Gives the final answer. Call it once, with the answer as its arguments.","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"tool":{"name":"posthouse_answer"}}}}`, lost: "changed response_format"},
		{name: "documents", r: llm.Request{Messages: []llm.Message{user(
			&llm.Media{Kind: llm.Document, MIME: "application/pdf", Data: "JVBERi0=", Name: "Bericht_2026 (v1).pdf"}, &llm.Media{Kind: llm.Document, MIME: "text/plain", Data: "aGk=", Name: "Bericht_2026 (v1).txt"},
			&llm.Media{Kind: llm.Video, URL: "s3://b/k.mp4"},
		)}}, want: `{"messages":[{"role":"user","content":[{"document":{"name":"Bericht 2026 (v1)","format":"pdf","source":{"bytes":"JVBERi0="}}},{"document":{"name":"Bericht 2026 (v1) 2","format":"txt","source":{"bytes":"aGk="}}},{"video":{"format":"mp4","source":{"s3Location":{"uri":"s3://b/k.mp4"}}}},{"text":"(See the document.)"}]}]}`},
		{name: "secrets of others", r: llm.Request{Messages: []llm.Message{user(text("a")...), {Role: llm.Assistant, Parts: []llm.Part{
			&llm.Thinking{Redacted: true, State: &llm.State{Kind: llm.StateRedacted, Data: "x"}}, &llm.Thinking{Redacted: true, State: &llm.State{Kind: llm.StateRedacted, Data: "eA==", Origin: "o"}}, &llm.Foreign{Dialect: "anthropic", Type: "server_tool_use"}, &llm.Text{Text: "b \n"},
		}}}}, want: `{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"reasoningContent":{"redactedContent":"eA=="}},{"text":"b"}]}]}`, lost: "dropped messages[1].content[0], messages[1].content[2]"},
	}
}

func TestEncodeRequest(t *testing.T) {
	t.Parallel()
	for _, c := range requestCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var lost llm.Losses
			got, failed := converse{}.EncodeRequest(&c.r, &protocol.Target{Model: "m", Origin: "o", Traits: c.traits, Request: &c.r}, &lost)
			if failed != nil {
				t.Fatal(failed)
			}
			if diff := cmp.Diff(indented(t, []byte(c.want)), indented(t, got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if s := lost.String(); s != c.lost {
				t.Errorf("lost %q, want %q", s, c.lost)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		part   *llm.Media
		traits protocol.Traits
		words  string
	}{
		{&llm.Media{Kind: llm.Audio, MIME: "audio/wav", Data: "eA=="}, protocol.Traits{}, "no audio"},
		{&llm.Media{Kind: llm.Image, File: "f"}, protocol.Traits{}, "file's id"},
		{&llm.Media{Kind: llm.Image, MIME: "image/tiff", Data: "eA=="}, protocol.Traits{}, "image/tiff"},
		{&llm.Media{Kind: llm.Image, URL: "https://x.example/a.png"}, protocol.Traits{}, "S3"},
		{&llm.Media{Kind: llm.Image, MIME: "image/png", Data: "!"}, protocol.Traits{}, "base64"},
		{&llm.Media{Kind: llm.Image, MIME: "image/png", Data: "eA=="}, protocol.Traits{NoImages: true}, "no images"},
		{&llm.Media{Kind: llm.Document, MIME: "application/pdf", Data: "eA=="}, protocol.Traits{NoFiles: true}, "no documents"},
	} {
		r := &llm.Request{Messages: []llm.Message{user(tt.part)}}
		_, failed := converse{}.EncodeRequest(r, &protocol.Target{Traits: tt.traits}, &llm.Losses{})
		if failed == nil || failed.Status != 400 || failed.Param != "messages[0].content[0]" || !strings.Contains(failed.Message, tt.words) {
			t.Errorf("%+v: got %v", tt.part, failed)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	r := &llm.Request{Messages: []llm.Message{user(text("hi")...)}, MaxTokens: ptr(int64(5))}
	b, failed := converse{}.EncodeCount(r, &protocol.Target{}, &llm.Losses{})
	if want := `{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"hi"}]}]}}}`; failed != nil || string(b) != want {
		t.Errorf("%s %v", b, failed)
	}
	if n, failed := (converse{}).DecodeCounted([]byte(`{"inputTokens":12}`)); n != 12 || failed != nil {
		t.Error(n, failed)
	}
	if _, failed := (converse{}).DecodeCounted([]byte(`{}`)); failed == nil {
		t.Error("nothing counts")
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	r := &llm.EmbedRequest{Inputs: []string{"a", "b", "c"}, Dimensions: ptr(int64(256)), Task: "query"}
	encode := func(model string, batch int) (string, string) {
		var lost llm.Losses
		bodies, failed := embed{}.EncodeEmbed(r, &protocol.Target{Model: model, Traits: protocol.Traits{EmbedBatch: batch}}, &lost)
		if failed != nil {
			t.Fatal(failed)
		}
		var all []string
		for _, b := range bodies {
			all = append(all, string(b))
		}
		return strings.Join(all, " "), lost.String()
	}
	for _, tt := range []struct {
		model, want, lost string
		batch             int
	}{
		{"amazon.titan-embed-text-v2:0", `{"inputText":"a","dimensions":256} {"inputText":"b","dimensions":256} {"inputText":"c","dimensions":256}`, "", 0},
		{"amazon.titan-embed-text-v1", `{"inputText":"a"} {"inputText":"b"} {"inputText":"c"}`, "dropped dimensions", 0},
		{"cohere.embed-multilingual-v3", `{"texts":["a","b"],"input_type":"search_query","embedding_types":["float"],"output_dimension":256} {"texts":["c"],"input_type":"search_query","embedding_types":["float"],"output_dimension":256}`, "", 2},
	} {
		if got, lost := encode(tt.model, tt.batch); got != tt.want || lost != tt.lost {
			t.Errorf("%s: %s, lost %q", tt.model, got, lost)
		}
	}
	for body, want := range map[string]int{
		`{"embedding":[1,2],"inputTextTokenCount":3}`:                  1,
		`{"embeddings":[[1],[2]],"response_type":"embeddings_floats"}`: 2,
		`{"embeddings":{"float":[[1],[2],[3]]}}`:                       3,
		`{}`:                                                           0,
		`x`:                                                            0,
	} {
		got, failed := embed{}.DecodeEmbedding([]byte(body), &protocol.Target{})
		if (failed != nil) != (want == 0) || got != nil && len(got.Vectors) != want {
			t.Errorf("%s: %+v %v", body, got, failed)
		}
	}
	if _, failed := (embed{}).EncodeEmbed(&llm.EmbedRequest{Tokens: [][]int64{{1}}}, &protocol.Target{}, &llm.Losses{}); failed == nil {
		t.Error("tokens were taken for text")
	}
}
