// Package bedrock is the dialect of AWS Bedrock's runtime: Converse and
// ConverseStream for every chat model there is, InvokeModel for vectors by Titan
// and Cohere. It faces vendors alone: callers speak other dialects.
//
// Streams come as messages of AWS's event stream. What a model takes beyond the
// common words (Claude's thinking, top_k, Nova's reasoning) travels in
// additionalModelRequestFields, in that model's own words.
package bedrock

import (
	"io"
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// Name is how the catalog refers to this protocol.
const Name = "bedrock"

// converse is the codec of Converse. It keeps nothing.
type converse struct{}

// Protocol is the table of this dialect.
func Protocol() *protocol.Protocol {
	return &protocol.Protocol{
		Name: Name,
		Endpoints: []protocol.Endpoint{
			{
				Op: llm.OpChat, Method: http.MethodPost,
				Upstream: "/model/{model}/converse", UpstreamStream: "/model/{model}/converse-stream",
				Out: converse{}, Frames: frames,
			},
			{Op: llm.OpCount, Method: http.MethodPost, Upstream: "/model/{model}/count-tokens", Count: converse{}},
			{Op: llm.OpEmbeddings, Method: http.MethodPost, Upstream: "/model/{model}/invoke", Embed: embed{}},
			{Op: llm.OpModels, Method: http.MethodGet, Upstream: "/foundation-models"},
		},
		DecodeError:  decodeError,
		DecodeModels: decodeModels,
	}
}

func frames(src io.Reader, limit int) protocol.Frames { return sse.NewAWS(src, limit) }
