package llm

// Usage is what a call consumed, in tokens. Input counts only what was neither
// read from nor written to the vendor's prompt cache, so that the kinds add up
// without overlap; Output includes Reasoning, as every vendor bills it.
type Usage struct {
	Input      int64 // prompt tokens outside the cache
	CacheRead  int64 // prompt tokens read from the vendor's cache
	CacheWrite int64 // prompt tokens written to the vendor's cache
	Output     int64 // completion tokens, reasoning included
	Reasoning  int64 // the part of Output that was reasoning
	Total      int64 // the vendor's own total; the sum of the above when it gives none
}

// Prompt is the number of prompt tokens as OpenAI counts them: cached or not.
func (u Usage) Prompt() int64 { return u.Input + u.CacheRead + u.CacheWrite }
