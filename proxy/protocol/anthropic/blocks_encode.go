package anthropic

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxID is how long the id of a tool's call may be.
const maxID = 256

// conversation writes the system prompt and the turns.
func (e *encoding) conversation() *llm.Error {
	layout := protocol.Layout{Admit: e.admit, SystemAnywhere: e.t.Traits.SystemAnywhere, Losses: e.lost}
	system, turns, failed := layout.Turns(e.r.Messages)
	if failed != nil {
		return failed
	}
	if e.w.System, failed = e.blocks(system); failed != nil {
		return failed
	}
	for _, t := range turns {
		m := wireMessage{Role: string(t.Role)}
		if m.Content, failed = e.blocks(t.Parts); failed != nil {
			return failed
		}
		e.w.Messages = append(e.w.Messages, m)
	}
	if last := &e.w.Messages[len(e.w.Messages)-1]; last.Role == "assistant" {
		trimEnd(last.Content)
	}
	return nil
}

// trimEnd takes the blanks off an unfinished answer, with which Anthropic lets
// none end.
func trimEnd(blocks content) {
	b := &blocks[len(blocks)-1]
	if b.Type != "text" {
		return
	}
	text := strings.TrimRight(*b.Text, " \t\r\n")
	b.Text = &text
}

// admit decides what of a message is sent.
func (e *encoding) admit(m *llm.Message, p llm.Part, path string) (llm.Part, *llm.Error) {
	if !e.own {
		switch p := p.(type) {
		case *llm.Media:
			protocol.DropExtra(e.lost, path, p.Extra)
		case *llm.ToolCall:
			protocol.DropExtra(e.lost, path, p.Extra)
		case *llm.Text, *llm.Thinking, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
		}
	}
	switch p := p.(type) {
	case *llm.Thinking:
		if !e.sendable(m, p) {
			e.lost.Drop(path, "reasoning that another vendor or key signed, or nobody")
			return nil, nil
		}
	case *llm.Foreign:
		if p.Dialect != Name {
			e.lost.Drop(path, "only another vendor knows what "+p.Type+" is")
			return nil, nil
		}
	case *llm.Refusal:
		return &llm.Text{Text: p.Text}, nil
	case *llm.Media:
		if m.Role == llm.Assistant {
			e.lost.Drop(path, "the vendor takes no "+string(p.Kind)+" that the assistant made")
			return nil, nil
		}
	case *llm.Text, *llm.ToolCall, *llm.ToolResult:
	}
	return p, nil
}

// sendable reports whether reasoning may go back to the vendor: what it signed
// itself, or, to one that asks for it, what nobody signed.
func (e *encoding) sendable(m *llm.Message, p *llm.Thinking) bool {
	kind := llm.StateSignature
	if p.Redacted {
		kind = llm.StateRedacted
	}
	if _, ok := p.State.For(e.t.Origin, kind); ok {
		return true
	}
	if p.Redacted || p.Text == "" || p.State != nil && p.State.Kind != llm.StateNone {
		return false
	}
	switch e.t.Traits.EchoThinking {
	case protocol.EchoAlways:
		return true
	case protocol.EchoTools:
		return slices.ContainsFunc(m.Parts, func(p llm.Part) bool { _, ok := p.(*llm.ToolCall); return ok })
	case protocol.EchoNever:
	}
	return false
}

func (e *encoding) blocks(parts []protocol.Placed) (content, *llm.Error) {
	var out content
	for _, p := range parts {
		b, failed := e.block(p.Part, p.Path)
		if failed != nil {
			return nil, failed
		}
		out = append(out, b)
	}
	return out, nil
}

// block writes one part that was admitted.
func (e *encoding) block(p llm.Part, path string) (wireBlock, *llm.Error) {
	switch p := p.(type) {
	case *llm.Text:
		b := wireBlock{Type: "text", Text: &p.Text, CacheControl: e.cache(p.Cache)}
		if e.own {
			b.Citations = encodeCitations(p.Annotations, false)
		}
		return b, nil
	case *llm.Thinking:
		return thinkingBlock(p), nil
	case *llm.Media:
		return e.media(p, path)
	case *llm.ToolCall:
		raw, bent := input(p)
		if bent {
			e.lost.Change(path+".arguments", "the vendor takes only objects: what the model wrote was put into one")
		}
		b := wireBlock{Type: "tool_use", ID: protocol.CleanName(p.ID, maxID), Name: protocol.CleanName(p.Name, maxName), Input: raw, CacheControl: e.cache(p.Cache)}
		if e.own {
			b.Extra = p.Extra
		}
		return b, nil
	case *llm.ToolResult:
		return e.result(p, path)
	case *llm.Foreign:
		return wireBlock{Type: p.Type, raw: p.Raw}, nil
	case *llm.Refusal:
	}
	return wireBlock{}, invalid(path, "the part does not belong here") // admit turned it into words
}

