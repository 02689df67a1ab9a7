package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tool is a function that the caller offers.
type tool struct {
	name        string
	description string
	schema      json.RawMessage
}

// toolChoice is what tool_choice asks for.
type toolChoice struct {
	mode string // auto, none, required
	name string // the function that is forced
}

// toolCall is a call that the lab makes.
type toolCall struct {
	id        string
	name      string
	arguments string
}

func parseTool(raw json.RawMessage, at string) (tool, *apiError) {
	var t tool
	o, ok := asObject(raw)
	if !ok {
		return t, wrongType(at, "an object", raw)
	}
	kind, fail := o.text("type", at+".type")
	if fail != nil {
		return t, fail
	}
	if kind == "" {
		return t, missing(at + ".type")
	}
	if kind != "function" {
		return t, invalid(at+".type", "invalid_value", "Invalid value: '%s'. Supported values are: 'function'.", clip(kind, 40))
	}
	f, fail := o.child("function", at+".function")
	if fail != nil {
		return t, fail
	}
	if f == nil {
		return t, missing(at + ".function")
	}
	if t.name, fail = f.text("name", at+".function.name"); fail != nil {
		return t, fail
	}
	if t.name == "" {
		return t, missing(at + ".function.name")
	}
	if !goodName(t.name) {
		return t, invalid(at+".function.name", "invalid_value", "Invalid '%s.function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$' of at most 64 characters.", at)
	}
	if t.description, fail = f.text("description", at+".function.description"); fail != nil {
		return t, fail
	}
	if _, fail := f.child("parameters", at+".function.parameters"); fail != nil {
		return t, fail
	}
	t.schema = f["parameters"]
	return t, nil
}

func goodName(s string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	other := func(r rune) bool { return !strings.ContainsRune(allowed, r) }
	return len(s) <= 64 && !strings.ContainsFunc(s, other)
}

func parseToolChoice(o object, tools []tool) (toolChoice, *apiError) {
	c := toolChoice{mode: "auto"}
	if !o.has("tool_choice") {
		return c, nil
	}
	if len(tools) == 0 {
		return c, invalid("tool_choice", "", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
	}
	if mode, ok := asString(o["tool_choice"]); ok {
		if !slices.Contains([]string{"auto", "none", "required"}, mode) {
			return c, invalid("tool_choice", "invalid_value", "Invalid value: '%s'. Supported values are: 'none', 'auto', and 'required'.", clip(mode, 40))
		}
		c.mode = mode
		return c, nil
	}
	var forced struct {
		Type     string `json:"type"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(o["tool_choice"], &forced) != nil || forced.Type != "function" {
		return c, wrongType("tool_choice", "a string or an object of type 'function'", o["tool_choice"])
	}
	if !slices.ContainsFunc(tools, func(t tool) bool { return t.name == forced.Function.Name }) {
		return c, invalid("tool_choice", "", "Tool choice '%s' not found in 'tools' parameter.", clip(forced.Function.Name, 64))
	}
	return toolChoice{mode: "required", name: forced.Function.Name}, nil
}

// toolCalls decides which tools the answer calls; none: it answers with text.
func (q *chatRequest) toolCalls(twins bool) []toolCall {
	if len(q.tools) == 0 || q.choice.mode == "none" {
		return nil
	}
	last := q.messages[len(q.messages)-1]
	asks := last.role == "user" && strings.TrimSpace(last.text) != ""
	if q.choice.mode != "required" && !asks {
		return nil
	}
	ask := question(q.messages)
	first := q.pick(ask)
	chosen := []tool{q.tools[first]}
	if twins && q.parallel && q.choice.name == "" {
		chosen = append(chosen, q.tools[(first+1)%len(q.tools)])
	}
	calls := make([]toolCall, len(chosen))
	for i, t := range chosen {
		calls[i] = newToolCall(t, ask, i)
	}
	return calls
}

// exactIDs is how long the ids of a model's tool calls are, which are letters and
// digits alone at Mistral; 0: any.
func exactIDs(m *model) int {
	if strings.Contains(m.name, "mistral") {
		return 9
	}
	return 0
}

// readIDs refuses ids of tool calls that are not the model's own kind, in
// Mistral's words.
func (q *chatRequest) readIDs(m *model) *apiError {
	length := exactIDs(m)
	if length == 0 {
		return nil
	}
	for _, said := range q.messages {
		for _, id := range append(slices.Clone(said.calls), said.callID) {
			if id != "" && (len(id) != length || !goodName(id) || strings.ContainsAny(id, "_-")) {
				return invalid("messages", "3280", "Tool call id was %s but must be a-z, A-Z, 0-9, with a length of %d.", clip(id, 64), length)
			}
		}
	}
	return nil
}

func newToolCall(t tool, ask string, index int) toolCall {
	return toolCall{
		id:        fmt.Sprintf("call_lab%016x", random("call", t.name, ask, fmt.Sprint(index)).Uint64()),
		name:      t.name,
		arguments: string(example(t.schema)),
	}
}

// pick finds the tool that shares most words with the question; the forced one
// goes first.
func (q *chatRequest) pick(ask string) int {
	ask = strings.ToLower(ask)
	best, most := 0, 0
	for i, t := range q.tools {
		if q.choice.name != "" && t.name == q.choice.name {
			return i
		}
		n := 0
		for word := range strings.FieldsFuncSeq(strings.ToLower(t.name+" "+t.description), notWord) {
			if len(word) > 3 && strings.Contains(ask, word) {
				n++
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	return best
}

func notWord(r rune) bool { return r == '_' || r == '-' || r == ' ' || r == '.' || r == ',' }
