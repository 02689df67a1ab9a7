// Package protocol says what a wire protocol is: a name, a table of endpoints
// and the few functions by which the relay understands bytes that it passes on
// without decoding them. Each protocol is a package below this one that
// exports one such table.
package protocol

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
)

// Protocol is a wire dialect.
type Protocol struct {
	Name      string     // as catalog.Speaks.Protocol names it
	Endpoints []Endpoint // the first that fits serves; put exact paths first

	// EncodeError writes an error as the dialect's callers expect it.
	EncodeError func(*llm.Error) []byte
	// EncodeStreamError writes an error as an event of a stream that has begun.
	EncodeStreamError func(*llm.Error) []byte
	// DecodeError reads a vendor's answer that is an error by its status.
	DecodeError func(status int, h http.Header, body []byte) *llm.Error
	// DecodeModels reads the ids off a vendor's list of models.
	DecodeModels func(body []byte) ([]string, error)
}

// Endpoint is one row of a protocol: a path that callers use and its twin
// below a vendor's base URL.
type Endpoint struct {
	Op       llm.Op
	Method   string // empty: any
	Path     string // as callers write it; ending in "/": everything below it
	Upstream string // below a vendor's base URL; for a path with "/" at its end the rest is appended
	Form     bool   // bodies may be multipart forms, with the model as a field
	Answer   Answer

	// In and Out take part in translation: endpoints of other protocols with
	// the same Op can then be served by this one and the other way round. Nil:
	// bytes are passed through only, and only in this protocol.
	In  Inbound
	Out Outbound
	// Embed does the same for embeddings.
	Embed Embedder
	// UpstreamStream is Upstream for streams, where they have a path of their
	// own. Both may hold {model}.
	UpstreamStream string
	// Framing is how the vendor's streams are cut into frames.
	Framing Framing
}

// Framing is a way of cutting a stream into frames.
type Framing string

// The framings. The empty one is server-sent events.
const (
	FramingSSE   Framing = ""
	FramingLines Framing = "lines" // one JSON value a line (Ollama)
	FramingAWS   Framing = "aws"   // application/vnd.amazon.eventstream (Bedrock)
)

// Answer says how the relay reads an endpoint's answers as they pass. A nil
// function means that there is nothing to look for.
type Answer struct {
	// Whole looks at an answer that came in one piece: the error it carries
	// although its status was 2xx, if any.
	Whole func(body []byte) *llm.Error
	// Event looks at one event of a stream, cheaply: it runs for every event.
	Event func(name, data []byte) Signal
	// Content reports whether an event carries content. It may take longer; it
	// runs only until the first one does.
	Content func(name, data []byte) bool
	// EventError reads the error that an event with the Failed signal carries.
	EventError func(data []byte) *llm.Error
	// Usage reads the counts off an answer or an event.
	Usage func(data []byte) (llm.Usage, bool)
	// Resume lets another target finish a stream that broke off; nil: none can.
	Resume *Resume
	// Done is the event that ends a stream, added when a vendor leaves it out
	// after the answer was finished. Empty: there is none.
	Done string
}

// Signal is what an event of a stream means to the relay.
type Signal uint8

// The signals. An event may carry several.
const (
	Finished Signal = 1 << iota // the answer is whole: a finish reason or terminal event
	Done                        // nothing comes after this event
	Failed                      // the event is an error
	HasUsage                    // the event carries counts
	Broken                      // the event is not in the protocol
)

// Has reports whether s carries all of t.
func (s Signal) Has(t Signal) bool { return s&t == t }
