package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/alert"
)

func TestMetricsAreForThoseWhoMayReadThem(t *testing.T) {
	w := newAdminWorld(t)
	bare := func(header http.Header) *reply { return w.send(get, metricsPath, nil, header) }
	token := func(value string) http.Header { return http.Header{"Authorization": {"Bearer " + value}} }

	bare(nil).want(http.StatusNotFound)
	first := into[Metrics](w.do(put, "/api/settings/metrics", map[string]any{"enabled": true, "consumers": true}).want(http.StatusOK))
	bare(nil).want(http.StatusUnauthorized)
	bare(token("phm-guess")).want(http.StatusUnauthorized)
	bare(http.Header{"Cookie": {cookieName + "=" + w.cookie}}).want(http.StatusUnauthorized) // a session is for people

	made := into[map[string]string](w.do(post, "/api/settings/metrics/token", map[string]any{}).want(http.StatusOK))
	w.metrics.Record(&proxy.Record{Op: "chat", Provider: "main", Model: "m", Status: 200, Consumer: "team-a"})
	got := bare(token(made["token"])).want(http.StatusOK)
	if text := string(got.body); !strings.Contains(text, `posthouse_requests_total{error_type="",gen_ai_provider_name="main"`) || !strings.Contains(text, "team-a") || !strings.Contains(text, "go_goroutines") {
		t.Errorf("%s", bounded(text, 500))
	}
	named := token(made["token"])
	named.Set("Host", "prometheus-knows-it-as-this:8001")
	bare(named).want(http.StatusOK)
	w.send(get, "/api/settings", nil, token(made["token"])).want(http.StatusUnauthorized) // it opens nothing else

	again := into[map[string]string](w.do(post, "/api/settings/metrics/token", map[string]any{}).want(http.StatusOK))
	bare(token(made["token"])).want(http.StatusUnauthorized)
	bare(token(again["token"])).want(http.StatusOK)

	now := into[Metrics](w.do(get, "/api/settings/metrics", nil).want(http.StatusOK))
	if strings.Contains(fmt.Sprint(now), again["token"]) || now.TokenHint == "" || now.Version == first.Version {
		t.Errorf("shown %+v", now)
	}
	w.do(put, "/api/settings/metrics", map[string]any{"enabled": true, "allow": []string{"127.0.0.0/8", "::1"}, "version": now.Version}).want(http.StatusOK)
	bare(nil).want(http.StatusOK)
	bare(http.Header{"X-Forwarded-For": {"127.0.0.1"}}).want(http.StatusUnauthorized) // a reverse proxy here speaks for anyone
	w.do(put, "/api/settings/metrics", map[string]any{"enabled": true, "allow": []string{"10.0.0.0/33"}, "version": now.Version + 1}).want(http.StatusBadRequest).at("body.allow[0]")
	door := httptest.NewServer(w.gateway)
	t.Cleanup(door.Close)
	if resp, err := http.Get(door.URL + metricsPath); err != nil || resp.StatusCode == http.StatusOK {
		t.Errorf("the proxy's door: %v, %v", resp, err)
	}
}

func TestTracingSettingsKeepTheirSecrets(t *testing.T) {
	w := newAdminWorld(t)
	var mu sync.Mutex
	seen := http.Header{}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = r.Header.Clone()
	}))
	t.Cleanup(collector.Close)
	spec := map[string]any{"enabled": true, "endpoint": collector.URL, "headers": map[string]string{"X-Token": canary}, "sample": 500}
	w.do(put, "/api/settings/tracing", spec).want(http.StatusOK)
	shown := w.do(get, "/api/settings/tracing", nil).want(http.StatusOK)
	if strings.Contains(string(shown.body), canary) || !strings.Contains(string(shown.body), kept) {
		t.Errorf("shown %s", shown.body)
	}
	spec["headers"], spec["version"] = map[string]string{"X-Token": kept}, into[Tracing](shown).Version
	w.do(put, "/api/settings/tracing", spec).want(http.StatusOK)
	w.traces.Record(&proxy.Record{Op: "chat", Start: time.Now(), Trace: proxy.Trace{ID: [16]byte{1}, Span: [8]byte{1}, Sampled: true}})
	w.traces.Close()
	mu.Lock()
	defer mu.Unlock()
	if seen.Get("X-Token") != canary {
		t.Errorf("the collector was sent %v", seen)
	}
	spec["headers"], spec["version"] = map[string]string{"X-Other": kept}, 2
	w.do(put, "/api/settings/tracing", spec).want(http.StatusBadRequest).at("body.headers.X-Other")
	for _, endpoint := range []string{"", "localhost:4318", "ftp://x", "http://user:pass@x"} {
		w.do(put, "/api/settings/tracing", map[string]any{"enabled": true, "endpoint": endpoint, "version": 2}).want(http.StatusBadRequest).at("body.endpoint")
	}
	revisions := w.do(get, "/api/revisions", nil).want(http.StatusOK)
	if strings.Contains(string(revisions.body), canary) || strings.Contains(w.log.String(), canary) {
		t.Error("the header's value is in the revisions or the log")
	}
}

