package proxy

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestBodiesThatDoNotFitInMemory has one large body held while another comes.
func TestBodiesThatDoNotFitInMemory(t *testing.T) {
	g := newRig(t, one)
	g.gateway.bodies.limit = 1 << 20
	large := func(model string) string {
		return `{"model":"` + model + `","messages":[{"role":"user","content":"` + strings.Repeat("x", 700<<10) + `"}]}`
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r := g.request(http.MethodPost, "/v1/chat/completions", large("fault-hang"))
		if resp, err := g.client.Do(r.WithContext(ctx)); err == nil {
			resp.Body.Close()
		}
	}()
	if _, err := g.lab.Wait(t.Context(), func(calls []lab.Call) bool { return len(calls) == 1 }); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		a := g.do(g.request(http.MethodPost, "/v1/chat/completions", large("lab-chat")))
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" || !strings.Contains(a.body, "overloaded") {
			t.Errorf("a second large body: %d %v %.200s", a.status, a.header, a.body)
		}
	}
	if a := g.chat("lab-chat", false); a.status != http.StatusOK {
		t.Errorf("a small body beside it: %d %s", a.status, a.body)
	}
	cancel()
	<-ended
	for range 5 { // the five calls' records; the hanging one's is the last to come
		<-g.told
	}
	if held := g.gateway.bodies.held.Load(); held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}
	if a := g.do(g.request(http.MethodPost, "/v1/chat/completions", large("lab-chat"))); a.status != http.StatusOK {
		t.Errorf("a large body alone: %d %.200s", a.status, a.body)
	}
}
