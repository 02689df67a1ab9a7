package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func valid() Config {
	return Config{
		Providers: []Provider{
			{ID: "1", Name: "openai", Vendor: "openai", Keys: []Key{{ID: "k", Secret: "sk-x"}}},
			{ID: "2", Name: "qwen", Vendor: "dashscope", Keys: []Key{{ID: "k2", Secret: "sk-y"}}},
		},
		Routes:    []Route{{ID: "r", Name: "chat", Match: Match{Models: []ModelMatch{{Value: "smart"}}}, Targets: []Target{{Provider: "qwen", Model: "qwen-max"}}}},
		Consumers: []Consumer{{ID: "c", Name: "app"}},
	}
}

// TestCompileFaults breaks a valid configuration in one place each: the fault
// must say where, and what is not at fault must stay in service.
func TestCompileFaults(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(c *Config)
		kind  string
		field string
	}{
		{"mode", func(c *Config) { c.Access.Mode = "closed" }, "access", "mode"},
		{"limit", func(c *Config) { c.Limits.BodyBytes = -1 }, "limits", ""},
		{"provider without name", func(c *Config) { c.Providers[0].Name = "" }, "provider", "name"},
		{"provider with slash", func(c *Config) { c.Providers[0].Name = "a/b" }, "provider", "name"},
		{"two of a name", func(c *Config) { c.Providers[1].Name = "openai" }, "provider", "name"},
		{"vendor", func(c *Config) { c.Providers[0].Vendor = "nobody" }, "provider", "vendor"},
		{"no base url", func(c *Config) { c.Providers[0].Vendor = "custom" }, "provider", "base_url"},
		{"missing field", func(c *Config) { c.Providers[0].Vendor = "azure" }, "provider", "base_url"},
		{"region", func(c *Config) { c.Providers[1].Region = "mars" }, "provider", "base_url"},
		{"header", func(c *Config) { c.Providers[0].Headers = map[string]string{"Host": "x"} }, "provider", "headers"},
		{"header value", func(c *Config) { c.Providers[0].Headers = map[string]string{"X-A": "a\r\nb"} }, "provider", "headers"},
		{"outbound proxy", func(c *Config) { c.Providers[0].Proxy = "ftp://x" }, "provider", "proxy"},
		{"key weight", func(c *Config) { c.Providers[0].Keys[0].Weight = -1 }, "provider", "keys[0].weight"},
		{"key with line break", func(c *Config) { c.Providers[0].Keys[0].Secret = "sk\nx" }, "provider", "keys[0].value"},
		{"route without targets", func(c *Config) { c.Routes[0].Targets = nil }, "route", "targets"},
		{"route to nobody", func(c *Config) { c.Routes[0].Targets[0].Provider = "x" }, "route", "targets[0].provider"},
		{"fallback to nobody", func(c *Config) { c.Routes[0].Fallback = []Step{{Targets: []Target{{Provider: "x"}}}} }, "route", "fallback[0].targets[0].provider"},
		{"empty fallback", func(c *Config) { c.Routes[0].Fallback = []Step{{}} }, "route", "fallback[0].targets"},
		{"trigger", func(c *Config) { c.Routes[0].On = []string{"sometimes"} }, "route", "on"},
		{"trigger code", func(c *Config) { c.Routes[0].On = []string{"200"} }, "route", "on"},
		{"regex", func(c *Config) { c.Routes[0].Match.Models[0] = ModelMatch{Kind: MatchRegex, Value: "("} }, "route", "match.models[0].value"},
		{"model kind", func(c *Config) { c.Routes[0].Match.Models[0].Kind = "like" }, "route", "match.models[0].kind"},
		{"host with port", func(c *Config) { c.Routes[0].Match.Hosts = []string{"a:80"} }, "route", "match.hosts[0]"},
		{"path", func(c *Config) { c.Routes[0].Match.PathPrefix = "team" }, "route", "match.path_prefix"},
		{"rewrite", func(c *Config) { c.Routes[0].Targets[0].Rewrite = []Rewrite{{From: "a*b"}} }, "route", "targets[0].rewrite[0].from"},
		{"weight", func(c *Config) { c.Routes[0].Targets[0].Weight = MaxWeight + 1 }, "route", "targets[0].weight"},
		{"two consumers of a name", func(c *Config) { c.Consumers = append(c.Consumers, c.Consumers[0]) }, "consumer", "name"},
	}
	if _, faults := Compile(valid()); len(faults) > 0 {
		t.Fatalf("the valid configuration has faults: %v", faults)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := valid()
			tt.spoil(&c)
			snap, faults := Compile(c)
			if len(faults) == 0 || faults[0].Kind != tt.kind || faults[0].Field != tt.field || faults[0].Message == "" {
				t.Fatalf("got %v", faults)
			}
			if tt.kind != "provider" && len(snap.providers) != 2 {
				t.Errorf("%d providers left", len(snap.providers))
			}
			if tt.kind == "provider" && len(snap.providers) == 0 {
				t.Error("a provider at fault took the other one down")
			}
		})
	}
}

