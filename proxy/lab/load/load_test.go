package load

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

func TestHistogramIsWithinAPercent(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 20_000 {
		d := time.Duration(rng.ExpFloat64() * float64(3*time.Millisecond))
		all = append(all, d)
		h.Record(d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		want := float64(all[min(int(q*float64(len(all))), len(all)-1)])
		if got := float64(h.Quantile(q)); got < 0.98*want || got > 1.02*want {
			t.Errorf("quantile %g is %v, want about %v", q, time.Duration(got), time.Duration(want))
		}
	}
	for _, d := range []time.Duration{0, 1, 127, 128, 129, 255, 256, time.Hour, 100 * time.Hour} {
		var one Histogram
		one.Record(d)
		if got := one.Quantiles().Max; got != millis(d) {
			t.Errorf("the longest of %v is %v ms", d, got)
		}
		if got := one.Quantile(0.5); d <= time.Hour && (float64(got) < 0.99*float64(d) || got > d) {
			t.Errorf("median of %v alone is %v", d, got)
		}
	}
}

// stub starts a stub and returns its base URL.
func stub(t *testing.T) (string, *Stub) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Stub{}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String() + "/v1", s
}

func plan(base string) Plan {
	return Plan{URL: base, Words: 20, Prompt: 1024, Conns: 4, Duration: time.Minute, Calls: 200, Vendor: base}
}

func TestEveryAnswerOfStubAndLabIsRight(t *testing.T) {
	t.Parallel()
	fast, _ := stub(t)
	full, err := lab.New(lab.Options{Pace: -1, Forget: true}).Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to, _ := url.Parse(full)
	proxied := httptest.NewServer(ReverseProxy(to, false, slog.New(slog.DiscardHandler)))
	t.Cleanup(proxied.Close)
	piped := httptest.NewServer(ReverseProxy(to, true, slog.New(slog.DiscardHandler)))
	t.Cleanup(piped.Close)
	for name, base := range map[string]string{"stub": fast, "lab": full, "reverse proxy": proxied.URL + "/v1", "piping": piped.URL + "/v1"} {
		for _, stream := range []bool{false, true} {
			if stream && name == "piping" {
				continue // it loses some: that is why gateways must not
			}
			p := plan(base)
			p.Stream, p.PID = stream, os.Getpid()
			if strings.Contains(name, "p") && name != "stub" {
				p.Vendor = full
			}
			res, err := Run(t.Context(), p)
			if err != nil {
				t.Fatalf("%s, stream %v: %v", name, stream, err)
			}
			if res.All != 200 || res.Calls != 200 || res.Failed != 0 || res.Latency.Count != 200 || res.Dialed != 4 {
				t.Errorf("%s, stream %v: %+v", name, stream, res)
			}
			if res.Vendor.Calls != 200 || name != "piping" && res.Vendor.Connections > 40 {
				t.Errorf("%s, stream %v: vendor counted %+v", name, stream, res.Vendor)
			}
			if res.Process.RSSPeak == 0 {
				t.Errorf("%s: no memory was measured", name)
			}
			// Role, 20 words, finish, usage and [DONE].
			if stream && (res.Chunks != 200*24 || res.FirstToken.Count != 200 || res.Gap.Count != 200*19) {
				t.Errorf("%s: %d chunks, %d firsts, %d gaps", name, res.Chunks, res.FirstToken.Count, res.Gap.Count)
			}
		}
	}
}

