package gemini

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Outbound faces vendors that speak this dialect.
type Outbound struct{}

// Limits of generationConfig (ai.google.dev/api/generate-content).
const (
	maxStops       = 5
	maxTemperature = 2
)

// Inlines implements protocol.Outbound: Google takes films on YouTube, files
// uploaded to it and, on Vertex, those in a bucket. All else goes as bytes.
func (Outbound) Inlines(m *llm.Media, _ *protocol.Target) bool {
	return m.URL != "" && m.Data == "" && !youtube(m.URL) && !uploaded(m.URL) && !strings.HasPrefix(m.URL, "gs:")
}

// EncodeRequest implements protocol.Outbound.
func (Outbound) EncodeRequest(r *llm.Request, t *protocol.Target, losses *llm.Losses) ([]byte, *llm.Error) {
	w, err := wireRequest(r, t, losses)
	if err != nil {
		return nil, err
	}
	return written(w)
}

func written(v any) ([]byte, *llm.Error) {
	b, err := marshal(v)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassBadRequest, Status: 400, Message: "the request holds JSON that can't be written: " + protocol.Clip(err.Error())}
	}
	return b, nil
}

func wireRequest(r *llm.Request, t *protocol.Target, losses *llm.Losses) (*request, *llm.Error) {
	w := &request{}
	s := script{request: r, target: t, losses: losses, wire: w}
	if err := s.write(); err != nil {
		return nil, err
	}
	if err := putTools(w, r, t, losses); err != nil {
		return nil, err
	}
	putChoice(w, r, t, losses)
	g := &generation{}
	putSampling(g, r, t, losses)
	putFormat(g, r, t, losses, len(w.Tools) > 0)
	g.Thinking = thinkingFor(r.Reasoning, t, losses)
	dropped(r, losses)
	putExtra(w, g, r, losses)
	if raw, err := marshal(g); err != nil || string(raw) != "{}" {
		w.Generation = g
	}
	return w, nil
}

// putTools declares functions, and Google's own tools where the caller wrote
// them in this dialect.
func putTools(w *request, r *llm.Request, t *protocol.Target, losses *llm.Losses) *llm.Error {
	var functions []function
	for i := range r.Tools {
		tool := &r.Tools[i]
		at := fmt.Sprintf("tools[%d]", i)
		switch {
		case tool.Foreign != nil && r.Dialect == Name:
			var own map[string]llm.Raw
			if unmarshal(tool.Foreign, &own) == nil {
				w.Tools = append(w.Tools, toolOf(own))
			}
			continue
		case tool.Foreign != nil:
			losses.Drop(at, "Google does not know the tool "+tool.Name)
			continue
		case tool.Custom:
			plain := tool.Function()
			tool = &plain
			losses.Change(at, "Google knows no free-text tools; it is a function with one argument")
		}
		if len(r.Choice.Allowed) > 0 && r.Choice.Mode != llm.ToolRequired && r.Choice.Foreign == nil && !slices.Contains(r.Choice.Allowed, tool.Name) {
			continue // under AUTO Google takes no allowedFunctionNames: what isn't offered isn't called
		}
		f := function{Name: tool.Name, Description: tool.Description}
		f.Parameters, f.JSONSchema = schemaFor(tool.Parameters, t, losses, at+".parameters")
		functions = append(functions, f)
	}
	if len(functions) == 0 {
		return nil
	}
	if t.Traits.NoTools {
		return cannot("tools", "can't be given: "+t.Model+" calls no tools")
	}
	w.Tools = append(list[tool]{{Functions: functions}}, w.Tools...)
	return nil
}

func toolOf(own map[string]llm.Raw) tool { return tool{Extra: own} }

func putChoice(w *request, r *llm.Request, t *protocol.Target, losses *llm.Losses) {
	c := &callingConfig{}
	switch r.Choice.Mode {
	case llm.ToolNone:
		c.Mode = modeNone
	case llm.ToolRequired:
		c.Mode, c.Allowed = modeAny, r.Choice.Allowed
	case llm.ToolNamed:
		c.Mode, c.Allowed = modeAny, list[string]{r.Choice.Name}
	case llm.ToolAuto:
		c.Mode = modeAuto
	}
	if r.Choice.Foreign != nil {
		if r.Dialect != Name {
			losses.Drop("tool_choice", "Google does not know this choice")
			return
		}
		c = &callingConfig{}
		if unmarshal(r.Choice.Foreign, c) != nil {
			return
		}
	}
	if c.Mode == modeAny && t.Traits.NoToolRequired {
		losses.Change("tool_choice", "the model can't be forced to call a tool")
		c = &callingConfig{Mode: modeAuto}
	}
	// A mode without functions is refused.
	declared := slices.ContainsFunc(w.Tools, func(t tool) bool { return len(t.Functions) > 0 })
	if c.Mode != "" && declared {
		w.ToolConfig = &toolConfig{Calling: c}
	}
	if r.Parallel != nil && !*r.Parallel && declared {
		losses.Drop("parallel_tool_calls", "Google has no such switch")
	}
}

