package lab

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// geminiBase is where Google's native API lives.
const geminiBase = "/v1beta"

// isGemini tells the dialect of a call whose operation is unknown.
func isGemini(r *http.Request) bool {
	return strings.Contains(r.URL.Path, geminiBase+"/models") || strings.HasSuffix(r.URL.Path, "Content") && strings.Contains(r.URL.Path, ":")
}

func geminiOperations() []op {
	d := gemini()
	post := func(verb string, handle func(*exchange) (*reply, *apiError)) op {
		return op{method: http.MethodPost, path: "/models/{id}:" + verb, form: jsonBody, handle: handle, dialect: d, bases: []string{geminiBase, "/v1"}}
	}
	return []op{
		post("generateContent", geminiGenerate),
		post("streamGenerateContent", geminiStream),
		post("countTokens", geminiCount),
		post("embedContent", geminiEmbed),
		post("batchEmbedContents", geminiBatchEmbed),
		{method: http.MethodPost, path: "/models/{id}:predict", form: jsonBody, handle: vertexPredict, dialect: d, bases: []string{"/v1"}},
		{method: http.MethodGet, path: "/models", handle: geminiModels, dialect: d, bases: []string{geminiBase}},
		{method: http.MethodGet, path: "/models/{id}", handle: geminiModel, dialect: d, bases: []string{geminiBase}},
	}
}

// gemini is Google's native dialect.
func gemini() *dialect {
	return &dialect{
		name:       "gemini",
		errorBody:  geminiError,
		errorEvent: func(e *apiError) event { return event{data: geminiError(e)} },
		badEvent:   []byte(`{"candidates":[{"content":{"parts":[{"text":`),
		endless:    []byte(`{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"`),
		done:       event{kind: eventDone, data: []byte("[DONE]")}, // which Google never sends
		blank:      []byte(`{"usageMetadata":{"promptTokenCount":1,"totalTokenCount":1}}`),
		unfinished: func(body []byte) []byte {
			return eachOf(body, "candidates", func(c map[string]json.RawMessage) { delete(c, "finishReason") })
		},
	}
}

