package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// message is one message of a conversation, as far as the lab reads it.
type message struct {
	role   string
	text   string
	calls  []string // ids of tool calls an assistant made
	callID string   // the call that a tool answers
	tokens int
}

func roles() []string {
	return []string{"system", "developer", "user", "assistant", "tool", "function"}
}

func parseMessages(o object) ([]message, *apiError) {
	if !o.has("messages") {
		return nil, missing("messages")
	}
	items, fail := o.list("messages", "messages")
	if fail != nil {
		return nil, fail
	}
	if len(items) == 0 {
		return nil, invalid("messages", "empty_array", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	}
	out := make([]message, 0, len(items))
	for i, raw := range items {
		m, fail := parseMessage(raw, fmt.Sprintf("messages[%d]", i))
		if fail != nil {
			return nil, fail
		}
		out = append(out, m)
	}
	return out, checkToolMessages(out)
}

func parseMessage(raw json.RawMessage, at string) (message, *apiError) {
	var m message
	o, ok := asObject(raw)
	if !ok {
		return m, wrongType(at, "an object", raw)
	}
	if !o.has("role") {
		return m, missing(at + ".role")
	}
	var fail *apiError
	if m.role, fail = o.text("role", at+".role"); fail != nil {
		return m, fail
	}
	if !slices.Contains(roles(), m.role) {
		return m, invalid(at+".role", "invalid_value", "Invalid value: '%s'. Supported values are: '%s'.", clip(m.role, 40), strings.Join(roles(), "', '"))
	}
	if fail := m.readContent(o, at); fail != nil {
		return m, fail
	}
	if m.callID, fail = o.text("tool_call_id", at+".tool_call_id"); fail != nil {
		return m, fail
	}
	if m.role == "tool" && m.callID == "" {
		return m, missing(at + ".tool_call_id")
	}
	if fail := m.readCalls(o, at); fail != nil {
		return m, fail
	}
	m.tokens += tokensPerMessage + Tokens(m.text)
	return m, nil
}

func (m *message) readContent(o object, at string) *apiError {
	at += ".content"
	if !o.has("content") {
		if m.role == "assistant" {
			return nil
		}
		return invalid(at, "invalid_type", "Invalid value for 'content': expected a string or an array of parts, got null.")
	}
	if s, ok := asString(o["content"]); ok {
		m.text = s
		return nil
	}
	parts, ok := asList(o["content"])
	if !ok {
		return wrongType(at, "one of a string or array of objects", o["content"])
	}
	for i, raw := range parts {
		if fail := m.readPart(raw, fmt.Sprintf("%s[%d]", at, i)); fail != nil {
			return fail
		}
	}
	return nil
}

func (m *message) readPart(raw json.RawMessage, at string) *apiError {
	o, ok := asObject(raw)
	if !ok {
		return wrongType(at, "an object", raw)
	}
	kind, fail := o.text("type", at+".type")
	if fail != nil {
		return fail
	}
	switch kind {
	case "":
		return missing(at + ".type")
	case "text", "input_text", "output_text", "refusal":
		field := "text"
		if kind == "refusal" {
			field = kind
		}
		s, fail := o.text(field, at+"."+field)
		if fail != nil {
			return fail
		}
		if m.text != "" {
			m.text += "\n"
		}
		m.text += s
	case "image_url", "input_audio", "file", "video_url", "input_image", "input_file":
		m.tokens += tokensPerImage
	default:
		return invalid(at+".type", "invalid_value", "Invalid value: '%s'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', 'file' and 'video_url'.", clip(kind, 40))
	}
	return nil
}

func (m *message) readCalls(o object, at string) *apiError {
	calls, fail := o.list("tool_calls", at+".tool_calls")
	if fail != nil {
		return fail
	}
	for i, raw := range calls {
		at := fmt.Sprintf("%s.tool_calls[%d]", at, i)
		call, ok := asObject(raw)
		if !ok {
			return wrongType(at, "an object", raw)
		}
		id, fail := call.text("id", at+".id")
		if fail != nil {
			return fail
		}
		if id == "" {
			return missing(at + ".id")
		}
		m.calls = append(m.calls, id)
		m.tokens += Tokens(string(call["function"]))
	}
	return nil
}

// checkToolMessages checks that calls and their answers belong together.
func checkToolMessages(all []message) *apiError {
	var open []string
	for i, m := range all {
		at := fmt.Sprintf("messages.[%d].role", i)
		if m.role == "tool" {
			k := slices.Index(open, m.callID)
			if k < 0 {
				return invalid(at, "", "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
			}
			open = slices.Delete(open, k, k+1)
			continue
		}
		if len(open) > 0 {
			return unanswered(at, open)
		}
		open = slices.Clone(m.calls)
	}
	if len(open) > 0 {
		return unanswered("messages", open)
	}
	return nil
}

func unanswered(at string, ids []string) *apiError {
	return invalid(at, "", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: %s", clip(strings.Join(ids, ", "), 200))
}
