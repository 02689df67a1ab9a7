package openai

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// written are the rules by which bodies are written: the same each time.
var written = json.JoinOptions(json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// mostStops is how many stop sequences OpenAI takes.
const mostStops = 4

// put is a request being written for a vendor.
type put struct {
	r    *llm.Request
	t    *protocol.Target
	lost *llm.Losses
	w    wireRequest
	own  bool // the caller wrote in this dialect
}

// EncodeRequest writes a request for a vendor that speaks this dialect.
func (chat) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	p := &put{r: r, t: t, lost: lost, own: r.Dialect == Name}
	p.w.Model = t.Model
	if t.Stream {
		p.w.Stream = &t.Stream
		if !t.Traits.NoStreamOptions {
			yes := true
			p.w.StreamOptions = &wireStreamOptions{IncludeUsage: &yes}
		}
	}
	if bad := p.messages(); bad != nil {
		return nil, bad
	}
	p.sampling()
	p.outputs()
	if bad := p.tools(); bad != nil {
		return nil, bad
	}
	p.format()
	p.reasoning()
	p.account()
	p.extra()
	body, err := json.Marshal(&p.w, written)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the request can't be written for " + t.Vendor + ": " + err.Error()}
	}
	return body, nil
}

// extra writes back what has no canonical name, to vendors of the dialect it
// was written in.
func (p *put) extra() {
	if p.own {
		p.w.Extra = without(p.r.Extra, "stream_options")
		return
	}
	for _, name := range sorted(p.r.Extra) {
		p.lost.Drop(name, "it is known in the dialect of "+p.r.Dialect+" alone")
	}
}

func sorted(m map[string]jsontext.Value) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sampling writes how the answer's words are chosen, and how many.
func (p *put) sampling() {
	r, tr, w := p.r, &p.t.Traits, &p.w
	limit := r.MaxTokens
	if limit != nil && tr.MaxOutput > 0 && *limit > tr.MaxOutput {
		p.lost.Change("max_tokens", fmt.Sprintf("%s writes at most %d", p.t.Model, tr.MaxOutput))
		limit = &tr.MaxOutput
	}
	if tr.OldMaxTokens {
		w.MaxTokens = limit
	} else {
		w.MaxCompletionTokens = limit
	}
	why := p.t.Model + " takes none"
	w.Temperature = pass(p, r.Temperature, "temperature", why, !tr.FixedSampling)
	w.TopP = pass(p, r.TopP, "top_p", why, !tr.FixedSampling)
	if tr.LowTemperature && w.Temperature != nil && *w.Temperature > 1 {
		one := 1.0
		w.Temperature = &one
		p.lost.Change("temperature", p.t.Vendor+" takes 0 to 1")
	}
	penalties := !tr.FixedSampling && !tr.NoPenalties
	w.FrequencyPenalty = pass(p, r.FrequencyPenalty, "frequency_penalty", why, penalties)
	w.PresencePenalty = pass(p, r.PresencePenalty, "presence_penalty", why, penalties)
	more := tr.TopK || p.own && !(p.t.Changed && original(tr))
	w.TopK = pass(p, r.TopK, "top_k", p.t.Vendor+" knows none", more)
	w.MinP = pass(p, r.MinP, "min_p", p.t.Vendor+" knows none", more)
	w.Seed = pass(p, r.Seed, "seed", p.t.Vendor+" knows none", !tr.NoSeed)
	w.N = pass(p, r.N, "n", p.t.Vendor+" answers once", !tr.NoN || r.N != nil && *r.N == 1)
	w.Logprobs = pass(p, r.Logprobs, "logprobs", p.t.Vendor+" gives none", !tr.NoLogprobs)
	w.TopLogprobs = pass(p, r.TopLogprobs, "top_logprobs", p.t.Vendor+" gives none", !tr.NoLogprobs)
	if w.LogitBias = r.LogitBias; tr.NoLogprobs && w.LogitBias != nil {
		w.LogitBias = nil
		p.lost.Drop("logit_bias", p.t.Vendor+" knows none")
	}
	p.stops()
}

// pass is a value where the vendor takes it, and a loss where not.
func pass[T any](p *put, v *T, field, why string, takes bool) *T {
	if v == nil || takes {
		return v
	}
	p.lost.Drop(field, why)
	return nil
}

