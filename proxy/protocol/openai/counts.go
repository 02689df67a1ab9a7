package openai

import "github.com/posthouse/posthouse/proxy/llm"

// wireCounts is the usage object as this dialect's answers show it.
type wireCounts struct {
	Prompt     int64       `json:"prompt_tokens"`
	Completion int64       `json:"completion_tokens"`
	Total      int64       `json:"total_tokens"`
	In         countedIn   `json:"prompt_tokens_details"`
	Out        *countedOut `json:"completion_tokens_details,omitzero"`
}

type countedIn struct {
	Cached     int64 `json:"cached_tokens"`
	CacheWrite int64 `json:"cache_write_tokens,omitzero"`
	Audio      int64 `json:"audio_tokens,omitzero"`
}

type countedOut struct {
	Reasoning int64 `json:"reasoning_tokens"`
	Audio     int64 `json:"audio_tokens,omitzero"`
}

// counts writes what an answer consumed.
func counts(u *llm.Usage) *wireCounts {
	if u == nil {
		return nil
	}
	w := &wireCounts{
		Prompt: u.Prompt(), Completion: u.Output, Total: u.Prompt() + u.Output,
		In:  countedIn{Cached: u.CacheRead, CacheWrite: u.CacheWrite, Audio: u.AudioIn},
		Out: &countedOut{Reasoning: u.Reasoning, Audio: u.AudioOut},
	}
	return w
}
