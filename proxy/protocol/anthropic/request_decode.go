package anthropic

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeRequest reads a Messages request, or one for counting its tokens, which
// lacks max_tokens.
func (codec) DecodeRequest(q *protocol.Question) (*llm.Request, *llm.Error) {
	var w wireRequest
	if err := json.Unmarshal(q.Body, &w, lenient); err != nil {
		return nil, badBody(err)
	}
	r := &llm.Request{
		Dialect: Name, Model: w.Model, Stream: w.Stream || q.Stream,
		MaxTokens: w.MaxTokens, Temperature: w.Temperature, TopP: w.TopP, TopK: w.TopK, Stop: w.StopSequences,
		Tier: w.ServiceTier, Usage: true, Extra: w.Extra,
	}
	if q.Model != "" {
		r.Model = q.Model
	}
	if len(w.System) > 0 {
		parts, failed := decodeBlocks(w.System, "system")
		if failed != nil {
			return nil, failed
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.System, Parts: parts})
	}
	for i, m := range w.Messages {
		message, failed := decodeMessage(m, fmt.Sprintf("messages.%d", i))
		if failed != nil {
			return nil, failed
		}
		r.Messages = append(r.Messages, message)
	}
	if n := len(w.Messages); n == 0 {
		return nil, invalid("messages", "at least one message is required")
	} else if r.Messages[len(r.Messages)-1].Role == llm.Assistant {
		r.Continue = true // the dialect's way of putting words into the model's mouth
	}
	if failed := decodeTools(r, &w); failed != nil {
		return nil, failed
	}
	decodeThinking(r, &w)
	decodeOutput(r, &w)
	if m := w.Metadata; m != nil {
		r.User = m.UserID
		keep(r, "metadata", m.Extra)
	}
	return r, nil
}

// badBody says what is wrong with a body that does not fit the dialect, by the
// path at which Anthropic would name it.
func badBody(err error) *llm.Error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.JSONPointer != "" {
		path := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
		return invalid(path, "the value is not of the type that belongs here")
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return invalid("body", fmt.Sprintf("the JSON is broken at byte %d", syntactic.ByteOffset))
	}
	return invalid("body", "the request is not a JSON object of the Messages API")
}

// keep puts what is left of an object with a canonical form back among the
// extra fields, from where only this dialect's encoder takes it.
func keep(r *llm.Request, name string, rest map[string]llm.Raw) {
	if len(rest) == 0 {
		return
	}
	raw, err := json.Marshal(rest, lenient)
	if err != nil {
		return // it was read as JSON a moment ago
	}
	if r.Extra == nil {
		r.Extra = map[string]llm.Raw{}
	}
	r.Extra[name] = raw
}

func decodeMessage(m wireMessage, path string) (llm.Message, *llm.Error) {
	out := llm.Message{Extra: m.Extra}
	switch m.Role {
	case "user":
		out.Role = llm.User
	case "assistant":
		out.Role = llm.Assistant
	case "system": // in mid-conversation, from Opus 4.8 on
		out.Role = llm.System
	default:
		return out, invalid(path+".role", `Input should be "user", "assistant" or "system"`)
	}
	var failed *llm.Error
	out.Parts, failed = decodeBlocks(m.Content, path+".content")
	return out, failed
}

