package proxy

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// pair has a route from any model to "a" and "b", side by side.
func pair(change func(*Config)) func(g *rig) Config {
	return func(g *rig) Config {
		conf := Config{
			Providers: []Provider{g.provider("a", "ka"), g.provider("b", "kb")},
			Routes:    []Route{{ID: "r", Name: "r", Targets: []Target{{Provider: "a"}, {Provider: "b"}}}},
		}
		if change != nil {
			change(&conf)
		}
		return conf
	}
}

// fieldOf makes candidates at providers p0, p1, … with these weights.
func fieldOf(weights ...int) (*field, []candidate) {
	g := New(Options{})
	rate := func(s string) price.Rate { r, _ := price.PerMillion(s); return r }
	snap, _ := Compile(Config{Prices: []price.Entry{
		{Vendor: "demo", Model: "m0", Price: price.Price{Currency: "USD", Input: rate("1"), Output: rate("9")}},
		{Vendor: "demo", Model: "m1", Price: price.Price{Currency: "CNY", Input: rate("3"), Output: rate("3")}},
		{Vendor: "demo", Model: "m2", Price: price.Price{Currency: "USD", Input: rate("2")}},
	}, Exchange: price.Exchange{Display: "USD", Micro: map[price.Currency]int64{"CNY": 140_000}}})
	vendor, _ := catalog.ByID("demo")
	var list []candidate
	for i, w := range weights {
		p := &provider{id: fmt.Sprintf("p%d", i), name: fmt.Sprintf("p%d", i), vendor: vendor, prices: snap.prices.Provider("p", map[bool]string{true: "demo", false: "nobody"}[i < 3], "")}
		list = append(list, candidate{target: target{provider: p, name: p.name, weight: w}, model: fmt.Sprintf("m%d", i), rivals: true})
	}
	return g.field(snap, true, 100), list
}

func orderOf(list []candidate) string {
	var names []string
	for _, c := range list {
		names = append(names, c.name)
	}
	return strings.Join(names, " ")
}

// TestPolicies holds each policy to the order it promises.
func TestPolicies(t *testing.T) {
	busy := func(f *field, list []candidate) {
		for i, n := range []int{5, 1, 2, 0} {
			for range n {
				f.g.loads.enter(list[i].breaker())
			}
			f.g.loads.of(list[i].breaker()).first.add(time.Duration(i+1)*100*time.Millisecond, f.now)
		}
	}
	tests := map[Balance]string{
		BalancePriority:      "p0 p1 p2 p3",
		BalanceLeastInFlight: "p3 p1 p2 p0",
		BalanceFastest:       "p0 p1 p2 p3",
		BalanceCheapest:      "p1 p2 p0 p3", // p3's price is not known
	}
	for by, want := range tests {
		f, list := fieldOf(1, 1, 1, 1)
		busy(f, list)
		f.draw = func() float64 { return 0.5 }
		f.order(by, list)
		if got := orderOf(list); got != want {
			t.Errorf("%s: %s, want %s", by, got, want)
		}
		for _, c := range list {
			if c.place.By != by || c.place.String() == "" {
				t.Errorf("%s: %+v", by, c.place)
			}
		}
	}
	f, list := fieldOf(1, 1, 1)
	f.g.loads.of(list[0].breaker()).first.add(time.Millisecond, f.now)
	f.g.loads.of(list[2].breaker()).first.add(time.Millisecond, f.now.Add(-paceFor-time.Second))
	f.draw = func() float64 { return 0.5 }
	f.order(BalanceFastest, list)
	if got := orderOf(list); got != "p1 p2 p0" {
		t.Errorf("what is not known, or not any more, is found out first: %s", got)
	}
	f, list = fieldOf(10, 1)
	f.g.loads.enter(list[0].breaker())
	f.order(BalanceLeastInFlight, list)
	if got := orderOf(list); got != "p0 p1" {
		t.Errorf("weights count among calls under way: %s", got)
	}
}

// TestDrawsFollowWeights: the draw follows the weights, for the first place and those
// after it.
func TestDrawsFollowWeights(t *testing.T) {
	const n = 20_000
	first, second := map[string]int{}, map[string]int{}
	for range n {
		f, list := fieldOf(70, 20, 10)
		f.order(BalanceWeighted, list)
		first[list[0].name]++
		if list[0].name == "p0" {
			second[list[1].name]++
		}
	}
	for name, share := range map[string]float64{"p0": 0.7, "p1": 0.2, "p2": 0.1} {
		if got := float64(first[name]) / n; math.Abs(got-share) > 0.02 {
			t.Errorf("%s was first in %.3f of the draws, want %.1f", name, got, share)
		}
	}
	if got := float64(second["p1"]) / float64(first["p0"]); math.Abs(got-2.0/3) > 0.02 {
		t.Errorf("p1 was second behind p0 in %.3f, want 0.667", got)
	}
}

