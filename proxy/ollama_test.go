package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestOllamaNative: what Ollama's compatible mode does not know goes by its own
// API, and anything else passes as it is.
func TestOllamaNative(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 4)
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked <- r.URL.Path + " " + string(body)
		if r.URL.Path == "/api/chat" {
			w.Header().Set("Content-Type", "application/x-ndjson")
			_, _ = io.WriteString(w, `{"model":"qwen3","message":{"role":"assistant","content":"Hel"},"done":false}`+"\n"+
				`{"model":"qwen3","message":{"role":"assistant","content":"lo"},"done":false}`+"\n"+
				`{"model":"qwen3","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}`+"\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"plain"},"finish_reason":"stop"}]}`)
	}))
	t.Cleanup(vendor.Close)
	g := newRig(t, func(*rig) Config {
		return Config{Providers: []Provider{{ID: "p1", Name: "local", Vendor: "ollama", BaseURL: vendor.URL + "/v1", AllowPrivate: true}}}
	})
	a := g.do(g.request("POST", "/v1/chat/completions", `{"model":"local/qwen3","stream":true,"num_ctx":32768,"messages":[{"role":"user","content":"hi"}]}`))
	if text, finish := a.text(t); text != "Hello" || finish != "stop" {
		t.Errorf("%d %q %q: %s", a.status, text, finish, a.body)
	}
	if got := <-asked; !strings.HasPrefix(got, "/api/chat ") || !strings.Contains(got, `"num_ctx":32768`) {
		t.Errorf("asked %s", got)
	}
	if rec := g.lastRecord(); rec.Usage.Input != 3 || rec.Usage.Output != 2 {
		t.Errorf("usage %+v", rec.Usage)
	}
	a = g.do(g.request("POST", "/v1/chat/completions", `{"model":"local/qwen3","messages":[{"role":"user","content":"hi"}]}`))
	if text, _ := a.text(t); text != "plain" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := <-asked; !strings.HasPrefix(got, "/v1/chat/completions ") {
		t.Errorf("asked %s", got)
	}
}
