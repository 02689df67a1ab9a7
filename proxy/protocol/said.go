package protocol

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// Said is a field of a request, and whether the caller gave it.
type Said struct {
	Field string
	Given bool
}

// DropSaid notes the fields given that a vendor has no words for.
func DropSaid(lost *llm.Losses, why string, fields ...Said) {
	for _, f := range fields {
		if f.Given {
			lost.Drop(f.Field, why)
		}
	}
}

// HintAccounts notes what is for the vendor's books rather than for the model,
// at vendors that keep none of it.
func HintAccounts(lost *llm.Losses, why string, r *llm.Request) {
	for _, f := range []Said{
		{"user", r.User != ""},
		{"metadata", len(r.Metadata) > 0},
		{"prompt_cache_key", r.CacheKey != ""},
		{"service_tier", r.Tier != "" && r.Tier != "auto"},
	} {
		if f.Given {
			lost.Hint(f.Field, why)
		}
	}
}

// SpeaksBeyondText reports whether other kinds of answer than text are wanted.
func SpeaksBeyondText(r *llm.Request) bool {
	return slices.ContainsFunc(r.Outputs, func(o string) bool { return o != "text" })
}

// AskForJSON are the words by which a model is asked for the form that its
// vendor can't be held to.
func AskForJSON(f *llm.Format) string {
	if f.Kind == llm.FormatSchema && len(f.Schema) > 0 {
		return "Answer with JSON alone that obeys this JSON schema, no text around it: " + string(f.Schema)
	}
	return "Answer with JSON alone: one object, no text around it."
}

// ToolText is what a tool answered, for vendors whose tools answer in text.
// Media are to follow as the user's.
func ToolText(r *llm.ToolResult, id, path string, lost *llm.Losses) (text string, shown []llm.Part) {
	var texts []string
	for _, part := range r.Parts {
		switch part := part.(type) {
		case *llm.Text:
			texts = append(texts, part.Text)
		case *llm.Media:
			if len(shown) == 0 {
				shown = append(shown, &llm.Text{Text: "What the tool call " + id + " showed:"})
			}
			shown = append(shown, part)
			lost.Change(path, "tools answer in text: what this one showed follows as the user's")
		case *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
			lost.Drop(path, "it is known in another dialect alone")
		}
	}
	text = strings.Join(texts, "\n")
	switch {
	case r.Error:
		text = "Error: " + text
		lost.Change(path+".is_error", "the text says so")
	case strings.TrimSpace(text) == "" && len(shown) > 0:
		text = "See below."
	case strings.TrimSpace(text) == "":
		text = noResult
	}
	return text, shown
}

// Within keeps a number between bounds; a negative most is none.
func Within[T int64 | float64](lost *llm.Losses, v *T, field string, least, most T) *T {
	if v == nil {
		return nil
	}
	bound := max(*v, least)
	why := fmt.Sprintf("the vendor takes %v or more", least)
	if most >= 0 {
		bound = min(bound, most)
		why = fmt.Sprintf("the vendor takes %v to %v", least, most)
	}
	if bound != *v {
		lost.Change(field, why)
	}
	return &bound
}
