package responses

import (
	"fmt"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// input writes the conversation: the first words of the system as instructions,
// all else as items.
func (p *put) input() *llm.Error {
	items := []llm.Raw{}
	for i := range p.r.Messages {
		m := &p.r.Messages[i]
		at := fmt.Sprintf("messages[%d]", i)
		if i == 0 && m.Role == llm.System {
			if words, ok := onlyText(m.Parts); ok {
				p.w.Instructions = value(words)
				continue
			}
		}
		more, err := p.itemsOf(m, at)
		if err != nil {
			return err
		}
		items = append(items, more...)
	}
	if len(items) == 0 && p.w.Instructions != nil { // a question is demanded
		items = append(items, value(item{Type: typeMessage, Role: "system", Content: p.w.Instructions}))
		p.w.Instructions = nil
	}
	p.items = items
	return nil
}

func onlyText(parts []llm.Part) (string, bool) {
	var words []string
	for _, part := range parts {
		t, ok := part.(*llm.Text)
		if !ok {
			return "", false
		}
		words = append(words, t.Text)
	}
	return strings.Join(words, "\n\n"), len(words) > 0
}

// itemsOf writes a message as the items it consists of.
func (p *put) itemsOf(m *llm.Message, at string) ([]llm.Raw, *llm.Error) {
	var items []llm.Raw
	var said []content // since the last item
	flush := func() {
		if len(said) > 0 {
			items = append(items, value(message{Type: typeMessage, Role: string(m.Role), Content: said}))
			said = nil
		}
	}
	for i, part := range m.Parts {
		where := fmt.Sprintf("%s.content[%d]", at, i)
		switch part := part.(type) {
		case *llm.Text, *llm.Media, *llm.Refusal:
			c, err := p.content(part, m.Role, where)
			if err != nil {
				return nil, err
			}
			said = append(said, c)
		case *llm.Thinking:
			if raw := p.thinking(part); raw != nil {
				flush()
				items = append(items, raw)
			}
		case *llm.ToolCall:
			flush()
			items = append(items, value(p.call(part)))
		case *llm.ToolResult:
			flush()
			raw, err := p.result(part, where)
			if err != nil {
				return nil, err
			}
			items = append(items, raw)
		case *llm.Foreign:
			if part.Dialect != Name || !p.own {
				p.lost.Drop(where, "it is known in another dialect alone")
				continue
			}
			if isContent(part.Raw) {
				p.lost.Drop(where, "the Responses API has no place for it here")
				continue
			}
			flush()
			items = append(items, part.Raw)
		}
	}
	flush()
	return items, nil
}

// isContent reports whether a foreign part was a part of a message rather than
// an item of its own.
func isContent(raw llm.Raw) bool {
	var w struct {
		Type string `json:"type"`
	}
	return read(raw, &w) && strings.HasPrefix(w.Type, "input_")
}

// content writes a part of a message.
func (p *put) content(part llm.Part, role llm.Role, at string) (content, *llm.Error) {
	switch part := part.(type) {
	case *llm.Text:
		if role == llm.Assistant {
			return content{Type: "output_text", Text: &part.Text, Annotations: []llm.Raw{}}, nil
		}
		return content{Type: "input_text", Text: &part.Text}, nil
	case *llm.Refusal:
		return content{Type: "refusal", Refusal: &part.Text}, nil
	case *llm.Media:
		return p.media(part, at)
	case *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Foreign:
	}
	return content{}, p.cannot(at, "the Responses API has no place for it here")
}

func (p *put) media(m *llm.Media, at string) (content, *llm.Error) {
	tr := &p.t.Traits
	switch m.Kind {
	case llm.Image:
		if tr.NoImages {
			return content{}, p.cannot(at, p.t.Model+" takes no images")
		}
		return content{Type: "input_image", ImageURL: m.Address(), FileID: m.File, Detail: m.Detail}, nil
	case llm.Audio:
		if tr.NoAudio || m.Data == "" {
			return content{}, p.cannot(at, p.t.Model+" takes no sound")
		}
		_, kind, _ := strings.Cut(m.MIME, "/")
		if kind == "mpeg" || kind == "" {
			kind = "mp3"
		}
		return content{Type: "input_audio", Audio: &audio{Data: m.Data, Format: strings.TrimPrefix(kind, "x-")}}, nil
	case llm.Document:
		if tr.NoFiles {
			return content{}, p.cannot(at, p.t.Model+" takes no files")
		}
		w := content{Type: "input_file", FileID: m.File, Filename: m.Name, FileURL: m.URL}
		if m.Data != "" {
			w.FileURL, w.FileData = "", m.Address()
			if w.Filename == "" {
				w.Filename = "document.pdf" // a name is demanded beside data
			}
		}
		return w, nil
	case llm.Video:
	}
	return content{}, p.cannot(at, "the Responses API takes no films")
}

// thinking sends reasoning back to the vendor that encrypted it. Other
// reasoning is left out: the API reads none that it can't decrypt.
func (p *put) thinking(t *llm.Thinking) llm.Raw {
	data, ok := t.State.For(p.t.Origin, llm.StateEncrypted)
	if !ok {
		return nil
	}
	w := item{Type: typeReasoning, ID: t.ID, Summary: []content{}, Encrypted: &data}
	if t.Text != "" && t.Summary {
		w.Summary = append(w.Summary, content{Type: "summary_text", Text: &t.Text})
	}
	return value(w)
}

func (p *put) call(c *llm.ToolCall) item {
	w := item{Type: typeCall, CallID: c.ID, Name: c.Name}
	if namespace, name := ownName(c.Name, c.Extra); namespace != "" && p.own {
		w.Namespace, w.Name = namespace, name
	}
	arguments := c.Arguments
	switch {
	case c.Custom && !p.t.Traits.NoCustomTools:
		w.Type, w.Text = typeCustom, &arguments
		return w
	case c.Custom:
		arguments = llm.FreeArguments(arguments)
	case arguments == "":
		arguments = "{}"
	}
	w.Arguments = &arguments
	return w
}

func (p *put) result(r *llm.ToolResult, at string) (llm.Raw, *llm.Error) {
	w := item{Type: typeCallOutput, CallID: r.ID}
	if r.Custom && !p.t.Traits.NoCustomTools {
		w.Type = typeCustomOutput
	}
	words, text := onlyText(r.Parts)
	if r.Error {
		p.lost.Change(at+".is_error", "the text says so")
	}
	switch {
	case len(r.Parts) == 0 || text:
		if r.Error {
			words = "Error: " + words
		}
		w.Output = value(words)
		return value(w), nil
	case r.Error:
		p.lost.Change(at+".is_error", "the answer does not say so")
	}
	parts := []content{}
	for i, part := range r.Parts {
		where := fmt.Sprintf("%s.content[%d]", at, i)
		if foreign, ok := part.(*llm.Foreign); ok {
			p.lost.Drop(where, "only "+foreign.Dialect+" knows "+foreign.Type)
			continue
		}
		c, err := p.content(part, llm.User, where)
		if err != nil {
			return nil, err
		}
		parts = append(parts, c)
	}
	w.Output = value(parts)
	return value(w), nil
}