// geminiError writes an error as google.rpc.Status: the reason and the wait are
// details, and a bad key is a bad request.
func geminiError(e *apiError) []byte {
	status, reason := e.status, ""
	switch {
	case e.code == "invalid_api_key":
		status, reason = http.StatusBadRequest, "API_KEY_INVALID"
	case e.code == "content_filter":
		return []byte(`{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":1,"totalTokenCount":1}}`)
	}
	if status < 400 {
		status = http.StatusInternalServerError // an error with status 200
	}
	body := map[string]any{"code": status, "message": e.message, "status": googleStatus(status)}
	details := []map[string]any{}
	if reason != "" {
		details = append(details, map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"})
	}
	if e.param != "" {
		details = append(details, map[string]any{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": []map[string]any{{"field": e.param, "description": e.message}}})
	}
	if e.code == "insufficient_quota" {
		details = append(details, map[string]any{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []map[string]any{{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}}})
	}
	if e.retry > 0 {
		details = append(details, map[string]any{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": strconv.Itoa(int(e.retry.Seconds())) + "s"})
	}
	if len(details) > 0 {
		body["details"] = details
	}
	return encode(map[string]any{"error": body})
}

func googleStatus(status int) string {
	words := map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 402: "RESOURCE_EXHAUSTED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
		408: "DEADLINE_EXCEEDED", 409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED", 529: "UNAVAILABLE",
	}
	switch word := words[status]; {
	case word != "":
		return word
	case status < 500:
		return "INVALID_ARGUMENT"
	}
	return "INTERNAL"
}

// older reports whether a model is one from before Gemini 3: it gives calls no
// ids, takes budgets and no levels, and does without signatures.
func older(m *model) bool { return strings.Contains(m.name, "gemini-2") || ancient(m) }

// ancient models know OpenAPI schemas alone.
func ancient(m *model) bool {
	return strings.Contains(m.name, "gemini-2.0") || strings.Contains(m.name, "gemini-1.5")
}

// The words that make the lab refuse: a prompt with flagWord is blocked, a
// question with cutWord is answered until a filter stops it.
const (
	cutWord  = "lab-unsafe"
	cutAfter = 5 // words
)

func geminiGenerate(x *exchange) (*reply, *apiError) { return geminiAnswer(x, false) }

func geminiStream(x *exchange) (*reply, *apiError) { return geminiAnswer(x, !x.whole) }

func geminiAnswer(x *exchange, stream bool) (*reply, *apiError) {
	q, fail := parseGemini(x, x.object)
	if fail != nil {
		return nil, fail
	}
	if x.model.embeds {
		return nil, &apiError{status: http.StatusNotFound, message: "models/" + x.model.name + " is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods."}
	}
	if fail := x.affordable(q.n); fail != nil {
		return nil, fail
	}
	w := geminiWriter{x: x, q: q, prompt: q.promptTokens()}
	if slices.ContainsFunc(q.messages, func(m message) bool { return strings.Contains(m.text, flagWord) }) {
		return jsonOrStream(w.blocked(), x, stream), nil
	}
	for i := range q.n {
		a, fail := x.compose(&q.chatRequest, i)
		if fail != nil {
			return nil, fail
		}
		if strings.Contains(question(q.messages), cutWord) && len(a.calls) == 0 {
			a.limit(nil, cutAfter)
			a.finish = "safety"
		}
		w.answers = append(w.answers, a)
		output, _ := a.tokens()
		x.bill(w.prompt, x.billed.Output+output)
	}
	if !stream {
		return jsonReply(w.whole()), nil
	}
	return x.geminiEvents(w.events()), nil
}

func jsonOrStream(v any, x *exchange, stream bool) *reply {
	if !stream {
		return jsonReply(v)
	}
	return x.geminiEvents([]event{{kind: eventFinish, data: encode(v)}})
}

// geminiEvents is a stream: of events where they are asked for, else of one
// JSON array's elements.
func (x *exchange) geminiEvents(events []event) *reply {
	p := streamReply(events, x.model.pace)
	if x.r.URL.Query().Get("alt") != "sse" {
		p.header.Set("Content-Type", "application/json; charset=UTF-8")
		p.style.array, p.tail = true, []byte("]")
	}
	return p
}

func geminiCount(x *exchange) (*reply, *apiError) {
	o := x.object
	if fail := o.only("", "contents", "generateContentRequest"); fail != nil {
		return nil, fail
	}
	if o.has("generateContentRequest") {
		inner, fail := o.child("generateContentRequest", "generateContentRequest")
		if fail != nil {
			return nil, fail
		}
		name, fail := inner.text("model", "generateContentRequest.model")
		if fail != nil {
			return nil, fail
		}
		if name != "models/"+x.model.name {
			return nil, invalid("generateContentRequest.model", "", "generate_content_request.model must be models/%s, as in the path.", x.model.name)
		}
		delete(inner, "model")
		o = inner
	}
	q, fail := parseGemini(x, o)
	if fail != nil {
		return nil, fail
	}
	tokens := q.promptTokens()
	return jsonReply(map[string]any{"totalTokens": tokens, "promptTokensDetails": []any{map[string]any{"modality": "TEXT", "tokenCount": tokens}}}), nil
}

func geminiEntry(name string) map[string]any {
	return map[string]any{
		"name": "models/" + name, "version": "001", "displayName": name, "inputTokenLimit": 1048576, "outputTokenLimit": 65536,
		"supportedGenerationMethods": []string{"generateContent", "countTokens", "embedContent"},
	}
}

func geminiModels(x *exchange) (*reply, *apiError) {
	var list []any
	for _, name := range append([]string{"demo-chat", "demo-reason", "demo-tools2", "demo-embed", "demo-slow", "lab-chat"}, x.lab.opts.Models...) {
		list = append(list, geminiEntry(name))
	}
	return jsonReply(map[string]any{"models": list}), nil
}

func geminiModel(x *exchange) (*reply, *apiError) {
	m, fail := x.lab.resolve(x.subject)
	if fail != nil {
		return nil, fail
	}
	return jsonReply(geminiEntry(m.name)), nil
}
