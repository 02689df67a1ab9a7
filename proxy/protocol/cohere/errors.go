package cohere

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// statusBlocked is Cohere's for input or output that it blocks; others mean
// other things by it.
const statusBlocked = 498

// decodeError reads {"id":"…","message":"…"}.
func decodeError(status int, _ http.Header, body []byte) *llm.Error {
	var got struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &got, lenient) != nil || got.Message == "" {
		got.Message = protocol.PlainText(body)
	}
	e := &llm.Error{Status: status, Message: protocol.Clip(got.Message)}
	if e.Class = protocol.Classify(status, "", "", got.Message); status == statusBlocked {
		e.Class = llm.ClassContentFilter
	}
	return e
}

// decodeModels reads {"models":[{"name":"…"}]}.
func decodeModels(body []byte) ([]string, error) {
	var list struct {
		Models []struct {
			Name string `json:"name"`
		} `json:"models"`
	}
	if err := json.Unmarshal(body, &list, lenient); err != nil {
		return nil, fmt.Errorf("list of models: %w", err)
	}
	var names []string
	for _, m := range list.Models {
		names = append(names, m.Name)
	}
	return names, nil
}
