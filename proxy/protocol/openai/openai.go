// Package openai is the dialect that most of the world speaks: OpenAI's REST
// API, as OpenAI publishes it and as forty other vendors imitate it. Where the
// imitations differ (error shapes, names for reasoning, missing ends of
// streams) this package reads all of them and writes OpenAI's own form.
package openai

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Name is how the catalog refers to this protocol.
const Name = "openai"

// doneEvent ends a stream.
const doneEvent = "data: [DONE]\n\n"

// Protocol is the table of this dialect.
func Protocol() *protocol.Protocol {
	completion := protocol.Answer{
		Whole: wholeError, Event: chatEvent, Content: chatContent, EventError: eventError, Usage: usage, Done: doneEvent,
		Tally: &protocol.Tally{Delta: chatDelta, Answer: wholeText, Prompt: promptText}, UsageOption: usageOption(),
	}
	resumable := completion
	resumable.Resume = &protocol.Resume{Part: chatPart, ID: chatID, Continue: chatContinue, Join: chatJoin}
	plain := protocol.Answer{Whole: wholeError, Event: plainEvent, EventError: eventError, Usage: usage}
	embeddings := plain
	embeddings.Tally = &protocol.Tally{Prompt: promptText} // vectors are no tokens
	images := plain
	images.Usage = imagesUsage
	raw := protocol.Answer{Event: plainEvent, EventError: eventError, Usage: usage}
	post := func(op llm.Op, path string, a protocol.Answer) protocol.Endpoint {
		return protocol.Endpoint{Op: op, Method: http.MethodPost, Path: "/v1" + path, Upstream: path, Answer: a}
	}
	form := func(op llm.Op, path string, a protocol.Answer) protocol.Endpoint {
		e := post(op, path, a)
		e.Form = true
		return e
	}
	talk := post(llm.OpChat, "/chat/completions", resumable)
	talk.In, talk.Out, talk.Unfit = chat{}, chat{}, unfit
	vectors := post(llm.OpEmbeddings, "/embeddings", embeddings)
	vectors.Embed = embed{}
	return &protocol.Protocol{
		Name: Name,
		Endpoints: []protocol.Endpoint{
			talk,
			post(llm.OpCompletion, "/completions", completion),
			vectors,
			post(llm.OpModeration, "/moderations", embeddings),
			post(llm.OpRerank, "/rerank", embeddings),
			post(llm.OpImages, "/images/generations", images),
			form(llm.OpImages, "/images/edits", images),
			form(llm.OpImages, "/images/variations", images),
			post(llm.OpAudio, "/audio/speech", raw),
			form(llm.OpAudio, "/audio/transcriptions", raw),
			form(llm.OpAudio, "/audio/translations", raw),
			{Op: llm.OpModels, Method: http.MethodGet, Path: "/v1/models", Upstream: "/models"},
			{Op: llm.OpModels, Method: http.MethodGet, Path: "/v1/models/", Upstream: "/models/"},
			{Op: llm.OpPass, Path: "/v1/", Upstream: "/", Form: true, Answer: raw},
		},
		EncodeError:       encodeError,
		EncodeStreamError: encodeStreamError,
		DecodeError:       decodeError,
		DecodeModels:      decodeModels,
		EncodeModels:      encodeModels,
		EncodeModel:       encodeModel,
		Headers:           []string{"Openai-Beta"},
		AnswerHeaders:     []string{"Openai-Processing-Ms", "Openai-Version"},
	}
}
