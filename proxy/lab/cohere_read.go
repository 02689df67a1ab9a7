package lab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// cohereRequest is a chat request that came in Cohere's dialect.
type cohereRequest struct {
	chatRequest
	think     *bool // nil: not said
	documents []json.RawMessage
}

// cohereFields refuses fields that the API does not know, as Cohere does.
func cohereFields(o object, names ...string) *apiError {
	for _, name := range sortedNames(o) {
		if !slices.Contains(names, name) {
			fail := invalid(name, "", "unknown field: parameter '%s' is not a valid field", clip(name, 80))
			fail.status = http.StatusUnprocessableEntity
			return fail
		}
	}
	return nil
}

// parseCohere reads a chat request, as strict as Cohere is and, of what nobody
// there knows, stricter.
func parseCohere(x *exchange) (*cohereRequest, *apiError) {
	q := &cohereRequest{chatRequest: chatRequest{n: 1, parallel: true, choice: toolChoice{mode: "auto"}}}
	if fail := cohereFields(x.object, "model", "stream", "messages", "tools", "strict_tools", "tool_choice", "documents", "citation_options", "response_format", "safety_mode",
		"max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p", "logprobs", "thinking", "priority", "raw_prompting"); fail != nil {
		return nil, fail
	}
	for _, step := range []func(*exchange, object) *apiError{q.cohereNumbers, q.cohereThinking, q.cohereTools, q.cohereMessages, q.cohereFormat} {
		if fail := step(x, x.object); fail != nil {
			return nil, fail
		}
	}
	return q, nil
}

func (q *cohereRequest) cohereNumbers(_ *exchange, o object) (fail *apiError) {
	for _, f := range []struct {
		name      string
		low, high float64
	}{{"temperature", 0, 1}, {"p", 0.01, 0.99}, {"k", 0, 500}, {"frequency_penalty", 0, 1}, {"presence_penalty", 0, 1}, {"seed", 0, 1 << 53}} {
		if o.within(f.name, f.low, f.high) != nil {
			return invalid(f.name, "", "invalid request: %s must be between %v and %v inclusive.", f.name, f.low, f.high)
		}
	}
	if q.max, fail = o.whole("max_tokens", 1, 1<<31, 0); fail != nil {
		return fail
	}
	if q.stream, fail = o.boolean("stream"); fail != nil {
		return fail
	}
	if q.stop, fail = o.texts("stop_sequences"); fail != nil {
		return fail
	}
	if len(q.stop) > 5 {
		return invalid("stop_sequences", "", "invalid request: stop_sequences can have at most 5 elements.")
	}
	q.documents, fail = o.list("documents", "documents")
	return fail
}

// cohereThinking reads whether to think, which only some models do.
func (q *cohereRequest) cohereThinking(x *exchange, o object) *apiError {
	t, fail := o.child("thinking", "thinking")
	if fail != nil || t == nil {
		return fail
	}
	if fail := cohereFields(t, "type", "token_budget"); fail != nil {
		return fail
	}
	if strings.Contains(x.model.name, "command-r") {
		return invalid("thinking", "", "invalid request: model '%s' does not support thinking", x.model.name)
	}
	kind, _ := asString(t["type"])
	think := kind == "enabled"
	q.think = &think
	budget, fail := t.whole("token_budget", 1, 1<<31, 0)
	if fail != nil || !think && (kind != "disabled" || budget > 0) {
		return invalid("thinking", "", "invalid request: thinking.type must be enabled or disabled, and only the former takes a token_budget of at least 1.")
	}
	return nil
}

func (q *cohereRequest) cohereTools(_ *exchange, o object) *apiError {
	strict, fail := o.boolean("strict_tools")
	if fail != nil {
		return fail
	}
	fail = q.takeTools(o, func(at string, t *tool, function object) *apiError {
		if fail := cohereFields(function, "name", "description", "parameters"); fail != nil {
			return fail
		}
		if strings.Contains(t.name, "-") || t.name[0] >= '0' && t.name[0] <= '9' {
			return invalid(at, "", "invalid request: tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit (provided name: '%s').", t.name)
		}
		if schema, ok := asObject(t.schema); !ok || strict && !schema.has("required") {
			return invalid(at, "", "invalid request: tool '%s' must have parameters, and in strict mode at least one that is required.", t.name)
		}
		return nil
	})
	if fail != nil {
		return fail
	}
	choice, there := asString(o["tool_choice"])
	switch {
	case !there && !o.has("tool_choice"):
		return nil
	case choice != "REQUIRED" && choice != "NONE":
		return invalid("tool_choice", "", "invalid request: tool_choice must be one of REQUIRED and NONE.")
	case len(q.tools) == 0:
		return invalid("tool_choice", "", "invalid request: tool_choice can only be specified if tools are provided.")
	}
	q.choice.mode = strings.ToLower(choice)
	return nil
}

