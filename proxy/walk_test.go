package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

// scripted is a vendor that does what it is told.
func scripted(t *testing.T, serve http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

// TestLargerContext: a prompt that is too long for one model goes on to one
// whose context is known to be larger, and to no other.
func TestLargerContext(t *testing.T) {
	tests := []struct {
		name   string
		models []string // of targets at main, which refuses all but the last, and in fallback steps
		on     []string
		asked  []string
		status int
	}{
		{"the next is larger", []string{"qwen-max", "qwen3-max"}, nil, []string{"qwen-max", "qwen3-max"}, 200},
		{"the next is smaller, the one after larger", []string{"deepseek-chat", "qwen-max", "qwen3-max"}, nil, []string{"deepseek-chat", "qwen3-max"}, 200},
		{"the next is smaller", []string{"qwen3-max", "qwen-max"}, nil, []string{"qwen3-max"}, 400},
		{"nothing is known of the next", []string{"qwen-max", "lab-x"}, nil, []string{"qwen-max"}, 400},
		{"the same model elsewhere", []string{"qwen-max", "qwen-max"}, []string{"context_length"}, []string{"qwen-max"}, 400},
		{"the route wants it", []string{"qwen-max", "lab-x"}, []string{"context_length"}, []string{"qwen-max", "lab-x"}, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			vendor := httptest.NewServer(lab.New(lab.Options{Pace: -1, Any: true, Asked: true}))
			t.Cleanup(vendor.Close)
			g := newRig(t, func(g *rig) Config {
				conf := Config{Routes: []Route{{ID: "r", Name: "r", On: tt.on}}}
				for i, model := range tt.models {
					p := g.provider(fmt.Sprintf("p%d", i), "k")
					p.Vendor, p.BaseURL = "dashscope", vendor.URL+"/v1"
					if strings.HasPrefix(model, "deepseek") {
						p.Vendor = "deepseek"
					}
					if i < len(tt.models)-1 {
						p.Headers = map[string]string{lab.FaultHeader: "e400ctx"}
					}
					conf.Providers = append(conf.Providers, p)
					target := []Target{{Provider: p.Name, Model: model}}
					if i == 0 {
						conf.Routes[0].Targets = target
						continue
					}
					conf.Routes[0].Fallback = append(conf.Routes[0].Fallback, Step{Targets: target})
				}
				return conf
			})
			a := g.chat("any", false)
			rec := g.lastRecord()
			var asked []string
			for _, at := range rec.Attempts {
				asked = append(asked, at.Model)
			}
			if strings.Join(asked, " ") != strings.Join(tt.asked, " ") || a.status != tt.status {
				t.Errorf("asked %v, status %d; want %v, %d", asked, a.status, tt.asked, tt.status)
			}
			if len(asked)+len(rec.Skipped) != len(tt.models) {
				t.Errorf("skipped %v", rec.Skipped)
			}
		})
	}
}

// TestAbsentModel: a target that does not have the model is not asked for it
// again for a while, unless there is nobody else.
func TestAbsentModel(t *testing.T) {
	g := newRig(t, two)
	now := time.Now()
	g.now = func() time.Time { return now }
	for range 3 {
		if a := g.chat("fault-e404", false); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := g.asked("main"); n != 1 {
		t.Errorf("main was asked %d times for what it does not have", n)
	}
	if a := g.chat("lab-chat", false); a.header.Get("X-Posthouse-Provider") != "main" {
		t.Error("another model suffers from it")
	}
	g.mu.Lock()
	g.now = func() time.Time { return now.Add(absentFor) }
	g.mu.Unlock()
	g.chat("fault-e404", false)
	if n := g.asked("main"); n != 3 {
		t.Errorf("main was asked %d times, it is time to ask again", n)
	}
	alone := newRig(t, one)
	for range 2 {
		alone.chat("main/fault-e404", false)
	}
	if n := alone.asked("main"); n != 2 {
		t.Errorf("asked %d times: the only target is always asked", n)
	}
}

// TestLaterStep: a failure that one step does not stand in for may be another's.
func TestLaterStep(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers = append(conf.Providers, g.provider("third", "k"))
		conf.Routes[0].Fallback = []Step{
			{Targets: []Target{{Provider: "spare", Model: "lab-spare"}}, On: []string{"timeout"}},
			{Targets: []Target{{Provider: "third", Model: "lab-third"}}, On: []string{"auth"}},
		}
		return conf
	})
	a := g.chat("fault-e401", false)
	rec := g.lastRecord()
	if a.status != 200 || rec.Provider != "third" || g.asked("spare") != 0 || len(rec.Skipped) != 1 || !strings.Contains(rec.Skipped[0].Why, "auth") {
		t.Errorf("%d, by %s, skipped %v", a.status, rec.Provider, rec.Skipped)
	}
}