func TestDefaultTriggersParse(t *testing.T) {
	if _, err := parseTriggers(DefaultTriggers()); err != nil {
		t.Error(err)
	}
}

// TestBrokenRouteIsOutOfService: its requests must not leak to another route.
func TestBrokenRouteIsOutOfService(t *testing.T) {
	g := newRig(t, one)
	conf := one(g)
	conf.Routes = []Route{{ID: "r", Name: "broken", Match: Match{Models: []ModelMatch{{Value: "secret-model"}}}, Targets: []Target{{Provider: "gone"}}}}
	snap, faults := Compile(conf)
	if len(faults) != 1 {
		t.Fatalf("faults %v", faults)
	}
	g.gateway.Load(snap)
	if a := g.chat("secret-model", false); a.status != 503 || a.errorCode(t) != "route_out_of_service" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := g.chat("lab-chat", false); a.status != 200 {
		t.Errorf("another model: %d %s", a.status, a.body)
	}
}

func TestMatching(t *testing.T) {
	tests := []struct {
		name  string
		match Match
		q     Question
		want  bool
	}{
		{"everything", Match{}, Question{Model: "m"}, true},
		{"host", Match{Hosts: []string{"ai.example.com"}}, Question{Host: "AI.example.com:8080"}, true},
		{"other host", Match{Hosts: []string{"ai.example.com"}}, Question{Host: "example.com"}, false},
		{"wildcard", Match{Hosts: []string{"*.example.com"}}, Question{Host: "a.b.example.com"}, true},
		{"wildcard needs more", Match{Hosts: []string{"*.example.com"}}, Question{Host: "example.com"}, false},
		{"prefix", Match{PathPrefix: "/team-a"}, Question{Path: "/team-a/v1/chat/completions"}, true},
		{"prefix with slash", Match{PathPrefix: "/team-a/"}, Question{Path: "/team-a/v1/chat/completions"}, true},
		{"half a segment", Match{PathPrefix: "/team"}, Question{Path: "/team-a/v1/chat/completions"}, false},
		{"no prefix asked for", Match{}, Question{Path: "/team-a/v1/chat/completions"}, false},
		{"prefix within the endpoint", Match{PathPrefix: "/v1/chat"}, Question{Path: "/v1/chat/completions"}, true},
		{"prefix and more", Match{PathPrefix: "/a"}, Question{Path: "/a/b/v1/chat/completions"}, false},
		{"prefix over all", Match{PathPrefix: "/a/b"}, Question{Path: "/a/b/v1/chat/completions"}, true},
		{"header", Match{Headers: []NameMatch{{"X-Team", "a"}}}, Question{Header: http.Header{"X-Team": {"b", "a"}}}, true},
		{"header missing", Match{Headers: []NameMatch{{"X-Team", "a"}}}, Question{Header: http.Header{"X-Team": {"b"}}}, false},
		{"header present", Match{Headers: []NameMatch{{Name: "x-team"}}}, Question{Header: http.Header{"X-Team": {"b"}}}, true},
		{"query", Match{Query: []NameMatch{{"v", "2"}}}, Question{Query: url.Values{"v": {"2"}}}, true},
		{"query missing", Match{Query: []NameMatch{{"v", "2"}}}, Question{}, false},
		{"exact", Match{Models: []ModelMatch{{"", "gpt-4"}}}, Question{Model: "gpt-4"}, true},
		{"exact is exact", Match{Models: []ModelMatch{{"", "gpt-4"}}}, Question{Model: "gpt-4o"}, false},
		{"case counts", Match{Models: []ModelMatch{{"", "gpt-4"}}}, Question{Model: "GPT-4"}, false},
		{"model prefix", Match{Models: []ModelMatch{{MatchPrefix, "gpt-"}}}, Question{Model: "gpt-4o"}, true},
		{"glob", Match{Models: []ModelMatch{{MatchGlob, "gpt-*-mini"}}}, Question{Model: "gpt-4o-mini"}, true},
		{"regex is anchored", Match{Models: []ModelMatch{{MatchRegex, "gpt-[45]"}}}, Question{Model: "gpt-4o"}, false},
		{"regex", Match{Models: []ModelMatch{{MatchRegex, "gpt-[45]o?|o3"}}}, Question{Model: "gpt-4o"}, true},
		{"any of several", Match{Models: []ModelMatch{{"", "a"}, {MatchPrefix, "b"}}}, Question{Model: "bc"}, true},
		{"all conditions", Match{Hosts: []string{"h"}, Models: []ModelMatch{{"", "a"}}}, Question{Host: "x", Model: "a"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := valid()
			c.Routes[0].Match = tt.match
			snap, faults := Compile(c)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			tt.q.fill()
			before := tt.q.Path[:strings.Index(tt.q.Path, "/v1/")]
			if why := snap.routes[0].match.why(&tt.q, before); (why == "") != tt.want {
				t.Errorf("why = %q", why)
			}
		})
	}
}

