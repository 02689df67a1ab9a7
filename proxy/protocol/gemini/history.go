package gemini

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// history reads a conversation's contents in order. Calls without ids get
// some: the first is call_1, and so on, so that the same conversation has the
// same ids each time it is sent.
type history struct {
	calls   int
	pending []pendingCall
}

// pendingCall is a call that no result has answered yet.
type pendingCall struct{ id, name string }

// message reads a content.
func (h *history) message(c *content, at string) (llm.Message, *llm.Error) {
	m := llm.Message{Role: llm.User}
	switch c.Role {
	case "", "user", "function", "tool":
	case "model":
		m.Role = llm.Assistant
	case "system":
		m.Role = llm.System
	default:
		return m, denied(at+".role", fmt.Sprintf("is %.40q. Use user or model.", c.Role))
	}
	var err *llm.Error
	m.Parts, err = h.parts(c.Parts, at)
	if m.Role == llm.Assistant {
		m.Parts = joined(m.Parts)
	}
	return m, err
}

// joined puts the pieces of what the model said together again: clients send an
// answer back as they got it, in a part for each event, with a signature at the
// end that is of all the words before it.
func joined(parts []llm.Part) []llm.Part {
	var out []llm.Part
	for _, p := range parts {
		if len(out) == 0 || !join(out[len(out)-1], p) {
			out = append(out, p)
		}
	}
	return out
}

// join adds a part to the one before it, if it is a piece of the same.
func join(before, p llm.Part) bool {
	switch p := p.(type) {
	case *llm.Text:
		if b, ok := before.(*llm.Text); ok && b.State == nil {
			b.Text, b.State = b.Text+p.Text, p.State
			return true
		}
	case *llm.Thinking:
		b, ok := before.(*llm.Thinking)
		if ok && b.State == nil && (p.State == nil || p.State.Kind != llm.StateRedacted) {
			b.Text, b.State = b.Text+p.Text, p.State
			return true
		}
	case *llm.Media, *llm.ToolCall, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
	}
	return false
}

func (h *history) parts(parts []part, at string) ([]llm.Part, *llm.Error) {
	out := make([]llm.Part, 0, len(parts))
	for i := range parts {
		p, err := h.part(&parts[i], fmt.Sprintf("%s.parts[%d]", at, i))
		if err != nil {
			return nil, err
		}
		if p != nil {
			out = append(out, p)
		}
	}
	return out, nil
}

func (h *history) part(p *part, at string) (llm.Part, *llm.Error) {
	switch {
	case p.Call != nil:
		return h.call(p, at)
	case p.Result != nil:
		return h.result(p.Result, at)
	case p.Text != nil && p.Thought:
		return thinkingOf(*p.Text, openState(p.Signature)), nil
	case p.Text != nil:
		return &llm.Text{Text: *p.Text, State: openState(p.Signature)}, nil
	case p.Thought && p.Signature != "":
		return thinkingOf("", openState(p.Signature)), nil
	case len(p.Extra) > 0:
		return foreign(p, at)
	case p.Inline != nil:
		return p.Inline.media(), nil
	case p.File != nil:
		return p.File.media(), nil
	case p.Signature != "": // at the end of a stream a signature may come alone
		return &llm.Text{State: openState(p.Signature)}, nil
	}
	return nil, nil // Google's Go client writes an empty text as an empty part
}

// thinkingOf is a thought. Google shows summaries of them only.
func thinkingOf(text string, state *llm.State) *llm.Thinking {
	return &llm.Thinking{Text: text, Summary: true, Redacted: text == "" && state != nil, State: state}
}

// foreign keeps a part that nobody else knows: code that ran, media with
// settings of Google's.
func foreign(p *part, at string) (llm.Part, *llm.Error) {
	raw, err := marshal(p)
	if err != nil {
		return nil, denied(at, "can't be read.")
	}
	return &llm.Foreign{Dialect: Name, Type: foreignType(p), Raw: raw}, nil
}

// foreignType names a part by its field.
func foreignType(p *part) string {
	for _, name := range sortedKeys(p.Extra) {
		if p.Extra[name].Kind() == '{' && name != "videoMetadata" && name != "partMetadata" && name != "mediaResolution" {
			return name
		}
	}
	switch {
	case p.Inline != nil:
		return "inlineData"
	case p.File != nil:
		return "fileData"
	}
	return strings.Join(sortedKeys(p.Extra), "+")
}

func (h *history) call(p *part, at string) (llm.Part, *llm.Error) {
	c := p.Call
	if c.Name == "" {
		return nil, denied(at+".functionCall.name", "is missing.")
	}
	h.calls++
	id, state := llm.UnsealID(c.ID)
	if id == "" {
		id = "call_" + strconv.Itoa(h.calls)
	}
	if s := openState(p.Signature); s != nil {
		state = s
	}
	h.pending = append(h.pending, pendingCall{id, c.Name})
	return &llm.ToolCall{ID: id, Name: c.Name, Arguments: arguments(c.Args), State: state}, nil
}

