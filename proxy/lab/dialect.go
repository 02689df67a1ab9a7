package lab

import (
	"encoding/json"
	"net/http"
)

// dialect is what errors and faults must know of the API that a call came by:
// how errors are written, and what a broken answer looks like. Everything else
// is the operation's own.
type dialect struct {
	name        string
	errorBody   func(*apiError) []byte       // of an answer that is an error
	errorEvent  func(*apiError) event        // of a stream that breaks off
	errorHeader func(*apiError, http.Header) // of an answer that is an error; nil: none
	badEvent    []byte                       // the data of an event that is cut JSON
	endless     []byte                       // how a whole answer begins that never ends
	blank       []byte                       // the data of a first event that says nothing
	done        event                        // the event behind which nothing comes
	unfinished  func([]byte) []byte          // takes the finish reason out of a whole answer
}

// openAI is the dialect of every operation that names no other.
func openAI() *dialect {
	return &dialect{
		name:       "openai",
		errorBody:  (*apiError).json,
		errorEvent: func(e *apiError) event { return event{data: e.json()} },
		badEvent:   []byte(`{"id":"chatcmpl-bad","choices":[{"index":0,"delta":{"content":`),
		endless:    []byte(`{"choices":[{"index":0,"message":{"role":"assistant","content":"`),
		done:       event{kind: eventDone, data: []byte("[DONE]")},
		blank:      []byte(`{"id":"","object":"chat.completion.chunk","created":0,"model":"","choices":[],"prompt_filter_results":[]}`),
		unfinished: func(body []byte) []byte {
			return eachOf(body, "choices", func(c map[string]json.RawMessage) { c["finish_reason"] = json.RawMessage("null") })
		},
	}
}

// eachOf changes every object of a list in a JSON object.
func eachOf(body []byte, list string, change func(map[string]json.RawMessage)) []byte {
	var o map[string]json.RawMessage
	var items []map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil || json.Unmarshal(o[list], &items) != nil {
		return body
	}
	for _, item := range items {
		change(item)
	}
	o[list] = encode(items)
	return encode(o)
}

// reply is the error in the dialect of the call.
func (x *exchange) refusal(e *apiError) *reply {
	p := newReply(e.status, "application/json", append(x.dialect().errorBody(e), '\n'))
	if e.allow != "" {
		p.header.Set("Allow", e.allow)
	}
	if header := x.dialect().errorHeader; header != nil {
		header(e, p.header)
	}
	return p
}

// dialect is the call's, known from its path on.
func (x *exchange) dialect() *dialect {
	if x.op.dialect != nil {
		return x.op.dialect
	}
	switch {
	case x.r == nil:
	case isGemini(x.r):
		return gemini()
	case isAnthropic(x.r):
		return anthropic()
	}
	return openAI()
}

// streamFailed is the error that breaks a stream off.
func (x *exchange) streamFailed() event {
	return x.dialect().errorEvent(&apiError{status: http.StatusInternalServerError, kind: kindServer, code: "internal_error", message: streamFailure})
}
