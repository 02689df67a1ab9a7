package gemini

import (
	"github.com/posthouse/posthouse/proxy/llm"
)

// wireUsage is usageMetadata. The prompt's count holds what came from the
// cache, but not what tools Google ran added; the candidates' count is without
// thoughts.
type wireUsage struct {
	Prompt        *int64     `json:"promptTokenCount,omitzero"`
	Candidates    *int64     `json:"candidatesTokenCount,omitzero"`
	Thoughts      int64      `json:"thoughtsTokenCount,omitzero"`
	Cached        int64      `json:"cachedContentTokenCount,omitzero"`
	ToolPrompt    int64      `json:"toolUsePromptTokenCount,omitzero"`
	Total         int64      `json:"totalTokenCount,omitzero"`
	PromptDetails []modality `json:"promptTokensDetails,omitempty"`
	OutputDetails []modality `json:"candidatesTokensDetails,omitempty"`
}

// modality is the tokens of one kind of content.
type modality struct {
	Kind   string `json:"modality"`
	Tokens int64  `json:"tokenCount"`
}

// usage reads the counts off an answer or an event.
func usage(data []byte) (llm.Usage, bool) {
	var q quick
	if r, ok := q.read(data); ok && r.Usage != nil {
		return r.Usage.canonical()
	}
	var answer struct {
		Usage *wireUsage `json:"usageMetadata"`
	}
	if unmarshal(data, &answer) != nil || answer.Usage == nil {
		return llm.Usage{}, false
	}
	return answer.Usage.canonical()
}

func (u *wireUsage) canonical() (llm.Usage, bool) {
	if u.Prompt == nil && u.Candidates == nil && u.Total == 0 {
		return llm.Usage{}, false
	}
	c := llm.Usage{CacheRead: u.Cached, Reasoning: u.Thoughts, Total: u.Total}
	if u.Prompt != nil {
		c.Input = max(0, *u.Prompt-u.Cached) + u.ToolPrompt
		c.InputFrom = llm.FromProvider
	}
	c.Output = u.Thoughts
	if u.Candidates != nil {
		c.Output += *u.Candidates
	}
	if u.Candidates != nil || u.Thoughts > 0 {
		c.OutputFrom = llm.FromProvider
	}
	c.AudioIn, c.AudioOut = audio(u.PromptDetails), audio(u.OutputDetails)
	if c.Total == 0 {
		c.Total = c.Prompt() + c.Output
	}
	return c, true
}

func audio(kinds []modality) (tokens int64) {
	for _, m := range kinds {
		if m.Kind == "AUDIO" {
			tokens += m.Tokens
		}
	}
	return tokens
}

// wireOf writes counts as Google does.
func wireOf(u *llm.Usage) *wireUsage {
	if u == nil {
		return nil
	}
	prompt, candidates := u.Prompt(), max(0, u.Output-u.Reasoning)
	w := &wireUsage{Prompt: &prompt, Candidates: &candidates, Thoughts: u.Reasoning, Cached: u.CacheRead, Total: u.Total}
	if w.Total == 0 {
		w.Total = prompt + u.Output
	}
	w.PromptDetails = details(prompt, u.AudioIn)
	w.OutputDetails = details(candidates, u.AudioOut)
	return w
}

// details splits a count into text and audio, where there is audio.
func details(all, audio int64) []modality {
	if audio <= 0 {
		return nil
	}
	return []modality{{"TEXT", max(0, all-audio)}, {"AUDIO", audio}}
}
