package ollama

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Outbound faces servers that speak this dialect.
type Outbound struct{}

// Inlines implements protocol.Outbound: Ollama fetches nothing.
func (Outbound) Inlines(m *llm.Media, _ *protocol.Target) bool { return m.URL != "" }

// put is a request being written.
type put struct {
	r     *llm.Request
	t     *protocol.Target
	lost  *llm.Losses
	w     request
	names map[string]string // of calls, by id
	order map[string]int    // in which they were made
	ready []answered        // what tools answered, not written yet
}

// answered is what a tool answered, and to which of the calls.
type answered struct {
	message
	call int
}

// EncodeRequest implements protocol.Outbound.
func (Outbound) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	p := &put{r: r, t: t, lost: lost, names: map[string]string{}, order: map[string]int{}}
	p.w.Model, p.w.Stream, p.w.Messages = t.Model, t.Stream, []message{}
	for i := range r.Messages {
		if err := p.message(&r.Messages[i], fmt.Sprintf("messages[%d]", i)); err != nil {
			return nil, err
		}
	}
	p.flush()
	p.tools()
	p.options()
	p.format()
	p.think()
	p.dropped()
	body, err := json.Marshal(&p.w, written)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the request can't be written for " + t.Vendor + ": " + err.Error()}
	}
	return body, nil
}

// message writes a message: what tools answered as messages of their own, which
// Ollama matches by name and order.
func (p *put) message(m *llm.Message, at string) *llm.Error {
	role := string(m.Role)
	if m.Role == llm.Developer {
		role = "system"
	}
	w := message{Role: role}
	said := false
	for i, part := range m.Parts {
		where := fmt.Sprintf("%s.content[%d]", at, i)
		switch part := part.(type) {
		case *llm.Text:
			w.says(part.Text)
			said = true
		case *llm.Refusal:
			w.says(part.Text)
			said = true
		case *llm.Thinking:
			if p.t.Traits.EchoThinking != protocol.EchoNever {
				w.Thinking, said = w.Thinking+part.Text, said || part.Text != ""
			}
		case *llm.Media:
			if err := p.media(&w, part, where); err != nil {
				return err
			}
			said = true
		case *llm.ToolCall:
			w.Calls, said = append(w.Calls, p.call(part, where)), true
		case *llm.ToolResult:
			if err := p.result(part, where); err != nil {
				return err
			}
		case *llm.Foreign:
			p.lost.Drop(where, "it is known in another dialect alone")
		}
	}
	if said {
		p.flush()
		p.w.Messages = append(p.w.Messages, w)
	}
	return nil
}

// flush writes what tools answered in the order of their calls: Ollama knows no
// ids by which they would find each other.
func (p *put) flush() {
	slices.SortStableFunc(p.ready, func(a, b answered) int { return cmp.Compare(a.call, b.call) })
	for _, a := range p.ready {
		p.w.Messages = append(p.w.Messages, a.message)
	}
	p.ready = nil
}

// says adds to what a message says.
func (m *message) says(text string) {
	if m.Content != "" && text != "" {
		m.Content += "\n"
	}
	m.Content += text
}

func (p *put) media(w *message, m *llm.Media, at string) *llm.Error {
	if text, ok := m.PlainText(); ok {
		p.lost.Change(at, "a text file goes as text")
		w.says(text)
		return nil
	}
	if m.Kind != llm.Image || m.Data == "" || p.t.Traits.NoImages {
		return protocol.Refused(at, p.t.Model+" takes images only, and as bytes")
	}
	w.Images = append(w.Images, m.Data)
	return nil
}

func (p *put) call(c *llm.ToolCall, at string) call {
	p.names[c.ID], p.order[c.ID] = c.Name, len(p.order)
	args := llm.Raw(c.Arguments)
	switch {
	case c.Custom:
		args = llm.Raw(llm.FreeArguments(c.Arguments))
	case strings.TrimSpace(c.Arguments) == "":
		args = llm.Raw("{}")
	case !args.IsValid() || args.Kind() != '{':
		args = llm.Raw(llm.FreeArguments(c.Arguments))
		p.lost.Change(at+".arguments", "they are not a JSON object, which Ollama wants")
	}
	return call{Function: function{Name: c.Name, Arguments: args}}
}

