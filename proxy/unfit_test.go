package proxy

import (
	"net/http"
	"strings"
	"testing"
)

// changedTargets is a gateway in which a route called "alias" leads to another
// model than is asked for, and one called "spare" stands in for a model that is
// down. Both are the fake's, which is as strict as their vendor.
func changedTargets(vendor, base, dear, other string) func(g *rig) Config {
	return func(g *rig) Config {
		p := g.provider("main", "sk-1")
		p.Vendor, p.BaseURL, p.Models = vendor, strings.TrimSuffix(g.labURL, "/v1")+"/p/main"+base, []string{dear, other, "fault-e500"}
		return Config{
			Providers: []Provider{p},
			Routes: []Route{
				{ID: "r1", Name: "alias", Match: Match{Models: []ModelMatch{{Kind: MatchExact, Value: "alias"}}}, Targets: []Target{{Provider: "main", Model: other}}},
				{
					ID: "r2", Name: "spare", Match: Match{Models: []ModelMatch{{Kind: MatchExact, Value: "fault-e500"}}}, Targets: []Target{{Provider: "main"}},
					Fallback: []Step{{Targets: []Target{{Provider: "main", Model: other}}}},
				},
			},
		}
	}
}

// TestABodyForAnotherModelIsFitted: what the model that is asked instead would
// refuse is left out or said in its way, and named.
func TestABodyForAnotherModelIsFitted(t *testing.T) {
	t.Parallel()
	openai := func(fields string) string {
		return `{"model":"@","messages":[{"role":"user","content":"hi"}],` + fields + `}`
	}
	claude := func(fields string) string {
		return `{"model":"@","max_tokens":4000,"messages":[{"role":"user","content":"hi"}],` + fields + `}`
	}
	const newer, older = "claude-5-lab-x", "claude-haiku-4-5-lab-x"
	cases := []struct {
		name, vendor, base, path, body string
		dear, other                    string // models of the vendor; other is the one that is asked instead
		sent                           string // part of what it must have been asked
		not                            string // what it must not have been asked
		lossy                          string // part of what the caller is told; empty: nothing was lost
	}{
		{
			"sampling for a model that reasons", "openai", "/v1", "/v1/chat/completions",
			openai(`"temperature":0.2,"top_p":0.5,"presence_penalty":1,"max_tokens":50,"logprobs":true,"seed":7`), "gpt-4-lab-x", "gpt-5-lab-x",
			`"max_completion_tokens":50`, `"temperature"`, "dropped temperature",
		},
		{
			"another vendor's switch for thinking", "openai", "/v1", "/v1/chat/completions",
			openai(`"thinking":{"type":"enabled"},"reasoning_effort":"low","top_k":3`), "gpt-4-lab-x", "gpt-5-lab-x",
			`"reasoning_effort":"low"`, `"thinking"`, "dropped top_k",
		},
		{
			"a budget for a model that thinks adaptively", "anthropic", "", "/v1/messages",
			claude(`"thinking":{"type":"enabled","budget_tokens":2000},"context_management":{"edits":[]}`), older, newer,
			`"thinking":{"type":"adaptive"`, `budget_tokens`, "changed thinking.budget_tokens",
		},
		{
			"sampling for a model without", "anthropic", "", "/v1/messages",
			claude(`"temperature":0.2,"top_k":5`), older, newer,
			`"max_tokens":4000`, `"temperature"`, "dropped temperature",
		},
		{
			"adaptive thinking for a model with budgets", "anthropic", "", "/v1/messages",
			claude(`"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}`), newer, older,
			`"budget_tokens":2048`, `effort`, "",
		},
		{
			"a level for a model with budgets", "gemini", "/v1beta", "/v1beta/models/@:generateContent",
			`{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"low"}}}`, "gemini-3-lab-x", "gemini-2.5-lab-x",
			`"thinkingBudget":2048`, `thinkingLevel`, "",
		},
		{
			"a budget for a model with levels", "gemini", "/v1beta", "/v1beta/models/@:generateContent",
			`{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":20000}}}`, "gemini-2.5-lab-x", "gemini-3-lab-x",
			`"thinkingLevel":"high"`, `thinkingBudget`, "changed reasoning",
		},
		{
			"sampling by way of Responses", "openai", "/v1", "/v1/responses",
			`{"model":"@","input":"hi","temperature":0.3,"max_output_tokens":60}`, "gpt-4-lab-x", "gpt-5-lab-x",
			`"max_output_tokens":60`, `"temperature"`, "dropped temperature",
		},
	}
	for _, c := range cases {
		for _, asked := range []string{"alias", "fault-e500"} {
			t.Run(c.name+" "+asked, func(t *testing.T) {
				t.Parallel()
				g := newRig(t, changedTargets(c.vendor, c.base, c.dear, c.other))
				fill := strings.NewReplacer("@", asked)
				got := g.do(g.request("POST", fill.Replace(c.path), fill.Replace(c.body)))
				if got.status != http.StatusOK {
					t.Fatalf("%d %s", got.status, got.body)
				}
				calls := g.lab.Calls()
				sent := string(calls[len(calls)-1].Body)
				if !strings.Contains(sent, c.sent) || strings.Contains(sent, c.not) {
					t.Errorf("the vendor was asked %s", sent)
				}
				lossy := got.header.Get("X-Posthouse-Lossy")
				if c.lossy == "" && lossy != "" || !strings.Contains(lossy, c.lossy) {
					t.Errorf("x-posthouse-lossy: %q", lossy)
				}
				if r := g.lastRecord(); c.lossy != "" && !strings.Contains(r.Attempts[len(r.Attempts)-1].Lossy, c.lossy) {
					t.Errorf("recorded as lossy: %+v", r.Attempts)
				}
			})
		}
	}
}

