package server

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestPlayground: an admin's call is the proxy's call, through the console's
// door, in any access mode and with none of the console's credentials.
func TestPlayground(t *testing.T) {
	w := newAdminWorld(t)
	l := lab.New(lab.Options{Pace: -1})
	front := httptest.NewServer(l)
	t.Cleanup(front.Close)
	w.do(post, "/api/providers", map[string]any{
		"name": "lab", "vendor": "custom", "base_url": front.URL + "/v1", "allow_private": true,
		"keys": []any{map[string]any{"name": "k", "value": canary}},
	}).want(http.StatusCreated, http.StatusOK)
	settings := into[map[string]any](w.do(get, "/api/settings", nil).want(200))
	settings["access"] = "keys"
	delete(settings, "warnings")
	w.do(put, "/api/settings", settings).want(200)

	image := strings.Repeat("x", 2<<20) // more than other API requests may hold
	body := `{"model":"lab/lab-chat:words=20","stream":true,"messages":[{"role":"user","content":"tell me"},{"role":"system","content":"` + image + `"}]}`
	a := w.do(post, playgroundPath, body).want(200)
	if !bytes.HasSuffix(a.body, []byte("data: [DONE]\n\n")) || a.header.Get("Content-Type") != "text/event-stream" || a.header.Get("X-Posthouse-Provider") != "lab" {
		t.Errorf("headers %v, ends in %q", a.header, a.body[max(0, len(a.body)-100):])
	}
	call := l.Calls()[0]
	if call.Header.Get("Cookie") != "" || call.Key != canary {
		t.Errorf("the vendor saw cookie %q and key %q", call.Header.Get("Cookie"), call.Key)
	}
	a = w.do(post, playgroundPath, `{"model":"lab/fault-e400ctx","messages":[{"role":"user","content":"x"}]}`).want(400)
	if !bytes.Contains(a.body, []byte("context_length_exceeded")) {
		t.Errorf("an error is not the proxy's: %s", a.body)
	}
	evil := http.Header{"Content-Type": {"text/plain"}, "Cookie": {cookieName + "=" + w.cookie}, "Origin": {"https://evil.example"}}
	w.send(post, playgroundPath, strings.NewReader(body), evil).want(http.StatusForbidden)
	evil.Set("Origin", w.url)
	w.send(post, playgroundPath, strings.NewReader(body), evil).want(http.StatusUnsupportedMediaType)
	w.cookie = ""
	w.do(post, playgroundPath, body).want(http.StatusUnauthorized)
	if n := len(l.Calls()); n != 2 {
		t.Errorf("the vendor was called %d times", n)
	}
}
