package llm

import (
	"slices"
	"strings"
)

// Loss is something that could not be carried from the caller's dialect into
// the vendor's.
type Loss struct {
	Field   string // in the caller's words as far as possible, e.g. "logit_bias" or "messages[2].content[0]"
	Changed bool   // something near it was sent; else it was dropped
	Hint    bool   // it changes no answer (cache marks, user ids, tiers): strict routes let it go
	Why     string // a few words, e.g. "Anthropic has no such parameter"
}

// Losses collects what could not be carried. The zero value is ready.
type Losses struct{ list []Loss }

// Drop notes a field that was left out.
func (l *Losses) Drop(field, why string) {
	l.add(Loss{Field: field, Hint: slices.Contains(harmless, field), Why: why})
}

// harmless are fields of whichever dialect without a canonical name that change
// no answer when they are left out: what shall be kept, and for whose books.
var harmless = []string{"store", "client_metadata", "prompt_cache_retention", "prompt_cache_options", "safety_identifier", "stream_options", "labels"}

// Change notes a field that was sent in another form or with another value.
func (l *Losses) Change(field, why string) { l.add(Loss{Field: field, Changed: true, Why: why}) }

// Hint notes that a field was left out which changes no answer, but perhaps its
// price or speed.
func (l *Losses) Hint(field, why string) { l.add(Loss{Field: field, Hint: true, Why: why}) }

func (l *Losses) add(loss Loss) {
	if !slices.ContainsFunc(l.list, func(o Loss) bool { return o.Field == loss.Field && o.Changed == loss.Changed }) {
		l.list = append(l.list, loss)
	}
}

// List is all of them, in the order in which they were met.
func (l *Losses) List() []Loss { return l.list }

// String lists the fields on one line, for the response header:
// "dropped logit_bias, seed; changed temperature".
func (l *Losses) String() string {
	var dropped, changed []string
	for _, loss := range l.list {
		if loss.Changed {
			changed = append(changed, loss.Field)
		} else {
			dropped = append(dropped, loss.Field)
		}
	}
	var parts []string
	if len(dropped) > 0 {
		parts = append(parts, "dropped "+strings.Join(dropped, ", "))
	}
	if len(changed) > 0 {
		parts = append(parts, "changed "+strings.Join(changed, ", "))
	}
	return strings.Join(parts, "; ")
}
