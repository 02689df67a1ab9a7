package gemini

import (
	"bytes"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// unfit reports whether a request that was written for another model asks this
// one for what it refuses: Gemini's generations differ in how thinking is asked
// for and in the schemas that they know.
func unfit(w protocol.Written, tr *protocol.Traits) bool {
	config := w.Object("generationConfig")
	if tr.SchemaSubset && (config.Value("responseJsonSchema") != nil || bytes.Contains(w.Value("tools"), []byte(`"parametersJsonSchema"`))) {
		return true
	}
	thinking := config.Object("thinkingConfig")
	level, budget := thinking.Value("thinkingLevel") != nil, thinking.Value("thinkingBudget") != nil
	switch tr.Thinks {
	case protocol.ThinksNot:
		return level || budget || thinking.Value("includeThoughts") != nil
	case protocol.ThinksByBudget:
		return level
	case protocol.ThinksByLevel:
		return budget
	}
	return false
}
