package anthropic

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// defaultMaxTokens is asked for where neither the caller nor the catalogue sets
// a limit, which the dialect demands.
const defaultMaxTokens = 8192

// maxCaches is how many prefixes a request may mark for the vendor's cache.
const maxCaches = 4

// encoding is a request being written.
type encoding struct {
	r      *llm.Request
	t      *protocol.Target
	lost   *llm.Losses
	w      wireRequest
	own    bool // the caller speaks this dialect, too
	caches int  // prefixes that are yet to be left unmarked
}

// EncodeRequest writes a Messages request.
func (codec) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	e, failed := encodeRequest(r, t, lost)
	if failed != nil {
		return nil, failed
	}
	b, err := json.Marshal(&e.w, lenient)
	if err != nil {
		return nil, invalid("body", "the request can't be written as JSON: "+err.Error())
	}
	return b, nil
}

func encodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) (*encoding, *llm.Error) {
	e := &encoding{r: r, t: t, lost: lost, own: r.Dialect == Name}
	e.w.Model, e.w.Stream, e.w.Tools = t.Model, t.Stream, nil
	if !e.own {
		e.caches = marks(r) - maxCaches
	}
	e.tools()
	if failed := e.conversation(); failed != nil {
		return nil, failed
	}
	e.limits()
	e.form()
	e.thinking()
	e.who()
	e.rest()
	return e, nil
}

// limits writes the limit on tokens, how to sample and where to stop.
func (e *encoding) limits() {
	r, traits := e.r, &e.t.Traits
	most := int64(defaultMaxTokens)
	switch {
	case r.MaxTokens != nil && traits.MaxOutput > 0 && *r.MaxTokens > traits.MaxOutput && !e.own:
		most = traits.MaxOutput
		e.lost.Change("max_tokens", "the model writes less at once")
	case r.MaxTokens != nil:
		most = *r.MaxTokens
	case traits.MaxOutput > 0:
		most = traits.MaxOutput
	}
	e.w.MaxTokens = &most
	e.w.TopK = r.TopK
	e.w.Temperature, e.w.TopP = r.Temperature, r.TopP
	if t := r.Temperature; t != nil && (*t > 1 || *t < 0) {
		clamped := min(max(*t, 0), 1)
		e.w.Temperature = &clamped
		e.lost.Change("temperature", "the vendor takes 0 to 1")
	}
	if traits.FixedSampling {
		e.noSampling()
	}
	if traits.OneSampling && e.w.Temperature != nil && e.w.TopP != nil && !e.own {
		if *e.w.TopP != 1 {
			e.lost.Drop("top_p", "the model takes temperature or top_p, not both")
		}
		e.w.TopP = nil
	}
	for _, s := range r.Stop {
		if strings.TrimSpace(s) == "" && !e.own {
			e.lost.Drop("stop", "the vendor takes no stop sequences of blanks")
			continue
		}
		e.w.StopSequences = append(e.w.StopSequences, s)
	}
}

// noSampling is for models that refuse all of it.
func (e *encoding) noSampling() {
	const why = "the model samples as it likes"
	if e.w.Temperature != nil && *e.w.Temperature != 1 {
		e.lost.Drop("temperature", why)
	}
	if e.w.TopP != nil && *e.w.TopP != 1 {
		e.lost.Drop("top_p", why)
	}
	if e.w.TopK != nil {
		e.lost.Drop("top_k", why)
	}
	e.w.Temperature, e.w.TopP, e.w.TopK = nil, nil, nil
}

// form writes the form that the answer must have.
func (e *encoding) form() {
	f := e.r.Format
	switch {
	case f == nil || f.Kind == llm.FormatText:
	case f.Kind == llm.FormatJSON:
		e.lost.Change("response_format", "the vendor knows no JSON mode: the model was asked for it in words")
		text := "Answer with one JSON object and nothing else, no code fence around it."
		e.w.System = append(e.w.System, wireBlock{Type: "text", Text: &text})
	case e.t.Traits.NoJSONSchema:
		e.lost.Change("response_format", "the model answers by way of a tool")
		description := "Gives the final answer. Call it once, with the answer as its arguments."
		if f.Description != "" {
			description += " " + f.Description
		}
		e.w.Tools = append(e.w.Tools, wireTool{Name: answerTool, Description: description, InputSchema: asObject(f.Schema)})
		e.w.ToolChoice = &wireToolChoice{Type: "any"}
		if len(e.w.Tools) == 1 || e.r.Choice.Mode == llm.ToolNone {
			e.w.ToolChoice = &wireToolChoice{Type: "tool", Name: answerTool}
		}
	default:
		schema := f.Schema
		if !e.own {
			schema = subsetOf(asObject(schema), "response_format", e.lost)
		}
		e.output().Format = &wireFormat{Type: "json_schema", Schema: schema}
	}
}

