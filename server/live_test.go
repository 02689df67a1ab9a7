package server

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestChangesAreLiveAtOnce saves over the API while a stream runs: the very next
// call must go the new way, and the stream must not be hurt.
func TestChangesAreLiveAtOnce(t *testing.T) {
	w := newAdminWorld(t)
	l := lab.New(lab.Options{Pace: -1})
	vendor := httptest.NewServer(l)
	t.Cleanup(vendor.Close)
	door := httptest.NewServer(w.gateway)
	t.Cleanup(door.Close)
	provider := func(name string) {
		w.do(post, "/api/providers", map[string]any{
			"name": name, "vendor": "custom", "base_url": vendor.URL + "/p/" + name + "/v1", "allow_private": true,
			"keys": []any{map[string]any{"name": "k", "value": canary}},
		}).want(http.StatusCreated, http.StatusOK)
	}
	provider("old")
	provider("new")
	route := func(target string) map[string]any {
		return map[string]any{
			"name": "chat", "match": map[string]any{"models": []any{map[string]any{"value": "m"}}},
			"targets": []any{map[string]any{"provider": target, "model": "lab-chat:words=200,pace=5ms"}},
		}
	}
	made := into[map[string]any](w.do(post, "/api/routes", route("old")).want(http.StatusCreated, http.StatusOK))

	ask := func() *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), post, door.URL+"/v1/chat/completions",
			strings.NewReader(`{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultTransport.RoundTrip(r) //nolint:forbidigo // a test's client needs no limits
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	running := ask()
	defer func() { _ = running.Body.Close() }()
	lines := bufio.NewReader(running.Body)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for i, target := range []string{"new", "old", "new"} {
		change := route(target)
		change["version"] = made["version"]
		began := time.Now()
		made = into[map[string]any](w.do(put, fmt.Sprintf("/api/routes/%s", made["id"]), change).want(http.StatusOK))
		saved := time.Since(began)
		answer := ask()
		live := time.Since(began)
		_ = answer.Body.Close()
		if got := answer.Header.Get("X-Posthouse-Provider"); got != target {
			t.Errorf("change %d: the next call went to %s, want %s", i, got, target)
		}
		if live > time.Second { // 100 ms on a quiet machine; a busy one must not fail the build
			t.Errorf("change %d: saved after %v, live after %v", i, saved, live)
		}
	}
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") {
		t.Errorf("the stream was hurt: %v, ends in %q", err, rest[max(0, len(rest)-80):])
	}
}
