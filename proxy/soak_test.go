package proxy

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

// A long soak: go test -race ./proxy -run TestSoak -soak 10m -streams 200.
var (
	soakFor     = flag.Duration("soak", 3*time.Second, "how long TestSoak runs")
	soakStreams = flag.Int("streams", 40, "how many calls TestSoak keeps open at once")
)

// TestSoak sends calls at random faults without end: every answer must be
// exactly the whole one or a clear failure, never mixed, never cut and called
// whole, and nothing may pile up.
func TestSoak(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Timeouts = Timeouts{Headers: 5 * time.Second, FirstToken: 5 * time.Second, Idle: 3 * time.Second}
		hedged := conf.Routes[0]
		hedged.ID, hedged.Name, hedged.Match.Headers = "r2", "hedged", []NameMatch{{Name: "X-Soak", Value: "hedged"}}
		hedged.Failover = Failover{Hedge: 100 * time.Millisecond, OnClientGone: OnGoneDrain, DrainTime: 2 * time.Second}
		conf.Routes = []Route{hedged, conf.Routes[0]}
		return conf
	})
	g.client.Transport = &http.Transport{MaxIdleConnsPerHost: *soakStreams}
	classes := map[llm.Class]int{} // of the calls that failed
	go func() {
		for range g.told {
			g.mu.Lock()
			for _, r := range g.records {
				classes[r.Class]++
			}
			g.records = nil
			g.mu.Unlock()
			for _, key := range []string{"main-k0", "spare-k0"} { // a refused key would end the fun for minutes
				g.gateway.Unbench(key)
			}
		}
	}()
	faults := []string{
		"die", "eof", "half", "stall", "miderr", "reset", "hang", "headers-then-hang", "e429", "e500", "e503", "e401", "html200", "err200",
		"firsterr", "role-then-error", "malformed", "nodone", "dupdone", "afterdone", "gzip", "split", "bom", "comment", "e400", "e400ctx", "trunc",
	}
	want := lab.Text(story, 60)
	var calls, failed, left atomic.Int64
	one := func(r *rand.Rand) {
		stream := r.IntN(4) > 0
		model := "lab-chat"
		if r.IntN(3) > 0 {
			model = "fault-" + faults[r.IntN(len(faults))]
		}
		req := g.request("POST", "/v1/chat/completions", chatBody(model, stream))
		if r.IntN(3) == 0 {
			req.Header.Set("X-Soak", "hedged")
		}
		if r.IntN(20) == 0 { // some leave before they have everything
			ctx, cancel := context.WithTimeout(req.Context(), time.Duration(r.IntN(300))*time.Millisecond)
			defer cancel()
			g.do(req.WithContext(ctx))
			left.Add(1)
			return
		}
		a := g.do(req)
		calls.Add(1)
		switch {
		case a.status == 200 && a.err == nil:
			text, finish := a.text(t)
			if text != want || finish != "stop" || stream && strings.Count(a.body, "[DONE]") != 1 {
				t.Errorf("%s, stream %v: called whole, but %q %q", model, stream, text, finish)
			}
		case a.status == 200 && strings.Contains(a.body, "[DONE]"):
			t.Errorf("%s: broken, but with a [DONE]", model)
		default:
			failed.Add(1)
		}
	}
	for i := range 20 { // connections and pools that stay
		one(rand.New(rand.NewPCG(1, uint64(i)))) //nolint:gosec // the same in every run
	}
	before, heap := runtime.NumGoroutine(), heapInUse()
	end := time.Now().Add(*soakFor)
	var wg sync.WaitGroup
	for n := range *soakStreams {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // the same faults in every run
			for time.Now().Before(end) {
				one(r)
			}
		})
	}
	wg.Wait()
	g.client.CloseIdleConnections()
	g.gateway.transports.close()
	settled := func() bool { runtime.GC(); return runtime.NumGoroutine() <= before+10 }
	for deadline := time.Now().Add(10 * time.Second); !settled() && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before+10 {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	if g.gateway.InFlight() != 0 {
		t.Errorf("%d calls still in flight", g.gateway.InFlight())
	}
	g.gateway.counting.wait()
	g.lab.Reset() // what the rig itself remembers does not count
	g.mu.Lock()
	*g.log = bytes.Buffer{}
	t.Logf("calls by class of failure: %v", classes)
	g.mu.Unlock()
	after := heapInUse()
	if growth := after - heap; growth > 64<<20 {
		t.Errorf("%d MiB in use, %d before", after>>20, heap>>20)
	}
	t.Logf("%d calls, %d of them told of a failure, %d clients left; goroutines %d before, %d after; heap in use %.1f MiB before, %.1f after",
		calls.Load(), failed.Load(), left.Load(), before, runtime.NumGoroutine(), float64(heap)/(1<<20), float64(after)/(1<<20))
}

// heapInUse is the memory that is really in use, in bytes.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what finalizers let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse) //nolint:gosec // far below the sign bit
}
