package bedrock

import (
	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// wireCount is a request for counting: a Converse request without what has no
// say in how long the prompt is.
type wireCount struct {
	Input struct {
		Converse wireRequest `json:"converse"`
	} `json:"input"`
}

// DecodeCount implements protocol.Counter. Bedrock faces no callers.
func (converse) DecodeCount(*protocol.Question) (*llm.Request, *llm.Error) { return nil, facesNobody() }

// EncodeCounted implements protocol.Counter. Bedrock faces no callers.
func (converse) EncodeCounted(int64) []byte { return nil }

// EncodeCount writes a request for counting.
func (converse) EncodeCount(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	e, failed := encodeRequest(r, t, lost)
	if failed != nil {
		return nil, failed
	}
	var w wireCount
	w.Input.Converse = wireRequest{Messages: e.w.Messages, System: e.w.System, Tools: e.w.Tools, Additional: e.w.Additional}
	b, err := json.Marshal(&w, lenient)
	if err != nil {
		return nil, refuse("body", "the request can't be written as JSON: "+err.Error())
	}
	return b, nil
}

// DecodeCounted reads how many tokens were counted.
func (converse) DecodeCounted(body []byte) (int64, *llm.Error) {
	var got struct {
		Tokens *int64 `json:"inputTokens"`
	}
	if json.Unmarshal(body, &got, lenient) != nil || got.Tokens == nil {
		return 0, malformed("the answer holds no count of tokens", body)
	}
	return *got.Tokens, nil
}

// facesNobody is what asks for the side of the dialect that faces callers.
func facesNobody() *llm.Error {
	return &llm.Error{Class: llm.ClassInternal, Status: 500, Message: "Bedrock's dialect faces vendors alone"}
}
