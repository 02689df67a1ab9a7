package lab

import (
	"encoding/json"
	"net/http"
	"slices"
)

// responsesAPI is the dialect of OpenAI's Responses API: its errors are those
// of all of OpenAI's, but for those in mid-stream.
func responsesAPI() *dialect {
	d := openAI()
	d.name = "responses"
	d.errorEvent = func(e *apiError) event {
		return event{name: "error", data: encode(map[string]any{"type": "error", "code": orNull(e.code), "message": e.message, "param": orNull(e.param), "sequence_number": 0})}
	}
	d.badEvent = []byte(`{"type":"response.output_text.delta","delta":`)
	d.endless = []byte(`{"object":"response","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"`)
	d.blank = []byte(`{"type":"response.queued","sequence_number":0,"response":{"object":"response","status":"queued","output":[]}}`)
	d.unfinished = func(body []byte) []byte {
		var o map[string]json.RawMessage
		if json.Unmarshal(body, &o) != nil {
			return body
		}
		o["status"] = json.RawMessage(`"in_progress"`)
		return encode(o)
	}
	return d
}

func responsesOperations() []op {
	d := responsesAPI()
	return []op{
		{method: http.MethodPost, path: "/responses", form: jsonBody, handle: responses, dialect: d},
		{method: http.MethodGet, path: "/responses/{id}", handle: noResponse, dialect: d},
		{method: http.MethodDelete, path: "/responses/{id}", handle: noResponse, dialect: d},
	}
}

// noResponse answers for a vendor that keeps no answers.
func noResponse(x *exchange) (*reply, *apiError) {
	return nil, &apiError{status: http.StatusNotFound, kind: kindInvalid, message: "Response with id '" + clip(x.subject, 64) + "' not found."}
}

func responses(x *exchange) (*reply, *apiError) {
	q, fail := parseResponses(x.object)
	if fail != nil {
		return nil, fail
	}
	if x.model.embeds {
		return nil, &apiError{status: http.StatusNotFound, kind: kindInvalid, param: "model", message: "This is not a chat model and thus not supported in the v1/responses endpoint."}
	}
	a, fail := x.compose(&q.chatRequest, 0)
	if fail != nil {
		return nil, fail
	}
	w := responsesWriter{x: x, q: q, answer: a}
	if q.stream {
		return streamReply(w.events(), x.model.pace), nil
	}
	return jsonReply(w.whole()), nil
}

// responsesWriter writes an answer as items, whole or in events.
type responsesWriter struct {
	x      *exchange
	q      *responsesRequest
	answer answer
	list   []event
}

func (w *responsesWriter) id(prefix string) string { return w.x.identity(prefix) }

// frame is the response object around the items.
func (w *responsesWriter) frame(status string) map[string]any {
	r := map[string]any{
		"id": w.id("resp_"), "object": "response", "created_at": w.x.created(), "status": status, "error": nil, "incomplete_details": nil,
		"model": w.x.model.name, "output": []any{}, "usage": nil, "background": false, "store": w.q.store,
	}
	for name, otherwise := range map[string]string{
		"instructions": "null", "max_output_tokens": "null", "metadata": "{}", "parallel_tool_calls": "true", "previous_response_id": "null",
		"reasoning": `{"effort":null,"summary":null}`, "temperature": "1", "text": `{"format":{"type":"text"}}`, "tool_choice": `"auto"`, "tools": "[]", "top_p": "1", "truncation": `"disabled"`,
	} {
		r[name] = json.RawMessage(otherwise)
		if w.x.object.has(name) {
			r[name] = w.x.object[name]
		}
	}
	return r
}

// outputItem is an item of the answer with what is streamed of it.
type outputItem struct {
	item   map[string]any
	kind   string // message, reasoning, function_call, custom_tool_call
	pieces []string
}

// items are the answer's, in their order.
func (w *responsesWriter) items() []outputItem {
	var out []outputItem
	if w.answer.reasoning != "" {
		summary := []any{}
		var cut []string
		if w.q.summary {
			summary, cut = append(summary, summaryText(w.answer.reasoning)), pieces(w.answer.reasoning)
		}
		item := map[string]any{"id": w.id("rs_"), "type": "reasoning", "summary": summary}
		if w.q.encrypted {
			item["encrypted_content"] = mintText(w.answer.reasoning)
		}
		out = append(out, outputItem{item, "reasoning", cut})
	}
	for i, c := range w.answer.calls {
		out = append(out, w.call(i, c))
	}
	if len(w.answer.calls) == 0 {
		content := []any{outputText(w.answer.text)}
		out = append(out, outputItem{map[string]any{"id": w.id("msg_"), "type": "message", "status": "completed", "role": "assistant", "content": content}, "message", w.answer.textPieces()})
	}
	return out
}

func summaryText(text string) map[string]any {
	return map[string]any{"type": "summary_text", "text": text}
}

