package anthropic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// indented makes two JSON texts comparable.
func indented(t *testing.T, b []byte) string {
	t.Helper()
	v := jsontext.Value(b).Clone()
	if err := v.Canonicalize(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	if err := v.Indent(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func decodeQuestion(t *testing.T, body string) *llm.Request {
	t.Helper()
	r, failed := codec{}.DecodeRequest(&protocol.Question{Body: []byte(body)})
	if failed != nil {
		t.Fatalf("decode: %v", failed)
	}
	return r
}

// TestOwnDialect takes requests through the canonical form and back: what the
// dialect can say comes out as it went in.
func TestOwnDialect(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/own/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := decodeQuestion(t, string(body))
			var lost llm.Losses
			got, failed := codec{}.EncodeRequest(r, &protocol.Target{Model: r.Model, Stream: r.Stream, Request: r, Traits: protocol.Traits{SystemAnywhere: true}}, &lost)
			if failed != nil {
				t.Fatal(failed)
			}
			if s := lost.String(); s != "" {
				t.Errorf("lost: %s", s)
			}
			want := string(body)
			if other, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".want"); err == nil {
				want = string(other)
			}
			if diff := cmp.Diff(indented(t, []byte(want)), indented(t, got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// foreignCase is a request of another dialect and what Anthropic is sent.
type foreignCase struct {
	name   string
	r      llm.Request
	traits protocol.Traits
	origin llm.Origin
	want   string // the body without model and max_tokens, unless it says them
	lost   string
}

func text(s string) []llm.Part { return []llm.Part{&llm.Text{Text: s}} }

func user(s string) llm.Message { return llm.Message{Role: llm.User, Parts: text(s)} }

func ptr[T any](v T) *T { return &v }

func TestEncodeRequest(t *testing.T) {
	t.Parallel()
	for _, c := range foreignCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.r.Dialect = "openai"
			var lost llm.Losses
			got, failed := codec{}.EncodeRequest(&c.r, &protocol.Target{Model: "m", Stream: c.r.Stream, Traits: c.traits, Origin: c.origin, Request: &c.r}, &lost)
			if failed != nil {
				t.Fatal(failed)
			}
			var fields map[string]llm.Raw
			if err := json.Unmarshal([]byte(c.want), &fields); err != nil {
				t.Fatal(err)
			}
			for name, v := range map[string]string{"model": `"m"`, "max_tokens": "8192"} {
				if fields[name] == nil {
					fields[name] = llm.Raw(v)
				}
			}
			want, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(indented(t, want), indented(t, got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if s := lost.String(); s != c.lost {
				t.Errorf("lost %q, want %q", s, c.lost)
			}
		})
	}
}

func conversationCases() []foreignCase {
	signed := func(origin llm.Origin) *llm.Thinking {
		return &llm.Thinking{Text: "hm", State: &llm.State{Kind: llm.StateSignature, Data: "sig", Origin: origin}}
	}
	call := &llm.ToolCall{ID: "call_1", Name: "f", Arguments: `{"a":1}`}
	second := &llm.ToolCall{ID: "call_2", Name: "g", Arguments: ``}
	result := func(id, s string) *llm.ToolResult { return &llm.ToolResult{ID: id, Parts: text(s)} }
	tools := []llm.Tool{{Name: "f"}, {Name: "g"}}
	const declared = `"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}},{"name":"g","input_schema":{"type":"object","properties":{}}}]`
	return []foreignCase{
		{name: "system and developer", r: llm.Request{Messages: []llm.Message{
			{Role: llm.System, Parts: text("a")}, {Role: llm.Developer, Parts: text("b")}, user("hi"),
		}}, want: `{"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`},
		{
			name: "system in between", r: llm.Request{Messages: []llm.Message{user("hi"), {Role: llm.System, Parts: text("be brief")}}},
			want: `{"system":[{"type":"text","text":"be brief"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`,
			lost: "changed messages[1].role",
		},
		{
			name: "system in between, where it may stay", r: llm.Request{Messages: []llm.Message{user("hi"), {Role: llm.System, Parts: text("be brief")}}},
			traits: protocol.Traits{SystemAnywhere: true},
			want:   `{"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"system","content":[{"type":"text","text":"be brief"}]}]}`,
		},
		{
			name: "system alone", r: llm.Request{Messages: []llm.Message{{Role: llm.System, Parts: text("sing")}}},
			want: `{"messages":[{"role":"user","content":[{"type":"text","text":"sing"}]}]}`, lost: "changed messages",
		},
		{name: "assistant first, blanks, neighbours", r: llm.Request{Messages: []llm.Message{
			{Role: llm.Assistant, Parts: text("hello")}, {Role: llm.Assistant, Parts: text(" ")}, user("a"), user("b"), {Role: llm.Assistant, Parts: text("so \n")},
		}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"(The conversation begins with the assistant.)"}]},{"role":"assistant","content":[{"type":"text","text":"hello"}]},
			{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"text","text":"so"}]}]}`, lost: "changed messages"},
		{name: "parallel calls, results in one turn before the text", r: llm.Request{Tools: tools, Messages: []llm.Message{
			user("go"),
			{Role: llm.Assistant, Parts: []llm.Part{call, second}},
			{Role: llm.User, Parts: []llm.Part{result("call_2", "two")}},
			user("and?"),
			{Role: llm.User, Parts: []llm.Part{result("call_1", "one")}},
		}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},
			{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"a":1}},{"type":"tool_use","id":"call_2","name":"g","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_2","content":[{"type":"text","text":"two"}]},{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"one"}]},{"type":"text","text":"and?"}]}],` + declared + `}`},
		{
			name: "a call that nobody answered, an answer nobody asked for", r: llm.Request{Tools: tools, Messages: []llm.Message{
				user("go"), {Role: llm.Assistant, Parts: []llm.Part{call}}, {Role: llm.User, Parts: []llm.Part{result("other", "x")}},
			}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"a":1}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","is_error":true,"content":[{"type":"text","text":"(The tool returned nothing.)"}]},{"type":"text","text":"Result of tool call other:"},{"type":"text","text":"x"}]}],` + declared + `}`,
			lost: "changed messages[2].content[0], messages",
		},
		{name: "calls without tools", r: llm.Request{Messages: []llm.Message{
			user("go"), {Role: llm.Assistant, Parts: []llm.Part{call}}, {Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "call_1", Error: true}}},
		}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"f","input":{"a":1}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","is_error":true}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"none"}}`},
		{
			name: "odd ids, names and arguments", r: llm.Request{Tools: []llm.Tool{{Name: "a.b"}}, Messages: []llm.Message{
				user("go"), {Role: llm.Assistant, Parts: []llm.Part{&llm.ToolCall{ID: "a.b:0", Name: "a.b", Arguments: `{"x":`}}}, {Role: llm.User, Parts: []llm.Part{result("a.b:0", "r")}},
			}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"tool_use","id":"a_b_0_3cd44bcb","name":"a_b_2e7336dc","input":{"input":"{\"x\":"}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"a_b_0_3cd44bcb","content":[{"type":"text","text":"r"}]}]}],"tools":[{"name":"a_b_2e7336dc","input_schema":{"type":"object","properties":{}}}]}`,
			lost: "changed messages[1].content[0].arguments",
		},
		{name: "thinking goes back to who signed it", origin: "o1", r: llm.Request{Messages: []llm.Message{
			user("go"), {Role: llm.Assistant, Parts: []llm.Part{signed("o1"), &llm.Thinking{Redacted: true, State: &llm.State{Kind: llm.StateRedacted, Data: "xx"}}, &llm.Text{Text: "a"}}}, user("on"),
		}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"xx"},{"type":"text","text":"a"}]},{"role":"user","content":[{"type":"text","text":"on"}]}]}`},
		{
			name: "and to nobody else", origin: "o2", r: llm.Request{Messages: []llm.Message{
				user("go"), {Role: llm.Assistant, Parts: []llm.Part{signed("o1"), &llm.Thinking{Text: "unsigned"}, &llm.Text{Text: "a"}}}, user("on"),
			}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"text","text":"a"}]},{"role":"user","content":[{"type":"text","text":"on"}]}]}`,
			lost: "dropped messages[1].content[0], messages[1].content[1]",
		},
		{name: "unsigned thinking, where it is wanted", traits: protocol.Traits{EchoThinking: protocol.EchoAlways}, r: llm.Request{Messages: []llm.Message{
			user("go"), {Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "hm"}, &llm.Text{Text: "a"}}}, user("on"),
		}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"a"}]},{"role":"user","content":[{"type":"text","text":"on"}]}]}`},
		{name: "a conversation of thinking alone", r: llm.Request{Messages: []llm.Message{
			user("go"), {Role: llm.Assistant, Parts: []llm.Part{signed("o1")}}, user("on"),
		}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"go"},{"type":"text","text":"on"}]}]}`, lost: "dropped messages[1].content[0]", origin: "o2"},
		{name: "media", r: llm.Request{Messages: []llm.Message{{Role: llm.User, Parts: []llm.Part{
			&llm.Media{Kind: llm.Image, MIME: "image/png", Data: "iVBORw0KGgo="}, &llm.Media{Kind: llm.Image, URL: "https://x.example/a.png", Cache: &llm.Cache{TTL: "1h"}},
			&llm.Media{Kind: llm.Document, MIME: "application/pdf", Data: "JVBERi0=", Name: "a.pdf"}, &llm.Media{Kind: llm.Document, MIME: "text/markdown", Data: "aGk="},
		}}}}, want: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},{"type":"image","source":{"type":"url","url":"https://x.example/a.png"},"cache_control":{"type":"ephemeral","ttl":"1h"}},
			{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"}}]}]}`},
	}
}

