package llm

import (
	"github.com/go-json-experiment/json"
)

// freeArgument is the only argument of a function that stands for a Custom tool.
const freeArgument = "input"

// Function is a Custom tool for dialects that know none: a function whose one
// argument is the free text. What the model calls it with is turned back by
// FreeText. A grammar can't be enforced this way, so the model is told of it.
func (t *Tool) Function() Tool {
	f := Tool{Name: t.Name, Description: t.Description, Cache: t.Cache}
	if grammar := grammarText(t.Grammar); grammar != "" {
		f.Description += "\n\nThe text must obey this grammar:\n" + grammar
	}
	f.Parameters = Raw(`{"type":"object","properties":{"` + freeArgument + `":{"type":"string","description":"The text, as it is."}},"required":["` + freeArgument + `"],"additionalProperties":false}`)
	return f
}

// grammarText reads {"type":"grammar","syntax":…,"definition":…} and what
// OpenAI's chat dialect nests it in.
func grammarText(raw Raw) string {
	var g struct {
		Syntax     string `json:"syntax"`
		Definition string `json:"definition"`
		Grammar    struct {
			Syntax     string `json:"syntax"`
			Definition string `json:"definition"`
		} `json:"grammar"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &g) != nil {
		return ""
	}
	if g.Definition == "" {
		g.Syntax, g.Definition = g.Grammar.Syntax, g.Grammar.Definition
	}
	if g.Definition == "" {
		return ""
	}
	return "(" + g.Syntax + ")\n" + g.Definition
}

// FreeArguments writes a Custom call's text as the arguments of a function that
// Tool.Function made.
func FreeArguments(text string) string {
	b, err := json.Marshal(map[string]string{freeArgument: text})
	if err != nil { // only for text that is not UTF-8, which JSON can't carry
		return `{"` + freeArgument + `":""}`
	}
	return string(b)
}

// FreeText reads the text out of arguments that a model wrote for a function
// that Tool.Function made. A model that wrote the bare text is taken at its
// word.
func FreeText(arguments string) string {
	var args map[string]Raw
	if json.Unmarshal([]byte(arguments), &args) != nil || len(args) != 1 {
		return arguments
	}
	var text string
	if raw, ok := args[freeArgument]; !ok || json.Unmarshal(raw, &text) != nil {
		return arguments
	}
	return text
}

// CustomTool reports whether a request offered a Custom tool of this name, so
// that a function call of a vendor without custom tools is one of it.
func (r *Request) CustomTool(name string) bool {
	if r == nil {
		return false
	}
	for i := range r.Tools {
		if r.Tools[i].Custom && r.Tools[i].Name == name {
			return true
		}
	}
	return false
}
