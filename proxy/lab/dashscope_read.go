package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// dashscopeRequest is a request for a generation in DashScope's dialect.
type dashscopeRequest struct {
	chatRequest
	sees     bool  // its messages are lists of parts
	think    *bool // nil: not said
	searches bool  // and names what was found
}

// dashscopeFields refuses fields that nobody documented: DashScope passes over
// them, and so what is meant by them gets lost.
func dashscopeFields(o object, at string, names ...string) *apiError {
	for _, name := range sortedNames(o) {
		if !slices.Contains(names, name) {
			return invalid(name, "", "unknown field %s", strings.TrimPrefix(at+"."+clip(name, 80), "."))
		}
	}
	return nil
}

// parseDashscope reads a request, as strict as DashScope is and, of what it
// passes over, stricter.
func parseDashscope(x *exchange, sees bool) (*dashscopeRequest, *apiError) {
	q := &dashscopeRequest{chatRequest: chatRequest{n: 1, parallel: true, choice: toolChoice{mode: "auto"}}, sees: sees}
	if fail := dashscopeFields(x.object, "", "model", "input", "parameters"); fail != nil {
		return nil, fail
	}
	in, fail := x.object.child("input", "input")
	if fail != nil || in == nil {
		return nil, missing("input")
	}
	p, fail := x.object.child("parameters", "parameters")
	if fail != nil {
		return nil, fail
	}
	q.stream = x.r.Header.Get("X-DashScope-SSE") == "enable"
	for _, step := range []func() *apiError{
		func() *apiError { return q.dashscopeMessages(in) },
		func() *apiError { return q.dashscopeParameters(p) },
		func() *apiError { return q.dashscopeTools(p) },
		func() *apiError { return q.dashscopeThinking(x, p) },
	} {
		if fail := step(); fail != nil {
			return nil, fail
		}
	}
	return q, nil
}

func (q *dashscopeRequest) dashscopeParameters(p object) (fail *apiError) {
	if fail := dashscopeFields(p, "parameters", "result_format", "incremental_output", "max_tokens", "temperature", "top_p", "top_k", "presence_penalty", "repetition_penalty", "seed", "stop", "n",
		"logprobs", "top_logprobs", "tools", "tool_choice", "parallel_tool_calls", "response_format", "enable_thinking", "thinking_budget", "enable_search", "search_options",
		"ocr_options", "vl_high_resolution_images", "translation_options", "enable_code_interpreter", "max_input_tokens"); fail != nil {
		return fail
	}
	if kind, _ := asString(p["result_format"]); kind != "message" {
		return invalid("result_format", "", "parameters.result_format must be message, for tools and for what this fake answers")
	}
	increments, fail := p.boolean("incremental_output")
	if fail != nil {
		return fail
	}
	if increments != q.stream {
		return invalid("incremental_output", "", "parameters.incremental_output must be %v where X-DashScope-SSE says so", q.stream)
	}
	for _, f := range []struct {
		name      string
		low, high float64
	}{{"temperature", 0, 1.9999}, {"top_p", 0.0001, 1}, {"top_k", 0, 1 << 31}, {"presence_penalty", -2, 2}, {"seed", 0, 1<<31 - 1}, {"top_logprobs", 0, 5}} {
		if p.within(f.name, f.low, f.high) != nil {
			return invalid(f.name, "", "Range of %s should be [%v, %v]", f.name, f.low, f.high)
		}
	}
	if q.max, fail = p.whole("max_tokens", 1, 1<<31, 0); fail != nil {
		return fail
	}
	if q.stop, fail = p.texts("stop"); fail != nil {
		return fail
	}
	options, fail := p.child("search_options", "search_options")
	if fail != nil {
		return fail
	}
	q.searches, fail = options.boolean("enable_source")
	return fail
}

func (q *dashscopeRequest) dashscopeThinking(x *exchange, p object) *apiError {
	if p.has("enable_thinking") {
		think, fail := p.boolean("enable_thinking")
		if fail != nil {
			return fail
		}
		q.think = &think
	}
	thinks := q.think != nil && *q.think
	if _, fail := p.whole("thinking_budget", 1, 1<<31, 0); fail != nil {
		return fail
	}
	if p.has("thinking_budget") && !thinks {
		return invalid("thinking_budget", "", "parameters.thinking_budget needs enable_thinking")
	}
	if thinks && !q.stream && strings.Contains(x.model.name, "open") {
		return invalid("enable_thinking", "", "parameter.enable_thinking only support stream call")
	}
	f, fail := p.child("response_format", "response_format")
	if fail != nil || f == nil {
		return fail
	}
	if kind, _ := asString(f["type"]); kind != "json_object" || thinks {
		return invalid("response_format", "", "Json mode response is not supported when enable_thinking is true, and knows no schemas.")
	}
	q.format.kind = "json_object"
	return q.wantsJSON()
}

