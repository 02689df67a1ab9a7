package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestInjectedFaults: a fault that is put in front of a provider strikes, is
// seen wherever an admin looks, is on record, and ends.
func TestInjectedFaults(t *testing.T) {
	w := newAdminWorld(t)
	main, spare := w.labProvider("main"), w.labProvider("spare")
	w.do(post, "/api/routes", map[string]any{
		"name": "r", "targets": []any{map[string]any{"provider": "main"}},
		"fallback": []any{map[string]any{"targets": []any{map[string]any{"provider": "spare"}}}},
	}).want(200)
	ask := func() string {
		t.Helper()
		return w.do(post, playgroundPath, map[string]any{"model": "lab-chat", "messages": []any{map[string]any{"role": "user", "content": "hi"}}}).want(200).header.Get("X-Posthouse-Provider")
	}
	set := into[InjectedFault](w.do(post, "/api/providers/"+main.ID+"/faults", map[string]any{"fault": "e401", "count": 3, "for": "30s"}).want(200))
	if set.Count != 3 || set.Until.Sub(set.Since) != 30*time.Second || set.By != adminName || set.Provider != "main" {
		t.Errorf("set %+v", set)
	}
	if by := ask(); by != "spare" {
		t.Errorf("answered by %s", by)
	}
	status := into[Status](w.do(get, "/api/status", nil).want(200))
	if len(status.Faults) != 1 || status.Faults[0].Used != 1 || !strings.Contains(warningCodes(status.Warnings), "faults_injected") {
		t.Errorf("status %+v", status)
	}
	w.do(del, "/api/faults/"+set.ID, nil).want(200)
	w.do(del, "/api/faults/"+set.ID, nil).want(404)
	if by := ask(); by != "main" {
		t.Errorf("answered by %s after its end", by)
	}
	w.do(post, "/api/providers/"+spare.ID+"/faults", map[string]any{"fault": "e503"}).want(200)
	w.do(post, "/api/providers/"+main.ID+"/faults", map[string]any{"fault": "hang", "key": main.Keys[0].ID, "model": "lab-*"}).want(200)
	if out := into[struct{ Ended int }](w.do(del, "/api/faults", nil).want(200)); out.Ended != 2 {
		t.Errorf("ended %d", out.Ended)
	}
	list := into[struct {
		Active []InjectedFault
		Known  []KnownFault
	}](w.do(get, "/api/faults", nil).want(200))
	if len(list.Active) != 0 || len(list.Known) < 70 {
		t.Errorf("%d active, %d known", len(list.Active), len(list.Known))
	}
	revisions := into[struct{ Revisions []Revision }](w.do(get, "/api/revisions", nil).want(200)).Revisions
	var said []string
	for _, r := range revisions[:5] {
		said = append(said, r.Summary)
		if r.Actor.Name != adminName || r.Items[0].Kind != "fault" {
			t.Errorf("revision %+v", r)
		}
	}
	if all := strings.Join(said, "\n"); strings.Count(all, "inject ") != 3 || strings.Count(all, "end injected ") != 2 {
		t.Errorf("on record:\n%s", all)
	}
	for field, body := range map[string]map[string]any{
		"body.fault": {"fault": "earthquake"},
		"body.for":   {"fault": "e503", "for": "10h"},
		"body.key":   {"fault": "e503", "key": "k"},
		"body.count": {"fault": "e503", "count": 1_000_000},
	} {
		if got := w.do(post, "/api/providers/"+main.ID+"/faults", body); got.status < 400 || got.status >= 500 {
			t.Errorf("%s: %d", field, got.status)
		}
	}
	w.do(post, "/api/providers/nobody/faults", map[string]any{"fault": "e503"}).want(404)
}

