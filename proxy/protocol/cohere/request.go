package cohere

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// The bounds of numbers. Source: docs.cohere.com/reference/chat.
const (
	leastP, mostP = 0.01, 0.99
	mostK         = 500
	mostPenalty   = 1
	mostStops     = 5
)

// put is a request being written.
type put struct {
	r    *llm.Request
	t    *protocol.Target
	lost *llm.Losses
	w    wireRequest
}

// EncodeRequest implements protocol.Outbound.
func (chat) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	p := &put{r: r, t: t, lost: lost, w: wireRequest{Model: t.Model, Stream: t.Stream}}
	if failed := p.conversation(); failed != nil {
		return nil, failed
	}
	p.tools()
	p.format()
	p.think()
	p.sampling()
	p.unsaid()
	p.own()
	body, err := json.Marshal(&p.w, lenient)
	if err != nil {
		return nil, protocol.Unwritten(t, err)
	}
	return body, nil
}

// tools declares functions. One that must be called is the only one that is
// told of: Cohere can be made to call some tool, not a certain one.
func (p *put) tools() {
	strict := true
	for _, t := range protocol.Functions(p.r, p.lost) {
		if p.r.Choice.Mode == llm.ToolNamed && t.Name != p.r.Choice.Name {
			continue
		}
		if t.Cache != nil {
			p.lost.Hint("cache_control", "Cohere caches by itself")
		}
		strict = strict && t.Strict != nil && *t.Strict && demands(t.Parameters)
		p.w.Tools = append(p.w.Tools, wireTool{Type: "function", Function: wireFunction{
			Name: protocol.CleanIdentifier(t.Name, maxName), Description: t.Description, Parameters: protocol.ObjectSchema(t.Parameters),
		}})
	}
	if len(p.w.Tools) > 0 {
		p.strict(strict)
		p.choice()
	}
}

// strict holds the model to the letter of its tools: all of them, or none.
func (p *put) strict(all bool) {
	if p.w.StrictTools = all; all {
		return
	}
	for i := range p.r.Tools {
		if s := p.r.Tools[i].Strict; s != nil && *s {
			p.lost.Drop(fmt.Sprintf("tools[%d].strict", i), "Cohere takes it for all tools together, each of which must demand a parameter")
		}
	}
}

// demands reports whether a schema demands a property, as strict tools and
// forms of answers have to.
func demands(schema llm.Raw) bool {
	var s struct {
		Required []string `json:"required"`
	}
	return json.Unmarshal(schema, &s, lenient) == nil && len(s.Required) > 0
}

func (p *put) choice() {
	c := p.r.Choice
	switch forced := c.Mode == llm.ToolRequired || c.Mode == llm.ToolNamed; {
	case c.Mode == llm.ToolNone && p.t.Traits.NoToolRequired:
		p.w.Tools = nil // without tools none is called
	case c.Mode == llm.ToolNone:
		p.w.ToolChoice = "NONE"
	case forced && p.t.Traits.NoToolRequired:
		p.lost.Drop("tool_choice", "the model can't be made to call a tool")
	case forced:
		p.w.ToolChoice = "REQUIRED"
	}
	if p.r.Parallel != nil && !*p.r.Parallel {
		p.lost.Drop("parallel_tool_calls", "Cohere has no such parameter")
	}
}

// format writes the form that the answer must have. Cohere holds a model to it
// only where there are no tools; else the model is asked for it.
func (p *put) format() {
	f := p.r.Format
	if f == nil || f.Kind == llm.FormatText {
		return
	}
	schema := f.Kind == llm.FormatSchema && len(f.Schema) > 0
	switch {
	case len(p.w.Tools) > 0 || p.r.Extra["documents"] != nil:
		p.lost.Change("response_format", "Cohere takes none beside tools or documents: the model is asked for it")
	case schema && demands(f.Schema):
		p.w.Format = &wireFormat{Type: "json_object", Schema: f.Schema}
		return
	default:
		if schema {
			p.lost.Change("response_format.json_schema", "Cohere's schemas must demand a property: the model is asked for it")
		}
		p.w.Format = &wireFormat{Type: "json_object"}
	}
	if schema || !p.mentionsJSON() { // a model that is not told may never end
		p.instruct(protocol.AskForJSON(f))
	}
}

