// Package gemini is Google's native dialect for its Gemini models, as the
// Gemini API (AI Studio) and Vertex AI speak it: generateContent and its
// streams, countTokens, embeddings and the list of models. The model stands in
// the path, calls carry no ids where the model is old, and what a thinking
// model wants back is a thought signature on a part.
//
// Sources: ai.google.dev/api (v1beta, 2026-11) and Google's own Go client.
package gemini

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Name is how the catalog refers to this protocol.
const Name = "gemini"

// ping keeps a silent stream alive. Google's clients refuse SSE comments, but
// skip blank lines; in front of or within a JSON array those are white space.
const ping = "\n\n"

// Paths below a vendor's base URL. A stream is always asked for as server-sent
// events: what callers who want one JSON array get is made of these.
const (
	pathGenerate = "/models/{model}:generateContent"
	pathStream   = "/models/{model}:streamGenerateContent?alt=sse"
	pathCount    = "/models/{model}:countTokens"
	pathEmbed    = "/models/{model}:embedContent"
	pathBatch    = "/models/{model}:batchEmbedContents"
)

// Protocol is the table of this dialect.
func Protocol() *protocol.Protocol {
	p := &protocol.Protocol{
		Name:              Name,
		Signs:             true,
		EncodeError:       encodeError,
		EncodeStreamError: encodeStreamError,
		DecodeError:       decodeError,
		DecodeModels:      decodeModels,
		EncodeModels:      encodeModels,
		EncodeModel:       encodeModel,
		AnswerHeaders:     []string{"Server-Timing"},
	}
	for _, version := range []string{"/v1beta", "/v1"} {
		p.Endpoints = append(p.Endpoints, rows(version)...)
	}
	plain := protocol.Answer{Whole: wholeError, Usage: usage}
	p.Endpoints = append(p.Endpoints,
		protocol.Endpoint{Op: llm.OpModels, Method: http.MethodGet, Path: "/v1beta/models", Upstream: "/models"},
		protocol.Endpoint{Op: llm.OpModels, Method: http.MethodGet, Path: "/v1beta/models/", Upstream: "/models/"},
		protocol.Endpoint{Op: llm.OpPass, Path: "/v1beta/", Upstream: "/", Answer: plain},
	)
	return p
}

// rows are the endpoints with a model in their path, of one version of the API.
func rows(version string) []protocol.Endpoint {
	chat := protocol.Answer{
		Whole: wholeError, Event: event, Content: hasContent, EventError: eventError, Usage: usage, Ping: ping,
		Tally: tally(),
	}
	plain := protocol.Answer{Whole: wholeError, Usage: usage}
	post := func(op llm.Op, upstream, path string, a protocol.Answer) protocol.Endpoint {
		return protocol.Endpoint{Op: op, Method: http.MethodPost, Path: version + path, Upstream: upstream, Answer: a}
	}
	generate := post(llm.OpChat, pathGenerate, "/models/{model}:generateContent", chat)
	generate.Unfit = unfit
	generate.In, generate.Out, generate.UpstreamStream = Inbound{}, Outbound{}, pathStream
	stream := post(llm.OpChat, pathStream, "/models/{model}:streamGenerateContent", chat)
	stream.Unfit = unfit
	stream.In, stream.Out, stream.UpstreamStream, stream.Stream = Inbound{}, Outbound{}, pathStream, true
	count := post(llm.OpCount, pathCount, "/models/{model}:countTokens", plain)
	count.Count, count.Names = counter{}, names
	batch := post(llm.OpEmbeddings, pathBatch, "/models/{model}:batchEmbedContents", plain)
	batch.Embed, batch.Names = batchEmbedder{}, names
	single := post(llm.OpEmbeddings, pathEmbed, "/models/{model}:embedContent", plain)
	single.Embed, single.Names = embedder{}, names
	return []protocol.Endpoint{generate, stream, count, batch, single}
}
