package proxy

import (
	"net/http"
	"strings"
	"testing"
)

// TestDashScope: a request goes by Model Studio's own API when it asks for what
// the imitation of OpenAI's does not give, whole and streamed, at the path of
// the model's kind; all others pass, or are translated, as before.
func TestDashScope(t *testing.T) {
	t.Parallel()
	g := native(t, "dashscope", "/compatible-mode/v1")
	if a := g.chat("far/lab-chat", false); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	g.lastRecord()
	if a := g.ask("gemini", "", "far%2Flab-chat", false); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	g.lastRecord()
	if got := strings.Join(g.paths(), " "); got != "/compatible-mode/v1/chat/completions" {
		t.Errorf("asked at %s", got)
	}
	const tool = `"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`
	const picture = `[{"type":"text","text":"tell me a story"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + tinyPNG + `"}}]`
	for _, tt := range []struct{ model, content, asked, path, got string }{
		{"lab-chat", `"tell me a story"`, ``, "text", `https://lab.example/page`},
		{"lab-reason", `"tell me a story"`, `,"enable_thinking":true`, "text", `"reasoning_content"`},
		{"lab-chat", `"the weather?"`, `,` + tool, "text", `"get_weather"`},
		{"qwen-lab-vl-plus", picture, ``, "multimodal", `https://lab.example/page`},
		{"qwen-lab-vl-plus", `"the weather?"`, `,"stop":["x"],` + tool, "multimodal", `"get_weather"`},
	} {
		for _, stream := range []string{"false", "true"} {
			g.lab.Reset()
			a := g.do(g.request("POST", "/v1/chat/completions", `{"model":"far/`+tt.model+`","stream":`+stream+`,"enable_search":true,"search_options":{"enable_source":true},"messages":[{"role":"system","content":"brief"},{"role":"user","content":`+tt.content+`}]`+tt.asked+`}`))
			r, whole, failed := a.heardAs(t, "openai", stream == "true")
			if a.status != http.StatusOK || !whole || failed != nil || len(r.Choices[0].Parts) == 0 || !strings.Contains(a.body, tt.got) {
				t.Errorf("%s stream=%s: %d %v, no %s in %s", tt.model, stream, a.status, failed, tt.got, a.body)
			}
			if got, want := strings.Join(g.paths(), " "), "/api/v1/services/aigc/"+tt.path+"-generation/generation"; got != want {
				t.Errorf("%s was asked at %s, want %s", tt.model, got, want)
			}
			if rec := g.lastRecord(); rec.Usage.Input == 0 || rec.Usage.Output == 0 {
				t.Errorf("%s stream=%s: usage %+v", tt.model, stream, rec.Usage)
			}
		}
	}
	g.breaks("/v1/chat/completions", `{"model":"MODEL","stream":true,"search_options":{},"messages":[{"role":"user","content":"tell me a story"}]}`)
}

// TestDashScopeTurns: what a caller sends back of a turn with tools is taken.
func TestDashScopeTurns(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"lab-reason-tools2", "qwen-lab-vl-reason-tools2"} {
		for _, stream := range []string{"false", "true"} {
			g := native(t, "dashscope", "/compatible-mode/v1")
			body := `{"model":"far/` + model + `","stream":` + stream + `,"search_options":{},"enable_thinking":true,"tools":[{"type":"function","function":{"name":"get_weather"}},{"type":"function","function":{"name":"get_time"}}],"messages":[{"role":"user","content":"the weather?"}`
			a := g.do(g.request("POST", "/v1/chat/completions", body+`]}`))
			r, whole, failed := a.heardAs(t, "openai", stream == "true")
			if !whole || failed != nil {
				t.Fatalf("%s: %d %v %s", model, a.status, failed, a.body)
			}
			body += turnOf(r, "22 degrees")
			a = g.do(g.request("POST", "/v1/chat/completions", body+`]}`))
			r, whole, failed = a.heardAs(t, "openai", stream == "true")
			if !whole || failed != nil || !strings.Contains(wordsOf(r), "22 degrees; 22 degrees") {
				t.Errorf("%s: %d %v %s", model, a.status, failed, a.body)
			}
		}
	}
}

// TestDashScopeEmbeddings: what vectors are for is told at the API of its own
// alone, which takes ten texts at once.
func TestDashScopeEmbeddings(t *testing.T) {
	t.Parallel()
	g := native(t, "dashscope", "/compatible-mode/v1")
	many := `["a"` + strings.Repeat(`,"a"`, 10) + `]`
	for _, tt := range []struct {
		path, body string
		vectors    int
		at         string
	}{
		{"/v1/embeddings", `{"model":"far/text-embedding-lab-v4","input":"x"}`, 1, "/compatible-mode/v1/embeddings"},
		{"/v1/embeddings", `{"model":"far/text-embedding-lab-v4","input":` + many + `,"text_type":"query","dimensions":8}`, 11, "/api/v1/services/embeddings/text-embedding/text-embedding"},
		{"/v1beta/models/far%2Ftext-embedding-lab-v4:embedContent", `{"content":{"parts":[{"text":"x"}]},"taskType":"RETRIEVAL_QUERY"}`, 1, "/api/v1/services/embeddings/text-embedding/text-embedding"},
	} {
		g.lab.Reset()
		a := g.do(g.request("POST", tt.path, tt.body))
		n := strings.Count(a.body, `"embedding":[`) + strings.Count(a.body, `"values":`)
		if a.status != http.StatusOK || n != tt.vectors {
			t.Errorf("%s: %d, %d vectors: %.300s", tt.body[:40], a.status, n, a.body)
		}
		if got := strings.Join(g.paths(), " "); got != tt.at {
			t.Errorf("%s was sent to %s", tt.body[:40], got)
		}
		if rec := g.lastRecord(); rec.Usage.Input == 0 {
			t.Errorf("%s: usage %+v", tt.body[:40], rec.Usage)
		}
	}
}