// TestFaultsAreFound has a target that spoils every answer in one way.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	answer := func(text string) string {
		return fmt.Sprintf(`{"choices":[{"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, text)
	}
	event := func(text string) string {
		return fmt.Sprintf("data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", text)
	}
	const end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	right := lab.Text("question 0", 20)
	tests := []struct {
		name, kind string
		stream     bool
		serve      func(w http.ResponseWriter)
	}{
		{"status", "refused", false, func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }},
		{"another text", "mixed", false, func(w http.ResponseWriter) { fmt.Fprint(w, answer(lab.Text("question 1", 20))) }},
		{"half the text", "cut", false, func(w http.ResponseWriter) { fmt.Fprint(w, answer(right[:len(right)/2])) }},
		{"half the JSON", "cut", false, func(w http.ResponseWriter) { fmt.Fprint(w, answer(right)[:60]) }},
		{"broken off", "cut", false, func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "5000")
			fmt.Fprint(w, answer(right))
		}},
		{"nothing", "lost", false, func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
		{"stream without end", "cut", true, func(w http.ResponseWriter) { fmt.Fprint(w, event(right)) }},
		{"stream without a word", "cut", true, func(w http.ResponseWriter) { fmt.Fprint(w, event(right[:9])+end) }},
		{"stream of another", "mixed", true, func(w http.ResponseWriter) { fmt.Fprint(w, event(lab.Text("question 1", 20))+end) }},
		{"stream with a repetition", "mixed", true, func(w http.ResponseWriter) { fmt.Fprint(w, event(right)+event(right[:5])+end) }},
		{"stream that goes on", "mixed", true, func(w http.ResponseWriter) { fmt.Fprint(w, event(right)+end+event("more")) }},
		{"stream with an error", "cut", true, func(w http.ResponseWriter) {
			fmt.Fprint(w, event(right)+"data: {\"error\":{\"message\":\"x\"}}\n\n"+end)
		}},
		{"empty stream", "lost", true, func(w http.ResponseWriter) { fmt.Fprint(w, end) }},
		{"stream cut off", "cut", true, func(w http.ResponseWriter) {
			fmt.Fprint(w, event(right)+end)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { tt.serve(w) }))
			s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			s.Start()
			defer s.Close()
			p := plan(s.URL + "/v1")
			p.Vendor, p.Stream, p.Calls, p.Conns = "", tt.stream, 1, 1
			res, err := Run(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if res.Failed != 1 || res.Faults[tt.kind] != 1 || res.All != 0 {
				t.Errorf("%d failed: %v %q; want one %s", res.Failed, res.Faults, res.Quoted, tt.kind)
			}
		})
	}
}

// TestOpenLoopSeesAStall has a target that stops for half a second: the calls
// that were meant to start meanwhile must show it, not only the one it hit.
func TestOpenLoopSeesAStall(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	text := lab.Text("question 0", 20)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 20 {
			select {
			case <-time.After(500 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
		fmt.Fprintf(w, `{"choices":[{"message":{"content":%q}}]}`, text)
	}))
	defer s.Close()
	p := plan(s.URL + "/v1")
	p.Vendor, p.Conns, p.Rate, p.Calls, p.Model = "", 1, 200, 100, "any"
	res, err := Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if res.Failed != 0 || res.Latency.P50 < 20 || res.Latency.P90 < 100 {
		t.Errorf("%d failed %v; latencies %+v: most calls waited for the stalled one", res.Failed, res.Quoted, res.Latency)
	}
	if res.Seconds > 5 {
		t.Errorf("100 calls at 200 a second took %.1f s", res.Seconds)
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Plan){
		"remote":       func(p *Plan) { p.URL = "https://api.example.com/v1" },
		"no scheme":    func(p *Plan) { p.URL = "127.0.0.1:80" },
		"no conns":     func(p *Plan) { p.Conns = 0 },
		"no duration":  func(p *Plan) { p.Duration = 0 },
		"for days":     func(p *Plan) { p.Duration = 48 * time.Hour },
		"huge prompt":  func(p *Plan) { p.Prompt = 1 << 30 },
		"no words":     func(p *Plan) { p.Words = 0 },
		"no process":   func(p *Plan) { p.PID = 1 << 30 },
		"no vendor":    func(p *Plan) { p.Vendor = "http://127.0.0.1:1" },
		"negative pac": func(p *Plan) { p.Pace = -1 },
	} {
		p := plan("http://127.0.0.1:1/v1")
		p.Vendor = ""
		spoil(&p)
		if _, err := Run(t.Context(), p); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	base, _ := stub(t)
	p := plan(base)
	p.Stream, p.Pace, p.Calls = true, 10*time.Millisecond, 0
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	res, err := Run(ctx, p)
	if err != nil || res.Failed != 0 {
		t.Errorf("%+v, %v", res, err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("ended after %v", took)
	}
}

func TestCompareTakesTurns(t *testing.T) {
	t.Parallel()
	base, _ := stub(t)
	var turns []string
	c := Comparison{
		Plan: plan(""), Rounds: 3,
		Targets: []Target{{Name: Direct, URL: base}, {Name: "a", URL: base, PID: os.Getpid()}, {Name: "b", URL: base, PID: os.Getpid()}},
		Between: func(_ context.Context, t *Target) error { turns = append(turns, t.Name); return nil },
	}
	c.Plan.Vendor, c.Plan.Calls = "", 50
	rep, err := Compare(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(turns, " "); got != "direct a b b a direct direct a b" {
		t.Errorf("turns: %s", got)
	}
	b := rep.Row("b")
	if rep.Base != "a" || b == nil || b.Calls != 150 || b.Failed != 0 {
		t.Fatalf("%+v", rep)
	}
	s := b.Measures[LatencyP50]
	if s.Median <= 0 || s.Low > s.Median || s.High < s.Median || s.Ratio <= 0 {
		t.Errorf("latency %+v", s)
	}
	if _, ok := b.Measures[AddedP50]; !ok {
		t.Error("nothing was added to direct")
	}
	var out strings.Builder
	if err := rep.Write(&out); err != nil || !strings.Contains(out.String(), "latency_p50_ms") {
		t.Errorf("%v: %s", err, out.String())
	}
}

// FuzzAnswers holds the readers of answers and names to ending without a panic.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"choices":[{"message":{"content":"a"}}]}`), "a")
	f.Add([]byte(`{"content": "x`), "")
	f.Fuzz(func(_ *testing.T, body []byte, want string) {
		_ = verifyWhole(body, want)
		s := streamed{want: want}
		s.event(body)
		_ = s.end()
		_ = lastString(body, `"model":`)
		_, _, _ = options(want)
	})
}

func BenchmarkVerifyStream(b *testing.B) {
	rep, err := makeReply("lab-load:words=100", "question 1")
	if err != nil {
		b.Fatal(err)
	}
	event := rep.events[5]
	s := streamed{}
	b.ReportAllocs()
	for b.Loop() {
		s.event(event)
	}
}