// who writes for whom and how the request is served.
func (e *encoding) who() {
	if e.r.User != "" {
		e.w.Metadata = &wireMetadata{UserID: e.r.User}
	}
	switch {
	case e.r.Tier == "" || e.r.Tier == "auto" || e.own:
		e.w.ServiceTier = e.r.Tier
	case e.r.Tier == "default" || e.r.Tier == "standard":
		e.w.ServiceTier = "standard_only"
	default:
		e.lost.Hint("service_tier", "the vendor has no such tier")
	}
}

// rest writes the dialect's other fields, and notes what it has no words for.
func (e *encoding) rest() {
	r := e.r
	if e.own {
		e.extras()
		return
	}
	drops(e.lost, "", r.Extra)
	const why = "Anthropic has no such parameter"
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"n", r.N != nil && *r.N > 1},
		{"seed", r.Seed != nil},
		{"min_p", r.MinP != nil},
		{"frequency_penalty", r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0},
		{"presence_penalty", r.PresencePenalty != nil && *r.PresencePenalty != 0},
		{"logit_bias", len(r.LogitBias) > 0},
		{"logprobs", r.Logprobs != nil && *r.Logprobs},
		{"top_logprobs", r.TopLogprobs != nil && *r.TopLogprobs > 0},
		{"verbosity", r.Verbosity != "" && r.Verbosity != "medium"},
		{"modalities", slices.ContainsFunc(r.Outputs, func(o string) bool { return o != "text" })},
	} {
		if f.set {
			e.lost.Drop(f.name, why)
		}
	}
	if r.CacheKey != "" {
		e.lost.Hint("prompt_cache_key", why)
	}
	if len(r.Metadata) > 0 {
		e.lost.Hint("metadata", "Anthropic keeps no labels of requests")
	}
}

// extras puts back what a caller of the same dialect wrote beyond the canonical
// words.
func (e *encoding) extras() {
	e.w.Extra = maps.Clone(e.r.Extra)
	for name, into := range map[string]func(llm.Raw){
		"thinking": func(raw llm.Raw) {
			if e.w.Thinking == nil {
				e.w.Thinking = &wireThinking{}
			}
			e.merge(raw, e.w.Thinking)
		},
		"output_config": func(raw llm.Raw) { e.merge(raw, e.output()) },
		"metadata": func(raw llm.Raw) {
			if e.w.Metadata == nil {
				e.w.Metadata = &wireMetadata{}
			}
			e.merge(raw, e.w.Metadata)
		},
	} {
		if raw, ok := e.w.Extra[name]; ok {
			into(raw)
			delete(e.w.Extra, name)
		}
	}
}

func (e *encoding) merge(raw llm.Raw, into any) {
	_ = json.Unmarshal(raw, into, lenient) // our own encoder wrote it
}

// drops notes fields that only another dialect has a name for.
func drops(lost *llm.Losses, path string, extra map[string]llm.Raw) {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if path != "" {
			name = path + "." + name
		}
		lost.Drop(name, "only the dialect it was written in knows it")
	}
}

// marks counts the prefixes that are marked for the vendor's cache.
func marks(r *llm.Request) int {
	n := 0
	count := func(c *llm.Cache) {
		if c != nil {
			n++
		}
	}
	for _, t := range r.Tools {
		count(t.Cache)
	}
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			count(cacheOf(p))
		}
	}
	return n
}

func cacheOf(p llm.Part) *llm.Cache {
	switch p := p.(type) {
	case *llm.Text:
		return p.Cache
	case *llm.Media:
		return p.Cache
	case *llm.ToolCall:
		return p.Cache
	case *llm.ToolResult:
		return p.Cache
	case *llm.Thinking, *llm.Refusal, *llm.Foreign:
	}
	return nil
}

// cache writes a mark. Of more than the vendor takes the first are left out:
// the longest prefixes save most.
func (e *encoding) cache(c *llm.Cache) *wireCache {
	if c == nil {
		return nil
	}
	if e.caches > 0 {
		e.caches--
		e.lost.Hint("cache_control", "the vendor takes four marks at most")
		return nil
	}
	return &wireCache{Type: "ephemeral", TTL: c.TTL}
}
