package openai

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func TestDecodeError(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		class  llm.Class
		says   string
	}{
		{"openai bad key", 401, `{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, llm.ClassAuth, "Incorrect"},
		{"openai quota", 429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`, llm.ClassQuotaExhausted, "quota"},
		{"openai rate", 429, `{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}`, llm.ClassRateLimited, "Rate"},
		{"openai model", 404, `{"error":{"message":"The model x does not exist","type":"invalid_request_error","code":"model_not_found"}}`, llm.ClassModelNotFound, "model x"},
		{"openai context", 400, `{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded","param":"messages"}}`, llm.ClassContextLength, "too long"},
		{"openai bad field", 400, `{"error":{"message":"Unsupported","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}`, llm.ClassBadRequest, "Unsupported"},
		{"azure filter", 400, `{"error":{"message":"filtered","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, llm.ClassContentFilter, "filtered"},
		{"azure deployment", 404, `{"error":{"code":"DeploymentNotFound","message":"no such deployment"}}`, llm.ClassModelNotFound, "deployment"},
		{"dashscope arrears as 400", 400, `{"error":{"message":"Access denied","type":"Arrearage","code":"Arrearage"},"request_id":"1"}`, llm.ClassQuotaExhausted, "denied"},
		{"dashscope filter", 400, `{"error":{"code":"data_inspection_failed","message":"x"}}`, llm.ClassContentFilter, "x"},
		{"zhipu busy", 429, `{"error":{"code":"1305","message":"模型过载"}}`, llm.ClassOverloaded, "模型过载"},
		{"ark busy as 429", 429, `{"error":{"code":"ServerOverloaded","message":"busy"}}`, llm.ClassOverloaded, "busy"},
		{"ark rate", 429, `{"error":{"code":"RateLimitExceeded.EndpointTPMExceeded","message":"tpm"}}`, llm.ClassRateLimited, "tpm"},
		{"gemini bad key as 400", 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]`, llm.ClassAuth, "API key"},
		{"gemini exhausted", 429, `{"error":{"code":429,"message":"exhausted","status":"RESOURCE_EXHAUSTED"}}`, llm.ClassRateLimited, "exhausted"},
		{"xai string", 400, `{"code":"Client specified an invalid argument","error":"Model not found: grok-9"}`, llm.ClassModelNotFound, "grok-9"},
		{"mistral detail", 422, `{"detail":[{"msg":"field required"}]}`, llm.ClassBadRequest, "field required"},
		{"vllm old", 400, `{"object":"error","message":"This model's maximum context length is 4096 tokens","type":"BadRequestError","code":400}`, llm.ClassContextLength, "4096"},
		{"cloudflare", 400, `{"success":false,"errors":[{"code":7003,"message":"could not route"}]}`, llm.ClassBadRequest, "could not route"},
		{"siliconflow", 403, `{"code":30001,"message":"balance is insufficient","data":null}`, llm.ClassQuotaExhausted, "balance"},
		{"deepseek no balance", 402, `{"error":{"message":"Insufficient Balance"}}`, llm.ClassQuotaExhausted, "Insufficient"},
		{"openrouter moderation", 403, `{"error":{"code":403,"message":"Your chosen model requires moderation"}}`, llm.ClassContentFilter, "moderation"},
		{"html", 502, "<html><body>\n<h1>Bad   gateway</h1></body></html>", llm.ClassServerError, "<h1>Bad gateway</h1>"},
		{"anthropic overloaded", 529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, llm.ClassOverloaded, "Overloaded"},
		{"empty", 503, "", llm.ClassOverloaded, ""},
		{"redirect", 302, "", llm.ClassMalformed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := decodeError(tt.status, http.Header{}, []byte(tt.body))
			if e.Class != tt.class {
				t.Errorf("class %q, want %q", e.Class, tt.class)
			}
			if !strings.Contains(e.Message, tt.says) {
				t.Errorf("message %q does not say %q", e.Message, tt.says)
			}
		})
	}
}

