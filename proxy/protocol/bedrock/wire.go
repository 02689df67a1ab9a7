package bedrock

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
)

// lenient reads and writes what the world sends, as the other dialects do.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// wireRequest is a Converse request.
type wireRequest struct {
	Messages   []wireMessage      `json:"messages"`
	System     []wireBlock        `json:"system,omitzero"`
	Inference  *wireInference     `json:"inferenceConfig,omitzero"`
	Tools      *wireTools         `json:"toolConfig,omitzero"`
	Output     *wireOutput        `json:"outputConfig,omitzero"`
	Additional map[string]llm.Raw `json:"additionalModelRequestFields,omitempty"`
	Metadata   map[string]string  `json:"requestMetadata,omitempty"`
	Tier       *wireType          `json:"serviceTier,omitzero"`
	Extra      map[string]llm.Raw `json:",embed"` // guardrailConfig and other words of Bedrock's own
}

type wireType struct {
	Type string `json:"type"`
}

type wireMessage struct {
	Role    string      `json:"role"`
	Content []wireBlock `json:"content"`
}

type wireInference struct {
	MaxTokens   *int64   `json:"maxTokens,omitzero"`
	Temperature *float64 `json:"temperature,omitzero"`
	TopP        *float64 `json:"topP,omitzero"`
	Stop        []string `json:"stopSequences,omitzero"`
}

type wireTools struct {
	Tools  []wireTool  `json:"tools"`
	Choice *wireChoice `json:"toolChoice,omitzero"`
}

// wireTool is a tool, or a mark behind tools.
type wireTool struct {
	Spec  *wireSpec  `json:"toolSpec,omitzero"`
	Cache *wireCache `json:"cachePoint,omitzero"`
}

type wireSpec struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitzero"`
	Schema      wireSchema `json:"inputSchema"`
	Strict      *bool      `json:"strict,omitzero"`
}

type wireSchema struct {
	JSON llm.Raw `json:"json"`
}

// wireChoice is one of its fields.
type wireChoice struct {
	Auto *struct{}  `json:"auto,omitzero"`
	Any  *struct{}  `json:"any,omitzero"`
	Tool *wireNamed `json:"tool,omitzero"`
}

type wireNamed struct {
	Name string `json:"name"`
}

type wireOutput struct {
	Format wireFormat `json:"textFormat"`
}

type wireFormat struct {
	Type      string        `json:"type"`
	Structure wireStructure `json:"structure"`
}

type wireStructure struct {
	Schema wireJSONSchema `json:"jsonSchema"`
}

type wireJSONSchema struct {
	Schema      string `json:"schema"` // JSON in a string
	Name        string `json:"name,omitzero"`
	Description string `json:"description,omitzero"`
}

type wireCache struct {
	Type string `json:"type"`
	TTL  string `json:"ttl,omitzero"`
}

// wireBlock is a block of content: one of its fields.
type wireBlock struct {
	Text      *string        `json:"text,omitzero"`
	Image     *wireMedia     `json:"image,omitzero"`
	Document  *wireMedia     `json:"document,omitzero"`
	Video     *wireMedia     `json:"video,omitzero"`
	ToolUse   *wireToolUse   `json:"toolUse,omitzero"`
	Result    *wireResult    `json:"toolResult,omitzero"`
	Reasoning *wireReasoning `json:"reasoningContent,omitzero"`
	Cache     *wireCache     `json:"cachePoint,omitzero"`
	JSON      llm.Raw        `json:"json,omitzero"` // within a tool's result
	Cited     *wireCited     `json:"citationsContent,omitzero"`
}

type wireMedia struct {
	Name   string     `json:"name,omitzero"` // of a document
	Format string     `json:"format"`
	Source wireSource `json:"source"`
}

type wireSource struct {
	Bytes string  `json:"bytes,omitzero"`
	S3    *wireS3 `json:"s3Location,omitzero"`
}

type wireS3 struct {
	URI string `json:"uri"`
}

type wireToolUse struct {
	ID    string  `json:"toolUseId"`
	Name  string  `json:"name"`
	Input llm.Raw `json:"input,omitzero"`
}

type wireResult struct {
	ID      string      `json:"toolUseId"`
	Content []wireBlock `json:"content"`
	Status  string      `json:"status,omitzero"`
}

type wireReasoning struct {
	Text     *wireReasoned `json:"reasoningText,omitzero"`
	Redacted string        `json:"redactedContent,omitzero"`
}

type wireReasoned struct {
	Text      string `json:"text"`
	Signature string `json:"signature,omitzero"`
}

type wireCited struct {
	Content   []wireBlock    `json:"content"`
	Citations []wireCitation `json:"citations"`
}

type wireCitation struct {
	Title    string      `json:"title"`
	Source   string      `json:"source"`
	Content  []wireBlock `json:"sourceContent"`
	Location struct {
		Web *struct {
			URL string `json:"url"`
		} `json:"web"`
	} `json:"location"`
}

// wireAnswer is a whole answer.
type wireAnswer struct {
	Output struct {
		Message *wireMessage `json:"message"`
	} `json:"output"`
	Stop  string             `json:"stopReason"`
	Usage *wireUsage         `json:"usage"`
	Tier  *wireType          `json:"serviceTier"`
	Extra map[string]llm.Raw `json:",embed"`
}

// wireEvent is an event of a stream, of any type.
type wireEvent struct {
	Index int `json:"contentBlockIndex"`
	Start *struct {
		ToolUse *wireToolUse `json:"toolUse"`
	} `json:"start"`
	Delta *wireDelta `json:"delta"`
	Stop  string     `json:"stopReason"`
	Usage *wireUsage `json:"usage"`
	Tier  *wireType  `json:"serviceTier"`

	Message string `json:"message"` // of an exception
}

type wireDelta struct {
	Text    string `json:"text"`
	ToolUse *struct {
		Input string `json:"input"`
	} `json:"toolUse"`
	Reasoning *struct {
		Text      string `json:"text"`
		Signature string `json:"signature"`
		Redacted  string `json:"redactedContent"`
	} `json:"reasoningContent"`
	Citation *wireCitation `json:"citation"`
}

// wireUsage counts tokens: input excludes what the cache had or took.
type wireUsage struct {
	Input      int64 `json:"inputTokens"`
	Output     int64 `json:"outputTokens"`
	Total      int64 `json:"totalTokens"`
	CacheRead  int64 `json:"cacheReadInputTokens"`
	CacheWrite int64 `json:"cacheWriteInputTokens"`
	Details    []struct {
		TTL   string `json:"ttl"`
		Input int64  `json:"inputTokens"`
	} `json:"cacheDetails"`
}

func (u *wireUsage) canonical() *llm.Usage {
	if u == nil {
		return nil
	}
	c := &llm.Usage{
		Input: u.Input, Output: u.Output, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, Total: u.Total,
		InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider,
	}
	for _, d := range u.Details {
		if d.TTL == "1h" {
			c.CacheWrite1h += d.Input
		}
	}
	if sum := c.Prompt() + c.Output; c.Total < sum {
		c.Total = sum // some models leave the cache out of it
	}
	return c
}