func TestAlertsAreSetTestedAndListed(t *testing.T) {
	w := newAdminWorld(t)
	var mu sync.Mutex
	var got []string
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.URL.String()+" "+string(body))
		fmt.Fprint(rw, `{"errcode":0}`)
	}))
	t.Cleanup(hook.Close)
	address := hook.URL + "/robot/send?access_token=" + canary
	channel := map[string]any{"name": "ops", "kind": "dingtalk", "url": address, "secret": "SEC-" + canary, "allow_private": true}
	tested := into[map[string]any](w.do(post, "/api/alerts/test", map[string]any{"channel": channel, "language": "en"}).want(http.StatusOK))
	if tested["ok"] != true || len(got) != 1 || !strings.Contains(got[0], "This is a test") || !strings.Contains(got[0], "sign=") {
		t.Fatalf("tested %v, the hook got %v", tested, got)
	}
	guarded := map[string]any{"name": "x", "kind": "slack", "url": address}
	if refused := into[map[string]any](w.do(post, "/api/alerts/test", map[string]any{"channel": guarded}).want(http.StatusOK)); refused["ok"] == true || strings.Contains(fmt.Sprint(refused), canary) {
		t.Errorf("a private address: %v", refused)
	}
	rules := map[string]any{"budget": map[string]any{"amount": "12.5"}, "provider_down": map[string]any{"for": "2m"}, "key_out": map[string]any{"enabled": false}, "remind": "off"}
	w.do(put, "/api/settings/alerts", map[string]any{"enabled": true, "language": "en", "channels": []any{channel}, "rules": rules}).want(http.StatusOK)
	shown := w.do(get, "/api/settings/alerts", nil).want(http.StatusOK)
	text := string(shown.body)
	if strings.Contains(text, canary) || !strings.Contains(text, hook.URL+"/"+kept) || !strings.Contains(text, `"amount":"12.5"`) || !strings.Contains(text, `"remind":"off"`) {
		t.Errorf("shown %s", text)
	}
	spec := into[map[string]any](shown)
	w.do(put, "/api/settings/alerts", spec).want(http.StatusOK) // what was shown can be sent back
	row, err := w.store.Alerts(t.Context())
	if err != nil || row.Channels[0].URL.Reveal() != address || row.Channels[0].Secret.Reveal() != "SEC-"+canary || row.Rules.Budget.Nano != 12_500_000_000 || !row.Rules.KeyOut.Off {
		t.Errorf("kept %+v, %v", row, err)
	}
	for path, bad := range map[string]map[string]any{
		"body.channels[0].url":          {"channels": []any{map[string]any{"name": "new", "kind": "slack", "url": "https://x/" + kept}}},
		"body.channels[0].name":         {"channels": []any{map[string]any{"name": "", "kind": "slack", "url": "https://x"}}},
		"body.rules.budget.amount":      {"channels": []any{}, "rules": map[string]any{"budget": map[string]any{"amount": "much"}}},
		"body.rules.provider_down.for":  {"channels": []any{}, "rules": map[string]any{"provider_down": map[string]any{"for": "soon"}}},
		"body.rules.error_rate.percent": {"channels": []any{}, "rules": map[string]any{"error_rate": map[string]any{"percent": 101}}},
	} {
		bad["enabled"], bad["version"] = true, 2
		w.do(put, "/api/settings/alerts", bad).want(http.StatusBadRequest).at(path)
	}

	for _, e := range []alert.Event{
		{At: time.Unix(100, 0), Rule: alert.RuleDiskLow, Subject: "data folder", State: alert.Fired, Message: "low"},
		{At: time.Unix(200, 0), Rule: alert.RuleDiskLow, Subject: "data folder", State: alert.Resolved, Message: "low"},
		{At: time.Unix(300, 0), Rule: alert.RuleKeyOut, Subject: "main/k", State: alert.Fired, Message: "out", Problem: "ops: no"},
	} {
		if err := w.store.SaveAlert(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	listed := into[map[string][]map[string]any](w.do(get, "/api/alerts?limit=2", nil).want(http.StatusOK))
	if len(listed["events"]) != 2 || listed["events"][0]["subject"] != "main/k" || listed["events"][0]["problem"] != "ops: no" {
		t.Errorf("listed %v", listed)
	}
	open, err := w.store.OpenAlerts(t.Context())
	if err != nil || len(open) != 1 || open[0].Rule != alert.RuleKeyOut {
		t.Errorf("open %v, %v", open, err)
	}
	if strings.Contains(w.log.String(), canary) {
		t.Error("a token is in the log")
	}
	revisions := w.do(get, "/api/revisions", nil).want(http.StatusOK)
	if strings.Contains(string(revisions.body), canary) {
		t.Error("a token is in the revisions")
	}
}
