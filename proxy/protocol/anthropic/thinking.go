package anthropic

import (
	"slices"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// efforts are all efforts, the least first.
var efforts = []string{"minimal", "low", "medium", "high", "xhigh", "max"}

// thinking writes how much to think, and settles what can't go with it.
func (e *encoding) thinking() {
	r := e.r.Reasoning
	if r == nil {
		return
	}
	if e.own && (e.t.Traits.Thinks == "" || e.t.Traits.Thinks == protocol.ThinksByBudget && r.Mode != llm.ReasoningAdaptive ||
		e.t.Traits.Thinks == protocol.ThinksAdaptively && r.Budget == nil) {
		e.asWritten(r)
		return
	}
	if r.Mode == llm.ReasoningOff || r.Effort == "none" {
		if e.t.Traits.Thinks != protocol.ThinksNot {
			e.w.Thinking = &wireThinking{Type: "disabled"}
		}
		return
	}
	switch {
	case e.t.Traits.Thinks == protocol.ThinksNot:
		e.lost.Drop("reasoning", "the model does not reason")
		return
	case e.w.forces():
		e.lost.Drop("reasoning", "the model does not think where it must call a tool")
		return
	case e.t.Traits.Thinks == protocol.ThinksAdaptively:
		e.adaptive(r)
	default:
		e.budgeted(r)
	}
	if e.w.Thinking != nil {
		e.plainSampling()
	}
}

// asWritten repeats what a caller of the same dialect wrote.
func (e *encoding) asWritten(r *llm.Reasoning) {
	switch r.Mode {
	case llm.ReasoningOn:
		e.w.Thinking = &wireThinking{Type: "enabled", Budget: r.Budget}
	case llm.ReasoningAdaptive:
		e.w.Thinking = &wireThinking{Type: "adaptive"}
	case llm.ReasoningOff:
		e.w.Thinking = &wireThinking{Type: "disabled"}
	}
	if e.w.Thinking != nil {
		e.w.Thinking.Display = display(r.Summary)
	}
	if r.Effort != "" {
		e.output().Effort = r.Effort
	}
}

func display(summary string) string {
	switch summary {
	case "":
		return ""
	case "none":
		return "omitted"
	}
	return "summarized"
}

// adaptive lets the model decide how long to think, guided by an effort.
func (e *encoding) adaptive(r *llm.Reasoning) {
	w := &wireThinking{Type: "adaptive", Display: display(r.Summary)}
	if w.Display == "" && !e.own {
		w.Display = "summarized" // callers of other dialects expect to see what they asked for
	}
	e.w.Thinking = w
	effort := r.Effort
	if effort == "" && r.Budget != nil {
		effort = r.Level()
		e.lost.Change("thinking.budget_tokens", "the model takes an effort, not a number of tokens")
	}
	if effort == "minimal" {
		effort = "low" // the least there is
	}
	top := e.t.Traits.TopEffort
	if top == "" {
		top = "high"
	}
	if at := slices.Index(efforts, effort); !e.own && at > slices.Index(efforts, top) {
		effort = top
		e.lost.Change("reasoning_effort", "the model's highest effort is "+top)
	}
	if effort != "" {
		e.output().Effort = effort
	}
}

// budgeted lets the model think for so many tokens.
func (e *encoding) budgeted(r *llm.Reasoning) {
	if e.unsignedLoop() {
		e.lost.Drop("reasoning", "the turn under way holds no thinking that the vendor signed")
		return
	}
	asked := r.Tokens(nil)
	limit := e.r.MaxTokens // the caller's own word, which counts thinking, too
	if most := e.t.Traits.MaxOutput; limit == nil && most > 0 {
		limit = &most
	}
	budget := r.Tokens(limit)
	switch most := asked + defaultMaxTokens; {
	case limit == nil:
		e.w.MaxTokens = &most
	case budget >= *limit:
		e.lost.Drop("reasoning", "the limit on tokens leaves no room for thinking, which takes 1024 at least")
		return
	case budget < asked:
		e.lost.Change("reasoning", "it had to fit the limit on tokens")
	}
	e.w.Thinking = &wireThinking{Type: "enabled", Budget: &budget}
}

// unsignedLoop reports whether the conversation is in the middle of a turn that
// called tools without signed thinking before: the model that goes on with it
// may not think, or the vendor refuses.
func (e *encoding) unsignedLoop() bool {
	n := len(e.w.Messages)
	if n < 2 || e.w.Messages[n-1].Role != "user" {
		return false
	}
	answers := slices.ContainsFunc(e.w.Messages[n-1].Content, func(b wireBlock) bool { return b.Type == "tool_result" })
	asked := e.w.Messages[n-2]
	if !answers || asked.Role != "assistant" || len(asked.Content) == 0 {
		return false
	}
	first := asked.Content[0].Type
	return first != "thinking" && first != "redacted_thinking"
}

// plainSampling takes out what a thinking model refuses.
func (e *encoding) plainSampling() {
	const why = "a model that thinks takes no sampling parameters"
	if t := e.w.Temperature; t != nil {
		if *t != 1 {
			e.lost.Drop("temperature", why)
		}
		e.w.Temperature = nil
	}
	if p := e.w.TopP; p != nil && *p < 0.95 {
		e.lost.Drop("top_p", why)
		e.w.TopP = nil
	}
	if e.w.TopK != nil {
		e.lost.Drop("top_k", why)
		e.w.TopK = nil
	}
}

// output is the request's output_config.
func (e *encoding) output() *wireOutputConfig {
	if e.w.OutputConfig == nil {
		e.w.OutputConfig = &wireOutputConfig{}
	}
	return e.w.OutputConfig
}
