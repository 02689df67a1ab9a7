package lab

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

func ollamaOperations() []op {
	d := ollama()
	post := func(path string, handle func(*exchange) (*reply, *apiError)) op {
		return op{method: http.MethodPost, path: path, form: jsonBody, handle: handle, dialect: d, bases: []string{""}}
	}
	return []op{
		post("/api/chat", ollamaChat), post("/api/embed", ollamaEmbed),
		{method: http.MethodGet, path: "/api/tags", form: noBody, handle: ollamaTags, dialect: d, bases: []string{""}},
	}
}

// ollama is the dialect of Ollama's native API.
func ollama() *dialect {
	return &dialect{
		name:       "ollama",
		errorBody:  ollamaError,
		errorEvent: func(e *apiError) event { return event{data: ollamaError(e)} },
		badEvent:   []byte(`{"model":"x","message":{"role":"assistant","content":`),
		endless:    []byte(`{"model":"x","message":{"role":"assistant","content":"`),
		blank:      []byte(`{"model":"x","message":{"role":"assistant","content":""},"done":false}`),
		done:       event{kind: eventDone, data: []byte(`{"model":"x","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}`)},
		unfinished: func(body []byte) []byte {
			var o map[string]json.RawMessage
			if json.Unmarshal(body, &o) != nil {
				return body
			}
			o["done"] = json.RawMessage("false")
			delete(o, "done_reason")
			return encode(o)
		},
	}
}

func ollamaError(e *apiError) []byte {
	message := e.message
	if e.status == http.StatusNotFound {
		message = "model not found, try pulling it first"
	}
	return encode(map[string]string{"error": message})
}

// ollamaFields refuses fields that Ollama passes over.
func ollamaFields(o object, at string, names ...string) *apiError {
	for _, name := range sortedNames(o) {
		if !slices.Contains(names, name) {
			return invalid(name, "", "json: unknown field %q", strings.TrimPrefix(at+"."+clip(name, 80), "."))
		}
	}
	return nil
}

// ollamaRequest is a request to chat in Ollama's dialect.
type ollamaRequest struct {
	chatRequest
	think *bool // nil: not said
}

func ollamaChat(x *exchange) (*reply, *apiError) {
	q := &ollamaRequest{chatRequest: chatRequest{n: 1, parallel: true, choice: toolChoice{mode: "auto"}}}
	if fail := ollamaFields(x.object, "", "model", "messages", "tools", "format", "options", "stream", "think", "keep_alive", "logprobs", "top_logprobs"); fail != nil {
		return nil, fail
	}
	tools := func(o object) *apiError { return q.takeTools(o, nil) }
	for _, step := range []func(object) *apiError{q.ollamaOptions, q.ollamaThink, q.ollamaFormat, tools, q.ollamaMessages} {
		if fail := step(x.object); fail != nil {
			return nil, fail
		}
	}
	if x.model.embeds {
		return nil, invalid("model", "", "%q does not support chat", x.model.name)
	}
	a, fail := x.talk(&q.chatRequest, q.think)
	if fail != nil {
		return nil, fail
	}
	if !q.stream || x.whole {
		return jsonReply(x.ollamaLine(ollamaSaid(a.text, a.reasoning, a.calls), &a, q.promptTokens())), nil
	}
	p := streamReply(x.ollamaLines(&a, q.promptTokens()), x.model.pace)
	p.header.Set("Content-Type", "application/x-ndjson")
	p.style.lined = true
	return p, nil
}

// ollamaSaid is a message, or what a line adds to it. Calls have no ids.
func ollamaSaid(text, thinking string, calls []toolCall) map[string]any {
	m := map[string]any{"role": "assistant", "content": text}
	if thinking != "" {
		m["thinking"] = thinking
	}
	var list []any
	for _, c := range calls {
		list = append(list, map[string]any{"function": map[string]any{"name": c.name, "arguments": json.RawMessage(c.arguments)}})
	}
	if list != nil {
		m["tool_calls"] = list
	}
	return m
}

// ollamaLine is a line; with the answer it is the last.
func (x *exchange) ollamaLine(message map[string]any, last *answer, prompt int) map[string]any {
	line := map[string]any{"model": x.model.name, "created_at": x.lab.opts.Now().UTC().Format(time.RFC3339Nano), "message": message, "done": last != nil}
	if last != nil {
		line["done_reason"] = "stop"
		if last.finish == "length" {
			line["done_reason"] = "length"
		}
		output, _ := last.tokens()
		line["prompt_eval_count"], line["eval_count"], line["total_duration"] = prompt, output, 1_000_000
	}
	return line
}

func (x *exchange) ollamaLines(a *answer, prompt int) []event {
	var out []event
	add := func(kind eventKind, message map[string]any, last *answer) {
		out = append(out, event{kind: kind, data: encode(x.ollamaLine(message, last, prompt))})
	}
	for _, p := range pieces(a.reasoning) {
		add(eventText, ollamaSaid("", p, nil), nil)
	}
	for _, p := range a.textPieces() {
		add(eventText, ollamaSaid(p, "", nil), nil)
	}
	for i := range a.calls {
		add(eventText, ollamaSaid("", "", a.calls[i:i+1]), nil)
	}
	add(eventFinish, ollamaSaid("", "", nil), a)
	return out
}

