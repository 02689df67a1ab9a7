package responses

import "github.com/posthouse/posthouse/proxy/llm"

// request is the body of a call. Extra are fields without a name here.
type request struct {
	Model        string   `json:"model,omitempty"`
	Input        llm.Raw  `json:"input,omitzero"`
	Instructions llm.Raw  `json:"instructions,omitzero"`
	MaxTokens    *int64   `json:"max_output_tokens,omitzero"`
	Temperature  *float64 `json:"temperature,omitzero"`
	TopP         *float64 `json:"top_p,omitzero"`
	TopLogprobs  *int64   `json:"top_logprobs,omitzero"`

	Tools    []llm.Raw `json:"tools,omitempty"`
	Choice   llm.Raw   `json:"tool_choice,omitzero"`
	Parallel *bool     `json:"parallel_tool_calls,omitzero"`

	Reasoning *reasoning `json:"reasoning,omitzero"`
	Text      *text      `json:"text,omitzero"`
	Include   []string   `json:"include,omitempty"`

	Store        *bool   `json:"store,omitzero"`
	Previous     string  `json:"previous_response_id,omitempty"`
	Conversation llm.Raw `json:"conversation,omitzero"`
	Background   *bool   `json:"background,omitzero"`
	Prompt       llm.Raw `json:"prompt,omitzero"`
	Truncation   string  `json:"truncation,omitempty"`

	Stream   *bool             `json:"stream,omitzero"`
	CacheKey string            `json:"prompt_cache_key,omitempty"`
	Safety   string            `json:"safety_identifier,omitempty"`
	User     string            `json:"user,omitempty"`
	Tier     string            `json:"service_tier,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`

	Extra map[string]llm.Raw `json:",embed"`
}

type reasoning struct {
	Effort  string             `json:"effort,omitempty"`
	Summary string             `json:"summary,omitempty"`
	Older   string             `json:"generate_summary,omitempty"` // Summary, as it was called first
	Extra   map[string]llm.Raw `json:",embed"`
}

type text struct {
	Format    *format            `json:"format,omitzero"`
	Verbosity string             `json:"verbosity,omitempty"`
	Extra     map[string]llm.Raw `json:",embed"`
}

type format struct {
	Type        string  `json:"type"`
	Name        string  `json:"name,omitempty"`
	Description string  `json:"description,omitempty"`
	Schema      llm.Raw `json:"schema,omitzero"`
	Strict      *bool   `json:"strict,omitzero"`
}

// tool is a function, a tool of free text, a group of both, or what the vendor
// runs itself.
type tool struct {
	Type        string  `json:"type"`
	Name        string  `json:"name,omitempty"`
	Description string  `json:"description,omitempty"`
	Parameters  llm.Raw `json:"parameters,omitzero"`
	Strict      *bool   `json:"strict,omitzero"`
	Format      llm.Raw `json:"format,omitzero"` // of free text
	Tools       []tool  `json:"tools,omitempty"` // of a namespace
}

// item is one of the input or the output, as far as it has a canonical form.
type item struct {
	Type      string    `json:"type,omitempty"`
	ID        string    `json:"id,omitempty"`
	Status    string    `json:"status,omitempty"`
	Role      string    `json:"role,omitempty"`
	Content   llm.Raw   `json:"content,omitzero"` // of messages: text or parts; of reasoning: parts
	Summary   []content `json:"summary,omitzero"`
	Encrypted *string   `json:"encrypted_content,omitzero"`
	CallID    string    `json:"call_id,omitempty"`
	Name      string    `json:"name,omitempty"`
	Namespace string    `json:"namespace,omitempty"`
	Arguments *string   `json:"arguments,omitzero"`
	Text      *string   `json:"input,omitzero"` // of a custom call
	Output    llm.Raw   `json:"output,omitzero"`
}

// message is an item of words, as it is written.
type message struct {
	Type    string    `json:"type"`
	ID      string    `json:"id,omitempty"`
	Status  string    `json:"status,omitempty"`
	Role    string    `json:"role"`
	Content []content `json:"content"`
}

// content is a part of a message, of reasoning or of a call's output.
type content struct {
	Type        string    `json:"type"`
	Text        *string   `json:"text,omitzero"`
	Annotations []llm.Raw `json:"annotations,omitzero"`
	Logprobs    []llm.Raw `json:"logprobs,omitzero"`
	Refusal     *string   `json:"refusal,omitzero"`
	ImageURL    string    `json:"image_url,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	FileID      string    `json:"file_id,omitempty"`
	FileData    string    `json:"file_data,omitempty"`
	FileURL     string    `json:"file_url,omitempty"`
	Filename    string    `json:"filename,omitempty"`
	Audio       *audio    `json:"input_audio,omitzero"`
}

type audio struct {
	Data   string `json:"data"`
	Format string `json:"format,omitempty"`
}

// annotation is something said about a text.
type annotation struct {
	Type  string `json:"type"`
	URL   string `json:"url,omitempty"`
	Title string `json:"title"`
	Start int64  `json:"start_index"`
	End   int64  `json:"end_index"`
}

// answer is a response object as vendors write it.
type answer struct {
	ID         string      `json:"id"`
	Created    float64     `json:"created_at"`
	Status     string      `json:"status"`
	Error      *failure    `json:"error"`
	Incomplete *incomplete `json:"incomplete_details"`
	Model      string      `json:"model"`
	Output     []llm.Raw   `json:"output"`
	Usage      *counts     `json:"usage"`
	Tier       string      `json:"service_tier"`
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type incomplete struct {
	Reason string `json:"reason"`
}

// counts is what an answer consumed.
type counts struct {
	Input     int64      `json:"input_tokens"`
	InDetail  countedIn  `json:"input_tokens_details"`
	Output    int64      `json:"output_tokens"`
	OutDetail countedOut `json:"output_tokens_details"`
	Total     int64      `json:"total_tokens"`
}

type countedIn struct {
	Cached     int64 `json:"cached_tokens"`
	CacheWrite int64 `json:"cache_write_tokens,omitzero"`
}

type countedOut struct {
	Reasoning int64 `json:"reasoning_tokens"`
}

func (c *counts) canonical() *llm.Usage {
	if c == nil {
		return nil
	}
	u := &llm.Usage{
		Input: max(0, c.Input-c.InDetail.Cached-c.InDetail.CacheWrite), CacheRead: c.InDetail.Cached, CacheWrite: c.InDetail.CacheWrite,
		Output: c.Output, Reasoning: c.OutDetail.Reasoning, Total: c.Total,
		InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider,
	}
	if u.Total == 0 {
		u.Total = c.Input + c.Output
	}
	return u
}

func countsOf(u *llm.Usage) *counts {
	if u == nil {
		return nil
	}
	return &counts{
		Input: u.Prompt(), InDetail: countedIn{Cached: u.CacheRead, CacheWrite: u.CacheWrite},
		Output: u.Output, OutDetail: countedOut{Reasoning: u.Reasoning}, Total: u.Prompt() + u.Output,
	}
}