func foreignCases() []foreignCase {
	hi := []llm.Message{user("hi")}
	const said = `"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]`
	tool := []llm.Tool{{Name: "f", Description: "d", Parameters: llm.Raw(`{"properties":{"a":{"type":"string"}}}`)}}
	const told = `"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}}]`
	schema := llm.Raw(`{"type":"object","properties":{"n":{"type":"integer","minimum":1,"description":"how many"},"l":{"type":"array","items":{"oneOf":[{"type":"object","properties":{}},{"type":"null"}]},"maxItems":3}},"required":["n"],"additionalProperties":true}`)
	const subset = `{"type":"object","properties":{"n":{"type":"integer","description":"how many (minimum: 1)"},"l":{"type":"array","items":{"anyOf":[{"type":"object","properties":{},"additionalProperties":false},{"type":"null"}]},"description":"(maxItems: 3)"}},"required":["n"],"additionalProperties":false}`
	adaptive := protocol.Traits{Thinks: protocol.ThinksAdaptively, TopEffort: "max"}
	cases := []foreignCase{
		{
			name: "sampling", r: llm.Request{Messages: hi, Temperature: ptr(1.7), TopP: ptr(0.5), TopK: ptr(int64(3)), Stop: []string{"END", "\n"}, MaxTokens: ptr(int64(5))},
			want: `{` + said + `,"temperature":1,"top_p":0.5,"top_k":3,"stop_sequences":["END"],"max_tokens":5}`, lost: "dropped stop; changed temperature",
		},
		{name: "zeros stay", r: llm.Request{Messages: hi, Temperature: ptr(0.0), TopP: ptr(0.0)}, want: `{` + said + `,"temperature":0,"top_p":0}`},
		{name: "what Anthropic has no words for", r: llm.Request{
			Messages: hi, N: ptr(int64(2)), Seed: ptr(int64(0)), LogitBias: llm.Raw(`{"1":2}`), Logprobs: ptr(true), FrequencyPenalty: ptr(1.0), Tier: "flex", CacheKey: "k",
			User: "u1", Metadata: map[string]string{"a": "b"}, Extra: map[string]llm.Raw{"store": llm.Raw("true")},
		}, want: `{` + said + `,"metadata":{"user_id":"u1"}}`, lost: "dropped service_tier, store, n, seed, frequency_penalty, logit_bias, logprobs, prompt_cache_key, metadata"},
		{name: "one way of sampling", traits: protocol.Traits{OneSampling: true}, r: llm.Request{Messages: hi, Temperature: ptr(0.2), TopP: ptr(0.9)}, want: `{` + said + `,"temperature":0.2}`, lost: "dropped top_p"},
		{name: "no sampling", traits: protocol.Traits{FixedSampling: true}, r: llm.Request{Messages: hi, Temperature: ptr(0.2), TopP: ptr(1.0)}, want: `{` + said + `}`, lost: "dropped temperature"},
		{name: "limit", traits: protocol.Traits{MaxOutput: 100}, r: llm.Request{Messages: hi, MaxTokens: ptr(int64(500))}, want: `{` + said + `,"max_tokens":100}`, lost: "changed max_tokens"},
		{name: "limit of the model", traits: protocol.Traits{MaxOutput: 100}, r: llm.Request{Messages: hi}, want: `{` + said + `,"max_tokens":100}`},
		{name: "tool choice auto, one at a time", r: llm.Request{Messages: hi, Tools: tool, Parallel: ptr(false)}, want: `{` + said + `,` + told + `,"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`},
		{name: "tool choice any", r: llm.Request{Messages: hi, Tools: tool, Parallel: ptr(true), Choice: llm.ToolChoice{Mode: llm.ToolRequired}}, want: `{` + said + `,` + told + `,"tool_choice":{"type":"any"}}`},
		{name: "tool choice named", r: llm.Request{Messages: hi, Tools: tool, Choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}}, want: `{` + said + `,` + told + `,"tool_choice":{"type":"tool","name":"f"}}`},
		{name: "tool choice none", r: llm.Request{Messages: hi, Tools: tool, Parallel: ptr(false), Choice: llm.ToolChoice{Mode: llm.ToolNone}}, want: `{` + said + `,` + told + `,"tool_choice":{"type":"none"}}`},
		{name: "allowed tools", r: llm.Request{Messages: hi, Tools: append([]llm.Tool{{Name: "x"}}, tool...), Choice: llm.ToolChoice{Mode: llm.ToolRequired, Allowed: []string{"f"}}}, want: `{` + said + `,` + told + `,"tool_choice":{"type":"any"}}`, lost: "changed tool_choice"},
		{
			name: "tools of another vendor and of free text", r: llm.Request{Messages: hi, Tools: []llm.Tool{{Name: "web_search", Foreign: llm.Raw(`{}`)}, {Name: "c", Custom: true, Grammar: llm.Raw(`{"type":"grammar","syntax":"lark","definition":"x"}`)}}},
			want: `{` + said + `,"tools":[{"name":"c","description":"\n\nThe text must obey this grammar:\n(lark)\nx","input_schema":{"type":"object","properties":{"input":{"type":"string","description":"The text, as it is."}},"required":["input"],"additionalProperties":false}}]}`, lost: "dropped tools[0]; changed tools[1].format",
		},
		{name: "strict tool", r: llm.Request{Messages: hi, Tools: []llm.Tool{{Name: "f", Strict: ptr(true), Parameters: schema}}}, want: `{` + said + `,"tools":[{"name":"f","strict":true,"input_schema":` + subset + `}]}`, lost: "changed tools[0].parameters"},
		{name: "JSON schema", r: llm.Request{Messages: hi, Format: &llm.Format{Kind: llm.FormatSchema, Schema: schema}}, want: `{` + said + `,"output_config":{"format":{"type":"json_schema","schema":` + subset + `}}}`, lost: "changed response_format"},
		{
			name: "JSON schema by way of a tool", traits: protocol.Traits{NoJSONSchema: true}, r: llm.Request{Messages: hi, Format: &llm.Format{Kind: llm.FormatSchema, Schema: llm.Raw(`{"type":"object"}`)}},
			want: `{` + said + `,"tools":[{"name":"posthouse_answer","description":"Gives the final answer. Call it once, with the answer as its arguments.","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"posthouse_answer"}}`, lost: "changed response_format",
		},
		{name: "JSON mode", r: llm.Request{Messages: hi, Format: &llm.Format{Kind: llm.FormatJSON}}, want: `{` + said + `,"system":[{"type":"text","text":"Answer with one JSON object and nothing else, no code fence around it."}]}`, lost: "changed response_format"},
		{name: "effort as a budget", r: llm.Request{Messages: hi, Temperature: ptr(0.5), TopP: ptr(0.2), Reasoning: &llm.Reasoning{Effort: "low"}}, want: `{` + said + `,"thinking":{"type":"enabled","budget_tokens":2048},"max_tokens":10240}`, lost: "dropped temperature, top_p"},
		{name: "a budget over the default limit", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr(int64(20000))}}, want: `{` + said + `,"thinking":{"type":"enabled","budget_tokens":20000},"max_tokens":28192}`},
		{name: "a budget over the caller's limit", r: llm.Request{Messages: hi, MaxTokens: ptr(int64(2000)), Reasoning: &llm.Reasoning{Effort: "high"}}, want: `{` + said + `,"thinking":{"type":"enabled","budget_tokens":1500},"max_tokens":2000}`, lost: "changed reasoning"},
		{name: "no room to think", r: llm.Request{Messages: hi, MaxTokens: ptr(int64(1000)), Reasoning: &llm.Reasoning{Effort: "high"}}, want: `{` + said + `,"max_tokens":1000}`, lost: "dropped reasoning"},
		{name: "no thinking", r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "none"}}, want: `{` + said + `,"thinking":{"type":"disabled"}}`},
		{name: "a model that can't", traits: protocol.Traits{Thinks: protocol.ThinksNot}, r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "high"}}, want: `{` + said + `}`, lost: "dropped reasoning"},
		{name: "effort, adaptively", traits: adaptive, r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "minimal"}}, want: `{` + said + `,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"low"}}`},
		{name: "effort above the highest", traits: protocol.Traits{Thinks: protocol.ThinksAdaptively}, r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Effort: "xhigh", Summary: "none"}}, want: `{` + said + `,"thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"high"}}`, lost: "changed reasoning_effort"},
		{name: "a budget, adaptively", traits: adaptive, r: llm.Request{Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr(int64(9000))}}, want: `{` + said + `,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"medium"}}`, lost: "changed thinking.budget_tokens"},
		{name: "thinking and a forced tool", r: llm.Request{Messages: hi, Tools: tool, Choice: llm.ToolChoice{Mode: llm.ToolRequired}, Reasoning: &llm.Reasoning{Effort: "high"}}, want: `{` + said + `,` + told + `,"tool_choice":{"type":"any"}}`, lost: "dropped reasoning"},
		{name: "thinking in an unsigned tool loop", r: llm.Request{Tools: tool, Reasoning: &llm.Reasoning{Effort: "high"}, Messages: []llm.Message{
			user("hi"), {Role: llm.Assistant, Parts: []llm.Part{&llm.ToolCall{ID: "1", Name: "f"}}}, {Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "1"}}},
		}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}]}],` + told + `}`, lost: "dropped reasoning"},
		{name: "cache marks, four of five", r: llm.Request{Tools: []llm.Tool{{Name: "f", Cache: &llm.Cache{}}}, Messages: []llm.Message{{Role: llm.User, Parts: []llm.Part{
			&llm.Text{Text: "1", Cache: &llm.Cache{}}, &llm.Text{Text: "2", Cache: &llm.Cache{TTL: "1h"}}, &llm.Text{Text: "3", Cache: &llm.Cache{}}, &llm.Text{Text: "4", Cache: &llm.Cache{}},
		}}}}, want: `{"messages":[{"role":"user","content":[{"type":"text","text":"1","cache_control":{"type":"ephemeral"}},{"type":"text","text":"2","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"3","cache_control":{"type":"ephemeral"}},{"type":"text","text":"4","cache_control":{"type":"ephemeral"}}]}],"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}`, lost: "dropped cache_control"},
	}
	return append(cases, conversationCases()...)
}

// TestEncodeRefuses names what must not be dropped in silence.
func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		part   llm.Part
		traits protocol.Traits
		words  string
	}{
		{&llm.Media{Kind: llm.Audio, Data: "x"}, protocol.Traits{}, "takes no audio"},
		{&llm.Media{Kind: llm.Image, File: "file-1"}, protocol.Traits{}, "file's id"},
		{&llm.Media{Kind: llm.Image, MIME: "image/tiff", Data: "x"}, protocol.Traits{}, "image/tiff"},
		{&llm.Media{Kind: llm.Document, MIME: "application/msword", Data: "x"}, protocol.Traits{}, "application/msword"},
		{&llm.Media{Kind: llm.Image, MIME: "image/png", Data: "x"}, protocol.Traits{NoImages: true}, "no images"},
	} {
		r := &llm.Request{Dialect: "openai", Messages: []llm.Message{{Role: llm.User, Parts: []llm.Part{tt.part}}}}
		_, failed := codec{}.EncodeRequest(r, &protocol.Target{Traits: tt.traits}, &llm.Losses{})
		if failed == nil || failed.Status != 400 || failed.Param != "messages[0].content[0]" || !strings.Contains(failed.Message, tt.words) {
			t.Errorf("%+v: got %v", tt.part, failed)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ body, param string }{
		{`{`, "body"},
		{`[]`, "body"},
		{`{"messages":5}`, "messages"},
		{`{"messages":[]}`, "messages"},
		{`{"messages":[{"role":"tool","content":"x"}]}`, "messages.0.role"},
		{`{"messages":[{"role":"user","content":[{"type":"text"}]}]}`, "messages.0.content.0.text"},
		{`{"messages":[{"role":"user","content":[{"text":"x"}]}]}`, "messages.0.content.0.type"},
		{`{"messages":[{"role":"user","content":[{"type":"image"}]}]}`, "messages.0.content.0.source"},
		{`{"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}`, "messages.0.content.0.tool_use_id"},
		{`{"messages":[{"role":"assistant","content":[{"type":"tool_use"}]}]}`, "messages.0.content.0"},
		{`{"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"some"}}`, "tool_choice.type"},
		{`{"messages":[{"role":"user","content":"x"}],"tools":[{}]}`, "tools.0.name"},
		{`{"messages":[{"role":"user","content":"x"}],"temperature":"hot"}`, "temperature"},
	} {
		_, failed := codec{}.DecodeRequest(&protocol.Question{Body: []byte(tt.body)})
		if failed == nil || failed.Param != tt.param || failed.Status != 400 {
			t.Errorf("%s: got %+v, want the fault in %s", tt.body, failed, tt.param)
		}
	}
}
