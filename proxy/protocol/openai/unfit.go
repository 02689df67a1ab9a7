package openai

import (
	"bytes"
	"slices"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// unfit reports whether a request that was written for another model asks this
// one for what it refuses, or in words that it does not know. It looks at what
// EncodeRequest would mend.
func unfit(w protocol.Written, tr *protocol.Traits) bool {
	return samplesOtherwise(w, tr) || answersOtherwise(w, tr) || thinksOtherwise(w, tr) || saysOtherwise(w, tr)
}

// original reports whether a model takes OpenAI's dialect as OpenAI publishes
// it, and nobody else's words: only who knows tools of free text does.
func original(tr *protocol.Traits) bool { return !tr.NoCustomTools }

// samplesOtherwise looks at how words are chosen, and how many. The limit's name
// is a Fix of the vendors that refuse the newer one.
func samplesOtherwise(w protocol.Written, tr *protocol.Traits) bool {
	switch {
	case tr.FixedSampling && (w.Beside("temperature", 1) || w.Beside("top_p", 1)),
		(tr.FixedSampling || tr.NoPenalties) && (w.Beside("presence_penalty", 0) || w.Beside("frequency_penalty", 0)),
		tr.LowTemperature && w.Above("temperature", 1),
		original(tr) && !tr.TopK && (w.Value("top_k") != nil || w.Value("min_p") != nil),
		tr.MaxOutput > 0 && (w.Above("max_tokens", float64(tr.MaxOutput)) || w.Above("max_completion_tokens", float64(tr.MaxOutput))),
		tr.NoStop && w.Value("stop") != nil,
		tr.NoSeed && w.Value("seed") != nil:
		return true
	}
	return false
}

// answersOtherwise looks at the form that is wanted of the answer, and at tools.
func answersOtherwise(w protocol.Written, tr *protocol.Traits) bool {
	format := w.Object("response_format").Word("type")
	choice := w.Word("tool_choice")
	switch {
	case tr.NoLogprobs && (string(w.Value("logprobs")) == "true" || w.Value("top_logprobs") != nil || w.Value("logit_bias") != nil),
		tr.NoN && w.Above("n", 1),
		tr.NoJSONMode && format == "json_object",
		tr.NoJSONSchema && format == "json_schema",
		tr.NoTools && w.Value("tools") != nil,
		tr.NoParallelTools && w.Value("parallel_tool_calls") != nil,
		tr.NoToolRequired && w.Value("tool_choice") != nil && choice != "auto" && choice != "none",
		tr.NoStrict && bytes.Contains(w.Value("tools"), []byte(`"strict"`)),
		tr.NoCustomTools && bytes.Contains(w.Value("tools"), []byte(`"custom"`)):
		return true
	}
	return false
}

// thinkingFields are the ways of asking for reasoning that EncodeRequest
// knows.
var thinkingFields = []string{"reasoning_effort", "thinking", "enable_thinking", "thinking_budget", "reasoning"}

// thinksOtherwise looks at how reasoning is asked for.
func thinksOtherwise(w protocol.Written, tr *protocol.Traits) bool {
	var knows []string
	switch tr.Thinks {
	case "":
		if !original(tr) {
			return false // who knows what they know
		}
		knows = thinkingFields[:1]
	case protocol.ThinksByEffort, protocol.ThinksByLevel:
		knows = thinkingFields[:1]
	case protocol.ThinksBySwitch, protocol.ThinksAdaptively:
		if knows = thinkingFields[1:2]; w.Value("thinking") != nil {
			knows = thinkingFields[:2] // how much stands beside it
		}
	case protocol.ThinksByBudget:
		knows = thinkingFields[1:2]
	case protocol.ThinksByEnable:
		knows = thinkingFields[2:4]
	case protocol.ThinksByObject:
		knows = thinkingFields[4:]
	case protocol.ThinksNot:
	}
	for _, name := range thinkingFields {
		if w.Value(name) != nil && !slices.Contains(knows, name) {
			return true
		}
	}
	return slices.Contains(knows, "reasoning_effort") && tr.Beyond(w.Word("reasoning_effort"))
}

// saysOtherwise looks at the messages. Their words are no keys: there a quote is
// escaped.
func saysOtherwise(w protocol.Written, tr *protocol.Traits) bool {
	messages := w.Value("messages")
	has := func(word string) bool { return bytes.Contains(messages, []byte(word)) }
	return tr.NoDeveloper && has(`"developer"`) || tr.NoImages && has(`"image_url"`) || tr.NoAudio && has(`"input_audio"`) || tr.NoFiles && has(`"file"`)
}
