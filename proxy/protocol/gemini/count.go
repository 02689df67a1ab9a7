package gemini

import (
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// counter is countTokens.
type counter struct{}

// countRequest holds contents alone, or all that a request would have.
type countRequest struct {
	request
	Whole *request `json:"generateContentRequest,omitzero"`
}

// DecodeCount implements protocol.Counter.
func (counter) DecodeCount(q *protocol.Question) (*llm.Request, *llm.Error) {
	var w countRequest
	if err := unmarshal(q.Body, &w); err != nil {
		return nil, badBody(err)
	}
	asked := &w.request
	if w.Whole != nil {
		asked = w.Whole
	}
	if len(asked.Contents) == 0 {
		return nil, denied("contents", "is missing or empty. Send at least one content with a part.")
	}
	return asked.canonical(q.Model)
}

// EncodeCounted implements protocol.Counter.
func (counter) EncodeCounted(tokens int64) []byte {
	return append(appendInt([]byte(`{"totalTokens":`), int(tokens)), '}')
}

// EncodeCount implements protocol.Counter. All is sent as the request would be,
// for instructions and tools count, too.
func (counter) EncodeCount(r *llm.Request, t *protocol.Target, losses *llm.Losses) ([]byte, *llm.Error) {
	w, err := wireRequest(r, t, losses)
	if err != nil {
		return nil, err
	}
	w.Model = "models/" + t.Model
	return written(struct {
		Whole *request `json:"generateContentRequest"`
	}{w})
}

// DecodeCounted implements protocol.Counter.
func (counter) DecodeCounted(body []byte) (int64, *llm.Error) {
	if err := wholeError(body); err != nil {
		return 0, err
	}
	var w struct {
		Total *int64 `json:"totalTokens"`
	}
	if unmarshal(body, &w) != nil || w.Total == nil {
		return 0, &llm.Error{Class: llm.ClassMalformed, Message: "the answer counts no tokens"}
	}
	return *w.Total, nil
}
