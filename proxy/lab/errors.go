package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The error types of OpenAI's dialect.
const (
	kindInvalid = "invalid_request_error"
	kindServer  = "server_error"
)

// apiError is an error in OpenAI's shape.
type apiError struct {
	status  int
	kind    string
	code    string // empty: null
	param   string // empty: null
	message string
	allow   string        // the Allow header of a 405
	retry   time.Duration // when to try again, where the dialect's errors say so; 0: not said
}

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func (e *apiError) json() []byte {
	return encode(errorBody{errorDetail{Message: e.message, Type: e.kind, Param: orNull(e.param), Code: orNull(e.code)}})
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// encode writes JSON as vendors do: without escaping <, > and &.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Only types of this package are encoded: none of them can fail.
		panic(fmt.Errorf("lab: encode %T: %w", v, err))
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func invalid(param, code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, kind: kindInvalid, code: code, param: param, message: fmt.Sprintf(format, args...)}
}

func missing(param string) *apiError {
	return invalid(param, "missing_required_parameter", "Missing required parameter: '%s'.", param)
}
