package responses

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// leastTokens is the smallest max_output_tokens that OpenAI takes.
const leastTokens = 16

// put is a request being written for a vendor.
type put struct {
	r    *llm.Request
	t    *protocol.Target
	lost *llm.Losses
	w    request
	own  bool // the caller wrote in this dialect

	items []llm.Raw // of the input
}

// EncodeRequest implements protocol.Outbound. Nothing is left at the vendor:
// the conversation is sent whole each time, and reasoning comes back encrypted.
func (Codec) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	p := &put{r: r, t: t, lost: lost, own: r.Dialect == Name}
	p.w.Model = t.Model
	no := false
	p.w.Store = &no
	if t.Stream {
		p.w.Stream = &t.Stream
	}
	if err := p.input(); err != nil {
		return nil, err
	}
	p.sampling()
	if err := p.tools(); err != nil {
		return nil, err
	}
	p.format()
	p.reasoning()
	p.account()
	p.extra()
	body, err := json.Marshal(&p.w, written)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the request can't be written for " + t.Vendor + ": " + err.Error()}
	}
	return p.withItems(body), nil
}

// withItems adds the input to a body that has none: it is by far the largest
// field, and written already.
func (p *put) withItems(body []byte) []byte {
	size := len(body) + 16
	for _, raw := range p.items {
		size += len(raw) + 1
	}
	out := append(make([]byte, 0, size), body[:len(body)-1]...)
	out = append(out, `,"input":[`...)
	for i, raw := range p.items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, raw...)
	}
	return append(out, "]}"...)
}

// Inlines implements protocol.Outbound: pictures and documents are fetched by
// URL, sounds are not.
func (Codec) Inlines(m *llm.Media, t *protocol.Target) bool {
	return m.URL != "" && (t.Traits.InlinesMedia || m.Kind == llm.Audio)
}

func (p *put) sampling() {
	r, tr := p.r, &p.t.Traits
	p.w.MaxTokens = r.MaxTokens
	switch {
	case r.MaxTokens == nil:
	case tr.MaxOutput > 0 && *r.MaxTokens > tr.MaxOutput:
		p.w.MaxTokens = &tr.MaxOutput
		p.lost.Change("max_tokens", fmt.Sprintf("%s writes at most %d", p.t.Model, tr.MaxOutput))
	case *r.MaxTokens < leastTokens && !p.own:
		least := int64(leastTokens)
		p.w.MaxTokens = &least
		p.lost.Change("max_tokens", fmt.Sprintf("the Responses API takes at least %d", leastTokens))
	}
	if tr.FixedSampling {
		p.drop("temperature", r.Temperature != nil)
		p.drop("top_p", r.TopP != nil)
	} else {
		p.w.Temperature, p.w.TopP = r.Temperature, r.TopP
	}
	if isTrue(r.Logprobs) {
		if tr.NoLogprobs {
			p.drop("logprobs", true)
		} else {
			p.w.Include = append(p.w.Include, includeLogprobs)
		}
	}
	if r.TopLogprobs != nil && !tr.NoLogprobs {
		p.w.TopLogprobs = r.TopLogprobs
	}
	p.drop("top_k", r.TopK != nil)
	p.drop("min_p", r.MinP != nil)
	p.drop("stop", len(r.Stop) > 0)
	p.drop("seed", r.Seed != nil)
	p.drop("n", r.N != nil && *r.N != 1)
	p.drop("frequency_penalty", r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0)
	p.drop("presence_penalty", r.PresencePenalty != nil && *r.PresencePenalty != 0)
	p.drop("logit_bias", present(r.LogitBias) && string(r.LogitBias) != "{}")
	for _, kind := range r.Outputs {
		p.drop("modalities", kind != "text")
	}
}

// drop notes what the API has no parameter for.
func (p *put) drop(field string, given bool) {
	if given {
		p.lost.Drop(field, "the Responses API has no such parameter, or the model takes none")
	}
}

