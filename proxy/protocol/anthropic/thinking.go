package anthropic

import (
	"slices"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// thinking writes how much to think, how to sample and how much to write, which
// hang together.
func (e *encoding) thinking() {
	c := protocol.Claude{Request: e.r, Target: e.t, Losses: e.lost, Own: e.own && !e.t.Changed, Forced: e.w.forces(), Unsigned: e.unsignedLoop()}
	limit := c.MaxTokens()
	if e.repeats() {
		e.asWritten(e.r.Reasoning)
	} else if t := c.Think(&limit); t.Type != "" {
		e.w.Thinking = &wireThinking{Type: t.Type, Budget: t.Budget, Display: t.Display}
		if t.Effort != "" {
			e.output().Effort = t.Effort
		}
	}
	e.w.MaxTokens = &limit
	s := c.Sampling(e.w.Thinking != nil && e.w.Thinking.Type != "disabled")
	e.w.Temperature, e.w.TopP, e.w.TopK = s.Temperature, s.TopP, s.TopK
}

// repeats reports whether a caller of the same dialect asked for thinking in
// the way in which this model takes it.
func (e *encoding) repeats() bool {
	r := e.r.Reasoning
	if r == nil || !e.own || e.t.Changed && e.t.Traits.Beyond(r.Effort) {
		return false
	}
	switch e.t.Traits.Thinks {
	case "":
		return true
	case protocol.ThinksByBudget:
		return r.Mode != llm.ReasoningAdaptive
	case protocol.ThinksAdaptively:
		return r.Mode != llm.ReasoningOn
	}
	return false
}

// asWritten repeats what a caller of the same dialect wrote.
func (e *encoding) asWritten(r *llm.Reasoning) {
	switch r.Mode {
	case llm.ReasoningOn:
		if e.unsignedLoop() { // what other vendors thought was taken out
			e.lost.Drop("reasoning", "the turn under way holds no thinking that the vendor signed")
			return
		}
		e.w.Thinking = &wireThinking{Type: "enabled", Budget: r.Budget}
	case llm.ReasoningAdaptive:
		e.w.Thinking = &wireThinking{Type: "adaptive"}
	case llm.ReasoningOff:
		e.w.Thinking = &wireThinking{Type: "disabled"}
	}
	if e.w.Thinking != nil {
		e.w.Thinking.Display = protocol.Display(r.Summary)
	}
	if r.Effort != "" {
		e.output().Effort = r.Effort
	}
}

// unsignedLoop reports whether the conversation is in the middle of a turn that
// called tools without signed thinking before.
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

// output is the request's output_config.
func (e *encoding) output() *wireOutputConfig {
	if e.w.OutputConfig == nil {
		e.w.OutputConfig = &wireOutputConfig{}
	}
	return e.w.OutputConfig
}
