package anthropic

import (
	"bytes"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// wireError is an error answer, and an error event.
type wireError struct {
	Type      string    `json:"type"`
	Error     errorBody `json:"error"`
	RequestID string    `json:"request_id,omitzero"`
}

type errorBody struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// encodeError writes an error as Anthropic's clients expect it.
func encodeError(e *llm.Error) []byte {
	b, err := json.Marshal(wireError{Type: "error", Error: errorBody{Type: typeFor(e), Message: e.Message}}, lenient)
	if err != nil { // strings always encode
		return []byte(`{"type":"error","error":{"type":"api_error","message":"internal error"}}`)
	}
	return b
}

// encodeStreamError writes an error as an event. No message_stop follows it: an
// answer that broke off must not look whole.
func encodeStreamError(e *llm.Error) []byte {
	return append(append([]byte("event: error\ndata: "), encodeError(e)...), "\n\n"...)
}

// typeFor is the error type by which Anthropic's clients decide what to do:
// the one that was given, if it is one of theirs, else by class and status.
// Source: platform.claude.com/docs/en/api/errors, 2026-11.
func typeFor(e *llm.Error) string {
	switch e.Type {
	case "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error",
		"request_too_large", "rate_limit_error", "api_error", "overloaded_error", "timeout_error", "conflict_error":
		return e.Type
	}
	switch e.Class {
	case llm.ClassOverloaded, llm.ClassUnavailable:
		return "overloaded_error"
	case llm.ClassHeadersTimeout, llm.ClassFirstTokenTimeout, llm.ClassIdleTimeout, llm.ClassTotalTimeout:
		return "timeout_error"
	case llm.ClassModelNotFound:
		return "not_found_error"
	}
	return typeByStatus(e.Status)
}

func typeByStatus(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusPaymentRequired:
		return "billing_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusConflict:
		return "conflict_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusGatewayTimeout:
		return "timeout_error"
	case http.StatusServiceUnavailable, 529: // 529: Anthropic, overloaded
		return "overloaded_error"
	}
	if status >= 400 && status < 500 {
		return "invalid_request_error"
	}
	return "api_error"
}

// decodeError reads a vendor's answer that is an error by its status: in
// Anthropic's shape, in Google's (Vertex refuses before Claude is asked) or in
// that of some gateway.
func decodeError(status int, _ http.Header, body []byte) *llm.Error {
	trimmed := bytes.TrimSpace(body)
	e := &llm.Error{Status: status}
	var got wireError
	if json.Unmarshal(trimmed, &got, lenient) == nil && got.Error.Message != "" {
		e.Type, e.Message = got.Error.Type, protocol.Clip(got.Error.Message)
		if got.Type == "error" {
			e.Raw = trimmed
		}
	} else {
		e.Code, e.Message = otherError(trimmed)
	}
	e.Class = protocol.Classify(status, e.Code, e.Type, e.Message)
	return e
}

// otherError reads an error in some other shape: Google's, possibly in a list,
// or a bare message or detail.
func otherError(body []byte) (code, message string) {
	var got struct {
		Error struct {
			Message string `json:"message"`
			Status  string `json:"status"`
		} `json:"error"`
		Message string `json:"message"`
		Detail  string `json:"detail"`
	}
	if len(body) > 0 && body[0] == '[' {
		body = bytes.TrimSpace(bytes.TrimSuffix(body[1:], []byte{']'}))
	}
	_ = json.Unmarshal(body, &got, lenient) // what could be read before a mismatch is kept
	for _, m := range []string{got.Error.Message, got.Message, got.Detail} {
		if m != "" {
			return got.Error.Status, protocol.Clip(m)
		}
	}
	return "", protocol.PlainText(body)
}

// eventError reads an error that came with status 200: as an event of a stream
// or in place of an answer. It is nil if there is none.
func eventError(data []byte) *llm.Error {
	if !bytes.Contains(data, []byte(`"error"`)) {
		return nil
	}
	var got wireError
	if json.Unmarshal(data, &got, lenient) != nil || got.Type != "error" {
		return nil //nolint:nilerr // what is not an error object in this dialect is not an error
	}
	e := &llm.Error{Type: got.Error.Type, Message: protocol.Clip(got.Error.Message)}
	e.Class = protocol.Classify(http.StatusOK, "", e.Type, e.Message)
	if e.Message == "" {
		e.Message = "the vendor sent an error that has no message"
	}
	return e
}

// wholeError finds the error in an answer whose status was 2xx.
func wholeError(body []byte) *llm.Error {
	trimmed := bytes.TrimSpace(body)
	if !rawjson.Valid(trimmed) {
		return notJSON(trimmed)
	}
	return eventError(trimmed)
}

func notJSON(body []byte) *llm.Error {
	return &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not JSON: " + protocol.PlainText(body)}
}

// invalid is a fault of the caller's own request, in the field at path.
func invalid(path, message string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassBadRequest, Status: http.StatusBadRequest, Type: "invalid_request_error", Param: path,
		Message: path + ": " + message,
	}
}

// cannotSay is for what a target can't be told and must not be dropped in
// silence: another target may do better.
func cannotSay(path, message string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Type: "invalid_request_error", Param: path,
		Message: path + ": " + message,
	}
}
