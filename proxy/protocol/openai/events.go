package openai

import (
	"bytes"
	"encoding/json"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// chatEvent looks at an event of a chat or text completion. It searches for
// the quoted keys: inside JSON strings a quote is escaped, so the text of an
// answer can't be mistaken for them.
func chatEvent(_, data []byte) protocol.Signal {
	s, ok := common(data)
	if !ok {
		return s
	}
	if finish, found := valueOf(data, `"finish_reason"`); found && isFinish(finish) {
		s |= protocol.Finished
	}
	return s
}

// plainEvent looks at an event of a stream of unknown kind.
func plainEvent(_, data []byte) protocol.Signal {
	s, _ := common(data)
	return s
}

// common finds what all of the dialect's streams share. It reports whether the
// event is an object that is worth a closer look.
func common(data []byte) (protocol.Signal, bool) {
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return 0, false
	case bytes.Equal(trimmed, []byte("[DONE]")):
		return protocol.Finished | protocol.Done, false
	case !rawjson.Valid(trimmed):
		return protocol.Broken, false
	case trimmed[0] != '{':
		return 0, false
	}
	var s protocol.Signal
	if v, found := valueOf(data, `"usage"`); found && v[0] == '{' {
		s |= protocol.HasUsage
	}
	if v, found := valueOf(data, `"error"`); found && (v[0] == '{' || v[0] == '"') && eventError(data) != nil {
		return s | protocol.Failed, false
	}
	if v, found := valueOf(data, `"object"`); found && bytes.HasPrefix(v, []byte(`"error"`)) {
		return s | protocol.Failed, false
	}
	return s, true
}

// valueOf finds the first value of a quoted key, at any depth, and returns the
// text from there on; at least one byte of it.
func valueOf(data []byte, key string) ([]byte, bool) {
	for rest := data; ; {
		i := bytes.Index(rest, []byte(key))
		if i < 0 {
			return nil, false
		}
		rest = rest[i+len(key):]
		v := bytes.TrimLeft(rest, " \t\r\n")
		if len(v) == 0 || v[0] != ':' {
			continue // the word was a value, not a key
		}
		v = bytes.TrimLeft(v[1:], " \t\r\n")
		if len(v) == 0 {
			return nil, false
		}
		return v, true
	}
}

// isFinish tells a finish reason from what vendors send in its place while
// there is none yet: null, "", " ", "null".
func isFinish(v []byte) bool {
	if v[0] != '"' {
		return false
	}
	word, _, ok := bytes.Cut(v[1:], []byte{'"'})
	word = bytes.TrimSpace(word)
	return ok && len(word) > 0 && !bytes.EqualFold(word, []byte("null"))
}

// chatContent reports whether a chat or completion event carries text,
// reasoning, a tool call, a refusal or audio.
func chatContent(_, data []byte) bool {
	var ev struct {
		Choices []struct {
			Text  string                     `json:"text"`
			Delta map[string]json.RawMessage `json:"delta"`
		} `json:"choices"`
	}
	if json.Unmarshal(data, &ev) != nil {
		return false
	}
	for _, c := range ev.Choices {
		if c.Text != "" {
			return true
		}
		for name, v := range c.Delta {
			if name != "role" && !isEmpty(v) {
				return true
			}
		}
	}
	return false
}

func isEmpty(v json.RawMessage) bool {
	switch string(v) {
	case "null", `""`, "[]", "{}":
		return true
	}
	return false
}