func outputText(text string) map[string]any {
	return map[string]any{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
}

func (w *responsesWriter) call(i int, c toolCall) outputItem {
	at := slices.IndexFunc(w.q.tools, func(t tool) bool { return t.name == c.name })
	item := map[string]any{"id": w.id("fc_") + string(rune('a'+i)), "type": "function_call", "status": "completed", "call_id": c.id, "name": c.name, "arguments": c.arguments}
	kind, text := "function_call", c.arguments
	if at >= 0 && w.q.offered[at].namespace != "" {
		item["namespace"], item["name"] = w.q.offered[at].namespace, w.q.offered[at].name
	}
	if at >= 0 && w.q.offered[at].custom {
		kind, text = "custom_tool_call", "sample input\n"
		item["type"], item["input"] = kind, text
		delete(item, "arguments")
	}
	var cut []string
	for rest := []rune(text); len(rest) > 0; {
		n := min(argumentRunes, len(rest))
		cut, rest = append(cut, string(rest[:n])), rest[n:]
	}
	return outputItem{item, kind, cut}
}

// finish completes the response object.
func (w *responsesWriter) finish(items []outputItem) map[string]any {
	r := w.frame("completed")
	if w.answer.finish == "length" {
		r["status"], r["incomplete_details"] = "incomplete", map[string]any{"reason": "max_output_tokens"}
	}
	list := []any{}
	for _, o := range items {
		list = append(list, o.item)
	}
	prompt := w.q.promptTokens()
	all, thought := w.answer.tokens()
	r["output"] = list
	r["usage"] = map[string]any{
		"input_tokens": prompt, "input_tokens_details": map[string]any{"cached_tokens": 0},
		"output_tokens": all, "output_tokens_details": map[string]any{"reasoning_tokens": thought}, "total_tokens": prompt + all,
	}
	return r
}

func (w *responsesWriter) whole() map[string]any { return w.finish(w.items()) }

func (w *responsesWriter) add(kind eventKind, name string, fields map[string]any) {
	fields["type"], fields["sequence_number"] = name, len(w.list)
	w.list = append(w.list, event{kind: kind, name: name, data: encode(fields)})
}

// events are those of a stream, in the order in which OpenAI sends them.
func (w *responsesWriter) events() []event {
	items := w.items()
	w.add(eventRole, "response.created", map[string]any{"response": w.frame("in_progress")})
	w.add(eventRole, "response.in_progress", map[string]any{"response": w.frame("in_progress")})
	for i, o := range items {
		begun := map[string]any{}
		for name, v := range o.item {
			begun[name] = v
		}
		switch o.kind {
		case "message":
			begun["status"], begun["content"] = "in_progress", []any{}
		case "reasoning":
			begun["summary"] = []any{}
			delete(begun, "encrypted_content")
		case "function_call":
			begun["status"], begun["arguments"] = "in_progress", ""
		case "custom_tool_call":
			begun["status"], begun["input"] = "in_progress", ""
		}
		w.add(eventRole, "response.output_item.added", map[string]any{"output_index": i, "item": begun})
		w.grow(i, o)
		w.add(eventOther, "response.output_item.done", map[string]any{"output_index": i, "item": o.item})
	}
	last := w.finish(items)
	w.add(eventFinish, "response."+last["status"].(string), map[string]any{"response": last}) //nolint:errcheck // finish sets it
	return w.list
}

// grow sends what an item consists of, piece by piece.
func (w *responsesWriter) grow(i int, o outputItem) {
	at := func(fields map[string]any) map[string]any {
		fields["item_id"], fields["output_index"] = o.item["id"], i
		return fields
	}
	whole := ""
	for _, p := range o.pieces {
		whole += p
	}
	switch o.kind {
	case "reasoning":
		if len(o.pieces) == 0 {
			return
		}
		w.add(eventRole, "response.reasoning_summary_part.added", at(map[string]any{"summary_index": 0, "part": summaryText("")}))
		for _, p := range o.pieces {
			w.add(eventText, "response.reasoning_summary_text.delta", at(map[string]any{"summary_index": 0, "delta": p}))
		}
		w.add(eventOther, "response.reasoning_summary_text.done", at(map[string]any{"summary_index": 0, "text": whole}))
		w.add(eventOther, "response.reasoning_summary_part.done", at(map[string]any{"summary_index": 0, "part": summaryText(whole)}))
	case "message":
		w.add(eventRole, "response.content_part.added", at(map[string]any{"content_index": 0, "part": outputText("")}))
		for _, p := range o.pieces {
			w.add(eventText, "response.output_text.delta", at(map[string]any{"content_index": 0, "delta": p, "logprobs": []any{}}))
		}
		w.add(eventOther, "response.output_text.done", at(map[string]any{"content_index": 0, "text": whole, "logprobs": []any{}}))
		w.add(eventOther, "response.content_part.done", at(map[string]any{"content_index": 0, "part": outputText(whole)}))
	case "function_call":
		for _, p := range o.pieces {
			w.add(eventText, "response.function_call_arguments.delta", at(map[string]any{"delta": p}))
		}
		w.add(eventOther, "response.function_call_arguments.done", at(map[string]any{"name": o.item["name"], "arguments": whole}))
	case "custom_tool_call":
		for _, p := range o.pieces {
			w.add(eventText, "response.custom_tool_call_input.delta", at(map[string]any{"delta": p}))
		}
		w.add(eventOther, "response.custom_tool_call_input.done", at(map[string]any{"input": whole}))
	}
}
