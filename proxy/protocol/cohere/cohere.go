// Package cohere is Cohere's own API, version 2: chat and vectors. It faces
// vendors alone. Beside it Cohere imitates OpenAI's; that one knows no choice
// among tools, no top_k, no documents to cite from, no purpose of vectors, and
// of reasoning no more than on and off.
//
// Sources: docs.cohere.com/reference/chat, /chat-stream, /embed, /errors,
// docs.cohere.com/docs/compatibility-api (2026-11).
package cohere

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Name is how the catalog refers to this protocol.
const Name = "cohere"

// Paths below a vendor's base URL.
const (
	pathChat   = "/v2/chat"
	pathEmbed  = "/v2/embed"
	pathModels = "/v1/models"
)

// maxName bounds names of tools, in bytes.
const maxName = 64

// chat is the codec of conversations. It keeps nothing.
type chat struct{}

// Protocol is the table of this dialect.
func Protocol() *protocol.Protocol {
	return &protocol.Protocol{
		Name: Name,
		Endpoints: []protocol.Endpoint{
			{Op: llm.OpChat, Method: http.MethodPost, Upstream: pathChat, Out: chat{}},
			{Op: llm.OpEmbeddings, Method: http.MethodPost, Upstream: pathEmbed, Embed: embed{}},
			{Op: llm.OpModels, Method: http.MethodGet, Upstream: pathModels},
		},
		DecodeError:  decodeError,
		DecodeModels: decodeModels,
	}
}

// Inlines implements protocol.Outbound: Cohere fetches pictures itself.
func (chat) Inlines(m *llm.Media, t *protocol.Target) bool {
	return m.URL != "" && (t.Traits.InlinesMedia || m.Kind == llm.Document)
}
