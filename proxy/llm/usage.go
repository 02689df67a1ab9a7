package llm

// Usage is what a call consumed, in tokens. Input counts only what was neither
// read from nor written to the vendor's prompt cache, so that the kinds add up
// without overlap; Output includes Reasoning, as every vendor bills it.
type Usage struct {
	Input        int64 // prompt tokens outside the cache
	CacheRead    int64 // prompt tokens read from the vendor's cache
	CacheWrite   int64 // prompt tokens written to the vendor's cache, for however long
	CacheWrite1h int64 // the part of CacheWrite that was written for an hour (Anthropic) instead of minutes
	Output       int64 // completion tokens, reasoning included
	Reasoning    int64 // the part of Output that was reasoning
	AudioIn      int64 // the part of the prompt that was audio
	AudioOut     int64 // the part of Output that was audio
	Images       int64 // pictures made; these are units, not tokens
	AudioMillis  int64 // audio heard or spoken, in milliseconds, where the vendor counts time
	Total        int64 // the vendor's own total; the sum of the above when it gives none

	InputFrom  Source // where the prompt's figures come from
	OutputFrom Source // where the completion's figures come from
}

// Source is where a figure comes from.
type Source string

// The sources. The empty one is a figure that nobody knows.
const (
	FromProvider  Source = "provider"  // the vendor said so
	FromCounting  Source = "counted"   // counted here over the whole text, by a tokenizer
	FromEstimates Source = "estimated" // extrapolated, or counted over what was seen of a text
)

// Prompt is the number of prompt tokens as OpenAI counts them: cached or not.
func (u Usage) Prompt() int64 { return u.Input + u.CacheRead + u.CacheWrite }

// Over fills what u leaves open from an earlier count of the same answer:
// Anthropic's streams count the prompt at their beginning and the completion
// at their end.
func (u Usage) Over(earlier Usage) Usage {
	before := u
	if u.InputFrom == "" && earlier.InputFrom != "" {
		u.Input, u.CacheRead, u.CacheWrite, u.CacheWrite1h = earlier.Input, earlier.CacheRead, earlier.CacheWrite, earlier.CacheWrite1h
		u.AudioIn, u.InputFrom = earlier.AudioIn, earlier.InputFrom
	}
	if u.OutputFrom == "" && earlier.OutputFrom != "" {
		u.Output, u.Reasoning, u.AudioOut = earlier.Output, earlier.Reasoning, earlier.AudioOut
		u.Images, u.OutputFrom = earlier.Images, earlier.OutputFrom
	}
	if u != before {
		u.Total = u.Prompt() + u.Output
	}
	return u
}
