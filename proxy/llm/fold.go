package llm

// Fold builds a whole answer from a stream's events: what the vendor would
// have sent in one piece.
type Fold struct {
	answer  Response
	choices []folding
	ended   bool
}

// folding is a choice being built.
type folding struct {
	parts    []Part
	texts    [][]byte
	finish   Finish
	logprobs Raw
}

// Add takes the next event.
func (f *Fold) Add(ev Event) {
	switch ev := ev.(type) {
	case *Begin:
		f.answer.ID, f.answer.Model, f.answer.Created, f.answer.Tier = ev.ID, ev.Model, ev.Created, ev.Tier
		f.answer.Usage, f.answer.Dialect = ev.Usage, ev.Dialect
	case *Open:
		f.choice(ev.Choice).open(ev.Index, ev.Part)
	case *Delta:
		f.choice(ev.Choice).delta(ev)
	case *Amend:
		f.choice(ev.Choice).amend(ev)
	case *Close:
	case *Finish:
		f.choice(ev.Choice).finish = *ev
	case *End:
		if ev.Usage != nil {
			f.answer.Usage = ev.Usage
		}
		f.answer.Extra, f.ended = ev.Extra, true
	}
}

// Response is the answer so far, and whether it is whole.
func (f *Fold) Response() (*Response, bool) {
	r := f.answer
	r.Choices = nil
	for i := range f.choices {
		c := &f.choices[i]
		r.Choices = append(r.Choices, Choice{Parts: c.built(), Stop: c.finish.Stop, Sequence: c.finish.Sequence, Logprobs: c.logprobs})
	}
	return &r, f.ended
}

// Folded is the answer that events make, whole or not.
func Folded(events []Event) *Response {
	var f Fold
	for _, ev := range events {
		f.Add(ev)
	}
	r, _ := f.Response()
	return r
}

func (f *Fold) choice(n int) *folding {
	for len(f.choices) <= n {
		f.choices = append(f.choices, folding{})
	}
	return &f.choices[n]
}

func (c *folding) open(index int, p Part) {
	for len(c.parts) <= index {
		c.parts = append(c.parts, nil)
		c.texts = append(c.texts, nil)
	}
	c.parts[index] = p
}

func (c *folding) delta(ev *Delta) {
	if ev.Index < len(c.texts) {
		c.texts[ev.Index] = append(c.texts[ev.Index], ev.Text...)
	}
	c.logprobs = joinLogprobs(c.logprobs, ev.Logprobs)
}

func (c *folding) amend(ev *Amend) {
	if ev.Index >= len(c.parts) {
		return
	}
	switch p := c.parts[ev.Index].(type) {
	case *Text:
		changed := *p
		if ev.State != nil {
			changed.State = ev.State
		}
		if ev.Annotation != nil {
			changed.Annotations = append(changed.Annotations[:len(changed.Annotations):len(changed.Annotations)], *ev.Annotation)
		}
		c.parts[ev.Index] = &changed
	case *Thinking:
		changed := *p
		changed.State = ev.State
		c.parts[ev.Index] = &changed
	case *ToolCall:
		changed := *p
		changed.State = ev.State
		c.parts[ev.Index] = &changed
	case *Media, *ToolResult, *Refusal, *Foreign, nil:
	}
}

// built puts the gathered words into the parts, leaving the events' own parts
// as they were.
func (c *folding) built() []Part {
	var parts []Part
	for i, p := range c.parts {
		more := string(c.texts[i])
		switch p := p.(type) {
		case nil:
			continue
		case *Text:
			whole := *p
			whole.Text += more
			parts = append(parts, &whole)
		case *Thinking:
			whole := *p
			whole.Text += more
			parts = append(parts, &whole)
		case *ToolCall:
			whole := *p
			whole.Arguments += more
			parts = append(parts, &whole)
		case *Refusal:
			parts = append(parts, &Refusal{Text: p.Text + more})
		case *Media, *ToolResult, *Foreign:
			parts = append(parts, p)
		}
	}
	return parts
}

// joinLogprobs appends the lists of two logprobs objects.
func joinLogprobs(a, b Raw) Raw {
	switch {
	case len(b) == 0 || string(b) == "null":
		return a
	case len(a) == 0:
		return b.Clone()
	}
	return mergeLists(a, b)
}
