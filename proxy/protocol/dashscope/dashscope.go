// Package dashscope is the API of Alibaba Cloud's Model Studio that is its own:
// generation and vectors. It faces vendors alone. Beside it there are imitations
// of OpenAI's and Anthropic's, which name no sources of a search, read no
// documents by OCR's tasks and don't ask what vectors are for.
//
// Models that see are asked at another path (the catalogue says which) and in
// lists of parts; those that read text alone, in texts: Traits.NoImages tells
// them apart. Answers are asked for as messages, streams in increments: by
// default each event would repeat all that was said before.
//
// Sources: help.aliyun.com/en/model-studio/qwen-api-via-dashscope,
// /text-embedding-synchronous-api, /error-code (2026-11).
package dashscope

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Name is how the catalog refers to this protocol.
const Name = "dashscope"

// Paths below a vendor's base URL.
const (
	pathText  = "/services/aigc/text-generation/generation"
	pathEmbed = "/services/embeddings/text-embedding/text-embedding"
)

// generation is the codec of conversations. It keeps nothing.
type generation struct{}

// Protocol is the table of this dialect.
func Protocol() *protocol.Protocol {
	return &protocol.Protocol{
		Name: Name,
		Endpoints: []protocol.Endpoint{
			{Op: llm.OpChat, Method: http.MethodPost, Upstream: pathText, Out: generation{}},
			{Op: llm.OpEmbeddings, Method: http.MethodPost, Upstream: pathEmbed, Embed: embed{}},
		},
		DecodeError: decodeError,
	}
}

// Inlines implements protocol.Outbound: pictures and films are fetched there.
func (generation) Inlines(m *llm.Media, t *protocol.Target) bool {
	return m.URL != "" && (t.Traits.InlinesMedia || m.Kind == llm.Document)
}
