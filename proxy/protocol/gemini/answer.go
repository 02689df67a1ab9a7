package gemini

import (
	"bytes"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// event looks at an event of a stream that is passed on. It searches for quoted
// keys: inside JSON strings a quote is escaped, so the text of an answer can't
// be mistaken for them.
func event(_, data []byte) protocol.Signal {
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return 0
	case !rawjson.Valid(trimmed):
		return protocol.Broken
	case trimmed[0] != '{':
		return 0
	}
	var s protocol.Signal
	if bytes.Contains(trimmed, []byte(`"usageMetadata"`)) {
		s |= protocol.HasUsage
	}
	if eventError(trimmed) != nil {
		return s | protocol.Failed
	}
	if finished(trimmed) {
		s |= protocol.Finished
	}
	return s
}

// finished reports whether an event has a finish reason that says one.
func finished(data []byte) bool {
	_, rest, found := bytes.Cut(data, []byte(`"finishReason"`))
	if !found {
		return false
	}
	rest = bytes.TrimLeft(rest, " \t\r\n:")
	word, _, ok := bytes.Cut(bytes.TrimPrefix(rest, []byte{'"'}), []byte{'"'})
	return ok && rest[0] == '"' && len(word) > 0 && string(word) != "FINISH_REASON_UNSPECIFIED"
}

// hasContent reports whether an event carries a part that says something.
func hasContent(_, data []byte) bool {
	var r response
	if unmarshal(data, &r) != nil {
		return false
	}
	for _, c := range r.Candidates {
		if c.Content == nil {
			continue
		}
		for _, p := range c.Content.Parts {
			if p.Text != nil && *p.Text != "" || p.Inline != nil || p.File != nil || p.Call != nil || len(p.Extra) > 0 {
				return true
			}
		}
	}
	return false
}
