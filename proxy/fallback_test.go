package proxy

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

// TestFallbackOnFaults drives main into each fault, with spare standing by: the
// caller must get spare's whole answer, or what the fault deserves.
func TestFallbackOnFaults(t *testing.T) {
	tests := []struct {
		fault  string
		stream string // "yes", "no" or "both"
		status int    // 200: spare's whole answer
		code   string
		class  llm.Class // of the first attempt
	}{
		{"e401", "both", 200, "", llm.ClassAuth},
		{"e403", "both", 200, "", llm.ClassAuth},
		{"e402", "both", 200, "", llm.ClassQuotaExhausted},
		{"quota", "both", 200, "", llm.ClassQuotaExhausted},
		{"e404", "both", 200, "", llm.ClassModelNotFound},
		{"e429", "both", 200, "", llm.ClassRateLimited},
		{"e500", "both", 200, "", llm.ClassServerError},
		{"e502", "both", 200, "", llm.ClassServerError},
		{"e503", "both", 200, "", llm.ClassOverloaded},
		{"e529", "both", 200, "", llm.ClassOverloaded},
		{"reset", "both", 200, "", llm.ClassConnect},
		{"html200", "both", 200, "", llm.ClassMalformed},
		{"err200", "both", 200, "", llm.ClassServerError},
		{"empty200", "both", 200, "", llm.ClassMalformed},
		{"firsterr", "yes", 200, "", llm.ClassServerError},
		{"role-then-error", "yes", 200, "", llm.ClassServerError},
		{"redirect", "both", 200, "", llm.ClassMalformed},
		{"trunc", "no", 200, "", llm.ClassCut},
		{"hang", "both", 200, "", llm.ClassHeadersTimeout},
		{"headers-then-hang", "yes", 200, "", llm.ClassFirstTokenTimeout},
		{"e400", "both", 400, "", llm.ClassBadRequest},
		{"e400ctx", "both", 400, "context_length_exceeded", llm.ClassContextLength},
		{"e400filter", "both", 400, "", llm.ClassContentFilter},
	}
	for _, tt := range tests {
		for _, stream := range []bool{false, true} {
			if tt.stream == "no" && stream || tt.stream == "yes" && !stream {
				continue
			}
			t.Run(fmt.Sprintf("%s stream=%v", tt.fault, stream), func(t *testing.T) {
				t.Parallel()
				g := newRig(t, func(g *rig) Config {
					conf := two(g)
					conf.Timeouts = Timeouts{Headers: 300 * time.Millisecond, FirstToken: 300 * time.Millisecond, Idle: 300 * time.Millisecond}
					return conf
				})
				a := g.chat("fault-"+tt.fault, stream)
				rec := g.lastRecord()
				if a.status != tt.status || a.err != nil {
					t.Fatalf("%d %v %.300s", a.status, a.err, a.body)
				}
				if got := rec.Attempts[0].Class; got != tt.class {
					t.Errorf("first attempt: class %q, want %q (%s)", got, tt.class, rec.Attempts[0].Message)
				}
				asked := 1
				if defaultActions()[tt.class] == ActRetry {
					asked = 1 + maxRetries
				}
				pauses := asked - 1
				if tt.class == llm.ClassRateLimited {
					pauses = 1 // its two seconds are sat out, but time stands still here
				}
				if g.asked("main") != asked || len(g.slept) != pauses {
					t.Errorf("main was asked %d times with pauses %v, want %d", g.asked("main"), g.slept, asked)
				}
				if tt.status != 200 {
					if tt.code != "" && a.errorCode(t) != tt.code || g.asked("spare") != 0 || rec.Class != tt.class {
						t.Errorf("code %q, spare asked %d times, recorded %q", a.errorCode(t), g.asked("spare"), rec.Class)
					}
					return
				}
				if text, finish := a.text(t); text != lab.Text(story, 60) || finish != "stop" {
					t.Errorf("not spare's whole answer: %q %q", text, finish)
				}
				if rec.Provider != "spare" || rec.Class != "" || a.header.Get("X-Posthouse-Attempts") != strconv.Itoa(asked+1) || a.header.Get("X-Posthouse-Provider") != "spare" || a.header.Get("X-Posthouse-Route") != "chat" {
					t.Errorf("record %+v, headers %v", rec, a.header)
				}
			})
		}
	}
}