// tools writes the tools; those that came in a namespace go back into it.
func (p *put) tools() *llm.Error {
	groups := map[string]int{}
	var all []tool
	flush := func() {
		for _, w := range all {
			p.w.Tools = append(p.w.Tools, value(w))
		}
		all, groups = nil, map[string]int{}
	}
	for i := range p.r.Tools {
		t := &p.r.Tools[i]
		if t.Foreign != nil {
			if !p.own {
				p.lost.Drop("tools: "+t.Name, "only the vendor whose tool it is can run it")
				continue
			}
			flush() // so that tools stay in order
			p.w.Tools = append(p.w.Tools, t.Foreign)
			continue
		}
		if p.t.Traits.NoTools {
			return p.cannot("tools", p.t.Model+" can't call tools")
		}
		namespace, name := ownName(t.Name, t.Extra)
		w := p.tool(t, name)
		if namespace == "" || !p.own {
			w.Name = t.Name
			all = append(all, w)
			continue
		}
		at, begun := groups[namespace]
		if !begun {
			at = len(all)
			groups[namespace] = at
			group := tool{Type: "namespace", Name: namespace}
			read(t.Extra[extraDescription], &group.Description)
			all = append(all, group)
		}
		all[at].Tools = append(all[at].Tools, w)
	}
	flush()
	p.choice()
	if len(p.w.Tools) > 0 {
		p.w.Parallel = p.r.Parallel
	}
	return nil
}

func (p *put) tool(t *llm.Tool, name string) tool {
	if t.Custom && !p.t.Traits.NoCustomTools {
		return tool{Type: "custom", Name: name, Description: t.Description, Format: customFormat(t.Grammar)}
	}
	if t.Custom {
		p.lost.Change("tools: "+t.Name, "free text is asked for as a string in JSON")
		f := t.Function()
		t = &f
	}
	w := tool{Type: "function", Name: name, Description: t.Description, Parameters: t.Parameters, Strict: t.Strict}
	if !present(w.Parameters) {
		w.Parameters = llm.Raw(`{"type":"object","properties":{}}`)
	}
	if w.Strict == nil && !p.own {
		no := false // left out, it would mean "if the schema allows it"
		w.Strict = &no
	}
	if p.t.Traits.NoStrict {
		w.Strict = nil
	}
	return w
}

// customFormat writes a grammar flat: chat completions nest it.
func customFormat(raw llm.Raw) llm.Raw {
	var nested struct {
		Type    string `json:"type"`
		Grammar *struct {
			Syntax     string `json:"syntax"`
			Definition string `json:"definition"`
		} `json:"grammar"`
	}
	if !read(raw, &nested) || nested.Grammar == nil {
		return raw
	}
	return value(map[string]string{"type": nested.Type, "syntax": nested.Grammar.Syntax, "definition": nested.Grammar.Definition})
}

func (p *put) choice() {
	c := p.r.Choice
	switch {
	case c.Foreign != nil && p.own:
		p.w.Choice = c.Foreign
		return
	case c.Foreign != nil:
		p.lost.Drop("tool_choice", "only the vendor whose tool it is can run it")
		return
	case len(p.w.Tools) == 0 || c.Mode == "" && len(c.Allowed) == 0:
		return
	case p.t.Traits.NoToolRequired && (c.Mode == llm.ToolRequired || c.Mode == llm.ToolNamed):
		p.lost.Change("tool_choice", p.t.Vendor+" takes auto alone")
		p.w.Choice = value("auto")
		return
	case len(c.Allowed) > 0:
		names := make([]map[string]string, 0, len(c.Allowed))
		for _, name := range c.Allowed {
			names = append(names, p.named(name))
		}
		p.w.Choice = value(map[string]any{"type": "allowed_tools", "mode": string(c.Mode), "tools": names})
		return
	case c.Mode == llm.ToolNamed:
		p.w.Choice = value(p.named(c.Name))
		return
	}
	p.w.Choice = value(string(c.Mode))
}

// named is how a choice names a tool.
func (p *put) named(name string) map[string]string {
	t := offered(p.r, name)
	if t == nil {
		return map[string]string{"type": name} // one that the vendor runs
	}
	w := map[string]string{"type": "function", "name": name}
	if t.Custom && !p.t.Traits.NoCustomTools {
		w["type"] = "custom"
	}
	if namespace, own := ownName(name, t.Extra); namespace != "" && p.own {
		w["name"], w["namespace"] = own, namespace
	}
	return w
}