// TestAModelThatWasAskedForGetsEveryByte, although it refuses them: the caller
// is told by the vendor. So is a body that fits another model as it is.
func TestAModelThatWasAskedForGetsEveryByte(t *testing.T) {
	t.Parallel()
	g := newRig(t, changedTargets("openai", "/v1", "gpt-4-lab-x", "gpt-5-lab-x"))
	const own = `{"model": "gpt-5-lab-x", "temperature": 0.20, "messages": [{"role": "user", "content": "hi"}]}`
	got := g.do(g.request("POST", "/v1/chat/completions", own))
	if sent := string(g.lab.Calls()[0].Body); got.status != http.StatusBadRequest || sent != own || !strings.Contains(got.body, "temperature") {
		t.Errorf("%d %s: the vendor was asked %s", got.status, got.body, sent)
	}
	const fits = `{"model": "alias", "temperature": 1.0, "max_completion_tokens": 50, "messages": [{"role": "user", "content": "hi \"top_k\": 1"}]}`
	got = g.do(g.request("POST", "/v1/chat/completions", fits))
	if sent := string(g.lab.Calls()[1].Body); got.status != http.StatusOK || sent != strings.Replace(fits, "alias", "gpt-5-lab-x", 1) {
		t.Errorf("%d %s: the vendor was asked %s", got.status, got.body, sent)
	}
}

// TestAStrictRouteFitsNothing: a caller that demands what it wrote is told what
// would have to go.
func TestAStrictRouteFitsNothing(t *testing.T) {
	t.Parallel()
	g := newRig(t, func(g *rig) Config {
		conf := changedTargets("openai", "/v1", "gpt-4-lab-x", "gpt-5-lab-x")(g)
		conf.Routes[0].Strict = true
		return conf
	})
	got := g.do(g.request("POST", "/v1/chat/completions", `{"model":"alias","temperature":0.2,"messages":[{"role":"user","content":"hi"}]}`))
	if got.status != http.StatusBadRequest || got.errorCode(t) != "lossy_translation" || !strings.Contains(got.body, "temperature") || len(g.lab.Calls()) > 0 {
		t.Errorf("%d %s after %d calls", got.status, got.body, len(g.lab.Calls()))
	}
}
