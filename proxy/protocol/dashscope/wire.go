package dashscope

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
)

// lenient reads and writes what the world sends, the same each time.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// wireRequest is a request for a generation.
type wireRequest struct {
	Model string `json:"model"`
	Input struct {
		Messages []wireMessage `json:"messages"`
	} `json:"input"`
	Parameters wireParameters `json:"parameters"`
}

type wireParameters struct {
	ResultFormat string `json:"result_format"`
	Incremental  bool   `json:"incremental_output,omitzero"`

	MaxTokens       *int64   `json:"max_tokens,omitzero"`
	Temperature     *float64 `json:"temperature,omitzero"`
	TopP            *float64 `json:"top_p,omitzero"`
	TopK            *int64   `json:"top_k,omitzero"`
	PresencePenalty *float64 `json:"presence_penalty,omitzero"`
	Seed            *int64   `json:"seed,omitzero"`
	Stop            []string `json:"stop,omitempty"`
	Logprobs        *bool    `json:"logprobs,omitzero"`
	TopLogprobs     *int64   `json:"top_logprobs,omitzero"`

	Tools    []wireTool  `json:"tools,omitempty"`
	Choice   llm.Raw     `json:"tool_choice,omitzero"`
	Parallel *bool       `json:"parallel_tool_calls,omitzero"`
	Format   *wireFormat `json:"response_format,omitzero"`
	Think    *bool       `json:"enable_thinking,omitzero"`
	Budget   *int64      `json:"thinking_budget,omitzero"`

	Extra map[string]llm.Raw `json:",embed"` // words of DashScope's own
}

type wireFormat struct {
	Type string `json:"type"`
}

type wireTool struct {
	Type     string       `json:"type"`
	Function wireFunction `json:"function"`
}

type wireFunction struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitzero"`
	Parameters  llm.Raw `json:"parameters,omitzero"`
}

// wireMessage is a message, as it is sent.
type wireMessage struct {
	Role     string             `json:"role"`
	Content  llm.Raw            `json:"content"` // a text, or a list of parts
	Calls    []wireCall         `json:"tool_calls,omitempty"`
	ToolCall string             `json:"tool_call_id,omitzero"`
	Extra    map[string]llm.Raw `json:",embed"` // the mark of an unfinished message
}

// wirePart is a part of a message to a model that sees: one of its fields.
type wirePart struct {
	Text  *string `json:"text,omitzero"`
	Image string  `json:"image,omitzero"` // an address, or a data: URL
	Video string  `json:"video,omitzero"`
	Audio string  `json:"audio,omitzero"`
}

type wireCall struct {
	Index    *int       `json:"index,omitzero"` // in answers
	ID       string     `json:"id,omitzero"`
	Type     string     `json:"type,omitzero"`
	Function wireCalled `json:"function"`
}

type wireCalled struct {
	Name      string `json:"name,omitzero"`
	Arguments string `json:"arguments"`
}

// wireAnswer is a whole answer, an event of a stream, or an error.
type wireAnswer struct {
	ID     string `json:"request_id"`
	Output *struct {
		Choices []struct {
			Finish   string   `json:"finish_reason"` // "null" before the end
			Message  wireSaid `json:"message"`
			Logprobs llm.Raw  `json:"logprobs"`
		} `json:"choices"`
		Search *struct {
			Results []wireSource `json:"search_results"`
		} `json:"search_info"`
	} `json:"output"`
	Usage *wireUsage `json:"usage"`

	Code    string `json:"code"`
	Message string `json:"message"`
}

type wireSaid struct {
	Content  llm.Raw    `json:"content"`
	Thinking string     `json:"reasoning_content"`
	Calls    []wireCall `json:"tool_calls"`
}

// text is what a message says, as a text or as a list of parts.
func (w *wireSaid) text() string {
	var text string
	if json.Unmarshal(w.Content, &text, lenient) == nil {
		return text
	}
	var parts []wirePart
	if json.Unmarshal(w.Content, &parts, lenient) != nil {
		return ""
	}
	for _, p := range parts {
		if p.Text != nil {
			text += *p.Text
		}
	}
	return text
}

type wireSource struct {
	URL   string `json:"url"`
	Title string `json:"title"`
}

// wireUsage counts tokens: input includes what came from the cache.
type wireUsage struct {
	Input  *int64 `json:"input_tokens"`
	Output int64  `json:"output_tokens"`
	Total  int64  `json:"total_tokens"`
	Prompt struct {
		Cached  int64 `json:"cached_tokens"`
		Created int64 `json:"cache_creation_input_tokens"`
	} `json:"prompt_tokens_details"`
	Details struct {
		Reasoning int64 `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
}

func (u *wireUsage) canonical() *llm.Usage {
	if u == nil || u.Input == nil {
		return nil
	}
	c := &llm.Usage{
		CacheRead: u.Prompt.Cached, CacheWrite: u.Prompt.Created, Output: u.Output, Reasoning: u.Details.Reasoning,
		InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider,
	}
	c.Input = max(*u.Input-c.CacheRead-c.CacheWrite, 0)
	c.Total = c.Prompt() + c.Output
	return c
}
