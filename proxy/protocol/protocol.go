// Package protocol says what a wire protocol is: a name, a table of endpoints
// and the few functions by which the relay understands bytes that it passes on
// without decoding them. Each protocol is a package below this one that
// exports one such table.
package protocol

import (
	"io"
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
	"github.com/posthouse/posthouse/proxy/sse"
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
	// EncodeModels writes a list of models as the dialect's callers expect it,
	// EncodeModel one of them. Nil where the protocol faces no callers.
	EncodeModels func([]Model) []byte
	EncodeModel  func(Model) []byte

	// Signs says that vendors of this dialect want back, signed, what they thought
	// before a tool call. Calls by vendors of other dialects are marked in
	// answers to its callers (llm.StateNone), so that the gateway knows them when
	// they come back, and does not pass them on to a vendor that would refuse.
	Signs bool

	// Headers are the request headers, besides the few that every vendor may
	// see, that vendors of this dialect may be shown, such as anthropic-beta;
	// AnswerHeaders are those of a vendor's that callers may be shown. Both only
	// where bytes are passed through.
	Headers       []string
	AnswerHeaders []string
}

// Model is a model in a list.
type Model struct {
	ID        string
	Owner     string // the provider's name
	Context   int64  // tokens; 0: unknown
	MaxOutput int64  // tokens; 0: unknown
}

// Endpoint is one row of a protocol: a path that callers use and its twin
// below a vendor's base URL.
type Endpoint struct {
	Op       llm.Op
	Method   string // empty: any
	Path     string // as callers write it; ending in "/": everything below it; may hold {model}; empty: callers have no such path
	Upstream string // below a vendor's base URL; for a path with "/" at its end the rest is appended; may hold {model}
	Stream   bool   // calls by this path are streams, whatever their body says (Gemini)
	Form     bool   // bodies may be multipart forms, with the model as a field
	Answer   Answer

	// In and Out take part in translation: endpoints of other protocols with
	// the same Op can then be served by this one and the other way round (chat
	// and responses count as the same). Nil: bytes are passed through only, and
	// only in this protocol.
	In  Inbound
	Out Outbound
	// Embed does the same for embeddings.
	Embed Embedder
	// Count does the same for counting a prompt's tokens (llm.OpCount).
	Count Counter
	// UpstreamStream is Upstream for streams, where they have a path of their
	// own. It may hold {model}, and a query (alt=sse).
	UpstreamStream string
	// Unfit reports whether a request that its caller wrote for another model
	// asks one with these traits for what it refuses. It is then translated on the
	// way to it, although the vendor speaks the caller's dialect. Nil: it never is.
	Unfit func(Written, *Traits) bool
	// Names are the edits that make a body which is passed on name the target's
	// model where it names one besides the path (Gemini's embeddings); nil: it
	// does so nowhere, or at the top alone.
	Names func(body []byte, fields []rawjson.Field, model string) []rawjson.Edit
	// Frames cuts a vendor's streams into frames, none larger than limit bytes;
	// nil: they are server-sent events.
	Frames func(src io.Reader, limit int) Frames
}

// Frames reads a vendor's stream a frame at a time. An SSE event is a frame, a
// line of NDJSON is one, a message of AWS's event stream is one: whatever the
// framing, it comes as a name (where the framing has names) and data.
// *sse.Reader is one.
type Frames interface {
	// Next returns the next frame, whose slices are valid until the next call.
	// Data is nil for what says nothing (comments). At the end of the stream it
	// returns io.EOF; where the stream ended within a frame, what there is of it
	// with io.ErrUnexpectedEOF; for a frame over the limit sse.ErrTooLarge.
	// Errors of the source are returned as they are.
	Next() (sse.Event, error)
	// More reports whether another whole frame is certainly waiting, so that a
	// relay may put off flushing. It errs on the side of "no".
	More() bool
}

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
	// ID reads the id by which a later request can go on from an answer, off a
	// whole one or a stream's last event; nil: no vendor keeps answers.
	ID func(data []byte) string
	// Resume lets another target finish a stream that broke off; nil: none can.
	Resume *Resume
	// Ping is what keeps a silent stream alive and means nothing; empty: an SSE
	// comment. It may be sent before anything else.
	Ping string
	// Tally finds the texts whose tokens are counted here where a vendor gives
	// no counts; nil: nothing is counted.
	Tally *Tally
	// UsageOption asks streams for counts that vendors give only on request;
	// nil: they always come.
	UsageOption *UsageOption
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
