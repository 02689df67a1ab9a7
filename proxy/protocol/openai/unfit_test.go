package openai

import (
	"testing"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

func TestUnfit(t *testing.T) {
	t.Parallel()
	imitator := protocol.Traits{OldMaxTokens: true, NoDeveloper: true, NoCustomTools: true}
	reasoner := protocol.Traits{FixedSampling: true, NoLogprobs: true}
	with := func(change func(*protocol.Traits)) protocol.Traits {
		tr := imitator
		change(&tr)
		return tr
	}
	for _, c := range []struct {
		body   string
		traits protocol.Traits
		want   bool
	}{
		{`{"temperature":0.2}`, reasoner, true},
		{`{"temperature":1.0}`, reasoner, false},
		{`{"temperature":null}`, reasoner, false},
		{`{"temperature":0.2}`, imitator, false},
		{`{"temperature":1.5}`, with(func(tr *protocol.Traits) { tr.LowTemperature = true }), true},
		{`{"frequency_penalty":0}`, reasoner, false},
		{`{"frequency_penalty":0.1}`, reasoner, true},
		{`{"logprobs":false}`, reasoner, false},
		{`{"logprobs":true}`, reasoner, true},
		{`{"top_k":5}`, reasoner, true},
		{`{"top_k":5}`, imitator, false},
		{`{"enable_thinking":true}`, protocol.Traits{}, true},
		{`{"enable_thinking":true}`, imitator, false},
		{`{"reasoning_effort":"low"}`, with(func(tr *protocol.Traits) { tr.Thinks = protocol.ThinksByEffort }), false},
		{`{"reasoning_effort":"low"}`, with(func(tr *protocol.Traits) { tr.Thinks = protocol.ThinksBySwitch }), true},
		{`{"thinking":{"type":"enabled"},"reasoning_effort":"low"}`, with(func(tr *protocol.Traits) { tr.Thinks = protocol.ThinksBySwitch }), false},
		{`{"reasoning_effort":"max"}`, with(func(tr *protocol.Traits) { tr.Thinks = protocol.ThinksByEffort }), false},
		{`{"reasoning_effort":"max"}`, with(func(tr *protocol.Traits) { tr.Thinks, tr.TopEffort = protocol.ThinksByEffort, "high" }), true},
		{`{"reasoning_effort":"low"}`, with(func(tr *protocol.Traits) { tr.Thinks = protocol.ThinksNot }), true},
		{`{"response_format":{"type":"json_schema"}}`, with(func(tr *protocol.Traits) { tr.NoJSONSchema = true }), true},
		{`{"response_format":{"type":"json_object"}}`, with(func(tr *protocol.Traits) { tr.NoJSONSchema = true }), false},
		{`{"tool_choice":"required"}`, with(func(tr *protocol.Traits) { tr.NoToolRequired = true }), true},
		{`{"tool_choice":"auto"}`, with(func(tr *protocol.Traits) { tr.NoToolRequired = true }), false},
		{`{"tool_choice":{"type":"function"}}`, with(func(tr *protocol.Traits) { tr.NoToolRequired = true }), true},
		{`{"messages":[{"role":"developer","content":"x"}]}`, imitator, true},
		{`{"messages":[{"role":"user","content":"a \"developer\" said"}]}`, imitator, false},
		{`{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}`, with(func(tr *protocol.Traits) { tr.NoImages = true }), true},
		{`{"tools":[{"type":"custom","custom":{"name":"f"}}]}`, imitator, true},
		{`{"stop":"END"}`, protocol.Traits{NoStop: true}, true},
		{`{"n":1}`, with(func(tr *protocol.Traits) { tr.NoN = true }), false},
		{`{"n":2}`, with(func(tr *protocol.Traits) { tr.NoN = true }), true},
	} {
		w := protocol.Written{Body: []byte(c.body)}
		if err := rawjson.Fields(w.Body, func(f rawjson.Field) error { w.Fields = append(w.Fields, f); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := unfit(w, &c.traits); got != c.want {
			t.Errorf("%s for %+v: %v", c.body, c.traits, got)
		}
	}
}

func BenchmarkUnfit(b *testing.B) {
	body := []byte(`{"model":"m","temperature":1,"stream":true,"messages":[{"role":"user","content":"hi"}],"max_tokens":5}`)
	w := protocol.Written{Body: body}
	_ = rawjson.Fields(body, func(f rawjson.Field) error { w.Fields = append(w.Fields, f); return nil })
	tr := protocol.Traits{FixedSampling: true, NoLogprobs: true, NoDeveloper: true, NoCustomTools: true}
	b.ReportAllocs()
	for b.Loop() {
		unfit(w, &tr)
	}
}
