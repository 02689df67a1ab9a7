package protocol

import (
	"maps"
	"slices"

	"github.com/posthouse/posthouse/proxy/llm"
)

// defaultMaxTokens is asked for where neither the caller nor the catalogue sets
// a limit and the dialect demands one.
const defaultMaxTokens = 8192

// efforts are all efforts, the least first.
var efforts = []string{"minimal", "low", "medium", "high", "xhigh", "max"}

// Thought is how a model of Claude's kind is told how much to think, at
// Anthropic as at Bedrock.
type Thought struct {
	Type    string // "enabled", "adaptive", "disabled"; empty: nothing is said
	Budget  *int64 // with enabled
	Display string // "summarized", "omitted"
	Effort  string // for output_config
}

// Claude is a request on its way to a model of Claude's kind.
type Claude struct {
	Request *llm.Request
	Target  *Target
	Losses  *llm.Losses
	Own     bool // the caller speaks Anthropic's dialect, too
	Forced  bool // a tool must be called
	// Unsigned says that the turn under way called tools without signed thinking
	// before: who goes on with it may not think for a budget, or Anthropic refuses.
	Unsigned bool
}

// MaxTokens is the limit on what is written, thinking included.
func (c *Claude) MaxTokens() int64 {
	asked, most := c.Request.MaxTokens, c.Target.Traits.MaxOutput
	switch {
	case asked != nil && most > 0 && *asked > most && !c.Own:
		c.Losses.Change("max_tokens", "the model writes less at once")
		return most
	case asked != nil:
		return *asked
	case most > 0:
		return most
	}
	return defaultMaxTokens
}

// Think says how much to think; limit may be raised for it where the caller
// set none.
func (c *Claude) Think(limit *int64) Thought {
	r, traits := c.Request.Reasoning, &c.Target.Traits
	switch {
	case r == nil:
	case r.Mode == llm.ReasoningOff || r.Effort == "none":
		if traits.Thinks != ThinksNot {
			return Thought{Type: "disabled"}
		}
	case traits.Thinks == ThinksNot:
		c.Losses.Drop("reasoning", "the model does not reason")
	case c.Forced:
		c.Losses.Drop("reasoning", "the model does not think where it must call a tool")
	case traits.Thinks == ThinksAdaptively:
		return c.adaptive(r)
	case c.Unsigned:
		c.Losses.Drop("reasoning", "the turn under way holds no thinking that the vendor signed")
	default:
		return c.budgeted(r, limit)
	}
	return Thought{}
}

// Display says in Anthropic's words what of the thinking is to be shown.
func Display(summary string) string {
	switch summary {
	case "":
		return ""
	case "none":
		return "omitted"
	}
	return "summarized"
}

// adaptive lets the model decide how long to think, guided by an effort.
func (c *Claude) adaptive(r *llm.Reasoning) Thought {
	t := Thought{Type: "adaptive", Display: Display(r.Summary), Effort: r.Effort}
	if t.Display == "" && !c.Own {
		t.Display = "summarized" // callers of other dialects expect to see what they asked for
	}
	if t.Effort == "" && r.Budget != nil {
		t.Effort = r.Level()
		c.Losses.Change("thinking.budget_tokens", "the model takes an effort, not a number of tokens")
	}
	if t.Effort == "minimal" {
		t.Effort = "low" // the least there is
	}
	top := c.Target.Traits.TopEffort
	if top == "" {
		top = "high"
	}
	if !c.Own && slices.Index(efforts, t.Effort) > slices.Index(efforts, top) {
		t.Effort = top
		c.Losses.Change("reasoning_effort", "the model's highest effort is "+top)
	}
	return t
}

// budgeted lets the model think for so many tokens.
func (c *Claude) budgeted(r *llm.Reasoning, limit *int64) Thought {
	asked := r.Tokens(nil)
	most := c.Request.MaxTokens // the caller's own word, which counts thinking, too
	if n := c.Target.Traits.MaxOutput; most == nil && n > 0 {
		most = &n
	}
	budget := r.Tokens(most)
	switch {
	case most == nil:
		*limit = asked + defaultMaxTokens
	case budget >= *most:
		c.Losses.Drop("reasoning", "the limit on tokens leaves no room for thinking, which takes 1024 at least")
		return Thought{}
	case budget < asked:
		c.Losses.Change("reasoning", "it had to fit the limit on tokens")
	}
	return Thought{Type: "enabled", Budget: &budget}
}

// Sampling is how a model picks its words.
type Sampling struct {
	Temperature *float64
	TopP        *float64
	TopK        *int64
}

// Sampling says how to sample, given what the model takes while it thinks or
// at all.
func (c *Claude) Sampling(thinks bool) Sampling {
	r, traits := c.Request, &c.Target.Traits
	s := Sampling{r.Temperature, r.TopP, r.TopK}
	if t := s.Temperature; t != nil && (*t > 1 || *t < 0) {
		clamped := min(max(*t, 0), 1)
		s.Temperature = &clamped
		c.Losses.Change("temperature", "the vendor takes 0 to 1")
	}
	switch {
	case traits.FixedSampling:
		return c.unsampled(s, "the model samples as it likes")
	case c.Own:
	case thinks && s.TopP != nil && *s.TopP >= 0.95:
		left := c.unsampled(Sampling{s.Temperature, nil, s.TopK}, "a model that thinks takes no sampling parameters")
		left.TopP = s.TopP
		return left
	case thinks:
		return c.unsampled(s, "a model that thinks takes no sampling parameters")
	case traits.OneSampling && s.Temperature != nil && s.TopP != nil:
		if *s.TopP != 1 {
			c.Losses.Drop("top_p", "the model takes temperature or top_p, not both")
		}
		s.TopP = nil
	}
	return s
}

// unsampled takes all of it out.
func (c *Claude) unsampled(s Sampling, why string) Sampling {
	if s.Temperature != nil && *s.Temperature != 1 {
		c.Losses.Drop("temperature", why)
	}
	if s.TopP != nil && *s.TopP != 1 {
		c.Losses.Drop("top_p", why)
	}
	if s.TopK != nil {
		c.Losses.Drop("top_k", why)
	}
	return Sampling{}
}

// Unsaid notes what a request asks for that neither Anthropic nor Bedrock has
// words for.
func Unsaid(r *llm.Request, lost *llm.Losses) {
	DropSaid(lost, "the vendor has no such parameter", []Said{
		{"n", r.N != nil && *r.N > 1},
		{"seed", r.Seed != nil},
		{"min_p", r.MinP != nil},
		{"frequency_penalty", r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0},
		{"presence_penalty", r.PresencePenalty != nil && *r.PresencePenalty != 0},
		{"logit_bias", len(r.LogitBias) > 0},
		{"logprobs", r.Logprobs != nil && *r.Logprobs},
		{"top_logprobs", r.TopLogprobs != nil && *r.TopLogprobs > 0},
		{"verbosity", r.Verbosity != "" && r.Verbosity != "medium"},
		{"modalities", SpeaksBeyondText(r)},
	}...)
}

// DropExtra notes fields that only another dialect has a name for.
func DropExtra(lost *llm.Losses, path string, extra map[string]llm.Raw) {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if path != "" {
			name = path + "." + name
		}
		lost.Drop(name, "only the dialect it was written in knows it")
	}
}