func (p *put) result(r *llm.ToolResult, at string) *llm.Error {
	w := message{Role: "tool", ToolName: p.names[r.ID]}
	if w.ToolName == "" {
		w.ToolName = r.Name
	}
	for i, part := range r.Parts {
		switch part := part.(type) {
		case *llm.Text:
			w.says(part.Text)
		case *llm.Media:
			if err := p.media(&w, part, fmt.Sprintf("%s.content[%d]", at, i)); err != nil {
				return err
			}
		case *llm.Foreign, *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal:
			p.lost.Drop(fmt.Sprintf("%s.content[%d]", at, i), "it is known in another dialect alone")
		}
	}
	if r.Error {
		w.Content = "Error: " + w.Content
		p.lost.Change(at+".is_error", "the text says so")
	}
	p.ready = append(p.ready, answered{w, p.order[r.ID]})
	return nil
}

// tools declares functions. Ollama can't be made to call one, only to call none.
func (p *put) tools() {
	switch p.r.Choice.Mode {
	case llm.ToolNone:
		return
	case llm.ToolRequired, llm.ToolNamed:
		p.lost.Change("tool_choice", "Ollama takes auto alone")
	case llm.ToolAuto, "":
	}
	for _, t := range protocol.Functions(p.r, p.lost) {
		parameters := t.Parameters
		if len(parameters) == 0 {
			parameters = llm.Raw(`{"type":"object","properties":{}}`)
		}
		p.w.Tools = append(p.w.Tools, tool{Type: "function", Function: declared{t.Name, t.Description, parameters}})
	}
	if p.r.Parallel != nil && !*p.r.Parallel && len(p.w.Tools) > 0 {
		p.lost.Drop("parallel_tool_calls", "Ollama has no such switch")
	}
}

// options writes the runtime settings: the canonical ones, and those that the
// caller gave in Ollama's own words, in whichever dialect.
func (p *put) options() {
	r := p.r
	o := &options{
		NumPredict: r.MaxTokens, Temperature: r.Temperature, TopP: r.TopP, TopK: r.TopK, MinP: r.MinP, Seed: r.Seed, Stop: r.Stop,
		PresencePenalty: r.PresencePenalty, FrequencyPenalty: r.FrequencyPenalty,
	}
	if raw := r.Extra["options"]; len(raw) > 0 && json.Unmarshal(raw, &o.Extra, lenient) != nil {
		o.Extra = nil
	}
	for _, own := range []string{"num_predict", "temperature", "top_p", "top_k", "min_p", "seed", "stop", "presence_penalty", "frequency_penalty"} {
		if raw, ok := o.Extra[own]; ok { // said twice: Ollama's own word counts
			_ = json.Unmarshal(llm.Raw(`{"`+own+`":`+string(raw)+`}`), o, lenient)
			delete(o.Extra, own)
		}
	}
	if raw := r.Extra["num_ctx"]; len(raw) > 0 {
		if o.Extra == nil {
			o.Extra = map[string]llm.Raw{}
		}
		o.Extra["num_ctx"] = raw
	}
	if raw, err := json.Marshal(o, written); err == nil && string(raw) != "{}" {
		p.w.Options = o
	}
	p.w.KeepAlive = r.Extra["keep_alive"]
	p.w.Logprobs, p.w.TopLogs = r.Logprobs, r.TopLogprobs
}

func (p *put) format() {
	switch f := p.r.Format; {
	case f == nil || f.Kind == llm.FormatText:
	case f.Kind == llm.FormatSchema && len(f.Schema) > 0:
		p.w.Format = f.Schema
	default:
		p.w.Format = llm.Raw(`"json"`)
	}
}

// think says whether, and to the models that know levels how much.
func (p *put) think() {
	re := p.r.Reasoning
	switch {
	case re == nil || p.t.Traits.Thinks == protocol.ThinksNot:
	case re.Mode == llm.ReasoningOff || re.Effort == "none":
		p.w.Think = llm.Raw("false")
	case p.t.Traits.Thinks == protocol.ThinksByLevel && re.Level() != "":
		level := re.Level()
		switch level {
		case "minimal":
			level = "low"
		case "xhigh", "max":
			level = "high"
		}
		p.w.Think = llm.Raw(`"` + level + `"`)
	default:
		p.w.Think = llm.Raw("true")
	}
}

// dropped notes what the API has no place for.
func (p *put) dropped() {
	const why = "Ollama has no such parameter"
	r := p.r
	protocol.DropSaid(p.lost, why, []protocol.Said{
		{Field: "logit_bias", Given: len(r.LogitBias) > 0},
		{Field: "n", Given: r.N != nil && *r.N > 1},
		{Field: "verbosity", Given: r.Verbosity != ""},
	}...)
	protocol.HintAccounts(p.lost, why, r)
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		if name != "options" && name != "num_ctx" && name != "keep_alive" {
			p.lost.Drop(name, why)
		}
	}
}
