package lab

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestNativesAreStrict: the fakes of vendors' own dialects take what the vendor
// takes, and refuse what it refuses.
func TestNativesAreStrict(t *testing.T) {
	t.Parallel()
	l := New(Options{Pace: -1, Models: []string{"command-r-08-2024"}})
	const calls = `{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}`
	const generate = "/api/v1/services/aigc/text-generation/generation"
	dash := func(messages, parameters string) string {
		return `{"model":"lab-chat","input":{"messages":[` + messages + `]},"parameters":{"result_format":"message"` + parameters + `}}`
	}
	for _, tt := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"stream":false}`, 200, `"finish_reason":"COMPLETE"`},
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"top_p":1}`, 422, "not a valid field"},
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"p":1}`, 400, "between 0.01 and 0.99"},
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"developer","content":"x"}]}`, 400, "role must be"},
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"user","content":" "}]}`, 400, "non-empty content"},
		{"/v2/chat", `{"model":"lab-chat","messages":[` + calls + `,{"role":"tool","tool_call_id":"b","content":"y"}]}`, 400, "preceding message"},
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"a-b","parameters":{}}}]}`, 400, "tool names"},
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"tool_choice":"REQUIRED"}`, 400, "if tools are provided"},
		{"/v2/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"documents":["d"],"response_format":{"type":"json_object"}}`, 400, "with tools or documents"},
		{"/v2/chat", `{"model":"command-r-08-2024","messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled"}}`, 400, "does not support thinking"},
		{"/v2/embed", `{"model":"lab-embed","texts":["x"]}`, 400, "input_type"},
		{generate, dash(`{"role":"user","content":"x"}`, ""), 200, `"finish_reason":"stop"`},
		{generate, dash(`{"role":"user","content":[{"text":"x"}]}`, ""), 400, "valid string"},
		{generate, dash(`{"role":"user","content":"x"},{"role":"system","content":"s"}`, ""), 400, "at the beginning"},
		{generate, dash(`{"role":"user","content":"x"}`, `,"incremental_output":true`), 400, "incremental_output"},
		{generate, dash(`{"role":"user","content":"x"}`, `,"temperature":2`), 400, "Range of temperature"},
		{generate, dash(`{"role":"user","content":"x"}`, `,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required"`), 400, "tool_choice"},
		{generate, dash(`{"role":"user","content":"json"}`, `,"response_format":{"type":"json_object"},"enable_thinking":true`), 400, "Json mode"},
		{generate, dash(`{"role":"user","content":"x"}`, `,"max_completion_tokens":5`), 400, "unknown field"},
		{generate, strings.Replace(dash(`{"role":"user","content":"x"}`, ""), "lab-chat", "qwen-lab-vl", 1), 400, "url error"},
		{"/api/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"stream":false}`, 200, `"done":true`},
		{"/api/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"max_tokens":1}`, 400, "unknown field"},
		{"/api/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}],"options":{"max_tokens":1}}`, 400, "unknown field"},
		{"/api/chat", `{"model":"lab-chat","messages":[{"role":"user","content":[]}]}`, 400, "a string"},
		{"/api/chat", `{"model":"lab-chat","messages":[{"role":"user","content":"x","images":["data:image/png;base64,aGk="]}]}`, 400, "base64"},
		{"/api/chat", `{"model":"lab-chat","messages":[{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]}`, 400, "cannot unmarshal"},
		{"/api/chat", `{"model":"lab-chat","messages":[{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]},{"role":"tool","tool_name":"g","content":"y"}]}`, 400, "called next"},
		{"/v1/models/lab-embed:predict", `{"instances":[{"content":"x"}]}`, 200, `"values"`},
		{"/v1/models/lab-embed:predict", `{"instances":[{"content":"x","taskType":"RETRIEVAL_QUERY"}]}`, 400, "taskType"},
	} {
		r := httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s %s: %d, no %q in %s", tt.path, tt.body, w.Code, tt.says, w.Body)
		}
	}
}
