package bedrock

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxName bounds names and ids of tools.
const maxName = 64

// encoding is a request being written.
type encoding struct {
	r     *llm.Request
	t     *protocol.Target
	lost  *llm.Losses
	w     wireRequest
	named map[string]bool // documents' names that are taken
}

// EncodeRequest writes a Converse request.
func (converse) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	e, failed := encodeRequest(r, t, lost)
	if failed != nil {
		return nil, failed
	}
	b, err := json.Marshal(&e.w, lenient)
	if err != nil {
		return nil, refuse("body", "the request can't be written as JSON: "+err.Error())
	}
	return b, nil
}

func encodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) (*encoding, *llm.Error) {
	e := &encoding{r: r, t: t, lost: lost, named: map[string]bool{}}
	if failed := e.conversation(); failed != nil {
		return nil, failed
	}
	e.tools()
	e.form()
	e.inference()
	e.who()
	protocol.Unsaid(r, lost)
	e.own()
	return e, nil
}

// refuse is for what Bedrock can't be told and must not be dropped in silence.
func refuse(path, message string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Type: "invalid_request_error", Param: path,
		Message: path + ": " + message,
	}
}

// set adds a field in the model's own words.
func (e *encoding) set(name string, v any) {
	raw, err := json.Marshal(v, lenient)
	if err != nil {
		return // numbers, texts and maps of them always encode
	}
	if e.w.Additional == nil {
		e.w.Additional = map[string]llm.Raw{}
	}
	e.w.Additional[name] = raw
}

// claude reports whether the model thinks in Claude's way.
func (e *encoding) claude() bool {
	return e.t.Traits.Thinks == protocol.ThinksByBudget || e.t.Traits.Thinks == protocol.ThinksAdaptively
}

// inference writes how much to write, how to sample, where to stop and how to
// think.
func (e *encoding) inference() {
	c := protocol.Claude{Request: e.r, Target: e.t, Losses: e.lost, Forced: e.forces(), Unsigned: e.unsignedLoop()}
	limit := c.MaxTokens()
	thinks := e.think(&c, &limit)
	s := c.Sampling(thinks)
	w := &wireInference{Temperature: s.Temperature, TopP: s.TopP, Stop: e.r.Stop}
	if e.r.MaxTokens != nil || e.t.Traits.MaxOutput > 0 || thinks {
		w.MaxTokens = &limit // else the model's own limit serves
	}
	switch {
	case s.TopK == nil:
	case e.t.Traits.TopK || e.claude():
		e.set("top_k", *s.TopK)
	default:
		e.lost.Drop("top_k", "the model has no such parameter")
	}
	if w.MaxTokens != nil || w.Temperature != nil || w.TopP != nil || len(w.Stop) > 0 {
		e.w.Inference = w
	}
}

// think asks for thinking in the model's own words, and reports whether it
// will.
func (e *encoding) think(c *protocol.Claude, limit *int64) bool {
	r := e.r.Reasoning
	switch {
	case r == nil:
		return false
	case e.claude():
		t := c.Think(limit)
		if t.Type == "" || t.Type == "disabled" {
			return false // it is the default at Bedrock
		}
		thinking := map[string]any{"type": t.Type}
		if t.Budget != nil {
			thinking["budget_tokens"] = *t.Budget
		}
		if t.Display != "" {
			thinking["display"] = t.Display
		}
		e.set("thinking", thinking)
		if t.Effort != "" {
			e.set("output_config", map[string]string{"effort": t.Effort})
		}
		return true
	case r.Mode == llm.ReasoningOff || r.Effort == "none":
		if e.t.Traits.Thinks == protocol.ThinksByLevel {
			e.set("reasoningConfig", map[string]string{"type": "disabled"})
		}
		return false
	}
	effort := r.Level()
	switch e.t.Traits.Thinks {
	case protocol.ThinksByLevel: // Nova
		config := map[string]string{"type": "enabled"}
		switch effort {
		case "":
		case "minimal":
			config["maxReasoningEffort"] = "low"
		case "low", "medium":
			config["maxReasoningEffort"] = effort
		default:
			config["maxReasoningEffort"] = "high"
		}
		e.set("reasoningConfig", config)
	case protocol.ThinksByEffort: // gpt-oss
		if effort != "" {
			e.set("reasoning_effort", effort)
		}
	default:
		e.lost.Drop("reasoning", "the model can't be told how much to reason")
	}
	return false
}

