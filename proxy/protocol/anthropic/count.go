package anthropic

import (
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// wireCount is a request for counting: a Messages request without what has no
// say in how long the prompt is. The API refuses the rest.
type wireCount struct {
	Model        string             `json:"model,omitzero"`
	System       content            `json:"system,omitzero"`
	Messages     []wireMessage      `json:"messages"`
	Tools        []wireTool         `json:"tools,omitzero"`
	ToolChoice   *wireToolChoice    `json:"tool_choice,omitzero"`
	Thinking     *wireThinking      `json:"thinking,omitzero"`
	OutputConfig *wireOutputConfig  `json:"output_config,omitzero"`
	Extra        map[string]llm.Raw `json:",embed"`
}

// DecodeCount reads a request for counting.
func (c codec) DecodeCount(q *protocol.Question) (*llm.Request, *llm.Error) {
	return c.DecodeRequest(q)
}

// EncodeCounted writes how many tokens were counted.
func (codec) EncodeCounted(tokens int64) []byte {
	return append(strconv.AppendInt([]byte(`{"input_tokens":`), tokens, 10), '}')
}

// EncodeCount writes a request for counting.
func (codec) EncodeCount(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	e, failed := encodeRequest(r, t, lost)
	if failed != nil {
		return nil, failed
	}
	w := wireCount{
		Model: e.w.Model, System: e.w.System, Messages: e.w.Messages, Tools: e.w.Tools, ToolChoice: e.w.ToolChoice,
		Thinking: e.w.Thinking, OutputConfig: e.w.OutputConfig, Extra: e.w.Extra,
	}
	b, err := json.Marshal(&w, lenient)
	if err != nil {
		return nil, invalid("body", "the request can't be written as JSON: "+err.Error())
	}
	return b, nil
}

// DecodeCounted reads how many tokens were counted.
func (codec) DecodeCounted(body []byte) (int64, *llm.Error) {
	var got struct {
		InputTokens *int64 `json:"input_tokens"`
	}
	if failed := wholeError(body); failed != nil {
		return 0, failed
	}
	if json.Unmarshal(body, &got, lenient) != nil || got.InputTokens == nil {
		return 0, &llm.Error{Class: llm.ClassMalformed, Message: "the answer holds no count of tokens: " + protocol.PlainText(body)}
	}
	return *got.InputTokens, nil
}
