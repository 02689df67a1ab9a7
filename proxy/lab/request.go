package lab

import (
	"encoding/json"
	"fmt"
	"strings"
)

// chatRequest is a request for a chat completion, checked.
type chatRequest struct {
	messages   []message
	tools      []tool
	choice     toolChoice
	parallel   bool
	format     format
	n          int
	max        int // tokens; 0: no limit
	stop       []string
	stream     bool
	usage      bool // stream_options.include_usage
	toolTokens int
}

// format is what response_format asks for.
type format struct {
	kind   string // text, json_object, json_schema
	schema json.RawMessage
}

const maxChoices = 128

func parseChat(o object) (*chatRequest, *apiError) {
	q := &chatRequest{parallel: true}
	steps := []func(object) *apiError{q.readMessages, q.readNumbers, q.readStream, q.readStop, q.readFormat, q.readTools}
	for _, step := range steps {
		if fail := step(o); fail != nil {
			return nil, fail
		}
	}
	return q, nil
}

func (q *chatRequest) readMessages(o object) (fail *apiError) {
	q.messages, fail = parseMessages(o)
	return fail
}

func (q *chatRequest) readNumbers(o object) (fail *apiError) {
	if fail := o.within("temperature", 0, 2); fail != nil {
		return fail
	}
	if fail := o.within("top_p", 0, 1); fail != nil {
		return fail
	}
	for _, name := range []string{"presence_penalty", "frequency_penalty"} {
		if fail := o.within(name, -2, 2); fail != nil {
			return fail
		}
	}
	if q.n, fail = o.whole("n", 1, maxChoices, 1); fail != nil {
		return fail
	}
	if q.max, fail = o.whole("max_tokens", 1, 1<<31, 0); fail != nil {
		return fail
	}
	if !o.has("max_completion_tokens") {
		return nil
	}
	if o.has("max_tokens") {
		return invalid("max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	}
	q.max, fail = o.whole("max_completion_tokens", 1, 1<<31, 0)
	return fail
}

func (q *chatRequest) readStream(o object) (fail *apiError) {
	if q.stream, fail = o.boolean("stream"); fail != nil {
		return fail
	}
	q.usage, fail = streamUsage(o, q.stream)
	return fail
}

// streamUsage reads stream_options.include_usage.
func streamUsage(o object, stream bool) (bool, *apiError) {
	options, fail := o.child("stream_options", "stream_options")
	if fail != nil || options == nil {
		return false, fail
	}
	if !stream {
		return false, invalid("stream_options", "", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	}
	return options.boolean("include_usage")
}

func (q *chatRequest) readStop(o object) (fail *apiError) {
	q.stop, fail = o.texts("stop")
	return fail
}

func (q *chatRequest) readFormat(o object) *apiError {
	f, fail := o.child("response_format", "response_format")
	if fail != nil || f == nil {
		return fail
	}
	q.format.kind, fail = f.text("type", "response_format.type")
	if fail != nil {
		return fail
	}
	switch q.format.kind {
	case "text":
	case "json_object":
		return q.wantsJSON()
	case "json_schema":
		return q.readSchema(f)
	case "":
		return missing("response_format.type")
	default:
		return invalid("response_format.type", "invalid_value", "Invalid value: '%s'. Supported values are: 'json_object', 'json_schema', and 'text'.", clip(q.format.kind, 40))
	}
	return nil
}

func (q *chatRequest) wantsJSON() *apiError {
	for _, m := range q.messages {
		if strings.Contains(strings.ToLower(m.text), "json") {
			return nil
		}
	}
	return invalid("messages", "", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
}

func (q *chatRequest) readSchema(f object) *apiError {
	spec, fail := f.child("json_schema", "response_format.json_schema")
	if fail != nil {
		return fail
	}
	if spec == nil {
		return missing("response_format.json_schema")
	}
	name, fail := spec.text("name", "response_format.json_schema.name")
	if fail != nil {
		return fail
	}
	if name == "" {
		return missing("response_format.json_schema.name")
	}
	schema, fail := spec.child("schema", "response_format.json_schema.schema")
	if fail != nil {
		return fail
	}
	q.format.schema = spec["schema"]
	if schema == nil {
		q.format.schema = json.RawMessage(`{"type":"object"}`)
	}
	return nil
}

// takeTools reads tools as chat completions write them, which other dialects do
// too. more is what a dialect demands beyond that of a tool and of its function;
// nil: nothing.
func (q *chatRequest) takeTools(o object, more func(at string, t *tool, function object) *apiError) *apiError {
	items, fail := o.list("tools", "tools")
	if fail != nil {
		return fail
	}
	for i, raw := range items {
		at := fmt.Sprintf("tools[%d]", i)
		t, fail := parseTool(raw, at)
		if fail != nil {
			return fail
		}
		if more != nil {
			offered, _ := asObject(raw)
			function, _ := asObject(offered["function"])
			if fail := more(at, &t, function); fail != nil {
				return fail
			}
		}
		q.tools = append(q.tools, t)
		q.toolTokens += Tokens(string(raw))
	}
	return nil
}

func (q *chatRequest) readTools(o object) *apiError {
	fail := q.takeTools(o, nil)
	if fail != nil {
		return fail
	}
	if o.has("parallel_tool_calls") {
		if q.parallel, fail = o.boolean("parallel_tool_calls"); fail != nil {
			return fail
		}
	}
	q.choice, fail = parseToolChoice(o, q.tools)
	return fail
}

// promptTokens is the cost of everything that was sent.
func (q *chatRequest) promptTokens() int {
	n := tokensPerAnswer + q.toolTokens
	for _, m := range q.messages {
		n += m.tokens
	}
	return n
}

// question is the text of the last user message.
func question(messages []message) string {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].role == "user" {
			return messages[i].text
		}
	}
	return ""
}