// TestGameDay: an admin sees fault by fault what a client would have seen.
func TestGameDay(t *testing.T) {
	w := newAdminWorld(t)
	main := w.labProvider("main")
	w.labProvider("spare")
	r := into[Route](w.do(post, "/api/routes", map[string]any{
		"name": "r", "targets": []any{map[string]any{"provider": "main"}},
		"fallback": []any{map[string]any{"targets": []any{map[string]any{"provider": "spare"}}}},
	}).want(200))
	path := "/api/routes/" + r.ID + "/gameday"
	day := into[GameDay](w.do(post, path, map[string]any{"faults": []string{"e503", "die:n=20", "e400ctx"}, "mode": "stream"}).want(200))
	if day.Right != 3 || day.Wrong != 0 || len(day.Results) != 3 || day.Real {
		t.Fatalf("%+v", day)
	}
	for i, want := range []DrillClient{{Status: 200, Complete: true}, {Status: 200, Complete: true}, {Status: 400}} {
		d := day.Results[i]
		if d.Client.Status != want.Status || d.Client.Complete != want.Complete || len(d.Timeline) != len(d.Attempts) || d.Attempts[0].Injected == "" {
			t.Errorf("%s: %+v", d.Fault, d)
		}
	}
	if d := day.Results[1]; !d.Rescued || len(d.Attempts) != 2 || !d.Attempts[1].Resumed {
		t.Errorf("broken off: %+v", d)
	}
	if n := len(w.gateway.OpenTargets()) + len(w.gateway.KeyStates()); n != 0 {
		t.Errorf("the gateway in service noticed: %d", n)
	}
	before := len(into[struct{ Revisions []Revision }](w.do(get, "/api/revisions", nil).want(200)).Revisions)
	played := into[GameDay](w.do(post, path, map[string]any{"faults": []string{"e401"}, "mode": "whole", "real": true, "model": "lab-chat"}).want(200))
	if !played.Real || played.Right != 1 || played.Results[0].Attempts[1].Injected != "" || played.Model != "lab-chat" {
		t.Errorf("with real targets: %+v", played)
	}
	if after := len(into[struct{ Revisions []Revision }](w.do(get, "/api/revisions", nil).want(200)).Revisions); after != before+1 {
		t.Error("a game day with real providers is not on record")
	}
	w.do(post, path, map[string]any{"patience": "10m"}).want(400).at("body.patience")
	w.do(post, path, map[string]any{"faults": []string{"earthquake"}}).want(http.StatusUnprocessableEntity)
	w.do(post, "/api/routes/nobody/gameday", map[string]any{}).want(404)
	w.do(post, "/api/providers/"+main.ID+"/faults", map[string]any{"fault": "e503"}).want(200)
}

func TestTimeline(t *testing.T) {
	got := timeline([]Attempt{
		{Provider: "main", Class: "cut", StartMs: 0, FirstMs: 250, DurationMs: 500},
		{Provider: "spare", StartMs: 500, FirstMs: 100, DurationMs: 500},
		{Provider: "late", Class: "auth", StartMs: 1000, DurationMs: 0.1},
	}, 1000)
	want := []string{
		"│──────────━━━━━━━━━━                    │ main cut, from 0.0 to 0.5 s",
		"│                    ────━━━━━━━━━━━━━━━━│ spare ok, from 0.5 to 1.0 s",
		"│                                       ─│ late auth, from 1.0 to 1.0 s",
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("\ngot  %s\nwant %s", got[i], want[i])
		}
	}
}

// labProvider makes a provider that leads to a fake vendor of its own.
func (w *world) labProvider(name string) Provider {
	w.t.Helper()
	front := httptest.NewServer(lab.New(lab.Options{Pace: -1}))
	w.t.Cleanup(front.Close)
	return into[Provider](w.do(post, "/api/providers", map[string]any{
		"name": name, "vendor": "custom", "base_url": front.URL + "/v1", "allow_private": true,
		"keys": []any{map[string]any{"name": "k", "value": canary}},
	}).want(200))
}

// warningCodes lists the codes of warnings.
func warningCodes(list []Warning) string {
	var codes []string
	for _, w := range list {
		codes = append(codes, w.Code)
	}
	return strings.Join(codes, " ")
}
