package llm

import (
	"bytes"

	"github.com/go-json-experiment/json"
)

// Events are the steps by which an answer in one piece would have been
// streamed: for vendors that can't stream to callers who want one.
func (r *Response) Events() []Event {
	events := []Event{&Begin{ID: r.ID, Model: r.Model, Created: r.Created, Tier: r.Tier, Dialect: r.Dialect}}
	for n, c := range r.Choices {
		for i, p := range c.Parts {
			opened, text := emptied(p)
			events = append(events, &Open{Choice: n, Index: i, Part: opened})
			if text != "" {
				events = append(events, &Delta{Choice: n, Index: i, Text: text, Logprobs: c.Logprobs})
				c.Logprobs = nil
			}
			if t, ok := p.(*Text); ok {
				for _, a := range t.Annotations {
					events = append(events, &Amend{Choice: n, Index: i, Annotation: &a})
				}
			}
			events = append(events, &Close{Choice: n, Index: i})
		}
	}
	for n, c := range r.Choices {
		events = append(events, &Finish{Choice: n, Stop: c.Stop, Sequence: c.Sequence})
	}
	return append(events, &End{Usage: r.Usage, Extra: r.Extra})
}

// emptied parts a part from its words.
func emptied(p Part) (opened Part, text string) {
	switch p := p.(type) {
	case *Text:
		q := *p
		q.Text, q.Annotations = "", nil
		return &q, p.Text
	case *Thinking:
		q := *p
		q.Text = ""
		return &q, p.Text
	case *ToolCall:
		q := *p
		q.Arguments = ""
		return &q, p.Arguments
	case *Refusal:
		return &Refusal{}, p.Text
	case *Media, *ToolResult, *Foreign:
	}
	return p, ""
}

// mergeLists appends the arrays of one JSON object to those of another. What
// can't be read as such leaves the first as it is.
func mergeLists(a, b Raw) Raw {
	var into, from map[string]Raw
	if json.Unmarshal(a, &into) != nil || json.Unmarshal(b, &from) != nil {
		return a
	}
	for name, more := range from {
		had := bytes.TrimSpace(into[name])
		more = bytes.TrimSpace(more)
		switch {
		case len(more) == 0 || more[0] != '[' || len(bytes.TrimSpace(more[1:len(more)-1])) == 0:
		case len(had) == 0 || had[0] != '[' || len(bytes.TrimSpace(had[1:len(had)-1])) == 0:
			into[name] = more
		default:
			joined := append(bytes.Clone(had[:len(had)-1]), ',')
			into[name] = append(joined, more[1:]...)
		}
	}
	merged, err := json.Marshal(into, json.Deterministic(true))
	if err != nil {
		return a
	}
	return merged
}
