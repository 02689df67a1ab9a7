package anthropic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxName is how long a tool's name may be.
const maxName = 128

// tools writes the tools and which of them must be called.
func (e *encoding) tools() {
	for i, t := range e.r.Tools {
		if !e.allowed(t.Name) {
			e.lost.Change("tool_choice", "tools that are not allowed were left out")
			continue
		}
		if w, ok := e.tool(t, fmt.Sprintf("tools[%d]", i)); ok {
			e.w.Tools = append(e.w.Tools, w)
		}
	}
	if len(e.w.Tools) == 0 {
		e.declareUsed()
	}
	e.choice()
}

// allowed reports whether a tool may be called at all.
func (e *encoding) allowed(name string) bool {
	return len(e.r.Choice.Allowed) == 0 || slices.Contains(e.r.Choice.Allowed, name)
}

func (e *encoding) tool(t llm.Tool, path string) (wireTool, bool) {
	if t.Foreign != nil {
		if e.own {
			return wireTool{raw: t.Foreign}, true
		}
		e.lost.Drop(path, "a tool that only the vendor it was written for runs")
		return wireTool{}, false
	}
	if t.Custom {
		if len(t.Grammar) > 0 {
			e.lost.Change(path+".format", "the vendor's tools know no grammars: the model is told of it")
		}
		t = t.Function()
	}
	w := wireTool{Name: protocol.CleanName(t.Name, maxName), Description: t.Description, InputSchema: protocol.ObjectSchema(t.Parameters), CacheControl: e.cache(t.Cache)}
	if e.own {
		w.Strict, w.Extra = t.Strict, t.Extra
		return w, true
	}
	protocol.DropExtra(e.lost, path, t.Extra)
	switch strict := t.Strict != nil && *t.Strict; {
	case strict && (e.t.Traits.NoStrict || e.t.Traits.NoJSONSchema):
		e.lost.Drop(path+".strict", "the model knows no strict tools")
	case strict:
		w.Strict = t.Strict
		w.InputSchema = protocol.ClosedSchema(w.InputSchema, path+".parameters", e.lost)
	}
	return w, true
}

// declareUsed names the tools that the conversation used where the request
// brings none along: Anthropic takes no calls of tools it was not told of.
func (e *encoding) declareUsed() {
	for _, m := range e.r.Messages {
		for _, p := range m.Parts {
			call, ok := p.(*llm.ToolCall)
			if !ok {
				continue
			}
			name := protocol.CleanName(call.Name, maxName)
			if !slices.ContainsFunc(e.w.Tools, func(t wireTool) bool { return t.Name == name }) {
				e.w.Tools = append(e.w.Tools, wireTool{Name: name, InputSchema: llm.Raw(`{"type":"object"}`)})
			}
		}
	}
	if len(e.w.Tools) > 0 {
		e.w.ToolChoice = &wireToolChoice{Type: "none"}
	}
}

// choice says which tools must be called.
func (e *encoding) choice() {
	c := e.r.Choice
	if len(e.w.Tools) == 0 || e.w.ToolChoice != nil {
		return
	}
	var w *wireToolChoice
	switch c.Mode {
	case llm.ToolNone:
		w = &wireToolChoice{Type: "none"}
	case llm.ToolRequired:
		w = &wireToolChoice{Type: "any"}
	case llm.ToolNamed:
		w = &wireToolChoice{Type: "tool", Name: protocol.CleanName(c.Name, maxName)}
	case llm.ToolAuto:
		w = &wireToolChoice{Type: "auto"}
	default:
		if c.Foreign != nil {
			e.lost.Drop("tool_choice", "it names a tool that only another vendor runs")
		}
	}
	if p := e.r.Parallel; p != nil && !*p || p != nil && e.own {
		if w == nil {
			w = &wireToolChoice{Type: "auto"}
		}
		if w.Type != "none" {
			single := !*p
			w.DisableParallel = &single
		}
	}
	e.w.ToolChoice = w
}

// forces reports whether a tool must be called.
func (w *wireRequest) forces() bool {
	return w.ToolChoice != nil && (w.ToolChoice.Type == "any" || w.ToolChoice.Type == "tool")
}

// input makes a tool call's arguments the object that Anthropic wants.
func input(c *llm.ToolCall) (raw llm.Raw, bent bool) {
	args := strings.TrimSpace(c.Arguments)
	switch {
	case c.Custom:
		return llm.Raw(llm.FreeArguments(c.Arguments)), false
	case args == "":
		return llm.Raw("{}"), false
	case args[0] == '{' && llm.Raw(args).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)):
		return llm.Raw(args), false
	}
	return llm.Raw(llm.FreeArguments(c.Arguments)), true
}
