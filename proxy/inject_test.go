package proxy

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

// TestInject: an injected fault strikes what it fits and nothing else, without
// the vendor being asked; it ends by count, by time and by hand, and nothing of
// it stays.
func TestInject(t *testing.T) {
	g := newRig(t, two)
	now := time.Now()
	at := func(d time.Duration) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.now = func() time.Time { return now.Add(d) }
	}
	at(0)
	ask := func() *Record {
		t.Helper()
		a := g.chat("lab-chat", true)
		if text, _ := a.text(t); a.status != 200 || a.err != nil || text != lab.Text(story, 60) {
			t.Fatalf("%d %v %.300s", a.status, a.err, a.body)
		}
		return g.lastRecord()
	}
	inject := func(i Injection, d time.Duration) string {
		t.Helper()
		i.Provider, i.By = "p-main", "ada"
		set, err := g.gateway.Inject(i, d)
		if err != nil {
			t.Fatal(err)
		}
		return set.ID
	}
	inject(Injection{Fault: "e401", Count: 2}, time.Minute)
	if rec := ask(); rec.Provider != "spare" || rec.Attempts[0].Class != llm.ClassAuth || rec.Attempts[0].Injected != "e401" || g.asked("main") != 0 {
		t.Errorf("%+v", rec.Attempts)
	}
	if state := g.gateway.KeyStates(); state["main-k0"].State != KeyBenched || len(g.gateway.Injections()) != 1 {
		t.Errorf("the gateway does as if it were real: %v", state)
	}
	at(time.Minute)
	if rec := ask(); rec.Provider != "main" || len(g.gateway.KeyStates()) != 0 || len(g.gateway.Injections()) != 0 {
		t.Errorf("after its time: %+v, keys %v", rec.Attempts, g.gateway.KeyStates())
	}
	inject(Injection{Fault: "e500", Count: 1}, 0)
	if rec := ask(); rec.Provider != "main" || len(rec.Attempts) != 2 || len(g.gateway.Injections()) != 0 {
		t.Errorf("once: %+v", rec.Attempts)
	}
	inject(Injection{Fault: "die:n=20", Count: 1}, 0)
	if rec := ask(); !rec.Rescued || rec.Provider != "spare" {
		t.Errorf("broken off: %+v", rec.Attempts)
	}
	inject(Injection{Fault: "e500", Model: "qwen*"}, 0)
	inject(Injection{Fault: "e500", Key: "another"}, 0)
	if rec := ask(); rec.Provider != "main" || len(rec.Attempts) != 1 {
		t.Errorf("it strikes what it does not fit: %+v", rec.Attempts)
	}
	id := inject(Injection{Fault: "e503", Model: "lab-*", Key: "main-k0", Count: 100}, time.Hour)
	for range 3 {
		ask()
	}
	if len(g.gateway.OpenTargets()) != 1 {
		t.Error("the breaker takes no notice")
	}
	if n := g.gateway.EndInjection(id); n != 1 || len(g.gateway.OpenTargets()) != 0 {
		t.Errorf("ended %d, open %v", n, g.gateway.OpenTargets())
	}
	if rec := ask(); rec.Provider != "main" || len(rec.Attempts) != 1 {
		t.Errorf("after its end: %+v", rec.Attempts)
	}
	if n := g.gateway.EndInjection(""); n != 2 {
		t.Errorf("ended %d, want the two that are left", n)
	}
}

func TestInjectIsBounded(t *testing.T) {
	g := New(Options{})
	for name, tt := range map[string]struct {
		i Injection
		d time.Duration
	}{
		"no fault":          {Injection{}, 0},
		"unknown fault":     {Injection{Fault: "earthquake"}, 0},
		"unknown option":    {Injection{Fault: "e503:colour=red"}, 0},
		"too often":         {Injection{Fault: "e503", Count: MaxInjectCount + 1}, 0},
		"less than never":   {Injection{Fault: "e503", Count: -1}, 0},
		"for too long":      {Injection{Fault: "e503"}, MaxInjectFor + 1},
		"for negative time": {Injection{Fault: "e503"}, -1},
	} {
		if i, err := g.Inject(tt.i, tt.d); err == nil {
			t.Errorf("%s: taken as %+v", name, i)
		}
	}
	i, err := g.Inject(Injection{Fault: "e503"}, 0)
	if err != nil || i.Count != DefaultInjectCount || i.Until.Sub(i.Since) != DefaultInjectFor {
		t.Errorf("by default %+v %v", i, err)
	}
	for range maxInjections {
		_, err = g.Inject(Injection{Fault: "e503"}, 0)
	}
	if err == nil || len(g.Injections()) != maxInjections {
		t.Errorf("%d in force, %v", len(g.Injections()), err)
	}
}

// TestSimulatorPlaysTheWall: every fault of the lab comes over the door within
// the process, and ends.
func TestSimulatorPlaysTheWall(t *testing.T) {
	g := New(Options{})
	defer g.Stop()
	skip := map[string]bool{"hang": true, "headers-then-hang": true, "never": true, "bomb": true, "linger": true, "stall": true, "slow-first": true}
	for _, f := range lab.Faults() {
		if skip[f.Name] {
			continue // they take their time; TestGameDay has those that matter
		}
		req := httptest.NewRequestWithContext(t.Context(), "POST", simulatorURL+"/chat/completions", strings.NewReader(chatBody("qwen-max", true)))
		req.RequestURI = ""
		req.Header.Set("Content-Type", "application/json")
		resp, err := g.simulator.play(req, f.Name)
		if err == nil {
			_ = resp.Body.Close()
		}
		if err == nil && strings.HasPrefix(f.Name, "e4") && resp.StatusCode < 400 {
			t.Errorf("%s: %d", f.Name, resp.StatusCode)
		}
	}
	g.Stop()
	if _, err := g.simulator.start(); err == nil {
		t.Error("it starts again after its end")
	}
}
