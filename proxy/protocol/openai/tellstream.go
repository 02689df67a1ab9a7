package openai

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// mostThought bounds the reasoning that is kept until its signature comes, in
// bytes. Longer reasoning is still shown, but can't be sent back.
const mostThought = 64 << 10

// Encoder begins a streamed answer for a client of this dialect.
func (chat) Encoder(r *protocol.Reply) protocol.Encoder { return &telling{reply: r} }

// telling writes chunks.
type telling struct {
	reply   *protocol.Reply
	head    toldAnswer
	choices []toldState
}

// toldState is what a choice of the stream has had.
type toldState struct {
	begun   bool
	calls   int
	parts   map[int]*toldPart
	thought []*llm.Thinking // since the last tool call, as far as it has signatures
}

// toldPart is an open part.
type toldPart struct {
	part   llm.Part
	call   int             // among the tool calls
	said   bool            // arguments
	words  strings.Builder // of reasoning, and of calls that are rewritten
	tooBig bool
}

// Encode implements protocol.Encoder.
func (e *telling) Encode(dst []byte, ev llm.Event) []byte {
	switch ev := ev.(type) {
	case *llm.Begin:
		e.begin(ev)
	case *llm.Open:
		return e.open(dst, ev)
	case *llm.Delta:
		return e.delta(dst, ev)
	case *llm.Amend:
		e.amend(ev)
		if ev.Annotation != nil {
			return e.chunk(dst, ev.Choice, &toldMessage{Annotations: []jsontext.Value{cited(ev.Annotation)}}, nil)
		}
	case *llm.Close:
		return e.close(dst, ev)
	case *llm.Finish:
		finish := finishReason(ev.Stop)
		return e.write(e.first(dst, ev.Choice), toldChoice{Index: ev.Choice, Delta: &toldMessage{}, Finish: &finish})
	case *llm.End:
		return e.end(dst, ev)
	}
	return dst
}

// Fail implements protocol.Encoder.
func (e *telling) Fail(dst []byte, err *llm.Error) []byte {
	return append(dst, encodeStreamError(err)...)
}

func (e *telling) begin(ev *llm.Begin) {
	e.head = toldAnswer{
		ID: firstWord(ev.ID, "chatcmpl-"+e.reply.ID), Object: "chat.completion.chunk", Created: ev.Created,
		Model: firstWord(ev.Model, e.reply.Model), Tier: ev.Tier,
	}
	if ev.Created == 0 {
		e.head.Created = e.reply.Created
	}
	if e.reply.Request != nil && e.reply.Request.Usage {
		e.head.Usage = jsontext.Value("null")
	}
}

func (e *telling) choice(n int) *toldState {
	for len(e.choices) <= n {
		e.choices = append(e.choices, toldState{parts: map[int]*toldPart{}})
	}
	return &e.choices[n]
}

// first writes the chunk by which a choice begins, once.
func (e *telling) first(dst []byte, n int) []byte {
	c := e.choice(n)
	if c.begun {
		return dst
	}
	c.begun = true
	return e.write(dst, toldChoice{Index: n, Delta: &toldMessage{Role: "assistant", Content: jsontext.Value(`""`)}})
}

func (e *telling) open(dst []byte, ev *llm.Open) []byte {
	dst = e.first(dst, ev.Choice)
	c := e.choice(ev.Choice)
	p := &toldPart{part: ev.Part}
	c.parts[ev.Index] = p
	switch part := ev.Part.(type) {
	case *llm.ToolCall:
		p.call = c.calls
		c.calls++
		w := toldCall(part, c.thought, e.reply)
		c.thought = nil
		w.Index = &p.call
		if w.Function != nil {
			w.Function.Arguments = jsontext.Value(`""`)
		}
		if part.Arguments != "" && w.Function != nil {
			p.said = true
			w.Function.Arguments = value(part.Arguments)
		}
		return e.chunk(dst, ev.Choice, &toldMessage{ToolCalls: []wireCall{w}}, nil)
	case *llm.Text:
		if part.Text != "" {
			return e.words(dst, ev.Choice, p, part.Text, nil)
		}
	case *llm.Thinking:
		if part.Text != "" {
			return e.words(dst, ev.Choice, p, part.Text, nil)
		}
	case *llm.Refusal:
		if part.Text != "" {
			return e.words(dst, ev.Choice, p, part.Text, nil)
		}
	case *llm.Media:
		m := &toldMessage{}
		toldMedia(m, part)
		return e.chunk(dst, ev.Choice, m, nil)
	case *llm.ToolResult, *llm.Foreign:
	}
	return dst
}

