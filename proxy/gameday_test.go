package proxy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// gameConf has providers that exist nowhere and the demo's route between them.
func gameConf() Config {
	provider := func(name, vendor string) Provider {
		return Provider{ID: "p-" + name, Name: name, Vendor: vendor, Keys: []Key{{ID: name + "-k", Name: "key", Secret: Secret("sk-canary-" + name)}}}
	}
	return Config{
		Providers: []Provider{provider("main", "deepseek"), provider("spare", "dashscope")},
		Routes: []Route{{
			ID: "r", Name: "chat", Match: Match{PathPrefix: "/team", Models: []ModelMatch{{Value: "smart"}}},
			Targets: []Target{{Provider: "main", Model: "deepseek-chat"}}, Fallback: []Step{{Targets: []Target{{Provider: "spare", Model: "qwen-max"}}}},
		}},
	}
}

// TestGameDay: a route with a reserve passes every drill, and the drills see
// it when a route does not.
func TestGameDay(t *testing.T) {
	t.Parallel()
	began := time.Now()
	results, err := GameDay{Route: "chat"}.Run(t.Context(), gameConf())
	if err != nil {
		t.Fatal(err)
	}
	want := lab.Text(drillQuestion, drillWords)
	for _, r := range results {
		if !r.Right || len(r.Record) != max(r.Calls, 1) || !r.Own && !r.Complete {
			t.Errorf("%s, stream %v: %s; status %d, complete %v, broken %v, error %q, %d records", r.Fault, r.Stream, r.Why, r.Status, r.Complete, r.Broken, r.Error, len(r.Record))
			continue
		}
		first := r.Record[0].Attempts[0]
		if first.Provider != "main" || first.Injected != r.Fault || r.Complete && len(want) <= 300 && r.Text != want {
			t.Errorf("%s: %+v", r.Fault, first)
		}
		for _, rec := range r.Record {
			for _, at := range rec.Attempts {
				if at.Injected == "" {
					t.Errorf("%s: a real provider was asked: %+v", r.Fault, at)
				}
			}
		}
	}
	if took := time.Since(began); len(results) < 40 || took > 40*time.Second {
		t.Errorf("%d drills in %v", len(results), took)
	}
}

// TestGameDayFindsHoles: what would reach a client wrongly is called wrong.
func TestGameDayFindsHoles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  string
		change func(*Route)
		right  bool
		why    string
	}{
		{"nobody stands in for a refused key", "e401", func(r *Route) { r.On = []string{"429"} }, false, "although another target was there"},
		{"no rescue", "die:n=20", func(r *Route) { r.Failover.NoRescue = true }, false, "although another target was there"},
		{"gives up", "e503", func(r *Route) { r.Failover.Rules = map[string]string{"overloaded": "give_up"} }, false, "although another target was there"},
		{"no reserve", "e503", func(r *Route) { r.Fallback = nil }, true, "no other target"},
		{"no reserve for a broken stream", "die:n=20", func(r *Route) { r.Fallback = nil }, true, "no other target"},
		{"waits for ever", "hang", func(r *Route) { r.Fallback = nil }, false, "within 2s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conf := gameConf()
			tt.change(&conf.Routes[0])
			got, err := GameDay{Route: "chat", Drills: []Drill{{Fault: tt.fault}}, Modes: []bool{true}, Patience: 2 * time.Second}.Run(t.Context(), conf)
			if err != nil || len(got) != 1 || got[0].Right != tt.right || !strings.Contains(got[0].Why, tt.why) {
				t.Errorf("%v %+v", err, got)
			}
		})
	}
	for name, g := range map[string]GameDay{
		"no such route": {Route: "other"},
		"no such fault": {Route: "chat", Drills: []Drill{{Fault: "earthquake"}}},
		"too many":      {Route: "chat", Drills: make([]Drill, 31)},
	} {
		for i := range g.Drills {
			if g.Drills[i].Fault == "" {
				g.Drills[i].Fault = "e503"
			}
		}
		if _, err := g.Run(t.Context(), gameConf()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	conf := gameConf()
	conf.Providers[0].Disabled = true
	if _, err := (GameDay{Route: "chat"}).Run(context.Background(), conf); err == nil || !strings.Contains(err.Error(), "main") {
		t.Errorf("first target switched off: %v", err)
	}
}

// TestGameDayWithRealProviders: the first target is played, the others are asked.
func TestGameDayWithRealProviders(t *testing.T) {
	t.Parallel()
	g := newRig(t, two)
	conf := gameConf()
	conf.Providers[1] = g.provider("spare", "k")
	conf.Routes[0].Fallback[0].Targets[0].Model = "lab-spare"
	got, err := GameDay{Route: "chat", Real: true, Drills: []Drill{{Fault: "e401"}}}.Run(t.Context(), conf)
	if err != nil || len(got) != 2 || !got[0].Right || !got[1].Right || g.asked("spare") != 2 || g.asked("main") != 0 {
		t.Errorf("%v %+v, asked %d", err, got, g.asked("spare"))
	}
}
