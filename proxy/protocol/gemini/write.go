package gemini

import (
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// EncodeResponse implements protocol.Inbound.
func (Inbound) EncodeResponse(a *llm.Response, reply *protocol.Reply) ([]byte, *llm.Error) {
	w := response{ID: idOf(a.ID, reply), Model: modelName(a.Model, reply), Usage: wireOf(a.Usage)}
	for i := range a.Choices {
		w.Candidates = append(w.Candidates, candidateOf(i, &a.Choices[i]))
	}
	return written(w)
}

func idOf(id string, reply *protocol.Reply) string {
	if id != "" {
		return id
	}
	return reply.ID
}

func modelName(model string, reply *protocol.Reply) string {
	if model != "" {
		return model
	}
	return reply.Model
}

func candidateOf(index int, c *llm.Choice) candidate {
	w := candidate{Index: index, Finish: finishOf(c.Stop), Logprobs: logprobsOf(c.Logprobs)}
	parts := list[part]{}
	var notes []llm.Annotation
	ascii := true
	for _, p := range c.Parts {
		if text, ok := p.(*llm.Text); ok {
			notes = append(notes, text.Annotations...)
			ascii = ascii && isASCII(text.Text)
		}
		if w, ok := answerPart(p); ok {
			parts = append(parts, w)
		}
	}
	w.Content = &content{Role: "model", Parts: parts}
	w.Citations = cited(notes, ascii)
	return w
}

// finishOf gives Google's word for why an answer ended. Calls end in STOP, too.
func finishOf(stop llm.StopReason) string {
	switch stop {
	case llm.StopLength:
		return "MAX_TOKENS"
	case llm.StopFilter:
		return "SAFETY"
	case llm.StopEnd, llm.StopTools, llm.StopPaused, llm.StopUnknown:
	}
	return "STOP"
}

// answerPart writes a part of an answer. What only another dialect knows is
// left out.
func answerPart(p llm.Part) (part, bool) {
	switch p := p.(type) {
	case *llm.Text:
		return part{Text: &p.Text, Signature: closeState(p.State)}, p.Text != "" || p.State != nil
	case *llm.Thinking:
		return part{Text: &p.Text, Thought: true, Signature: closeState(p.State)}, p.Text != "" || p.State != nil
	case *llm.Refusal:
		return part{Text: &p.Text}, p.Text != ""
	case *llm.Media:
		return mediaPart(p), p.Data != "" || p.URL != "" || p.File != ""
	case *llm.ToolCall:
		return part{Call: &call{ID: p.ID, Name: p.Name, Args: argsOf(p)}, Signature: callState(p.State)}, true
	case *llm.Foreign:
		var w part
		return w, p.Dialect == Name && unmarshal(p.Raw, &w) == nil
	case *llm.ToolResult: // no answer holds one
	}
	return part{}, false
}

func mediaPart(m *llm.Media) part {
	switch {
	case m.Data != "":
		return part{Inline: &blob{MIME: mimeOf(m), Data: m.Data}}
	case m.File != "":
		return part{File: &file{MIME: m.MIME, URI: m.File}}
	}
	return part{File: &file{MIME: mimeOf(m), URI: m.URL}}
}

// argsOf are a call's arguments as the object that Google's clients expect.
func argsOf(c *llm.ToolCall) llm.Raw {
	raw := llm.Raw(c.Arguments)
	switch {
	case c.Custom:
		return llm.Raw(llm.FreeArguments(c.Arguments))
	case strings.TrimSpace(c.Arguments) == "":
		return llm.Raw("{}")
	case !raw.IsValid() || raw.Kind() != '{':
		return llm.Raw(llm.FreeArguments(c.Arguments))
	}
	return raw
}

// Encoder implements protocol.Inbound.
func (Inbound) Encoder(reply *protocol.Reply) protocol.Encoder {
	return &encoder{reply: reply, parts: map[place]llm.Part{}}
}

// encoder writes one stream: an event for each piece of text, one for each part
// that comes whole, and one at the end with finish reasons and counts.
type encoder struct {
	reply *protocol.Reply
	tail  []byte // what ends every event: model and id
	wrote bool   // an element of the array was written

	parts  map[place]llm.Part // open calls with their arguments so far; of other parts what was amended
	ends   []llm.Finish
	notes  map[int][]llm.Annotation // by choice
	beyond map[int]bool             // choices whose text has other than ASCII characters
}

type place struct{ choice, index int }

// Encode implements protocol.Encoder.
func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	switch ev := ev.(type) {
	case *llm.Begin:
		e.tail = tailOf(modelName(ev.Model, e.reply), idOf(ev.ID, e.reply))
		return dst
	case *llm.Open:
		return e.open(dst, ev)
	case *llm.Delta:
		return e.delta(dst, ev)
	case *llm.Amend:
		return e.amend(dst, ev)
	case *llm.Close:
		return e.close(dst, ev)
	case *llm.Finish:
		e.ends = append(e.ends, *ev)
		return dst
	case *llm.End:
		return e.end(dst, ev)
	}
	return dst
}

