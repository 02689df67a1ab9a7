package gemini

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// noSignature is what Gemini 3 takes for the signature of a call it did not
// make itself (ai.google.dev/gemini-api/docs/thought-signatures).
const noSignature = "skip_thought_signature_validator"

// script writes a conversation as systemInstruction and contents.
type script struct {
	request *llm.Request
	target  *protocol.Target
	losses  *llm.Losses
	wire    *request

	names map[string]string // of the calls so far, by id
	order map[string]int    // of the calls so far, by id
}

func (s *script) write() *llm.Error {
	s.names, s.order = map[string]string{}, map[string]int{}
	layout := protocol.Layout{Admit: s.admit, Signed: true, Losses: s.losses}
	system, turns, err := layout.Turns(s.request.Messages)
	if err != nil {
		return err
	}
	if len(system) > 0 {
		parts, err := s.parts(system)
		if err != nil {
			return err
		}
		s.wire.System = &content{Parts: parts}
	}
	for _, t := range turns {
		// Where ids are left out, the order is all that tells answers apart.
		slices.SortStableFunc(t.Parts, func(a, b protocol.Placed) int { return s.rank(a.Part) - s.rank(b.Part) })
		parts, err := s.parts(t.Parts)
		if err != nil {
			return err
		}
		role := "user"
		if t.Role == llm.Assistant {
			role = "model"
			s.sign(parts)
		}
		s.wire.Contents = append(s.wire.Contents, content{Role: role, Parts: parts})
	}
	return nil
}

// rank puts what tools answered first, in the order of their calls. Nothing else
// is moved.
func (s *script) rank(p llm.Part) int {
	if r, ok := p.(*llm.ToolResult); ok {
		return s.order[r.ID]
	}
	return len(s.order) + 1
}

// admit leaves out what Google could not read: reasoning that it did not sign,
// and what only another dialect knows.
func (s *script) admit(_ *llm.Message, p llm.Part, at string) (llm.Part, *llm.Error) {
	switch p := p.(type) {
	case *llm.Thinking:
		_, ok := p.State.For(s.target.Origin, llm.StateThought)
		if !ok || s.target.Traits.EchoThinking == protocol.EchoNever {
			return nil, nil
		}
	case *llm.Foreign:
		var w part
		if p.Dialect != Name || s.request.Dialect != Name || unmarshal(p.Raw, &w) != nil {
			s.losses.Drop(at, "Google does not know "+p.Type)
			return nil, nil //nolint:nilerr // what can't be read is left out, and said to be
		}
	case *llm.Refusal:
		return &llm.Text{Text: p.Text}, nil
	case *llm.ToolCall:
		s.names[p.ID] = p.Name
		s.order[p.ID] = len(s.order) + 1
	case *llm.ToolResult:
		if s.names[p.ID] == "" && p.Name != "" {
			s.names[p.ID] = p.Name
		}
	case *llm.Text:
		if _, ok := p.State.For(s.target.Origin, llm.StateThought); !ok && p.State != nil && strings.TrimSpace(p.Text) == "" {
			return nil, nil // another's signature of nothing
		}
	case *llm.Media:
	}
	return p, nil
}

// sign sees to it that Gemini 3 finds a signature on a turn's first call.
func (s *script) sign(parts []part) {
	if s.target.Traits.Thinks != protocol.ThinksByLevel {
		return
	}
	for i := range parts {
		if p := &parts[i]; p.Call != nil {
			if p.Signature == "" {
				p.Signature = noSignature
			}
			return
		}
	}
}

// sentID is a call's id as it is sent. Google takes any; those that decode made
// up for contents without ids are left out again.
func sentID(id string) string {
	if rest, ok := strings.CutPrefix(id, "call_"); ok && rest != "" && strings.Trim(rest, "0123456789") == "" {
		return ""
	}
	return id
}

