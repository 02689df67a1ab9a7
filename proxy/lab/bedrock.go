package lab

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/posthouse/posthouse/proxy/sse"
)

func bedrockOperations() []op {
	d := bedrock()
	post := func(verb string, handle func(*exchange) (*reply, *apiError)) op {
		return op{method: http.MethodPost, path: "/model/{id}/" + verb, form: jsonBody, handle: handle, dialect: d, bases: []string{""}}
	}
	return []op{
		post("converse", converse(false)),
		post("converse-stream", converse(true)),
		post("invoke", bedrockInvoke),
		post("count-tokens", bedrockCount),
		{method: http.MethodGet, path: "/foundation-models", form: noBody, handle: bedrockModels, dialect: d, bases: []string{""}},
	}
}

// bedrockModels lists models as Bedrock's control plane does, which lives on
// another host than its runtime.
func bedrockModels(x *exchange) (*reply, *apiError) {
	if !strings.HasPrefix(x.r.Host, "bedrock.") {
		return nil, &apiError{status: http.StatusNotFound, code: "UnknownOperationException", message: "the runtime has no such operation"}
	}
	var list []any
	for _, name := range append([]string{"demo-chat", "lab-chat"}, x.lab.opts.Models...) {
		list = append(list, map[string]any{"modelId": name, "modelName": name, "modelArn": "arn:aws:bedrock:eu-west-1::foundation-model/" + name, "inferenceTypesSupported": []string{"ON_DEMAND"}})
	}
	return jsonReply(map[string]any{"modelSummaries": list}), nil
}

// bedrock is the dialect of AWS Bedrock's runtime.
func bedrock() *dialect {
	return &dialect{
		name:      "bedrock",
		errorBody: func(e *apiError) []byte { return encode(map[string]string{"message": bedrockWords(e)}) },
		errorHeader: func(e *apiError, h http.Header) {
			h.Set("X-Amzn-Errortype", awsException(e)+":http://internal.amazon.com/coral/")
		},
		errorEvent: func(e *apiError) event {
			name := awsException(e)
			name = strings.ToLower(name[:1]) + name[1:]
			return event{name: string(sse.AWSFault) + name, data: encode(map[string]string{"message": e.message})}
		},
		badEvent: []byte(`{"contentBlockIndex":0,"delta":{"text":`),
		endless:  []byte(`{"output":{"message":{"role":"assistant","content":[{"text":"`),
		blank:    []byte(`{}`),
		done:     event{kind: eventDone, name: "metadata", data: []byte(`{"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`)},
		unfinished: func(body []byte) []byte {
			var o map[string]json.RawMessage
			if json.Unmarshal(body, &o) != nil {
				return body
			}
			delete(o, "stopReason")
			return encode(o)
		},
	}
}

// bedrockWords are an error's words, as Bedrock has them where it has its own.
func bedrockWords(e *apiError) string {
	if e.code == "context_length_exceeded" {
		return "Input is too long for requested model."
	}
	return e.message
}

// awsException is what AWS calls an error.
func awsException(e *apiError) string {
	names := map[int]string{
		401: "UnrecognizedClientException", 402: "ServiceQuotaExceededException", 403: "AccessDeniedException", 404: "ResourceNotFoundException",
		408: "ModelTimeoutException", 424: "ModelErrorException", 429: "ThrottlingException", 503: "ServiceUnavailableException", 529: "ServiceUnavailableException",
	}
	switch name := names[e.status]; {
	case strings.HasSuffix(e.code, "Exception"):
		return e.code
	case e.code == "insufficient_quota":
		return "ServiceQuotaExceededException"
	case name != "":
		return name
	case e.status >= 400 && e.status < 500:
		return "ValidationException"
	}
	return "InternalServerException"
}

// converse serves Converse and ConverseStream.
func converse(stream bool) func(*exchange) (*reply, *apiError) {
	return func(x *exchange) (*reply, *apiError) {
		q, fail := parseConverse(x, x.object)
		if fail != nil {
			return nil, fail
		}
		if x.model.embeds {
			return nil, invalid("", "", "The provided model doesn't support conversations.")
		}
		if fail := x.affordable(1); fail != nil {
			return nil, fail
		}
		a, fail := x.compose(&q.chatRequest, 0)
		if fail != nil {
			return nil, fail
		}
		q.think(x, &a)
		w := converseWriter{x: x, q: q, answer: a}
		output, _ := a.tokens()
		x.bill(q.promptTokens(), output)
		if !stream || x.whole {
			return jsonReply(w.whole()), nil
		}
		p := streamReply(w.events(), x.model.pace)
		p.header.Set("Content-Type", "application/vnd.amazon.eventstream")
		p.style.aws = true
		return p, nil
	}
}

// converseWriter writes an answer in Bedrock's dialect.
type converseWriter struct {
	x      *exchange
	q      *anthropicRequest
	answer answer
}

func (w *converseWriter) usage() map[string]int {
	in := w.q.promptTokens()
	out, _ := w.answer.tokens()
	return map[string]int{"inputTokens": in, "outputTokens": out, "totalTokens": in + out, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}
}

func (w *converseWriter) stop() string {
	switch w.answer.finish {
	case "tool_calls":
		return "tool_use"
	case "length":
		return "max_tokens"
	}
	if w.answer.stopped != "" {
		return "stop_sequence"
	}
	return "end_turn"
}

