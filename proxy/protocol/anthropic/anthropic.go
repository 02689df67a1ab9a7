// Package anthropic is the dialect of Anthropic's Messages API: what Claude
// speaks at Anthropic, at Vertex and in Microsoft's cloud, what Claude Code asks
// for, and what a dozen vendors imitate. It faces both ways.
//
// Answers are lists of blocks, and so are questions: text, pictures, tools that
// are called and what they answered, and thinking, which is signed. A signature
// goes back only to who gave it (llm.State); one of another vendor travels
// through this dialect's clients sealed in the place of a signature, or in a
// tool's id where a call carries it.
package anthropic

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Name is how the catalog refers to this protocol.
const Name = "anthropic"

// pingEvent keeps a silent stream alive. Clients take it before anything else.
const pingEvent = "event: ping\ndata: {\"type\": \"ping\"}\n\n"

// doneEvent ends a stream.
const doneEvent = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

// codec is the dialect's translating half. It keeps nothing.
type codec struct{}

// Protocol is the table of this dialect.
func Protocol() *protocol.Protocol {
	messages := protocol.Answer{
		Whole: wholeError, Event: event, Content: hasContent, EventError: eventError, Usage: usage,
		Ping: pingEvent, Done: doneEvent, Tally: tally(),
	}
	plain := protocol.Answer{Whole: wholeError}
	return &protocol.Protocol{
		Name: Name,
		Endpoints: []protocol.Endpoint{
			{
				Op: llm.OpChat, Method: http.MethodPost, Path: "/v1/messages", Upstream: "/v1/messages",
				Answer: messages, In: codec{}, Out: codec{}, Unfit: unfit,
			},
			{
				Op: llm.OpCount, Method: http.MethodPost, Path: "/v1/messages/count_tokens", Upstream: "/v1/messages/count_tokens",
				Answer: plain, Count: codec{},
			},
			{Op: llm.OpModels, Method: http.MethodGet, Path: "/v1/models", Upstream: "/v1/models"},
			{Op: llm.OpModels, Method: http.MethodGet, Path: "/v1/models/", Upstream: "/v1/models/"},
		},
		Signs:             true,
		EncodeError:       encodeError,
		EncodeStreamError: encodeStreamError,
		DecodeError:       decodeError,
		DecodeModels:      decodeModels,
		EncodeModels:      encodeModels,
		EncodeModel:       encodeModel,
		Headers:           []string{"Anthropic-Version", "Anthropic-Beta"},
		AnswerHeaders:     []string{"Request-Id"},
	}
}
