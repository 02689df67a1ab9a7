package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// responsesRequest is a chat request that came by the Responses API.
type responsesRequest struct {
	chatRequest
	offered   []offer // as tools
	store     bool
	summary   bool // of reasoning
	encrypted bool // reasoning is wanted in the form in which it can be sent back
}

// offer is how a tool was offered, beside what is common to all dialects.
type offer struct {
	namespace, name string
	custom          bool
}

// responsesFields are the parameters of the API.
var responsesFields = []string{
	"background", "client_metadata", "context_management", "conversation", "include", "input", "instructions", "max_output_tokens", "max_tool_calls",
	"metadata", "model", "moderation", "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_options",
	"prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store", "stream", "stream_options", "temperature", "text",
	"tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
}

// unknown refuses parameters that the API does not have, in OpenAI's words.
func unknown(o object, at string, names ...string) *apiError {
	for _, name := range sortedNames(o) {
		if !slices.Contains(names, name) {
			param := strings.TrimPrefix(at+"."+name, ".")
			return invalid(param, "unknown_parameter", "Unknown parameter: '%s'.", clip(param, 100))
		}
	}
	return nil
}

func parseResponses(o object) (*responsesRequest, *apiError) {
	q := &responsesRequest{chatRequest: chatRequest{n: 1, parallel: true, choice: toolChoice{mode: "auto"}}, store: true}
	if fail := unknown(o, "", responsesFields...); fail != nil {
		return nil, fail
	}
	if id, fail := o.text("previous_response_id", "previous_response_id"); fail != nil {
		return nil, fail
	} else if id != "" {
		return nil, invalid("previous_response_id", "previous_response_not_found", "Previous response with id '%s' not found.", clip(id, 64))
	}
	for _, step := range []func(object) *apiError{q.readSwitches, q.readResponsesTools, q.readInput, q.readText, q.readReasoning} {
		if fail := step(o); fail != nil {
			return nil, fail
		}
	}
	return q, nil
}

func (q *responsesRequest) readSwitches(o object) (fail *apiError) {
	if q.stream, fail = o.boolean("stream"); fail != nil {
		return fail
	}
	if o.has("store") {
		if q.store, fail = o.boolean("store"); fail != nil {
			return fail
		}
	}
	if o.has("parallel_tool_calls") {
		if q.parallel, fail = o.boolean("parallel_tool_calls"); fail != nil {
			return fail
		}
	}
	if q.max, fail = o.whole("max_output_tokens", 16, 1<<31, 0); fail != nil {
		return fail
	}
	for name, most := range map[string]float64{"temperature": 2, "top_p": 1} {
		if fail = o.within(name, 0, most); fail != nil {
			return fail
		}
	}
	include, fail := o.texts("include")
	if fail != nil {
		return fail
	}
	for i, word := range include {
		switch word {
		case "reasoning.encrypted_content":
			q.encrypted = true
		case "message.output_text.logprobs", "file_search_call.results", "web_search_call.action.sources", "message.input_image.image_url", "computer_call_output.output.image_url", "code_interpreter_call.outputs":
		default:
			return invalid(fmt.Sprintf("include[%d]", i), "invalid_value", "Invalid value: '%s'.", clip(word, 60))
		}
	}
	return nil
}