// callIDOf is a call's id in Bedrock's form.
func callIDOf(c toolCall) string { return strings.Replace(c.id, "call_", "tooluse_", 1) }

func (w *converseWriter) whole() map[string]any {
	content := []any{}
	if w.answer.reasoning != "" {
		content = append(content, map[string]any{"reasoningContent": map[string]any{"reasoningText": map[string]string{"text": w.answer.reasoning, "signature": signThought(w.answer.reasoning)}}})
		if strings.Contains(w.x.model.name, "redact") {
			content = append(content, map[string]any{"reasoningContent": map[string]string{"redactedContent": secretThought(w.answer.reasoning)}})
		}
	}
	if w.answer.text != "" {
		content = append(content, map[string]string{"text": w.answer.text})
	}
	for _, c := range w.answer.calls {
		content = append(content, map[string]any{"toolUse": map[string]any{"toolUseId": callIDOf(c), "name": c.name, "input": json.RawMessage(c.arguments)}})
	}
	return map[string]any{
		"output":  map[string]any{"message": map[string]any{"role": "assistant", "content": content}},
		"metrics": map[string]int{"latencyMs": 1}, "stopReason": w.stop(), "usage": w.usage(),
	}
}

func (w *converseWriter) events() []event {
	var out []event
	add := func(kind eventKind, name string, v any) {
		out = append(out, event{kind: kind, name: name, data: encode(v)})
	}
	index := -1
	delta := func(kind eventKind, d any) {
		add(kind, "contentBlockDelta", map[string]any{"contentBlockIndex": index, "delta": d})
	}
	stop := func() { add(eventOther, "contentBlockStop", map[string]int{"contentBlockIndex": index}) }
	add(eventRole, "messageStart", map[string]string{"role": "assistant"})
	if w.answer.reasoning != "" {
		index++
		for _, p := range pieces(w.answer.reasoning) {
			delta(eventText, map[string]any{"reasoningContent": map[string]string{"text": p}})
		}
		delta(eventOther, map[string]any{"reasoningContent": map[string]string{"signature": signThought(w.answer.reasoning)}})
		stop()
		if strings.Contains(w.x.model.name, "redact") {
			index++
			delta(eventOther, map[string]any{"reasoningContent": map[string]string{"redactedContent": secretThought(w.answer.reasoning)}})
			stop()
		}
	}
	if texts := w.answer.textPieces(); len(texts) > 0 {
		index++
		for _, p := range texts {
			delta(eventText, map[string]string{"text": p})
		}
		stop()
	}
	for _, c := range w.answer.calls {
		index++
		add(eventOther, "contentBlockStart", map[string]any{"contentBlockIndex": index, "start": map[string]any{"toolUse": map[string]string{"toolUseId": callIDOf(c), "name": c.name}}})
		for _, p := range slicesOf(c.arguments, argumentRunes) {
			delta(eventText, map[string]any{"toolUse": map[string]string{"input": p}})
		}
		stop()
	}
	add(eventFinish, "messageStop", map[string]string{"stopReason": w.stop()})
	add(eventUsage, "metadata", map[string]any{"usage": w.usage(), "metrics": map[string]int{"latencyMs": 1}})
	return out
}

func bedrockCount(x *exchange) (*reply, *apiError) {
	in, fail := x.object.child("input", "input")
	if fail != nil {
		return nil, fail
	}
	inner, fail := in.child("converse", "input.converse")
	if fail != nil || inner == nil {
		return nil, invalid("input", "", "The input must hold a converse request.")
	}
	q, fail := parseConverse(x, inner)
	if fail != nil {
		return nil, fail
	}
	return jsonReply(map[string]int{"inputTokens": q.promptTokens()}), nil
}

// bedrockInvoke makes vectors, in Titan's words or in Cohere's.
func bedrockInvoke(x *exchange) (*reply, *apiError) {
	if text, fail := x.object.text("inputText", "inputText"); fail != nil {
		return nil, fail
	} else if text != "" {
		if fail := permitted(x.object, "", "inputText", "dimensions", "normalize", "embeddingTypes"); fail != nil {
			return nil, fail
		}
		n, fail := x.object.whole("dimensions", 1, 1024, defaultDimensions)
		if fail != nil {
			return nil, fail
		}
		return jsonReply(map[string]any{"embedding": vector(text, n), "inputTextTokenCount": Tokens(text)}), nil
	}
	texts, fail := x.object.texts("texts")
	if fail != nil || len(texts) == 0 {
		return nil, invalid("", "", "Malformed input request: required key [inputText] or [texts] not found, please reformat your input and try again.")
	}
	if kind, _ := asString(x.object["input_type"]); kind == "" {
		return nil, invalid("", "", "Malformed input request: required key [input_type] not found, please reformat your input and try again.")
	}
	n, fail := x.object.whole("output_dimension", 1, 1536, defaultDimensions)
	if fail != nil {
		return nil, fail
	}
	vectors, _ := vectorsOf(texts, n)
	return jsonReply(map[string]any{"id": x.identity(""), "embeddings": map[string]any{"float": vectors}, "response_type": "embeddings_by_type", "texts": texts}), nil
}

// base64Bytes reports whether a value is a blob as AWS writes them.
func base64Bytes(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(b) > 0
}