func tailOf(model, id string) []byte {
	b := append([]byte(`,"modelVersion":`), quote(model)...)
	if id != "" {
		b = append(append(b, `,"responseId":`...), quote(id)...)
	}
	return append(b, '}')
}

func (e *encoder) open(dst []byte, ev *llm.Open) []byte {
	at := place{ev.Choice, ev.Index}
	switch p := ev.Part.(type) {
	case *llm.ToolCall:
		call := *p
		e.parts[at] = &call
		return dst
	case *llm.Text:
		e.parts[at] = &llm.Text{State: p.State}
		if p.Text != "" {
			dst = e.words(dst, ev.Choice, p.Text, false, nil)
		}
		for _, a := range p.Annotations {
			e.note(ev.Choice, a)
		}
		return dst
	case *llm.Thinking:
		e.parts[at] = &llm.Thinking{State: p.State}
		if p.Text != "" {
			dst = e.words(dst, ev.Choice, p.Text, true, nil)
		}
		return dst
	case *llm.Refusal:
		e.parts[at] = &llm.Refusal{}
		if p.Text != "" {
			dst = e.words(dst, ev.Choice, p.Text, false, nil)
		}
		return dst
	case *llm.Media, *llm.Foreign, *llm.ToolResult:
	}
	if w, ok := answerPart(ev.Part); ok {
		return e.whole(dst, ev.Choice, w)
	}
	return dst
}

func (e *encoder) delta(dst []byte, ev *llm.Delta) []byte {
	switch p := e.parts[place{ev.Choice, ev.Index}].(type) {
	case *llm.ToolCall:
		p.Arguments += ev.Text // Google's calls come whole
		return dst
	case *llm.Thinking:
		return e.words(dst, ev.Choice, ev.Text, true, nil)
	case *llm.Text, *llm.Refusal:
		return e.words(dst, ev.Choice, ev.Text, false, ev.Logprobs)
	case *llm.Media, *llm.Foreign, *llm.ToolResult: // they came whole
	}
	return dst
}

// words writes a piece of text, by hand: it runs for every token.
func (e *encoder) words(dst []byte, choice int, text string, thought bool, logprobs llm.Raw) []byte {
	if text == "" && len(logprobs) == 0 {
		return dst
	}
	if !thought && !isASCII(text) {
		if e.beyond == nil {
			e.beyond = map[int]bool{}
		}
		e.beyond[choice] = true
	}
	dst = e.head(dst)
	dst = append(dst, `{"candidates":[{"content":{"role":"model","parts":[{"text":`...)
	dst = appendQuote(dst, text)
	if thought {
		dst = append(dst, `,"thought":true`...)
	}
	dst = append(dst, `}]},"index":`...)
	dst = appendInt(dst, choice)
	if l := logprobsOf(logprobs); l != nil {
		if raw, err := marshal(l); err == nil {
			dst = append(append(dst, `,"logprobsResult":`...), raw...)
		}
	}
	dst = append(dst, "}]"...)
	dst = append(dst, e.tail...)
	return e.foot(dst)
}