func (q *cohereRequest) cohereFormat(_ *exchange, o object) *apiError {
	f, fail := o.child("response_format", "response_format")
	if fail != nil || f == nil {
		return fail
	}
	if fail := cohereFields(f, "type", "json_schema"); fail != nil {
		return fail
	}
	kind, _ := asString(f["type"])
	switch {
	case kind == "text":
		return nil
	case kind != "json_object":
		return invalid("response_format", "", "invalid request: response_format.type must be one of text and json_object.")
	case len(q.tools)+len(q.documents) > 0:
		return invalid("response_format", "", "invalid request: cannot specify response_format with tools or documents.")
	case !f.has("json_schema"):
		q.format.kind = "json_object"
		return nil
	}
	schema, _ := asObject(f["json_schema"])
	if kind, _ := asString(schema["type"]); kind != "object" || !schema.has("required") {
		return invalid("response_format", "", "invalid request: json_schema must be of type object, with at least one required property.")
	}
	q.format = format{kind: "json_schema", schema: f["json_schema"]}
	return nil
}

func (q *cohereRequest) cohereMessages(_ *exchange, o object) *apiError {
	items, fail := o.list("messages", "messages")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return invalid("messages", "", "invalid request: messages must be at least length 1.")
	}
	for i, raw := range items {
		m, fail := cohereMessage(raw, fmt.Sprintf("messages[%d]", i))
		if fail != nil {
			return fail
		}
		q.messages = append(q.messages, m)
	}
	return checkToolMessages(q.messages)
}

func cohereMessage(raw json.RawMessage, at string) (message, *apiError) {
	var m message
	o, ok := asObject(raw)
	if !ok {
		return m, wrongType(at, "an object", raw)
	}
	m.role, _ = asString(o["role"])
	known := map[string][]string{
		"system": {"role", "content"}, "user": {"role", "content"}, "tool": {"role", "content", "tool_call_id"},
		"assistant": {"role", "content", "tool_calls", "tool_plan", "citations"},
	}[m.role]
	if known == nil {
		return m, invalid(at+".role", "", "invalid request: message role must be one of system, user, assistant and tool, not '%s'.", clip(m.role, 40))
	}
	if fail := cohereFields(o, known...); fail != nil {
		return m, fail
	}
	m.callID, _ = asString(o["tool_call_id"])
	if m.role == "tool" && m.callID == "" {
		return m, invalid(at, "", "invalid request: %s must have a tool_call_id.", at)
	}
	if fail := m.readCalls(o, at); fail != nil {
		return m, fail
	}
	if fail := m.cohereContent(o, at); fail != nil {
		return m, fail
	}
	plan, _ := asString(o["tool_plan"])
	if plan != "" && len(m.calls) == 0 {
		return m, invalid(at, "", "invalid request: %s has a tool_plan without tool_calls.", at)
	}
	m.tokens += tokensPerMessage + Tokens(m.text) + Tokens(plan)
	return m, nil
}

// cohereContent reads the content, which must not be empty but beside calls.
func (m *message) cohereContent(o object, at string) *apiError {
	empty := invalid(at, "", "invalid request: all elements in messages must have non-empty content: %s.", at)
	if !o.has("content") {
		if len(m.calls) > 0 {
			return nil
		}
		return empty
	}
	if text, ok := asString(o["content"]); ok {
		if strings.TrimSpace(text) == "" {
			return empty
		}
		m.text = text
		return nil
	}
	blocks, ok := asList(o["content"])
	if !ok || len(blocks) == 0 {
		return empty
	}
	for i, raw := range blocks {
		b, _ := asObject(raw)
		kind, _ := asString(b["type"])
		words, _ := asString(b[kind])
		image, _ := asObject(b["image_url"])
		address, _ := asString(image["url"])
		switch {
		case kind == "text" && words != "":
			m.text += words
		case kind == "thinking" && m.role == "assistant" && words != "":
		case kind == "image_url" && m.role == "user" && (strings.HasPrefix(address, "data:image/") || strings.HasPrefix(address, "http")):
			m.tokens += tokensPerImage
		case kind == "document" && m.role == "tool":
		default:
			return invalid(at, "", "invalid request: %s.content[%d] is empty, or of a type that messages by %s do not have.", at, i, m.role)
		}
	}
	return nil
}
