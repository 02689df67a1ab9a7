package proxy

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

// hedging has a route from any model to main, with spare and third as its
// fallbacks, that asks a second target after 50 ms.
func hedging(g *rig) Config {
	conf := two(g)
	conf.Providers = append(conf.Providers, g.provider("third", "k3"))
	conf.Routes[0].Fallback = append(conf.Routes[0].Fallback, Step{Targets: []Target{{Provider: "third", Model: "lab-third:words=60"}}})
	conf.Routes[0].Failover.Hedge = 50 * time.Millisecond
	return conf
}

// TestHedge: a target that has not begun to answer gets company, the first that
// begins goes on alone, and everything is on record.
func TestHedge(t *testing.T) {
	type want struct {
		by      string
		classes []llm.Class // of the attempts
		rescued bool
	}
	outrun := llm.ClassOutrun
	tests := []struct {
		name, main, spare string // faults; empty: none
		want              want
	}{
		{"main is quick", "", "", want{"main", []llm.Class{""}, false}},
		{"main is silent", "hang", "", want{"spare", []llm.Class{outrun, ""}, false}},
		{"main sends headers only", "headers-then-hang", "", want{"spare", []llm.Class{outrun, ""}, false}},
		{"main is slow, spare slower", "slow-first:after=150ms", "hang", want{"main", []llm.Class{"", outrun}, false}},
		{"main is slow, spare fails", "slow-first:after=250ms", "e401", want{"main", []llm.Class{"", llm.ClassAuth}, false}},
		{"main fails before", "e401", "", want{"spare", []llm.Class{llm.ClassAuth, ""}, false}},
		{"main fails while spare runs", "slow-first:after=100ms,head=no", "slow-first:after=300ms", want{"", nil, false}},
		{"the winner breaks off", "hang", "die:n=20", want{"main", nil, true}},
	}
	for _, tt := range tests {
		for _, stream := range []bool{true, false} {
			if !stream && (tt.main == "headers-then-hang" || tt.want.rescued) {
				continue
			}
			t.Run(fmt.Sprintf("%s stream=%v", tt.name, stream), func(t *testing.T) {
				t.Parallel()
				g := newRig(t, hedging)
				for provider, fault := range map[string]string{"main": tt.main, "spare": tt.spare} {
					rule := lab.Rule{Provider: provider, Fault: fault}
					if tt.want.rescued && provider == "main" {
						rule.Count = 1 // the second time it is well
					}
					if fault == "" {
						continue
					}
					if err := g.lab.SetRule(rule); err != nil {
						t.Fatal(err)
					}
				}
				began := time.Now()
				body := chatBody("lab-chat:words=60", stream)
				if stream {
					body = body[:len(body)-1] + `,"stream_options":{"include_usage":true}}`
				}
				a := g.do(g.request("POST", "/v1/chat/completions", body))
				rec := g.lastRecord()
				if text, finish := a.text(t); a.status != 200 || a.err != nil || text != lab.Text(story, 60) || finish != "stop" {
					t.Fatalf("%d %v %q %q %s", a.status, a.err, text, finish, rec.Message)
				}
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("took %v", took)
				}
				var classes []llm.Class
				hedges := 0
				for _, at := range rec.Attempts {
					classes = append(classes, at.Class)
					if at.Hedge {
						hedges++
					}
					if at.Class == outrun && (at.Usage.Input == 0 || at.Usage.InputFrom != llm.FromEstimates) {
						t.Errorf("what the loser cost is not noted: %+v", at)
					}
				}
				if tt.want.by != "" && rec.Provider != tt.want.by || tt.want.classes != nil && !slices.Equal(classes, tt.want.classes) || rec.Rescued != tt.want.rescued {
					t.Errorf("answered by %s, rescued %v, attempts %v", rec.Provider, rec.Rescued, classes)
				}
				if hedges > 1 || slices.Contains(classes, outrun) != (hedges == 1 && !slices.Contains(classes, llm.ClassAuth)) {
					t.Errorf("%d hedges among %v", hedges, classes)
				}
				if len(g.gateway.OpenTargets()) != 0 || len(g.gateway.KeyStates()) > 1 {
					t.Errorf("a target or key is blamed for losing: %v %v", g.gateway.OpenTargets(), g.gateway.KeyStates())
				}
			})
		}
	}
}

// TestHedgeLoserIsCalledOff: the vendor sees at once that nobody waits.
func TestHedgeLoserIsCalledOff(t *testing.T) {
	gone := make(chan struct{})
	url := scripted(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body) // the server sees a client leave only then
		<-r.Context().Done()
		close(gone)
	})
	g := newRig(t, func(g *rig) Config {
		conf := hedging(g)
		conf.Providers[0].BaseURL = url
		return conf
	})
	if a := g.chat("m", true); a.status != 200 || a.header.Get("X-Posthouse-Attempts") != "2" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	select {
	case <-gone:
	case <-time.After(2 * time.Second):
		t.Error("the loser goes on")
	}
	for _, k := range []breakerKey{{"p-main", "m"}, {"p-spare", "lab-spare:words=60"}} {
		if n := g.gateway.loads.of(k).inFlight.Load(); n != 0 {
			t.Errorf("%d calls are still at %v", n, k)
		}
	}
}

// TestHedgeOfManyCalls runs hedges side by side: none may hear another's answer.
func TestHedgeOfManyCalls(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := hedging(g)
		conf.Routes[0].Failover.Hedge = time.Millisecond
		return conf
	})
	done := make(chan error, 60)
	for i := range cap(done) {
		go func() {
			a := g.chat(fmt.Sprintf("lab-chat:words=60,pace=%dus", i*10), i%3 > 0)
			if text, _ := a.text(t); a.status != 200 || a.err != nil || text != lab.Text(story, 60) {
				done <- fmt.Errorf("%d %w %q", a.status, a.err, text)
				return
			}
			done <- nil
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
