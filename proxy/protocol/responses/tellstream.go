package responses

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// Encoder implements protocol.Inbound. The dialect repeats the whole answer in
// its last event, so this encoder, unlike all others, keeps it.
func (Codec) Encoder(reply *protocol.Reply) protocol.Encoder {
	return &encoder{reply: reply, w: frame(reply), parts: map[int]*telling{}}
}

// encoder writes one stream.
type encoder struct {
	reply   *protocol.Reply
	w       told
	seq     int // of the next event
	items   []llm.Raw
	parts   map[int]*telling // open, by the canonical index
	message *speech          // the message that further text belongs to
	stop    llm.StopReason
	refused bool
}

// telling is an open part.
type telling struct {
	part    llm.Part
	output  int
	id      string
	content int // within a message
	speech  *speech
	words   strings.Builder
	notes   []llm.Annotation
	logs    []llm.Raw
}

// speech is a message that is being told.
type speech struct {
	id     string
	output int
	open   int       // parts that are open
	said   []content // by content index
	sealed bool      // no further part belongs to it
}

// Encode implements protocol.Encoder.
func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	switch ev := ev.(type) {
	case *llm.Begin:
		e.w.name(ev.ID, ev.Model, ev.Created, ev.Tier, e.reply)
		dst = e.event(dst, "response.created", `"response":`, value(&e.w))
		return e.event(dst, "response.in_progress", `"response":`, value(&e.w))
	case *llm.Open:
		if ev.Choice == 0 { // the API gives one answer
			return e.open(dst, ev)
		}
	case *llm.Delta:
		if p := e.parts[ev.Index]; p != nil && ev.Choice == 0 {
			return e.words(dst, p, ev.Text, ev.Logprobs)
		}
	case *llm.Amend:
		if p := e.parts[ev.Index]; p != nil && ev.Choice == 0 {
			return e.amend(dst, p, ev)
		}
	case *llm.Close:
		if p := e.parts[ev.Index]; p != nil && ev.Choice == 0 {
			delete(e.parts, ev.Index)
			return e.close(dst, p)
		}
	case *llm.Finish:
		if ev.Choice == 0 {
			e.stop = ev.Stop
		}
	case *llm.End:
		return e.end(dst, ev)
	}
	return dst
}

// event writes an event: its type, its number, and fields that are given as
// JSON in turn with the quoted names before them.
func (e *encoder) event(dst []byte, name string, fields ...any) []byte {
	dst = append(dst, "event: "...)
	dst = append(dst, name...)
	dst = append(dst, "\ndata: {\"type\":\""...)
	dst = append(dst, name...)
	dst = append(dst, `","sequence_number":`...)
	dst = strconv.AppendInt(dst, int64(e.seq), 10)
	e.seq++
	for _, f := range fields {
		switch f := f.(type) {
		case string:
			dst = append(append(dst, ','), f...)
		case int:
			dst = strconv.AppendInt(dst, int64(f), 10)
		case quoted:
			dst, _ = jsontext.AppendQuote(dst, string(f)) // the error tells of what was replaced
		case llm.Raw:
			dst = append(dst, f...)
		}
	}
	return append(dst, "}\n\n"...)
}

// quoted is text that an event quotes.
type quoted string

func (e *encoder) open(dst []byte, ev *llm.Open) []byte {
	p := &telling{part: ev.Part}
	switch part := ev.Part.(type) {
	case *llm.Text:
		dst = e.speak(dst, p, textContent("", nil, nil))
		e.parts[ev.Index] = p
		p.notes = slices.Clone(part.Annotations)
		return e.words(dst, p, part.Text, nil)
	case *llm.Refusal:
		e.refused = true
		empty := ""
		dst = e.speak(dst, p, content{Type: "refusal", Refusal: &empty})
		e.parts[ev.Index] = p
		return e.words(dst, p, part.Text, nil)
	case *llm.Thinking:
		dst = e.hush(dst)
		w := reasoningItem(part, "", itemID("rs_", e.reply, len(e.items)))
		p.id, p.output = w.ID, e.reserve()
		e.parts[ev.Index] = p
		w.Encrypted = nil
		dst = e.added(dst, p.output, value(w))
		return e.words(dst, p, part.Text, nil)
	case *llm.ToolCall:
		dst = e.hush(dst)
		w := callItem(part, "", "in_progress", e.reply, len(e.items))
		p.id, p.output = w.ID, e.reserve()
		e.parts[ev.Index] = p
		dst = e.added(dst, p.output, value(w))
		return e.words(dst, p, part.Arguments, nil)
	case *llm.Media, *llm.Foreign, *llm.ToolResult:
	}
	raw := wholeItem(ev.Part, e.reply, len(e.items))
	if raw == nil {
		return dst
	}
	dst = e.hush(dst)
	at := e.reserve()
	e.items[at] = raw
	return e.event(e.added(dst, at, raw), "response.output_item.done", `"output_index":`, at, `"item":`, raw)
}

