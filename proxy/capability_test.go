package proxy

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestCapability: a target that can't do what a request needs is left out
// where another can, and no attempt is spent on an endpoint that a vendor does
// not have.
func TestCapability(t *testing.T) {
	const (
		text    = `"messages":[{"role":"user","content":"the word image alone"}]`
		picture = `"messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]`
		tools   = `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`
	)
	tests := []struct {
		name    string
		vendors []string // in the order of the route's steps
		models  []string
		path    string
		fields  string
		asked   string // the models, in order
		skipped string // part of why the first was
		status  int
	}{
		{"a picture, to a text model first", []string{"deepseek", "custom"}, []string{"deepseek-chat", "lab-x"}, "/chat/completions", picture, "lab-x", "no capability: deepseek-chat takes no images", 200},
		{"text that names images", []string{"deepseek", "custom"}, []string{"deepseek-chat", "lab-x"}, "/chat/completions", text, "deepseek-chat", "", 200},
		{"a picture, and only text models", []string{"deepseek", "dashscope"}, []string{"deepseek-chat", "qwen3-max"}, "/chat/completions", picture, "deepseek-chat", "", 200},
		{"a picture, and nobody else", []string{"deepseek"}, []string{"deepseek-chat"}, "/chat/completions", picture, "deepseek-chat", "", 200},
		{"tools", []string{"perplexity", "custom"}, []string{"sonar", "lab-x"}, "/chat/completions", text + "," + tools, "lab-x", "no capability: sonar takes no tools", 200},
		{"no tools, in an empty list", []string{"perplexity", "custom"}, []string{"sonar", "lab-x"}, "/chat/completions", text + `,"tools":[]`, "sonar", "", 200},
		{"an endpoint that is not there", []string{"groq", "custom"}, []string{"lab-embed", "lab-embed"}, "/embeddings", `"input":"x"`, "lab-embed", "has no /v1/embeddings", 200},
		{"an endpoint that nobody has", []string{"groq"}, []string{"lab-embed"}, "/embeddings", `"input":"x"`, "", "has no /v1/embeddings", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			vendor := httptest.NewServer(lab.New(lab.Options{Pace: -1, Any: true, Asked: true}))
			t.Cleanup(vendor.Close)
			g := newRig(t, func(g *rig) Config {
				conf := Config{Routes: []Route{{ID: "r", Name: "r"}}}
				for i, model := range tt.models {
					p := g.provider([]string{"first", "second"}[i], "k")
					p.Vendor, p.BaseURL = tt.vendors[i], vendor.URL+"/v1"
					conf.Providers = append(conf.Providers, p)
					target := []Target{{Provider: p.Name, Model: model}}
					if i == 0 {
						conf.Routes[0].Targets = target
						continue
					}
					conf.Routes[0].Fallback = append(conf.Routes[0].Fallback, Step{Targets: target})
				}
				return conf
			})
			a := g.do(g.request("POST", "/v1"+tt.path, `{"model":"any",`+tt.fields+`}`))
			rec := g.lastRecord()
			var asked []string
			for _, at := range rec.Attempts {
				asked = append(asked, at.Model)
			}
			if a.status != tt.status || strings.Join(asked, " ") != tt.asked {
				t.Errorf("%d, asked %q, want %d %q: %s", a.status, asked, tt.status, tt.asked, a.body)
			}
			why := ""
			for _, s := range rec.Skipped {
				why += s.Why
			}
			if (why == "") != (tt.skipped == "") || !strings.Contains(why, tt.skipped) {
				t.Errorf("skipped because %q, want %q", why, tt.skipped)
			}
			if tt.status != 200 && !strings.Contains(a.body, tt.skipped) {
				t.Errorf("the caller is not told: %s", a.body)
			}
		})
	}
}
