package anthropic

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeResponse reads a whole answer.
func (codec) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	trimmed := bytes.TrimSpace(body)
	if failed := eventError(trimmed); failed != nil {
		return nil, failed
	}
	var w wireMessageAnswer
	if err := json.Unmarshal(trimmed, &w, lenient); err != nil {
		return nil, notJSON(trimmed)
	}
	if w.Type != "message" && w.Content == nil {
		return nil, &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not a message: " + protocol.PlainText(trimmed)}
	}
	names := namesOf(t)
	c := llm.Choice{Stop: llm.StopUnknown}
	for i := range w.Content {
		p, failed := decodeBlock(&w.Content[i], fmt.Sprintf("content.%d", i))
		if failed != nil {
			return nil, &llm.Error{Class: llm.ClassMalformed, Message: "the answer can't be read: " + failed.Message}
		}
		c.Parts = append(c.Parts, names.Straighten(minted(p, &w.Content[i], t.Origin)))
	}
	if w.StopReason != nil {
		c.Stop = protocol.Answered(stopOf(*w.StopReason), c.Parts)
	}
	if w.StopSequence != nil {
		c.Sequence = *w.StopSequence
	}
	r := &llm.Response{ID: w.ID, Model: w.Model, Choices: []llm.Choice{c}, Usage: w.Usage.canonical(), Extra: w.Extra, Dialect: Name}
	if w.Usage != nil {
		r.Tier = w.Usage.ServiceTier
	}
	return r, nil
}

// minted gives a part of an answer what its vendor hands out, as it stands
// there: were it the seal of another gateway behind this one, it is not ours to
// break.
func minted(p llm.Part, b *wireBlock, origin llm.Origin) llm.Part {
	switch p := p.(type) {
	case *llm.Thinking:
		switch {
		case p.Redacted:
			p.State = &llm.State{Kind: llm.StateRedacted, Data: b.Data, Origin: origin}
		case b.Signature != nil && *b.Signature != "":
			p.State = &llm.State{Kind: llm.StateSignature, Data: *b.Signature, Origin: origin}
		default:
			p.State = nil
		}
	case *llm.ToolCall:
		p.ID, p.State = b.ID, nil
	case *llm.Text, *llm.Media, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
	}
	return p
}

// namesOf are the names of tools that the encoder had to change.
func namesOf(t *protocol.Target) protocol.Names {
	if t.Request != nil && t.Request.Dialect == Name {
		return nil
	}
	return protocol.CleanedNames(t.Request, maxName)
}

// stopOf reads a stop reason. One that is not known is no error: the answer is
// whole.
func stopOf(reason string) llm.StopReason {
	switch reason {
	case "end_turn", "stop_sequence":
		return llm.StopEnd
	case "max_tokens", "model_context_window_exceeded":
		return llm.StopLength
	case "tool_use":
		return llm.StopTools
	case "pause_turn":
		return llm.StopPaused
	case "refusal":
		return llm.StopFilter
	}
	return llm.StopUnknown
}

// reasonFor writes a stop reason. Where a tool was called clients wait for the
// word that says so, even if the vendor said something else.
func reasonFor(s llm.StopReason, sequence string, called bool) string {
	switch s {
	case llm.StopLength:
		return "max_tokens"
	case llm.StopTools:
		return "tool_use"
	case llm.StopFilter:
		return "refusal"
	case llm.StopPaused:
		return "pause_turn"
	case llm.StopEnd, llm.StopUnknown:
	}
	switch {
	case called:
		return "tool_use"
	case sequence != "":
		return "stop_sequence"
	}
	return "end_turn"
}

// EncodeResponse writes a whole answer.
func (codec) EncodeResponse(r *llm.Response, reply *protocol.Reply) ([]byte, *llm.Error) {
	w := message(r.ID, r.Model, reply)
	w.Usage = wireUsageOf(r.Usage, r.Tier)
	var c llm.Choice
	if len(r.Choices) > 0 {
		c = r.Choices[0]
	}
	called := false
	for _, p := range c.Parts {
		_, call := p.(*llm.ToolCall)
		called = called || call
		w.Content = append(w.Content, answerBlocks(p)...)
	}
	reason := reasonFor(c.Stop, c.Sequence, called)
	w.StopReason = &reason
	if c.Sequence != "" {
		w.StopSequence = &c.Sequence
	}
	if r.Dialect == Name {
		w.Extra = r.Extra
	}
	b, err := json.Marshal(w, lenient)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassMalformed, Message: "the answer can't be written as JSON: " + err.Error()}
	}
	return b, nil
}

