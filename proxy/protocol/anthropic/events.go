package anthropic

import (
	"bytes"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// event looks at an event of a stream that is passed through. Its type is in
// the event field and in the data; imitators leave out one or the other.
func event(name, data []byte) protocol.Signal {
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return 0
	case bytes.Equal(trimmed, []byte("[DONE]")): // OpenAI's end, added by some imitators
		return protocol.Done
	case !rawjson.Valid(trimmed):
		return protocol.Broken
	case trimmed[0] != '{':
		return 0
	}
	switch string(typeOf(name, trimmed)) {
	case "message_start":
		return protocol.HasUsage
	case "message_delta":
		s := protocol.HasUsage
		if reason, found := rawjson.Find(trimmed, `"stop_reason"`); found && reason[0] == '"' {
			s |= protocol.Finished
		}
		return s
	case "message_stop":
		return protocol.Finished | protocol.Done
	case "error":
		return protocol.Failed
	}
	return 0
}

// hasContent reports whether an event carries some of the answer.
func hasContent(name, data []byte) bool {
	switch string(typeOf(name, data)) {
	case "content_block_delta":
		return true
	case "content_block_start":
		// Text and thinking begin empty; everything else says something already.
		block, found := rawjson.Find(data, `"content_block"`)
		if !found {
			return false
		}
		kind, _ := rawjson.Find(block, `"type"`)
		switch string(unquoted(kind)) {
		case "text":
			text, _ := rawjson.Find(block, `"text"`) // the type's value is text, too, but no key
			return len(unquoted(text)) > 0
		case "thinking":
			return false
		}
		return true
	}
	return false
}

// typeOf is an event's type: its name, else what its data says.
func typeOf(name, data []byte) []byte {
	if len(name) > 0 && !bytes.Equal(name, []byte("message")) {
		return name
	}
	var kind []byte
	_ = rawjson.Fields(data, func(f rawjson.Field) error { // an event that is not JSON has no type
		if kind == nil && string(f.Key) == "type" {
			kind = unquoted(f.Value(data))
		}
		return nil
	})
	return kind
}

// unquoted is the inside of the string that v begins with, as written.
func unquoted(v []byte) []byte {
	if len(v) == 0 || v[0] != '"' {
		return nil
	}
	for i := 1; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			return v[1:i]
		}
	}
	return nil
}
