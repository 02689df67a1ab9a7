package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/lab"
)

// TestRequestsTellWhatHappened: a call that fell over is there with each
// attempt, by the id that the client was given.
func TestRequestsTellWhatHappened(t *testing.T) {
	w := newAdminWorld(t)
	l := lab.New(lab.Options{Pace: -1})
	vendor := httptest.NewServer(l)
	t.Cleanup(vendor.Close)
	gateway := proxy.New(proxy.Options{Recorder: w.recorder})
	snapshot, faults := proxy.Compile(proxy.Config{
		Providers: []proxy.Provider{{ID: "1", Name: "lab", Vendor: "custom", BaseURL: vendor.URL + "/v1", AllowPrivate: true, Keys: []proxy.Key{{ID: "k", Name: "first", Secret: canary}}}},
		Routes: []proxy.Route{{
			ID: "r", Name: "chat", Targets: []proxy.Target{{Provider: "lab", Model: "fault-e404"}},
			Fallback: []proxy.Step{{Targets: []proxy.Target{{Provider: "lab", Model: "lab-chat"}}}},
		}},
	})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	gateway.Load(snapshot)
	r := httptest.NewRequestWithContext(proxy.Trusted(t.Context(), "tester"), post, "http://localhost/v1/chat/completions",
		strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"a secret question"}]}`))
	answer := httptest.NewRecorder()
	gateway.ServeHTTP(answer, r)
	id := answer.Header().Get("X-Request-Id")

	a := w.do(get, "/api/requests/"+id, nil).want(http.StatusOK)
	c := into[Call](a)
	if c.ID != id || c.Consumer != "tester" || c.Route != "chat" || c.Asked != "m" || c.Model != "lab-chat" || c.Status != 200 || c.Tokens == nil || len(c.Attempts) != 2 {
		t.Fatalf("%s", a.body)
	}
	if first := c.Attempts[0]; first.Class != "model_not_found" || first.Status != 404 || first.Key != "first" || first.Message == "" || c.Attempts[1].Class != "" || c.Attempts[1].StartMs <= 0 {
		t.Errorf("attempts %+v", c.Attempts)
	}
	if strings.Contains(string(a.body), "secret question") || strings.Contains(string(a.body), canary) {
		t.Errorf("content or a key in %s", a.body)
	}
	list := into[struct{ Requests []Call }](w.do(get, "/api/requests?limit=5", nil).want(http.StatusOK))
	if len(list.Requests) != 1 || list.Requests[0].ID != id {
		t.Errorf("list %+v", list)
	}
	w.do(get, "/api/requests/req_none", nil).want(http.StatusNotFound)
	w.do(get, "/api/requests?limit=5000", nil).want(http.StatusBadRequest)
}