func (e *telling) delta(dst []byte, ev *llm.Delta) []byte {
	p := e.choice(ev.Choice).parts[ev.Index]
	if p == nil {
		return dst
	}
	return e.words(dst, ev.Choice, p, ev.Text, ev.Logprobs)
}

// words writes what is added to a part.
func (e *telling) words(dst []byte, n int, p *toldPart, text string, logprobs llm.Raw) []byte {
	m := &toldMessage{}
	switch part := p.part.(type) {
	case *llm.Thinking:
		if p.tooBig = p.tooBig || p.words.Len()+len(text) > mostThought; !p.tooBig {
			p.words.WriteString(text)
		}
		m.ReasoningContent = text
	case *llm.ToolCall:
		if !part.Custom && e.reply.Request.CustomTool(part.Name) {
			p.words.WriteString(text) // told at its end: it is turned back into free text
			return dst
		}
		p.said = true
		w := wireCall{Index: &p.call}
		if part.Custom {
			w.Custom = &wireCustomCal{Input: text}
		} else {
			w.Function = &wireCalled{Arguments: value(text)}
		}
		m.ToolCalls = []wireCall{w}
	case *llm.Refusal:
		m.Refusal = value(text)
	case *llm.Text:
		m.Content = value(text)
	case *llm.Media, *llm.ToolResult, *llm.Foreign:
		return dst
	}
	return e.chunk(dst, n, m, logprobs)
}

// amend takes the signature of reasoning.
func (e *telling) amend(ev *llm.Amend) {
	p := e.choice(ev.Choice).parts[ev.Index]
	if p == nil || ev.State == nil {
		return
	}
	if t, ok := p.part.(*llm.Thinking); ok {
		signed := *t
		signed.State = ev.State
		p.part = &signed
	}
}

// close ends a part: what could be told only at its end is told.
func (e *telling) close(dst []byte, ev *llm.Close) []byte {
	c := e.choice(ev.Choice)
	p := c.parts[ev.Index]
	delete(c.parts, ev.Index)
	if p == nil {
		return dst
	}
	switch part := p.part.(type) {
	case *llm.Thinking:
		if p.tooBig {
			return dst
		}
		kept := *part
		kept.Text = p.words.String()
		c.thought = append(c.thought, &kept)
		if b, ok := block(&kept, kept.Text); ok {
			return e.chunk(dst, ev.Choice, &toldMessage{ThinkingBlocks: []wireThought{b}}, nil)
		}
	case *llm.ToolCall:
		w := wireCall{Index: &p.call}
		switch {
		case !part.Custom && e.reply.Request.CustomTool(part.Name):
			w.Custom = &wireCustomCal{Input: llm.FreeText(part.Arguments + p.words.String())}
		case !p.said && !part.Custom:
			w.Function = &wireCalled{Arguments: value("{}")}
		default:
			return dst
		}
		return e.chunk(dst, ev.Choice, &toldMessage{ToolCalls: []wireCall{w}}, nil)
	case *llm.Text, *llm.Media, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
	}
	return dst
}

// end writes the counts, if they were asked for, and the stream's last event.
func (e *telling) end(dst []byte, ev *llm.End) []byte {
	if e.reply.Request != nil && e.reply.Request.Usage {
		last := e.head
		last.Choices = []toldChoice{}
		if u := counts(ev.Usage); u != nil {
			last.Usage = value(u)
		}
		dst = e.event(dst, &last)
	}
	return append(dst, doneEvent...)
}

func (e *telling) chunk(dst []byte, n int, m *toldMessage, logprobs llm.Raw) []byte {
	return e.write(dst, toldChoice{Index: n, Delta: m, Logprobs: logprobs})
}

func (e *telling) write(dst []byte, c toldChoice) []byte {
	chunk := e.head
	chunk.Choices = []toldChoice{c}
	return e.event(dst, &chunk)
}

func (e *telling) event(dst []byte, chunk *toldAnswer) []byte {
	body, err := json.Marshal(chunk, written)
	if err != nil {
		return dst // text, numbers and JSON that was read before
	}
	dst = append(append(dst, "data: "...), body...)
	return append(dst, "\n\n"...)
}
