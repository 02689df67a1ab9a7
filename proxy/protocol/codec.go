package protocol

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
)

// Inbound faces clients: it reads what they ask and writes what they get, in
// one dialect, for one kind of work. Its parts know no vendor.
type Inbound interface {
	// DecodeRequest reads a request. The error names the field at fault and is
	// the caller's own mistake (400).
	DecodeRequest(q *Question) (*llm.Request, *llm.Error)
	// EncodeResponse writes a whole answer.
	EncodeResponse(*llm.Response, *Reply) ([]byte, *llm.Error)
	// Encoder begins a streamed answer.
	Encoder(*Reply) Encoder
}

// Question is a request as it came in.
type Question struct {
	Body   []byte
	Model  string // where the dialect has it in the path; else empty
	Stream bool   // where the dialect has it in the path (Gemini)
	Array  bool   // Gemini's stream as one JSON array instead of events
}

// Reply is what encoders of answers need to know besides the answer.
type Reply struct {
	Request *llm.Request // what was asked
	Model   string       // the name the caller knows the model by; answers show the vendor's own where it gave one
	ID      string       // of the answer, where the vendor gave none: letters and digits, unique
	Created int64        // Unix seconds, where the vendor said nothing
	Stored  bool         // the answer will be kept here, by ID, for a later request to go on from
	Question
}

// Encoder writes one streamed answer. It keeps what the dialect needs to
// remember (open blocks, indexes, ids), never the answer.
type Encoder interface {
	// Encode appends the bytes of an event to dst; for some events there are
	// none. After End it appends what ends the dialect's stream.
	Encode(dst []byte, ev llm.Event) []byte
	// Fail appends the dialect's form of an error in mid-stream; nothing that
	// would make the answer look whole follows it.
	Fail(dst []byte, err *llm.Error) []byte
}

// Outbound faces vendors: it writes what they are asked and reads what they
// answer.
type Outbound interface {
	// EncodeRequest writes a request for a target, noting what its dialect
	// could not take. An error is for what must not be dropped in silence, such
	// as audio to a vendor without ears: status 400, naming the field, of class
	// llm.ClassModelNotFound, so that another target may do better.
	EncodeRequest(*llm.Request, *Target, *llm.Losses) ([]byte, *llm.Error)
	// DecodeResponse reads a whole answer: also the error it may carry although
	// its status was 2xx.
	DecodeResponse(body []byte, t *Target) (*llm.Response, *llm.Error)
	// Decoder begins to read a streamed answer. Its target is the one that
	// EncodeRequest was given.
	Decoder(*Target) Decoder
	// Inlines reports whether the vendor must be given this media's bytes: it
	// fetches no URLs of this kind. The gateway then fetches it beforehand.
	Inlines(*llm.Media, *Target) bool
}

// Decoder reads one streamed answer, a frame at a time.
type Decoder interface {
	// Decode appends the events that a frame stands for to dst; often none. An
	// error event of the vendor is an error of its class; a frame that is not
	// in the protocol is one of llm.ClassMalformed, and reading may go on.
	Decode(dst []llm.Event, name, data []byte) ([]llm.Event, *llm.Error)
	// End is the end of the vendor's bytes. It appends what was still to be
	// said, or fails with llm.ClassCut when the answer was not finished.
	End(dst []llm.Event) ([]llm.Event, *llm.Error)
	// Done reports that nothing comes after the frame that was read last.
	Done() bool
}

// Metered is a Decoder whose vendor says in mid-stream what the answer has used
// so far. Used returns the last word on it, another pointer each time; nil
// before the first. It is all that is known of a stream that is cut.
type Metered interface{ Used() *llm.Usage }

// Target is what codecs know of who is asked.
type Target struct {
	Vendor string // the catalogue's id, for messages
	Model  string // the name to ask for
	Stream bool
	Origin llm.Origin // of provider and key: whose sealed states may be sent
	Unique string     // letters and digits, of this attempt: ids that codecs make up begin with it
	Traits Traits
	// Changed says that the caller asked for another model, or another vendor's:
	// what it wrote in the target's dialect need not fit the target.
	Changed bool
	// Request is what was asked, for decoders that must know.
	Request *llm.Request
	// Header are request headers besides the key's and the catalogue's: encoders
	// add to it what a request needs (anthropic-beta). Never nil.
	Header http.Header
}

