package llm

import "github.com/go-json-experiment/json/jsontext"

// Raw is JSON as somebody wrote it.
type Raw = jsontext.Value

// Request is a conversation and what is wanted next, in no vendor's words. A
// protocol that faces clients decodes into it, one that faces vendors encodes
// from it. Pointers are nil, and slices and strings empty, where the caller
// said nothing: a zero that was written ("temperature":0) is not nothing.
type Request struct {
	Dialect string // the protocol it was written in; Extra and Foreign parts are in its spelling
	Model   string
	Stream  bool

	Messages []Message
	// Continue says that the last message is an assistant's which is not
	// finished: the answer shall go on right behind it.
	Continue bool
	Tools    []Tool
	Choice   ToolChoice
	Parallel *bool // may several tools be called at once?

	MaxTokens        *int64 // of the completion, reasoning included
	Temperature      *float64
	TopP             *float64
	TopK             *int64
	MinP             *float64
	FrequencyPenalty *float64
	PresencePenalty  *float64
	Seed             *int64
	N                *int64
	Stop             []string
	LogitBias        Raw
	Logprobs         *bool
	TopLogprobs      *int64

	Format    *Format
	Reasoning *Reasoning
	Verbosity string // "low", "medium", "high"
	Outputs   []string
	// Outputs are the kinds of answer wanted ("text", "audio", "image"); empty
	// is text.

	User     string // the end user, hashed or not, for the vendor's abuse checks
	CacheKey string // keeps requests of one kind on one prompt cache
	Tier     string // service tier, in the caller's words
	Metadata map[string]string
	Usage    bool // a stream is to end in counts (stream_options.include_usage)

	// Extra are top-level fields without a name here. The encoder of the same
	// dialect writes them back; every other reports them as dropped.
	Extra map[string]Raw
}

// Role is who speaks.
type Role string

// The roles. What a tool answers is a ToolResult part in a user message.
const (
	System    Role = "system"
	Developer Role = "developer"
	User      Role = "user"
	Assistant Role = "assistant"
)

// Message is one turn. Neighbours of one role stay apart as they were written;
// encoders of dialects that want turns to alternate join them.
type Message struct {
	Role  Role
	Name  string
	Parts []Part
	Extra map[string]Raw // as Request.Extra, of this message
}

// Cache marks the end of a prefix that the vendor shall keep.
type Cache struct {
	TTL string // "5m" or "1h"; empty is the vendor's default
}

// Tool is something the model may call.
type Tool struct {
	Name        string
	Description string
	Parameters  Raw   // a JSON schema; nil: no parameters
	Strict      *bool // arguments must obey the schema to the letter
	Cache       *Cache
	Extra       map[string]Raw // as Request.Extra, of this tool

	// Custom tools take free text instead of JSON; Grammar bounds it.
	Custom  bool
	Grammar Raw

	// Foreign is a tool the vendor runs itself (web search, code), as the
	// caller wrote it. Only a vendor of the same dialect knows it. The other
	// fields are empty then, but for Name, which is its type.
	Foreign Raw
}

// ToolChoice says whether and which tools must be called.
type ToolChoice struct {
	Mode    ToolMode
	Name    string   // with ToolNamed
	Allowed []string // if not empty, only these of the tools count, under Mode
	Foreign Raw      // a choice of a Foreign tool, in the caller's spelling
}

// ToolMode is one way of choosing.
type ToolMode string

// The modes. The empty one leaves it to the vendor, which is auto everywhere.
const (
	ToolAuto     ToolMode = "auto"
	ToolNone     ToolMode = "none"
	ToolRequired ToolMode = "required"
	ToolNamed    ToolMode = "named"
)

// Format is the form the answer must have.
type Format struct {
	Kind        FormatKind
	Name        string // of the schema
	Description string
	Schema      Raw
	Strict      *bool
}

// FormatKind is a kind of Format.
type FormatKind string

// The kinds of format.
const (
	FormatText   FormatKind = "text"
	FormatJSON   FormatKind = "json"   // any JSON object
	FormatSchema FormatKind = "schema" // JSON that obeys Schema
)

// Reasoning says how much to think before speaking. Dialects say it as an
// effort, as a number of tokens, or as a switch; what the caller did not say
// stays empty, and encoders derive what their vendor wants.
type Reasoning struct {
	Mode    ReasoningMode
	Effort  string // "none", "minimal", "low", "medium", "high", "xhigh", "max"
	Budget  *int64 // tokens
	Summary string // what of it to show: "auto", "concise", "detailed", "none"; empty: the dialect's default
	Opaque  bool   // the caller wants the encrypted form too, to send it back
}

// ReasoningMode is reasoning as a switch.
type ReasoningMode string

// The modes of reasoning. The empty one leaves it to the model.
const (
	ReasoningOn       ReasoningMode = "on"
	ReasoningOff      ReasoningMode = "off"
	ReasoningAdaptive ReasoningMode = "adaptive" // the model decides per turn
)
