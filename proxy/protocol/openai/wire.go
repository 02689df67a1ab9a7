package openai

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient are the rules by which bodies are read: what one parser takes and
// another refuses (a key given twice, a broken character in a text) is no
// reason to fail a call.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// wireRequest is a chat completion as it is asked for. Names beyond OpenAI's
// own are those of vendors that imitate it, each with its inventor.
type wireRequest struct {
	Model    string        `json:"model"`
	Messages []wireMessage `json:"messages"`
	Stream   *bool         `json:"stream,omitzero"`

	StreamOptions *wireStreamOptions `json:"stream_options,omitzero"`

	MaxCompletionTokens *int64           `json:"max_completion_tokens,omitzero"`
	MaxTokens           *int64           `json:"max_tokens,omitzero"`
	Temperature         *float64         `json:"temperature,omitzero"`
	TopP                *float64         `json:"top_p,omitzero"`
	TopK                *int64           `json:"top_k,omitzero"` // vLLM, Qwen, OpenRouter
	MinP                *float64         `json:"min_p,omitzero"` // vLLM, OpenRouter
	FrequencyPenalty    *float64         `json:"frequency_penalty,omitzero"`
	PresencePenalty     *float64         `json:"presence_penalty,omitzero"`
	Seed                *int64           `json:"seed,omitzero"`
	N                   *int64           `json:"n,omitzero"`
	Stop                jsontext.Value   `json:"stop,omitzero"` // a string or a list
	LogitBias           jsontext.Value   `json:"logit_bias,omitzero"`
	Logprobs            *bool            `json:"logprobs,omitzero"`
	TopLogprobs         *int64           `json:"top_logprobs,omitzero"`
	Tools               []jsontext.Value `json:"tools,omitzero"`
	ToolChoice          jsontext.Value   `json:"tool_choice,omitzero"`
	ParallelToolCalls   *bool            `json:"parallel_tool_calls,omitzero"`
	Functions           []wireFunction   `json:"functions,omitzero"` // before tools
	FunctionCall        jsontext.Value   `json:"function_call,omitzero"`
	ResponseFormat      *wireFormat      `json:"response_format,omitzero"`

	ReasoningEffort *string        `json:"reasoning_effort,omitzero"`
	Reasoning       *wireReasoning `json:"reasoning,omitzero"`       // OpenRouter
	Thinking        *wireThinking  `json:"thinking,omitzero"`        // DeepSeek, Ark, GLM, Kimi
	EnableThinking  *bool          `json:"enable_thinking,omitzero"` // Qwen
	ThinkingBudget  *int64         `json:"thinking_budget,omitzero"` // Qwen

	Verbosity      string            `json:"verbosity,omitzero"`
	Modalities     []string          `json:"modalities,omitzero"`
	User           string            `json:"user,omitzero"`
	PromptCacheKey string            `json:"prompt_cache_key,omitzero"`
	ServiceTier    string            `json:"service_tier,omitzero"`
	Metadata       map[string]string `json:"metadata,omitzero"`

	Extra map[string]jsontext.Value `json:",embed"`
}

type wireStreamOptions struct {
	IncludeUsage *bool                     `json:"include_usage,omitzero"`
	Extra        map[string]jsontext.Value `json:",embed"`
}

type wireReasoning struct {
	Effort    string                    `json:"effort,omitzero"`
	MaxTokens *int64                    `json:"max_tokens,omitzero"`
	Enabled   *bool                     `json:"enabled,omitzero"`
	Exclude   *bool                     `json:"exclude,omitzero"`
	Summary   string                    `json:"summary,omitzero"`
	Extra     map[string]jsontext.Value `json:",embed"`
}

type wireThinking struct {
	Type         string                    `json:"type"` // enabled, disabled, auto, adaptive
	BudgetTokens *int64                    `json:"budget_tokens,omitzero"`
	Extra        map[string]jsontext.Value `json:",embed"`
}

type wireFormat struct {
	Type       string          `json:"type"`
	JSONSchema *wireJSONSchema `json:"json_schema,omitzero"`
}

type wireJSONSchema struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitzero"`
	Schema      jsontext.Value `json:"schema,omitzero"`
	Strict      *bool          `json:"strict,omitzero"`
}

// wireTool is a tool of one of the kinds that have canonical names.
type wireTool struct {
	Type         string        `json:"type"`
	Function     *wireFunction `json:"function,omitzero"`
	Custom       *wireCustom   `json:"custom,omitzero"`
	CacheControl *wireCache    `json:"cache_control,omitzero"` // Anthropic's, by way of OpenRouter and Qwen
}

type wireFunction struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitzero"`
	Parameters  jsontext.Value `json:"parameters,omitzero"`
	Strict      *bool          `json:"strict,omitzero"`
}

type wireCustom struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitzero"`
	Format      jsontext.Value `json:"format,omitzero"`
}

type wireCache struct {
	Type string `json:"type"`
	TTL  string `json:"ttl,omitzero"`
}

