package gemini

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// maxRetry bounds what RetryInfo may ask for, as protocol.RetryAfter does.
const maxRetry = time.Hour

// errorDetails is Google's error object (google.rpc.Status as JSON).
type errorDetails struct {
	Code    int           `json:"code"`
	Message string        `json:"message"`
	Status  string        `json:"status,omitempty"`
	Details []errorDetail `json:"details,omitempty"`
}

// errorDetail is one of google.rpc's detail messages, as far as they are read.
type errorDetail struct {
	Type       string            `json:"@type"`
	Reason     string            `json:"reason,omitempty"`     // ErrorInfo
	Domain     string            `json:"domain,omitempty"`     // ErrorInfo
	Metadata   map[string]string `json:"metadata,omitempty"`   // ErrorInfo
	RetryDelay string            `json:"retryDelay,omitempty"` // RetryInfo: "34.07s"
	Violations []violation       `json:"violations,omitempty"` // QuotaFailure
	Fields     []fieldViolation  `json:"fieldViolations,omitempty"`
}

type violation struct {
	QuotaID string `json:"quotaId"`
}

type fieldViolation struct {
	Field       string `json:"field"`
	Description string `json:"description,omitempty"`
}

// The types of the details that are written.
const (
	typeErrorInfo  = "type.googleapis.com/google.rpc.ErrorInfo"
	typeRetryInfo  = "type.googleapis.com/google.rpc.RetryInfo"
	typeBadRequest = "type.googleapis.com/google.rpc.BadRequest"
)

// decodeError reads a vendor's answer that is an error by its status. A stream
// that was asked for as an array wraps it in one.
func decodeError(status int, _ http.Header, body []byte) *llm.Error {
	trimmed := bytes.TrimSpace(body)
	details := findError(trimmed)
	if details == nil {
		return &llm.Error{Status: status, Class: byWord(status, ""), Message: protocol.PlainText(trimmed)}
	}
	e := details.canonical(status)
	e.Status = status
	if trimmed[0] == '{' {
		e.Raw = trimmed
	}
	return e
}

// wholeError finds the error in an answer whose status was 2xx.
func wholeError(body []byte) *llm.Error {
	trimmed := bytes.TrimSpace(body)
	if !rawjson.Valid(trimmed) {
		return &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not JSON: " + protocol.PlainText(trimmed)}
	}
	return eventError(trimmed)
}

// eventError finds the error in a JSON text that came with status 200: an error
// object, or a prompt that was blocked.
func eventError(data []byte) *llm.Error {
	if bytes.Contains(data, []byte(`"error"`)) {
		if details := findError(data); details != nil {
			return details.canonical(details.Code)
		}
	}
	if !bytes.Contains(data, []byte(`"blockReason"`)) {
		return nil
	}
	var r response
	if err := unmarshal(data, &r); err != nil || len(r.Candidates) > 0 {
		return nil //nolint:nilerr // what is not an answer in this dialect is not a blocked one
	}
	return r.blocked()
}

// blocked is a prompt that Google refused to answer.
func (r *response) blocked() *llm.Error {
	if r.Feedback == nil || r.Feedback.Reason == "" {
		return nil
	}
	message := "the prompt was blocked: " + r.Feedback.Reason
	if r.Feedback.Message != "" {
		message += ": " + protocol.Clip(r.Feedback.Message)
	}
	return &llm.Error{Class: llm.ClassContentFilter, Status: http.StatusBadRequest, Code: "content_filter", Message: message}
}

// findError reads {"error":{…}} or [{"error":{…}}, …].
func findError(data []byte) *errorDetails {
	type wrapped struct {
		Error *errorDetails `json:"error"`
	}
	if len(data) > 0 && data[0] == '[' {
		var all []wrapped
		if unmarshal(data, &all) != nil {
			return nil
		}
		for _, w := range all {
			if w.Error != nil {
				return w.Error
			}
		}
		return nil
	}
	var w wrapped
	if unmarshal(data, &w) != nil {
		return nil
	}
	return w.Error
}

// canonical gives an error its class. Google's codes are HTTP's.
func (d *errorDetails) canonical(status int) *llm.Error {
	e := &llm.Error{Type: d.Status, Message: protocol.Clip(d.Message)}
	if status == 0 {
		status = d.Code
	}
	if status >= 400 && status < 600 {
		e.Status = status
	}
	daily := false
	for _, detail := range d.Details {
		if detail.Reason != "" {
			e.Code = detail.Reason
		}
		if wait, err := time.ParseDuration(detail.RetryDelay); err == nil && wait > 0 {
			e.RetryAfter = min(wait, maxRetry)
		}
		for _, v := range detail.Violations {
			daily = daily || strings.Contains(v.QuotaID, "PerDay")
		}
		if len(detail.Fields) > 0 && e.Param == "" {
			e.Param = detail.Fields[0].Field
		}
	}
	e.Class = d.class(status, e.Code, daily)
	if e.Message == "" {
		e.Message = "the vendor sent an error without a message"
	}
	return e
}

