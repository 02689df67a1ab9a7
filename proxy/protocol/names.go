package protocol

import (
	"github.com/posthouse/posthouse/proxy/llm"
)

// AnswerTool is the tool by which models without structured outputs are made to
// answer in a form: its arguments are the answer. Decoders know it by its name.
const AnswerTool = "posthouse_answer"

// AnswerToolFor describes AnswerTool to the model.
func AnswerToolFor(f *llm.Format) string {
	description := "Gives the final answer. Call it once, with the answer as its arguments."
	if f.Description != "" {
		description += " " + f.Description
	}
	return description
}

// Names are tools' names as CleanName left them, and what they were before.
type Names map[string]string

// CleanedNames are the names of a request's tools that CleanName changes; nil if
// there are none.
func CleanedNames(r *llm.Request, most int) Names { return NamesBy(r, CleanName, most) }

// NamesBy does so for another way of cleaning, such as CleanIdentifier.
func NamesBy(r *llm.Request, clean func(name string, most int) string, most int) Names {
	var names Names
	if r == nil {
		return nil
	}
	for _, tool := range r.Tools {
		if name := clean(tool.Name, most); name != tool.Name {
			if names == nil {
				names = Names{}
			}
			names[name] = tool.Name
		}
	}
	return names
}

// Caller is what the caller calls a tool.
func (n Names) Caller(name string) string {
	if own, ok := n[name]; ok {
		return own
	}
	return name
}

// Straighten undoes on a part of an answer what had to be bent for the vendor.
func (n Names) Straighten(p llm.Part) llm.Part {
	c, ok := p.(*llm.ToolCall)
	if !ok {
		return p
	}
	if c.Name == AnswerTool {
		return &llm.Text{Text: c.Arguments}
	}
	c.Name = n.Caller(c.Name)
	return c
}

// Answered is the reason why an answer ended that may have been given by way of
// AnswerTool.
func Answered(s llm.StopReason, parts []llm.Part) llm.StopReason {
	if s != llm.StopTools {
		return s
	}
	for _, p := range parts {
		if _, ok := p.(*llm.ToolCall); ok {
			return s
		}
	}
	return llm.StopEnd
}
