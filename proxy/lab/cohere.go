package lab

import (
	"encoding/json"
	"net/http"
	"strings"
)

func cohereOperations() []op {
	d := cohere()
	post := func(path string, handle func(*exchange) (*reply, *apiError)) op {
		return op{method: http.MethodPost, path: path, form: jsonBody, handle: handle, dialect: d, bases: []string{""}}
	}
	return []op{post("/v2/chat", cohereChat), post("/v2/embed", cohereEmbed)}
}

// cohere is the dialect of Cohere's API, version 2.
func cohere() *dialect {
	return &dialect{
		name:      "cohere",
		errorBody: cohereError,
		errorEvent: func(e *apiError) event {
			return event{name: "message-end", data: encode(map[string]any{"type": "message-end", "delta": map[string]string{"finish_reason": "ERROR", "error": e.message}})}
		},
		badEvent: []byte(`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":`),
		endless:  []byte(`{"id":"x","message":{"role":"assistant","content":[{"type":"text","text":"`),
		blank:    []byte(`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}`),
		done:     event{kind: eventDone, name: "message-end", data: []byte(`{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}`)},
		unfinished: func(body []byte) []byte {
			var o map[string]json.RawMessage
			if json.Unmarshal(body, &o) != nil {
				return body
			}
			delete(o, "finish_reason")
			return encode(o)
		},
	}
}

func cohereError(e *apiError) []byte {
	message := e.message
	if e.code == "context_length_exceeded" {
		message = "too many tokens: size limit exceeded by 11326 tokens. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'."
	}
	return encode(map[string]string{"id": "8df3b4b0-1c2d-4a52-9d35-lab000000000", "message": message})
}

func cohereChat(x *exchange) (*reply, *apiError) {
	q, fail := parseCohere(x)
	if fail != nil {
		return nil, fail
	}
	if x.model.embeds {
		return nil, invalid("model", "", "invalid request: model '%s' is not supported by the chat API", x.model.name)
	}
	a, fail := x.talk(&q.chatRequest, q.think)
	if fail != nil {
		return nil, fail
	}
	w := cohereWriter{x: x, q: q, answer: a}
	if !q.stream || x.whole {
		return jsonReply(w.whole()), nil
	}
	return streamReply(w.events(), x.model.pace), nil
}

// cohereWriter writes an answer in Cohere's dialect.
type cohereWriter struct {
	x      *exchange
	q      *cohereRequest
	answer answer
}

func (w *cohereWriter) usage() map[string]any {
	in := w.q.promptTokens()
	out, _ := w.answer.tokens()
	// Cohere's own instructions are counted, but not billed.
	return map[string]any{
		"billed_units": map[string]int{"input_tokens": in, "output_tokens": out},
		"tokens":       map[string]int{"input_tokens": in + 500, "output_tokens": out},
	}
}

func (w *cohereWriter) finish() string {
	switch w.answer.finish {
	case "tool_calls":
		return "TOOL_CALL"
	case "length":
		return "MAX_TOKENS"
	}
	if w.answer.stopped != "" {
		return "STOP_SEQUENCE"
	}
	return "COMPLETE"
}

// plan is what the model says before it calls tools.
func (w *cohereWriter) plan() string {
	var names []string
	for _, c := range w.answer.calls {
		names = append(names, c.name)
	}
	if names == nil || w.answer.reasoning != "" {
		return "" // a model that thinks plans in its thoughts
	}
	return "I will use " + strings.Join(names, " and ") + "."
}

// citation cites the first document for the first word.
func (w *cohereWriter) citation(content int) map[string]any {
	word, _, _ := strings.Cut(w.answer.text, " ")
	if len(w.q.documents) == 0 || word == "" {
		return nil
	}
	return map[string]any{
		"start": 0, "end": len([]rune(word)), "text": word, "content_index": content, "type": "TEXT_CONTENT",
		"sources": []any{map[string]any{"type": "document", "id": "doc:0", "document": w.q.documents[0]}},
	}
}

func cohereCall(c toolCall, arguments string) map[string]any {
	return map[string]any{
		"id": strings.Replace(c.id, "call_lab", c.name+"_", 1), "type": "function",
		"function": map[string]string{"name": c.name, "arguments": arguments},
	}
}