// TestErrorsWithoutFallback holds what a caller is told when nothing stands in.
func TestErrorsWithoutFallback(t *testing.T) {
	tests := []struct {
		fault  string
		stream bool
		status int
		code   string

		retried bool
	}{
		{"e401", false, 502, "upstream_auth", false},
		{"e402", true, 502, "upstream_quota", false},
		{"e404", false, 404, "model_not_found", false},
		{"e500", true, 502, "upstream_error", true},
		{"e529", false, 503, "upstream_overloaded", true},
		{"e429:retry_after=7", false, 429, "rate_limit_exceeded", false},
		{"reset", false, 502, "upstream_unreachable", true},
		{"html200", true, 502, "upstream_malformed", false},
		{"trunc", false, 502, "stream_interrupted", false},
		{"hang", false, 504, "upstream_timeout", false},
		{"badheaders", false, 0, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, func(g *rig) Config {
				conf := one(g)
				conf.Timeouts = Timeouts{Headers: 300 * time.Millisecond}
				return conf
			})
			a := g.chat("fault-"+tt.fault, tt.stream)
			if tt.status == 0 { // odd headers: filtered or refused, never passed on
				if a.status != 200 && a.status != 502 || a.header.Get("Set-Cookie") != "" || a.header.Get("Server") != "" {
					t.Errorf("%d %v", a.status, a.header)
				}
				return
			}
			if a.status != tt.status || a.errorCode(t) != tt.code {
				t.Errorf("%d %s", a.status, a.body)
			}
			if tt.status == 429 && a.header.Get("Retry-After") != "7" {
				t.Errorf("retry-after %q", a.header.Get("Retry-After"))
			}
			if strings.Contains(a.body, "canary") || strings.Contains(a.body, "127.0.0.1") {
				t.Errorf("tells too much: %s", a.body)
			}
			want := 1
			if tt.retried {
				want += maxRetries
			}
			if n := g.asked("main"); n != want {
				t.Errorf("asked %d times, want %d", n, want)
			}
		})
	}
}

// TestBrokenStreams: a stream that breaks off after its first content must
// never look whole.
func TestBrokenStreams(t *testing.T) {
	for _, fault := range []string{"die", "eof", "half", "stall", "miderr", "die-in-tool"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, func(g *rig) Config {
				conf := one(g)
				conf.Timeouts = Timeouts{Idle: 300 * time.Millisecond}
				return conf
			})
			body := chatBody("fault-"+fault, true)
			if fault == "die-in-tool" {
				body = strings.TrimSuffix(body, "}") + `,"tool_choice":"required","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]}`
			}
			a := g.do(g.request("POST", "/v1/chat/completions", body))
			if a.status != 200 || a.err == nil {
				t.Fatalf("%d, %v: the connection must break: %.200s", a.status, a.err, a.body)
			}
			if strings.Contains(a.body, "[DONE]") || a.errorCode(t) != "stream_interrupted" {
				t.Errorf("ends in %.300s", a.body[max(0, len(a.body)-300):])
			}
			if text, _ := a.text(t); fault != "die-in-tool" && (text == "" || !strings.HasPrefix(lab.Text(story, 200), text)) {
				t.Errorf("the part that came: %q", text)
			}
			rec := g.lastRecord()
			if rec.Class == "" || rec.Status != 200 || g.asked("main") != 1 {
				t.Errorf("recorded %q %d, asked %d times", rec.Class, rec.Status, g.asked("main"))
			}
		})
	}
}

