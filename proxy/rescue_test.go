package proxy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/protocol/openai"
)

// rescueRig has a route from any model to main, with spare as its fallback.
func rescueRig(t *testing.T, spare string, change func(*Config)) *rig {
	return newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Routes[0].Fallback[0].Targets[0].Model = spare
		conf.Timeouts = Timeouts{Idle: 300 * time.Millisecond, FirstToken: 2 * time.Second}
		if change != nil {
			change(&conf)
		}
		return conf
	})
}

// TestRescue breaks main's stream off in every way after some content: the
// client must see one answer, exactly the whole one.
func TestRescue(t *testing.T) {
	prefixed := func(c *Config) { c.Providers[1].Vendor = "demo" }
	tests := []struct {
		name, main, spare string
		change            func(*Config)
		asked             int // calls to spare
	}{
		{"cut by a reset", "fault-die:n=40,words=60", "lab-spare", nil, 1},
		{"orderly end too early", "fault-eof:n=40,words=60", "lab-spare", nil, 1},
		{"half an event", "fault-half:n=40,words=60", "lab-spare", nil, 1},
		{"stall", "fault-stall:n=20,words=60", "lab-spare", nil, 1},
		{"error event", "fault-miderr:n=20,words=60", "lab-spare", nil, 1},
		{"after the first word", "fault-die:n=1,words=60", "lab-spare", nil, 1},
		{"before the last word", "fault-die:n=59,words=60", "lab-spare", nil, 1},
		{"emoji", "fault-die:n=33,words=60,emoji=yes", "lab-spare:emoji=yes", nil, 2},
		{"continued by prefix", "fault-die:n=40,words=60", "lab-spare", prefixed, 1},
		{"repeats some words", "fault-die:n=40,words=60", "lab-spare:overlap=6", nil, 1},
		{"begins anew", "fault-die:n=40,words=60", "lab-spare:overlap=40", nil, 1},
		{"refuses the unfinished message", "fault-die:n=40,words=60", "lab-spare:prefix=no", prefixed, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := rescueRig(t, tt.spare, tt.change)
			body := strings.TrimSuffix(chatBody(tt.main, true), "}") + `,"stream_options":{"include_usage":true}}`
			a := g.do(g.request("POST", "/v1/chat/completions", body))
			rec := g.lastRecord()
			want := lab.Text(story, 60)
			if strings.Contains(tt.main, "emoji") { // spare says the whole of it
				want, _ = g.chat("fault-e404", false).text(t)
			}
			text, finish := a.text(t)
			if a.status != 200 || a.err != nil || text != want || finish != "stop" {
				t.Fatalf("%d %v %q\ngot  %q\nwant %q\n%s", a.status, a.err, finish, text, want, rec.Message)
			}
			if !rec.Rescued || rec.Class != "" || rec.Provider != "spare" || g.asked("spare") != tt.asked {
				t.Errorf("record %+v, spare asked %d times", rec, g.asked("spare"))
			}
			oneAnswer(t, a.body)
			if rec.Usage.Output == 0 || rec.Usage.Total != rec.Usage.Prompt()+rec.Usage.Output {
				t.Errorf("usage %+v", rec.Usage)
			}
		})
	}
}

// oneAnswer holds a streamed answer to what clients rely on: one id, one role,
// one finish reason, one [DONE], at the end.
func oneAnswer(t *testing.T, body string) {
	t.Helper()
	ids, roles, finishes := map[string]bool{}, 0, 0
	for line := range strings.Lines(body) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var ev struct {
			ID      string
			Choices []struct {
				Delta  struct{ Role string }
				Finish string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(data), &ev); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		ids[ev.ID] = true
		for _, c := range ev.Choices {
			if c.Delta.Role != "" {
				roles++
			}
			if c.Finish != "" {
				finishes++
			}
		}
	}
	if len(ids) != 1 || roles > 1 || finishes != 1 || strings.Count(body, "[DONE]") != 1 || !strings.HasSuffix(body, "data: [DONE]\n\n") {
		t.Errorf("%d ids, %d roles, %d finish reasons: %s", len(ids), roles, finishes, body[max(0, len(body)-400):])
	}
}