// TestOverloadedSaysWhen: the pause before a retry is at least what the vendor
// asks for, and a target that asks for too much is left.
func TestOverloadedSaysWhen(t *testing.T) {
	for after, asked := range map[int]int{2: 3, 60: 1} {
		g := newRig(t, two)
		g.chat(fmt.Sprintf("fault-e503:retry_after=%d", after), false)
		if n := g.asked("main"); n != asked {
			t.Errorf("Retry-After %d s: asked %d times, want %d", after, n, asked)
		}
		for _, d := range g.slept {
			if d < time.Duration(after)*time.Second {
				t.Errorf("slept %v", d)
			}
		}
	}
}

// TestRetryBudget: when everything fails, only some calls try again.
func TestRetryBudget(t *testing.T) {
	var l loads
	k := breakerKey{"p", "m"}
	var visits []*visit
	allowed := 0
	for range 100 {
		visits = append(visits, l.enter(k))
	}
	for _, v := range visits {
		first, again := v.retry(), v.retry()
		if first != again {
			t.Fatal("a call that may retry may not do so twice")
		}
		if first {
			allowed++
		}
	}
	if allowed != 100/retryShare {
		t.Errorf("%d of 100 may retry", allowed)
	}
	for _, v := range visits {
		v.leave()
	}
	if got := l.of(k); got.inFlight.Load() != 0 || got.retrying.Load() != 0 {
		t.Errorf("left behind: %d calls, %d retries", got.inFlight.Load(), got.retrying.Load())
	}
	if v := l.enter(k); !v.retry() {
		t.Error("a single call may not retry")
	}
}

// TestSickKey: a key that keeps failing where another of the same provider does
// not is left alone.
func TestSickKey(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		return Config{Providers: []Provider{g.provider("main", "sk-sick-canary", "sk-well-canary")}}
	})
	if err := g.lab.SetRule(lab.Rule{Key: "sk-sick-canary", Fault: "e500"}); err != nil {
		t.Fatal(err)
	}
	sick := func() (n int) {
		for _, c := range g.lab.Calls() {
			if c.Key == "sk-sick-canary" {
				n++
			}
		}
		return n
	}
	for range 60 {
		g.chat("lab-chat", false)
	}
	before := sick()
	if before < breakRow {
		t.Fatalf("the sick key was used only %d times: %v", before, g.gateway.keyBreakers.open())
	}
	for range 30 {
		if a := g.chat("lab-chat", false); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := sick() - before; n > 1 {
		t.Errorf("the sick key was used %d times more", n)
	}
}

// TestProbeOfLongStream: a target is back when its answer begins, not when it
// ends.
func TestProbeOfLongStream(t *testing.T) {
	release, down := make(chan struct{}), atomic.Bool{}
	down.Store(true)
	url := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "{}", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers[0].BaseURL = url
		return conf
	})
	for range breakRow {
		g.chat("m", false)
	}
	if len(g.gateway.OpenTargets()) != 1 {
		t.Fatalf("open: %v", g.gateway.OpenTargets())
	}
	down.Store(false)
	later := time.Now().Add(breakProbe)
	g.mu.Lock()
	g.now = func() time.Time { return later }
	g.mu.Unlock()
	resp, err := g.client.Do(g.request("POST", "/v1/chat/completions", chatBody("m", true)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	buf := make([]byte, 10)
	if _, err := resp.Body.Read(buf); err != nil {
		t.Fatal(err)
	}
	if open := g.gateway.OpenTargets(); len(open) != 0 {
		t.Errorf("still open while the probe's answer is coming: %v", open)
	}
	close(release)
}

// TestTwoMalformedEvents: one is skipped, with two the answer is damaged and
// somebody else goes on.
func TestTwoMalformedEvents(t *testing.T) {
	words := strings.Fields(lab.Text(story, 60))
	url := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i, word := range words[:30] {
			if i == 10 || i == 29 {
				fmt.Fprint(w, "data: {\"choices\":[{\"del\n\n")
			}
			fmt.Fprintf(w, "data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", word+" ")
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers[0].BaseURL = url
		return conf
	})
	a := g.chat("m", true)
	rec := g.lastRecord()
	if text, _ := a.text(t); a.err != nil || text != lab.Text(story, 60) || !rec.Rescued {
		t.Errorf("%v %q, rescued: %v", a.err, text, rec.Rescued)
	}
	if at := rec.Attempts[0]; at.Class != llm.ClassMalformed || at.Malformed != 2 || !rec.Attempts[1].Resumed {
		t.Errorf("attempts %+v", rec.Attempts)
	}
}
