package lab

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever the body, the lab answers JSON: an answer or an error in shape.
func FuzzRequests(f *testing.F) {
	paths := []string{"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/moderations", "/v1/rerank", "/v1/images/generations"}
	for i, body := range []string{
		`{"model":"demo-chat","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"n":2}`,
		`{"model":"lab-chat:words=3","prompt":[[1,2],"x"],"stop":"a"}`,
		`{"model":"demo-embed","input":["a","b"],"dimensions":3,"encoding_format":"base64"}`,
		`{"model":"demo-chat","input":[{"role":"user","content":"x"},{"type":"item"}],"instructions":"y"}`,
		`{"model":"demo-chat","input":null}`,
		`{"model":"demo-chat","query":"x","documents":["y",{"text":5}]}`,
		`{"model":"demo-chat","prompt":"x","n":11}`,
		`{"model":"demo-chat","messages":[{"role":"assistant","tool_calls":[{"id":"a"}]},{"role":"tool","tool_call_id":"a","content":"x"}],"response_format":{"type":"json_schema"}}`,
	} {
		f.Add(i, body)
	}
	l := New(Options{Pace: -1, Forget: true})
	f.Fuzz(func(t *testing.T, which int, body string) {
		if strings.Contains(body, "fault-") || strings.Contains(body, "pace") || strings.Contains(body, `"stream"`) || strings.Contains(body, `\`) {
			return // faults are no JSON, and a stream is another shape
		}
		path := paths[((which%len(paths))+len(paths))%len(paths)]
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) || w.Code >= 500 {
			t.Errorf("%s %q: %d %q", path, body, w.Code, w.Body.String())
		}
		if w.Code != http.StatusOK && !strings.HasPrefix(w.Body.String(), `{"error":{"message":`) {
			t.Errorf("%s %q: %q", path, body, w.Body.String())
		}
	})
}

func FuzzModelNames(f *testing.F) {
	for _, name := range []string{"lab-chat:words=60,pace=0ms", "fault-giant:size=2MiB", "fault-flap:with=e500,down=1s", "fault-e429:", "demo-:"} {
		f.Add(name)
	}
	l := New(Options{})
	f.Fuzz(func(t *testing.T, name string) {
		m, fail := l.resolve(name)
		if fail != nil {
			if fail.status != http.StatusNotFound || !json.Valid(fail.json()) {
				t.Errorf("%q: %+v", name, fail)
			}
			return
		}
		if m.words < 0 || m.words > maxWords || m.pace < 0 || m.pace > maxWait {
			t.Errorf("%q: %+v", name, m)
		}
	})
}