// class is by reason, then by phrase where Google has no better sign, then by
// Google's status, then by HTTP's.
func (d *errorDetails) class(status int, reason string, daily bool) llm.Class {
	switch reason {
	case "API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "API_KEY_HTTP_REFERRER_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED",
		"SERVICE_DISABLED", "CONSUMER_INVALID", "CONSUMER_SUSPENDED", "ACCESS_TOKEN_EXPIRED", "ACCOUNT_STATE_INVALID":
		return llm.ClassAuth
	case "BILLING_DISABLED":
		return llm.ClassQuotaExhausted
	}
	words := strings.ToLower(d.Message)
	switch {
	case d.Status == "RESOURCE_EXHAUSTED" && (daily || strings.Contains(words, "credits are depleted") || strings.Contains(words, "spending cap")):
		return llm.ClassQuotaExhausted
	case status == http.StatusBadRequest && strings.Contains(words, "api key"):
		return llm.ClassAuth // "API key not valid", "API key expired"
	case status == http.StatusBadRequest && strings.Contains(words, "token count") && strings.Contains(words, "exceed"):
		return llm.ClassContextLength
	case d.Status == "FAILED_PRECONDITION" && strings.Contains(words, "location is not supported"):
		return llm.ClassAuth // nothing about the request
	case d.Status == "FAILED_PRECONDITION" && strings.Contains(words, "billing"):
		return llm.ClassQuotaExhausted
	}
	return byWord(status, d.Status)
}

// byWord gives the class of Google's status, which says more than HTTP's.
func byWord(status int, word string) llm.Class {
	switch word {
	case "RESOURCE_EXHAUSTED":
		return llm.ClassRateLimited
	case "UNAUTHENTICATED", "PERMISSION_DENIED":
		return llm.ClassAuth
	case "NOT_FOUND":
		return llm.ClassModelNotFound
	case "UNAVAILABLE":
		return llm.ClassOverloaded
	case "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED", "DATA_LOSS":
		return llm.ClassServerError
	case "INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "ALREADY_EXISTS", "UNIMPLEMENTED":
		return llm.ClassBadRequest
	}
	if status == 499 { // the call was cancelled on Google's side
		return llm.ClassServerError
	}
	return protocol.Classify(status, "", "", "")
}

// encodeError writes an error as Google's clients expect it. What Google has no
// place for is written as its own details are: the code as ErrorInfo, the wait
// as RetryInfo, the field as BadRequest.
func encodeError(e *llm.Error) []byte {
	d := errorDetails{Code: e.Status, Message: e.Message, Status: statusWord(e)}
	if d.Code == 0 {
		d.Code = http.StatusInternalServerError
	}
	if e.Code != "" {
		d.Details = append(d.Details, errorDetail{Type: typeErrorInfo, Reason: strings.ToUpper(e.Code), Domain: "posthouse"})
	}
	if e.Param != "" {
		d.Details = append(d.Details, errorDetail{Type: typeBadRequest, Fields: []fieldViolation{{Field: e.Param}}})
	}
	if e.RetryAfter > 0 {
		d.Details = append(d.Details, errorDetail{Type: typeRetryInfo, RetryDelay: (e.RetryAfter + time.Second - 1).Truncate(time.Second).String()})
	}
	b, err := marshal(map[string]errorDetails{"error": d})
	if err != nil { // strings always encode
		return []byte(`{"error":{"code":500,"message":"internal error","status":"INTERNAL"}}`)
	}
	return b
}

// encodeStreamError writes an error into a stream of events: as data, as the
// dialect's readers of SSE expect it, and bare, as Google's servers break off
// and Google's own clients look for it. A reader of SSE skips the second line.
func encodeStreamError(e *llm.Error) []byte {
	body := encodeError(e)
	out := append([]byte("data: "), body...)
	out = append(append(out, "\n\n"...), body...)
	return append(out, "\n\n"...)
}

// statusWord gives Google's word for an error.
func statusWord(e *llm.Error) string {
	switch e.Status {
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusConflict:
		return "ABORTED"
	case http.StatusTooManyRequests, http.StatusPaymentRequired:
		return "RESOURCE_EXHAUSTED"
	case 499:
		return "CANCELLED"
	case http.StatusBadGateway, http.StatusServiceUnavailable, 529:
		return "UNAVAILABLE"
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return "DEADLINE_EXCEEDED"
	}
	if e.Status >= 400 && e.Status < 500 {
		return "INVALID_ARGUMENT"
	}
	return "INTERNAL"
}

// badBody is a request that can't be read: the caller's own mistake.
func badBody(err error) *llm.Error {
	e := &llm.Error{Class: llm.ClassDenied, Status: http.StatusBadRequest, Message: "The request body can't be read: " + protocol.Clip(err.Error())}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		e.Param = fieldPath(string(semantic.JSONPointer))
		e.Message = "The field " + e.Param + " has the wrong type: " + protocol.Clip(semantic.Error())
	}
	return e
}

// cannot is what Google can't be asked, and what must not be left out in
// silence. Another vendor may do better.
func cannot(field, problem string) *llm.Error {
	return &llm.Error{Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Code: "unsupported_content", Param: field, Message: field + " " + problem}
}

// fieldPath writes /contents/0/role as contents[0].role.
func fieldPath(pointer string) string {
	var b strings.Builder
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch {
		case name != "" && strings.Trim(name, "0123456789") == "":
			b.WriteString("[" + name + "]")
		case b.Len() > 0:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}
