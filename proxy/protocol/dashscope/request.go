package dashscope

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// The bounds of numbers: temperature and top_p are of [0, 2) and (0, 1].
const (
	mostTemperature = 1.99
	leastP          = 0.01
	mostPenalty     = 2
	mostLogprobs    = 5
)

// put is a request being written.
type put struct {
	r    *llm.Request
	t    *protocol.Target
	lost *llm.Losses
	w    wireRequest
}

// EncodeRequest implements protocol.Outbound.
func (generation) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	p := &put{r: r, t: t, lost: lost}
	p.w.Model = t.Model
	p.w.Parameters.ResultFormat, p.w.Parameters.Incremental = "message", t.Stream
	if t.Stream {
		t.Header.Set("X-DashScope-SSE", "enable")
	}
	if failed := p.conversation(); failed != nil {
		return nil, failed
	}
	p.think()
	p.tools()
	p.format()
	p.sampling()
	p.own()
	body, err := json.Marshal(&p.w, lenient)
	if err != nil {
		return nil, protocol.Unwritten(t, err)
	}
	return body, nil
}

// raw is a value that always can be written.
func raw(v any) llm.Raw {
	b, err := json.Marshal(v, lenient)
	if err != nil {
		return llm.Raw("null") // texts and lists of them always encode
	}
	return b
}

func (p *put) think() {
	r, w := p.r.Reasoning, &p.w.Parameters
	if r == nil {
		return
	}
	level := r.Level()
	think := r.Mode != llm.ReasoningOff && level != "none"
	if p.t.Traits.Thinks == protocol.ThinksNot {
		if think {
			p.lost.Drop("reasoning", "the model does not reason")
		}
		return
	}
	w.Think = &think
	if think && level != "" {
		budget := r.Tokens(p.r.MaxTokens)
		w.Budget = &budget
	}
}

// thinks reports whether the model was asked to.
func (p *put) thinks() bool { return p.w.Parameters.Think != nil && *p.w.Parameters.Think }

// tools declares functions.
func (p *put) tools() {
	w := &p.w.Parameters
	for _, t := range protocol.Functions(p.r, p.lost) {
		if t.Strict != nil && *t.Strict {
			p.lost.Drop(t.Field+".strict", "DashScope promises nothing about arguments")
		}
		w.Tools = append(w.Tools, wireTool{Type: "function", Function: wireFunction{Name: t.Name, Description: t.Description, Parameters: t.Parameters}})
	}
	if len(w.Tools) == 0 {
		return
	}
	w.Parallel = p.r.Parallel
	p.choice()
}

// choice writes which tool must be called. Which one may be said, that it must
// be some one may not; nor may either to a model that is to think.
func (p *put) choice() {
	w, c := &p.w.Parameters, p.r.Choice
	switch {
	case c.Mode == llm.ToolNamed && !p.thinks():
		w.Choice = raw(map[string]any{"type": "function", "function": map[string]string{"name": c.Name}})
	case c.Mode == llm.ToolNamed, c.Mode == llm.ToolRequired:
		p.lost.Change("tool_choice", "DashScope can't be told that some tool must be called")
		w.Choice = raw("auto")
	case c.Mode != "":
		w.Choice = raw(string(c.Mode))
	}
}

// format asks for the form that the answer must have: as JSON by a switch, which
// wants the word in the prompt and no thinking, as a schema's in words.
func (p *put) format() {
	f := p.r.Format
	if f == nil || f.Kind == llm.FormatText {
		return
	}
	schema := f.Kind == llm.FormatSchema
	if schema {
		p.lost.Change("response_format.json_schema", "DashScope knows no schemas: the model is asked for one")
	}
	if p.thinks() {
		p.lost.Change("response_format", "a model that thinks can't be held to JSON: it is asked for it")
	} else {
		p.w.Parameters.Format = &wireFormat{Type: "json_object"}
	}
	if schema || !p.mentionsJSON() {
		p.w.Input.Messages = slices.Insert(p.w.Input.Messages, 0, wireMessage{Role: "system", Content: p.content([]wirePart{text(protocol.AskForJSON(f))})})
		p.joinSystems()
	}
}

// joinSystems makes one of two instructions at the beginning: the second would
// not be heeded by every model.
func (p *put) joinSystems() {
	m := p.w.Input.Messages
	if len(m) < 2 || m[1].Role != "system" {
		return
	}
	first, second := wireSaid{Content: m[0].Content}, wireSaid{Content: m[1].Content}
	m[1].Content = p.content([]wirePart{text(second.text() + "\n\n" + first.text())})
	p.w.Input.Messages = m[1:]
}

func (p *put) mentionsJSON() bool {
	return slices.ContainsFunc(p.w.Input.Messages, func(m wireMessage) bool {
		return strings.Contains(strings.ToLower(string(m.Content)), "json")
	})
}

// sampling writes how words are chosen, and how many, and notes what DashScope
// has no words for.
func (p *put) sampling() {
	const why = "DashScope has no such parameter"
	r, w := p.r, &p.w.Parameters
	w.MaxTokens, w.Stop, w.TopK = r.MaxTokens, r.Stop, r.TopK
	w.Temperature = protocol.Within(p.lost, r.Temperature, "temperature", 0, mostTemperature)
	w.TopP = protocol.Within(p.lost, r.TopP, "top_p", leastP, 1)
	w.PresencePenalty = protocol.Within(p.lost, r.PresencePenalty, "presence_penalty", -mostPenalty, mostPenalty)
	w.Seed = protocol.Within(p.lost, r.Seed, "seed", 0, 1<<31-1)
	w.Logprobs = r.Logprobs
	w.TopLogprobs = protocol.Within(p.lost, r.TopLogprobs, "top_logprobs", 0, mostLogprobs)
	protocol.DropSaid(p.lost, why, []protocol.Said{
		{Field: "n", Given: r.N != nil && *r.N > 1},
		{Field: "min_p", Given: r.MinP != nil},
		{Field: "frequency_penalty", Given: r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0},
		{Field: "logit_bias", Given: len(r.LogitBias) > 0},
		{Field: "verbosity", Given: r.Verbosity != "" && r.Verbosity != "medium"},
		{Field: "modalities", Given: protocol.SpeaksBeyondText(r)},
	}...)
	protocol.HintAccounts(p.lost, why, r)
}

// own lets callers of any dialect say what only DashScope has words for.
func (p *put) own() {
	rest := maps.Clone(p.r.Extra)
	for _, name := range []string{
		"enable_search", "search_options", "repetition_penalty", "ocr_options", "vl_high_resolution_images", "translation_options", "enable_code_interpreter", "max_input_tokens",
	} {
		if v, ok := rest[name]; ok {
			if p.w.Parameters.Extra == nil {
				p.w.Parameters.Extra = map[string]llm.Raw{}
			}
			p.w.Parameters.Extra[name] = v
			delete(rest, name)
		}
	}
	protocol.DropExtra(p.lost, "", rest)
}
