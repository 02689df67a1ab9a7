package gemini

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Inbound faces clients that speak this dialect.
type Inbound struct{}

// Modes of functionCallingConfig.
const (
	modeAuto      = "AUTO"
	modeAny       = "ANY"
	modeNone      = "NONE"
	modeValidated = "VALIDATED"
)

// Values of responseMimeType that have a name in the canonical model.
const (
	mimeText = "text/plain"
	mimeJSON = "application/json"
)

// DecodeRequest implements protocol.Inbound.
func (Inbound) DecodeRequest(q *protocol.Question) (*llm.Request, *llm.Error) {
	var w request
	if err := unmarshal(q.Body, &w); err != nil {
		return nil, badBody(err)
	}
	if len(w.Contents) == 0 {
		return nil, denied("contents", "is missing or empty. Send at least one content with a part.")
	}
	r, err := w.canonical(q.Model)
	if err != nil {
		return nil, err
	}
	r.Stream, r.Usage = q.Stream, true
	return r, nil
}

// denied is a request whose field the caller has to mend.
func denied(field, problem string) *llm.Error {
	return &llm.Error{Class: llm.ClassDenied, Status: http.StatusBadRequest, Code: "invalid_value", Param: field, Message: field + " " + problem}
}

func (w *request) canonical(model string) (*llm.Request, *llm.Error) {
	r := &llm.Request{Dialect: Name, Model: model, Extra: w.Extra}
	h := history{}
	if w.System != nil && len(w.System.Parts) > 0 {
		parts, err := h.parts(w.System.Parts, "systemInstruction")
		if err != nil {
			return nil, err
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.System, Parts: parts})
	}
	for i := range w.Contents {
		m, err := h.message(&w.Contents[i], fmt.Sprintf("contents[%d]", i))
		if err != nil {
			return nil, err
		}
		if len(m.Parts) > 0 {
			r.Messages = append(r.Messages, m)
		}
	}
	r.Continue = endsOpen(r.Messages)
	w.takeTools(r)
	w.takeChoice(r)
	w.Generation.take(r)
	return r, nil
}

// endsOpen reports whether a conversation ends in words of the model, which
// Google's models then continue.
func endsOpen(messages []llm.Message) bool {
	if len(messages) == 0 {
		return false
	}
	last := messages[len(messages)-1]
	if last.Role != llm.Assistant || len(last.Parts) == 0 {
		return false
	}
	_, text := last.Parts[len(last.Parts)-1].(*llm.Text)
	return text
}

func (w *request) takeTools(r *llm.Request) {
	for _, t := range w.Tools {
		for _, f := range t.Functions {
			tool := llm.Tool{Name: f.Name, Description: f.Description, Parameters: f.JSONSchema}
			if len(f.Parameters) > 0 {
				tool.Parameters = plainSchema(f.Parameters)
			}
			r.Tools = append(r.Tools, tool)
		}
		for _, name := range sortedKeys(t.Extra) {
			raw, err := marshal(map[string]llm.Raw{name: t.Extra[name]})
			if err != nil {
				continue // what was just read can be written
			}
			r.Tools = append(r.Tools, llm.Tool{Name: name, Foreign: raw})
		}
	}
}

// takeChoice reads toolConfig. What has no canonical name (VALIDATED, settings
// of Google's own tools) is kept as it is written.
func (w *request) takeChoice(r *llm.Request) {
	if w.ToolConfig == nil {
		return
	}
	if len(w.ToolConfig.Extra) > 0 {
		r.Extra = with(r.Extra, "toolConfig", w.ToolConfig.Extra)
	}
	c := w.ToolConfig.Calling
	if c == nil {
		return
	}
	allowed := slices.Clone([]string(c.Allowed))
	switch strings.ToUpper(c.Mode) {
	case modeNone:
		r.Choice.Mode = llm.ToolNone
	case modeAny:
		r.Choice.Mode = llm.ToolRequired
		if len(allowed) == 1 {
			r.Choice.Mode, r.Choice.Name = llm.ToolNamed, allowed[0]
			allowed = nil
		}
		r.Choice.Allowed = allowed
	case modeAuto:
		r.Choice.Mode, r.Choice.Allowed = llm.ToolAuto, allowed
	case modeValidated:
		r.Choice.Mode, r.Choice.Allowed = llm.ToolAuto, allowed
		if raw, err := marshal(c); err == nil {
			r.Choice.Foreign = raw
		}
	}
}

// with adds a group of fields to a request's extras as one object.
func with(extra map[string]llm.Raw, name string, fields map[string]llm.Raw) map[string]llm.Raw {
	raw, err := marshal(fields)
	if err != nil {
		return extra // what was just read can be written
	}
	if extra == nil {
		extra = map[string]llm.Raw{}
	}
	extra[name] = raw
	return extra
}

// take reads generationConfig.
func (g *generation) take(r *llm.Request) {
	if g == nil {
		return
	}
	r.MaxTokens, r.Temperature, r.TopP = g.MaxTokens, g.Temperature, g.TopP
	if g.TopK != nil {
		k := int64(*g.TopK)
		r.TopK = &k
	}
	r.Stop, r.N, r.Seed = g.Stop, g.Candidates, g.Seed
	r.PresencePenalty, r.FrequencyPenalty = g.PresencePenalty, g.FrequencyPenalty
	r.Logprobs, r.TopLogprobs = g.Logprobs, g.TopLogprobs
	for _, m := range g.Modalities {
		r.Outputs = append(r.Outputs, strings.ToLower(m))
	}
	g.takeFormat(r)
	g.Thinking.take(r)
	if len(g.Extra) > 0 {
		r.Extra = with(r.Extra, "generationConfig", g.Extra)
	}
}

func (g *generation) takeFormat(r *llm.Request) {
	schema := g.JSONSchema
	if len(g.Schema) > 0 {
		schema = plainSchema(g.Schema)
	}
	switch {
	case g.MIME == "" && len(schema) == 0:
	case g.MIME == mimeText:
		r.Format = &llm.Format{Kind: llm.FormatText}
	case g.MIME == mimeJSON && len(schema) == 0:
		r.Format = &llm.Format{Kind: llm.FormatJSON}
	case g.MIME == mimeJSON || g.MIME == "":
		r.Format = &llm.Format{Kind: llm.FormatSchema, Name: "response", Schema: schema}
	default: // text/x.enum and whatever comes
		if g.Extra == nil {
			g.Extra = map[string]llm.Raw{}
		}
		g.Extra["responseMimeType"] = llm.Raw(quote(g.MIME))
		if len(g.Schema) > 0 {
			g.Extra["responseSchema"] = g.Schema
		} else if len(g.JSONSchema) > 0 {
			g.Extra["responseJsonSchema"] = g.JSONSchema
		}
	}
}

// take reads thinkingConfig. Google shows no thoughts unless it is asked to.
func (t *thinking) take(r *llm.Request) {
	if t == nil {
		return
	}
	re := &llm.Reasoning{Effort: strings.ToLower(t.Level), Summary: "none"}
	if t.Include != nil && *t.Include {
		re.Summary = "auto"
	}
	switch {
	case t.Budget == nil:
	case *t.Budget < 0:
		re.Mode = llm.ReasoningAdaptive
	case *t.Budget == 0:
		re.Mode = llm.ReasoningOff
	default:
		re.Mode, re.Budget = llm.ReasoningOn, t.Budget
	}
	r.Reasoning = re
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
