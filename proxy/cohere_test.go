package proxy

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestCohere: who is translated anyway is translated into Cohere's own API;
// callers of OpenAI's dialect are passed through to its imitation unless they
// ask for something that it does not take.
func TestCohere(t *testing.T) {
	t.Parallel()
	g := native(t, "cohere", "/compatibility/v1")
	g.tells("lab-chat:words=30", "openai")
	if got := strings.Join(g.paths(), " "); got != "/v2/chat" {
		t.Errorf("asked at %s", got)
	}
	g.lab.Reset()
	a := g.chat("far/lab-chat", false)
	if a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	g.lastRecord()
	if got := strings.Join(g.paths(), " "); got != "/compatibility/v1/chat/completions" {
		t.Errorf("a plain call was sent to %s", got)
	}
	g.lab.Reset()
	for _, tt := range []struct{ asked, got, want string }{
		{`"tool_choice":"required","tools":[{"type":"function","function":{"name":"get-weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`, "get-weather", `"tool_choice":"REQUIRED"`},
		{`"top_k":40`, "", `"k":40`},
		{`"reasoning_effort":"low"`, "reasoning_content", `"token_budget":2048`},
		{`"documents":[{"id":"d","data":{"text":"x"}}]`, "url_citation", `"documents":[`},
	} {
		for _, stream := range []string{"false", "true"} {
			a := g.do(g.request("POST", "/v1/chat/completions", `{"model":"far/lab-chat","stream":`+stream+`,"messages":[{"role":"user","content":"the weather?"}],`+tt.asked+`}`))
			if a.status != http.StatusOK || !strings.Contains(a.body, tt.got) {
				t.Errorf("%s: %d, no %s in %s", tt.asked, a.status, tt.got, a.body)
			}
			calls := g.lab.Calls()
			if body := string(calls[len(calls)-1].Body); !strings.Contains(body, tt.want) {
				t.Errorf("%s: %s was sent", tt.asked, body)
			}
			g.lastRecord()
		}
	}
	if got := strings.Join(g.paths(), " "); got != "/v2/chat" {
		t.Errorf("asked at %s", got)
	}
	g.breaks("/v1/chat/completions", `{"model":"MODEL","stream":true,"top_k":5,"messages":[{"role":"user","content":"tell me a story"}]}`)
}

// TestCohereEmbeddings: what vectors are for is known to Cohere's own API
// alone, and it takes 96 texts at once.
func TestCohereEmbeddings(t *testing.T) {
	t.Parallel()
	g := native(t, "cohere", "/compatibility/v1")
	many, err := json.Marshal(slices.Repeat([]string{"a text"}, 100))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, body string
		vectors    int
		at         string
	}{
		{"/v1/embeddings", `{"model":"far/lab-embed","input":"x"}`, 1, "/compatibility/v1/embeddings"},
		{"/v1/embeddings", `{"model":"far/lab-embed","input":` + string(many) + `,"dimensions":8}`, 100, "/v2/embed"},
		{"/v1/embeddings", `{"model":"far/lab-embed","input":["x","y"],"input_type":"search_query","encoding_format":"base64"}`, 2, "/v2/embed"},
		{"/v1beta/models/far%2Flab-embed:batchEmbedContents", `{"requests":[{"model":"models/far/lab-embed","content":{"parts":[{"text":"x"}]},"taskType":"RETRIEVAL_QUERY"}]}`, 1, "/v2/embed"},
	} {
		g.lab.Reset()
		a := g.do(g.request("POST", tt.path, tt.body))
		n := strings.Count(a.body, `"embedding":`) + strings.Count(a.body, `"values":`)
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