func (q *responsesRequest) readInput(o object) *apiError {
	instructions, fail := o.text("instructions", "instructions")
	if fail != nil {
		return fail
	}
	if instructions != "" {
		q.messages = append(q.messages, message{role: "system", text: instructions, tokens: tokensPerMessage + Tokens(instructions)})
	}
	if !o.has("input") {
		return missing("input")
	}
	if s, ok := asString(o["input"]); ok {
		q.messages = append(q.messages, message{role: "user", text: s, tokens: tokensPerMessage + Tokens(s)})
		return nil
	}
	items, ok := asList(o["input"])
	if !ok {
		return wrongType("input", "one of a string or array of objects", o["input"])
	}
	if len(items) == 0 {
		return invalid("input", "empty_array", "Invalid 'input': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	}
	r := itemReader{q: q, open: map[string]string{}}
	for i, raw := range items {
		at := fmt.Sprintf("input[%d]", i)
		item, ok := asObject(raw)
		if !ok {
			return wrongType(at, "an object", raw)
		}
		if fail := r.item(item, at); fail != nil {
			return fail
		}
	}
	return r.end()
}

// itemReader reads the items of an input, and sees that they belong together.
type itemReader struct {
	q       *responsesRequest
	open    map[string]string // calls without an output: their type by call_id
	order   []string
	thought string // id of the reasoning that waits for what it led to
}

func (r *itemReader) end() *apiError {
	for _, id := range r.order {
		if kind, waits := r.open[id]; waits {
			if kind == "custom_tool_call" {
				return invalid("input", "", "No tool output found for custom tool call %s.", clip(id, 64))
			}
			return invalid("input", "", "No tool output found for function call %s.", clip(id, 64))
		}
	}
	if r.thought != "" {
		return invalid("input", "", "Item '%s' of type 'reasoning' was provided without its required following item.", clip(r.thought, 64))
	}
	if len(r.q.messages) == 0 {
		return invalid("input", "empty_array", "Invalid 'input': it holds no message.")
	}
	return nil
}

func (r *itemReader) item(o object, at string) *apiError {
	kind, fail := o.text("type", at+".type")
	if fail != nil {
		return fail
	}
	if kind == "" && o.has("role") {
		kind = "message"
	}
	if kind != "reasoning" {
		r.thought = ""
	}
	switch kind {
	case "message":
		return r.message(o, at)
	case "function_call", "custom_tool_call":
		return r.call(o, kind, at)
	case "function_call_output", "custom_tool_call_output":
		return r.output(o, kind, at)
	case "reasoning":
		return r.reasoning(o, at)
	case "item_reference":
		id, _ := o.text("id", at+".id")
		return &apiError{status: 404, kind: kindInvalid, param: "input", message: "Item with id '" + clip(id, 64) + "' not found."}
	case "web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call", "mcp_call", "mcp_list_tools", "compaction":
		return nil
	case "":
		return missing(at + ".type")
	}
	return invalid(at+".type", "invalid_value", "Invalid value: '%s'.", clip(kind, 40))
}

func (r *itemReader) message(o object, at string) *apiError {
	if fail := unknown(o, at, "type", "id", "status", "role", "content", "phase"); fail != nil {
		return fail
	}
	m, fail := parseMessage(encodeObject(o), at)
	if fail != nil {
		return fail
	}
	if !slices.Contains([]string{"user", "assistant", "system", "developer"}, m.role) {
		return invalid(at+".role", "invalid_value", "Invalid value: '%s'. Supported values are: 'assistant', 'system', 'developer', and 'user'.", clip(m.role, 40))
	}
	parts, _ := asList(o["content"])
	for i, raw := range parts {
		p, _ := asObject(raw)
		kind, _ := asString(p["type"])
		where := fmt.Sprintf("%s.content[%d].type", at, i)
		if m.role == "assistant" && kind != "output_text" && kind != "refusal" {
			return invalid(where, "invalid_value", "Invalid value: '%s'. Supported values are: 'output_text' and 'refusal'.", clip(kind, 40))
		}
		if m.role != "assistant" && !strings.HasPrefix(kind, "input_") {
			return invalid(where, "invalid_value", "Invalid value: '%s'. Supported values are: 'input_text', 'input_image', 'input_file', and 'input_audio'.", clip(kind, 40))
		}
	}
	r.q.messages = append(r.q.messages, m)
	return nil
}

func encodeObject(o object) json.RawMessage { return encode(o) }

const maxCallID = 64

func callID(o object, at string) (string, *apiError) {
	id, fail := o.text("call_id", at+".call_id")
	switch {
	case fail != nil:
		return "", fail
	case id == "":
		return "", missing(at + ".call_id")
	case len(id) > maxCallID:
		return "", invalid(at+".call_id", "string_above_max_length", "Invalid '%s.call_id': string too long. Expected a string with maximum length %d, but got a string with length %d instead.", at, maxCallID, len(id))
	}
	return id, nil
}

func (r *itemReader) call(o object, kind, at string) *apiError {
	words := "arguments"
	if kind == "custom_tool_call" {
		words = "input"
	}
	if fail := unknown(o, at, "type", "id", "status", "call_id", "name", "namespace", words); fail != nil {
		return fail
	}
	id, fail := callID(o, at)
	if fail != nil {
		return fail
	}
	for _, name := range []string{"name", words} {
		if !o.has(name) {
			return missing(at + "." + name)
		}
		if _, fail := o.text(name, at+"."+name); fail != nil {
			return fail
		}
	}
	r.open[id] = kind
	r.order = append(r.order, id)
	r.q.messages = append(r.q.messages, message{role: "assistant", tokens: tokensPerMessage + Tokens(string(o[words]))})
	return nil
}

func (r *itemReader) output(o object, kind, at string) *apiError {
	if fail := unknown(o, at, "type", "id", "status", "call_id", "output", "name"); fail != nil {
		return fail
	}
	id, fail := callID(o, at)
	if fail != nil {
		return fail
	}
	if r.open[id]+"_output" != kind {
		return invalid("input", "", "No tool call found for %s with call_id %s.", strings.ReplaceAll(kind, "_", " "), clip(id, 64))
	}
	delete(r.open, id)
	if !o.has("output") {
		return missing(at + ".output")
	}
	m := message{role: "tool", callID: id, tokens: tokensPerMessage}
	if fail := m.readContent(object{"content": o["output"]}, at+".output"); fail != nil {
		return fail
	}
	m.tokens += Tokens(m.text)
	r.q.messages = append(r.q.messages, m)
	return nil
}

// reasoning checks that the lab made the encrypted content: nothing else could
// be decrypted.
func (r *itemReader) reasoning(o object, at string) *apiError {
	if fail := unknown(o, at, "type", "id", "status", "summary", "content", "encrypted_content"); fail != nil {
		return fail
	}
	if !o.has("summary") {
		return missing(at + ".summary")
	}
	if _, fail := o.list("summary", at+".summary"); fail != nil {
		return fail
	}
	id, fail := o.text("id", at+".id")
	if fail != nil {
		return fail
	}
	secret, fail := o.text("encrypted_content", at+".encrypted_content")
	if fail != nil {
		return fail
	}
	if secret == "" {
		return &apiError{status: 404, kind: kindInvalid, param: "input", message: "Item with id '" + clip(id, 64) + "' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."}
	}
	if !minted(secret) {
		return invalid("", "invalid_encrypted_content", "The encrypted content for item %s could not be verified. Reason: Encrypted content could not be decrypted or parsed.", clip(id, 64))
	}
	r.thought = id
	if id == "" {
		r.thought = "rs_unnamed"
	}
	return nil
}
