package lab

import (
	"encoding/json"
	"net/http"
	"strings"
)

// isAnthropic tells the dialect of a call by what only its clients send.
func isAnthropic(r *http.Request) bool {
	return r.Header.Get("Anthropic-Version") != "" || strings.Contains(r.URL.Path, "/messages") || strings.Contains(r.URL.Path, "awPredict")
}

func anthropicOperations() []op {
	d := anthropic()
	post := func(path string, handle func(*exchange) (*reply, *apiError)) op {
		return op{method: http.MethodPost, path: path, form: jsonBody, handle: handle, dialect: d}
	}
	vertex := func(verb string, handle func(*exchange) (*reply, *apiError)) op {
		o := post("/models/{id}:"+verb, handle)
		o.bases = []string{"/v1"}
		return o
	}
	return []op{
		post("/messages", anthropicMessages),
		post("/messages/count_tokens", anthropicCount),
		vertex("rawPredict", vertexMessages(false)),
		vertex("streamRawPredict", vertexMessages(true)),
	}
}

// anthropic is the dialect of the Messages API.
func anthropic() *dialect {
	return &dialect{
		name:       "anthropic",
		errorBody:  anthropicError,
		errorEvent: func(e *apiError) event { return event{name: "error", data: anthropicError(e)} },
		badEvent:   []byte(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":`),
		endless:    []byte(`{"type":"message","role":"assistant","content":[{"type":"text","text":"`),
		blank:      []byte(`{"type": "ping"}`),
		done:       event{kind: eventDone, name: "message_stop", data: []byte(`{"type":"message_stop"}`)},
		unfinished: func(body []byte) []byte {
			var o map[string]json.RawMessage
			if json.Unmarshal(body, &o) != nil {
				return body
			}
			o["stop_reason"] = json.RawMessage("null")
			return encode(o)
		},
	}
}

// anthropicError writes an error as Anthropic does: the type says what it is, a
// code there is not.
func anthropicError(e *apiError) []byte {
	kinds := map[int]string{
		401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error", 409: "conflict_error",
		413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 503: "overloaded_error", 529: "overloaded_error",
	}
	kind := kinds[e.status]
	switch {
	case kind != "":
	case e.status >= 400 && e.status < 500:
		kind = "invalid_request_error"
	default:
		kind = "api_error"
	}
	message := e.message
	switch e.code {
	case "context_length_exceeded":
		message = "prompt is too long: 205000 tokens > 200000 maximum"
	case "content_filter":
		message = "Output blocked by content filtering policy"
	}
	return encode(map[string]any{"type": "error", "error": map[string]string{"type": kind, "message": message}, "request_id": "req_lab"})
}

// badField is a fault in a field, in Anthropic's words.
func badField(at, message string) *apiError {
	return invalid(at, "", "%s: %s", at, message)
}

func anthropicMessages(x *exchange) (*reply, *apiError) {
	q, fail := parseAnthropic(x, x.object)
	if fail != nil {
		return nil, fail
	}
	if q.max == 0 {
		return nil, badField("max_tokens", "Field required")
	}
	if x.model.embeds {
		return nil, &apiError{status: http.StatusNotFound, kind: kindInvalid, message: "model: " + x.model.name}
	}
	if fail := x.affordable(1); fail != nil {
		return nil, fail
	}
	a, fail := x.compose(&q.chatRequest, 0)
	if fail != nil {
		return nil, fail
	}
	q.think(x, &a)
	w := anthropicWriter{x: x, q: q, answer: a}
	output, _ := a.tokens()
	x.bill(q.promptTokens(), output)
	if !q.stream || x.whole {
		return jsonReply(w.whole()), nil
	}
	return streamReply(w.events(), x.model.pace), nil
}

// vertexMessages serves Claude as Vertex does: the model is in the path, how
// the body is to be read in it, and the path says whether it is a stream.
func vertexMessages(stream bool) func(*exchange) (*reply, *apiError) {
	return func(x *exchange) (*reply, *apiError) {
		if version, _ := asString(x.object["anthropic_version"]); version != "vertex-2023-10-16" {
			return nil, badField("anthropic_version", "Field required")
		}
		inner := *x
		inner.object = object{}
		for name, v := range x.object {
			inner.object[name] = v
		}
		delete(inner.object, "anthropic_version")
		if x.subject == "count-tokens" {
			return anthropicCount(&inner)
		}
		if x.object.has("model") {
			return nil, badField("model", "Extra inputs are not permitted")
		}
		if asked, fail := x.object.boolean("stream"); fail != nil || asked != stream && !x.whole {
			return nil, badField("stream", "the path and the body do not agree")
		}
		inner.object["model"] = encode(x.model.name)
		return anthropicMessages(&inner)
	}
}

func anthropicCount(x *exchange) (*reply, *apiError) {
	for _, name := range []string{"max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "stream", "metadata", "service_tier"} {
		if _, there := x.object[name]; there {
			return nil, badField(name, "Extra inputs are not permitted")
		}
	}
	q, fail := parseAnthropic(x, x.object)
	if fail != nil {
		return nil, fail
	}
	return jsonReply(map[string]int{"input_tokens": q.promptTokens()}), nil
}

func anthropicEntry(name string) map[string]string {
	return map[string]string{"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
}

func anthropicModels(names []string) *reply {
	var data []map[string]string
	for _, name := range names {
		data = append(data, anthropicEntry(name))
	}
	return jsonReply(map[string]any{"data": data, "has_more": false, "first_id": names[0], "last_id": names[len(names)-1]})
}