// TestFastestExplores: what was slow once is tried again now and then.
func TestFastestExplores(t *testing.T) {
	other := 0
	for range 4000 {
		f, list := fieldOf(1, 1)
		f.g.loads.of(list[0].breaker()).first.add(time.Millisecond, f.now)
		f.g.loads.of(list[1].breaker()).first.add(time.Second, f.now)
		if f.order(BalanceFastest, list); list[0].name == "p1" {
			other++
		}
	}
	if other < 40 || other > 200 { // 1 in 2·explore is 100
		t.Errorf("the slow one came first %d times of 4,000", other)
	}
}

func TestPace(t *testing.T) {
	var p pace
	now := time.Now()
	if _, known := p.get(now); known {
		t.Error("known from nothing")
	}
	p.add(time.Second, now)
	p.add(2*time.Second, now)
	if mean, _ := p.get(now); mean != 1300*time.Millisecond {
		t.Errorf("mean %v", mean)
	}
	p.atLeast(time.Second, now)
	if mean, _ := p.get(now); mean != 1300*time.Millisecond {
		t.Errorf("a wait that was given up early made it better: %v", mean)
	}
	p.atLeast(10*time.Second, now)
	if mean, _ := p.get(now); mean < 3*time.Second {
		t.Errorf("a long wait did not count: %v", mean)
	}
	if _, known := p.get(now.Add(paceFor + 1)); known {
		t.Error("known for too long")
	}
}

// TestConversationsStay: turns of one conversation go to one target and key.
func TestConversationsStay(t *testing.T) {
	turns := func(name string, n int) string {
		text := fmt.Sprintf(`{"role":"system","content":"be kind"},{"role":"user","content":"I am %s"}`, name)
		for i := range n {
			text += fmt.Sprintf(`,{"role":"assistant","content":"hello %d"},{"role":"user","content":"and %d?"}`, i, i)
		}
		return fmt.Sprintf(`{"model":"lab-chat","messages":[%s]}`, text)
	}
	long := func(name string, _ int) string {
		return fmt.Sprintf(`{"model":"lab-chat","messages":[{"role":"user","content":"%s %s"}]}`, name, strings.Repeat("word ", 300))
	}
	user := func(name string, i int) string {
		return fmt.Sprintf(`{"model":"lab-chat","user":%q,"messages":[{"role":"user","content":"%d"}]}`, name, i)
	}
	short := func(string, int) string { return `{"model":"lab-chat","messages":[{"role":"user","content":"hi"}]}` }
	keys := func(c *Config) {
		for i := range c.Providers {
			p := &c.Providers[i]
			p.Keys = append(p.Keys, Key{ID: p.Name + "2", Name: "second", Secret: Secret("k2" + p.Name)})
		}
	}
	tests := []struct {
		name   string
		body   func(string, int) string
		change func(*Config)
		stays  bool
	}{
		{"turns", turns, keys, true},
		{"long beginning", long, keys, true},
		{"user", user, keys, true},
		{"fewest calls", turns, func(c *Config) { keys(c); c.Routes[0].Balance = BalanceLeastInFlight }, true},
		{"fastest", turns, func(c *Config) { keys(c); c.Routes[0].Balance = BalanceFastest }, true},
		{"switched off", turns, func(c *Config) { keys(c); c.Routes[0].Affinity = AffinityOff }, false},
		{"too short", short, keys, false},
		{"other models", turns, func(c *Config) { c.Routes[0].Targets[1].Model = "lab-other" }, false},
		{"other models, wanted", turns, func(c *Config) { c.Routes[0].Targets[1].Model, c.Routes[0].Affinity = "lab-other", AffinityOn }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, pair(tt.change))
			moved, used := 0, map[string]int{}
			for talk := range 8 {
				seen := map[string]bool{}
				for turn := range 8 {
					a := g.do(g.request("POST", "/v1/chat/completions", tt.body(fmt.Sprintf("n%d", talk), turn)))
					if a.status != 200 {
						t.Fatalf("%d %s", a.status, a.body)
					}
					rec := g.lastRecord()
					at := rec.Attempts[0]
					seen[at.Provider+at.KeyID] = true
					used[at.Provider]++
					if kept := rec.Plan[0].Place.Kept; kept && !tt.stays && tt.name != "other models" {
						t.Errorf("kept: %+v", rec.Plan)
					}
				}
				if len(seen) > 1 {
					moved++
				}
			}
			if tt.stays == (moved > 0) || len(used) != 2 && tt.name != "fastest" {
				t.Errorf("%d of 8 conversations moved, used %v", moved, used)
			}
		})
	}
}

