package proxy

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// TestAttemptClocks: an attempt's record says where its time went.
func TestAttemptClocks(t *testing.T) {
	g := newRig(t, one)
	g.chat("lab-chat", false)
	first := g.lastRecord().Attempts[0]
	if first.Reused || first.Connect <= 0 || first.TLS != 0 || first.Headers < first.Connect || first.BytesOut != int64(len(chatBody("lab-chat", false))) || first.BytesIn == 0 || first.VendorID == "" {
		t.Errorf("first %+v", first)
	}
	g.chat("lab-chat", false)
	if second := g.lastRecord().Attempts[0]; !second.Reused || second.Connect != 0 {
		t.Errorf("second %+v", second)
	}
	g.chat("fault-stall:n=5,for=150ms", true)
	if at := g.lastRecord().Attempts[0]; at.Idle < 140*time.Millisecond || at.Idle > time.Second || at.First >= at.Duration || at.First < at.Headers {
		t.Errorf("with a silence of 150 ms: %+v", at)
	}
}

// TestTimingHeader: callers see what became of each attempt.
func TestTimingHeader(t *testing.T) {
	g := newRig(t, two)
	form := regexp.MustCompile(`^attempt-1;dur=[\d.]+;desc="main auth", attempt-2;dur=[\d.]+;desc="spare ok", total;dur=[\d.]+$`)
	a := g.chat("fault-e401", true)
	if got := a.header.Get("Server-Timing"); !form.MatchString(got) {
		t.Errorf("got %q", got)
	}
	alone := newRig(t, one)
	a = alone.chat("fault-e401", true)
	if got := a.header.Get("Server-Timing"); !strings.HasPrefix(got, "attempt-1;dur=") || !strings.Contains(got, `"main auth", total;dur=`) {
		t.Errorf("of a refusal: %q", got)
	}
	if got := token("a\"b\\c\r\nd驿"); got != "a_b_c__d_" {
		t.Errorf("a name in a header: %q", got)
	}
}

// TestPlanIsOnRecord: who was to be asked in which order, and why.
func TestPlanIsOnRecord(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers = append(conf.Providers, g.provider("third", "k"))
		conf.Routes[0].Balance = BalancePriority
		conf.Routes[0].Targets = []Target{{Provider: "main"}, {Provider: "third"}}
		return conf
	})
	g.chat("lab-chat", false)
	var got []string
	for _, p := range g.lastRecord().Plan {
		got = append(got, fmt.Sprintf("%d %s/%s %s", p.Step, p.Provider, p.Model, p.Place.By))
	}
	if want := "0 main/lab-chat priority, 0 third/lab-chat priority, 1 spare/lab-spare:words=60 "; strings.Join(got, ", ") != want {
		t.Errorf("got %q", strings.Join(got, ", "))
	}
}

// TestQuietStream: a stream whose first content nobody else could bring may
// take its time as long as it shows signs of life.
func TestQuietStream(t *testing.T) {
	url := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for range 5 {
			fmt.Fprint(w, ": waiting\n\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond) //nolint:forbidigo // a vendor takes its time
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers[0].BaseURL = url
		return conf
	})
	if a := g.chat("m", true); a.status != 200 || a.err != nil {
		t.Errorf("%d %v", a.status, a.err)
	}
	s := &streaming{try: &try{times: Timeouts{Idle: 60 * time.Second}, clock: new(watchdog).clock(func(error) {})}}
	defer s.clock.stop()
	for _, tt := range []struct {
		idle  time.Duration
		seam  bool
		limit time.Duration
	}{{60 * time.Second, false, maxQuiet}, {60 * time.Second, true, 60 * time.Second}, {time.Hour, true, maxQuiet}, {-1, false, 0}} {
		s.times.Idle, s.seam = tt.idle, nil
		if tt.seam {
			s.seam = newSeam(&sent{})
		}
		if s.alive(); s.clock.limit != tt.limit {
			t.Errorf("idle %v, going on with another's answer %v: waits %v, want %v", tt.idle, tt.seam, s.clock.limit, tt.limit)
		}
	}
}

// TestLateHead: a head that took all the time to the first token there was must
// not leave the rest without a clock.
func TestLateHead(t *testing.T) {
	snap, _ := Compile(Config{})
	g := New(Options{})
	g.Load(snap)
	c := &call{g: g, snap: snap}
	for i := range g.protocols[0].Endpoints {
		if e := &g.protocols[0].Endpoints[i]; e.Op == llm.OpChat {
			c.entry.endpoint = e
		}
	}
	late := &try{
		call: c, speech: speech{protocol: g.protocols[0], endpoint: c.entry.endpoint, passes: true}, clock: g.watchdog.clock(func(error) {}),
		began: time.Now().Add(-3 * time.Second), times: Timeouts{FirstToken: 2 * time.Second, Idle: time.Second},
	}
	defer late.clock.stop()
	late.streaming(&http.Response{Body: http.NoBody})
	if late.clock.class != llm.ClassFirstTokenTimeout || late.clock.limit != firstGrace {
		t.Errorf("waits %v for %q", late.clock.limit, late.clock.class)
	}
}