func decodeBlocks(blocks content, path string) ([]llm.Part, *llm.Error) {
	parts := make([]llm.Part, 0, len(blocks))
	for i := range blocks {
		p, failed := decodeBlock(&blocks[i], fmt.Sprintf("%s.%d", path, i))
		if failed != nil {
			return nil, failed
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// decodeBlock reads a block of a request or of a whole answer.
func decodeBlock(b *wireBlock, path string) (llm.Part, *llm.Error) {
	switch b.Type {
	case "":
		return nil, invalid(path+".type", "Field required")
	case "text":
		if b.Text == nil {
			return nil, invalid(path+".text", "Field required")
		}
		return &llm.Text{Text: *b.Text, Cache: b.cache(), Annotations: decodeCitations(b.Citations)}, nil
	case "image":
		return decodeMedia(b, llm.Image, path)
	case "document":
		return decodeMedia(b, llm.Document, path)
	case "tool_use":
		if b.ID == "" || b.Name == "" {
			return nil, invalid(path, "a tool_use block needs an id and a name")
		}
		call := &llm.ToolCall{Name: b.Name, Arguments: string(b.Input), Cache: b.cache(), Extra: b.Extra}
		call.ID, call.State = llm.UnsealID(b.ID)
		return call, nil
	case "tool_result":
		return decodeResult(b, path)
	case "thinking":
		t := &llm.Thinking{}
		if b.Thinking != nil {
			t.Text = *b.Thinking
		}
		if b.Signature != nil {
			t.State = llm.Unseal(*b.Signature, llm.StateSignature)
		}
		return t, nil
	case "redacted_thinking":
		return &llm.Thinking{Redacted: true, State: llm.Unseal(b.Data, llm.StateRedacted)}, nil
	}
	return &llm.Foreign{Dialect: Name, Type: b.Type, Raw: b.raw}, nil
}

func (b *wireBlock) cache() *llm.Cache { return b.CacheControl.canonical() }

func (c *wireCache) canonical() *llm.Cache {
	if c == nil {
		return nil
	}
	return &llm.Cache{TTL: c.TTL}
}

func decodeResult(b *wireBlock, path string) (llm.Part, *llm.Error) {
	if b.ToolUseID == "" {
		return nil, invalid(path+".tool_use_id", "Field required")
	}
	parts, failed := decodeBlocks(b.Content, path+".content")
	if failed != nil {
		return nil, failed
	}
	id, _ := llm.UnsealID(b.ToolUseID) // the call itself carries the state
	return &llm.ToolResult{ID: id, Parts: parts, Error: b.IsError, Cache: b.cache()}, nil
}

func decodeMedia(b *wireBlock, kind llm.MediaKind, path string) (llm.Part, *llm.Error) {
	if b.Source == nil {
		return nil, invalid(path+".source", "Field required")
	}
	m := &llm.Media{Kind: kind, MIME: b.Source.MediaType, Name: b.Title, Cache: b.cache(), Extra: b.Extra}
	switch b.Source.Type {
	case "base64":
		m.Data = b.Source.Data
	case "text":
		m.MIME, m.Data = "text/plain", base64.StdEncoding.EncodeToString([]byte(b.Source.Data))
	case "url":
		m.URL = b.Source.URL
	case "file":
		m.File = b.Source.FileID
	default: // "content": blocks made to look like a document
		raw, err := json.Marshal(plainBlock(*b), lenient)
		if err != nil {
			return nil, invalid(path, "the block can't be read")
		}
		return &llm.Foreign{Dialect: Name, Type: b.Type, Raw: raw}, nil
	}
	if m.Data == "" && m.URL == "" && m.File == "" {
		return nil, invalid(path+".source", "the source is empty")
	}
	if len(b.Citations) > 0 {
		extra := map[string]llm.Raw{"citations": b.Citations}
		for name, v := range b.Extra {
			extra[name] = v
		}
		m.Extra = extra
	}
	return m, nil
}

// decodeCitations reads what a text block cites. In requests the list is often
// null.
func decodeCitations(raw llm.Raw) []llm.Annotation {
	var list []llm.Raw
	if len(raw) == 0 || json.Unmarshal(raw, &list, lenient) != nil {
		return nil
	}
	var out []llm.Annotation
	for _, c := range list {
		out = append(out, decodeCitation(c))
	}
	return out
}

func decodeCitation(raw llm.Raw) llm.Annotation {
	a := llm.Annotation{Foreign: raw.Clone(), Dialect: Name}
	var c wireCitation
	if json.Unmarshal(raw, &c, lenient) != nil {
		return a // it stays foreign
	}
	a.URL, a.Quote = c.URL, c.CitedText
	for _, title := range []*string{c.Title, c.DocumentTitle} {
		if title != nil && a.Title == "" {
			a.Title = *title
		}
	}
	return a
}

func decodeTools(r *llm.Request, w *wireRequest) *llm.Error {
	for i, t := range w.Tools {
		if t.raw != nil {
			r.Tools = append(r.Tools, llm.Tool{Name: t.Type, Foreign: t.raw})
			continue
		}
		if t.Name == "" {
			return invalid(fmt.Sprintf("tools.%d.name", i), "Field required")
		}
		r.Tools = append(r.Tools, llm.Tool{
			Name: t.Name, Description: t.Description, Parameters: t.InputSchema, Strict: t.Strict,
			Cache: t.CacheControl.canonical(), Extra: t.Extra,
		})
	}
	c := w.ToolChoice
	if c == nil {
		return nil
	}
	switch c.Type {
	case "auto":
		r.Choice.Mode = llm.ToolAuto
	case "any":
		r.Choice.Mode = llm.ToolRequired
	case "none":
		r.Choice.Mode = llm.ToolNone
	case "tool":
		r.Choice.Mode, r.Choice.Name = llm.ToolNamed, c.Name
	default:
		return invalid("tool_choice.type", `Input should be "auto", "any", "tool" or "none"`)
	}
	if c.DisableParallel != nil {
		parallel := !*c.DisableParallel
		r.Parallel = &parallel
	}
	return nil
}

// decodeThinking reads how much to think. A type that has no canonical form
// stays among the extra fields.
func decodeThinking(r *llm.Request, w *wireRequest) {
	t := w.Thinking
	if t == nil {
		return
	}
	thinking := &llm.Reasoning{Budget: t.Budget}
	switch t.Type {
	case "enabled":
		thinking.Mode = llm.ReasoningOn
	case "adaptive":
		thinking.Mode = llm.ReasoningAdaptive
	case "disabled":
		thinking.Mode = llm.ReasoningOff
	default: // "between_tools", and what comes after it
		raw, err := json.Marshal(t, lenient)
		if err != nil {
			return // it was read as JSON a moment ago
		}
		if r.Extra == nil {
			r.Extra = map[string]llm.Raw{}
		}
		r.Extra["thinking"] = raw
		return
	}
	switch t.Display {
	case "summarized":
		thinking.Summary = "auto"
	case "omitted":
		thinking.Summary = "none"
	}
	r.Reasoning = thinking
	keep(r, "thinking", t.Extra)
}

// decodeOutput reads the effort and the form of the answer.
func decodeOutput(r *llm.Request, w *wireRequest) {
	format := w.OutputFormat
	if c := w.OutputConfig; c != nil {
		if c.Format != nil {
			format = c.Format
		}
		if c.Effort != "" {
			if r.Reasoning == nil {
				r.Reasoning = &llm.Reasoning{}
			}
			r.Reasoning.Effort = c.Effort
		}
		keep(r, "output_config", c.Extra)
	}
	if format != nil && format.Type == "json_schema" {
		strict := true // the dialect has no other kind
		r.Format = &llm.Format{Kind: llm.FormatSchema, Schema: format.Schema, Strict: &strict}
	}
}