func putSampling(g *generation, r *llm.Request, t *protocol.Target, losses *llm.Losses) {
	tr := &t.Traits
	g.MaxTokens = r.MaxTokens
	if tr.MaxOutput > 0 && g.MaxTokens != nil && *g.MaxTokens > tr.MaxOutput {
		g.MaxTokens = &tr.MaxOutput
		losses.Change("max_tokens", "the model writes at most "+fmt.Sprint(tr.MaxOutput))
	}
	g.Stop = stops(r, tr, losses)
	g.Seed = unless(tr.NoSeed, r.Seed, "seed", losses)
	if g.Seed != nil && int64(int32(*g.Seed)) != *g.Seed {
		folded := *g.Seed & 0x7fffffff
		g.Seed = &folded
		losses.Change("seed", "Google's seeds have 31 bits")
	}
	g.Candidates = unless(tr.NoN && r.N != nil && *r.N > 1, r.N, "n", losses)
	g.Logprobs = unless(tr.NoLogprobs, r.Logprobs, "logprobs", losses)
	g.TopLogprobs = unless(tr.NoLogprobs, r.TopLogprobs, "top_logprobs", losses)
	for _, kind := range r.Outputs {
		g.Modalities = append(g.Modalities, strings.ToUpper(kind))
	}
	g.Temperature = unless(tr.FixedSampling, r.Temperature, "temperature", losses)
	highest := float64(maxTemperature)
	if tr.LowTemperature {
		highest = 1
	}
	if g.Temperature != nil && *g.Temperature > highest {
		g.Temperature = &highest
		losses.Change("temperature", fmt.Sprintf("the model takes at most %g", highest))
	}
	g.TopP = unless(tr.FixedSampling, r.TopP, "top_p", losses)
	if k := unless(tr.FixedSampling, r.TopK, "top_k", losses); k != nil {
		f := float64(*k)
		g.TopK = &f
	}
	g.PresencePenalty = unless(tr.FixedSampling || tr.NoPenalties, r.PresencePenalty, "presence_penalty", losses)
	g.FrequencyPenalty = unless(tr.FixedSampling || tr.NoPenalties, r.FrequencyPenalty, "frequency_penalty", losses)
}

// unless is a value, or a loss where the model refuses it.
func unless[T any](refused bool, v *T, field string, losses *llm.Losses) *T {
	if !refused || v == nil {
		return v
	}
	losses.Drop(field, "the model takes none")
	return nil
}

func stops(r *llm.Request, tr *protocol.Traits, losses *llm.Losses) list[string] {
	switch {
	case len(r.Stop) == 0:
		return nil
	case tr.NoStop:
		losses.Drop("stop", "the model takes no stop sequences")
		return nil
	case len(r.Stop) > maxStops:
		losses.Change("stop", "Google takes five stop sequences")
		return r.Stop[:maxStops]
	}
	return r.Stop
}

func putFormat(g *generation, r *llm.Request, t *protocol.Target, losses *llm.Losses, tools bool) {
	f := r.Format
	if f == nil {
		return
	}
	switch {
	case f.Kind == llm.FormatText:
		if r.Dialect == Name {
			g.MIME = mimeText
		}
	case t.Traits.NoJSONMode:
		losses.Drop("response_format", "the model knows no JSON mode")
	case tools && r.Choice.Mode != llm.ToolNone && t.Traits.Thinks != protocol.ThinksByLevel && r.Dialect != Name:
		losses.Drop("response_format", "before Gemini 3 a request may have tools or a JSON format, not both")
	case f.Kind == llm.FormatJSON:
		g.MIME = mimeJSON
	case f.Kind == llm.FormatSchema && t.Traits.NoJSONSchema:
		g.MIME = mimeJSON
		losses.Change("response_format", "the model knows JSON mode, but no schemas")
	case f.Kind == llm.FormatSchema:
		g.MIME = mimeJSON
		g.Schema, g.JSONSchema = schemaFor(f.Schema, t, losses, "response_format.schema")
	}
}

// dropped notes what the dialect has no place for.
func dropped(r *llm.Request, losses *llm.Losses) {
	const why = "Google has no such parameter"
	if len(r.LogitBias) > 0 {
		losses.Drop("logit_bias", why)
	}
	if r.MinP != nil {
		losses.Drop("min_p", why)
	}
	if r.Verbosity != "" {
		losses.Drop("verbosity", why)
	}
	for _, hint := range []struct {
		name  string
		given bool
	}{
		{"user", r.User != ""},
		{"metadata", len(r.Metadata) > 0},
		{"service_tier", r.Tier != "" && r.Tier != "auto" && r.Tier != "default"},
		{"prompt_cache_key", r.CacheKey != ""},
	} {
		if hint.given {
			losses.Hint(hint.name, why)
		}
	}
}

// putExtra writes back what the caller wrote in this dialect and has no
// canonical name.
func putExtra(w *request, g *generation, r *llm.Request, losses *llm.Losses) {
	for _, name := range sortedKeys(r.Extra) {
		raw := r.Extra[name]
		if r.Dialect != Name {
			losses.Drop(name, "Google has no such parameter")
			continue
		}
		switch name {
		case "generationConfig":
			if unmarshal(raw, &g.Extra) != nil {
				g.Extra = nil
			}
		case "toolConfig":
			if w.ToolConfig == nil {
				w.ToolConfig = &toolConfig{}
			}
			if unmarshal(raw, &w.ToolConfig.Extra) != nil {
				w.ToolConfig.Extra = nil
			}
		default:
			if w.Extra == nil {
				w.Extra = map[string]llm.Raw{}
			}
			w.Extra[name] = raw
		}
	}
}