// TestOddStreams: what differs from the dialect without being wrong must come
// out whole, with one end.
func TestOddStreams(t *testing.T) {
	for _, fault := range []string{
		"nodone", "dupdone", "afterdone", "malformed", "split", "crlf", "cr", "comment", "nospace", "multiline", "bom",
		"nousage", "gzip", "deflate", "br", "zstd", "giant:size=2MiB", "longcl", "setcookie",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, one)
			name, _, _ := strings.Cut(fault, ":")
			sep := ":"
			if strings.Contains(fault, ":") {
				sep = ","
			}
			began := time.Now()
			a := g.chat("fault-"+fault+sep+"words=60", true)
			rec := g.lastRecord()
			if a.status != 200 || a.err != nil || rec.Class != "" {
				t.Fatalf("%d %v %s %.300s", a.status, a.err, rec.Message, a.body)
			}
			if n := strings.Count(a.body, "[DONE]"); n != 1 || len(strings.TrimSpace(a.body[strings.Index(a.body, "[DONE]")+6:])) > 0 {
				t.Errorf("%d [DONE]; ends in %q", n, a.body[max(0, len(a.body)-100):])
			}
			if a.header.Get("Set-Cookie") != "" {
				t.Errorf("a vendor's cookie came through")
			}
			if name == "cr" || name == "crlf" || name == "multiline" || name == "nospace" || name == "giant" || name == "malformed" {
				return // the test's client reads only the plain form
			}
			if text, finish := a.text(t); text != lab.Text(story, 60) || finish != "stop" {
				t.Errorf("got %q %q", text, finish)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestKeysOfOneProvider(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		return Config{Providers: []Provider{g.provider("main", "sk-refused-canary", "sk-accepted-canary")}}
	})
	if err := g.lab.SetRule(lab.Rule{Key: "sk-refused-canary", Fault: "e401"}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if a := g.chat("lab-chat", false); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	refused := 0
	for _, c := range g.lab.Calls() {
		if c.Key == "sk-refused-canary" {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("the refused key was used %d times, want once", refused)
	}
	state := g.gateway.KeyStates()["main-k0"]
	if state.State != KeyBenched || state.Class != llm.ClassAuth || state.Reason == "" || strings.Contains(state.Reason, "canary") {
		t.Errorf("state %+v", state)
	}
	if !g.gateway.Unbench("main-k0") || len(g.gateway.KeyStates()) != 0 {
		t.Errorf("not released: %v", g.gateway.KeyStates())
	}
}

func TestCoolDown(t *testing.T) {
	g := newRig(t, one)
	now := time.Now()
	g.mu.Lock()
	g.now = func() time.Time { return now }
	g.mu.Unlock()
	if err := g.lab.SetRule(lab.Rule{Key: "sk-vendor-canary-1", Count: 1, Fault: "e429:retry_after=30"}); err != nil {
		t.Fatal(err)
	}
	first := g.chat("lab-chat", false)
	if first.status != 429 || first.header.Get("Retry-After") != "30" {
		t.Fatalf("%d %v", first.status, first.header)
	}
	for range 50 {
		a := g.chat("lab-chat", false)
		if a.status != 429 || a.errorCode(t) != "rate_limit_exceeded" || a.header.Get("Retry-After") != "30" {
			t.Fatalf("while cooling: %d %s %v", a.status, a.body, a.header)
		}
	}
	if n := g.asked("main"); n != 1 {
		t.Errorf("the vendor was asked %d times while cooling", n)
	}
	g.mu.Lock()
	g.now = func() time.Time { return now.Add(31 * time.Second) }
	g.mu.Unlock()
	if a := g.chat("lab-chat", false); a.status != 200 {
		t.Errorf("after the wait: %d %s", a.status, a.body)
	}
	if n := len(g.gateway.KeyStates()); n != 0 {
		t.Errorf("%d keys still out", n)
	}
}

// TestCoolDownEndsByItself: when a rate limit's time is up the key is as good as
// any, for every call at once, and no answer to another call prolongs it.
func TestCoolDownEndsByItself(t *testing.T) {
	g := newRig(t, one)
	now := time.Now()
	at := func(d time.Duration) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.now = func() time.Time { return now.Add(d) }
	}
	at(0)
	g.chat("fault-e429:retry_after=30", false)
	at(31 * time.Second)
	if a := g.chat("fault-e400", false); a.status != 400 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	done := make(chan answer, 1)
	go func() { done <- g.chat("fault-hang:for=1h", true) }()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := g.lab.Wait(ctx, func(calls []lab.Call) bool { return len(calls) == 3 }); err != nil {
		t.Fatal(err)
	}
	if a := g.chat("lab-chat", false); a.status != 200 {
		t.Errorf("beside a call that takes long: %d %s", a.status, a.body)
	}
	g.gateway.Stop()
	<-done
}

// TestBenchedKeyIsProvedByAnyAnswer: a benched key is tried by one call, and an
// answer that is not about the key puts it back.
func TestBenchedKeyIsProvedByAnyAnswer(t *testing.T) {
	g := newRig(t, one)
	now := time.Now()
	g.mu.Lock()
	g.now = func() time.Time { return now }
	g.mu.Unlock()
	g.chat("fault-e401", false)
	if a := g.chat("lab-chat", false); a.status != 502 || a.errorCode(t) != "upstream_auth" {
		t.Fatalf("while benched: %d %s", a.status, a.body)
	}
	g.mu.Lock()
	g.now = func() time.Time { return now.Add(benchFirst) }
	g.mu.Unlock()
	if ex := g.gateway.Explain(Question{Model: "lab-chat"}); !ex.Targets[0].Usable {
		t.Errorf("explained as %+v", ex.Targets[0])
	}
	g.chat("fault-e400", false)
	if a := g.chat("lab-chat", false); a.status != 200 || len(g.gateway.KeyStates()) != 0 {
		t.Errorf("%d %s, out: %v", a.status, a.body, g.gateway.KeyStates())
	}
}

// connects are the dial limits of the pools there are.
func (t *transports) connects() map[time.Duration]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := map[time.Duration]bool{}
	for k := range t.pool {
		got[k.connect] = true
	}
	return got
}

