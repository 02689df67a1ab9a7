// Package ollama is Ollama's native API, for what its OpenAI-compatible one
// lacks: how large the context is (num_ctx; without it prompts are cut in
// silence), how long a model stays loaded (keep_alive), top_k and min_p. Nobody
// calls the gateway in it: it only faces servers.
//
// Source: docs.ollama.com/api (2026-11).
package ollama

import (
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/protocol/openai"
	"github.com/posthouse/posthouse/proxy/sse"
)

// Name is how the catalog refers to this protocol.
const Name = "ollama"

// Paths below a server's base URL.
const (
	pathChat  = "/api/chat"
	pathEmbed = "/api/embed"
	pathTags  = "/api/tags"
)

// Protocol is the table of this dialect. Lists of models and errors come in
// shapes that OpenAI's imitators have, too.
func Protocol() *protocol.Protocol {
	base := openai.Protocol()
	return &protocol.Protocol{
		Name: Name, EncodeError: base.EncodeError, EncodeStreamError: base.EncodeStreamError,
		DecodeError: decodeError, DecodeModels: base.DecodeModels,
		Endpoints: []protocol.Endpoint{
			{
				Op: llm.OpChat, Method: http.MethodPost, Upstream: pathChat, UpstreamStream: pathChat, Out: Outbound{},
				Frames: func(src io.Reader, limit int) protocol.Frames { return sse.NewLines(src, limit) },
			},
			{Op: llm.OpEmbeddings, Method: http.MethodPost, Upstream: pathEmbed, Embed: embedder{}},
			{Op: llm.OpModels, Method: http.MethodGet, Upstream: pathTags},
		},
	}
}

// lenient and written are the rules by which bodies are read and written.
var (
	lenient = jsontext.AllowInvalidUTF8(true)
	written = json.JoinOptions(json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
)

// request is the body of a chat.
type request struct {
	Model     string    `json:"model"`
	Messages  []message `json:"messages"`
	Tools     []tool    `json:"tools,omitempty"`
	Format    llm.Raw   `json:"format,omitzero"`
	Options   *options  `json:"options,omitzero"`
	Stream    bool      `json:"stream"` // it is on unless it is said to be off
	Think     llm.Raw   `json:"think,omitzero"`
	KeepAlive llm.Raw   `json:"keep_alive,omitzero"`
	Logprobs  *bool     `json:"logprobs,omitzero"`
	TopLogs   *int64    `json:"top_logprobs,omitzero"`
}

type message struct {
	Role     string   `json:"role"`
	Content  string   `json:"content"`
	Thinking string   `json:"thinking,omitempty"`
	Images   []string `json:"images,omitempty"` // base64
	Calls    []call   `json:"tool_calls,omitempty"`
	ToolName string   `json:"tool_name,omitempty"`
}

type call struct {
	ID       string   `json:"id,omitempty"` // newer servers give some
	Function function `json:"function"`
}

type function struct {
	Name      string  `json:"name"`
	Arguments llm.Raw `json:"arguments"` // an object, not a text
}

type tool struct {
	Type     string   `json:"type"`
	Function declared `json:"function"`
}

type declared struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Parameters  llm.Raw `json:"parameters"`
}

// options are a model's runtime settings. Extra are those that the caller gave
// as they are.
type options struct {
	NumPredict       *int64             `json:"num_predict,omitzero"`
	Temperature      *float64           `json:"temperature,omitzero"`
	TopP             *float64           `json:"top_p,omitzero"`
	TopK             *int64             `json:"top_k,omitzero"`
	MinP             *float64           `json:"min_p,omitzero"`
	Seed             *int64             `json:"seed,omitzero"`
	Stop             []string           `json:"stop,omitempty"`
	PresencePenalty  *float64           `json:"presence_penalty,omitzero"`
	FrequencyPenalty *float64           `json:"frequency_penalty,omitzero"`
	Extra            map[string]llm.Raw `json:",embed"`
}

// answer is a whole answer, or a line of a stream.
type answer struct {
	Model      string  `json:"model"`
	Created    string  `json:"created_at"`
	Message    message `json:"message"`
	Done       bool    `json:"done"`
	Reason     string  `json:"done_reason"`
	PromptEval *int64  `json:"prompt_eval_count"`
	Eval       *int64  `json:"eval_count"`
	Error      string  `json:"error"`
}

// usage reads the counts of the last line.
func (a *answer) usage() *llm.Usage {
	if a.PromptEval == nil && a.Eval == nil {
		return nil
	}
	u := &llm.Usage{}
	if a.PromptEval != nil {
		u.Input, u.InputFrom = *a.PromptEval, llm.FromProvider
	}
	if a.Eval != nil {
		u.Output, u.OutputFrom = *a.Eval, llm.FromProvider
	}
	u.Total = u.Input + u.Output
	return u
}

// decodeError reads {"error":"…"}.
func decodeError(status int, _ http.Header, body []byte) *llm.Error {
	var w struct {
		Error string `json:"error"`
	}
	e := &llm.Error{Status: status}
	if json.Unmarshal(body, &w, lenient) != nil || w.Error == "" {
		w.Error = protocol.PlainText(body)
	}
	e.Message = protocol.Clip(w.Error)
	e.Class = protocol.Classify(status, "", "", w.Error)
	return e
}