// TestNoRescue: where nobody can go on, the client is told, clearly, and told
// of the failure that broke the stream.
func TestNoRescue(t *testing.T) {
	tools := `,"tool_choice":"required","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]}`
	tests := []struct {
		name, main, spare, more string
		change                  func(*Config)
		asked                   int
	}{
		{"within a tool call", "fault-die-in-tool", "lab-spare", tools, nil, 0},
		{"switched off", "fault-die", "lab-spare", "", func(c *Config) { c.Routes[0].Failover.NoRescue = true }, 0},
		{"two choices", "fault-die", "lab-spare", `,"n":2}`, nil, 0},
		{"the spare is down", "fault-die", "fault-e500", "", nil, 1 + maxRetries},
		{"the spare breaks off too", "fault-die", "fault-die", "", nil, 1},
		{"give up by rule", "fault-die", "lab-spare", "", func(c *Config) { c.Routes[0].Failover.Rules = map[string]string{"cut": "give_up"} }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := rescueRig(t, tt.spare, tt.change)
			body := chatBody(tt.main, true)
			if tt.more != "" {
				body = strings.TrimSuffix(body, "}") + tt.more
			}
			a := g.do(g.request("POST", "/v1/chat/completions", body))
			rec := g.lastRecord()
			if a.status != 200 || a.err == nil || strings.Contains(a.body, "[DONE]") || a.errorCode(t) != "stream_interrupted" {
				t.Fatalf("%d %v %s", a.status, a.err, a.body[max(0, len(a.body)-300):])
			}
			if rec.Class != "cut" || rec.Rescued || g.asked("spare") != tt.asked || !strings.Contains(a.body, "The provider main failed") {
				t.Errorf("recorded %q %v, spare asked %d times: %s", rec.Class, rec.Rescued, g.asked("spare"), a.body[max(0, len(a.body)-300):])
			}
		})
	}
}

// TestUsageOfARescue: the client's counts are those of the record, and cover
// both parts.
func TestUsageOfARescue(t *testing.T) {
	g := rescueRig(t, "lab-spare", nil)
	body := strings.TrimSuffix(chatBody("fault-die:n=40,words=60", true), "}") + `,"stream_options":{"include_usage":true}}`
	a := g.do(g.request("POST", "/v1/chat/completions", body))
	rec := g.lastRecord()
	i := strings.LastIndex(a.body, `"usage":{`)
	var usage struct {
		Completion int64 `json:"completion_tokens"`
		Prompt     int64 `json:"prompt_tokens"`
		Total      int64 `json:"total_tokens"`
	}
	if err := json.NewDecoder(strings.NewReader(a.body[i+len(`"usage":`):])).Decode(&usage); err != nil {
		t.Fatal(err)
	}
	if usage.Completion != 60 || usage.Completion != rec.Usage.Output || usage.Total != usage.Prompt+usage.Completion || usage.Prompt != rec.Usage.Prompt() {
		t.Errorf("the client was told %+v, recorded %+v", usage, rec.Usage)
	}
}

// TestPings: a silent stream is kept alive from the set silence on, and can
// still fall over, or fail with an error event.
func TestPings(t *testing.T) {
	ping := func(c *Config) {
		c.Routes[0].Failover.Ping = 50 * time.Millisecond
		c.Timeouts.FirstToken = 300 * time.Millisecond
	}
	for _, spare := range []string{"lab-spare", "fault-e400"} {
		g := rescueRig(t, spare, ping)
		a := g.chat("fault-headers-then-hang", true)
		if a.status != 200 || strings.Count(a.body, ": ping\n\n") < 2 || !strings.HasPrefix(a.body, ": ping") {
			t.Fatalf("%d %v %q", a.status, a.err, a.body)
		}
		if spare == "lab-spare" {
			if text, finish := a.text(t); text != lab.Text(story, 60) || finish != "stop" || a.err != nil {
				t.Errorf("%q %q %v", text, finish, a.err)
			}
			continue
		}
		if a.err == nil || strings.Contains(a.body, "[DONE]") || !strings.Contains(a.body, `data: {"error":`) {
			t.Errorf("%v: %q", a.err, a.body)
		}
	}
}

