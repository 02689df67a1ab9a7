package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy"
)

// TestFailoverIsKept: what is entered over the API comes back from it, reaches
// the data plane, and survives an export.
func TestFailoverIsKept(t *testing.T) {
	w := newAdminWorld(t)
	w.provider("a")
	plain := w.route("plain", "a")
	if on := true; !cmp.Equal(plain.Failover, Failover{Rescue: &on}) || plain.Balance != "weighted" || plain.Affinity != "auto" {
		t.Errorf("by default: %+v", plain)
	}
	body := map[string]any{
		"name": "r", "targets": []any{map[string]any{"provider": "a"}},
		"balance": "fastest", "affinity": "off",
		"failover": map[string]any{
			"rules": map[string]string{"overloaded": "next_target"}, "rescue": false, "ping": "30s",
			"hedge": "1500ms", "on_client_gone": "drain", "drain_time": "1m", "drain_bytes": 4096,
		},
	}
	r := into[Route](w.do(post, "/api/routes", body).want(http.StatusOK))
	rescue := false
	shown := Failover{
		Rules: map[string]string{"overloaded": "next_target"}, Rescue: &rescue, Ping: "30s",
		Hedge: "1.5s", OnClientGone: "drain", DrainTime: "1m", DrainBytes: 4096,
	}
	if diff := cmp.Diff(shown, r.Failover); diff != "" || r.Balance != "fastest" || r.Affinity != "off" {
		t.Error(diff, r.Balance, r.Affinity)
	}
	config, err := w.store.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := proxy.Failover{
		Rules: map[string]string{"overloaded": "next_target"}, NoRescue: true, Ping: 30 * time.Second,
		Hedge: 1500 * time.Millisecond, OnClientGone: proxy.OnGoneDrain, DrainTime: time.Minute, DrainBytes: 4096,
	}
	if diff := cmp.Diff(want, config.Routes[1].Failover); diff != "" || config.Routes[1].Balance != proxy.BalanceFastest || config.Routes[1].Affinity != proxy.AffinityOff {
		t.Error(diff, config.Routes[1])
	}
	text := w.export()
	if !strings.Contains(text, "failover:") || strings.Count(text, "failover:") != 1 {
		t.Errorf("exported as\n%s", text)
	}
	if plan := w.apply(text); len(plan.Changes) != 0 {
		t.Errorf("what was exported changes %+v", plan.Changes)
	}
	plan := w.apply(strings.Replace(text, "ping: 30s", `ping: "off"`, 1))
	if len(plan.Changes) != 1 {
		t.Errorf("changes %+v", plan.Changes)
	}
	if got := into[Route](w.do(get, "/api/routes/"+r.ID, nil).want(200)); got.Failover.Ping != "off" {
		t.Errorf("ping %q", got.Failover.Ping)
	}
}

func TestFailoverIsChecked(t *testing.T) {
	w := newAdminWorld(t)
	w.provider("a")
	tests := map[string]struct {
		failover map[string]any
		at       string
	}{
		"unknown class":   {map[string]any{"rules": map[string]string{"sometimes": "retry"}}, "body.failover.rules.sometimes"},
		"unknown action":  {map[string]any{"rules": map[string]string{"cut": "pray"}}, "body.failover.rules.cut"},
		"no time":         {map[string]any{"ping": "often"}, "body.failover.ping"},
		"too often":       {map[string]any{"ping": "1ms"}, "body.failover.ping"},
		"too seldom":      {map[string]any{"ping": "1h"}, "body.failover.ping"},
		"not a switch":    {map[string]any{"rescue": "no"}, "body.failover.rescue"},
		"hedged at once":  {map[string]any{"hedge": "1ms"}, "body.failover.hedge"},
		"hedged for ever": {map[string]any{"hedge": "1h"}, "body.failover.hedge"},
		"gone where?":     {map[string]any{"on_client_gone": "sulk"}, "body.failover.on_client_gone"},
		"endless drain":   {map[string]any{"drain_time": "100h"}, "body.failover.drain_time"},
		"huge drain":      {map[string]any{"drain_bytes": 1 << 40}, "body.failover.drain_bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w.do(post, "/api/routes", map[string]any{
				"name": "r", "targets": []any{map[string]any{"provider": "a"}}, "failover": tt.failover,
			}).want(400).at(tt.at)
		})
	}
	for _, field := range []string{"balance", "affinity"} {
		w.do(post, "/api/routes", map[string]any{"name": "r", "targets": []any{map[string]any{"provider": "a"}}, field: "luck"}).want(400).at("body." + field)
		_, err := Apply(t.Context(), w.store, fmt.Appendf(nil, "routes: [{name: r, targets: [{provider: a}], %s: luck}]", field), ApplyOptions{})
		if err == nil || !strings.Contains(err.Error(), "routes[0]."+field) {
			t.Errorf("%s in a document: %v", field, err)
		}
	}
}

// TestOpenTargetsAreShown: a target that failed too often is named in the
// status and with its provider.
func TestOpenTargetsAreShown(t *testing.T) {
	w := newAdminWorld(t)
	broken := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		http.Error(rw, `{"error":{"message":"down"}}`, http.StatusBadGateway)
	}))
	t.Cleanup(broken.Close)
	p := into[Provider](w.do(post, "/api/providers", map[string]any{
		"name": "a", "vendor": "custom", "base_url": broken.URL + "/v1", "allow_private": true, "models": []string{"m"},
		"keys": []any{map[string]any{"name": "main", "value": canary}},
	}).want(200))
	if s := into[Status](w.do(get, "/api/status", nil).want(200)); len(s.OpenTargets) != 0 || len(p.OpenTargets) != 0 || p.OpenTargets == nil {
		t.Errorf("open before anything failed: %+v", s.OpenTargets)
	}
	for range 30 {
		w.do(post, playgroundPath, map[string]any{"model": "m", "messages": []any{map[string]any{"role": "user", "content": "hi"}}})
		if len(w.gateway.OpenTargets()) > 0 {
			break
		}
	}
	s := into[Status](w.do(get, "/api/status", nil).want(200))
	if len(s.OpenTargets) != 1 || s.OpenTargets[0].Provider != "a" || s.OpenTargets[0].Model != "m" ||
		s.OpenTargets[0].Class == "" || s.OpenTargets[0].NextProbe.IsZero() {
		t.Fatalf("open: %+v", s.OpenTargets)
	}
	got := into[Provider](w.do(get, "/api/providers/"+p.ID, nil).want(200))
	if diff := cmp.Diff(s.OpenTargets, got.OpenTargets); diff != "" {
		t.Error(diff)
	}
}
