package openai

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// wireUsage is the usage object in every spelling the vendors use: chat's and
// the Responses API's names, DeepSeek's cache fields, Moonshot's, transcriptions'.
type wireUsage struct {
	PromptTokens     *int64 `json:"prompt_tokens"`
	CompletionTokens *int64 `json:"completion_tokens"`
	InputTokens      *int64 `json:"input_tokens"`
	OutputTokens     *int64 `json:"output_tokens"`
	TotalTokens      int64  `json:"total_tokens"`

	PromptDetails     wireDetails `json:"prompt_tokens_details"`
	InputDetails      wireDetails `json:"input_tokens_details"`
	CompletionDetails wireDetails `json:"completion_tokens_details"`
	OutputDetails     wireDetails `json:"output_tokens_details"`
	HeardDetails      wireDetails `json:"input_token_details"` // transcriptions
	Seconds           float64     `json:"seconds"`             // transcriptions billed by time

	CacheHit int64 `json:"prompt_cache_hit_tokens"` // DeepSeek
	Cached   int64 `json:"cached_tokens"`           // Moonshot
}

type wireDetails struct {
	Cached     int64 `json:"cached_tokens"`
	CacheWrite int64 `json:"cache_write_tokens"`
	Reasoning  int64 `json:"reasoning_tokens"`
	Audio      int64 `json:"audio_tokens"`
}

