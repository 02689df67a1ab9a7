package responses

import "github.com/posthouse/posthouse/proxy/protocol"

// unfit reports whether a request that was written for another model asks this
// one for what it refuses. It looks at what EncodeRequest would mend.
func unfit(w protocol.Written, tr *protocol.Traits) bool {
	format := w.Object("text").Object("format").Word("type")
	reasoning := w.Object("reasoning")
	switch {
	case tr.FixedSampling && (w.Beside("temperature", 1) || w.Beside("top_p", 1)),
		tr.MaxOutput > 0 && w.Above("max_output_tokens", float64(tr.MaxOutput)),
		tr.NoLogprobs && w.Value("top_logprobs") != nil,
		tr.NoJSONMode && format == "json_object",
		tr.NoJSONSchema && format == "json_schema",
		tr.Thinks == protocol.ThinksNot && len(reasoning.Fields) > 0,
		tr.Thinks != protocol.ThinksNot && tr.Beyond(reasoning.Word("effort")):
		return true
	}
	return false
}