func TestErrorsWithStatus200(t *testing.T) {
	tests := []struct {
		body  string
		class llm.Class // empty: no error
	}{
		{`{"id":"1","choices":[{"message":{"content":"the \"error\": {} is not one"}}],"usage":{}}`, ""},
		{`{"choices":[],"error":null}`, ""},
		{`{"code":0,"message":"Success","sid":"x","choices":[{}]}`, ""},
		{`[0.1,0.2]`, ""},
		{`{"error":{"message":"boom","code":502}}`, llm.ClassServerError},
		{`{"error":"boom"}`, llm.ClassMalformed},
		{`{"code":11202,"message":"too fast","sid":"x"}`, llm.ClassRateLimited},
		{`{"base_resp":{"status_code":1004,"status_msg":"login fail"}}`, llm.ClassAuth},
		{`{"base_resp":{"status_code":0,"status_msg":""},"choices":[]}`, ""},
		{`{"object":"error","message":"x"}`, llm.ClassMalformed},
		{`<html>sorry</html>`, llm.ClassMalformed},
		{``, llm.ClassMalformed},
	}
	for _, tt := range tests {
		e := wholeError([]byte(tt.body))
		switch {
		case e == nil && tt.class != "":
			t.Errorf("%s: no error found", tt.body)
		case e != nil && e.Class != tt.class:
			t.Errorf("%s: got %q, want %q", tt.body, e.Class, tt.class)
		}
	}
}