func (w *cohereWriter) whole() map[string]any {
	m := map[string]any{"role": "assistant"}
	content := []any{}
	if w.answer.reasoning != "" {
		content = append(content, map[string]string{"type": "thinking", "thinking": w.answer.reasoning})
	}
	if w.answer.text != "" {
		if cite := w.citation(len(content)); cite != nil {
			m["citations"] = []any{cite}
		}
		content = append(content, map[string]string{"type": "text", "text": w.answer.text})
	}
	if len(content) > 0 {
		m["content"] = content
	}
	if plan := w.plan(); plan != "" {
		m["tool_plan"] = plan
	}
	calls := []any{}
	for _, c := range w.answer.calls {
		calls = append(calls, cohereCall(c, c.arguments))
	}
	if len(calls) > 0 {
		m["tool_calls"] = calls
	}
	return map[string]any{"id": w.x.identity(""), "finish_reason": w.finish(), "message": m, "usage": w.usage()}
}

func (w *cohereWriter) events() []event {
	var out []event
	add := func(kind eventKind, name string, index int, message map[string]any) {
		v := map[string]any{"type": name}
		if index >= 0 {
			v["index"] = index
		}
		if message != nil {
			v["delta"] = map[string]any{"message": message}
		}
		out = append(out, event{kind: kind, name: name, data: encode(v)})
	}
	out = append(out, event{kind: eventRole, name: "message-start", data: encode(map[string]any{
		"id": w.x.identity(""), "type": "message-start",
		"delta": map[string]any{"message": map[string]any{"role": "assistant", "content": []any{}, "tool_plan": "", "tool_calls": []any{}, "citations": []any{}}},
	})})
	index := -1
	say := func(kind string, words []string) {
		if len(words) == 0 {
			return
		}
		index++
		add(eventOther, "content-start", index, map[string]any{"content": map[string]string{"type": kind, kind: ""}})
		for _, p := range words {
			add(eventText, "content-delta", index, map[string]any{"content": map[string]string{kind: p}})
		}
		if cite := w.citation(index); cite != nil && kind == "text" {
			add(eventOther, "citation-start", 0, map[string]any{"citations": cite})
			add(eventOther, "citation-end", 0, nil)
		}
		add(eventOther, "content-end", index, nil)
	}
	say("thinking", pieces(w.answer.reasoning))
	say("text", w.answer.textPieces())
	for _, p := range pieces(w.plan()) {
		add(eventText, "tool-plan-delta", -1, map[string]any{"tool_plan": p})
	}
	for i, c := range w.answer.calls {
		add(eventText, "tool-call-start", i, map[string]any{"tool_calls": cohereCall(c, "")})
		for _, p := range slicesOf(c.arguments, argumentRunes) {
			add(eventText, "tool-call-delta", i, map[string]any{"tool_calls": map[string]any{"function": map[string]string{"arguments": p}}})
		}
		add(eventOther, "tool-call-end", i, nil)
	}
	return append(out, event{kind: eventFinish, name: "message-end", data: encode(map[string]any{
		"type": "message-end", "delta": map[string]any{"finish_reason": w.finish(), "usage": w.usage()},
	})})
}

// cohereEmbed makes vectors. What they are for must be said.
func cohereEmbed(x *exchange) (*reply, *apiError) {
	o := x.object
	if fail := cohereFields(o, "model", "texts", "input_type", "embedding_types", "output_dimension", "truncate", "max_tokens", "images", "inputs"); fail != nil {
		return nil, fail
	}
	texts, fail := o.texts("texts")
	if fail != nil {
		return nil, fail
	}
	if len(texts) == 0 || len(texts) > 96 {
		return nil, invalid("texts", "", "invalid request: total number of texts must be at most 96 and at least 1 - received %d", len(texts))
	}
	switch kind, _ := asString(o["input_type"]); kind {
	case "search_document", "search_query", "classification", "clustering":
	default:
		return nil, invalid("input_type", "", "invalid request: valid input_type must be provided with the provided model")
	}
	n, fail := o.whole("output_dimension", 1, 1536, defaultDimensions)
	if fail != nil {
		return nil, fail
	}
	vectors, tokens := vectorsOf(texts, n)
	x.bill(tokens, 0)
	return jsonReply(map[string]any{
		"id": x.identity(""), "texts": texts, "embeddings": map[string]any{"float": vectors}, "response_type": "embeddings_by_type",
		"meta": map[string]any{"api_version": map[string]string{"version": "2"}, "billed_units": map[string]int{"input_tokens": tokens}},
	}), nil
}
