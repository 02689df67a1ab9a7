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

// TestOllama: the native API serves what only it knows, whole and streamed, and
// takes back a turn with tools, whose calls have no ids there.
func TestOllama(t *testing.T) {
	t.Parallel()
	g := native(t, "ollama", "/v1")
	const picture = `[{"type":"text","text":"tell me a story"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + tinyPNG + `"}}]`
	for _, tt := range []struct{ model, content, asked, got string }{
		{"lab-chat:words=30", `"tell me a story"`, ``, `"finish_reason":"stop"`},
		{"lab-chat:words=30", picture, `,"keep_alive":"10m","max_tokens":5`, `"finish_reason":"length"`},
		{"lab-reason", `"tell me a story"`, `,"reasoning_effort":"low"`, `"reasoning_content"`},
		{"lab-chat", `"a person"`, `,"response_format":{"type":"json_schema","json_schema":{"name":"p","schema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}`, `name`},
	} {
		for _, stream := range []string{"false", "true"} {
			a := g.do(g.request("POST", "/v1/chat/completions", `{"model":"far/`+tt.model+`","stream":`+stream+`,"num_ctx":32768,"messages":[{"role":"user","content":`+tt.content+`}]`+tt.asked+`}`))
			r, whole, failed := a.heardAs(t, "openai", stream == "true")
			if a.status != http.StatusOK || !whole || failed != nil || wordsOf(r) == "" || !strings.Contains(a.body, tt.got) {
				t.Errorf("%s stream=%s: %d %v, no %s in %s", tt.model, stream, a.status, failed, tt.got, a.body)
			}
			if rec := g.lastRecord(); rec.Usage.Input == 0 || rec.Usage.Output == 0 {
				t.Errorf("%s stream=%s: usage %+v", tt.model, stream, rec.Usage)
			}
		}
	}
	for _, stream := range []string{"false", "true"} {
		body := `{"model":"far/lab-reason-tools2","stream":` + stream + `,"num_ctx":4096,"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object"}}},{"type":"function","function":{"name":"get_time","parameters":{"type":"object"}}}],"messages":[{"role":"user","content":"the weather?"}`
		a := g.do(g.request("POST", "/v1/chat/completions", body+`]}`))
		r, whole, failed := a.heardAs(t, "openai", stream == "true")
		if !whole || failed != nil {
			t.Fatalf("%d %v %s", a.status, failed, a.body)
		}
		back := turnOf(r, "22 degrees")
		g.lastRecord()
		a = g.do(g.request("POST", "/v1/chat/completions", body+back+`]}`))
		r, whole, failed = a.heardAs(t, "openai", stream == "true")
		if !whole || failed != nil || !strings.Contains(wordsOf(r), "22 degrees; 22 degrees") {
			t.Errorf("%d %v %s", a.status, failed, a.body)
		}
		g.lastRecord()
	}
	if got := strings.Join(g.paths(), " "); got != "/api/chat" {
		t.Errorf("asked at %s", got)
	}
	g.lab.Reset()
	a := g.do(g.request("POST", "/v1/embeddings", `{"model":"far/lab-embed","input":["x","y"],"keep_alive":"10m"}`))
	if n := strings.Count(a.body, `"embedding":[`); a.status != http.StatusOK || n != 2 || strings.Join(g.paths(), " ") != "/api/embed" {
		t.Errorf("%d, %d vectors from %v: %.300s", a.status, n, g.paths(), a.body)
	}
	if rec := g.lastRecord(); rec.Usage.Input == 0 {
		t.Errorf("usage %+v", rec.Usage)
	}
	g.breaks("/v1/chat/completions", `{"model":"MODEL","stream":true,"num_ctx":4096,"messages":[{"role":"user","content":"tell me a story"}]}`)
}