func (p *put) mentionsJSON() bool {
	return slices.ContainsFunc(p.w.Messages, func(m wireMessage) bool {
		return strings.Contains(strings.ToLower(string(m.Content)), "json")
	})
}

// instruct adds to the instructions.
func (p *put) instruct(text string) {
	at := 0
	if p.w.Messages[0].Role == "system" {
		at = 1
	}
	p.w.Messages = slices.Insert(p.w.Messages, at, wireMessage{Role: "system", Content: quoted(text)})
}

// think says whether to think, and for how many tokens where less was asked for
// than the model would by itself.
func (p *put) think() {
	r := p.r.Reasoning
	if r == nil {
		return
	}
	level := r.Level()
	off := r.Mode == llm.ReasoningOff || level == "none"
	switch {
	case p.t.Traits.Thinks == protocol.ThinksNot:
		if !off {
			p.lost.Drop("reasoning", "the model does not reason")
		}
	case off:
		p.w.Thinking = &wireThinking{Type: "disabled"}
	default:
		p.w.Thinking = &wireThinking{Type: "enabled"}
		if r.Budget != nil && *r.Budget > 0 || level == "minimal" || level == "low" || level == "medium" {
			budget := r.Tokens(p.r.MaxTokens)
			p.w.Thinking.Budget = &budget
		}
	}
}

// sampling writes how words are chosen, and how many.
func (p *put) sampling() {
	r, w := p.r, &p.w
	w.MaxTokens = r.MaxTokens
	most := -1.0 // any
	if p.t.Traits.LowTemperature {
		most = 1
	}
	w.Temperature = protocol.Within(p.lost, r.Temperature, "temperature", 0, most)
	w.P = protocol.Within(p.lost, r.TopP, "top_p", leastP, mostP)
	w.K = protocol.Within(p.lost, r.TopK, "top_k", 0, mostK)
	w.FrequencyPenalty = protocol.Within(p.lost, r.FrequencyPenalty, "frequency_penalty", 0, mostPenalty)
	w.PresencePenalty = protocol.Within(p.lost, r.PresencePenalty, "presence_penalty", 0, mostPenalty)
	w.Logprobs = r.Logprobs != nil && *r.Logprobs
	if w.Seed = r.Seed; r.Seed != nil && *r.Seed < 0 {
		w.Seed = nil
		p.lost.Drop("seed", "Cohere's are not negative")
	}
	if w.Stop = r.Stop; len(w.Stop) > mostStops {
		w.Stop = w.Stop[:mostStops]
		p.lost.Change("stop", fmt.Sprintf("at most %d are taken", mostStops))
	}
}

// unsaid notes what Cohere has no words for.
func (p *put) unsaid() {
	const why = "Cohere has no such parameter"
	r := p.r
	protocol.DropSaid(p.lost, why, []protocol.Said{
		{Field: "n", Given: r.N != nil && *r.N > 1},
		{Field: "min_p", Given: r.MinP != nil},
		{Field: "logit_bias", Given: len(r.LogitBias) > 0},
		{Field: "top_logprobs", Given: r.TopLogprobs != nil && *r.TopLogprobs > 0},
		{Field: "verbosity", Given: r.Verbosity != "" && r.Verbosity != "medium"},
		{Field: "modalities", Given: protocol.SpeaksBeyondText(r)},
	}...)
	protocol.HintAccounts(p.lost, why, r)
}

// own lets callers of any dialect say what only Cohere has words for.
func (p *put) own() {
	rest := maps.Clone(p.r.Extra)
	for _, name := range []string{"documents", "citation_options", "safety_mode", "priority"} {
		if v, ok := rest[name]; ok {
			if p.w.Extra == nil {
				p.w.Extra = map[string]llm.Raw{}
			}
			p.w.Extra[name] = v
			delete(rest, name)
		}
	}
	protocol.DropExtra(p.lost, "", rest)
}
