package openai

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// noThoughts stands in for reasoning that a vendor demands back and that
// another vendor kept to itself.
const noThoughts = " "

// messages writes the conversation.
func (p *put) messages() *llm.Error {
	for i := range p.r.Messages {
		m := &p.r.Messages[i]
		field := fmt.Sprintf("messages[%d]", i)
		var bad *llm.Error
		switch m.Role {
		case llm.Assistant:
			bad = p.assistant(m, field, p.r.Continue && i == len(p.r.Messages)-1)
		case llm.System, llm.Developer:
			bad = p.instruction(m, field)
		case llm.User:
			bad = p.user(m, field)
		}
		if bad != nil {
			return bad
		}
	}
	if p.t.Traits.Alternates {
		p.w.Messages = alternate(p.w.Messages)
	}
	if p.w.Messages == nil {
		p.w.Messages = []wireMessage{}
	}
	return nil
}

// instruction writes what a system or developer says.
func (p *put) instruction(m *llm.Message, field string) *llm.Error {
	role := string(m.Role)
	if m.Role == llm.Developer && p.t.Traits.NoDeveloper {
		role = string(llm.System)
	}
	return p.add(wireMessage{Role: role, Name: m.Name}, m.Parts, m, field)
}

// user writes what a user says, and before it what tools answered, each in a
// message of its own. Media that a tool answered follow as the user's: tool
// messages hold text.
func (p *put) user(m *llm.Message, field string) *llm.Error {
	var rest, shown []llm.Part
	answered := false
	for i, part := range m.Parts {
		result, ok := part.(*llm.ToolResult)
		if !ok {
			rest = append(rest, part)
			continue
		}
		answered = true
		media, bad := p.toolResult(result, m, fmt.Sprintf("%s.content[%d]", field, i))
		if bad != nil {
			return bad
		}
		shown = append(shown, media...)
	}
	if answered && len(shown) == 0 && len(rest) == 0 {
		return nil
	}
	return p.add(wireMessage{Role: "user", Name: m.Name}, append(shown, rest...), m, field)
}

func (p *put) toolResult(r *llm.ToolResult, m *llm.Message, field string) (media []llm.Part, bad *llm.Error) {
	id := p.callID(r.ID)
	w := wireMessage{Role: "tool", ToolCallID: id, CacheControl: p.cache(r.Cache)}
	if p.own {
		w.Name, w.Extra = r.Name, m.Extra
	}
	var texts []llm.Part
	for _, part := range r.Parts {
		switch part := part.(type) {
		case *llm.Text:
			texts = append(texts, part)
		case *llm.Media:
			if len(media) == 0 {
				media = append(media, &llm.Text{Text: "What the tool call " + id + " showed:"})
			}
			media = append(media, part)
			p.lost.Change(field, "tools answer in text: what this one showed follows as the user's")
		case *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
			p.lost.Drop(field, "it is known in another dialect alone")
		}
	}
	switch {
	case r.Error:
		text, _ := onlyText(texts)
		texts = []llm.Part{&llm.Text{Text: "Error: " + text}}
		p.lost.Change(field+".is_error", "the text says so")
	case len(texts) == 0 && len(media) > 0:
		texts = []llm.Part{&llm.Text{Text: "See below."}}
	case len(texts) == 0:
		texts = []llm.Part{&llm.Text{}} // content must be there
	}
	if w.Content, bad = p.content(texts, field); bad == nil {
		p.w.Messages = append(p.w.Messages, w)
	}
	return media, bad
}

// add writes a message with these parts as its content.
func (p *put) add(w wireMessage, parts []llm.Part, m *llm.Message, field string) *llm.Error {
	if p.own {
		w.Extra = m.Extra
	} else {
		for _, name := range sorted(m.Extra) {
			p.lost.Drop(field+"."+name, "it is known in the dialect of "+p.r.Dialect+" alone")
		}
	}
	var bad *llm.Error
	w.Content, bad = p.content(parts, field+".content")
	if bad != nil {
		return bad
	}
	p.w.Messages = append(p.w.Messages, w)
	return nil
}