func (q *dashscopeRequest) dashscopeTools(p object) *apiError {
	fail := q.takeTools(p, func(at string, _ *tool, function object) *apiError {
		return dashscopeFields(function, at, "name", "description", "parameters")
	})
	if fail != nil {
		return fail
	}
	if p.has("parallel_tool_calls") {
		if q.parallel, fail = p.boolean("parallel_tool_calls"); fail != nil {
			return fail
		}
	}
	if mode, _ := asString(p["tool_choice"]); mode == "required" {
		return invalid("tool_choice", "", "tool_choice is one of the strings that should be [\"none\", \"auto\"]")
	}
	q.choice, fail = parseToolChoice(p, q.tools)
	return fail
}

func (q *dashscopeRequest) dashscopeMessages(in object) *apiError {
	if fail := dashscopeFields(in, "input", "messages"); fail != nil {
		return fail
	}
	items, fail := in.list("messages", "input.messages")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return invalid("input", "", "Input should contain messages.")
	}
	for i, raw := range items {
		m, fail := q.dashscopeMessage(raw, fmt.Sprintf("input.messages[%d]", i))
		if fail != nil {
			return fail
		}
		if m.role == "system" && i > 0 {
			return invalid("input", "", "System message must be at the beginning.")
		}
		q.messages = append(q.messages, m)
	}
	return checkToolMessages(q.messages)
}

func (q *dashscopeRequest) dashscopeMessage(raw json.RawMessage, at string) (message, *apiError) {
	var m message
	o, _ := asObject(raw)
	m.role, _ = asString(o["role"])
	if !slices.Contains([]string{"system", "user", "assistant", "tool"}, m.role) {
		return m, invalid(at, "", "Role must be in [user, assistant, system, tool]")
	}
	if fail := dashscopeFields(o, at, "role", "content", "tool_calls", "tool_call_id", "partial", "name"); fail != nil {
		return m, fail
	}
	m.callID, _ = asString(o["tool_call_id"])
	if m.role == "tool" && m.callID == "" {
		return m, missing(at + ".tool_call_id")
	}
	if fail := m.readCalls(o, at); fail != nil {
		return m, fail
	}
	if fail := q.dashscopeContent(&m, o, at); fail != nil {
		return m, fail
	}
	if strings.TrimSpace(m.text) == "" && m.tokens == 0 {
		return m, invalid(at, "", "Role must be user or assistant and Content length must be greater than 0")
	}
	m.tokens += tokensPerMessage + Tokens(m.text)
	return m, nil
}

// dashscopeContent reads a text where the model reads text alone, or a list of
// parts where it sees. What tools answer is always text.
func (q *dashscopeRequest) dashscopeContent(m *message, o object, at string) *apiError {
	text, isText := asString(o["content"])
	if isText != (!q.sees || m.role == "tool") && (text != "" || len(m.calls) == 0) {
		return invalid(at, "", "Input should be a valid string or list of parts, as the path's models take it: %s.content", at)
	}
	if isText {
		m.text = text
		return nil
	}
	parts, ok := asList(o["content"])
	if !ok {
		return invalid(at, "", "Input should be a valid list: %s.content", at)
	}
	for i, raw := range parts {
		part, _ := asObject(raw)
		names := sortedNames(part)
		if len(names) != 1 || !slices.Contains([]string{"text", "image", "video", "audio"}, names[0]) {
			return invalid(at, "", "%s.content[%d] must be one of text, image, video and audio", at, i)
		}
		value, _ := asString(part[names[0]])
		switch {
		case names[0] == "text":
			m.text += value
		case !strings.HasPrefix(value, "http") && !strings.HasPrefix(value, "data:"):
			return invalid(at, "", "The provided URL does not appear to be valid. Ensure it is correctly formatted.")
		default:
			m.tokens += tokensPerImage
		}
	}
	return nil
}
