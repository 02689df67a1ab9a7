package lab

import (
	"encoding/json"
	"net/http"
	"strings"
)

// dashscopeBase is where DashScope's own API lies; OpenAI's is not there.
const dashscopeBase = "/api/v1"

func dashscopeOperations() []op {
	d := dashscope()
	post := func(path string, handle func(*exchange) (*reply, *apiError)) op {
		return op{method: http.MethodPost, path: "/services/" + path, form: jsonBody, handle: handle, dialect: d, bases: []string{dashscopeBase}}
	}
	return []op{
		post("aigc/text-generation/generation", dashscopeGeneration(false)),
		post("aigc/multimodal-generation/generation", dashscopeGeneration(true)),
		post("embeddings/text-embedding/text-embedding", dashscopeEmbed),
	}
}

// dashscope is the dialect of Model Studio's own API.
func dashscope() *dialect {
	return &dialect{
		name:       "dashscope",
		errorBody:  dashscopeError,
		errorEvent: func(e *apiError) event { return event{name: "error", data: dashscopeError(e)} },
		badEvent:   []byte(`{"output":{"choices":[{"message":{"content":`),
		endless:    []byte(`{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"`),
		blank:      []byte(`{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"null"}]},"request_id":""}`),
		done:       event{kind: eventDone, name: "result", data: []byte(`{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"stop"}]},"request_id":""}`)},
		unfinished: func(body []byte) []byte {
			var o map[string]json.RawMessage
			if json.Unmarshal(body, &o) != nil {
				return body
			}
			o["output"] = eachOf(o["output"], "choices", func(c map[string]json.RawMessage) { c["finish_reason"] = json.RawMessage(`"null"`) })
			return encode(o)
		},
	}
}

// dashscopeError writes an error as DashScope does.
func dashscopeError(e *apiError) []byte {
	codes := map[int]string{
		400: "InvalidParameter", 401: "InvalidApiKey", 402: "Arrearage", 403: "AccessDenied", 404: "ModelNotFound", 429: "Throttling.RateQuota", 503: "ModelUnavailable",
	}
	code, message := codes[e.status], e.message
	switch {
	case e.code == "context_length_exceeded":
		message = "Range of input length should be [1, 129024]"
	case e.code == "content_filter":
		code, message = "DataInspectionFailed", "Input data may contain inappropriate content."
	case e.code == "insufficient_quota":
		code = "Throttling.AllocationQuota"
	case code == "" && e.status < 500:
		code = "InvalidParameter"
	case code == "":
		code = "InternalError"
	}
	return encode(map[string]string{"code": code, "message": message, "request_id": "lab-0000"})
}

// dashscopeGeneration serves the path of models that read text, or of those
// that see.
func dashscopeGeneration(sees bool) func(*exchange) (*reply, *apiError) {
	return func(x *exchange) (*reply, *apiError) {
		if x.model.embeds || sees != strings.Contains(x.model.name, "vl") {
			return nil, invalid("model", "", "url error, please check url！")
		}
		q, fail := parseDashscope(x, sees)
		if fail != nil {
			return nil, fail
		}
		a, fail := x.talk(&q.chatRequest, q.think)
		if fail != nil {
			return nil, fail
		}
		w := dashscopeWriter{x: x, q: q, answer: a}
		if !q.stream || x.whole {
			return jsonReply(w.whole()), nil
		}
		return streamReply(w.events(), x.model.pace), nil
	}
}

// dashscopeWriter writes an answer in DashScope's dialect.
type dashscopeWriter struct {
	x      *exchange
	q      *dashscopeRequest
	answer answer
}

