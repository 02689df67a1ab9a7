package anthropic

import (
	"bytes"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
)

// wireUsage is Anthropic's usage object. In message_delta it is cumulative and
// holds only what changed, so that absence must be told from zero.
type wireUsage struct {
	InputTokens   *int64           `json:"input_tokens,omitzero"`
	CacheCreation *int64           `json:"cache_creation_input_tokens,omitzero"`
	CacheRead     *int64           `json:"cache_read_input_tokens,omitzero"`
	ByTTL         *wireCacheTokens `json:"cache_creation,omitzero"`
	OutputTokens  *int64           `json:"output_tokens,omitzero"`
	OutputDetails *wireOutTokens   `json:"output_tokens_details,omitzero"`
	ServiceTier   string           `json:"service_tier,omitzero"`
}

type wireCacheTokens struct {
	Minutes int64 `json:"ephemeral_5m_input_tokens"`
	Hour    int64 `json:"ephemeral_1h_input_tokens"`
}

type wireOutTokens struct {
	Thinking int64 `json:"thinking_tokens"`
}

// over fills what u leaves out from an earlier usage.
func (u *wireUsage) over(earlier *wireUsage) *wireUsage {
	if earlier == nil {
		return u
	}
	if u == nil {
		return earlier
	}
	merged := *earlier
	counts := []struct{ to, from **int64 }{
		{&merged.OutputTokens, &u.OutputTokens},
		{&merged.InputTokens, &u.InputTokens},
		{&merged.CacheCreation, &u.CacheCreation},
		{&merged.CacheRead, &u.CacheRead},
	}
	if u.promptless() {
		counts = counts[:1]
	}
	for _, f := range counts {
		if *f.from != nil {
			*f.to = *f.from
		}
	}
	if u.ByTTL != nil {
		merged.ByTTL = u.ByTTL
	}
	if u.OutputDetails != nil {
		merged.OutputDetails = u.OutputDetails
	}
	if u.ServiceTier != "" {
		merged.ServiceTier = u.ServiceTier
	}
	return &merged
}

// canonical is the usage in the gateway's words; nil where there is none.
func (u *wireUsage) canonical() *llm.Usage {
	if u == nil || u.InputTokens == nil && u.OutputTokens == nil {
		return nil
	}
	c := llm.Usage{
		Input: value(u.InputTokens), CacheRead: value(u.CacheRead), CacheWrite: value(u.CacheCreation), Output: value(u.OutputTokens),
		InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider,
	}
	if u.ByTTL != nil {
		c.CacheWrite1h = u.ByTTL.Hour
		c.CacheWrite = max(c.CacheWrite, u.ByTTL.Minutes+u.ByTTL.Hour)
	}
	if u.OutputDetails != nil {
		c.Reasoning = u.OutputDetails.Thinking
	}
	if u.promptless() {
		c.InputFrom = ""
	}
	if u.OutputTokens == nil {
		c.OutputFrom = ""
	}
	c.Total = c.Prompt() + c.Output
	return &c
}

// promptless reports whether nothing is said of the prompt. No prompt has no
// tokens: imitators write 0 where they do not know yet.
func (u *wireUsage) promptless() bool {
	return value(u.InputTokens)+value(u.CacheCreation)+value(u.CacheRead) == 0
}

// wireUsageOf writes a usage in Anthropic's words. Clients add the counts up, so
// the main ones are always there.
func wireUsageOf(u *llm.Usage, tier string) *wireUsage {
	if u == nil {
		u = &llm.Usage{}
	}
	w := &wireUsage{
		InputTokens: &u.Input, CacheCreation: &u.CacheWrite, CacheRead: &u.CacheRead, OutputTokens: &u.Output,
		ByTTL: &wireCacheTokens{Minutes: u.CacheWrite - u.CacheWrite1h, Hour: u.CacheWrite1h},
	}
	if u.Reasoning > 0 {
		w.OutputDetails = &wireOutTokens{Thinking: u.Reasoning}
	}
	switch tier {
	case "standard", "priority", "batch":
		w.ServiceTier = tier
	}
	return w
}

func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// usage reads the counts off a whole answer or an event that is passed
// through. The prompt's come with message_start, where the completion's are only
// a beginning and left out; the completion's come with message_delta, which
// repeats the prompt's where the vendor is Anthropic.
func usage(data []byte) (llm.Usage, bool) {
	if !bytes.Contains(data, []byte(`"usage"`)) {
		return llm.Usage{}, false
	}
	var ev struct {
		Usage   *wireUsage `json:"usage"`
		Message struct {
			Usage *wireUsage `json:"usage"`
		} `json:"message"`
	}
	if json.Unmarshal(data, &ev, lenient) != nil {
		return llm.Usage{}, false
	}
	u := ev.Usage.canonical()
	if u == nil {
		u = ev.Message.Usage.begun()
	}
	if u == nil {
		return llm.Usage{}, false
	}
	return *u, true
}

// begun is the usage of message_start: what is known of the prompt; nil if that
// is nothing.
func (u *wireUsage) begun() *llm.Usage {
	c := u.canonical()
	if c == nil {
		return nil
	}
	c.Output, c.Reasoning, c.OutputFrom = 0, 0, ""
	c.Total = c.Prompt()
	if c.InputFrom == "" {
		return nil
	}
	return c
}
