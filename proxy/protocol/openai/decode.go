package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// anyError is an error body in every shape the dialect's vendors send.
type anyError struct {
	Error    json.RawMessage `json:"error"`   // OpenAI: object; xAI, some proxies: string
	Message  json.RawMessage `json:"message"` // vLLM before 0.15, Mistral, DashScope native, SiliconFlow
	Object   string          `json:"object"`
	Type     json.RawMessage `json:"type"`
	Code     json.RawMessage `json:"code"`
	Detail   json.RawMessage `json:"detail"` // FastAPI servers
	Errors   []errorObject   `json:"errors"` // Cloudflare
	Choices  json.RawMessage `json:"choices"`
	BaseResp *struct {
		Code    int    `json:"status_code"`
		Message string `json:"status_msg"`
	} `json:"base_resp"` // MiniMax
}

type errorObject struct {
	Message json.RawMessage `json:"message"`
	Type    json.RawMessage `json:"type"`
	Status  json.RawMessage `json:"status"` // Google: a word; Azure: a number
	Param   json.RawMessage `json:"param"`
	Code    json.RawMessage `json:"code"`
	Inner   struct {
		Code string `json:"code"`
	} `json:"innererror"` // Azure
}

// decodeError reads a vendor's answer that is an error by its status.
func decodeError(status int, _ http.Header, body []byte) *llm.Error {
	e := &llm.Error{Status: status}
	var got anyError
	trimmed := bytes.TrimSpace(body)
	if list := []anyError(nil); len(trimmed) > 0 && trimmed[0] == '[' && json.Unmarshal(trimmed, &list) == nil && len(list) > 0 {
		got = list[0] // Google wraps errors in an array
	} else if json.Unmarshal(trimmed, &got) != nil {
		e.Message = protocol.PlainText(trimmed)
		e.Class = protocol.Classify(status, "", "", e.Message)
		return e
	}
	got.fill(e)
	e.Class = protocol.Classify(status, e.Code, e.Type, e.Message)
	if e.Class == llm.ClassModelNotFound && status == http.StatusNotFound && e.Code == "" {
		e.Code = "model_not_found"
	}
	if relayable(got.Error) {
		e.Raw = trimmed
	}
	return e
}

// relayable reports whether an error body is already in OpenAI's own shape.
func relayable(raw json.RawMessage) bool {
	var o struct {
		Message *string `json:"message"`
	}
	return json.Unmarshal(raw, &o) == nil && o.Message != nil
}

// fill takes message, type, code and parameter from wherever they are.
func (a *anyError) fill(e *llm.Error) {
	var o errorObject
	if json.Unmarshal(a.Error, &o) != nil {
		o = errorObject{Message: a.Error}
	}
	if len(a.Errors) > 0 && len(a.Error) == 0 {
		o = a.Errors[0]
	}
	e.Message = firstText(o.Message, a.Message, a.Detail)
	e.Type = firstText(o.Type, a.Type)
	e.Code = firstText(o.Code, a.Code)
	e.Param = firstText(o.Param)
	if status := text(o.Status); status != "" && e.Type == "" {
		e.Type = status
	}
	if strings.EqualFold(e.Code, "content_filter") || o.Inner.Code == "ResponsibleAIPolicyViolation" {
		e.Code = "content_filter"
	}
	if a.BaseResp != nil && e.Message == "" {
		e.Message, e.Code = a.BaseResp.Message, strconv.Itoa(a.BaseResp.Code)
	}
	e.Message = protocol.Clip(e.Message)
}

// wholeError finds the error in an answer whose status was 2xx.
func wholeError(body []byte) *llm.Error {
	trimmed := bytes.TrimSpace(body)
	suspect, err := suspicious(trimmed)
	var syntax *rawjson.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not JSON: " + protocol.PlainText(trimmed)}
	case !suspect:
		return nil
	}
	return decodeEventError(trimmed)
}

// eventError finds the error in a JSON object that came with status 200: in a
// whole answer or as an event of a stream. It looks only at the top level.
func eventError(data []byte) *llm.Error {
	if suspect, _ := suspicious(data); !suspect { // a broken text has no error to show
		return nil
	}
	return decodeEventError(data)
}

// suspicious reports whether an object may be an error, without decoding it:
// answers have an "object" and a "type" too, and some vendors "error": null.
func suspicious(data []byte) (suspect bool, err error) {
	err = rawjson.Fields(data, func(f rawjson.Field) error {
		value := f.Value(data)
		switch string(f.Key) {
		case "error", "code":
			suspect = suspect || !isEmpty(value)
		case "object", "type":
			suspect = suspect || string(value) == `"error"`
		case "response":
			suspect = suspect || bytes.Contains(value, []byte(`"error"`))
		case "base_resp":
			suspect = true
		}
		return nil
	})
	return suspect, err
}

func decodeEventError(data []byte) *llm.Error {
	var got struct {
		anyError
		Response struct {
			Error json.RawMessage `json:"error"`
		} `json:"response"`
	}
	if json.Unmarshal(data, &got) != nil {
		return nil //nolint:nilerr // what is not an error object in this dialect is not an error
	}
	if len(got.Response.Error) > 0 && len(got.Error) == 0 {
		got.Error = got.Response.Error // response.failed
	}
	if !got.isError() {
		return nil
	}
	e := &llm.Error{}
	got.fill(e)
	status := http.StatusOK
	if n, err := strconv.Atoi(e.Code); err == nil && n >= 400 && n < 600 {
		status = n // OpenRouter and Google put the HTTP status into code
	}
	e.Class = protocol.Classify(status, e.Code, e.Type, e.Message)
	if e.Message == "" {
		e.Message = "the vendor answered 200 with an error that has no message"
	}
	return e
}

// isError reports whether the body is an error although its status was 200.
func (a *anyError) isError() bool {
	switch {
	case len(a.Error) > 0 && !isEmpty(a.Error):
		return true
	case a.Object == "error":
		return true
	case text(a.Type) == "error":
		return true
	case a.BaseResp != nil && a.BaseResp.Code != 0:
		return true
	}
	// Spark, SiliconFlow: a code other than 0 with a message and no answer.
	code := text(a.Code)
	return code != "" && code != "0" && code != "200" && code != "20000" && len(a.Message) > 0 && len(a.Choices) == 0
}

// firstText returns the first of some JSON values that says something.
func firstText(vs ...json.RawMessage) string {
	for _, v := range vs {
		if s := text(v); s != "" {
			return s
		}
	}
	return ""
}

// text reads a JSON value as text: a string as itself, null as nothing,
// anything else as it is written.
func text(v json.RawMessage) string {
	if len(v) == 0 || string(v) == "null" {
		return ""
	}
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}
