package gemini

import (
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// budgetLeast is the least that a model which can't stop thinking takes
// (ai.google.dev/gemini-api/docs/thinking), budgetMost the most that all take.
const (
	budgetLeast = 128
	budgetMost  = 24576
)

// thinkingFor says how much to think: as a budget to Gemini 2.5, as a level to
// Gemini 3, which refuse each other's.
func thinkingFor(re *llm.Reasoning, t *protocol.Target, losses *llm.Losses) *thinking {
	if re == nil {
		return nil
	}
	if t.Traits.Thinks == protocol.ThinksNot {
		if re.Mode == llm.ReasoningOn || re.Budget != nil || re.Effort != "" && re.Effort != "none" {
			losses.Drop("reasoning", "the model does not reason")
		}
		return nil
	}
	w := &thinking{}
	off := re.Mode == llm.ReasoningOff || re.Effort == "none"
	level := t.Traits.Thinks == protocol.ThinksByLevel
	if t.Traits.Thinks == "" { // as the caller says it
		level = re.Budget == nil && re.Effort != "" && !off
	}
	if level {
		w.Level = levelFor(re, off, t.Model, losses)
	} else {
		w.Budget = budgetFor(re, off, t.Model, losses)
	}
	if !off && re.Summary != "none" {
		include := true
		w.Include = &include
	}
	if *w == (thinking{}) {
		return nil
	}
	return w
}

// alwaysThinks reports whether a model refuses to be told not to think: of
// Google's, the large ones.
func alwaysThinks(model string) bool { return strings.Contains(model, "pro") }

func levelFor(re *llm.Reasoning, off bool, model string, losses *llm.Losses) string {
	least := "minimal"
	if alwaysThinks(model) {
		least = "low"
	}
	switch {
	case off:
		losses.Change("reasoning", "Gemini 3 can't stop thinking; it is asked to think as little as it can")
		return least
	case re.Effort == "minimal":
		if least != "minimal" {
			losses.Change("reasoning", "the model's lowest level is low")
		}
		return least
	case re.Effort == "xhigh" || re.Effort == "max":
		losses.Change("reasoning", "Google's highest level is high")
		return "high"
	case re.Effort != "":
		return re.Effort
	case re.Budget == nil:
		return ""
	}
	losses.Change("reasoning", "Gemini 3 takes levels, not budgets")
	return re.Level()
}

func budgetFor(re *llm.Reasoning, off bool, model string, losses *llm.Losses) *int64 {
	var n int64
	switch {
	case off && alwaysThinks(model):
		n = budgetLeast
		losses.Change("reasoning", "the model can't stop thinking; it gets its smallest budget")
	case off:
	case re.Budget != nil:
		n = *re.Budget
	case re.Effort != "":
		n = min(re.Tokens(nil), budgetMost)
	case re.Mode == llm.ReasoningAdaptive:
		n = -1
	default:
		return nil
	}
	return &n
}
