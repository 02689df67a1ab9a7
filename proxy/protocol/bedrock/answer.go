package bedrock

import (
	"bytes"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeResponse reads a whole answer.
func (converse) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	var w wireAnswer
	if err := json.Unmarshal(bytes.TrimSpace(body), &w, lenient); err != nil {
		return nil, malformed("the answer is not JSON", body)
	}
	if w.Output.Message == nil {
		return nil, malformed("the answer holds no message", body)
	}
	c := llm.Choice{}
	names := protocol.CleanedNames(t.Request, maxName)
	for i := range w.Output.Message.Content {
		if p := part(&w.Output.Message.Content[i], t.Origin); p != nil {
			c.Parts = append(c.Parts, names.Straighten(p))
		}
	}
	stop, failed := stopOf(w.Stop)
	if failed != nil {
		return nil, failed
	}
	c.Stop = protocol.Answered(stop, c.Parts)
	r := &llm.Response{Choices: []llm.Choice{c}, Usage: w.Usage.canonical(), Extra: w.Extra, Dialect: Name, Model: t.Model}
	if w.Tier != nil {
		r.Tier = w.Tier.Type
	}
	return r, nil
}

// part reads a block of an answer; nil if it says nothing.
func part(b *wireBlock, origin llm.Origin) llm.Part {
	switch {
	case b.Text != nil:
		return &llm.Text{Text: *b.Text}
	case b.ToolUse != nil:
		return &llm.ToolCall{ID: b.ToolUse.ID, Name: b.ToolUse.Name, Arguments: string(b.ToolUse.Input)}
	case b.Reasoning != nil && b.Reasoning.Text != nil:
		t := &llm.Thinking{Text: b.Reasoning.Text.Text}
		if s := b.Reasoning.Text.Signature; s != "" {
			t.State = &llm.State{Kind: llm.StateSignature, Data: s, Origin: origin}
		}
		return t
	case b.Reasoning != nil:
		return &llm.Thinking{Redacted: true, State: &llm.State{Kind: llm.StateRedacted, Data: b.Reasoning.Redacted, Origin: origin}}
	case b.Cited != nil:
		text := &llm.Text{}
		for _, c := range b.Cited.Content {
			if c.Text != nil {
				text.Text += *c.Text
			}
		}
		for i := range b.Cited.Citations {
			text.Annotations = append(text.Annotations, cited(&b.Cited.Citations[i]))
		}
		return text
	case b.Image != nil && b.Image.Source.Bytes != "":
		return &llm.Media{Kind: llm.Image, MIME: "image/" + b.Image.Format, Data: b.Image.Source.Bytes}
	}
	return nil
}

func cited(c *wireCitation) llm.Annotation {
	a := llm.Annotation{Title: c.Title}
	for _, b := range c.Content {
		if b.Text != nil {
			a.Quote += *b.Text
		}
	}
	if c.Location.Web != nil {
		a.URL = c.Location.Web.URL
	}
	return a
}

// stopOf reads a stop reason. Two of them say that the model wrote what nobody
// can read.
func stopOf(reason string) (llm.StopReason, *llm.Error) {
	switch reason {
	case "end_turn", "stop_sequence":
		return llm.StopEnd, nil
	case "max_tokens", "model_context_window_exceeded":
		return llm.StopLength, nil
	case "tool_use":
		return llm.StopTools, nil
	case "guardrail_intervened", "content_filtered":
		return llm.StopFilter, nil
	case "malformed_model_output", "malformed_tool_use":
		return "", &llm.Error{Class: llm.ClassMalformed, Message: "the model's answer could not be read by the vendor: " + reason}
	}
	return llm.StopUnknown, nil
}
