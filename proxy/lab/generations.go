package lab

import (
	"encoding/json"
	"strings"
)

// Generations of models refuse what others take; the lab's do, too, by parts of
// their names.

// fixedSampling and onlyAdaptive are models as Anthropic has them from 4.7 on.
func fixedSampling(m *model) bool { return strings.Contains(m.name, "claude-5") }

func onlyAdaptive(m *model) bool { return strings.Contains(m.name, "claude-5") }

// onlyBudgets are models as Anthropic had them up to 4.5.
func onlyBudgets(m *model) bool { return strings.Contains(m.name, "-4-5-") }

// reasonersRefuse refuses what OpenAI's reasoning models don't take in chat
// completions, in OpenAI's words.
func reasonersRefuse(m *model, o object) *apiError {
	if !strings.Contains(m.name, "gpt-5") {
		return nil
	}
	for _, c := range []struct {
		name  string
		alone float64 // the only value that is taken
	}{{"temperature", 1}, {"top_p", 1}, {"presence_penalty", 0}, {"frequency_penalty", 0}} {
		var v float64
		if o.has(c.name) && json.Unmarshal(o[c.name], &v) == nil && v != c.alone {
			return invalid(c.name, "unsupported_value", "Unsupported value: '%s' does not support %v with this model. Only the default (%v) value is supported.", c.name, v, c.alone)
		}
	}
	if o.has("max_tokens") {
		return invalid("max_tokens", "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	}
	for _, name := range []string{"logprobs", "top_logprobs", "logit_bias"} {
		if o.has(name) && string(o[name]) != "false" {
			return invalid(name, "unsupported_parameter", "Unsupported parameter: '%s' is not supported with this model.", name)
		}
	}
	for _, name := range []string{"top_k", "min_p", "thinking", "enable_thinking", "thinking_budget", "reasoning"} {
		if o.has(name) {
			return invalid(name, "unknown_parameter", "Unknown parameter: '%s'.", name)
		}
	}
	return nil
}