func (p *put) stops() {
	stop := p.r.Stop
	switch {
	case len(stop) == 0:
		return
	case p.t.Traits.NoStop:
		p.lost.Drop("stop", p.t.Model+" takes none")
		return
	case len(stop) > mostStops && !p.own:
		p.lost.Change("stop", fmt.Sprintf("at most %d are taken", mostStops))
		stop = stop[:mostStops]
	}
	p.w.Stop = value(stop)
}

// value writes something that always can be written.
func value(v any) jsontext.Value {
	b, err := json.Marshal(v, written)
	if err != nil {
		return jsontext.Value("null") // strings and lists of them
	}
	return b
}

// outputs asks for kinds of answer beside text.
func (p *put) outputs() {
	if len(p.r.Outputs) == 0 || len(p.r.Outputs) == 1 && p.r.Outputs[0] == "text" {
		return
	}
	p.w.Modalities = p.r.Outputs
}

// account writes what is for the vendor's books rather than for the model.
func (p *put) account() {
	r, alone := p.r, p.own || p.t.Traits.CacheKey
	why := p.t.Vendor + " knows none"
	hint := func(v, field string) string {
		if v == "" || alone {
			return v
		}
		p.lost.Hint(field, why)
		return ""
	}
	p.w.User = r.User
	p.w.PromptCacheKey = hint(r.CacheKey, "prompt_cache_key")
	p.w.Verbosity = r.Verbosity
	if r.Verbosity != "" && !alone {
		p.lost.Drop("verbosity", why)
		p.w.Verbosity = ""
	}
	if p.own {
		p.w.Metadata, p.w.ServiceTier = r.Metadata, r.Tier
		return
	}
	if len(r.Metadata) > 0 {
		p.lost.Hint("metadata", "it is kept by the vendor of one dialect alone")
	}
	if r.Tier != "" && r.Tier != "auto" {
		p.lost.Hint("service_tier", "tiers are called differently by each vendor")
	}
}

// tools writes the tools and the choice among them.
func (p *put) tools() *llm.Error {
	r := p.r
	allowed := r.Tools
	if len(r.Choice.Allowed) > 0 && !p.own {
		allowed = slices.DeleteFunc(slices.Clone(r.Tools), func(t llm.Tool) bool { return !slices.Contains(r.Choice.Allowed, t.Name) })
	}
	for i := range allowed {
		t := &allowed[i]
		if t.Foreign != nil && !p.own {
			p.lost.Drop(fmt.Sprintf("tools: %s", t.Name), "only the vendor whose tool it is can run it")
			continue
		}
		if p.t.Traits.NoTools {
			return p.cannot("tools", "%s can't call tools", p.t.Model)
		}
		p.w.Tools = append(p.w.Tools, p.tool(t))
	}
	if len(p.w.Tools) == 0 {
		return nil
	}
	p.choice()
	if p.t.Traits.NoParallelTools && r.Parallel != nil {
		if !*r.Parallel {
			p.lost.Drop("parallel_tool_calls", p.t.Vendor+" refuses it")
		}
		return nil
	}
	p.w.ParallelToolCalls = r.Parallel
	return nil
}

func (p *put) tool(t *llm.Tool) jsontext.Value {
	switch {
	case t.Foreign != nil:
		return t.Foreign
	case t.Custom && !p.t.Traits.NoCustomTools:
		return value(&wireTool{Type: "custom", Custom: &wireCustom{Name: t.Name, Description: t.Description, Format: t.Grammar}})
	case t.Custom:
		p.lost.Change("tools: "+t.Name, "free text is asked for as a string in JSON")
		f := t.Function()
		t = &f
	}
	f := &wireFunction{Name: t.Name, Description: t.Description, Parameters: t.Parameters, Strict: t.Strict}
	if p.t.Traits.NoStrict && f.Strict != nil {
		if *f.Strict {
			p.lost.Drop("tools: "+t.Name+": strict", p.t.Vendor+" promises nothing about arguments")
		}
		f.Strict = nil
	}
	return value(&wireTool{Type: "function", Function: f, CacheControl: p.cache(t.Cache)})
}