// reserve gives the next item its place in the output.
func (e *encoder) reserve() int {
	e.items = append(e.items, nil)
	return len(e.items) - 1
}

func (e *encoder) added(dst []byte, output int, raw llm.Raw) []byte {
	return e.event(dst, "response.output_item.added", `"output_index":`, output, `"item":`, raw)
}

// speak begins a part of a message: of the one that is being told, or of a new
// one.
func (e *encoder) speak(dst []byte, p *telling, c content) []byte {
	if e.message == nil {
		e.message = &speech{id: itemID("msg_", e.reply, len(e.items)), output: e.reserve()}
		dst = e.added(dst, e.message.output, value(messageItem(e.message.id, "in_progress", []content{})))
	}
	m := e.message
	p.speech, p.id, p.output, p.content = m, m.id, m.output, len(m.said)
	m.said = append(m.said, c)
	m.open++
	return e.event(dst, "response.content_part.added", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
		`"content_index":`, p.content, `"part":`, value(c))
}

// hush ends the message before something else: now, or with its last open part.
func (e *encoder) hush(dst []byte) []byte {
	m := e.message
	if m == nil {
		return dst
	}
	e.message, m.sealed = nil, true
	return e.shut(dst, m)
}

func (e *encoder) shut(dst []byte, m *speech) []byte {
	if m.open > 0 || !m.sealed {
		return dst
	}
	raw := value(messageItem(m.id, "completed", m.said))
	e.items[m.output] = raw
	return e.event(dst, "response.output_item.done", `"output_index":`, m.output, `"item":`, raw)
}

// words tells what is added to a part.
func (e *encoder) words(dst []byte, p *telling, more string, logprobs llm.Raw) []byte {
	if more == "" && len(logprobs) == 0 {
		return dst
	}
	first := p.words.Len() == 0
	p.words.WriteString(more)
	switch part := p.part.(type) {
	case *llm.Text:
		logs := logprobsOf(logprobs)
		p.logs = append(p.logs, logs...)
		list := llm.Raw("[]")
		if len(logs) > 0 {
			list = value(logs)
		}
		return e.event(dst, "response.output_text.delta", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
			`"content_index":`, p.content, `"delta":`, quoted(more), `"logprobs":`, list)
	case *llm.Refusal:
		return e.event(dst, "response.refusal.delta", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
			`"content_index":`, p.content, `"delta":`, quoted(more))
	case *llm.Thinking:
		if first {
			dst = e.event(dst, "response.reasoning_summary_part.added", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
				`"summary_index":0`, `"part":{"type":"summary_text","text":""}`)
		}
		return e.event(dst, "response.reasoning_summary_text.delta", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
			`"summary_index":0`, `"delta":`, quoted(more))
	case *llm.ToolCall:
		name := "response.function_call_arguments.delta"
		if custom(part, e.reply) {
			if !part.Custom {
				return dst // told at its end, when it is turned back into free text
			}
			name = "response.custom_tool_call_input.delta"
		}
		return e.event(dst, name, `"item_id":`, quoted(p.id), `"output_index":`, p.output, `"delta":`, quoted(more))
	case *llm.Media, *llm.Foreign, *llm.ToolResult:
	}
	return dst
}

func (e *encoder) amend(dst []byte, p *telling, ev *llm.Amend) []byte {
	if ev.State != nil {
		if t, ok := p.part.(*llm.Thinking); ok {
			signed := *t
			signed.State = ev.State
			p.part = &signed
		}
	}
	if ev.Annotation == nil || p.speech == nil {
		return dst
	}
	p.notes = append(p.notes, *ev.Annotation)
	return e.event(dst, "response.output_text.annotation.added", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
		`"content_index":`, p.content, `"annotation_index":`, len(p.notes)-1, `"annotation":`, toldAnnotation(ev.Annotation))
}