// message is an answer without its content.
func message(id, model string, reply *protocol.Reply) *wireMessageAnswer {
	if model == "" {
		model = reply.Model
	}
	if id == "" {
		id = reply.ID
	}
	if !strings.HasPrefix(id, "msg_") {
		id = "msg_" + id
	}
	return &wireMessageAnswer{ID: id, Type: "message", Role: "assistant", Model: model, Content: content{}}
}

// answerBlocks are the blocks that a part of an answer is shown as.
func answerBlocks(p llm.Part) content {
	switch p := p.(type) {
	case *llm.Text:
		blocks := content{{Type: "text", Text: &p.Text, Citations: encodeCitations(p.Annotations, true)}}
		if p.State != nil {
			blocks = append(blocks, wireBlock{Type: "redacted_thinking", Data: p.State.Seal()})
		}
		return blocks
	case *llm.Thinking:
		return content{sealedThinking(p)}
	case *llm.ToolCall:
		raw, _ := input(p)
		return content{{Type: "tool_use", ID: callID(p), Name: p.Name, Input: raw}}
	case *llm.Refusal:
		return content{{Type: "text", Text: &p.Text}}
	case *llm.Media:
		text := mediaNote(p)
		return content{{Type: "text", Text: &text}}
	case *llm.Foreign:
		if p.Dialect == Name {
			return content{{Type: p.Type, raw: p.Raw}}
		}
	case *llm.ToolResult:
	}
	return nil
}

// callID is a call's id with the state that has no other place.
func callID(p *llm.ToolCall) string { return llm.SealID(protocol.CleanName(p.ID, maxID), p.State) }

// sealedThinking is a block of reasoning whose signature we know again.
func sealedThinking(p *llm.Thinking) wireBlock {
	if p.Redacted {
		return wireBlock{Type: "redacted_thinking", Data: sealed(p.State)}
	}
	signature := sealed(p.State)
	return wireBlock{Type: "thinking", Thinking: &p.Text, Signature: &signature}
}

func sealed(s *llm.State) string {
	if s == nil {
		return ""
	}
	return s.Seal()
}

// mediaNote stands for a picture or sound in an answer, for which the dialect
// has no block: a link where there is one, else a word that something was there.
func mediaNote(p *llm.Media) string {
	switch {
	case p.URL != "" && p.Kind == llm.Image:
		return "![" + p.Name + "](" + p.URL + ")"
	case p.URL != "":
		return p.URL
	}
	size := base64.StdEncoding.DecodedLen(len(p.Data))
	return fmt.Sprintf("(The answer held %s of %d bytes, %s, for which this API has no form.)", p.Kind, size, p.MIME)
}

// encodeCitations writes what a text cites. Quotes of other dialects become web
// search results if they have an address and the list is for a client; a vendor
// would look for the search they came from.
func encodeCitations(list []llm.Annotation, foreign bool) llm.Raw {
	var out []llm.Raw
	for _, a := range list {
		if raw := encodeCitation(a, foreign); raw != nil {
			out = append(out, raw)
		}
	}
	if out == nil {
		return nil
	}
	raw, err := json.Marshal(out, lenient)
	if err != nil {
		return nil // a quote that can't be written is left out
	}
	return raw
}

func encodeCitation(a llm.Annotation, foreign bool) llm.Raw {
	switch {
	case a.Dialect == Name:
		return a.Foreign
	case !foreign || a.URL == "":
		return nil
	}
	index := ""
	raw, err := json.Marshal(wireCitation{
		Type: "web_search_result_location", CitedText: a.Quote, URL: a.URL, Title: &a.Title, EncryptedIndex: &index,
	}, lenient)
	if err != nil {
		return nil // strings always encode
	}
	return raw
}
