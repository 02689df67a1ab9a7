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
	began bool              // a user or the model has spoken
}

func (s *script) write() *llm.Error {
	s.names, s.order = map[string]string{}, map[string]int{}
	for i := range s.request.Messages {
		m := &s.request.Messages[i]
		at := fmt.Sprintf("messages[%d]", i)
		if m.Role == llm.System || m.Role == llm.Developer {
			if err := s.instruct(m, at); err != nil {
				return err
			}
			continue
		}
		s.began = true
		if m.Name != "" {
			s.losses.Drop(at+".name", "Google's contents have no names")
		}
		parts, err := s.parts(m, at)
		if err != nil {
			return err
		}
		s.add(m.Role, parts)
	}
	for i := range s.wire.Contents {
		s.tidy(&s.wire.Contents[i])
	}
	if len(s.wire.Contents) > 0 {
		return nil
	}
	if s.wire.System == nil {
		return cannot("messages", "hold nothing that can be sent to Google. Send a user message with text.")
	}
	// Contents must not be empty: what was an instruction becomes the question.
	s.wire.Contents = list[content]{{Role: "user", Parts: s.wire.System.Parts}}
	s.wire.System = nil
	s.losses.Change("messages[0].role", "Google wants a user's content; the instruction was sent as one")
	return nil
}

// instruct adds to the system instruction, which stands before everything.
func (s *script) instruct(m *llm.Message, at string) *llm.Error {
	parts, err := s.parts(m, at)
	if err != nil || len(parts) == 0 {
		return err
	}
	if s.began {
		s.losses.Change(at, "Google takes system text only before the conversation")
	}
	if s.wire.System == nil {
		s.wire.System = &content{}
	}
	s.wire.System.Parts = append(s.wire.System.Parts, parts...)
	return nil
}

// add appends a content, or adds to the last one where that has the same role:
// results of calls made side by side must come in one content.
func (s *script) add(role llm.Role, parts []part) {
	if len(parts) == 0 {
		return
	}
	name := "user"
	if role == llm.Assistant {
		name = "model"
	}
	if n := len(s.wire.Contents); n > 0 && s.wire.Contents[n-1].Role == name {
		s.wire.Contents[n-1].Parts = append(s.wire.Contents[n-1].Parts, parts...)
		return
	}
	s.wire.Contents = append(s.wire.Contents, content{Role: name, Parts: parts})
}

// tidy puts a content's results first, in the order of the calls, and sees to
// it that Gemini 3 finds a signature on a turn's first call.
func (s *script) tidy(c *content) {
	rank := func(p part) int {
		if p.Result == nil {
			return len(s.order) + 1
		}
		return s.order[p.Result.ID]
	}
	slices.SortStableFunc(c.Parts, func(a, b part) int { return rank(a) - rank(b) })
	if s.target.Traits.Thinks == protocol.ThinksByLevel {
		for i := range c.Parts {
			if p := &c.Parts[i]; p.Call != nil {
				if p.Signature == "" {
					p.Signature = noSignature
				}
				break
			}
		}
	}
	// Ids that we made up mean nothing to Google.
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Call != nil {
			p.Call.ID = sentID(p.Call.ID)
		} else if p.Result != nil {
			p.Result.ID = sentID(p.Result.ID)
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

func (s *script) parts(m *llm.Message, at string) ([]part, *llm.Error) {
	var out []part
	for i, p := range m.Parts {
		more, err := s.part(p, fmt.Sprintf("%s.content[%d]", at, i))
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
		if p.Text == "" && signature == "" {
			return nil, nil // empty parts are refused
		}
		return []part{{Text: &p.Text, Signature: signature}}, nil
	case *llm.Refusal:
		if p.Text == "" {
			return nil, nil
		}
		return []part{{Text: &p.Text}}, nil
	case *llm.Thinking:
		return s.thought(p), nil
	case *llm.Media:
		w, err := s.media(p, at)
		return []part{w}, err
	case *llm.ToolCall:
		return s.call(p, at), nil
	case *llm.ToolResult:
		return s.result(p, at)
	case *llm.Foreign:
		return s.foreign(p, at), nil
	}
	return nil, nil
}

// thought sends reasoning back to the vendor that signed it. Other reasoning
// is left out: Google reads none that it can't verify.
func (s *script) thought(p *llm.Thinking) []part {
	signature, ok := p.State.For(s.target.Origin, llm.StateThought)
	if !ok || s.target.Traits.EchoThinking == protocol.EchoNever {
		return nil
	}
	return []part{{Text: &p.Text, Thought: true, Signature: signature}}
}

func (s *script) call(p *llm.ToolCall, at string) []part {
	s.names[p.ID] = p.Name
	s.order[p.ID] = len(s.order) + 1
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
	return []part{{Call: &call{ID: p.ID, Name: p.Name, Args: args}, Signature: signature}}
}

func (s *script) result(p *llm.ToolResult, at string) ([]part, *llm.Error) {
	name := s.names[p.ID]
	if name == "" {
		name = p.Name
	}
	if name == "" {
		return nil, cannot(at, fmt.Sprintf("answers the call %.80q, which no earlier message makes", p.ID))
	}
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
	out := part{Result: &result{ID: p.ID, Name: name, Response: responseOf(strings.Join(words, "\n"), p.Error)}}
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

func (s *script) foreign(p *llm.Foreign, at string) []part {
	var w part
	if p.Dialect != Name || s.request.Dialect != Name {
		s.losses.Drop(at, "Google does not know "+p.Type)
		return nil
	}
	if unmarshal(p.Raw, &w) != nil {
		return nil
	}
	return []part{w}
}
