package openai

import (
	"encoding/json"
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
)

// wireError is OpenAI's error object. Param and Code are null when unknown, as
// OpenAI sends them: some clients rely on the keys being there.
type wireError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// encodeError writes an error as OpenAI's clients expect it.
func encodeError(e *llm.Error) []byte {
	w := wireError{Message: e.Message, Type: e.Type}
	if w.Type == "" {
		w.Type = typeFor(e.Status)
	}
	if e.Param != "" {
		w.Param = &e.Param
	}
	if e.Code != "" {
		w.Code = &e.Code
	}
	b, err := json.Marshal(struct {
		Error wireError `json:"error"`
	}{w})
	if err != nil { // strings always encode
		return []byte(`{"error":{"message":"internal error","type":"server_error","param":null,"code":null}}`)
	}
	return b
}

// encodeStreamError writes an error as an event. No [DONE] follows it: an
// answer that broke off must not look whole.
func encodeStreamError(e *llm.Error) []byte {
	return append(append([]byte("data: "), encodeError(e)...), "\n\n"...)
}

// typeFor gives the error type that OpenAI uses for a status.
func typeFor(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	}
	if status >= 400 && status < 500 {
		return "invalid_request_error"
	}
	return "server_error"
}