// unsignedLoop reports whether the conversation is in the middle of a turn that
// called tools without signed thinking before.
func (e *encoding) unsignedLoop() bool {
	n := len(e.w.Messages)
	if n < 2 || e.w.Messages[n-1].Role != "user" {
		return false
	}
	answers := slices.ContainsFunc(e.w.Messages[n-1].Content, func(b wireBlock) bool { return b.Result != nil })
	asked := e.w.Messages[n-2]
	return answers && asked.Role == "assistant" && asked.Content[0].Reasoning == nil
}

// form writes the form that the answer must have.
func (e *encoding) form() {
	f := e.r.Format
	switch {
	case f == nil || f.Kind == llm.FormatText:
	case f.Kind == llm.FormatJSON:
		e.lost.Change("response_format", "Bedrock knows no JSON mode: the model was asked for it in words")
		text := "Answer with one JSON object and nothing else, no code fence around it."
		e.w.System = append(e.w.System, wireBlock{Text: &text})
	case e.t.Traits.NoJSONSchema:
		e.lost.Change("response_format", "the model answers by way of a tool")
		if e.w.Tools == nil {
			e.w.Tools = &wireTools{}
		}
		alone := len(e.w.Tools.Tools) == 0
		e.w.Tools.Tools = append(e.w.Tools.Tools, wireTool{Spec: &wireSpec{
			Name: protocol.AnswerTool, Description: protocol.AnswerToolFor(f), Schema: wireSchema{protocol.ObjectSchema(f.Schema)},
		}})
		switch {
		case e.t.Traits.NoToolRequired:
		case alone:
			e.w.Tools.Choice = &wireChoice{Tool: &wireNamed{protocol.AnswerTool}}
		default:
			e.w.Tools.Choice = &wireChoice{Any: &struct{}{}}
		}
	default:
		schema := protocol.ClosedSchema(protocol.ObjectSchema(f.Schema), "response_format", e.lost)
		e.w.Output = &wireOutput{wireFormat{Type: "json_schema", Structure: wireStructure{wireJSONSchema{
			Schema: string(schema), Name: f.Name, Description: f.Description,
		}}}}
	}
}

// metadataWord is what Bedrock takes as a label's name or value.
var metadataWord = regexp.MustCompile(`^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$`)

// who writes for whom the request is and how it is served.
func (e *encoding) who() {
	labels := maps.Clone(e.r.Metadata)
	if e.r.User != "" {
		if labels == nil {
			labels = map[string]string{}
		}
		labels["user"] = e.r.User
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if len(e.w.Metadata) == 16 || !metadataWord.MatchString(name) || !metadataWord.MatchString(labels[name]) {
			e.lost.Hint("metadata", "Bedrock takes 16 labels of plain letters")
			continue
		}
		if e.w.Metadata == nil {
			e.w.Metadata = map[string]string{}
		}
		e.w.Metadata[name] = labels[name]
	}
	switch e.r.Tier {
	case "", "auto":
	case "default", "flex", "priority", "reserved":
		e.w.Tier = &wireType{e.r.Tier}
	case "standard_only":
		e.w.Tier = &wireType{"default"}
	default:
		e.lost.Hint("service_tier", "Bedrock has no such tier")
	}
	if e.r.CacheKey != "" {
		e.lost.Hint("prompt_cache_key", "Bedrock keeps prefixes that are marked")
	}
}

// own lets callers of any dialect say what only Bedrock has words for.
func (e *encoding) own() {
	rest := maps.Clone(e.r.Extra)
	for _, name := range []string{"guardrailConfig", "performanceConfig", "promptVariables", "additionalModelResponseFieldPaths"} {
		if v, ok := rest[name]; ok {
			if e.w.Extra == nil {
				e.w.Extra = map[string]llm.Raw{}
			}
			e.w.Extra[name] = v
			delete(rest, name)
		}
	}
	if v, ok := rest["additionalModelRequestFields"]; ok {
		var more map[string]llm.Raw
		if json.Unmarshal(v, &more, lenient) == nil {
			for name, field := range more {
				e.set(name, field)
			}
			delete(rest, "additionalModelRequestFields")
		}
	}
	protocol.DropExtra(e.lost, "", rest)
}

