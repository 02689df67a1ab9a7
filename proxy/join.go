package proxy

import (
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// overlap finds out how much of a text that goes on another's repeats it.
type overlap struct {
	prior string // the text that the client has
	held  string // of the new text, not passed on yet
	at    int    // where in prior the held text stands; -1: nowhere
}

// add takes more of the new text. It looks only at what is new as long as that
// fits, so that a target which begins anew costs no more than reading along.
func (o *overlap) add(more string) {
	had := len(o.held)
	o.held += more
	if o.at >= 0 && strings.HasPrefix(o.prior[o.at+had:], more) {
		return
	}
	if o.at < 0 || o.at >= len(o.prior) {
		o.at = -1
		return
	}
	if next := strings.Index(o.prior[o.at+1:], o.held); next >= 0 {
		o.at += 1 + next
		return
	}
	o.at = -1
}

// repeated is how much of the held text the client has already: all of it for
// a target that began anew, the overlap for one that went back a little.
func (o *overlap) repeated() int {
	for n := min(len(o.prior), len(o.held)); n > 0; n-- {
		if n < leastOverlap && n < len(o.prior) {
			return 0
		}
		if strings.HasSuffix(o.prior, o.held[:n]) {
			return n
		}
	}
	return 0
}

// cutShort reports whether the target told the beginning of the answer anew and
// ended before it came to what the client does not have.
func (o *overlap) cutShort(repeated int) bool {
	return repeated == 0 && len(o.held) >= 4*leastOverlap && strings.HasPrefix(o.prior, o.held)
}

// The places of parts that are not passed on under an index of their own.
const (
	swallowed = -1
	joining   = -2 // text that may repeat what the client has
)

// join fits the events of a target that goes on into an answer that is begun.
type join struct {
	overlap
	tale    *tale
	tokens  int64 // that the client has, about
	restart bool
	joined  bool
	places  map[int]int // of the new answer's parts in the old one
}

func newJoin(c *call) *join {
	return &join{
		overlap: overlap{prior: unescaped(c.sent.text)}, tale: c.tale,
		tokens: c.sent.events, restart: c.sent.restart, places: map[int]int{},
	}
}

// event takes an event of the new answer and returns what it is in the old
// one. A target that was asked from the start and tells another tale can't be
// joined: ok is false.
func (j *join) event(ev llm.Event) (out []llm.Event, ok bool) {
	switch ev := ev.(type) {
	case *llm.Begin:
		return nil, true
	case *llm.Open:
		return j.opened(ev)
	case *llm.Delta:
		switch at := j.place(ev.Choice, ev.Index); {
		case at == joining:
			if j.add(ev.Text); j.at >= 0 {
				return nil, true
			}
			return j.settle(nil)
		case at >= 0:
			return []llm.Event{&llm.Delta{Index: at, Text: ev.Text, Logprobs: ev.Logprobs}}, true
		}
	case *llm.Amend:
		if at := j.place(ev.Choice, ev.Index); at >= 0 {
			return []llm.Event{&llm.Amend{Index: at, State: ev.State, Annotation: ev.Annotation}}, true
		}
	case *llm.Close:
		if j.place(ev.Choice, ev.Index) == joining {
			if out, ok = j.settle(nil); !ok {
				return nil, false
			}
		}
		if at := j.place(ev.Choice, ev.Index); at >= 0 {
			out = append(out, &llm.Close{Index: at})
		}
		return out, true
	case *llm.Finish:
		if ev.Choice != 0 {
			return nil, true
		}
		if out, ok = j.settle(nil); !ok {
			return nil, false
		}
		return append(j.closeAll(out), ev), true
	case *llm.End:
		end := *ev
		if ev.Usage != nil {
			u := *ev.Usage
			u.Output += j.tokens
			u.Total += j.tokens
			end.Usage = &u
		}
		return []llm.Event{&end}, true
	}
	return nil, true
}

func (j *join) place(choice, index int) int {
	if at, known := j.places[index]; known && choice == 0 {
		return at
	}
	return swallowed
}

// opened finds the place of a part: text goes on where text stopped, reasoning
// that comes before it again is left out.
func (j *join) opened(ev *llm.Open) (out []llm.Event, ok bool) {
	if ev.Choice != 0 {
		return nil, true
	}
	switch p := ev.Part.(type) {
	case *llm.Text:
		if !j.joined {
			j.places[ev.Index] = joining
			if j.add(p.Text); j.at >= 0 {
				return nil, true
			}
			return j.settle(nil)
		}
	case *llm.Thinking:
		if j.prior != "" && !j.joined {
			j.places[ev.Index] = swallowed
			return nil, true
		}
	case *llm.ToolCall, *llm.Media, *llm.Refusal, *llm.Foreign, *llm.ToolResult:
		if out, ok = j.settle(nil); !ok {
			return nil, false
		}
	}
	out = j.closeAll(out)
	at := j.tale.next + opens(out)
	j.places[ev.Index] = at
	return append(out, &llm.Open{Index: at, Part: ev.Part}), true
}

// settle decides what of the held text is new, and passes it on.
func (j *join) settle(out []llm.Event) ([]llm.Event, bool) {
	if j.joined {
		return out, true
	}
	repeated := j.repeated()
	if j.restart && repeated < len(j.prior) || j.cutShort(repeated) {
		return nil, false
	}
	j.joined = true
	at := j.tale.textAt
	rest := j.held[repeated:]
	if at < 0 && rest != "" {
		out = j.closeAll(out)
		at = j.tale.next
		out = append(out, &llm.Open{Index: at, Part: &llm.Text{}})
	}
	for index, place := range j.places {
		if place == joining {
			if j.places[index] = at; at < 0 {
				j.places[index] = swallowed
			}
		}
	}
	if rest != "" {
		out = append(out, &llm.Delta{Index: at, Text: rest})
	}
	return out, true
}

// closeAll ends the parts that are open, those just opened included.
func (j *join) closeAll(out []llm.Event) []llm.Event {
	open := slices.Clone(j.tale.open)
	for _, ev := range out {
		if o, ok := ev.(*llm.Open); ok {
			open = append(open, o.Index)
		}
	}
	for _, at := range open {
		closed := slices.ContainsFunc(out, func(ev llm.Event) bool { c, ok := ev.(*llm.Close); return ok && c.Index == at })
		if !closed {
			out = append(out, &llm.Close{Index: at})
		}
	}
	return out
}

func opens(events []llm.Event) int {
	n := 0
	for _, ev := range events {
		if _, ok := ev.(*llm.Open); ok {
			n++
		}
	}
	return n
}

// onward is the request by which a target is asked to go on with the answer
// that is begun.
func (t *try) onward(r *llm.Request) *llm.Request {
	t.retell()
	if t.sent.restart || len(t.sent.text) == 0 {
		return r
	}
	next := *r
	next.Messages = slices.Clone(r.Messages)
	said := &llm.Text{Text: unescaped(t.sent.text)}
	if n := len(next.Messages); r.Continue && n > 0 {
		last := next.Messages[n-1]
		last.Parts = append(slices.Clone(last.Parts), said)
		next.Messages[n-1] = last
	} else {
		next.Messages = append(next.Messages, llm.Message{Role: llm.Assistant, Parts: []llm.Part{said}})
	}
	m, _ := t.cand.provider.vendor.Model(t.cand.model)
	if next.Continue = m.Prefix; !m.Prefix {
		next.Messages = append(next.Messages, llm.Message{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: protocol.GoOn}}})
	}
	return &next
}
