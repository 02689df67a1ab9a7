package dashscope

import (
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// sees reports whether the model is asked in lists of parts.
func (p *put) sees() bool { return !p.t.Traits.NoImages }

func text(s string) wirePart { return wirePart{Text: &s} }

// content writes parts for the model: those that read text alone get a text.
func (p *put) content(parts []wirePart) llm.Raw {
	if p.sees() && len(parts) > 0 {
		return raw(parts)
	}
	var texts []string
	for _, part := range parts {
		if part.Text != nil {
			texts = append(texts, *part.Text)
		}
	}
	return raw(strings.Join(texts, "\n\n"))
}

// conversation writes the messages.
func (p *put) conversation() *llm.Error {
	// Earlier reasoning is not sent: it is passed over there.
	plain := protocol.Plain{Vendor: "DashScope", Losses: p.lost}
	layout := protocol.Layout{Admit: plain.Admit, Losses: p.lost}
	system, turns, failed := layout.Turns(p.r.Messages)
	if failed != nil {
		return failed
	}
	if len(system) > 0 {
		parts, failed := p.parts(system)
		if failed != nil {
			return failed
		}
		p.add(wireMessage{Role: "system", Content: p.content(parts)})
	}
	for i, t := range turns {
		if t.Role == llm.Assistant {
			failed = p.assistant(t.Parts, p.r.Continue && i == len(turns)-1)
		} else {
			failed = p.user(t.Parts)
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

func (p *put) add(m wireMessage) { p.w.Input.Messages = append(p.w.Input.Messages, m) }

func (p *put) assistant(parts []protocol.Placed, unfinished bool) *llm.Error {
	w := wireMessage{Role: "assistant"}
	var said []protocol.Placed
	for _, part := range parts {
		if c, ok := part.Part.(*llm.ToolCall); ok {
			w.Calls = append(w.Calls, call(c))
			continue
		}
		said = append(said, part)
	}
	list, failed := p.parts(said)
	if failed != nil {
		return failed
	}
	w.Content = p.content(list)
	if flag := p.t.Traits.PrefixFlag; unfinished && flag != "" {
		w.Extra = map[string]llm.Raw{flag: llm.Raw("true")}
	}
	p.add(w)
	return nil
}

func call(c *llm.ToolCall) wireCall {
	id, arguments := protocol.CallText(c)
	return wireCall{ID: id, Type: "function", Function: wireCalled{Name: c.Name, Arguments: arguments}}
}

// user writes what tools answered, each in a message of its own, and what the
// user says. Media that tools answered follow as the user's.
func (p *put) user(parts []protocol.Placed) *llm.Error {
	var said []protocol.Placed
	for _, part := range parts {
		result, ok := part.Part.(*llm.ToolResult)
		if !ok {
			said = append(said, part)
			continue
		}
		id, _ := llm.UnsealID(result.ID)
		answer, shown := protocol.ToolText(result, id, part.Path, p.lost)
		p.add(wireMessage{Role: "tool", ToolCall: id, Content: raw(answer)})
		for _, s := range shown {
			said = append(said, protocol.Placed{Part: s, Path: part.Path})
		}
	}
	if len(said) == 0 {
		return nil
	}
	list, failed := p.parts(said)
	if failed == nil {
		p.add(wireMessage{Role: "user", Content: p.content(list)})
	}
	return failed
}

func (p *put) parts(placed []protocol.Placed) ([]wirePart, *llm.Error) {
	var list []wirePart
	for _, part := range placed {
		switch one := part.Part.(type) {
		case *llm.Text:
			list = append(list, text(one.Text))
		case *llm.Media:
			w, failed := p.media(one, part.Path)
			if failed != nil {
				return nil, failed
			}
			list = append(list, w)
		case *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
			return nil, protocol.Refused(part.Path, "the part does not belong here")
		}
	}
	return list, nil
}

func (p *put) media(m *llm.Media, path string) (wirePart, *llm.Error) {
	if words, ok := m.PlainText(); ok {
		p.lost.Change(path, "a text file goes as text")
		return text(words), nil
	}
	switch {
	case m.Data == "" && m.URL == "":
		return wirePart{}, protocol.Refused(path, "a file's id is known only to the vendor it was uploaded to; send the file itself")
	case m.Kind == llm.Document:
		return wirePart{}, protocol.Refused(path, "DashScope takes no documents here; send their text")
	case !p.sees(), m.Kind == llm.Audio && p.t.Traits.NoAudio:
		return wirePart{}, protocol.Refused(path, p.t.Model+" takes no "+string(m.Kind)+"; ask a model that does")
	case m.Kind == llm.Video:
		return wirePart{Video: m.Address()}, nil
	case m.Kind == llm.Audio:
		return wirePart{Audio: m.Address()}, nil
	}
	return wirePart{Image: m.Address()}, nil
}
