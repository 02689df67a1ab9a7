package openai

import (
	"encoding/json"

	"github.com/posthouse/posthouse/proxy/llm"
)

// wireUsage is the usage object in every spelling the vendors use: chat's and
// the Responses API's names, DeepSeek's cache fields, Moonshot's.
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

func (u *wireUsage) canonical() (llm.Usage, bool) {
	prompt, out := first(u.PromptTokens, u.InputTokens), first(u.CompletionTokens, u.OutputTokens)
	if prompt == nil && out == nil && u.TotalTokens == 0 {
		return llm.Usage{}, false
	}
	c := llm.Usage{
		CacheRead:  max(u.PromptDetails.Cached, u.InputDetails.Cached, u.CacheHit, u.Cached),
		CacheWrite: max(u.PromptDetails.CacheWrite, u.InputDetails.CacheWrite),
		Reasoning:  max(u.CompletionDetails.Reasoning, u.OutputDetails.Reasoning),
		AudioIn:    max(u.PromptDetails.Audio, u.InputDetails.Audio),
		AudioOut:   max(u.CompletionDetails.Audio, u.OutputDetails.Audio),
		Total:      u.TotalTokens,
	}
	if prompt != nil {
		c.Input = max(0, *prompt-c.CacheRead-c.CacheWrite)
	}
	if out != nil {
		c.Output = *out
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

func first(vs ...*int64) *int64 {
	for _, v := range vs {
		if v != nil {
			return v
		}
	}
	return nil
}