func TestTotalOfAProviderAndConnectOfARoute(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers[0].Timeouts.Total = 300 * time.Millisecond
		conf.Routes[0].Timeouts.Connect = 1234 * time.Millisecond
		conf.Routes[0].Fallback = nil
		return conf
	})
	began := time.Now()
	a := g.chat("fault-hang", false)
	if a.status != 504 || time.Since(began) > 5*time.Second {
		t.Errorf("%d after %v: %s", a.status, time.Since(began), a.body)
	}
	g.chat("lab-chat", false)
	if got := g.gateway.transports.connects(); !got[1234*time.Millisecond] {
		t.Errorf("the route's connect time was not used: %v", got)
	}
}

func TestOtherErrorsNeverBench(t *testing.T) {
	g := newRig(t, one)
	for _, fault := range []string{"e400", "e404", "e400ctx", "e400filter", "e500", "reset"} {
		g.chat("fault-"+fault, false)
	}
	if states := g.gateway.KeyStates(); len(states) != 0 {
		t.Errorf("out: %v", states)
	}
}

// TestAllTargetsDown names each target and its failure, and no key.
func TestAllTargetsDown(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Routes[0].Fallback[0].Targets[0].Model = "fault-e500"
		return conf
	})
	a := g.chat("fault-reset", false)
	if a.status != 503 || a.errorCode(t) != "all_targets_failed" || !strings.Contains(a.body, "main: connect; main: connect; main: connect; spare: server_error") || a.header.Get("X-Should-Retry") != "false" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestTriggers(t *testing.T) {
	tests := []struct {
		on     []string
		fault  string
		status int
	}{
		{[]string{"429"}, "e500", 502},
		{[]string{"429"}, "e429", 200},
		{[]string{"500"}, "e500", 200},
		{[]string{"500"}, "e502", 502},
		{[]string{"400"}, "e400", 200},
		{[]string{"content_filter"}, "e400filter", 200},
		{[]string{"5xx"}, "e404", 404},
	}
	for _, tt := range tests {
		g := newRig(t, func(g *rig) Config {
			conf := two(g)
			conf.Routes[0].Fallback[0].On = tt.on
			return conf
		})
		if a := g.chat("fault-"+tt.fault, false); a.status != tt.status {
			t.Errorf("on %v, %s: %d %s", tt.on, tt.fault, a.status, a.body)
		}
	}
}

