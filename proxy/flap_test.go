package proxy

import (
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestFlapping: a target that is down for a while costs the callers nothing and
// is not hammered, and is used again within seconds of coming back.
func TestFlapping(t *testing.T) {
	g := rescueRig(t, "lab-spare", nil)
	now := time.Now()
	at := func(d time.Duration) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.now = func() time.Time { return now.Add(d) }
	}
	const outage, between = 60 * time.Second, 3 * time.Second
	for clock := time.Duration(0); clock < outage; clock += between {
		at(clock)
		g.lab.ClearRules()
		if err := g.lab.SetRule(lab.Rule{Provider: "main", Fault: "e503"}); err != nil {
			t.Fatal(err)
		}
		a := g.chat("lab-chat", clock%2 == 0)
		if text, finish := a.text(t); a.status != 200 || a.err != nil || text != lab.Text(story, 60) || finish != "stop" {
			t.Fatalf("during the outage, at %v: %d %v %q", clock, a.status, a.err, finish)
		}
	}
	if n := g.asked("main"); n > 15 {
		t.Errorf("main was asked %d times during the outage", n)
	}
	g.lab.ClearRules()
	for back := time.Duration(0); back <= 10*time.Second; back += time.Second {
		at(outage + back)
		if a := g.chat("lab-chat", false); a.header.Get("X-Posthouse-Provider") == "main" {
			return
		}
	}
	t.Error("not back on main within 10 s")
}
