package proxy

import (
	"net/http"
	"strings"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/protocol/anthropic"
	"github.com/posthouse/posthouse/proxy/protocol/bedrock"
	"github.com/posthouse/posthouse/proxy/protocol/cohere"
	"github.com/posthouse/posthouse/proxy/protocol/dashscope"
	"github.com/posthouse/posthouse/proxy/protocol/gemini"
	"github.com/posthouse/posthouse/proxy/protocol/ollama"
	"github.com/posthouse/posthouse/proxy/protocol/openai"
	"github.com/posthouse/posthouse/proxy/protocol/responses"
	"github.com/posthouse/posthouse/proxy/protocol/vertex"
)

// dialects are the protocols the gateway knows, as callers and as vendors
// speak them. The first is the one of callers that give no sign of another.
func dialects() []*protocol.Protocol {
	return []*protocol.Protocol{
		openai.Protocol(), responses.Protocol(), anthropic.Protocol(), gemini.Protocol(),
		bedrock.Protocol(), cohere.Protocol(), dashscope.Protocol(), ollama.Protocol(), vertex.Protocol(),
	}
}

// dialectOf guesses a caller's dialect before an endpoint is found, or where
// dialects share a path (GET /v1/models): by the path, by headers that only
// one dialect's clients send.
func (g *Gateway) dialectOf(r *http.Request) *protocol.Protocol {
	name := openai.Name
	path := r.URL.Path
	switch {
	case strings.Contains(path, "/v1beta/"), strings.Contains(path, "/v1beta1/"),
		r.Header.Get("X-Goog-Api-Key") != "", r.Header.Get("X-Goog-Api-Client") != "",
		strings.Contains(path, "/v1/models/") && strings.Contains(path, ":"):
		name = gemini.Name
	case r.Header.Get("Anthropic-Version") != "", strings.HasSuffix(path, "/v1/messages"), strings.Contains(path, "/v1/messages/"):
		name = anthropic.Name
	case strings.HasSuffix(path, "/v1/responses"), strings.Contains(path, "/v1/responses/"):
		name = responses.Name
	}
	return g.protocol(name)
}

// protocol finds a protocol by its name; the first stands in for one that is
// not known.
func (g *Gateway) protocol(name string) *protocol.Protocol {
	for _, p := range g.protocols {
		if p.Name == name {
			return p
		}
	}
	return g.protocols[0]
}