func (e *encoder) amend(dst []byte, ev *llm.Amend) []byte {
	if ev.Annotation != nil {
		e.note(ev.Choice, *ev.Annotation)
	}
	if ev.State == nil {
		return dst
	}
	switch p := e.parts[place{ev.Choice, ev.Index}].(type) {
	case *llm.ToolCall:
		p.State = ev.State
	case *llm.Text:
		p.State = ev.State
	case *llm.Thinking:
		p.State = ev.State
	case *llm.Media, *llm.Foreign, *llm.ToolResult, *llm.Refusal: // they have no state
	}
	return dst
}

func (e *encoder) note(choice int, a llm.Annotation) {
	if e.notes == nil {
		e.notes = map[int][]llm.Annotation{}
	}
	e.notes[choice] = append(e.notes[choice], a)
}

// close writes calls, which come whole, and signatures, which Google sends
// behind the words.
func (e *encoder) close(dst []byte, ev *llm.Close) []byte {
	at := place{ev.Choice, ev.Index}
	p := e.parts[at]
	delete(e.parts, at)
	var w part
	ok := false
	switch p := p.(type) {
	case *llm.ToolCall:
		w, ok = answerPart(p)
	case *llm.Text: // its words are written
		w, ok = answerPart(&llm.Text{State: p.State})
	case *llm.Thinking:
		w, ok = answerPart(&llm.Thinking{State: p.State})
	case *llm.Media, *llm.Foreign, *llm.ToolResult, *llm.Refusal: // nothing is left to say
	}
	if !ok {
		return dst
	}
	return e.whole(dst, ev.Choice, w)
}

// whole writes a part in an event of its own.
func (e *encoder) whole(dst []byte, choice int, p part) []byte {
	raw, err := marshal([]candidate{{Index: choice, Content: &content{Role: "model", Parts: list[part]{p}}}})
	if err != nil {
		return dst // parts that were decoded can be written
	}
	dst = append(append(e.head(dst), `{"candidates":`...), raw...)
	return e.foot(append(dst, e.tail...))
}

func (e *encoder) end(dst []byte, ev *llm.End) []byte {
	candidates := make([]candidate, 0, len(e.ends))
	for _, f := range e.ends {
		candidates = append(candidates, candidate{
			Index: f.Choice, Finish: finishOf(f.Stop),
			Content:   &content{Role: "model", Parts: list[part]{}}, // an empty text would come back as an empty part
			Citations: cited(e.notes[f.Choice], !e.beyond[f.Choice]),
		})
	}
	raw, err := marshal(struct {
		Candidates []candidate `json:"candidates"`
		Usage      *wireUsage  `json:"usageMetadata,omitzero"`
	}{candidates, wireOf(ev.Usage)})
	if err != nil {
		return dst // words and numbers can be written
	}
	dst = append(e.head(dst), raw[:len(raw)-1]...)
	dst = e.foot(append(dst, e.tail...))
	if e.reply.Array {
		dst = append(dst, "]\n"...)
	}
	return dst
}

// head begins an event, or an element of the array.
func (e *encoder) head(dst []byte) []byte {
	if e.tail == nil {
		e.tail = tailOf(e.reply.Model, e.reply.ID)
	}
	switch {
	case !e.reply.Array:
		return append(dst, "data: "...)
	case e.wrote:
		return append(dst, ",\n"...)
	}
	e.wrote = true
	return append(dst, '[')
}

func (e *encoder) foot(dst []byte) []byte {
	if e.reply.Array {
		return append(dst, '\n')
	}
	return append(dst, "\n\n"...)
}

// Fail implements protocol.Encoder.
func (e *encoder) Fail(dst []byte, err *llm.Error) []byte {
	if !e.reply.Array {
		return append(dst, encodeStreamError(err)...)
	}
	dst = append(e.head(dst), encodeError(err)...)
	return append(dst, "\n]\n"...)
}
