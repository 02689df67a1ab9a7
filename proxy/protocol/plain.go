package protocol

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// Plain admits to a Layout what vendors take whose messages are much like
// OpenAI's: texts, the user's media, calls and what tools answered.
type Plain struct {
	Vendor string
	Losses *llm.Losses
	// Echo is earlier reasoning as it goes back; nil: it does not.
	Echo func(m *llm.Message, t *llm.Thinking) llm.Part
}

// Admit is for Layout.Admit.
func (p *Plain) Admit(m *llm.Message, part llm.Part, path string) (llm.Part, *llm.Error) {
	switch part := part.(type) {
	case *llm.Text:
		if part.Cache != nil {
			p.Losses.Hint("cache_control", p.Vendor+" caches by itself")
		}
	case *llm.Thinking:
		if p.Echo == nil {
			return nil, nil
		}
		return p.Echo(m, part), nil
	case *llm.Refusal:
		return &llm.Text{Text: part.Text}, nil
	case *llm.Foreign:
		p.Losses.Drop(path, "only another vendor knows what "+part.Type+" is")
		return nil, nil
	case *llm.ToolCall:
		DropExtra(p.Losses, path, part.Extra)
	case *llm.Media:
		DropExtra(p.Losses, path, part.Extra)
		if m.Role != llm.User {
			p.Losses.Drop(path, p.Vendor+" takes no "+string(part.Kind)+" but the user's")
			return nil, nil
		}
	case *llm.ToolResult:
	}
	return part, nil
}

// CallText is a call's id and its arguments as JSON, for vendors whose tools
// are functions.
func CallText(c *llm.ToolCall) (id, arguments string) {
	id, _ = llm.UnsealID(c.ID)
	switch {
	case c.Custom:
		return id, llm.FreeArguments(c.Arguments)
	case strings.TrimSpace(c.Arguments) == "":
		return id, "{}"
	}
	return id, c.Arguments
}

// Functions are the tools of a request for vendors that know functions alone,
// those that may be called. What a vendor of another dialect runs is left out,
// free text is asked for as a string in JSON.
func Functions(r *llm.Request, lost *llm.Losses) []Function {
	var list []Function
	for i, t := range r.Tools {
		field := fmt.Sprintf("tools[%d]", i)
		switch {
		case t.Foreign != nil:
			lost.Drop(field, "a tool that only the vendor it was written for runs")
			continue
		case len(r.Choice.Allowed) > 0 && !slices.Contains(r.Choice.Allowed, t.Name):
			lost.Change("tool_choice", "tools that are not allowed were left out")
			continue
		case t.Custom:
			lost.Change(field, "free text is asked for as a string in JSON")
			t = t.Function()
		}
		DropExtra(lost, field, t.Extra)
		list = append(list, Function{t, field})
	}
	if r.Choice.Foreign != nil {
		lost.Drop("tool_choice", "it names a tool that only another vendor runs")
	}
	return list
}

// Function is a tool, and where the caller wrote it.
type Function struct {
	llm.Tool
	Field string
}

// DecodeWhole reads an answer that is a stream of one frame.
func DecodeWhole(d Decoder, body []byte) (*llm.Response, *llm.Error) {
	steps, failed := d.Decode(nil, nil, body)
	if failed == nil {
		steps, failed = d.End(steps)
	}
	if failed != nil {
		return nil, failed
	}
	return llm.Folded(steps), nil
}