// wireMessage is a message of a conversation, as asked or as answered, or what
// a chunk of a stream adds to one.
type wireMessage struct {
	Role       string           `json:"role,omitzero"`
	Content    jsontext.Value   `json:"content,omitzero"` // a string, a list of parts, or null
	Name       string           `json:"name,omitzero"`
	ToolCallID string           `json:"tool_call_id,omitzero"`
	Refusal    *string          `json:"refusal,omitzero"`
	ToolCalls  []wireCall       `json:"tool_calls,omitzero"`
	Function   *wireCalled      `json:"function_call,omitzero"` // before tool_calls
	Audio      *wireAudioAnswer `json:"audio,omitzero"`
	Images     []wirePart       `json:"images,omitzero"` // OpenRouter

	ReasoningContent *string          `json:"reasoning_content,omitzero"` // DeepSeek and most others
	Reasoning        *string          `json:"reasoning,omitzero"`         // OpenRouter, Groq, vLLM, Ollama
	ReasoningDetails jsontext.Value   `json:"reasoning_details,omitzero"` // OpenRouter
	ThinkingBlocks   []wireThought    `json:"thinking_blocks,omitzero"`   // LiteLLM
	Annotations      []jsontext.Value `json:"annotations,omitzero"`
	CacheControl     *wireCache       `json:"cache_control,omitzero"`

	Extra map[string]jsontext.Value `json:",embed"`
}

// wireCall is a tool call, or what a chunk adds to one.
type wireCall struct {
	Index        *int           `json:"index,omitzero"`
	ID           string         `json:"id,omitzero"`
	Type         string         `json:"type,omitzero"`
	Function     *wireCalled    `json:"function,omitzero"`
	Custom       *wireCustomCal `json:"custom,omitzero"`
	CacheControl *wireCache     `json:"cache_control,omitzero"`
	ExtraContent *wireGoogle    `json:"extra_content,omitzero"`
}

type wireCalled struct {
	Name      string         `json:"name,omitzero"`
	Arguments jsontext.Value `json:"arguments,omitzero"` // a string; some vendors write the object itself
}

type wireCustomCal struct {
	Name  string `json:"name,omitzero"`
	Input string `json:"input"`
}

// wireGoogle is where Gemini keeps thought signatures in this dialect.
type wireGoogle struct {
	Google struct {
		ThoughtSignature string `json:"thought_signature,omitzero"`
	} `json:"google"`
}

type wireThought struct {
	Type      string `json:"type"` // thinking or redacted_thinking
	Thinking  string `json:"thinking,omitzero"`
	Signature string `json:"signature,omitzero"`
	Data      string `json:"data,omitzero"`
}

type wireAudioAnswer struct {
	ID         string `json:"id,omitzero"`
	Data       string `json:"data,omitzero"`
	ExpiresAt  int64  `json:"expires_at,omitzero"`
	Transcript string `json:"transcript,omitzero"`
}

// wirePart is a part of a message's content.
type wirePart struct {
	Type         string         `json:"type"`
	Text         *string        `json:"text,omitzero"`
	Refusal      *string        `json:"refusal,omitzero"`
	ImageURL     *wireURL       `json:"image_url,omitzero"`
	VideoURL     *wireURL       `json:"video_url,omitzero"` // Qwen, Kimi, vLLM
	AudioURL     *wireURL       `json:"audio_url,omitzero"` // vLLM
	InputAudio   *wireAudio     `json:"input_audio,omitzero"`
	File         *wireFile      `json:"file,omitzero"`
	Thinking     jsontext.Value `json:"thinking,omitzero"` // Mistral: a list of text parts
	CacheControl *wireCache     `json:"cache_control,omitzero"`
}

type wireAudio struct {
	Data   string `json:"data"`
	Format string `json:"format,omitzero"`
}

type wireFile struct {
	FileData string `json:"file_data,omitzero"`
	FileID   string `json:"file_id,omitzero"`
	Filename string `json:"filename,omitzero"`
}

// wireURL is an address with a level of detail. Some clients write the string
// alone.
type wireURL struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitzero"`
}

// UnmarshalJSON takes both forms.
func (u *wireURL) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &u.URL, lenient)
	}
	type plain wireURL
	return json.Unmarshal(b, (*plain)(u), lenient)
}

// wireAnswer is a chat completion, or a chunk of one, as vendors write it.
type wireAnswer struct {
	ID      string         `json:"id"`
	Created jsontext.Value `json:"created"` // some write 1.7e9
	Model   string         `json:"model"`
	Choices []wireChoice   `json:"choices"`
	Usage   *wireUsage     `json:"usage"`
	Tier    string         `json:"service_tier"`

	Extra map[string]jsontext.Value `json:",embed"`
}

type wireChoice struct {
	Index    int            `json:"index"`
	Message  *wireMessage   `json:"message,omitzero"`
	Delta    *wireMessage   `json:"delta,omitzero"`
	Logprobs jsontext.Value `json:"logprobs,omitzero"`
	Finish   *string        `json:"finish_reason"`
	Stopped  jsontext.Value `json:"stop_reason,omitzero"` // vLLM: the stop sequence that was met
	Usage    *wireUsage     `json:"usage,omitzero"`       // older Moonshot
}

// decode reads a value that was found to be JSON already.
func decode(v jsontext.Value, into any) error { return json.Unmarshal(v, into, lenient) }
