package openai

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// toldAnswer is a chat completion as clients get it, or a chunk of one.
type toldAnswer struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Created int64          `json:"created"`
	Model   string         `json:"model"`
	Choices []toldChoice   `json:"choices"`
	Usage   jsontext.Value `json:"usage,omitzero"`
	Tier    string         `json:"service_tier,omitzero"`

	Extra map[string]jsontext.Value `json:",embed"`
}

type toldChoice struct {
	Index    int            `json:"index"`
	Message  *toldMessage   `json:"message,omitzero"`
	Delta    *toldMessage   `json:"delta,omitzero"`
	Logprobs jsontext.Value `json:"logprobs"`
	Finish   *string        `json:"finish_reason"`
}

// toldMessage is an answer's message, or what a chunk adds to it. Content and
// refusal are null in a message without, and left out of a chunk.
type toldMessage struct {
	Role             string           `json:"role,omitzero"`
	Content          jsontext.Value   `json:"content,omitzero"`
	Refusal          jsontext.Value   `json:"refusal,omitzero"`
	ReasoningContent string           `json:"reasoning_content,omitzero"`
	ThinkingBlocks   []wireThought    `json:"thinking_blocks,omitzero"`
	ToolCalls        []wireCall       `json:"tool_calls,omitzero"`
	Annotations      []jsontext.Value `json:"annotations,omitzero"`
	Images           []wirePart       `json:"images,omitzero"`
	Audio            *wireAudioAnswer `json:"audio,omitzero"`
}

// EncodeResponse writes a whole answer for a client of this dialect.
func (chat) EncodeResponse(r *llm.Response, reply *protocol.Reply) ([]byte, *llm.Error) {
	w := toldAnswer{
		ID: firstWord(r.ID, "chatcmpl-"+reply.ID), Object: "chat.completion", Created: r.Created,
		Model: firstWord(r.Model, reply.Model), Tier: r.Tier,
	}
	if w.Created == 0 {
		w.Created = reply.Created
	}
	if r.Dialect == Name {
		w.Extra = r.Extra
	}
	for i := range r.Choices {
		c := &r.Choices[i]
		finish := finishReason(c.Stop)
		w.Choices = append(w.Choices, toldChoice{Index: i, Message: told(c.Parts, reply), Logprobs: c.Logprobs, Finish: &finish})
	}
	if u := counts(r.Usage); u != nil {
		w.Usage = value(u)
	}
	body, err := json.Marshal(&w, written)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the answer can't be written: " + err.Error()}
	}
	return body, nil
}

// told writes an answer's parts as one message.
func told(parts []llm.Part, reply *protocol.Reply) *toldMessage {
	null := jsontext.Value("null")
	m := &toldMessage{Role: "assistant", Content: null, Refusal: null}
	var text strings.Builder
	var thought []*llm.Thinking
	spoke := false
	for _, p := range parts {
		switch p := p.(type) {
		case *llm.Text:
			spoke = true
			text.WriteString(p.Text)
			for i := range p.Annotations {
				m.Annotations = append(m.Annotations, cited(&p.Annotations[i]))
			}
		case *llm.Thinking:
			thought = append(thought, p)
			m.ReasoningContent += p.Text
			if b, ok := block(p, p.Text); ok {
				m.ThinkingBlocks = append(m.ThinkingBlocks, b)
			}
		case *llm.ToolCall:
			m.ToolCalls = append(m.ToolCalls, toldCall(p, thought, reply))
			thought = nil
		case *llm.Refusal:
			m.Refusal = value(p.Text)
		case *llm.Media:
			toldMedia(m, p)
		case *llm.ToolResult, *llm.Foreign:
		}
	}
	if spoke {
		m.Content = value(text.String())
	}
	return m
}

// toldCall writes a tool call. Reasoning that somebody wants back travels in
// its id, for clients that drop what they don't know.
func toldCall(p *llm.ToolCall, thought []*llm.Thinking, reply *protocol.Reply) wireCall {
	state := p.State
	if state != nil && state.Kind == llm.StateNone {
		state = nil // a mark for dialects whose vendors sign
	}
	w := wireCall{ID: llm.HideID(p.ID, state, thought), Type: "function"}
	switch {
	case p.Custom:
		w.Type, w.Custom = "custom", &wireCustomCal{Name: p.Name, Input: p.Arguments}
	case reply.Request.CustomTool(p.Name):
		w.Type, w.Custom = "custom", &wireCustomCal{Name: p.Name, Input: llm.FreeText(p.Arguments)}
	default:
		w.Function = &wireCalled{Name: p.Name, Arguments: value(firstWord(p.Arguments, "{}"))}
	}
	return w
}

// block is reasoning with its signature, for clients that keep it.
func block(p *llm.Thinking, text string) (wireThought, bool) {
	if p.State == nil || p.State.Kind == llm.StateNone {
		return wireThought{}, false
	}
	if p.Redacted {
		return wireThought{Type: "redacted_thinking", Data: p.State.Seal()}, true
	}
	return wireThought{Type: "thinking", Thinking: text, Signature: p.State.Seal()}, true
}

func toldMedia(m *toldMessage, p *llm.Media) {
	switch p.Kind {
	case llm.Image:
		m.Images = append(m.Images, wirePart{Type: "image_url", ImageURL: &wireURL{URL: p.Address()}})
	case llm.Audio:
		m.Audio = &wireAudioAnswer{ID: p.File, Data: p.Data, Transcript: p.Name}
	case llm.Video, llm.Document:
		// The dialect has no place for them in an answer.
	}
}

// cited writes an annotation.
func cited(a *llm.Annotation) jsontext.Value {
	if a.Dialect == Name && a.Foreign != nil {
		return a.Foreign
	}
	return value(map[string]any{"type": "url_citation", "url_citation": map[string]any{
		"url": a.URL, "title": a.Title, "start_index": a.Start, "end_index": a.End,
	}})
}

// finishReason writes why an answer ended.
func finishReason(stop llm.StopReason) string {
	switch stop {
	case llm.StopLength:
		return "length"
	case llm.StopTools:
		return "tool_calls"
	case llm.StopFilter:
		return "content_filter"
	case llm.StopEnd, llm.StopPaused, llm.StopUnknown:
	}
	return "stop"
}
