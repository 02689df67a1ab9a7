package cohere

import (
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// quoted is a text as JSON.
func quoted(text string) llm.Raw {
	b, err := json.Marshal(text, lenient)
	if err != nil {
		return llm.Raw(`""`) // bad UTF-8 is mended, so that a text always encodes
	}
	return b
}

// conversation writes the messages.
func (p *put) conversation() *llm.Error {
	plain := protocol.Plain{Vendor: "Cohere", Losses: p.lost, Echo: p.echoed}
	layout := protocol.Layout{Admit: plain.Admit, Losses: p.lost}
	system, turns, failed := layout.Turns(p.r.Messages)
	if failed != nil {
		return failed
	}
	if len(system) > 0 {
		p.add("system", joined(system, "\n\n"))
	}
	for _, t := range turns {
		if t.Role == llm.Assistant {
			p.assistant(t.Parts)
			continue
		}
		if failed := p.user(t.Parts); failed != nil {
			return failed
		}
	}
	return nil
}

func (p *put) add(role, text string) {
	p.w.Messages = append(p.w.Messages, wireMessage{Role: role, Content: quoted(text)})
}

// joined are the texts among parts.
func joined(parts []protocol.Placed, between string) string {
	var texts []string
	for _, part := range parts {
		if t, ok := part.Part.(*llm.Text); ok {
			texts = append(texts, t.Text)
		}
	}
	return strings.Join(texts, between)
}

// echoed is earlier reasoning, where it goes back: by default that of turns
// which called tools, as Cohere has it in its guide to reasoning.
func (p *put) echoed(m *llm.Message, t *llm.Thinking) llm.Part {
	called := false
	for _, part := range m.Parts {
		_, ok := part.(*llm.ToolCall)
		called = called || ok
	}
	echo := p.t.Traits.EchoThinking
	switch {
	case t.Redacted || strings.TrimSpace(t.Text) == "", p.t.Traits.Thinks == protocol.ThinksNot, echo == protocol.EchoNever, echo != protocol.EchoAlways && !called:
		return nil
	}
	return t
}

// assistant writes what the assistant said. Words before calls are its plan.
func (p *put) assistant(parts []protocol.Placed) {
	w := wireMessage{Role: "assistant"}
	var blocks []wireBlock
	for _, part := range parts {
		switch part := part.Part.(type) {
		case *llm.ToolCall:
			w.Calls = append(w.Calls, p.call(part))
		case *llm.Thinking:
			blocks = append(blocks, wireBlock{Type: "thinking", Thinking: &part.Text})
		case *llm.Text, *llm.Media, *llm.ToolResult, *llm.Refusal, *llm.Foreign: // texts follow, the rest was not admitted
		}
	}
	text := joined(parts, "")
	if w.Calls != nil {
		w.Plan, text = text, ""
	}
	switch {
	case len(blocks) > 0:
		if text != "" {
			blocks = append(blocks, wireBlock{Type: "text", Text: &text})
		}
		w.Content = blocked(blocks)
	case w.Calls == nil:
		w.Content = quoted(text)
	}
	p.w.Messages = append(p.w.Messages, w)
}

func blocked(blocks []wireBlock) llm.Raw {
	b, err := json.Marshal(blocks, lenient)
	if err != nil {
		return llm.Raw("[]") // texts and addresses always encode
	}
	return b
}

func (p *put) call(c *llm.ToolCall) wireCall {
	id, arguments := protocol.CallText(c)
	return wireCall{ID: id, Type: "function", Function: wireCalled{Name: protocol.CleanIdentifier(c.Name, maxName), Arguments: arguments}}
}

// user writes what tools answered, each in a message of its own, and what the
// user says. Media that tools answered follow as the user's.
func (p *put) user(parts []protocol.Placed) *llm.Error {
	var blocks []wireBlock
	pictures := false
	add := func(part llm.Part, path string) *llm.Error {
		b, failed := p.block(part, path)
		if failed == nil {
			blocks, pictures = append(blocks, b), pictures || b.Image != nil
		}
		return failed
	}
	for _, part := range parts {
		result, ok := part.Part.(*llm.ToolResult)
		if !ok {
			if failed := add(part.Part, part.Path); failed != nil {
				return failed
			}
			continue
		}
		id, _ := llm.UnsealID(result.ID)
		text, shown := protocol.ToolText(result, id, part.Path, p.lost)
		p.w.Messages = append(p.w.Messages, wireMessage{Role: "tool", ToolCall: id, Content: quoted(text)})
		for _, s := range shown {
			if failed := add(s, part.Path); failed != nil {
				return failed
			}
		}
	}
	switch {
	case len(blocks) == 0:
	case pictures:
		p.w.Messages = append(p.w.Messages, wireMessage{Role: "user", Content: blocked(blocks)})
	default:
		texts := make([]string, len(blocks))
		for i, b := range blocks {
			texts[i] = *b.Text
		}
		p.add("user", strings.Join(texts, "\n\n"))
	}
	return nil
}

// block writes a part of what the user says.
func (p *put) block(part llm.Part, path string) (wireBlock, *llm.Error) {
	switch part := part.(type) {
	case *llm.Text:
		return wireBlock{Type: "text", Text: &part.Text}, nil
	case *llm.Media:
		return p.media(part, path)
	case *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
	}
	return wireBlock{}, protocol.Refused(path, "the part does not belong here")
}

func (p *put) media(m *llm.Media, path string) (wireBlock, *llm.Error) {
	if text, ok := m.PlainText(); ok {
		p.lost.Change(path, "a text file goes as text")
		return wireBlock{Type: "text", Text: &text}, nil
	}
	switch {
	case m.Kind != llm.Image:
		return wireBlock{}, protocol.Refused(path, "Cohere takes text and pictures, and no "+string(m.Kind))
	case p.t.Traits.NoImages:
		return wireBlock{}, protocol.Refused(path, p.t.Model+" takes no pictures; ask one that does, such as command-a-vision-07-2025")
	case m.Data == "" && m.URL == "":
		return wireBlock{}, protocol.Refused(path, "a file's id is known only to the vendor it was uploaded to; send the picture itself")
	}
	return wireBlock{Type: "image_url", Image: &wireURL{URL: m.Address(), Detail: m.Detail}}, nil
}
