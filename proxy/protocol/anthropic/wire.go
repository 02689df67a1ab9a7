package anthropic

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
)

// lenient reads and writes what the world sends: half surrogates from
// JavaScript and doubled names in schemas are no reason to refuse a call.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// wireRequest is a Messages request. Extra is everything else the dialect has:
// context_management, container, mcp_servers, speed, ….
type wireRequest struct {
	AnthropicVersion string             `json:"anthropic_version,omitzero"` // in the body at Bedrock and Vertex only
	Model            string             `json:"model,omitzero"`
	MaxTokens        *int64             `json:"max_tokens,omitzero"`
	System           content            `json:"system,omitzero"`
	Messages         []wireMessage      `json:"messages,omitzero"`
	Tools            []wireTool         `json:"tools,omitzero"`
	ToolChoice       *wireToolChoice    `json:"tool_choice,omitzero"`
	Thinking         *wireThinking      `json:"thinking,omitzero"`
	OutputConfig     *wireOutputConfig  `json:"output_config,omitzero"`
	OutputFormat     *wireFormat        `json:"output_format,omitzero"` // as it was called in beta
	Temperature      *float64           `json:"temperature,omitzero"`
	TopP             *float64           `json:"top_p,omitzero"`
	TopK             *int64             `json:"top_k,omitzero"`
	StopSequences    []string           `json:"stop_sequences,omitzero"`
	Metadata         *wireMetadata      `json:"metadata,omitzero"`
	ServiceTier      string             `json:"service_tier,omitzero"`
	Stream           bool               `json:"stream,omitzero"`
	Extra            map[string]llm.Raw `json:",embed"`
}

type wireMessage struct {
	Role    string             `json:"role"`
	Content content            `json:"content"`
	Extra   map[string]llm.Raw `json:",embed"`
}

type wireTool struct {
	Type         string             `json:"type,omitzero"`
	Name         string             `json:"name,omitzero"`
	Description  string             `json:"description,omitzero"`
	InputSchema  llm.Raw            `json:"input_schema,omitzero"`
	Strict       *bool              `json:"strict,omitzero"`
	CacheControl *wireCache         `json:"cache_control,omitzero"`
	Extra        map[string]llm.Raw `json:",embed"`

	raw llm.Raw // a tool the vendor runs itself, as it was written
}

// plainTool is wireTool without its methods.
type plainTool wireTool

// UnmarshalJSONFrom keeps the whole text of a tool that is not the caller's.
func (t *wireTool) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, (*plainTool)(t), lenient); err != nil {
		return err
	}
	if t.Type != "" && t.Type != "custom" {
		t.raw = raw.Clone()
	}
	return nil
}

// MarshalJSONTo writes a vendor's own tool as it was written.
func (t wireTool) MarshalJSONTo(enc *jsontext.Encoder) error {
	if t.raw != nil {
		return enc.WriteValue(t.raw)
	}
	return json.MarshalEncode(enc, plainTool(t))
}

type wireToolChoice struct {
	Type            string `json:"type"`
	Name            string `json:"name,omitzero"`
	DisableParallel *bool  `json:"disable_parallel_tool_use,omitzero"`
}

type wireThinking struct {
	Type    string             `json:"type"`
	Budget  *int64             `json:"budget_tokens,omitzero"`
	Display string             `json:"display,omitzero"`
	Extra   map[string]llm.Raw `json:",embed"`
}

type wireOutputConfig struct {
	Effort string             `json:"effort,omitzero"`
	Format *wireFormat        `json:"format,omitzero"`
	Extra  map[string]llm.Raw `json:",embed"`
}

type wireFormat struct {
	Type   string  `json:"type"`
	Schema llm.Raw `json:"schema,omitzero"`
}

type wireMetadata struct {
	UserID string             `json:"user_id,omitzero"`
	Extra  map[string]llm.Raw `json:",embed"`
}

type wireCache struct {
	Type string `json:"type"`
	TTL  string `json:"ttl,omitzero"`
}

