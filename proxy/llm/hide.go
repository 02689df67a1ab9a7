package llm

import (
	"github.com/go-json-experiment/json"
)

// stateHidden is the kind of a seal that holds reasoning, so that clients whose
// dialect has no place for it carry it in the id of the tool call behind it.
// Vendors that reason between tool calls want it back.
const stateHidden = "thinking"

// maxHidden bounds the reasoning that is hidden in an id, in bytes. Ids of a
// few kilobytes pass through every client we know.
const maxHidden = 32 << 10

// hiddenThinking is a Thinking in a seal.
type hiddenThinking struct {
	Text     string `json:"t,omitzero"`
	Summary  bool   `json:"s,omitzero"`
	Redacted bool   `json:"r,omitzero"`
	ID       string `json:"i,omitzero"`
	Kind     string `json:"k,omitzero"`
	Data     string `json:"d,omitzero"`
	Origin   Origin `json:"o,omitzero"`
}

// hidden is what a seal of kind stateHidden holds.
type hidden struct {
	Call   *State           `json:"c,omitzero"` // the tool call's own
	Before []hiddenThinking `json:"b,omitzero"`
}

// HideID writes the id of a tool call with the call's own state and the
// reasoning that came before it in the answer, as far as somebody wants that
// back: only reasoning with a state is hidden. Without either, the id stays as
// it is.
func HideID(id string, s *State, before []*Thinking) string {
	size := 0
	h := hidden{Call: s}
	for _, t := range before {
		if t.State == nil || t.State.Origin == "" {
			continue
		}
		h.Before = append(h.Before, hiddenThinking{
			Text: t.Text, Summary: t.Summary, Redacted: t.Redacted, ID: t.ID,
			Kind: t.State.Kind, Data: t.State.Data, Origin: t.State.Origin,
		})
		size += len(t.Text) + len(t.State.Data)
	}
	if len(h.Before) == 0 || size > maxHidden {
		return SealID(id, s)
	}
	data, err := json.Marshal(&h)
	if err != nil {
		return SealID(id, s) // text that is not UTF-8: it is not worth the answer
	}
	return SealID(id, &State{Kind: stateHidden, Data: string(data)})
}

// UnhideID takes apart what HideID wrote.
func UnhideID(id string) (plain string, s *State, before []Part) {
	plain, s = UnsealID(id)
	if s == nil || s.Kind != stateHidden {
		return plain, s, nil
	}
	var h hidden
	if json.Unmarshal([]byte(s.Data), &h) != nil {
		return plain, nil, nil
	}
	for _, t := range h.Before {
		before = append(before, &Thinking{
			Text: t.Text, Summary: t.Summary, Redacted: t.Redacted, ID: t.ID,
			State: &State{Kind: t.Kind, Data: t.Data, Origin: t.Origin},
		})
	}
	return plain, h.Call, before
}
