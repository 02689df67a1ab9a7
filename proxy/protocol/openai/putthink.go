package openai

import (
	"slices"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// reasoning asks for thinking in the vendor's way.
func (p *put) reasoning() {
	r := p.r.Reasoning
	if r == nil {
		return
	}
	if r.Mode == llm.ReasoningOff || r.Effort == "none" {
		p.thinkNot()
		return
	}
	effort := p.effort(r.Level())
	switch p.t.Traits.Thinks {
	case protocol.ThinksNot:
		if r.Mode == llm.ReasoningOn || r.Effort != "" || r.Budget != nil {
			p.lost.Drop("reasoning_effort", p.t.Model+" does not reason")
		}
	case protocol.ThinksBySwitch, protocol.ThinksAdaptively:
		p.w.Thinking = &wireThinking{Type: "enabled"}
		if r.Effort != "" {
			p.w.ReasoningEffort = &effort
		} else if r.Budget != nil {
			p.lost.Change("thinking.budget_tokens", p.t.Vendor+" knows on and off alone")
		}
	case protocol.ThinksByEnable:
		yes := true
		p.w.EnableThinking = &yes
		if p.w.ThinkingBudget = r.Budget; r.Budget == nil && r.Effort != "" {
			budget := r.Tokens(p.r.MaxTokens)
			p.w.ThinkingBudget = &budget
		}
	case protocol.ThinksByObject:
		p.w.Reasoning = &wireReasoning{MaxTokens: r.Budget}
		if r.Budget == nil && effort != "" {
			p.w.Reasoning.Effort = effort
		}
		if r.Budget == nil && effort == "" {
			yes := true
			p.w.Reasoning.Enabled = &yes
		}
		if r.Summary == "none" {
			yes := true
			p.w.Reasoning.Exclude = &yes
		}
	case protocol.ThinksByBudget:
		budget := r.Tokens(p.r.MaxTokens)
		p.w.Thinking = &wireThinking{Type: "enabled", BudgetTokens: &budget}
	case "", protocol.ThinksByEffort, protocol.ThinksByLevel:
		if r.Budget != nil && r.Effort == "" {
			p.lost.Change("thinking.budget_tokens", p.t.Vendor+" takes an effort, not a number")
		}
		if effort != "" {
			p.w.ReasoningEffort = &effort
		}
	}
}

// efforts are all efforts, the least first.
var efforts = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// effort is one that the vendor knows.
func (p *put) effort(effort string) string {
	top := p.t.Traits.TopEffort
	if top == "" {
		top = "high"
	}
	if p.own && !(p.t.Changed && p.t.Traits.Beyond(effort)) || slices.Index(efforts, effort) <= slices.Index(efforts, top) {
		return effort
	}
	p.lost.Change("reasoning_effort", "the highest of "+p.t.Model+" is "+top)
	return top
}

// thinkNot asks for an answer without thinking.
func (p *put) thinkNot() {
	no, none := false, "none"
	switch p.t.Traits.Thinks {
	case protocol.ThinksNot:
	case protocol.ThinksBySwitch, protocol.ThinksByBudget, protocol.ThinksAdaptively:
		p.w.Thinking = &wireThinking{Type: "disabled"}
	case protocol.ThinksByEnable:
		p.w.EnableThinking = &no
	case protocol.ThinksByObject:
		p.w.Reasoning = &wireReasoning{Enabled: &no}
	case "", protocol.ThinksByEffort, protocol.ThinksByLevel:
		p.w.ReasoningEffort = &none
	}
}