type wireSource struct {
	Type      string  `json:"type"`
	MediaType string  `json:"media_type,omitzero"`
	Data      string  `json:"data,omitzero"`
	URL       string  `json:"url,omitzero"`
	FileID    string  `json:"file_id,omitzero"`
	Content   llm.Raw `json:"content,omitzero"`
}

// content is a list of blocks; text alone stands for one block of it.
type content []wireBlock

// UnmarshalJSONFrom reads a string or a list.
func (c *content) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '"' {
		var text string
		if err := json.UnmarshalDecode(dec, &text); err != nil {
			return err
		}
		*c = content{{Type: "text", Text: &text}}
		return nil
	}
	return json.UnmarshalDecode(dec, (*[]wireBlock)(c))
}

// wireBlock is a block of content of any type, in requests and in answers.
type wireBlock struct {
	Type         string             `json:"type"`
	Text         *string            `json:"text,omitzero"`
	Thinking     *string            `json:"thinking,omitzero"`
	Signature    *string            `json:"signature,omitzero"`
	Data         string             `json:"data,omitzero"`
	ID           string             `json:"id,omitzero"`
	Name         string             `json:"name,omitzero"`
	Input        llm.Raw            `json:"input,omitzero"`
	ToolUseID    string             `json:"tool_use_id,omitzero"`
	Content      content            `json:"content,omitzero"`
	IsError      bool               `json:"is_error,omitzero"`
	Source       *wireSource        `json:"source,omitzero"`
	Title        string             `json:"title,omitzero"`
	Citations    llm.Raw            `json:"citations,omitzero"`
	CacheControl *wireCache         `json:"cache_control,omitzero"`
	Extra        map[string]llm.Raw `json:",embed"`

	raw llm.Raw // a block that only this dialect knows, as it was written
}

// plainBlock is wireBlock without its methods.
type plainBlock wireBlock

// UnmarshalJSONFrom keeps the whole text of a block of a type that has no
// canonical form.
func (b *wireBlock) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head, lenient); err != nil {
		return err
	}
	switch head.Type {
	case "text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking":
		return json.Unmarshal(raw, (*plainBlock)(b), lenient)
	}
	b.Type, b.raw = head.Type, raw.Clone()
	return nil
}

// MarshalJSONTo writes a foreign block as it was written.
func (b wireBlock) MarshalJSONTo(enc *jsontext.Encoder) error {
	if b.raw != nil {
		return enc.WriteValue(b.raw)
	}
	return json.MarshalEncode(enc, plainBlock(b))
}

// wireCitation is what a text block cites, of any type.
type wireCitation struct {
	Type           string  `json:"type"`
	CitedText      string  `json:"cited_text"`
	URL            string  `json:"url,omitzero"`
	Title          *string `json:"title,omitzero"`
	DocumentTitle  *string `json:"document_title,omitzero"`
	EncryptedIndex *string `json:"encrypted_index,omitzero"`
}

// wireMessageAnswer is a whole answer, and the message of message_start.
type wireMessageAnswer struct {
	ID           string             `json:"id"`
	Type         string             `json:"type"`
	Role         string             `json:"role"`
	Model        string             `json:"model"`
	Content      content            `json:"content"`
	StopReason   *string            `json:"stop_reason"`
	StopSequence *string            `json:"stop_sequence"`
	Usage        *wireUsage         `json:"usage"`
	Extra        map[string]llm.Raw `json:",embed"`
}

// wireEvent is an event of a stream, of any type.
type wireEvent struct {
	Type    string             `json:"type"`
	Index   int                `json:"index"`
	Message *wireMessageAnswer `json:"message"`
	Block   *wireBlock         `json:"content_block"`
	Delta   *wireDelta         `json:"delta"`
	Usage   *wireUsage         `json:"usage"`
}

// wireDelta is what content_block_delta and message_delta add.
type wireDelta struct {
	Type         string             `json:"type"`
	Text         string             `json:"text"`
	Thinking     string             `json:"thinking"`
	Signature    string             `json:"signature"`
	PartialJSON  string             `json:"partial_json"`
	Citation     llm.Raw            `json:"citation"`
	StopReason   *string            `json:"stop_reason"`
	StopSequence *string            `json:"stop_sequence"`
	Extra        map[string]llm.Raw `json:",embed"`
}