// close ends a part.
func (e *encoder) close(dst []byte, p *telling) []byte {
	said := p.words.String()
	switch part := p.part.(type) {
	case *llm.Text:
		c := textContent(said, p.notes, nil)
		if c.Logprobs = p.logs; p.logs == nil {
			c.Logprobs = []llm.Raw{}
		}
		dst = e.event(dst, "response.output_text.done", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
			`"content_index":`, p.content, `"text":`, quoted(said), `"logprobs":`, value(c.Logprobs))
		return e.spoken(dst, p, c)
	case *llm.Refusal:
		dst = e.event(dst, "response.refusal.done", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
			`"content_index":`, p.content, `"refusal":`, quoted(said))
		return e.spoken(dst, p, content{Type: "refusal", Refusal: &said})
	case *llm.Thinking:
		return e.thought(dst, p, part, said)
	case *llm.ToolCall:
		return e.called(dst, p, part, said)
	case *llm.Media, *llm.Foreign, *llm.ToolResult:
	}
	return dst
}

func (e *encoder) spoken(dst []byte, p *telling, c content) []byte {
	p.speech.said[p.content] = c
	p.speech.open--
	dst = e.event(dst, "response.content_part.done", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
		`"content_index":`, p.content, `"part":`, value(c))
	return e.shut(dst, p.speech)
}

func (e *encoder) thought(dst []byte, p *telling, part *llm.Thinking, said string) []byte {
	if said != "" {
		dst = e.event(dst, "response.reasoning_summary_text.done", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
			`"summary_index":0`, `"text":`, quoted(said))
		dst = e.event(dst, "response.reasoning_summary_part.done", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
			`"summary_index":0`, `"part":`, value(content{Type: "summary_text", Text: &said}))
	}
	w := reasoningItem(part, said, p.id)
	return e.ended(dst, p, value(w))
}

func (e *encoder) called(dst []byte, p *telling, part *llm.ToolCall, said string) []byte {
	w := callItem(part, said, "completed", e.reply, p.output)
	if w.Type == typeCustom {
		if !part.Custom && *w.Text != "" {
			dst = e.event(dst, "response.custom_tool_call_input.delta", `"item_id":`, quoted(p.id), `"output_index":`, p.output, `"delta":`, quoted(*w.Text))
		}
		dst = e.event(dst, "response.custom_tool_call_input.done", `"item_id":`, quoted(p.id), `"output_index":`, p.output, `"input":`, quoted(*w.Text))
		return e.ended(dst, p, value(w))
	}
	dst = e.event(dst, "response.function_call_arguments.done", `"item_id":`, quoted(p.id), `"output_index":`, p.output,
		`"name":`, quoted(w.Name), `"arguments":`, quoted(*w.Arguments))
	return e.ended(dst, p, value(w))
}

func (e *encoder) ended(dst []byte, p *telling, raw llm.Raw) []byte {
	e.items[p.output] = raw
	return e.event(dst, "response.output_item.done", `"output_index":`, p.output, `"item":`, raw)
}

// end writes the last event with the whole answer.
func (e *encoder) end(dst []byte, ev *llm.End) []byte {
	dst = e.hush(dst)
	e.w.Output = e.told()
	e.w.Usage = countsOf(ev.Usage)
	e.w.end(e.stop, e.refused)
	return e.event(dst, "response."+e.w.Status, `"response":`, value(&e.w))
}

// told are the items that are done.
func (e *encoder) told() []llm.Raw {
	return slices.DeleteFunc(slices.Clone(e.items), func(raw llm.Raw) bool { return raw == nil })
}

// Fail implements protocol.Encoder: OpenAI's clients look for an error, Codex
// for a response that failed.
func (e *encoder) Fail(dst []byte, err *llm.Error) []byte {
	code := err.Code
	if code == "" {
		code = codeFor(err.Status)
	}
	dst = e.event(dst, "error", `"code":`, quoted(code), `"message":`, quoted(err.Message), `"param":`, orNull(err.Param))
	e.w.Status, e.w.Error = "failed", &failure{Code: code, Message: err.Message}
	e.w.Output = e.told()
	return e.event(dst, "response.failed", `"response":`, value(&e.w))
}

// codeFor gives the code that OpenAI uses in responses for a status.
func codeFor(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "rate_limit_exceeded"
	case status >= 400 && status < 500:
		return "invalid_prompt"
	}
	return "server_error"
}

func orNull(s string) llm.Raw {
	if s == "" {
		return llm.Raw("null")
	}
	return value(s)
}