func TestChatEvent(t *testing.T) {
	chunk := func(delta, finish string) string {
		return `{"id":"1","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finish + `}],"usage":null}`
	}
	tests := []struct {
		data    string
		signal  protocol.Signal
		content bool
	}{
		{chunk(`{"role":"assistant","content":""}`, "null"), 0, false},
		{chunk(`{"role":"assistant","content":null}`, `""`), 0, false},
		{chunk(`{"content":"hi"}`, `"null"`), 0, true},
		{chunk(`{"reasoning_content":"hm"}`, "null"), 0, true},
		{chunk(`{"tool_calls":[{"index":0}]}`, "null"), 0, true},
		{chunk(`{"content":"he said \"finish_reason\":\"stop\" and \"error\":{}"}`, "null"), 0, true},
		{chunk(`{}`, `"stop"`), protocol.Finished, false},
		{`{"choices":[{"delta":{},"finish_reason" : "tool_calls"}]}`, protocol.Finished, false},
		{`{"choices":[{"text":"hi","finish_reason":null}]}`, 0, true},
		{`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}`, protocol.HasUsage, false},
		{`{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`, protocol.Finished | protocol.HasUsage, false},
		{`[DONE]`, protocol.Finished | protocol.Done, false},
		{` [DONE] `, protocol.Finished | protocol.Done, false},
		{`{"error":{"message":"boom"}}`, protocol.Failed, false},
		{`{"object":"error","message":"boom"}`, protocol.Failed, false},
		{`{"choices":[{"delta":{"content":"x"},"error":null}]}`, 0, true},
		{`{"choices":[{"delta":{"content":"x"`, protocol.Broken, false},
		{`{"choices": oops}`, protocol.Broken, false},
		{``, 0, false},
	}
	for _, tt := range tests {
		if got := chatEvent(nil, []byte(tt.data)); got != tt.signal {
			t.Errorf("%s: signal %b, want %b", tt.data, got, tt.signal)
		}
		if got := chatContent(nil, []byte(tt.data)); got != tt.content {
			t.Errorf("%s: content %v", tt.data, got)
		}
	}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		name, data string
		want       llm.Usage
	}{
		{"openai", `{"usage":{"prompt_tokens":100,"completion_tokens":30,"total_tokens":130,"prompt_tokens_details":{"cached_tokens":60},"completion_tokens_details":{"reasoning_tokens":10}}}`, llm.Usage{Input: 40, CacheRead: 60, Output: 30, Reasoning: 10, Total: 130}},
		{"deepseek", `{"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13,"prompt_cache_hit_tokens":4}}`, llm.Usage{Input: 6, CacheRead: 4, Output: 3, Total: 13}},
		{"responses", `{"type":"response.completed","response":{"usage":{"input_tokens":5,"output_tokens":7,"total_tokens":12}}}`, llm.Usage{Input: 5, Output: 7, Total: 12}},
		{"moonshot, in the choice", `{"choices":[{"usage":{"prompt_tokens":5,"completion_tokens":7,"cached_tokens":2}}]}`, llm.Usage{Input: 3, CacheRead: 2, Output: 7, Total: 12}},
		{"xai, reasoning outside", `{"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":32,"completion_tokens_details":{"reasoning_tokens":20}}}`, llm.Usage{Input: 5, Output: 27, Reasoning: 20, Total: 32}},
		{"embeddings", `{"usage":{"prompt_tokens":5,"total_tokens":5}}`, llm.Usage{Input: 5, Total: 5}},
		{"audio", `{"usage":{"prompt_tokens":50,"completion_tokens":30,"total_tokens":80,"prompt_tokens_details":{"audio_tokens":20},"completion_tokens_details":{"audio_tokens":25}}}`, llm.Usage{Input: 50, AudioIn: 20, Output: 30, AudioOut: 25, Total: 80}},
		{"transcription", `{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":2,"total_tokens":16}}`, llm.Usage{Input: 14, AudioIn: 10, Output: 2, Total: 16}},
		{"cache writes", `{"usage":{"prompt_tokens":100,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":20,"cache_write_tokens":30}}}`, llm.Usage{Input: 50, CacheRead: 20, CacheWrite: 30, Output: 1, Total: 101}},
		{"reranker, total only", `{"results":[],"usage":{"total_tokens":9}}`, llm.Usage{Input: 9, Total: 9}},
		{"cached above prompt", `{"usage":{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":9}}}`, llm.Usage{CacheRead: 9, Output: 1, Total: 10}},
	}
	for _, tt := range tests {
		tt.want.InputFrom, tt.want.OutputFrom = llm.FromProvider, llm.FromProvider
		got, ok := usage([]byte(tt.data))
		if !ok || got != tt.want {
			t.Errorf("%s: got %+v %v, want %+v", tt.name, got, ok, tt.want)
		}
	}
	for _, data := range []string{`{"usage":null}`, `{}`, `{"usage":{}}`, `x`} {
		if u, ok := usage([]byte(data)); ok {
			t.Errorf("%s: got %+v", data, u)
		}
	}
}

func TestDecodeModels(t *testing.T) {
	for _, body := range []string{
		`{"object":"list","data":[{"id":"a"},{"id":"b"}]}`, `[{"id":"a"},{"name":"b"}]`, `{"models":[{"name":"a"},{"id":"b"}]}`,
	} {
		ids, err := decodeModels([]byte(body))
		if err != nil || strings.Join(ids, ",") != "a,b" {
			t.Errorf("%s: got %v, %v", body, ids, err)
		}
	}
	if _, err := decodeModels([]byte("<html>")); err == nil {
		t.Error("HTML taken for a list of models")
	}
}

func TestEncodeError(t *testing.T) {
	b := encodeError(&llm.Error{Status: 404, Message: "no \"x\"", Code: "model_not_found"})
	const want = `{"error":{"message":"no \"x\"","type":"invalid_request_error","param":null,"code":"model_not_found"}}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
	if s := string(encodeStreamError(&llm.Error{Message: "x"})); !strings.HasPrefix(s, `data: {"error"`) || !strings.HasSuffix(s, "}\n\n") {
		t.Errorf("got %q", s)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		header map[string]string
		want   time.Duration
	}{
		{map[string]string{"Retry-After": "2"}, 2 * time.Second},
		{map[string]string{"Retry-After": "0.5"}, 500 * time.Millisecond},
		{map[string]string{"Retry-After": now.Add(7 * time.Second).Format(http.TimeFormat)}, 7 * time.Second},
		{map[string]string{"Retry-After": now.Add(-time.Hour).Format(http.TimeFormat)}, 0},
		{map[string]string{"Retry-After-Ms": "250", "Retry-After": "9"}, 250 * time.Millisecond},
		{map[string]string{"Retry-After": "999999"}, time.Hour},
		{map[string]string{"Retry-After": "soon"}, 0},
		{map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "1m2s", "X-Ratelimit-Remaining-Tokens": "5", "X-Ratelimit-Reset-Tokens": "1h"}, 62 * time.Second},
		{map[string]string{"Anthropic-Ratelimit-Tokens-Remaining": "0", "Anthropic-Ratelimit-Tokens-Reset": now.Add(3 * time.Second).Format(time.RFC3339)}, 3 * time.Second},
		{map[string]string{}, 0},
	}
	for _, tt := range tests {
		h := http.Header{}
		for k, v := range tt.header {
			h.Set(k, v)
		}
		if got := protocol.RetryAfter(h, now); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.header, got, tt.want)
		}
	}
}

// FuzzEvent feeds anything to what looks at vendors' bytes: none of it may
// panic, and an event that is called an error must have something to say.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"error":{"message":"x"}}`))
	f.Add([]byte(`{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, look := range []func(_, _ []byte) protocol.Signal{chatEvent, plainEvent} {
			s := look(nil, data)
			if s.Has(protocol.Broken) && json.Valid(data) {
				t.Fatalf("valid JSON called broken: %q", data)
			}
		}
		chatContent(nil, data)
		usage(data)
		wholeError(data)
		if e := decodeError(400, nil, data); e.Class == "" {
			t.Fatal("an error without a class")
		}
		_, _ = decodeModels(data)
	})
}

func BenchmarkChatEvent(b *testing.B) {
	data := []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1-2025-04-14","service_tier":"default","system_fingerprint":"fp_0","choices":[{"index":0,"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}],"usage":null}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		chatEvent(nil, data)
	}
}

// BenchmarkWholeAnswer is what is done to an answer in one piece before it is
// passed on.
func BenchmarkWholeAnswer(b *testing.B) {
	data := []byte(`{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4.1-2025-04-14","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat("word ", 80) + `","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":60,"total_tokens":80,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"service_tier":"default","system_fingerprint":"fp_0"}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if wholeError(data) != nil {
			b.Fatal("no error is an error")
		}
		if _, ok := usage(data); !ok {
			b.Fatal("no usage")
		}
	}
}

// FuzzUsageScan: what is read in the quick way is what decoding reads.
func FuzzUsageScan(f *testing.F) {
	f.Add(`{"prompt_tokens":1,"completion_tokens":null,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":2,"audio_tokens":0},"completion_tokens_details":null}`)
	f.Add(`{"input_tokens":12,"output_tokens":7,"input_tokens_details":{"cached_tokens":2},"output_tokens_details":{"reasoning_tokens":1}}`)
	f.Add(`{"prompt_tokens":1.0,"total_tokens":-3,"seconds":2.5}`)
	f.Add(`{"Prompt_Tokens":1,"prompt_token\u0073":2,"prompt_tokens":3,"prompt_tokens":4}`)
	f.Fuzz(func(t *testing.T, text string) {
		var quick, decoded wireUsage
		if !json.Valid([]byte(text)) || !quick.scan([]byte(text)) {
			return // broken texts are found before
		}
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			t.Fatalf("decoding says %v", err)
		}
		if diff := cmp.Diff(decoded, quick); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkUsage(b *testing.B) {
	answer := []byte(`{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := usage(answer); !ok {
			b.Fatal("no counts")
		}
	}
}