// arguments are a call's, as the canonical model writes them.
func arguments(args llm.Raw) string {
	if len(args) == 0 || args.Kind() == 'n' {
		return "{}"
	}
	return string(args)
}

// result reads what a function answered, and finds the call it belongs to: by
// id, else the oldest open one of its name.
func (h *history) result(r *result, at string) (llm.Part, *llm.Error) {
	id, _ := llm.UnsealID(r.ID)
	i := slices.IndexFunc(h.pending, func(p pendingCall) bool { return id != "" && p.id == id })
	if i < 0 {
		i = slices.IndexFunc(h.pending, func(p pendingCall) bool { return p.name == r.Name })
	}
	if i < 0 {
		return nil, denied(at+".functionResponse", fmt.Sprintf("answers %.80q, which no earlier functionCall names. Send the model's content with the call, too.", r.Name))
	}
	found := h.pending[i]
	h.pending = slices.Delete(h.pending, i, i+1)
	out := &llm.ToolResult{ID: found.id, Name: found.name}
	out.Parts, out.Error = resultParts(r.Response)
	for i := range r.Parts {
		switch p := &r.Parts[i]; {
		case p.Inline != nil:
			out.Parts = append(out.Parts, p.Inline.media())
		case p.File != nil:
			out.Parts = append(out.Parts, p.File.media())
		}
	}
	return out, nil
}

// resultParts reads a response object: {"output":…} and {"error":…} alone are
// what they hold, by Google's convention; anything else is the output itself.
func resultParts(raw llm.Raw) (parts []llm.Part, failed bool) {
	if len(raw) == 0 || raw.Kind() == 'n' {
		return nil, false
	}
	if word, text, ok := soleText(raw); ok {
		return []llm.Part{&llm.Text{Text: text}}, word == "error"
	}
	return []llm.Part{&llm.Text{Text: string(raw)}}, false
}

// soleText reads {"output":"…"} or {"error":"…"}.
func soleText(raw llm.Raw) (word, text string, ok bool) {
	if raw.Kind() != '{' {
		return "", "", false
	}
	var fields map[string]llm.Raw
	if unmarshal(raw, &fields) != nil || len(fields) != 1 {
		return "", "", false
	}
	for word, value := range fields {
		if (word == "output" || word == "error") && value.Kind() == '"' && unmarshal(value, &text) == nil {
			return word, text, true
		}
	}
	return "", "", false
}

func (b *blob) media() *llm.Media {
	return &llm.Media{Kind: kindOf(b.MIME), MIME: b.MIME, Data: b.Data, Name: b.Name}
}

func (f *file) media() *llm.Media {
	m := &llm.Media{Kind: kindOf(f.MIME), MIME: f.MIME, Name: f.Name}
	switch {
	case uploaded(f.URI):
		m.File = f.URI
	default:
		m.URL = f.URI
		if f.MIME == "" && youtube(f.URI) {
			m.Kind = llm.Video
		}
	}
	return m
}

// uploaded reports whether a URI names a file that was uploaded to Google.
func uploaded(uri string) bool {
	return strings.HasPrefix(uri, "files/") || strings.HasPrefix(uri, "https://generativelanguage.googleapis.com/")
}

// youtube reports whether a URL is a film that Google's models can watch.
func youtube(url string) bool {
	for _, home := range []string{"https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/", "https://m.youtube.com/"} {
		if strings.HasPrefix(url, home) {
			return true
		}
	}
	return false
}

func kindOf(mime string) llm.MediaKind {
	if kind := llm.KindOf(mime); kind != "" {
		return kind
	}
	return llm.Document
}

// openState reads a signature: the vendor's own, or a state of any vendor that
// we sealed. The field is base64, so a seal in it is written in base64 again.
func openState(signature string) *llm.State {
	if signature == "" {
		return nil
	}
	for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		plain, err := coding.DecodeString(signature)
		if err != nil {
			continue
		}
		if s := llm.Unseal(string(plain), ""); s != nil && s.Kind != "" {
			return s
		}
		break
	}
	return &llm.State{Kind: llm.StateThought, Data: signature}
}

// closeState writes a state for a client, sealed.
func closeState(s *llm.State) string {
	if s == nil || s.Kind == llm.StateNone {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(s.Seal()))
}

// callState is closeState for calls, which are marked even where there is
// nothing to sign (protocol.Protocol.Signs).
func callState(s *llm.State) string {
	if s == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(s.Seal()))
}