func (p *put) format() {
	if p.r.Verbosity != "" {
		if p.own || p.t.Traits.CacheKey {
			p.w.Text = &text{Verbosity: p.r.Verbosity}
		} else {
			p.lost.Drop("verbosity", p.t.Vendor+" knows none")
		}
	}
	f := p.r.Format
	if f == nil {
		return
	}
	w := &format{Type: "text"}
	switch {
	case f.Kind == llm.FormatText:
		if !p.own {
			return
		}
	case p.t.Traits.NoJSONMode:
		p.lost.Drop("response_format", p.t.Vendor+" can't be held to JSON")
		return
	case f.Kind == llm.FormatSchema && !p.t.Traits.NoJSONSchema:
		w = &format{Type: "json_schema", Name: f.Name, Description: f.Description, Schema: f.Schema, Strict: f.Strict}
		if w.Name == "" {
			w.Name = "answer"
		}
		if p.t.Traits.NoStrict {
			w.Strict = nil
		}
	default:
		if f.Kind == llm.FormatSchema {
			p.lost.Change("response_format.json_schema", p.t.Vendor+" knows JSON, but no schemas")
		}
		w.Type = "json_object"
	}
	if p.w.Text == nil {
		p.w.Text = &text{}
	}
	p.w.Text.Format = w
}

// reasoning says how much to think, and asks for reasoning in the form in which
// it can be sent back. Models that do not reason refuse to be asked for it.
func (p *put) reasoning() {
	re, thinks := p.r.Reasoning, p.t.Traits.Thinks
	if thinks == protocol.ThinksNot {
		if re != nil && re.Mode != llm.ReasoningOff && (re.Effort != "" || re.Budget != nil || re.Mode != "") && re.Effort != "none" {
			p.lost.Drop("reasoning", p.t.Model+" does not reason")
		}
		return
	}
	off := re != nil && (re.Mode == llm.ReasoningOff || re.Effort == "none")
	if !off && (re != nil || thinks != "") {
		p.w.Include = append(p.w.Include, includeReasoning)
	}
	if re == nil {
		return
	}
	w := &reasoning{Effort: re.Level()}
	if off {
		w.Effort = "none"
	}
	if re.Budget != nil && re.Effort == "" && !off {
		p.lost.Change("thinking.budget_tokens", p.t.Vendor+" takes an effort, not a number")
	}
	// Summaries are given to verified organisations alone: only who asks for one
	// risks the refusal.
	if re.Summary != "none" && !off {
		w.Summary = re.Summary
	}
	if w.Effort != "" || w.Summary != "" {
		p.w.Reasoning = w
	}
}

// account writes what is for the vendor's books rather than for the model.
func (p *put) account() {
	r := p.r
	why := p.t.Vendor + " knows none"
	if r.CacheKey != "" {
		if p.own || p.t.Traits.CacheKey {
			p.w.CacheKey = r.CacheKey
		} else {
			p.lost.Hint("prompt_cache_key", why)
		}
	}
	p.w.User = r.User
	if p.own {
		p.w.Metadata, p.w.Tier = r.Metadata, r.Tier
		return
	}
	if len(r.Metadata) > 0 {
		p.lost.Hint("metadata", "it is kept by the vendor of one dialect alone")
	}
	if r.Tier != "" && r.Tier != "auto" {
		p.lost.Hint("service_tier", "tiers are called differently by each vendor")
	}
}

// extra writes back what has no canonical name, to vendors of this dialect.
func (p *put) extra() {
	if !p.own {
		for _, name := range slices.Sorted(maps.Keys(p.r.Extra)) {
			p.lost.Drop(name, "it is known in the dialect of "+p.r.Dialect+" alone")
		}
		return
	}
	p.w.Extra = maps.Clone(p.r.Extra)
	var others []string
	if read(p.w.Extra["include"], &others) {
		p.w.Include = append(p.w.Include, others...)
	}
	read(p.w.Extra["store"], &p.w.Store)
	read(p.w.Extra["truncation"], &p.w.Truncation)
	var more map[string]llm.Raw
	if read(p.w.Extra["reasoning"], &more) {
		if p.w.Reasoning == nil {
			p.w.Reasoning = &reasoning{}
		}
		p.w.Reasoning.Extra, more = more, nil
	}
	if read(p.w.Extra["text"], &more) {
		if p.w.Text == nil {
			p.w.Text = &text{}
		}
		p.w.Text.Extra = more
	}
	for _, name := range []string{"include", "store", "truncation", "reasoning", "text"} {
		delete(p.w.Extra, name)
	}
}

// cannot is what must not be left out in silence. Another vendor may do better.
func (p *put) cannot(field, problem string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Type: "invalid_request_error",
		Code: "unsupported_content", Param: field, Message: field + ": " + problem,
	}
}
