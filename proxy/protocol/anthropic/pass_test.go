package anthropic

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func TestEvent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, data string
		signal     protocol.Signal
		content    bool
	}{
		{"message_start", `{"type":"message_start","message":{"usage":{"input_tokens":1}}}`, protocol.HasUsage, false},
		{"ping", `{"type": "ping"}`, 0, false},
		{"content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`, 0, false},
		{"content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}`, 0, true},
		{"content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`, 0, false},
		{"content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"1","name":"f","input":{}}}`, 0, true},
		{"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{\"stop_reason\":\"end_turn\"}"}}`, 0, true},
		{"", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`, 0, true},
		{"message_delta", `{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":1}}`, protocol.HasUsage, false},
		{"message_delta", `{"type":"message_delta","delta":{"stop_reason" : "end_turn"},"usage":{"output_tokens":1}}`, protocol.HasUsage | protocol.Finished, false},
		{"message_stop", `{"type":"message_stop"   }`, protocol.Finished | protocol.Done, false},
		{"error", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, protocol.Failed, false},
		{"", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, protocol.Failed, false},
		{"", `[DONE]`, protocol.Done, false},
		{"content_block_delta", `{"type":"content_block`, protocol.Broken, true},
		{"something_new", `{"type":"something_new"}`, 0, false},
		{"", ``, 0, false},
	}
	for _, tt := range tests {
		if got := event([]byte(tt.name), []byte(tt.data)); got != tt.signal {
			t.Errorf("%s %s: signal %b, want %b", tt.name, tt.data, got, tt.signal)
		}
		if got := hasContent([]byte(tt.name), []byte(tt.data)); got != tt.content {
			t.Errorf("%s %s: content %v", tt.name, tt.data, got)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		data string
		want llm.Usage
		ok   bool
	}{
		{`{"type":"message_start","message":{"usage":{"input_tokens":25,"cache_creation_input_tokens":2,"cache_read_input_tokens":6,"output_tokens":1}}}`, llm.Usage{Input: 25, CacheWrite: 2, CacheRead: 6, Total: 33, InputFrom: llm.FromProvider}, true},
		{`{"type":"message_delta","delta":{},"usage":{"output_tokens":89}}`, llm.Usage{Output: 89, Total: 89, OutputFrom: llm.FromProvider}, true},
		{`{"usage":{"input_tokens":1,"output_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4}}}`, llm.Usage{Input: 1, Output: 2, CacheWrite: 7, CacheWrite1h: 4, Total: 10, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}, true},
		{`{"usage":null}`, llm.Usage{}, false},
		{`{"usage":{}}`, llm.Usage{}, false},
		{`x`, llm.Usage{}, false},
	}
	for _, tt := range tests {
		if got, ok := usage([]byte(tt.data)); ok != tt.ok || got != tt.want {
			t.Errorf("%s: got %+v %v", tt.data, got, ok)
		}
	}
}

func TestDecodeError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status  int
		body    string
		class   llm.Class
		message string
	}{
		{400, `{"type":"error","error":{"type":"invalid_request_error","message":"messages: field required"},"request_id":"req_1"}`, llm.ClassBadRequest, "messages: field required"},
		{400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`, llm.ClassContextLength, "prompt is too long: 210000 tokens > 200000 maximum"},
		{400, `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}`, llm.ClassQuotaExhausted, ""},
		{400, `{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01."}}`, llm.ClassQuotaExhausted, ""},
		{401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`, llm.ClassAuth, ""},
		{402, `{"type":"error","error":{"type":"billing_error","message":"x"}}`, llm.ClassQuotaExhausted, ""},
		{403, `{"type":"error","error":{"type":"permission_error","message":"x"}}`, llm.ClassAuth, ""},
		{404, `{"type":"error","error":{"type":"not_found_error","message":"model: claude-x"}}`, llm.ClassModelNotFound, ""},
		{409, `{"type":"error","error":{"type":"conflict_error","message":"x"}}`, llm.ClassServerError, ""},
		{413, `{"type":"error","error":{"type":"request_too_large","message":"x"}}`, llm.ClassBadRequest, ""},
		{429, `{"type":"error","error":{"type":"rate_limit_error","message":"x"}}`, llm.ClassRateLimited, ""},
		{500, `{"type":"error","error":{"type":"api_error","message":"x"}}`, llm.ClassServerError, ""},
		{504, `{"type":"error","error":{"type":"timeout_error","message":"x"}}`, llm.ClassServerError, ""},
		{529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, llm.ClassOverloaded, "Overloaded"},
		{403, `[{"error":{"code":403,"message":"no such project","status":"PERMISSION_DENIED"}}]`, llm.ClassAuth, "no such project"},
		{429, `{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}`, llm.ClassRateLimited, "Quota exceeded"},
		{403, `{"message":"no access"}`, llm.ClassAuth, "no access"},
		{502, `<html><body>Bad gateway</body></html>`, llm.ClassServerError, "<html><body>Bad gateway</body></html>"},
		{500, ``, llm.ClassServerError, ""},
	}
	for _, tt := range tests {
		e := decodeError(tt.status, nil, []byte(tt.body))
		if e.Class != tt.class || tt.message != "" && e.Message != tt.message {
			t.Errorf("%d %s: got %s %q", tt.status, tt.body, e.Class, e.Message)
		}
		if own := strings.HasPrefix(tt.body, `{"type":"error"`); own != (e.Raw != nil) {
			t.Errorf("%s: relayed as it is: %v", tt.body, e.Raw != nil)
		}
	}
}

func TestEncodeError(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]llm.Error{
		`{"type":"error","error":{"type":"rate_limit_error","message":"\"x\""}}`: {Status: 429, Message: `"x"`, Type: "requests"},
		`{"type":"error","error":{"type":"not_found_error","message":"x"}}`:      {Status: 404, Message: "x", Class: llm.ClassModelNotFound},
		`{"type":"error","error":{"type":"overloaded_error","message":"x"}}`:     {Status: 503, Message: "x"},
		`{"type":"error","error":{"type":"timeout_error","message":"x"}}`:        {Status: 502, Message: "x", Class: llm.ClassIdleTimeout},
		`{"type":"error","error":{"type":"billing_error","message":"x"}}`:        {Status: 402, Message: "x"},
		`{"type":"error","error":{"type":"api_error","message":"x"}}`:            {Status: 502, Message: "x"},
	} {
		if got := string(encodeError(&e)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWholeError(t *testing.T) {
	t.Parallel()
	for body, class := range map[string]llm.Class{
		`{"type":"error","error":{"type":"overloaded_error","message":"x"}}`: llm.ClassOverloaded,
		`{"type":"message","content":[{"type":"text","text":"\"error\""}]}`:  "",
		`<html>`: llm.ClassMalformed,
		``:       llm.ClassMalformed,
	} {
		e := wholeError([]byte(body))
		if (e == nil) != (class == "") || e != nil && e.Class != class {
			t.Errorf("%s: got %v", body, e)
		}
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	b := encodeModels([]protocol.Model{{ID: "a", Context: 200000}, {ID: "b"}})
	ids, err := decodeModels(b)
	if err != nil || strings.Join(ids, " ") != "a b" {
		t.Errorf("%v %v", ids, err)
	}
	const want = `{"data":[{"type":"model","id":"a","display_name":"a","created_at":"1970-01-01T00:00:00Z","max_input_tokens":200000},{"type":"model","id":"b","display_name":"b","created_at":"1970-01-01T00:00:00Z"}],"has_more":false,"first_id":"a","last_id":"b"}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
	if got := string(encodeModels(nil)); got != `{"data":[],"has_more":false,"first_id":null,"last_id":null}` {
		t.Errorf("got %s", got)
	}
	if _, err := decodeModels([]byte("<html>")); err == nil {
		t.Error("HTML taken for a list of models")
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	r, failed := codec{}.DecodeCount(&protocol.Question{Body: []byte(`{"model":"m","messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled","budget_tokens":2000}}`)})
	if failed != nil {
		t.Fatal(failed)
	}
	b, failed := codec{}.EncodeCount(r, &protocol.Target{Model: "n"}, &llm.Losses{})
	if want := `{"model":"n","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"thinking":{"type":"enabled","budget_tokens":2000}}`; failed != nil || string(b) != want {
		t.Errorf("%s %v", b, failed)
	}
	if got := string(codec{}.EncodeCounted(7)); got != `{"input_tokens":7}` {
		t.Error(got)
	}
	if n, failed := (codec{}).DecodeCounted([]byte(`{"input_tokens":7}`)); n != 7 || failed != nil {
		t.Error(n, failed)
	}
	for _, bad := range []string{`{}`, `x`, `{"type":"error","error":{"type":"api_error","message":"x"}}`} {
		if _, failed := (codec{}).DecodeCounted([]byte(bad)); failed == nil {
			t.Errorf("%s counts", bad)
		}
	}
}

// FuzzEvent feeds anything to what looks at vendors' bytes.
func FuzzEvent(f *testing.F) {
	for _, line := range strings.Split(official, "\n") {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			f.Add("", []byte(data))
		}
	}
	f.Add("error", []byte(`[{"error":{"message":"x","status":"y"}}]`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if event([]byte(name), data).Has(protocol.Broken) && json.Valid(data) {
			t.Fatalf("valid JSON called broken: %q", data)
		}
		hasContent([]byte(name), data)
		usage(data)
		wholeError(data)
		if e := decodeError(400, nil, data); e.Class == "" {
			t.Fatal("an error without a class")
		}
		_, _ = decodeModels(data)
		_, _ = codec{}.DecodeCounted(data)
	})
}

func BenchmarkEvent(b *testing.B) {
	name, data := []byte("content_block_delta"), []byte(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" hello"}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		event(name, data)
	}
}