// usage reads the counts off an answer or an event. In a chat answer they are
// at the top, in older Moonshot streams in the choice, in the Responses API's
// events in the response.
func usage(data []byte) (llm.Usage, bool) {
	if !bytes.Contains(data, []byte(`"usage"`)) {
		return llm.Usage{}, false
	}
	if u, ok := topUsage(data); ok {
		return u.canonical()
	}
	var answer struct {
		Usage    *wireUsage `json:"usage"`
		Response struct {
			Usage *wireUsage `json:"usage"`
		} `json:"response"`
		Choices []struct {
			Usage *wireUsage `json:"usage"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return llm.Usage{}, false
	}
	u := answer.Usage
	if u == nil {
		u = answer.Response.Usage
	}
	if u == nil && len(answer.Choices) > 0 {
		u = answer.Choices[0].Usage
	}
	if u == nil {
		return llm.Usage{}, false
	}
	return u.canonical()
}

// topUsage reads the counts that stand at the top, where nearly all answers
// have them, without decoding the rest.
func topUsage(data []byte) (u *wireUsage, ok bool) {
	var value []byte
	_ = rawjson.Fields(data, func(f rawjson.Field) error { // what is no object has no counts
		if string(f.Key) == "usage" {
			value = f.Value(data)
		}
		return nil
	})
	if len(value) == 0 || value[0] != '{' {
		return nil, false
	}
	u = &wireUsage{}
	if u.scan(value) {
		return u, true
	}
	*u = wireUsage{}
	return u, json.Unmarshal(value, u) == nil
}

// scan reads counts as nearly all vendors write them, plain numbers, in a
// fraction of the time that decoding takes: it happens in every call. It
// reports false for anything else.
func (u *wireUsage) scan(value []byte) bool {
	plain := true
	err := rawjson.Fields(value, func(f rawjson.Field) error {
		v := f.Value(value)
		switch string(f.Key) {
		case "prompt_tokens":
			u.PromptTokens = optional(v, &plain)
		case "completion_tokens":
			u.CompletionTokens = optional(v, &plain)
		case "input_tokens":
			u.InputTokens = optional(v, &plain)
		case "output_tokens":
			u.OutputTokens = optional(v, &plain)
		case "total_tokens":
			u.TotalTokens = plainCount(v, &plain)
		case "prompt_tokens_details":
			u.PromptDetails.scan(v, &plain)
		case "input_tokens_details":
			u.InputDetails.scan(v, &plain)
		case "completion_tokens_details":
			u.CompletionDetails.scan(v, &plain)
		case "output_tokens_details":
			u.OutputDetails.scan(v, &plain)
		case "input_token_details":
			u.HeardDetails.scan(v, &plain)
		case "prompt_cache_hit_tokens":
			u.CacheHit = plainCount(v, &plain)
		case "cached_tokens":
			u.Cached = plainCount(v, &plain)
		case "seconds":
			plain = false // a fraction
		default:
			plain = plain && !oddKey(f.Key)
		}
		return nil
	})
	return err == nil && plain
}

func (d *wireDetails) scan(value []byte, plain *bool) {
	if string(value) == "null" {
		return
	}
	err := rawjson.Fields(value, func(f rawjson.Field) error {
		v := f.Value(value)
		switch string(f.Key) {
		case "cached_tokens":
			d.Cached = plainCount(v, plain)
		case "cache_write_tokens":
			d.CacheWrite = plainCount(v, plain)
		case "reasoning_tokens":
			d.Reasoning = plainCount(v, plain)
		case "audio_tokens":
			d.Audio = plainCount(v, plain)
		default:
			*plain = *plain && !oddKey(f.Key)
		}
		return nil
	})
	*plain = *plain && err == nil
}

// oddKey reports whether a decoder might take a key for one of ours that is
// spelt otherwise here: with escapes, or in another case.
func oddKey(key []byte) bool {
	for _, c := range key {
		if c == '\\' || 'A' <= c && c <= 'Z' || c >= 0x80 {
			return true
		}
	}
	return false
}

// optional is a count that may be missing.
func optional(value []byte, plain *bool) *int64 {
	if string(value) == "null" {
		return nil
	}
	n := plainCount(value, plain)
	return &n
}

// plainCount reads a number written in digits alone; null is 0.
func plainCount(value []byte, plain *bool) (n int64) {
	if string(value) == "null" {
		return 0
	}
	if len(value) == 0 || len(value) > 15 {
		*plain = false
		return 0
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			*plain = false
			return 0
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

func (u *wireUsage) canonical() (llm.Usage, bool) {
	prompt, out := first(u.PromptTokens, u.InputTokens), first(u.CompletionTokens, u.OutputTokens)
	if prompt == nil && out == nil && u.TotalTokens == 0 && u.Seconds == 0 {
		return llm.Usage{}, false
	}
	c := llm.Usage{
		CacheRead:   max(u.PromptDetails.Cached, u.InputDetails.Cached, u.CacheHit, u.Cached),
		CacheWrite:  max(u.PromptDetails.CacheWrite, u.InputDetails.CacheWrite),
		Reasoning:   max(u.CompletionDetails.Reasoning, u.OutputDetails.Reasoning),
		AudioIn:     max(u.PromptDetails.Audio, u.InputDetails.Audio, u.HeardDetails.Audio),
		AudioOut:    max(u.CompletionDetails.Audio, u.OutputDetails.Audio),
		AudioMillis: int64(math.Round(min(max(u.Seconds, 0), maxSeconds) * 1000)),
		Total:       u.TotalTokens,
	}
	if prompt == nil && out == nil && u.TotalTokens > 0 {
		prompt = &u.TotalTokens // rerankers and embedders that say no more
	}
	if prompt != nil {
		c.Input = max(0, *prompt-c.CacheRead-c.CacheWrite)
		c.InputFrom, c.OutputFrom = llm.FromProvider, llm.FromProvider // embeddings have no output, and leave it out
	}
	if out != nil {
		c.Output, c.OutputFrom = *out, llm.FromProvider
	}
	// xAI counts reasoning outside completion_tokens but inside the total.
	if prompt != nil && c.Reasoning > 0 && c.Total == *prompt+c.Output+c.Reasoning {
		c.Output += c.Reasoning
	}
	if c.Total == 0 {
		c.Total = c.Prompt() + c.Output
	}
	return c, true
}

// maxSeconds bounds what is believed of a recording's length.
const maxSeconds = 1e9

// imagesUsage reads the counts off an answer with pictures, of which every one
// counts too.
func imagesUsage(data []byte) (llm.Usage, bool) {
	var answer struct {
		Data  []struct{} `json:"data"`
		Usage *wireUsage `json:"usage"`
	}
	if json.Unmarshal(data, &answer) != nil {
		return llm.Usage{}, false
	}
	var u llm.Usage
	if answer.Usage != nil {
		u, _ = answer.Usage.canonical()
	}
	u.Images = int64(len(answer.Data))
	return u, u.Images > 0 || answer.Usage != nil
}

func first(vs ...*int64) *int64 {
	for _, v := range vs {
		if v != nil {
			return v
		}
	}
	return nil
}
