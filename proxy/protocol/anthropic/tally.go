package anthropic

import (
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// tally is what is needed to count without the vendor. Prompts and whole
// answers are read by way of the canonical form.
func tally() *protocol.Tally { return &protocol.Tally{Delta: spoken} }

// spokenKeys hold what a content_block_delta adds; its signatures and
// citations are nothing that was written.
var spokenKeys = []string{`text"`, `partial_json"`, `thinking"`}

// spoken appends what an event adds to the answer: text, thinking, the names of
// tools and their input.
func spoken(buf, data []byte) []byte {
	if v := rawjson.After(data, `delta"`); v != nil && v[0] == '{' {
		for _, key := range spokenKeys {
			if w := rawjson.After(v, key); w != nil && w[0] == '"' {
				buf, _ = rawjson.AppendString(buf, w)
				break
			}
		}
		return buf
	}
	if v := rawjson.After(data, `content_block"`); v != nil {
		return opened(buf, v)
	}
	return buf
}

// opened appends what a block says from its beginning. What a tool of the
// vendor's found is not the model's own words: such blocks have neither name
// nor text at their top.
func opened(buf, block []byte) []byte {
	_ = rawjson.Fields(block, func(f rawjson.Field) error { // what follows the block is no matter
		v := f.Value(block)
		switch string(f.Key) {
		case "text", "thinking", "name":
			if v[0] == '"' {
				buf, _ = rawjson.AppendString(buf, v)
			}
		case "input":
			if v[0] == '{' && string(v) != "{}" {
				buf = rawjson.AppendEscaped(buf, v)
			}
		}
		return nil
	})
	return buf
}