// content writes parts: as a string where they are text alone, which every
// vendor takes, else as a list.
func (p *put) content(parts []llm.Part, field string) (jsontext.Value, *llm.Error) {
	if text, ok := onlyText(parts); ok && (len(parts) == 1 && !marked(parts) || !p.own && !(p.t.Traits.CacheMarks && marked(parts))) {
		if marked(parts) {
			p.cache(&llm.Cache{}) // notes that it is left out
		}
		return value(text), nil
	}
	list := []jsontext.Value{}
	for i, part := range parts {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch part := part.(type) {
		case *llm.Text:
			list = append(list, value(&wirePart{Type: "text", Text: &part.Text, CacheControl: p.cache(part.Cache)}))
		case *llm.Media:
			w, bad := p.media(part, at)
			if bad != nil {
				return nil, bad
			}
			list = append(list, value(&w))
		case *llm.Refusal:
			list = append(list, value(&wirePart{Type: "refusal", Refusal: &part.Text}))
		case *llm.Foreign:
			if part.Dialect != Name {
				p.lost.Drop(at, "a part of kind "+part.Type+" is known in the dialect of "+part.Dialect+" alone")
				continue
			}
			list = append(list, part.Raw)
		case *llm.Thinking, *llm.ToolCall, *llm.ToolResult:
			p.lost.Drop(at, "such a part has no place in "+field)
		}
	}
	return value(list), nil
}

// onlyText joins parts that are text, if they are that alone.
func onlyText(parts []llm.Part) (string, bool) {
	if len(parts) == 1 {
		t, ok := parts[0].(*llm.Text)
		if !ok {
			return "", false
		}
		return t.Text, true
	}
	var b strings.Builder
	for i, part := range parts {
		t, ok := part.(*llm.Text)
		if !ok {
			return "", false
		}
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(t.Text)
	}
	return b.String(), true
}

// marked reports whether one of the parts, which are text, ends a prefix to be
// cached.
func marked(parts []llm.Part) bool {
	return slices.ContainsFunc(parts, func(p llm.Part) bool {
		t, ok := p.(*llm.Text)
		return ok && t.Cache != nil
	})
}

func (p *put) media(m *llm.Media, field string) (wirePart, *llm.Error) {
	tr := &p.t.Traits
	w := wirePart{CacheControl: p.cache(m.Cache)}
	switch m.Kind {
	case llm.Image:
		if tr.NoImages {
			return w, p.cannot(field, "%s takes no images", p.t.Model)
		}
		w.Type, w.ImageURL = "image_url", &wireURL{URL: m.Address(), Detail: m.Detail}
		if m.File != "" && m.Data == "" && m.URL == "" {
			return w, p.cannot(field, "%s knows no images by file id", p.t.Vendor)
		}
	case llm.Audio:
		if tr.NoAudio {
			return w, p.cannot(field, "%s takes no audio", p.t.Model)
		}
		w.Type, w.InputAudio = "input_audio", &wireAudio{Data: m.Data, Format: audioFormat(m.MIME)}
		if m.Data == "" {
			w = wirePart{Type: "audio_url", AudioURL: &wireURL{URL: m.URL}}
		}
	case llm.Video:
		if tr.NoImages || tr.NoFiles {
			return w, p.cannot(field, "%s takes no video", p.t.Model)
		}
		w.Type, w.VideoURL = "video_url", &wireURL{URL: m.Address()}
	case llm.Document:
		if text, ok := m.PlainText(); ok {
			p.lost.Change(field, "a text file goes as text")
			return wirePart{Type: "text", Text: &text, CacheControl: w.CacheControl}, nil
		}
		if tr.NoFiles {
			return w, p.cannot(field, "%s takes no files", p.t.Model)
		}
		if m.URL != "" && m.Data == "" {
			return w, p.cannot(field, "%s takes files by their bytes or their id, not by URL", p.t.Vendor)
		}
		w.Type, w.File = "file", &wireFile{FileID: m.File, Filename: m.Name}
		if m.Data != "" {
			w.File.FileData = m.Address()
		}
	}
	return w, nil
}

// audioFormat is the name of a MIME type in input_audio.format.
func audioFormat(mime string) string {
	switch mime {
	case "audio/wav", "audio/x-wav", "audio/wave", "":
		return "wav"
	case "audio/mp3":
		return "mp3"
	}
	for format, known := range audioMIME {
		if known == mime {
			return format
		}
	}
	return strings.TrimPrefix(mime, "audio/")
}

