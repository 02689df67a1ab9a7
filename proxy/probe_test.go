package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

func TestProbe(t *testing.T) {
	l := lab.New(lab.Options{Keys: []string{"sk-good-canary"}})
	s := httptest.NewServer(l)
	defer s.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>login</html>") }))
	defer page.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	tls := httptest.NewTLSServer(nil)
	defer tls.Close()
	elsewhere := httptest.NewServer(http.RedirectHandler("https://example.com", http.StatusFound))
	defer elsewhere.Close()
	tests := []struct {
		name, base, key string
		private         bool
		ok              bool
		class           llm.Class
		says            string
	}{
		{"good", s.URL + "/v1", "sk-good-canary", true, true, "", ""},
		{"bad key", s.URL + "/v1", "sk-bad-canary", true, false, llm.ClassAuth, "refused"},
		{"nothing there", closed.URL + "/v1", "sk-x", true, false, llm.ClassConnect, "refused"},
		{"a web page", page.URL + "/v1", "sk-x", true, false, llm.ClassMalformed, "base URL"},
		{"untrusted certificate", tls.URL + "/v1", "sk-x", true, false, llm.ClassTLS, "certificate"},
		{"redirect", elsewhere.URL + "/v1", "sk-x", true, false, llm.ClassMalformed, "redirect"},
		{"no such name", "https://no-such-host.invalid/v1", "sk-x", true, false, llm.ClassConnect, "resolve"},
		{"private address", s.URL + "/v1", "sk-good-canary", false, false, llm.ClassConnect, "private"},
		{"no address", "", "sk-x", false, false, llm.ClassBadRequest, "base"},
	}
	g := New(Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := g.Probe(context.Background(), Provider{Vendor: "custom", BaseURL: tt.base, AllowPrivate: tt.private}, Key{Secret: Secret(tt.key)})
			if got.OK != tt.ok || got.Class != tt.class || !strings.Contains(got.Message, tt.says) {
				t.Errorf("got %+v", got)
			}
			if strings.Contains(got.Message+got.URL, "canary") {
				t.Errorf("tells the key: %+v", got)
			}
			if tt.ok && (len(got.Models) == 0 || got.Status != 200 || got.Latency == 0 || len(got.Steps) < 3) {
				t.Errorf("got %+v", got)
			}
			if !tt.ok && tt.class != llm.ClassBadRequest && (len(got.Steps) == 0 || got.Steps[len(got.Steps)-1].OK) {
				t.Errorf("the last step should have failed: %+v", got.Steps)
			}
		})
	}
}

// TestProbeWithoutList: a vendor that can't list models is asked for nothing at
// its chat endpoint, which shows whether the key is taken.
func TestProbeWithoutList(t *testing.T) {
	tests := []struct {
		status int
		body   string
		ok     bool
	}{
		{400, `{"error":{"message":"messages is required"}}`, true},
		{422, `{"error":{"message":"messages is required"}}`, true},
		{401, `{"error":{"message":"bad key"}}`, false},
		{500, ``, false},
	}
	for _, tt := range tests {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/chat/completions") {
				t.Errorf("%s %s", r.Method, r.URL.Path)
			}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		got := New(Options{}).Probe(context.Background(), Provider{Vendor: "perplexity", BaseURL: s.URL, AllowPrivate: true}, Key{Secret: "pplx-x"})
		s.Close()
		if got.OK != tt.ok || !got.Unlisted {
			t.Errorf("%d: %+v", tt.status, got)
		}
	}
}