func TestModelMapping(t *testing.T) {
	tests := []struct {
		target Target
		asked  string
		want   string
	}{
		{Target{}, "m", "m"},
		{Target{Model: "x"}, "m", "x"},
		{Target{Model: "x", Rewrite: []Rewrite{{"gpt-4", "qwen-max"}}}, "gpt-4", "qwen-max"},
		{Target{Model: "x", Rewrite: []Rewrite{{"gpt-4", "qwen-max"}}}, "gpt-4o", "x"},
		{Target{Rewrite: []Rewrite{{"gpt-*", "qwen-max"}}}, "gpt-4o", "qwen-max"},
		{Target{Rewrite: []Rewrite{{"gpt-*", "my-*"}}}, "gpt-4o", "my-4o"},
		{Target{Rewrite: []Rewrite{{"a", ""}, {"*", "x"}}}, "a", "a"},
		{Target{Rewrite: []Rewrite{{"a", ""}, {"*", "x"}}}, "b", "x"},
	}
	for _, tt := range tests {
		ready := target{model: tt.target.Model, rewrite: tt.target.Rewrite}
		if got := ready.modelFor(tt.asked); got != tt.want {
			t.Errorf("%+v, %s: got %s, want %s", tt.target, tt.asked, got, tt.want)
		}
	}
}

// TestImplicitRouting: one key entered is enough for a first answer.
func TestImplicitRouting(t *testing.T) {
	provider := func(name, vendor string, models ...string) Provider {
		p := Provider{ID: name, Name: name, Vendor: vendor, Models: models}
		if vendor == "custom" {
			p.BaseURL = "https://ai.example.com/v1"
		}
		return p
	}
	tests := []struct {
		providers []Provider
		model     string
		want      string // provider/model in order; empty: unknown
	}{
		{[]Provider{provider("qwen", "dashscope"), provider("openai", "openai")}, "qwen-max", "qwen/qwen-max"},
		{[]Provider{provider("qwen", "dashscope"), provider("openai", "openai")}, "gpt-4.1", "openai/gpt-4.1"},
		{[]Provider{provider("qwen", "dashscope"), provider("openai", "openai")}, "openai/whatever-new", "openai/whatever-new"},
		{[]Provider{provider("qwen", "dashscope"), provider("openai", "openai")}, "qwen/org/name", "qwen/org/name"},
		{[]Provider{provider("qwen", "dashscope")}, "llama-3", ""},
		{[]Provider{provider("qwen", "dashscope", "qwen-max")}, "qwen-plus", ""},
		{[]Provider{provider("qwen", "dashscope"), provider("mine", "custom")}, "llama-3", "mine/llama-3"},
		{[]Provider{provider("qwen", "dashscope"), provider("mine", "custom")}, "qwen-max", "qwen/qwen-max"},
		{[]Provider{provider("a", "custom", "m"), provider("b", "custom", "m", "n")}, "m", "a/m b/m"},
		{[]Provider{provider("openai", "openai"), provider("local", "custom", "gpt-oss-120b")}, "gpt-oss-120b", "local/gpt-oss-120b"},
		{[]Provider{provider("qwen", "dashscope")}, "unknown/qwen-max", ""},
	}
	for _, tt := range tests {
		g := New(Options{})
		snap, faults := Compile(Config{Providers: tt.providers})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		g.Load(snap)
		var got []string
		ex := g.Explain(Question{Model: tt.model})
		for _, p := range ex.Targets {
			got = append(got, p.Provider+"/"+p.Model)
		}
		if strings.Join(got, " ") != tt.want || (tt.want == "") != (ex.Error != "") {
			t.Errorf("%s: got %v (%s) %s", tt.model, got, ex.Reason, ex.Error)
		}
	}
}

