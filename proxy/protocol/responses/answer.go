package responses

import (
	"bytes"
	"cmp"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// signal looks at an event of a stream that is passed on.
func signal(name, data []byte) protocol.Signal {
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return 0
	case bytes.Equal(trimmed, []byte("[DONE]")):
		return protocol.Finished | protocol.Done // some imitations end as chat completions do
	case !rawjson.Valid(trimmed):
		return protocol.Broken
	}
	switch typeOf(name, trimmed) {
	case "response.completed", "response.incomplete":
		return protocol.Finished | protocol.Done | protocol.HasUsage
	case "response.failed":
		return protocol.Failed | protocol.HasUsage
	case "error":
		return protocol.Failed
	}
	return 0
}

// hasContent is true from the first event that adds output.
func hasContent(name, data []byte) bool {
	switch typeOf(name, data) {
	case "", "response.created", "response.in_progress", "response.queued":
		return false
	}
	return true
}

// typeOf is what an event is: it stands in the event field, and in the data.
func typeOf(name, data []byte) string {
	if len(name) > 0 {
		return string(name)
	}
	var ev struct {
		Type  string  `json:"type"`
		Error llm.Raw `json:"error"`
	}
	if json.Unmarshal(data, &ev, lenient) != nil {
		return "" // what is no event has no type
	}
	if ev.Type == "" && present(ev.Error) {
		return "error" // gateways before the vendor write chat's errors
	}
	return ev.Type
}

// eventError reads the error of an event that carries one.
func eventError(data []byte) *llm.Error {
	var ev event
	if err := json.Unmarshal(data, &ev, lenient); err != nil {
		return malformed("an error event can't be read")
	}
	if ev.Response != nil && ev.Error == nil && ev.Message == "" {
		if ev.Response.Status == "" {
			ev.Response.Status = "failed"
		}
		return ev.Response.failed()
	}
	return ev.failure()
}

// wholeError finds the error in an answer whose status was 2xx.
func wholeError(body []byte) *llm.Error {
	var w answer
	if err := json.Unmarshal(body, &w, lenient); err != nil {
		return malformed("the answer can't be read: " + protocol.PlainText(body))
	}
	return w.failed()
}

// answerID reads the id of an answer, whole or in a stream's last event.
func answerID(data []byte) string {
	var w struct {
		ID       string `json:"id"`
		Response struct {
			ID string `json:"id"`
		} `json:"response"`
	}
	if json.Unmarshal(data, &w, lenient) != nil {
		return ""
	}
	return cmp.Or(w.Response.ID, w.ID)
}

// usage reads the counts off an answer or an event.
func usage(data []byte) (llm.Usage, bool) {
	var w struct {
		Usage    *counts `json:"usage"`
		Response struct {
			Usage *counts `json:"usage"`
		} `json:"response"`
	}
	if json.Unmarshal(data, &w, lenient) != nil {
		return llm.Usage{}, false
	}
	u := w.Usage
	if u == nil {
		u = w.Response.Usage
	}
	if u == nil {
		return llm.Usage{}, false
	}
	return *u.canonical(), true
}