// frame is an answer, or an event of one.
func (w *dashscopeWriter) frame(message map[string]any, finish string, said answer) map[string]any {
	message["role"] = "assistant"
	if text, ok := message["content"].(string); ok && w.q.sees {
		message["content"] = []any{}
		if text != "" {
			message["content"] = []any{map[string]string{"text": text}}
		}
	}
	in := w.q.promptTokens()
	out, thought := said.tokens()
	output := map[string]any{"choices": []any{map[string]any{"index": 0, "message": message, "finish_reason": finish}}}
	if w.q.searches {
		output["search_info"] = map[string]any{"search_results": []any{map[string]any{"index": 1, "site_name": "Lab", "title": "A page of the lab", "url": "https://lab.example/page"}}}
	}
	return map[string]any{
		"output": output, "request_id": w.x.identity(""),
		"usage": map[string]any{
			"input_tokens": in, "output_tokens": out, "total_tokens": in + out,
			"prompt_tokens_details": map[string]int{"cached_tokens": 0}, "output_tokens_details": map[string]int{"reasoning_tokens": thought},
		},
	}
}

func dashscopeCall(index int, c toolCall, id, name, arguments string) map[string]any {
	return map[string]any{"index": index, "id": id, "type": "function", "function": map[string]string{"name": name, "arguments": arguments}}
}

func (w *dashscopeWriter) whole() map[string]any {
	m := map[string]any{"content": w.answer.text}
	if w.answer.reasoning != "" {
		m["reasoning_content"] = w.answer.reasoning
	}
	var calls []any
	for i, c := range w.answer.calls {
		calls = append(calls, dashscopeCall(i, c, c.id, c.name, c.arguments))
	}
	if calls != nil {
		m["tool_calls"] = calls
	}
	return w.frame(m, w.answer.finish, w.answer)
}

func (w *dashscopeWriter) events() []event {
	var out []event
	var said answer // so far: every event counts
	add := func(kind eventKind, message map[string]any, finish string) {
		out = append(out, event{kind: kind, name: "result", data: encode(w.frame(message, finish, said))})
	}
	for _, p := range pieces(w.answer.reasoning) {
		said.reasoning += p
		add(eventText, map[string]any{"content": "", "reasoning_content": p}, "null")
	}
	for _, p := range w.answer.textPieces() {
		said.text += p
		add(eventText, map[string]any{"content": p, "reasoning_content": ""}, "null")
	}
	for i, c := range w.answer.calls {
		add(eventText, map[string]any{"content": "", "tool_calls": []any{dashscopeCall(i, c, c.id, c.name, "")}}, "null")
		for _, p := range slicesOf(c.arguments, argumentRunes) {
			add(eventText, map[string]any{"content": "", "tool_calls": []any{dashscopeCall(i, c, "", "", p)}}, "null")
		}
	}
	said = w.answer
	add(eventFinish, map[string]any{"content": ""}, w.answer.finish)
	return out
}

// dashscopeEmbed makes vectors, of ten texts at once.
func dashscopeEmbed(x *exchange) (*reply, *apiError) {
	if fail := dashscopeFields(x.object, "", "model", "input", "parameters"); fail != nil {
		return nil, fail
	}
	in, fail := x.object.child("input", "input")
	if fail != nil || in == nil {
		return nil, missing("input")
	}
	texts, fail := in.texts("texts")
	if fail != nil {
		return nil, fail
	}
	if len(texts) == 0 || len(texts) > 10 {
		return nil, invalid("input", "", "batch size is invalid, it should not be larger than 10.: input.contents")
	}
	p, fail := x.object.child("parameters", "parameters")
	if fail != nil {
		return nil, fail
	}
	if fail := dashscopeFields(p, "parameters", "text_type", "dimension", "output_type", "instruct"); fail != nil {
		return nil, fail
	}
	if kind, there := asString(p["text_type"]); there && kind != "query" && kind != "document" {
		return nil, invalid("parameters", "", "text_type must be query or document")
	}
	n, fail := p.whole("dimension", 1, 2048, defaultDimensions)
	if fail != nil {
		return nil, fail
	}
	tokens := 0
	list := []any{}
	for i, text := range texts {
		tokens += Tokens(text)
		list = append(list, map[string]any{"text_index": i, "embedding": vector(text, n)})
	}
	x.bill(tokens, 0)
	return jsonReply(map[string]any{"output": map[string]any{"embeddings": list}, "usage": map[string]int{"total_tokens": tokens}, "request_id": x.identity("")}), nil
}