// thinkingBlock writes reasoning with what signs it, as a vendor wants it back.
func thinkingBlock(p *llm.Thinking) wireBlock {
	data := ""
	if p.State != nil {
		data = p.State.Data
	}
	if p.Redacted {
		return wireBlock{Type: "redacted_thinking", Data: data}
	}
	return wireBlock{Type: "thinking", Thinking: &p.Text, Signature: &data}
}

func (e *encoding) result(p *llm.ToolResult, path string) (wireBlock, *llm.Error) {
	b := wireBlock{Type: "tool_result", ToolUseID: protocol.CleanName(p.ID, maxID), IsError: p.Error, CacheControl: e.cache(p.Cache)}
	for _, part := range p.Parts {
		switch part := part.(type) {
		case *llm.Text:
			if strings.TrimSpace(part.Text) == "" {
				continue
			}
		case *llm.Foreign:
			if part.Dialect != Name {
				e.lost.Drop(path, "only another vendor knows what "+part.Type+" is")
				continue
			}
		case *llm.Media, *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal:
		}
		inner, failed := e.block(part, path)
		if failed != nil {
			return b, failed
		}
		b.Content = append(b.Content, inner)
	}
	return b, nil
}

// media writes a picture or a document.
func (e *encoding) media(p *llm.Media, path string) (wireBlock, *llm.Error) {
	b := wireBlock{Type: string(p.Kind), CacheControl: e.cache(p.Cache), Source: &wireSource{}}
	if e.own {
		b.Title, b.Extra = p.Name, p.Extra
	} else if p.Kind == llm.Document {
		b.Title = p.Name
	}
	switch {
	case p.Kind == llm.Image && e.t.Traits.NoImages:
		return b, cannotSay(path, "the model takes no images; ask one that does")
	case p.Kind == llm.Document && e.t.Traits.NoFiles:
		return b, cannotSay(path, "the model takes no documents; send their text")
	case p.Kind != llm.Image && p.Kind != llm.Document:
		return b, cannotSay(path, "the vendor takes no "+string(p.Kind)+"; ask one that does")
	case p.File != "" && !e.own:
		return b, cannotSay(path, "a file's id is known only to the vendor it was uploaded to; send the file itself")
	case p.File != "":
		*b.Source = wireSource{Type: "file", FileID: p.File}
	case p.Data == "":
		*b.Source = wireSource{Type: "url", URL: p.URL}
	case p.Kind == llm.Document && strings.HasPrefix(p.MIME, "text/"):
		text, err := base64.StdEncoding.DecodeString(p.Data)
		if err != nil {
			return b, invalid(path, "the document is not base64")
		}
		*b.Source = wireSource{Type: "text", MediaType: "text/plain", Data: string(text)}
	case p.Kind == llm.Document && p.MIME != "application/pdf" && p.MIME != "":
		return b, cannotSay(path, "the vendor takes PDF and plain text, not "+p.MIME)
	case p.Kind == llm.Document:
		*b.Source = wireSource{Type: "base64", MediaType: "application/pdf", Data: p.Data}
	default:
		if !slices.Contains([]string{"image/jpeg", "image/png", "image/gif", "image/webp"}, p.MIME) && !e.own {
			return b, cannotSay(path, "the vendor takes images as JPEG, PNG, GIF and WebP, not "+p.MIME)
		}
		*b.Source = wireSource{Type: "base64", MediaType: p.MIME, Data: p.Data}
	}
	return b, nil
}

// Inlines reports whether media has to be sent as bytes: Anthropic fetches
// pictures and PDFs itself, but by https alone; its models elsewhere do not.
func (codec) Inlines(m *llm.Media, t *protocol.Target) bool {
	return m.URL != "" && (t.Traits.InlinesMedia || !strings.HasPrefix(m.URL, "https://"))
}
