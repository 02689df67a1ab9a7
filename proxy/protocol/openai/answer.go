package openai

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// mostChoices bounds the answers in one response: OpenAI's n ends at 128.
const mostChoices = 128

// DecodeResponse reads a whole answer of a vendor.
func (chat) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	if err := wholeError(body); err != nil {
		return nil, err
	}
	var w wireAnswer
	if err := json.Unmarshal(body, &w, lenient); err != nil {
		return nil, malformed("the answer is not a chat completion: " + protocol.Clip(err.Error()))
	}
	r := &llm.Response{
		ID: w.ID, Model: w.Model, Created: whole(w.Created), Tier: w.Tier, Dialect: Name,
		Extra: without(w.Extra, "object"), Usage: w.usage(),
	}
	for i := range w.Choices {
		c, failed := answered(&w.Choices[i], t)
		if failed != nil {
			return nil, failed
		}
		r.Choices = append(r.Choices, c)
		if len(r.Choices) > mostChoices {
			return nil, malformed("the answer has more than 128 choices")
		}
	}
	if len(r.Choices) == 0 {
		return nil, malformed("the answer has no choices")
	}
	return r, nil
}

func answered(w *wireChoice, t *protocol.Target) (llm.Choice, *llm.Error) {
	var c llm.Choice
	m := w.Message
	if m == nil {
		m = w.Delta
	}
	if m == nil {
		return c, malformed("a choice has no message")
	}
	parts, bad := spoken(m, "message")
	if bad != nil {
		return c, malformed("the answer's " + bad.Message)
	}
	c.Parts = minted(untagged(parts, t), t)
	c.Logprobs = notNull(w.Logprobs)
	reason := ""
	if w.Finish != nil {
		reason = *w.Finish
	}
	stop, failed := stopReason(reason)
	if failed != nil {
		return c, failed
	}
	c.Stop, c.Sequence = stop, metSequence(w.Stopped)
	if c.Stop != llm.StopEnd && c.Stop != llm.StopUnknown {
		return c, nil
	}
	for _, p := range c.Parts {
		if _, calls := p.(*llm.ToolCall); calls {
			c.Stop = llm.StopTools
		}
	}
	return c, nil
}

// minted notes on states, and on reasoning, who they are from; calls without
// an id are given one.
func minted(parts []llm.Part, t *protocol.Target) []llm.Part {
	for i, p := range parts {
		switch p := p.(type) {
		case *llm.Thinking:
			if p.State == nil {
				p.State = &llm.State{Kind: llm.StateNone}
			}
			p.State.Origin = t.Origin
		case *llm.ToolCall:
			if p.State != nil {
				p.State.Origin = t.Origin
			}
			if p.ID == "" {
				p.ID = madeUpID(t, i)
			}
		case *llm.Text, *llm.Media, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
		}
	}
	return parts
}

// untagged takes reasoning that a vendor wrote into the text out of it.
func untagged(parts []llm.Part, t *protocol.Target) []llm.Part {
	if !t.Traits.ThinkTags || len(parts) == 0 {
		return parts
	}
	text, ok := parts[0].(*llm.Text)
	if !ok {
		return parts
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(text.Text, " \t\r\n"), openTag)
	if !ok {
		return parts
	}
	thought, rest, _ := strings.Cut(rest, closeTag)
	out := []llm.Part{&llm.Thinking{Text: strings.Trim(thought, "\r\n")}}
	if text.Text = strings.TrimLeft(rest, "\r\n"); text.Text != "" {
		out = append(out, text)
	}
	return append(out, parts[1:]...)
}

// usage is what the answer says it consumed.
func (w *wireAnswer) usage() *llm.Usage {
	u := w.Usage
	if u == nil && len(w.Choices) > 0 {
		u = w.Choices[0].Usage
	}
	if u == nil {
		return nil
	}
	if c, ok := u.canonical(); ok {
		return &c
	}
	return nil
}

// stopReason reads a finish reason. Some vendors end failed answers with one
// of their own.
func stopReason(reason string) (llm.StopReason, *llm.Error) {
	switch reason {
	case "stop", "eos", "end_turn", "stop_sequence", "COMPLETE":
		return llm.StopEnd, nil
	case "length", "max_tokens", "model_length", "model_context_window_exceeded":
		return llm.StopLength, nil
	case "tool_calls", "function_call", "tool_use":
		return llm.StopTools, nil
	case "content_filter", "sensitive", "refusal":
		return llm.StopFilter, nil
	case "error", "network_error", "insufficient_system_resource": // OpenRouter and Mistral, GLM, DeepSeek
		return "", &llm.Error{Class: llm.ClassServerError, Message: "it ended the answer with " + reason}
	}
	return llm.StopUnknown, nil
}

// metSequence reads the stop sequence that was met: vLLM writes it, or a
// token's number, into stop_reason.
func metSequence(v jsontext.Value) string {
	if len(v) == 0 || v[0] != '"' {
		return ""
	}
	return argumentsOf(v)
}

// whole reads a number of seconds however it is written.
func whole(v jsontext.Value) int64 {
	var f float64
	if len(v) == 0 || decode(v, &f) != nil || f < 0 || f > 1e12 {
		return 0
	}
	return int64(f)
}

func malformed(message string) *llm.Error {
	return &llm.Error{Class: llm.ClassMalformed, Message: message}
}
