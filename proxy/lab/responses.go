package lab

import (
	"encoding/json"
	"fmt"
)

type response struct {
	ID       string          `json:"id"`
	Object   string          `json:"object"`
	Created  int64           `json:"created_at"`
	Status   string          `json:"status"`
	Error    *errorDetail    `json:"error"`
	Model    string          `json:"model"`
	Output   []outputItem    `json:"output"`
	Parallel bool            `json:"parallel_tool_calls"`
	Choice   string          `json:"tool_choice"`
	Tools    []any           `json:"tools"`
	Usage    *responsesUsage `json:"usage"`
}

type outputItem struct {
	ID      string       `json:"id"`
	Type    string       `json:"type"`
	Status  string       `json:"status"`
	Role    string       `json:"role"`
	Content []outputPart `json:"content"`
}

type outputPart struct {
	Type        string `json:"type"`
	Text        string `json:"text"`
	Annotations []any  `json:"annotations"`
}

type responsesUsage struct {
	Input         int            `json:"input_tokens"`
	InputDetails  map[string]int `json:"input_tokens_details"`
	Output        int            `json:"output_tokens"`
	OutputDetails map[string]int `json:"output_tokens_details"`
	Total         int            `json:"total_tokens"`
}

// responses serves the Responses API as far as text goes: tools are ignored.
func responses(x *exchange) (*reply, *apiError) {
	messages, fail := responsesInput(x.object)
	if fail != nil {
		return nil, fail
	}
	stream, fail := x.object.boolean("stream")
	if fail != nil {
		return nil, fail
	}
	most, fail := x.object.whole("max_output_tokens", 1, 1<<31, 0)
	if fail != nil {
		return nil, fail
	}
	q := &chatRequest{messages: messages, n: 1, max: most}
	a, fail := x.compose(q, 0)
	if fail != nil {
		return nil, fail
	}
	spent, _ := a.tokens()
	r := response{
		ID: x.identity("resp_"), Object: "response", Created: x.created(), Status: "completed", Model: x.model.name,
		Output: []outputItem{}, Parallel: true, Choice: "auto", Tools: []any{},
	}
	item := outputItem{ID: x.identity("msg_"), Type: "message", Status: "completed", Role: "assistant", Content: []outputPart{{"output_text", a.text, []any{}}}}
	used := &responsesUsage{
		Input: q.promptTokens(), InputDetails: map[string]int{"cached_tokens": 0},
		Output: spent, OutputDetails: map[string]int{"reasoning_tokens": 0}, Total: q.promptTokens() + spent,
	}
	x.bill(used.Input, spent)
	if stream {
		return streamReply(responseEvents(r, item, a.text, used), x.model.pace), nil
	}
	r.Output, r.Usage = []outputItem{item}, used
	return jsonReply(r), nil
}

// responsesInput reads instructions and a text or a list of messages. Items
// that are not messages are passed over.
func responsesInput(o object) ([]message, *apiError) {
	if !o.has("input") {
		return nil, missing("input")
	}
	var out []message
	instructions, fail := o.text("instructions", "instructions")
	if fail != nil {
		return nil, fail
	}
	if instructions != "" {
		out = append(out, message{role: "system", text: instructions, tokens: tokensPerMessage + Tokens(instructions)})
	}
	if s, ok := asString(o["input"]); ok {
		return append(out, message{role: "user", text: s, tokens: tokensPerMessage + Tokens(s)}), nil
	}
	items, ok := asList(o["input"])
	if !ok {
		return nil, wrongType("input", "one of a string or array of objects", o["input"])
	}
	for i, raw := range items {
		item, ok := asObject(raw)
		if ok && !item.has("role") {
			continue
		}
		m, fail := parseMessage(raw, fmt.Sprintf("input[%d]", i))
		if fail != nil {
			return nil, fail
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, invalid("input", "empty_array", "Invalid 'input': it holds no message.")
	}
	return out, nil
}

// responseEvents are the events of a streamed response, in their order.
func responseEvents(r response, item outputItem, text string, used *responsesUsage) []event {
	var events []event
	add := func(kind eventKind, name string, fields map[string]any) {
		fields["type"], fields["sequence_number"] = name, len(events)
		events = append(events, event{kind: kind, name: name, data: encode(fields)})
	}
	at := func(fields map[string]any) map[string]any {
		fields["item_id"], fields["output_index"], fields["content_index"] = item.ID, 0, 0
		return fields
	}
	begun, opened := r, item
	begun.Status = "in_progress"
	opened.Status, opened.Content = "in_progress", []outputPart{}
	add(eventRole, "response.created", map[string]any{"response": begun})
	add(eventRole, "response.in_progress", map[string]any{"response": begun})
	add(eventRole, "response.output_item.added", map[string]any{"output_index": 0, "item": opened})
	add(eventRole, "response.content_part.added", at(map[string]any{"part": outputPart{"output_text", "", []any{}}}))
	for _, p := range pieces(text) {
		add(eventText, "response.output_text.delta", at(map[string]any{"delta": p, "logprobs": []json.RawMessage{}}))
	}
	add(eventFinish, "response.output_text.done", at(map[string]any{"text": text, "logprobs": []json.RawMessage{}}))
	add(eventFinish, "response.content_part.done", at(map[string]any{"part": item.Content[0]}))
	add(eventFinish, "response.output_item.done", map[string]any{"output_index": 0, "item": item})
	r.Output, r.Usage = []outputItem{item}, used
	add(eventFinish, "response.completed", map[string]any{"response": r})
	return events
}