func TestLongChain(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := Config{Routes: []Route{{ID: "r", Name: "chain", Targets: []Target{{Provider: "p0", Model: "fault-e503"}}}}}
		conf.Routes[0].Failover.Rules = map[string]string{"overloaded": "next_target"}
		for i := range 7 {
			name := fmt.Sprintf("p%d", i)
			conf.Providers = append(conf.Providers, g.provider(name, "sk-some-key-"+name))
			model := "fault-e503"
			if i == 6 {
				model = "lab-chat:words=10"
			}
			if i > 0 {
				conf.Routes[0].Fallback = append(conf.Routes[0].Fallback, Step{Targets: []Target{{Provider: name, Model: model}}})
			}
		}
		return conf
	})
	a := g.chat("anything", true)
	if text, _ := a.text(t); a.status != 200 || text != lab.Text(story, 10) || a.header.Get("X-Posthouse-Attempts") != "7" {
		t.Errorf("%d %q %v", a.status, text, a.header)
	}
}

func TestWeights(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Routes[0].Targets = []Target{{Provider: "main", Weight: 3}, {Provider: "spare", Weight: 1}}
		conf.Routes[0].Fallback = nil
		return conf
	})
	const n = 400
	for range n {
		g.chat("lab-chat:words=1", false)
	}
	if got := g.asked("main"); got < n*60/100 || got > n*90/100 {
		t.Errorf("main was asked %d times of %d, want about three quarters", got, n)
	}
	// A sibling stands in before anything else does.
	if err := g.lab.SetRule(lab.Rule{Provider: "main", Fault: "e500"}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if a := g.chat("lab-chat:words=1", false); a.status != 200 || a.header.Get("X-Posthouse-Provider") != "spare" {
			t.Fatalf("%d %v", a.status, a.header)
		}
	}
}

func TestDisabledTargetIsSkipped(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers[0].Disabled = true
		return conf
	})
	a := g.chat("lab-chat", false)
	if a.status != 200 || a.header.Get("X-Posthouse-Provider") != "spare" || a.header.Get("X-Posthouse-Attempts") != "1" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestDialGuard(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers[0].AllowPrivate = false
		return conf
	})
	a := g.chat("lab-chat", false)
	if a.status != 502 || a.errorCode(t) != "upstream_unreachable" || !strings.Contains(a.body, "allow private addresses") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if len(g.lab.Calls()) != 0 {
		t.Error("the vendor was reached all the same")
	}
	for _, host := range []string{"169.254.169.254", "0.0.0.0", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "100.100.100.200", "127.1", "2130706433", "0x7f.1"} {
		conf := one(g)
		conf.Providers[0].AllowPrivate = strings.Contains(host, "169.254") || strings.Contains(host, "fd00") || strings.HasPrefix(host, "100.")
		conf.Providers[0].BaseURL = "http://" + host + ":9/v1"
		conf.Timeouts.Connect = time.Second
		snap, faults := Compile(conf)
		if len(faults) > 0 {
			continue // refused before it could be dialled
		}
		g.gateway.Load(snap)
		if a := g.chat("lab-chat", false); a.status != 502 {
			t.Errorf("%s: %d %s", host, a.status, a.body)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers = append(conf.Providers, g.provider("thief"))
		return conf
	})
	for _, code := range []int{301, 302, 307, 308} {
		model := fmt.Sprintf("fault-redirect:code=%d,to=%s", code, strings.TrimSuffix(g.labURL, "/v1")+"/p/thief/v1/chat/completions")
		if a := g.chat("main/"+model, false); a.status != http.StatusBadGateway {
			t.Errorf("%d: %d %s", code, a.status, a.body)
		}
	}
	if g.asked("thief") != 0 {
		t.Error("the redirect was followed")
	}
}
