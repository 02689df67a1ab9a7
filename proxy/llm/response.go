package llm

// Response is a whole answer.
type Response struct {
	ID      string
	Model   string // as the vendor names it
	Created int64  // Unix seconds; 0: not said
	Choices []Choice
	Usage   *Usage // nil: the vendor gave none
	Tier    string
	Extra   map[string]Raw // top-level fields without a name here, in the spelling of Dialect
	Dialect string         // whose spelling Extra and Foreign parts are in
}

// Choice is one of the answers; nearly always the only one.
type Choice struct {
	Parts    []Part
	Stop     StopReason
	Sequence string // the stop sequence that was met, where the vendor says it
	Logprobs Raw    // as OpenAI writes them: {"content":[…],"refusal":[…]}
}

// StopReason is why an answer ended.
type StopReason string

// The reasons. A vendor's reason that means none of these is an error.
const (
	StopEnd     StopReason = "end"     // the model was done, or met a stop sequence
	StopLength  StopReason = "length"  // the limit on tokens, or the context's end
	StopTools   StopReason = "tools"   // it waits for tools to answer
	StopFilter  StopReason = "filter"  // the vendor's filter, or the model refused
	StopPaused  StopReason = "paused"  // a long turn was cut by the vendor and may be sent back to go on (Anthropic's pause_turn)
	StopUnknown StopReason = "unknown" // it ended, and nobody said why
)
