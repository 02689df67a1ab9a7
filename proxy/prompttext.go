package proxy

import (
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// The tokens that the form of a conversation adds, about: OpenAI's cookbook
// gives 3 for a message and 3 for the answer's start.
const (
	tokensPerMessage = 3
	tokensPerAnswer  = 3
)

// promptText is what of the call's prompt can be counted: as its dialect reads
// it, or else by way of the canonical form.
func (c *call) promptText() protocol.PromptText {
	if tally := c.entry.endpoint.Answer.Tally; tally != nil && tally.Prompt != nil {
		return tally.Prompt(c.body)
	}
	if c.entry.endpoint.In == nil {
		return protocol.PromptText{Text: string(c.body)}
	}
	asked, failed := c.understood()
	if failed != nil {
		return protocol.PromptText{Text: string(c.body)}
	}
	return textOf(asked)
}

// answerText is what of an answer in one piece can be counted, likewise.
func (c *call) answerText(body []byte) string {
	ep := c.entry.endpoint
	switch tally := ep.Answer.Tally; {
	case tally == nil:
		return ""
	case tally.Answer != nil:
		return tally.Answer(body)
	case ep.In == nil || ep.Out == nil:
		return ""
	}
	asked, _ := c.understood() // decoders do without
	answer, failed := ep.Out.DecodeResponse(body, &protocol.Target{Vendor: c.rec.Provider, Model: c.rec.Model, Request: asked})
	if failed != nil {
		return ""
	}
	return spokenIn(answer)
}

// spokenIn gathers the words of an answer.
func spokenIn(r *llm.Response) string {
	var g gathering
	for _, choice := range r.Choices {
		g.parts(choice.Parts)
	}
	return g.text.String()
}

// textOf gathers the words of a request.
func textOf(r *llm.Request) protocol.PromptText {
	g := gathering{whole: true}
	for _, m := range r.Messages {
		g.parts(m.Parts)
	}
	for _, t := range r.Tools {
		g.add(t.Name, t.Description, string(t.Parameters), string(t.Foreign))
	}
	return protocol.PromptText{
		Text: g.text.String(), Whole: g.whole,
		Extra: int64(len(r.Messages))*tokensPerMessage + tokensPerAnswer,
	}
}

// gathering is text being put together.
type gathering struct {
	text  strings.Builder
	whole bool
}

func (g *gathering) add(texts ...string) {
	for _, text := range texts {
		if text != "" {
			g.text.WriteString(text)
			g.text.WriteByte('\n')
		}
	}
}

func (g *gathering) parts(parts []llm.Part) {
	for _, p := range parts {
		switch p := p.(type) {
		case *llm.Text:
			g.add(p.Text)
		case *llm.Thinking:
			g.add(p.Text)
		case *llm.ToolCall:
			g.add(p.Name, p.Arguments)
		case *llm.ToolResult:
			g.parts(p.Parts)
		case *llm.Refusal:
			g.add(p.Text)
		case *llm.Media, *llm.Foreign:
			g.whole = false
		}
	}
}
