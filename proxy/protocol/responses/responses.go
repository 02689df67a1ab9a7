// Package responses is OpenAI's Responses API: a conversation is a list of
// items (messages, calls, what they answered, reasoning), and a stream tells of
// each item and each part of it when it begins, grows and is done, and repeats
// the whole answer at its end. Codex speaks nothing else.
//
// The codec keeps no state between calls: previous_response_id and references
// to items must be resolved before (see proxy.Memory), or the request is
// refused with what to send instead.
//
// Source: OpenAI's OpenAPI description (2026-08) and its Go client.
package responses

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/protocol/openai"
)

// Name is how the catalog refers to this protocol. It lives at OpenAI's
// addresses, but by far not all who imitate those have it.
const Name = "responses"

// Protocol is the table of this dialect. Errors and lists of models are
// OpenAI's, whatever the endpoint.
func Protocol() *protocol.Protocol {
	a := protocol.Answer{Whole: wholeError, Event: signal, Content: hasContent, EventError: eventError, Usage: usage, ID: answerID, Tally: openai.ResponsesTally()}
	plain := protocol.Answer{Whole: wholeError, Usage: usage}
	p := openai.Protocol()
	p.Name = Name
	p.EncodeStreamError = encodeStreamError
	p.Endpoints = []protocol.Endpoint{
		{Op: llm.OpResponses, Method: http.MethodPost, Path: "/v1/responses", Upstream: "/responses", Answer: a, In: Codec{}, Out: Codec{}, Unfit: unfit},
		{Op: llm.OpPass, Path: "/v1/responses/", Upstream: "/responses/", Answer: plain},
	}
	return p
}

// encodeStreamError writes an error into a stream of which nothing is known,
// not even how many events it has had.
func encodeStreamError(e *llm.Error) []byte {
	return Codec{}.Encoder(&protocol.Reply{}).Fail(nil, e)
}

// Codec reads and writes the dialect, both ways.
type Codec struct{}

var (
	_ protocol.Inbound  = Codec{}
	_ protocol.Outbound = Codec{}
)

// The words of the dialect that are read as well as written.
const (
	typeMessage      = "message"
	typeReasoning    = "reasoning"
	typeCall         = "function_call"
	typeCallOutput   = "function_call_output"
	typeCustom       = "custom_tool_call"
	typeCustomOutput = "custom_tool_call_output"
	typeReference    = "item_reference"

	includeReasoning = "reasoning.encrypted_content"
	includeLogprobs  = "message.output_text.logprobs"
)

// lenient are the rules by which bodies are read: broken surrogates are
// replaced rather than refused.
var lenient = jsontext.AllowInvalidUTF8(true)

// written are the rules by which bodies are written: the same each time.
var written = json.JoinOptions(json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// value writes something that always can be written.
func value(v any) llm.Raw {
	b, err := json.Marshal(v, written)
	if err != nil {
		return llm.Raw("null") // words, numbers and JSON that was read before
	}
	return b
}

// read reads a value that was found to be JSON already.
func read(raw llm.Raw, into any) bool {
	return len(raw) > 0 && json.Unmarshal(raw, into, lenient) == nil
}

// present reports whether a value was written and is not null.
func present(raw llm.Raw) bool { return len(raw) > 0 && raw.Kind() != 'n' }

func isTrue(b *bool) bool { return b != nil && *b }