// tools writes the tools and which must be called. Bedrock wants them told
// wherever the conversation holds calls, and knows no way to forbid them.
func (e *encoding) tools() {
	var w wireTools
	for i, t := range e.r.Tools {
		path := fmt.Sprintf("tools[%d]", i)
		switch {
		case t.Foreign != nil:
			e.lost.Drop(path, "a tool that only the vendor it was written for runs")
			continue
		case len(e.r.Choice.Allowed) > 0 && !slices.Contains(e.r.Choice.Allowed, t.Name):
			e.lost.Change("tool_choice", "tools that are not allowed were left out")
			continue
		}
		w.Tools = append(w.Tools, wireTool{Spec: e.spec(t, path)})
		if t.Cache != nil {
			w.Tools = append(w.Tools, wireTool{Cache: mark(t.Cache)})
		}
	}
	used := e.used()
	if e.r.Choice.Mode == llm.ToolNone && len(w.Tools) > 0 {
		if len(used) == 0 {
			return // without tools none is called
		}
		e.lost.Change("tool_choice", "Bedrock can't be told to call no tool while the conversation holds calls")
	}
	if len(w.Tools) == 0 {
		w.Tools = used
	}
	if len(w.Tools) == 0 {
		return
	}
	e.w.Tools = &w
	e.choice(&w)
}

func (e *encoding) spec(t llm.Tool, path string) *wireSpec {
	protocol.DropExtra(e.lost, path, t.Extra)
	if t.Custom {
		if len(t.Grammar) > 0 {
			e.lost.Change(path+".format", "Bedrock's tools know no grammars: the model is told of it")
		}
		t = t.Function()
	}
	s := &wireSpec{Name: protocol.CleanName(t.Name, maxName), Description: t.Description, Schema: wireSchema{protocol.ObjectSchema(t.Parameters)}}
	switch strict := t.Strict != nil && *t.Strict; {
	case strict && (e.t.Traits.NoStrict || e.t.Traits.NoJSONSchema):
		e.lost.Drop(path+".strict", "the model knows no strict tools")
	case strict:
		s.Strict = t.Strict
		s.Schema.JSON = protocol.ClosedSchema(s.Schema.JSON, path+".parameters", e.lost)
	}
	return s
}

// used are tools made of the calls that the conversation holds.
func (e *encoding) used() []wireTool {
	var tools []wireTool
	for _, m := range e.w.Messages {
		for _, b := range m.Content {
			if b.ToolUse == nil || slices.ContainsFunc(tools, func(t wireTool) bool { return t.Spec.Name == b.ToolUse.Name }) {
				continue
			}
			tools = append(tools, wireTool{Spec: &wireSpec{Name: b.ToolUse.Name, Description: b.ToolUse.Name, Schema: wireSchema{llm.Raw(`{"type":"object"}`)}}})
		}
	}
	return tools
}

func (e *encoding) choice(w *wireTools) {
	c := e.r.Choice
	forced := c.Mode == llm.ToolRequired || c.Mode == llm.ToolNamed
	single := e.r.Parallel != nil && !*e.r.Parallel
	switch {
	case c.Foreign != nil:
		e.lost.Drop("tool_choice", "it names a tool that only another vendor runs")
	case forced && e.t.Traits.NoToolRequired:
		e.lost.Drop("tool_choice", "the model can't be made to call a tool")
	case single && e.claude():
		// Bedrock has no word for one call at a time; Claude's own goes beside it.
		choice := map[string]any{"type": "auto", "disable_parallel_tool_use": true}
		if c.Mode == llm.ToolRequired {
			choice["type"] = "any"
		}
		if c.Mode == llm.ToolNamed {
			choice["type"], choice["name"] = "tool", protocol.CleanName(c.Name, maxName)
		}
		e.set("tool_choice", choice)
		return
	case c.Mode == llm.ToolRequired:
		w.Choice = &wireChoice{Any: &struct{}{}}
	case c.Mode == llm.ToolNamed:
		w.Choice = &wireChoice{Tool: &wireNamed{protocol.CleanName(c.Name, maxName)}}
	case c.Mode == llm.ToolAuto:
		w.Choice = &wireChoice{Auto: &struct{}{}}
	}
	if single {
		e.lost.Drop("parallel_tool_calls", "Bedrock has no such parameter")
	}
}

// forces reports whether a tool must be called.
func (e *encoding) forces() bool {
	if c := e.w.Tools; c != nil && c.Choice != nil && (c.Choice.Any != nil || c.Choice.Tool != nil) {
		return true
	}
	return strings.Contains(string(e.w.Additional["tool_choice"]), `"any"`) || strings.Contains(string(e.w.Additional["tool_choice"]), `"tool"`)
}

// mark is a mark for the cache behind a block.
func mark(c *llm.Cache) *wireCache { return &wireCache{Type: "default", TTL: c.TTL} }