func (q *ollamaRequest) ollamaOptions(o object) (fail *apiError) {
	q.stream = true // unless it is said to be off
	if o.has("stream") {
		if q.stream, fail = o.boolean("stream"); fail != nil {
			return fail
		}
	}
	options, fail := o.child("options", "options")
	if fail != nil {
		return fail
	}
	if fail := ollamaFields(options, "options", "num_ctx", "num_predict", "num_keep", "num_gpu", "num_thread", "num_batch", "temperature", "top_p", "top_k", "min_p", "typical_p", "seed", "stop",
		"repeat_last_n", "repeat_penalty", "presence_penalty", "frequency_penalty", "use_mmap"); fail != nil {
		return fail
	}
	for _, name := range []string{"num_ctx", "top_k", "seed"} {
		if _, fail := options.whole(name, -1<<31, 1<<53, 0); fail != nil {
			return fail
		}
	}
	for _, name := range []string{"temperature", "top_p", "min_p"} {
		if fail := options.within(name, 0, 100); fail != nil {
			return fail
		}
	}
	if q.max, fail = options.whole("num_predict", -2, 1<<31, 0); fail != nil {
		return fail
	}
	q.max = max(q.max, 0)
	q.stop, fail = options.texts("stop")
	return fail
}

func (q *ollamaRequest) ollamaThink(o object) *apiError {
	if !o.has("think") {
		return nil
	}
	if level, ok := asString(o["think"]); ok {
		if !slices.Contains([]string{"low", "medium", "high", "max"}, level) {
			return invalid("think", "", "invalid think value: %q (must be \"high\", \"medium\", \"low\", \"max\", true, or false)", clip(level, 40))
		}
		yes := true
		q.think = &yes
		return nil
	}
	think, fail := o.boolean("think")
	q.think = &think
	return fail
}

func (q *ollamaRequest) ollamaFormat(o object) *apiError {
	if !o.has("format") {
		return nil
	}
	if kind, ok := asString(o["format"]); ok {
		if kind != "json" {
			return invalid("format", "", "invalid format: %q; expected \"json\" or a valid JSON Schema object", clip(kind, 40))
		}
		q.format.kind = "json_object"
		return nil
	}
	if _, ok := asObject(o["format"]); !ok {
		return wrongType("format", "\"json\" or a JSON schema", o["format"])
	}
	q.format = format{kind: "json_schema", schema: o["format"]}
	return nil
}

// ollamaMessages reads the conversation. What tools answered follows their
// calls, one for one: there are no ids by which they would find each other.
func (q *ollamaRequest) ollamaMessages(o object) *apiError {
	items, fail := o.list("messages", "messages")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return missing("messages")
	}
	var open []string // names of calls without an answer
	for i, raw := range items {
		at := fmt.Sprintf("messages[%d]", i)
		m, called, fail := ollamaMessage(raw, at)
		if fail != nil {
			return fail
		}
		if m.role == "tool" {
			if len(open) == 0 || open[0] != m.callID {
				return invalid(at, "", "%s answers %q, but %q is what was called next", at, m.callID, strings.Join(open, ", "))
			}
			open = open[1:]
		} else {
			if len(open) > 0 {
				return unanswered(at, open)
			}
			open = called
		}
		q.messages = append(q.messages, m)
	}
	if len(open) > 0 {
		return unanswered("messages", open)
	}
	return nil
}

func ollamaMessage(raw json.RawMessage, at string) (m message, called []string, fail *apiError) {
	o, ok := asObject(raw)
	if !ok {
		return m, nil, wrongType(at, "an object", raw)
	}
	if fail := ollamaFields(o, at, "role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"); fail != nil {
		return m, nil, fail
	}
	m.role, _ = asString(o["role"])
	if !slices.Contains([]string{"system", "user", "assistant", "tool"}, m.role) {
		return m, nil, invalid(at, "", "invalid role: %q", clip(m.role, 40))
	}
	if m.text, ok = asString(o["content"]); !ok {
		return m, nil, wrongType(at+".content", "a string", o["content"])
	}
	images, fail := o.texts("images")
	if fail != nil {
		return m, nil, fail
	}
	for _, image := range images {
		if _, err := base64.StdEncoding.DecodeString(image); err != nil {
			return m, nil, invalid(at, "", "illegal base64 data in %s.images", at)
		}
		m.tokens += tokensPerImage
	}
	calls, fail := o.list("tool_calls", at+".tool_calls")
	if fail != nil {
		return m, nil, fail
	}
	for _, raw := range calls {
		c, _ := asObject(raw)
		f, _ := asObject(c["function"])
		name, _ := asString(f["name"])
		if _, ok := asObject(f["arguments"]); !ok || name == "" {
			return m, nil, invalid(at, "", "json: cannot unmarshal %s into Go struct field .tool_calls.function.arguments of type api.ToolCallFunctionArguments", typeName(f["arguments"]))
		}
		called = append(called, name)
		m.tokens += Tokens(string(raw))
	}
	m.callID, _ = asString(o["tool_name"])
	m.tokens += tokensPerMessage + Tokens(m.text)
	return m, called, nil
}

func ollamaEmbed(x *exchange) (*reply, *apiError) {
	if fail := ollamaFields(x.object, "", "model", "input", "truncate", "dimensions", "keep_alive", "options"); fail != nil {
		return nil, fail
	}
	texts, fail := x.object.texts("input")
	if fail != nil {
		return nil, fail
	}
	n, fail := x.object.whole("dimensions", 1, maxDimensions, defaultDimensions)
	if fail != nil {
		return nil, fail
	}
	vectors, tokens := vectorsOf(texts, n)
	x.bill(tokens, 0)
	return jsonReply(map[string]any{"model": x.model.name, "embeddings": vectors, "prompt_eval_count": tokens}), nil
}

func ollamaTags(x *exchange) (*reply, *apiError) {
	var models []any
	for _, name := range append([]string{"demo-chat", "lab-chat"}, x.lab.opts.Models...) {
		models = append(models, map[string]string{"name": name, "model": name})
	}
	return jsonReply(map[string]any{"models": models}), nil
}
