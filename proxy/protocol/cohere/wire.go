package cohere

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
)

// lenient reads and writes what the world sends, the same each time.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// wireRequest is a request to chat.
type wireRequest struct {
	Model       string        `json:"model"`
	Stream      bool          `json:"stream"`
	Messages    []wireMessage `json:"messages"`
	Tools       []wireTool    `json:"tools,omitempty"`
	StrictTools bool          `json:"strict_tools,omitzero"`
	ToolChoice  string        `json:"tool_choice,omitzero"` // REQUIRED or NONE
	Format      *wireFormat   `json:"response_format,omitzero"`
	Thinking    *wireThinking `json:"thinking,omitzero"`

	MaxTokens        *int64   `json:"max_tokens,omitzero"`
	Stop             []string `json:"stop_sequences,omitempty"`
	Temperature      *float64 `json:"temperature,omitzero"`
	P                *float64 `json:"p,omitzero"`
	K                *int64   `json:"k,omitzero"`
	FrequencyPenalty *float64 `json:"frequency_penalty,omitzero"`
	PresencePenalty  *float64 `json:"presence_penalty,omitzero"`
	Seed             *int64   `json:"seed,omitzero"`
	Logprobs         bool     `json:"logprobs,omitzero"`

	Extra map[string]llm.Raw `json:",embed"` // words of Cohere's own
}

type wireFormat struct {
	Type   string  `json:"type"`
	Schema llm.Raw `json:"json_schema,omitzero"`
}

type wireThinking struct {
	Type   string `json:"type"` // enabled or disabled
	Budget *int64 `json:"token_budget,omitzero"`
}

// wireMessage is a message, as it is sent.
type wireMessage struct {
	Role     string     `json:"role"`
	Content  llm.Raw    `json:"content,omitzero"` // a text, or a list of blocks
	Plan     string     `json:"tool_plan,omitzero"`
	Calls    []wireCall `json:"tool_calls,omitempty"`
	ToolCall string     `json:"tool_call_id,omitzero"`
}

// wireBlock is a block of content: text, thinking, or a picture.
type wireBlock struct {
	Type     string   `json:"type"`
	Text     *string  `json:"text,omitzero"`
	Thinking *string  `json:"thinking,omitzero"`
	Image    *wireURL `json:"image_url,omitzero"`
}

type wireURL struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitzero"`
}

type wireTool struct {
	Type     string       `json:"type"`
	Function wireFunction `json:"function"`
}

type wireFunction struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitzero"`
	Parameters  llm.Raw `json:"parameters"`
}

type wireCall struct {
	ID       string     `json:"id,omitzero"`
	Type     string     `json:"type,omitzero"`
	Function wireCalled `json:"function"`
}

type wireCalled struct {
	Name      string `json:"name,omitzero"`
	Arguments string `json:"arguments"`
}

// wireAnswer is a whole answer.
type wireAnswer struct {
	ID       string         `json:"id"`
	Finish   string         `json:"finish_reason"`
	Message  *wireSaid      `json:"message"`
	Usage    *wireUsage     `json:"usage"`
	Logprobs []wireLogprobs `json:"logprobs"`
}

// wireSaid is the message of an answer, or what an event adds to it. In events
// content, calls and citations are objects, in whole answers lists of them.
type wireSaid struct {
	Content   oneOrMany[wireBlock]    `json:"content"`
	Plan      string                  `json:"tool_plan"`
	Calls     oneOrMany[wireCall]     `json:"tool_calls"`
	Citations oneOrMany[wireCitation] `json:"citations"`
}

type wireCitation struct {
	Start   int64        `json:"start"`
	End     int64        `json:"end"`
	Text    string       `json:"text"`
	Sources []wireSource `json:"sources"`
	Content int          `json:"content_index"`
	Type    string       `json:"type"` // TEXT_CONTENT, THINKING_CONTENT or PLAN
}

type wireSource struct {
	ID       string `json:"id"`
	Document struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	} `json:"document"`
}

// wireLogprobs are the probabilities of the tokens of a piece of text.
type wireLogprobs struct {
	Text     string    `json:"text"`
	Logprobs []float64 `json:"logprobs"`
}

// wireEvent is an event of a stream, of any type.
type wireEvent struct {
	Type     string        `json:"type"`
	ID       string        `json:"id"`
	Index    int           `json:"index"`
	Logprobs *wireLogprobs `json:"logprobs"`
	Delta    struct {
		Message *wireSaid  `json:"message"`
		Finish  string     `json:"finish_reason"`
		Usage   *wireUsage `json:"usage"`
		Error   string     `json:"error"`
	} `json:"delta"`
	Message llm.Raw `json:"message"` // of an error
}

type wireUsage struct {
	Billed *wireCounts `json:"billed_units"`
	Tokens *wireCounts `json:"tokens"`
	Cached float64     `json:"cached_tokens"`
}

type wireCounts struct {
	Input  float64 `json:"input_tokens"`
	Output float64 `json:"output_tokens"`
}

// canonical reads the counts. Cohere adds instructions of its own to prompts
// and bills only what the caller wrote: what is billed is what was used. Only
// where it says nothing of that, all the tokens are.
func (u *wireUsage) canonical() *llm.Usage {
	if u == nil || u.Billed == nil && u.Tokens == nil {
		return nil
	}
	c := &llm.Usage{InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
	if u.Billed != nil {
		c.Input, c.Output = int64(u.Billed.Input), int64(u.Billed.Output)
	} else {
		c.CacheRead = int64(min(u.Cached, u.Tokens.Input))
		c.Input, c.Output = int64(u.Tokens.Input)-c.CacheRead, int64(u.Tokens.Output)
	}
	c.Total = c.Prompt() + c.Output
	return c
}

// oneOrMany is a list, or a single element in its place.
type oneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	switch jsontext.Value(b).Kind() {
	case 'n':
		*l = nil
		return nil
	case '[':
		return json.Unmarshal(b, (*[]T)(l), lenient)
	case '"': // content may be a text alone
		return nil
	}
	var one T
	if err := json.Unmarshal(b, &one, lenient); err != nil {
		return err
	}
	*l = oneOrMany[T]{one}
	return nil
}