func (s *script) parts(placed []protocol.Placed) ([]part, *llm.Error) {
	var out []part
	for _, p := range placed {
		more, err := s.part(p.Part, p.Path)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func (s *script) part(p llm.Part, at string) ([]part, *llm.Error) {
	switch p := p.(type) {
	case *llm.Text:
		signature, _ := p.State.For(s.target.Origin, llm.StateThought)
		return []part{{Text: &p.Text, Signature: signature}}, nil
	case *llm.Thinking:
		signature, _ := p.State.For(s.target.Origin, llm.StateThought)
		return []part{{Text: &p.Text, Thought: true, Signature: signature}}, nil
	case *llm.Media:
		w, err := s.media(p, at)
		return []part{w}, err
	case *llm.ToolCall:
		return []part{s.call(p, at)}, nil
	case *llm.ToolResult:
		return s.result(p, at)
	case *llm.Foreign:
		var w part
		_ = unmarshal(p.Raw, &w) // it was admitted because it can be read
		return []part{w}, nil
	case *llm.Refusal: // it was admitted as text
	}
	return nil, nil
}

func (s *script) call(p *llm.ToolCall, at string) part {
	args := llm.Raw(p.Arguments)
	switch {
	case p.Custom:
		args = llm.Raw(llm.FreeArguments(p.Arguments))
	case strings.TrimSpace(p.Arguments) == "":
		args = llm.Raw("{}")
	case !args.IsValid() || args.Kind() != '{':
		args = llm.Raw(llm.FreeArguments(p.Arguments))
		s.losses.Change(at+".arguments", "they are not a JSON object, which Google wants")
	}
	signature, _ := p.State.For(s.target.Origin, llm.StateThought)
	return part{Call: &call{ID: sentID(p.ID), Name: p.Name, Args: args}, Signature: signature}
}

func (s *script) result(p *llm.ToolResult, at string) ([]part, *llm.Error) {
	var words []string
	var media []part
	for i, inner := range p.Parts {
		switch inner := inner.(type) {
		case *llm.Text:
			words = append(words, inner.Text)
		case *llm.Media:
			w, err := s.media(inner, fmt.Sprintf("%s.content[%d]", at, i))
			if err != nil {
				return nil, err
			}
			media = append(media, w)
		case *llm.Foreign:
			s.losses.Drop(fmt.Sprintf("%s.content[%d]", at, i), "Google does not know "+inner.Type)
		case *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal:
		}
	}
	out := part{Result: &result{ID: sentID(p.ID), Name: s.names[p.ID], Response: responseOf(strings.Join(words, "\n"), p.Error)}}
	if s.target.Traits.Thinks == protocol.ThinksByLevel {
		out.Result.Parts = media // Gemini 3 takes media within a result
		return []part{out}, nil
	}
	if len(media) > 0 {
		s.losses.Change(at, "before Gemini 3 a result holds no media; they stand behind it")
	}
	return append([]part{out}, media...), nil
}

// responseOf is a result as an object: an object as it is, other text by
// Google's convention as output or error.
func responseOf(text string, failed bool) llm.Raw {
	word := "output"
	if failed {
		word = "error"
	}
	raw := llm.Raw(text)
	if _, _, sole := soleText(raw); !failed && raw.IsValid() && raw.Kind() == '{' && !sole {
		return raw
	}
	return llm.Raw(`{"` + word + `":` + string(quote(text)) + `}`)
}

func (s *script) media(m *llm.Media, at string) (part, *llm.Error) {
	tr := &s.target.Traits
	if m.Kind == llm.Image && tr.NoImages || m.Kind == llm.Audio && tr.NoAudio || m.Kind == llm.Document && tr.NoFiles {
		return part{}, cannot(at, "is an "+string(m.Kind)+", and "+s.target.Model+" takes none")
	}
	switch {
	case m.Data != "":
		return part{Inline: &blob{MIME: mimeOf(m), Data: m.Data}}, nil
	case uploaded(m.File):
		return part{File: &file{MIME: m.MIME, URI: m.File}}, nil
	case m.File != "":
		return part{}, cannot(at, "is a file uploaded to another vendor. Send its bytes.")
	case m.URL == "":
		return part{}, cannot(at, "has neither data nor a URL")
	}
	mime := mimeOf(m)
	if youtube(m.URL) {
		mime = m.MIME
	}
	return part{File: &file{MIME: mime, URI: m.URL}}, nil
}

// mimeOf is the type of media, which Google demands: as given, by the name's
// ending, by the first bytes, or the likeliest of its kind.
func mimeOf(m *llm.Media) string {
	if m.MIME != "" {
		return m.MIME
	}
	name := m.Name
	if name == "" {
		name, _, _ = strings.Cut(m.URL, "?")
	}
	types := map[string]string{
		".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".heic": "image/heic",
		".pdf": "application/pdf", ".txt": mimeText, ".md": mimeText, ".csv": "text/csv", ".html": "text/html",
		".mp3": "audio/mp3", ".wav": "audio/wav", ".ogg": "audio/ogg", ".flac": "audio/flac", ".mp4": "video/mp4", ".mov": "video/mov", ".webm": "video/webm",
	}
	if mime, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return mime
	}
	const sniffed = 684 // base64 of the 512 bytes that are looked at, and then some
	if head, err := base64.StdEncoding.DecodeString(m.Data[:min(len(m.Data), sniffed)&^3]); err == nil && len(head) > 0 {
		if mime, _, _ := strings.Cut(http.DetectContentType(head), ";"); mime != "application/octet-stream" {
			return mime
		}
	}
	switch m.Kind {
	case llm.Image:
		return "image/jpeg"
	case llm.Audio:
		return "audio/wav"
	case llm.Video:
		return "video/mp4"
	case llm.Document:
	}
	return "application/pdf"
}
