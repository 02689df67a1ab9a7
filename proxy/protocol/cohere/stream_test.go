package cohere

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// thought is a turn of a reasoning model that cites, thinks and is done.
const thought = `{"type":"message-start","id":"i","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}
{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}
{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"hm"}}}}
{"type":"content-end","index":0}
{"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}
{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"It "}}},"logprobs":{"token_ids":[1,2],"text":"It ","logprobs":[-0.5,-0.25]}}
{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"rains"}}}}
{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":3,"end":8,"text":"rains","sources":[{"type":"document","id":"d1","document":{"url":"https://x","title":"X"}},{"type":"tool","id":"t:0"}],"type":"TEXT_CONTENT"}}}}
{"type":"citation-end","index":0}
{"type":"content-end","index":1}
{"type":"citation-start","index":1,"delta":{"message":{"citations":[{"start":0,"end":2,"text":"It","sources":[{"type":"document","id":"d2"}]}]}}}
{"type":"something-new","index":1}
{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":9,"output_tokens":4.0},"tokens":{"input_tokens":509,"output_tokens":4}}}}`

const thoughtWhole = `{"id":"i","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"It rains"}],
	"citations":[{"start":3,"end":8,"text":"rains","content_index":1,"sources":[{"type":"document","id":"d1","document":{"url":"https://x","title":"X"}},{"type":"tool","id":"t:0"}],"type":"TEXT_CONTENT"},
	{"start":0,"end":2,"text":"It","content_index":1,"sources":[{"type":"document","id":"d2"}]}]},
	"logprobs":[{"token_ids":[1,2],"text":"It ","logprobs":[-0.5,-0.25]}],
	"usage":{"billed_units":{"input_tokens":9,"output_tokens":4},"tokens":{"input_tokens":509,"output_tokens":4}}}`

// planned is a turn that calls tools, with calls as an object and as a list.
const planned = `{"type":"message-start","id":"i"}
{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will "}}}
{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"look."}}}
{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"a","type":"function","function":{"name":"f","arguments":""}}}}}
{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"q\""}}}}}
{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":[{"function":{"arguments":":1}"}}]}}}
{"type":"tool-call-end","index":0}
{"type":"tool-call-start","index":1,"delta":{"message":{"tool_calls":[{"type":"function","function":{"name":"_2_g_70d320f5"}}]}}}
{"type":"tool-call-end","index":1}
{"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"tokens":{"input_tokens":31,"output_tokens":12},"cached_tokens":20}}}`

const plannedWhole = `{"id":"i","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I will look.","tool_calls":[
	{"id":"a","type":"function","function":{"name":"f","arguments":"{\"q\":1}"}},{"type":"function","function":{"name":"_2_g_70d320f5","arguments":""}}]},
	"usage":{"tokens":{"input_tokens":31,"output_tokens":12},"cached_tokens":20}}`

func asked() *protocol.Target {
	t := target(protocol.Traits{})
	t.Request = &llm.Request{Tools: []llm.Tool{{Name: "f"}, {Name: "2-g"}}}
	return t
}

