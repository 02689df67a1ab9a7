package llm

// Part is a piece of a message: one of Text, Thinking, Media, ToolCall,
// ToolResult, Refusal and Foreign.
//
//sumtype:decl
type Part interface{ isPart() }

// Text is words.
type Text struct {
	Text        string
	Annotations []Annotation
	Cache       *Cache
	State       *State // Gemini hangs thought signatures on text too
}

// Annotation is something said about a stretch of text: where it is from.
type Annotation struct {
	URL     string
	Title   string
	Quote   string // the cited words, if the vendor gives them
	Start   int64  // in characters of the text; both 0: unknown
	End     int64
	Foreign Raw // as the vendor wrote it, in the spelling of Dialect
	Dialect string
}

// Thinking is reasoning that was shown, or a sealed stand-in for it.
type Thinking struct {
	Text     string
	Summary  bool   // a summary instead of the words themselves
	Redacted bool   // there is no text, only State
	ID       string // of the item, where the dialect names it (Responses)
	State    *State
}

// Media is a picture, sound, film or document.
type Media struct {
	Kind   MediaKind
	MIME   string // empty if unknown, as for most URLs
	Data   string // base64, without a data: prefix; empty where URL or File says where it is
	URL    string // http, https or a vendor's own scheme (gs:, s3:)
	File   string // an id of a file that was uploaded to the vendor
	Name   string
	Detail string // "low", "high", "auto"; empty: not said
	Cache  *Cache
	Extra  map[string]Raw // as Request.Extra, of this part
}

// MediaKind is a kind of Media.
type MediaKind string

// The kinds of media.
const (
	Image    MediaKind = "image"
	Audio    MediaKind = "audio"
	Video    MediaKind = "video"
	Document MediaKind = "document"
)

// ToolCall is an assistant calling a tool.
type ToolCall struct {
	ID        string // never empty once decoded: decoders make one up where the dialect has none
	Name      string
	Arguments string // JSON as the model wrote it, valid or not; free text for a Custom call
	Custom    bool
	Cache     *Cache
	State     *State         // Gemini's thought signature
	Extra     map[string]Raw // as Request.Extra, of this part
}

// ToolResult is what a tool answered.
type ToolResult struct {
	ID     string // of the call
	Name   string // of the tool, where the dialect says it; encoders that need it look the call up
	Parts  []Part // Text, Media or Foreign
	Error  bool   // the tool failed; Parts say how
	Custom bool   // it answers a Custom call
	Cache  *Cache
}

// Refusal is the model declining, in its words.
type Refusal struct{ Text string }

// Foreign is a part that only vendors of one dialect know, such as the record
// of a search the vendor made. It goes back to that dialect and is reported as
// dropped by all others.
type Foreign struct {
	Dialect string
	Type    string // what the dialect calls it
	Raw     Raw
}

func (*Text) isPart()       {}
func (*Thinking) isPart()   {}
func (*Media) isPart()      {}
func (*ToolCall) isPart()   {}
func (*ToolResult) isPart() {}
func (*Refusal) isPart()    {}
func (*Foreign) isPart()    {}