// Traits are where a model departs from its protocol, as the catalogue says.
// The zero value is the protocol as published.
type Traits struct {
	Context   int64 // tokens; 0: unknown
	MaxOutput int64 // tokens; what is asked for where the dialect demands a limit and the caller set none

	OldMaxTokens    bool // takes max_tokens, not max_completion_tokens
	NoDeveloper     bool // knows no developer role
	NoToolRequired  bool // refuses tool_choice required or named
	NoParallelTools bool // refuses parallel_tool_calls
	NoStreamOptions bool // refuses stream_options
	NoJSONSchema    bool // knows JSON mode, but no schemas
	NoJSONMode      bool // knows neither
	NoStrict        bool // refuses strict in tools and formats
	NoCustomTools   bool // knows no tools that take free text
	NoImages        bool
	NoAudio         bool
	NoFiles         bool
	NoTools         bool
	NoLogprobs      bool
	NoPenalties     bool // refuses frequency_penalty and presence_penalty
	NoSeed          bool
	NoN             bool // answers once only
	FixedSampling   bool // refuses temperature, top_p and penalties (reasoning models)
	OneSampling     bool // takes temperature or top_p, not both (newer Claude)
	NoStop          bool // refuses stop
	LowTemperature  bool // takes 0 to 1
	Alternates      bool // wants user and assistant to take turns, user first
	SystemAnywhere  bool // takes system messages in mid-conversation (Anthropic from Opus 4.8 on)
	StreamOnly      bool // answers only in streams
	InlinesMedia    bool // fetches no URLs: wants bytes
	TopK            bool // takes top_k beyond the published dialect
	CacheMarks      bool // takes cache_control beyond the published dialect
	CacheKey        bool // takes prompt_cache_key, verbosity, service_tier and what else OpenAI alone has
	ThinkTags       bool // writes reasoning into the text, between <think> and </think>
	EmbedBatch      int  // inputs per request for vectors; 0: as the dialect says
	CallIDs         int  // ids of tool calls are exactly so many letters and digits (Mistral: 9); 0: any

	// Thinks is how reasoning is asked for.
	Thinks ThinkingDialect
	// TopEffort is the highest effort it knows; empty: "high".
	TopEffort string
	// EchoThinking says whether earlier reasoning is sent back.
	EchoThinking Echo
	// PrefixFlag is the boolean that marks an unfinished assistant message which
	// the model shall continue ("partial", "prefix"); empty: none is needed.
	PrefixFlag string
	// SchemaSubset: JSON schemas may hold only what the vendor's subset knows
	// (Gemini's OpenAPI subset).
	SchemaSubset bool
}

// ThinkingDialect is a way of asking for reasoning.
type ThinkingDialect string

// The ways. The empty one is the protocol's own.
const (
	ThinksNot        ThinkingDialect = "none"            // does not reason: say nothing
	ThinksByEffort   ThinkingDialect = "effort"          // reasoning_effort
	ThinksBySwitch   ThinkingDialect = "thinking"        // thinking:{type:enabled|disabled} (DeepSeek, Ark, GLM, Kimi)
	ThinksByEnable   ThinkingDialect = "enable_thinking" // enable_thinking, thinking_budget (Qwen)
	ThinksByObject   ThinkingDialect = "reasoning"       // reasoning:{effort,max_tokens} (OpenRouter)
	ThinksByBudget   ThinkingDialect = "budget"          // Anthropic up to 4.5, Gemini 2.5: a number of tokens
	ThinksByLevel    ThinkingDialect = "level"           // Gemini 3: thinkingLevel
	ThinksAdaptively ThinkingDialect = "adaptive"        // Anthropic from 4.6: adaptive, with output_config.effort
)

// Echo says which earlier reasoning goes back to a vendor.
type Echo string

// The kinds of Echo. The empty one is the protocol's own.
const (
	EchoNever  Echo = "never"  // it is refused or ignored
	EchoTools  Echo = "tools"  // of turns that called tools
	EchoAlways Echo = "always" // of every turn
)

// Counter faces both ways for counting a prompt's tokens. Where a vendor
// counts nothing, the gateway estimates and only the inbound half is used.
type Counter interface {
	DecodeCount(q *Question) (*llm.Request, *llm.Error)
	EncodeCounted(tokens int64) []byte
	EncodeCount(*llm.Request, *Target, *llm.Losses) ([]byte, *llm.Error)
	DecodeCounted(body []byte) (tokens int64, err *llm.Error)
}

// Embedder faces both ways for embeddings, which come whole.
type Embedder interface {
	DecodeEmbed(q *Question) (*llm.EmbedRequest, *llm.Error)
	EncodeEmbedding(*llm.EmbedResponse, *llm.EmbedRequest) ([]byte, *llm.Error)
	// EncodeEmbed writes the requests for a target: several where the vendor
	// takes fewer inputs at once than were given.
	EncodeEmbed(*llm.EmbedRequest, *Target, *llm.Losses) ([][]byte, *llm.Error)
	DecodeEmbedding(body []byte, t *Target) (*llm.EmbedResponse, *llm.Error)
}
