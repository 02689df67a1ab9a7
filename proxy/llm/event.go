package llm

// Event is a step of a streamed answer: one of Begin, Open, Delta, Amend,
// Close, Finish and End. The grammar is
//
//	Begin ( Open | Delta | Amend | Close )* Finish* End
//
// where each part of each choice is opened once, closed once, and gets its
// deltas in between. Parts may be open side by side (OpenAI's parallel tool
// calls are). Index counts the parts of a choice from 0 in the order in which
// they were opened. A stream that breaks off simply lacks its End: an error is
// not an event.
//
//sumtype:decl
type Event interface{ isEvent() }

// Begin is the start of an answer.
type Begin struct {
	ID      string
	Model   string
	Created int64 // Unix seconds; 0: not said
	Tier    string
	Dialect string // whose spelling Extra and Foreign parts are in
	Usage   *Usage // what is known already (Anthropic counts the prompt first)
}

// Open begins a part. Part holds what is known then: a ToolCall its ID and
// Name, Media all there is.
type Open struct {
	Choice, Index int
	Part          Part
}

// Delta adds to the open part: words, reasoning, arguments.
type Delta struct {
	Choice, Index int
	Text          string
	Logprobs      Raw // as Choice.Logprobs, of these words
}

// Amend adds to the open part what is not words.
type Amend struct {
	Choice, Index int
	State         *State      // replaces the part's
	Annotation    *Annotation // is added to a Text's
}

// Close ends a part.
type Close struct{ Choice, Index int }

// Finish ends a choice.
type Finish struct {
	Choice   int
	Stop     StopReason
	Sequence string
}

// End ends the answer. Without it a stream is not whole.
type End struct {
	Usage *Usage // the last word on it; nil: the vendor gave none
	Extra map[string]Raw
}

func (*Begin) isEvent()  {}
func (*Open) isEvent()   {}
func (*Delta) isEvent()  {}
func (*Amend) isEvent()  {}
func (*Close) isEvent()  {}
func (*Finish) isEvent() {}
func (*End) isEvent()    {}
