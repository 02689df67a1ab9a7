package anthropic

import (
	"bytes"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// unfit reports whether a request that was written for another model asks this
// one for what it refuses: Claude's generations differ in how thinking is asked
// for and in what goes with it. It looks at what EncodeRequest would mend.
func unfit(w protocol.Written, tr *protocol.Traits) bool {
	messages := w.Value("messages")
	has := func(word string) bool { return bytes.Contains(messages, []byte(word)) }
	switch {
	case tr.FixedSampling && (w.Beside("temperature", 1) || w.Beside("top_p", 1) || w.Value("top_k") != nil),
		tr.OneSampling && w.Value("temperature") != nil && w.Value("top_p") != nil,
		tr.MaxOutput > 0 && w.Above("max_tokens", float64(tr.MaxOutput)),
		tr.NoJSONSchema && (w.Object("output_config").Value("format") != nil || w.Value("output_format") != nil),
		!tr.SystemAnywhere && has(`"system"`),
		tr.NoImages && has(`"image"`), tr.NoFiles && has(`"document"`):
		return true
	}
	return thinksOtherwise(w, tr)
}

// thinksOtherwise looks at how thinking is asked for.
func thinksOtherwise(w protocol.Written, tr *protocol.Traits) bool {
	kind, effort := w.Object("thinking").Word("type"), w.Object("output_config").Word("effort")
	switch tr.Thinks {
	case protocol.ThinksNot:
		return kind != "" || effort != ""
	case protocol.ThinksByBudget:
		return kind == "adaptive" || effort != ""
	case protocol.ThinksAdaptively:
		// From 4.7 on, which is where sampling went, budgets are refused.
		return kind == "enabled" && tr.FixedSampling || effort != "" && tr.Beyond(effort)
	}
	return false
}