func hear(lines string) (*llm.Response, *llm.Error) {
	d := chat{}.Decoder(asked())
	var steps []llm.Event
	var failed *llm.Error
	for line := range strings.SplitSeq(lines, "\n") {
		if steps, failed = d.Decode(steps, nil, []byte(line)); failed != nil {
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
	for _, tt := range []struct {
		name, stream, whole string
		want                *llm.Response
	}{
		{"thought", thought, thoughtWhole, &llm.Response{
			ID: "i", Model: "m", Dialect: Name,
			Usage: &llm.Usage{Input: 9, Output: 4, Total: 13, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
			Choices: []llm.Choice{{
				Stop: llm.StopEnd, Logprobs: llm.Raw(`{"content":[{"token":"It ","logprob":-0.75,"bytes":null,"top_logprobs":[]}],"refusal":null}`),
				Parts: []llm.Part{&llm.Thinking{Text: "hm"}, &llm.Text{Text: "It rains", Annotations: []llm.Annotation{
					{URL: "https://x", Title: "X", Quote: "rains", Start: 3, End: 8}, {Title: "t:0", Quote: "rains", Start: 3, End: 8}, {Title: "d2", Quote: "It", Start: 0, End: 2},
				}}},
			}},
		}},
		{"planned", planned, plannedWhole, &llm.Response{
			ID: "i", Model: "m", Dialect: Name,
			Usage: &llm.Usage{Input: 11, CacheRead: 20, Output: 12, Total: 43, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
			Choices: []llm.Choice{{Stop: llm.StopTools, Parts: []llm.Part{
				&llm.Text{Text: "I will look."}, &llm.ToolCall{ID: "a", Name: "f", Arguments: `{"q":1}`}, &llm.ToolCall{ID: "call_ux1", Name: "2-g", Arguments: `{}`},
			}}},
		}},
	} {
		got, failed := hear(tt.stream)
		if failed != nil {
			t.Fatal(failed)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s, streamed (-want +got)\n%s", tt.name, d)
		}
		if got, failed = (chat{}).DecodeResponse([]byte(tt.whole), asked()); failed != nil {
			t.Fatal(failed)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s, whole (-want +got)\n%s", tt.name, d)
		}
	}
}

func TestBreaks(t *testing.T) {
	t.Parallel()
	for lines, class := range map[string]llm.Class{
		`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"x"}}}}`: llm.ClassCut,
		`{"type":"message-end","delta":{"finish_reason":"ERROR","error":"boom"}}`:         llm.ClassServerError,
		`{"type":"message-end","delta":{"finish_reason":"TIMEOUT"}}`:                      llm.ClassServerError,
		`{"type":"message-end","delta":{}}`:                                               llm.ClassCut,
		`{"id":"x","message":"internal server error"}`:                                    llm.ClassServerError,
		`{"type":`: llm.ClassMalformed,
		`{}`:       llm.ClassMalformed,
	} {
		if r, failed := hear(lines); failed == nil || failed.Class != class || failed.Message == "" {
			t.Errorf("%s: %+v, %v", lines, r, failed)
		}
	}
	for _, tt := range []struct {
		status int
		body   string
		class  llm.Class
	}{
		{400, `{"message":"invalid request: message must be at least 1 token long"}`, llm.ClassBadRequest},
		{400, `{"message":"too many tokens: size limit exceeded by 11326 tokens."}`, llm.ClassContextLength},
		{401, `{"message":"invalid api token"}`, llm.ClassAuth},
		{402, `{"message":"Please add or update your payment method"}`, llm.ClassQuotaExhausted},
		{404, `{"message":"model 'x' not found, make sure the correct model ID was used"}`, llm.ClassModelNotFound},
		{422, `{"message":"unknown field: parameter 'x' is not a valid field"}`, llm.ClassBadRequest},
		{429, `{"message":"You are using a Trial key, which is limited to 40 API calls / minute."}`, llm.ClassRateLimited},
		{498, `{"message":"blocked"}`, llm.ClassContentFilter},
		{500, `oops`, llm.ClassServerError},
	} {
		if e := decodeError(tt.status, nil, []byte(tt.body)); e.Class != tt.class || e.Message == "" {
			t.Errorf("%d %s: %s %q", tt.status, tt.body, e.Class, e.Message)
		}
	}
	names, err := decodeModels([]byte(`{"models":[{"name":"a"},{"name":"b"}]}`))
	if err != nil || strings.Join(names, " ") != "a b" {
		t.Errorf("%v %v", names, err)
	}
}

// FuzzStream: whatever a server sends, reading ends in an answer or an error
// that has a class, and answers in one piece are no more dangerous.
func FuzzStream(f *testing.F) {
	f.Add(thought)
	f.Add(planned)
	f.Add(thoughtWhole)
	f.Add(plannedWhole)
	f.Add("{}\nnull\n[]")
	f.Fuzz(func(t *testing.T, lines string) {
		if _, failed := hear(lines); failed != nil && failed.Class == "" {
			t.Errorf("an error without a class: %v", failed)
		}
		if _, failed := (chat{}).DecodeResponse([]byte(lines), asked()); failed != nil && failed.Class == "" {
			t.Errorf("an error without a class: %v", failed)
		}
		_, _ = embed{}.DecodeEmbedding([]byte(lines), asked())
		_, _ = decodeModels([]byte(lines))
		decodeError(400, nil, []byte(lines))
	})
}

func BenchmarkDecodeStream(b *testing.B) {
	line := []byte(`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":" a few words"}}}}`)
	b.ReportAllocs()
	for b.Loop() {
		d := chat{}.Decoder(target(protocol.Traits{}))
		var steps []llm.Event
		for range 500 {
			steps, _ = d.Decode(steps[:0], nil, line)
		}
	}
}