func TestBreakerSkipsADeadTarget(t *testing.T) {
	g := rescueRig(t, "lab-spare:words=5", nil)
	now := time.Now()
	g.mu.Lock()
	g.now = func() time.Time { return now }
	g.mu.Unlock()
	if err := g.lab.SetRule(lab.Rule{Provider: "main", Fault: "e500"}); err != nil {
		t.Fatal(err)
	}
	const calls = 20
	for range calls {
		if a := g.chat("lab-chat", false); a.status != 200 || a.header.Get("X-Posthouse-Provider") != "spare" {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := g.asked("main"); n > breakRow+maxRetries {
		t.Errorf("the dead target was asked %d times", n)
	}
	if open := g.gateway.OpenTargets(); len(open) != 1 || open[0].Provider != "p-main" {
		t.Errorf("open: %+v", open)
	}
	ex := g.gateway.Explain(Question{Model: "lab-chat"})
	if ex.Targets[0].Usable || !strings.Contains(ex.Targets[0].Why, "failed too often") {
		t.Errorf("explained as %+v", ex.Targets[0])
	}
	g.lab.ClearRules()
	g.mu.Lock()
	g.now = func() time.Time { return now.Add(breakProbe) }
	g.mu.Unlock()
	for range 3 {
		if a := g.chat("lab-chat", false); a.header.Get("X-Posthouse-Provider") != "main" {
			t.Errorf("not back on main: %v", a.header)
		}
	}
}

// TestBreakerLeavesTheLastTarget: with nobody else to ask, a target that failed
// too often is asked once all the same.
func TestBreakerLeavesTheLastTarget(t *testing.T) {
	g := newRig(t, one)
	for range 2 * breakRow {
		g.chat("fault-e500", false)
	}
	before := g.asked("main")
	if a := g.chat("fault-e500", false); a.status != 502 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := g.asked("main") - before; n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestRetryAfterIsSatOut: a short wait is cheaper than another model.
func TestRetryAfterIsSatOut(t *testing.T) {
	g := rescueRig(t, "lab-spare", nil)
	g.gateway.sleep = sleep
	if err := g.lab.SetRule(lab.Rule{Provider: "main", Count: 1, Fault: "e429:retry_after=1"}); err != nil {
		t.Fatal(err)
	}
	a := g.chat("lab-chat", false)
	calls := g.lab.Calls()
	if a.status != 200 || a.header.Get("X-Posthouse-Provider") != "main" || len(calls) != 2 {
		t.Fatalf("%d %v, %d calls", a.status, a.header, len(calls))
	}
	if gap := calls[1].Start.Sub(calls[0].Start); gap < 900*time.Millisecond || gap > 3*time.Second {
		t.Errorf("asked again after %v", gap)
	}
}

func TestRulesOfARoute(t *testing.T) {
	tests := []struct {
		rules  map[string]string
		fault  string
		asked  int
		status int
	}{
		{map[string]string{"server_error": "next_target"}, "e500", 1, 200},
		{map[string]string{"server_error": "give_up"}, "e500", 1, 502},
		{map[string]string{"content_filter": "next_target"}, "e400filter", 1, 200},
		{map[string]string{"context_length": "next_target"}, "e400ctx", 1, 200},
		{map[string]string{"malformed": "retry"}, "html200", 1 + maxRetries, 200},
	}
	for _, tt := range tests {
		g := rescueRig(t, "lab-spare", func(c *Config) { c.Routes[0].Failover.Rules = tt.rules })
		if a := g.chat("fault-"+tt.fault, false); a.status != tt.status || g.asked("main") != tt.asked {
			t.Errorf("%v, %s: %d, asked %d times", tt.rules, tt.fault, a.status, g.asked("main"))
		}
	}
	c := valid()
	c.Routes[0].Failover.Rules = map[string]string{"sometimes": "retry", "cut": "pray"}
	if _, faults := Compile(c); len(faults) != 2 {
		t.Errorf("faults %v", faults)
	}
}

func TestPause(t *testing.T) {
	for n := range maxRetries {
		for range 1000 {
			if d := pause(n); d < pauseLeast || d >= pauseMost {
				t.Fatalf("retry %d after %v", n, d)
			}
		}
	}
}

// FuzzSeam: wherever an answer is torn and however the rest is cut into pieces,
// a target that goes on, goes back a little or begins anew gives the whole.
func FuzzSeam(f *testing.F) {
	f.Add("the quick brown fox jumps over the lazy dog", uint8(10), uint8(0), uint8(3))
	f.Add("你好，世界。你好，世界。再见", uint8(4), uint8(200), uint8(1))
	f.Fuzz(func(t *testing.T, whole string, tear, back, piece uint8) {
		runes := []rune(strings.ToValidUTF8(whole, "?"))
		at := min(int(tear), len(runes))
		from := max(0, at-int(back))
		prior, rest, repeats := string(runes[:at]), string(runes[from:]), len(string(runes[from:at]))
		longest := 0
		for n := range min(len(prior), len(rest)) + 1 {
			if strings.HasSuffix(prior, rest[:n]) {
				longest = n
			}
		}
		switch {
		case repeats == 0 && longest >= leastOverlap, repeats == 0 && longest == len(prior), repeats > 0 && longest != repeats:
			return // nobody could tell: the text repeats itself
		case repeats > 0 && repeats < leastOverlap && from > 0:
			return // too little to tell repetition from chance
		}
		s := &sent{on: true, resume: New(Options{}).protocol(openai.Name).Endpoints[0].Answer.Resume, text: escaped(prior), id: []byte(`"one"`)}
		m := newSeam(s)
		got := prior
		take := func(data string, finished bool) {
			passed, ok := m.event([]byte(data), finished)
			if !ok {
				t.Fatal("refused")
			}
			for _, p := range passed {
				text, _ := s.resume.Part(p)
				got += unescaped(text)
			}
		}
		size := int(piece%7) + 1
		for i := from; i < len(runes); i += size {
			text := escaped(string(runes[i:min(i+size, len(runes))]))
			take(fmt.Sprintf(`{"id":"two","choices":[{"delta":{"content":"%s"},"finish_reason":null}]}`, text), false)
		}
		take(`{"id":"two","choices":[{"delta":{},"finish_reason":"stop"}]}`, true)
		if want := string(runes); got != want {
			t.Fatalf("torn at %d, resumed at %d: got %q, want %q", at, from, got, want)
		}
	})
}

// TestRescueCountsTheLimit: what the client has already counts towards the
// length that it asked for.
func TestRescueCountsTheLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		vendor, limit string
		want          string
	}{
		"continued by prefix":   {"demo", `"max_tokens":60`, `"max_tokens":20`},
		"by its other name":     {"demo", `"max_completion_tokens":41`, `"max_completion_tokens":1`},
		"used up":               {"demo", `"max_tokens":40`, `"max_tokens":1`},
		"asked, may begin anew": {"custom", `"max_tokens":60`, `"max_tokens":60`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := rescueRig(t, "lab-spare", func(c *Config) { c.Providers[1].Vendor = tt.vendor })
			if err := g.lab.SetRule(lab.Rule{Provider: "main", Fault: "die:n=40"}); err != nil {
				t.Fatal(err)
			}
			g.do(g.request("POST", "/v1/chat/completions", strings.TrimSuffix(chatBody("lab-chat:words=60", true), "}")+","+tt.limit+"}"))
			for _, c := range g.lab.Calls() {
				if c.Provider == "spare" && !strings.Contains(string(c.Body), tt.want) {
					t.Errorf("spare was sent %s", c.Body)
				}
			}
			if g.asked("spare") != 1 {
				t.Errorf("spare was asked %d times", g.asked("spare"))
			}
		})
	}
}

// TestRescueByRetelling: a target that tells the beginning anew and stops short
// of what is missing has not finished the answer.
func TestRescueByRetelling(t *testing.T) {
	prior := lab.Text(story, 60)
	m := newSeam(&sent{resume: openai.Protocol().Endpoints[0].Answer.Resume, text: []byte(prior)})
	data := []byte(`{"choices":[{"delta":{"content":"` + prior[:100] + `"},"finish_reason":"length"}]}`)
	if passed, ok := m.event(data, true); ok {
		t.Errorf("passed on %s", passed)
	}
	m = newSeam(&sent{resume: openai.Protocol().Endpoints[0].Answer.Resume, text: []byte(prior)})
	data = []byte(`{"choices":[{"delta":{"content":"` + prior[:4] + `"},"finish_reason":"stop"}]}`)
	if passed, ok := m.event(data, true); !ok || len(passed) != 1 {
		t.Errorf("a short last word is taken for a retelling: %s", passed)
	}
}