// TestConversationFollows: a conversation whose target fails goes on with
// another and stays there, and a busy target is left.
func TestConversationFollows(t *testing.T) {
	g := newRig(t, pair(nil))
	body := `{"model":"lab-chat","user":"u","messages":[{"role":"user","content":"hi"}]}`
	ask := func() string {
		a := g.do(g.request("POST", "/v1/chat/completions", body))
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return a.header.Get("X-Posthouse-Provider")
	}
	was := ask()
	if err := g.lab.SetRule(lab.Rule{Provider: was, Fault: "e401"}); err != nil {
		t.Fatal(err)
	}
	other := ask()
	g.lab.ClearRules()
	for _, k := range []string{"a-k0", "b-k0"} {
		g.gateway.Unbench(k)
	}
	for range 10 {
		if now := ask(); now != other || now == was {
			t.Fatalf("went from %s to %s to %s", was, other, now)
		}
	}
	for range 100 { // far more than its share
		g.gateway.loads.enter(breakerKey{"p-" + other, "lab-chat"})
	}
	left := false
	for range 30 {
		left = ask() != other || left
	}
	if !left {
		t.Error("a target with a hundred calls more is not left")
	}
}

func TestBondsForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBonds(time.Now, bondFor)
		b.put(1, bond{key: "k"})
		time.Sleep(bondFor + time.Second) //nolint:forbidigo // time stands still here
		if _, known := b.get(1); !known {
			t.Error("forgotten too soon")
		}
		time.Sleep(2*bondFor + time.Second) //nolint:forbidigo // as above
		if _, known := b.get(1); known {
			t.Error("remembered for too long")
		}
		for i := range uint64(1_000_000) {
			b.put(i, bond{})
		}
		n := 0
		for i := range b.shards {
			n += len(b.shards[i].young) + len(b.shards[i].old)
		}
		if n > bondShards*2*bondMost {
			t.Errorf("%d conversations are remembered", n)
		}
	})
}

func TestBeginning(t *testing.T) {
	tests := []struct {
		value, start string
		more         bool
	}{
		{`[{"role":"system","content":"s"},{"role":"user","content":"u"}]`, `[{"role":"system","content":"s"},{"role":"user","content":"u"}`, false},
		{`[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]`, `[{"role":"user","content":"u"}`, true},
		{`[{"content":[{"type":"text","role":"user"}],"role":"system"}]`, `[{"content":[{"type":"text","role":"user"}],"role":"system"}]`, false},
		{`"text"`, `"text"`, false},
		{`[]`, `[]`, false},
		{`[1,2,3]`, `[1,2,3]`, false},
	}
	for _, tt := range tests {
		if start, more := beginning([]byte(tt.value)); string(start) != tt.start || more != tt.more {
			t.Errorf("%s: %s %v", tt.value, start, more)
		}
	}
}

// BenchmarkPlan is what balancing and affinity cost a call of 100 KB.
func BenchmarkPlan(b *testing.B) {
	g := newRig(b, pair(nil))
	body := []byte(fmt.Sprintf(`{"model":"lab-chat","messages":[{"role":"system","content":%q},{"role":"user","content":"hi"},{"role":"assistant","content":%q}]}`,
		strings.Repeat("s", 4<<10), strings.Repeat("a", 100<<10)))
	peek, err := peekJSON(body)
	if err != nil {
		b.Fatal(err)
	}
	snap := g.gateway.snapshot.Load()
	c := &call{g: g.gateway, snap: snap, body: body, peek: peek, way: way{route: snap.routes[0], steps: snap.routes[0].steps}}
	for i := range g.gateway.protocols[0].Endpoints {
		if e := &g.gateway.protocols[0].Endpoints[i]; e.Op == llm.OpChat {
			c.entry.endpoint = e
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c.plan()
	}
}