// choice writes which tools must be called.
func (p *put) choice() {
	c := p.r.Choice
	if c.Foreign != nil {
		if p.own {
			p.w.ToolChoice = c.Foreign
			return
		}
		p.lost.Drop("tool_choice", "only the vendor whose tool it is can run it")
		return
	}
	if p.t.Traits.NoToolRequired && (c.Mode == llm.ToolRequired || c.Mode == llm.ToolNamed) {
		p.lost.Change("tool_choice", p.t.Vendor+" takes auto alone")
		p.w.ToolChoice = value("auto")
		return
	}
	if len(c.Allowed) > 0 && p.own {
		p.w.ToolChoice = p.allowed(c)
		return
	}
	switch c.Mode {
	case "":
	case llm.ToolNamed:
		kind := "function"
		if p.custom(c.Name) {
			kind = "custom"
		}
		p.w.ToolChoice = value(map[string]any{"type": kind, kind: map[string]string{"name": c.Name}})
	case llm.ToolAuto, llm.ToolNone, llm.ToolRequired:
		p.w.ToolChoice = value(string(c.Mode))
	}
}

// custom reports whether a tool of this name goes out as one of free text.
func (p *put) custom(name string) bool {
	return !p.t.Traits.NoCustomTools && slices.ContainsFunc(p.r.Tools, func(t llm.Tool) bool { return t.Custom && t.Name == name })
}

func (p *put) allowed(c llm.ToolChoice) jsontext.Value {
	tools := []any{}
	for _, name := range c.Allowed {
		kind := "function"
		if p.custom(name) {
			kind = "custom"
		}
		tools = append(tools, map[string]any{"type": kind, kind: map[string]string{"name": name}})
	}
	return value(map[string]any{"type": "allowed_tools", "allowed_tools": map[string]any{"mode": string(c.Mode), "tools": tools}})
}

// format writes the form that the answer must have; where the vendor can't be
// held to it, the model is asked for it.
func (p *put) format() {
	f, tr := p.r.Format, &p.t.Traits
	if f == nil {
		return
	}
	switch {
	case f.Kind == llm.FormatText:
		if p.own {
			p.w.ResponseFormat = &wireFormat{Type: "text"}
		}
		return
	case f.Kind == llm.FormatSchema && !tr.NoJSONSchema:
		name := f.Name
		if name == "" {
			name = "answer"
		}
		s := &wireJSONSchema{Name: name, Description: f.Description, Schema: f.Schema, Strict: f.Strict}
		if tr.NoStrict {
			s.Strict = nil
		}
		p.w.ResponseFormat = &wireFormat{Type: "json_schema", JSONSchema: s}
		return
	case tr.NoJSONMode:
		p.lost.Change("response_format", p.t.Vendor+" can't be held to JSON: the model is asked for it")
	default:
		p.w.ResponseFormat = &wireFormat{Type: "json_object"}
	}
	if f.Kind == llm.FormatSchema {
		p.lost.Change("response_format.json_schema", p.t.Vendor+" knows no schemas: the model is asked for one")
	} else if p.own || p.mentionsJSON() {
		return // most vendors demand the word in the prompt
	}
	p.w.Messages = append([]wireMessage{{Role: "system", Content: value(protocol.AskForJSON(f))}}, p.w.Messages...)
}

func (p *put) mentionsJSON() bool {
	for i := range p.w.Messages {
		if strings.Contains(strings.ToLower(string(p.w.Messages[i].Content)), "json") {
			return true
		}
	}
	return false
}

// cache writes a mark where the vendor takes one.
func (p *put) cache(c *llm.Cache) *wireCache {
	if c == nil {
		return nil
	}
	if !p.t.Traits.CacheMarks && !p.own {
		p.lost.Hint("cache_control", p.t.Vendor+" caches by itself, or not at all")
		return nil
	}
	return &wireCache{Type: "ephemeral", TTL: c.TTL}
}

// cannot is what must not be left out in silence.
func (p *put) cannot(field, format string, args ...any) *llm.Error {
	return &llm.Error{
		Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Type: "invalid_request_error",
		Code: "unsupported_content", Param: field, Message: fmt.Sprintf(format, args...),
	}
}