// assistant writes what the assistant said before.
func (p *put) assistant(m *llm.Message, field string, unfinished bool) *llm.Error {
	w := wireMessage{Role: "assistant", Name: m.Name}
	var said []llm.Part
	var thought []*llm.Thinking
	for _, part := range m.Parts {
		switch part := part.(type) {
		case *llm.Thinking:
			thought = append(thought, part)
		case *llm.ToolCall:
			w.ToolCalls = append(w.ToolCalls, p.call(part))
		case *llm.Refusal:
			w.Refusal = &part.Text
		case *llm.Media:
			if !p.own || part.Kind != llm.Audio || part.File == "" {
				p.lost.Drop(field+".content", "an assistant's pictures and sounds can't be sent back")
				continue
			}
			w.Audio = &wireAudioAnswer{ID: part.File}
		case *llm.Text, *llm.ToolResult, *llm.Foreign:
			said = append(said, part)
		}
	}
	p.echo(&w, thought)
	if len(said) == 0 {
		if w.ToolCalls == nil && w.Refusal == nil && w.Audio == nil && w.ReasoningContent == nil {
			w.Content = value("") // an empty turn still is one
		}
		if p.own {
			w.Extra = m.Extra
		}
		p.w.Messages = append(p.w.Messages, w)
	} else if bad := p.add(w, said, m, field); bad != nil {
		return bad
	}
	if flag := p.t.Traits.PrefixFlag; unfinished && flag != "" {
		last := &p.w.Messages[len(p.w.Messages)-1]
		last.Extra = with(last.Extra, flag)
	}
	return nil
}

// with is a map in which a flag is set.
func with(m map[string]jsontext.Value, flag string) map[string]jsontext.Value {
	set := map[string]jsontext.Value{flag: jsontext.Value("true")}
	for name, v := range m {
		set[name] = v
	}
	return set
}

// echo sends earlier reasoning back, to vendors that want it.
func (p *put) echo(w *wireMessage, thought []*llm.Thinking) {
	var text strings.Builder
	for _, t := range thought {
		text.WriteString(t.Text)
		if data, ok := t.State.For(p.t.Origin, llm.StateDetails); ok {
			w.ReasoningDetails = jsontext.Value(data)
		}
	}
	calls := len(w.ToolCalls) > 0
	switch p.t.Traits.EchoThinking {
	case "":
		if !p.own {
			return // OpenAI's own protocol has no place for it
		}
	case protocol.EchoNever:
		return
	case protocol.EchoTools:
		if !calls {
			return
		}
	case protocol.EchoAlways:
	}
	s := text.String()
	if s == "" && calls && p.t.Traits.EchoThinking != "" {
		s = noThoughts
	}
	if s != "" && w.ReasoningDetails == nil {
		w.ReasoningContent = &s
	}
}

// callID is the id of a tool call as the vendor takes it.
func (p *put) callID(id string) string {
	id, _ = llm.UnsealID(id)
	return protocol.ExactID(id, p.t.Traits.CallIDs)
}

func (p *put) call(c *llm.ToolCall) wireCall {
	w := wireCall{ID: p.callID(c.ID), CacheControl: p.cache(c.Cache)}
	if data, ok := c.State.For(p.t.Origin, llm.StateThought); ok {
		w.ExtraContent = &wireGoogle{}
		w.ExtraContent.Google.ThoughtSignature = data
	}
	if c.Custom && !p.t.Traits.NoCustomTools {
		w.Type, w.Custom = "custom", &wireCustomCal{Name: c.Name, Input: c.Arguments}
		return w
	}
	arguments := c.Arguments
	if c.Custom {
		arguments = llm.FreeArguments(arguments)
	}
	if strings.TrimSpace(arguments) == "" {
		arguments = "{}"
	}
	w.Type, w.Function = "function", &wireCalled{Name: c.Name, Arguments: value(arguments)}
	return w
}

// alternate joins neighbours of one role and puts a user before the first
// assistant, for vendors that want turns.
func alternate(in []wireMessage) []wireMessage {
	var out []wireMessage
	begun := false
	for _, m := range in {
		if m.Role == "system" || m.Role == "developer" {
			out = append(out, m)
			continue
		}
		if !begun && m.Role == "assistant" {
			out = append(out, wireMessage{Role: "user", Content: value("…")})
		}
		begun = true
		last := len(out) - 1
		if last >= 0 && out[last].Role == m.Role && m.Role != "tool" && joinable(&out[last]) && joinable(&m) {
			out[last].Content = joined(out[last].Content, m.Content)
			continue
		}
		out = append(out, m)
	}
	return out
}

func joinable(m *wireMessage) bool { return len(m.ToolCalls) == 0 && notNull(m.Content) != nil }

// joined puts two contents behind each other.
func joined(a, b jsontext.Value) jsontext.Value {
	if a[0] == '"' && b[0] == '"' {
		return value(argumentsOf(a) + "\n\n" + argumentsOf(b))
	}
	list := []jsontext.Value{}
	for _, v := range []jsontext.Value{a, b} {
		if v[0] == '"' {
			text := argumentsOf(v)
			list = append(list, value(wirePart{Type: "text", Text: &text}))
			continue
		}
		var more []jsontext.Value
		if decode(v, &more) == nil {
			list = append(list, more...)
		}
	}
	return value(list)
}
