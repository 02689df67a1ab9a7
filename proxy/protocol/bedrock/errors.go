package bedrock

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// decodeError reads an answer that is an error by its status. Its kind is in a
// header, sometimes with a URL behind it.
func decodeError(status int, h http.Header, body []byte) *llm.Error {
	var got struct {
		Message string `json:"message"`
		Other   string `json:"Message"`
		Type    string `json:"__type"`
	}
	trimmed := bytes.TrimSpace(body)
	e := &llm.Error{Status: status}
	if json.Unmarshal(trimmed, &got, lenient) == nil && got.Message+got.Other != "" {
		e.Message = protocol.Clip(got.Message + got.Other)
	} else {
		e.Message = protocol.PlainText(trimmed)
	}
	e.Code, _, _ = strings.Cut(h.Get("X-Amzn-Errortype"), ":")
	if e.Code == "" {
		e.Code = got.Type[strings.LastIndexByte(got.Type, '#')+1:]
	}
	e.Class = protocol.Classify(status, e.Code, "", e.Message)
	return e
}

// statuses are what exceptions in a stream would have been as answers.
// Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
var statuses = map[string]int{
	"throttlingException":         http.StatusTooManyRequests,
	"validationException":         http.StatusBadRequest,
	"modelStreamErrorException":   http.StatusFailedDependency,
	"internalServerException":     http.StatusInternalServerError,
	"serviceUnavailableException": http.StatusServiceUnavailable,
	"modelTimeoutException":       http.StatusRequestTimeout,
}

// exception reads an exception of a stream.
func exception(kind string, data []byte) *llm.Error {
	status, known := statuses[kind]
	if !known {
		status = http.StatusInternalServerError
	}
	e := decodeError(status, http.Header{"X-Amzn-Errortype": {kind}}, data)
	e.Status = 0 // the answer's own was 200
	if e.Message == "" {
		e.Message = "the vendor ended the stream with " + kind
	}
	return e
}

// malformed is an answer that is not in the protocol.
func malformed(what string, data []byte) *llm.Error {
	return &llm.Error{Class: llm.ClassMalformed, Message: what + ": " + protocol.PlainText(data)}
}

// decodeModels reads the ids off the list of foundation models. Those that can
// be asked only by way of an inference profile are listed all the same: the
// profile's name is theirs with a region before it.
func decodeModels(body []byte) ([]string, error) {
	var list struct {
		Models []struct {
			ID string `json:"modelId"`
		} `json:"modelSummaries"`
	}
	if err := json.Unmarshal(body, &list, lenient); err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range list.Models {
		ids = append(ids, m.ID)
	}
	return ids, nil
}