func TestExplain(t *testing.T) {
	c := valid()
	c.Routes = append([]Route{{ID: "r0", Name: "internal", Match: Match{Hosts: []string{"internal.example"}}, Targets: []Target{{Provider: "openai"}}}}, c.Routes...)
	c.Routes[1].Targets = []Target{{Provider: "qwen", Model: "qwen-max", Weight: 3}, {Provider: "openai", Weight: 1}}
	c.Routes[1].Fallback = []Step{{Targets: []Target{{Provider: "openai", Model: "gpt-4.1"}}}}
	c.Providers[0].Keys[0].Disabled = true
	g := New(Options{})
	snap, _ := Compile(c)
	g.Load(snap)
	got := g.Explain(Question{Model: "smart"})
	want := Explanation{
		Endpoint: "/v1/chat/completions", Route: "chat", Reason: "the route chat matches",
		Considered: []Considered{{Route: "internal", Why: "the host is not internal.example"}, {Route: "chat", Matched: true}},
		Targets: []Planned{
			{Step: 0, Provider: "qwen", Model: "qwen-max", Share: 0.75, Usable: true},
			{Step: 0, Provider: "openai", Model: "smart", Share: 0.25, Why: "no key is switched on"},
			{Step: 1, Provider: "openai", Model: "gpt-4.1", Share: 1, Why: "no key is switched on"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Planned{}, "Place")); diff != "" {
		t.Error(diff)
	}
	if ex := g.Explain(Question{Path: "/nothing", Model: "smart"}); ex.Error == "" {
		t.Errorf("%+v", ex)
	}
}

func TestSecretHidesItself(t *testing.T) {
	s := Secret("sk-canary-0123456789-9f2c")
	type holder struct{ Key Secret }
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%X", "%d", "%#v", "%+v", "%10s"} {
		for _, v := range []any{s, &s, holder{s}, []Secret{s}, map[string]Secret{"k": s}} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "canary") || strings.Contains(strings.ToLower(out), "63616e617279") {
				t.Errorf("%s of %T shows %s", verb, v, out)
			}
		}
	}
	if s.Hint() != "****9f2c" || Secret("short").Hint() != "****" || Secret("").Hint() != "" {
		t.Errorf("hints %q %q %q", s.Hint(), Secret("short").Hint(), Secret("").Hint())
	}
}

// TestFixes edits bodies as the catalog says, for vendors and models it is
// about and for no others.
func TestFixes(t *testing.T) {
	tests := []struct{ vendor, model, body, want string }{
		{"openai", "o3-mini", `{"model":"o3-mini","max_tokens":5}`, `{"model":"o3-mini","max_completion_tokens":5}`},
		{"openai", "o3-mini", `{"max_tokens":5,"max_completion_tokens":6,"model":"o3-mini"}`, `{"max_completion_tokens":6,"model":"o3-mini"}`},
		{"openai", "gpt-4.1", `{"model":"gpt-4.1","max_tokens":5}`, `{"model":"gpt-4.1","max_tokens":5}`},
		{"mistral", "mistral-large-latest", `{"seed":1,"model":"x","max_completion_tokens":5}`, `{"random_seed":1,"model":"mistral-large-latest","max_tokens":5}`},
		{"deepseek", "deepseek-chat", `{"model":"deepseek-chat","temperature":0,"seed":0}`, `{"model":"deepseek-chat","temperature":0,"seed":0}`},
	}
	for _, tt := range tests {
		snap, faults := Compile(Config{Providers: []Provider{{ID: "1", Name: "p", Vendor: tt.vendor}}})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		p, err := peekJSON([]byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		g := New(Options{})
		e, err := g.accept(g.protocols[0], &http.Request{Method: "POST", URL: &url.URL{Path: "/v1/chat/completions"}})
		if err != nil {
			t.Fatal(err)
		}
		c := &call{peek: p, body: []byte(tt.body), entry: e}
		got := c.bodyFor(&candidate{target: target{provider: snap.providers[0]}, model: tt.model})
		if string(got.Bytes()) != tt.want {
			t.Errorf("%s: got %s, want %s", tt.vendor, got.Bytes(), tt.want)
		}
	}
}

// FuzzPeek: whatever comes in, looking at it must not panic, and two readers of
// the same body must not see different models.
func FuzzPeek(f *testing.F) {
	f.Add([]byte(`{"model":"a","stream":true}`))
	f.Add([]byte("--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--X--"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := peekJSON(body)
		if err == nil && p.named && p.model == "" {
			t.Fatal("an empty model passed")
		}
		if form, err := peekForm(body, "X"); err == nil && form.named && string(body[form.formFrom:form.formTo]) != form.model {
			t.Fatal("the form's model is not where it was said to be")
		}
	})
}
