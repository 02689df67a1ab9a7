package responses

import (
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxOutputs bounds the items of an answer and the parts of an item.
const maxOutputs = 10_000

// event is one event of a stream, as far as it is read.
type event struct {
	Type       string   `json:"type"`
	Response   *answer  `json:"response"`
	Output     int      `json:"output_index"`
	Content    int      `json:"content_index"`
	Summary    int      `json:"summary_index"`
	Item       llm.Raw  `json:"item"`
	Part       *content `json:"part"`
	Delta      string   `json:"delta"`
	Text       *string  `json:"text"`
	Refusal    *string  `json:"refusal"`
	Arguments  *string  `json:"arguments"`
	Input      *string  `json:"input"`
	Annotation llm.Raw  `json:"annotation"`
	Logprobs   llm.Raw  `json:"logprobs"`

	// Of an error.
	Code    llm.Raw  `json:"code"`
	Message string   `json:"message"`
	Error   *failure `json:"error"`
}

// decoder reads one stream.
type decoder struct {
	t     *protocol.Target
	began bool
	done  bool
	parts int              // opened
	open  map[spot]*growth // parts that are open
	heard map[int]bool     // items of which parts came
	names map[int]string   // ids of reasoning, by output
	calls bool
	no    bool // the model refused
}

// spot is a part of an output item. Of a call or reasoning it is the item.
type spot struct{ output, content int }

// growth is an open part.
type growth struct {
	index   int
	grown   bool // a delta came
	summary int  // the summary that grows
}

// Decoder implements protocol.Outbound.
func (Codec) Decoder(t *protocol.Target) protocol.Decoder {
	return &decoder{t: t, open: map[spot]*growth{}, heard: map[int]bool{}, names: map[int]string{}}
}

// Decode implements protocol.Decoder.
func (d *decoder) Decode(dst []llm.Event, name, data []byte) ([]llm.Event, *llm.Error) {
	var ev event
	if err := json.Unmarshal(data, &ev, lenient); err != nil {
		return dst, malformed("an event can't be read: " + protocol.Clip(err.Error()))
	}
	if ev.Type == "" {
		ev.Type = string(name)
	}
	if ev.Output < 0 || ev.Output > maxOutputs || ev.Content < 0 || ev.Content > maxOutputs {
		return dst, malformed("an event names an item that can't be")
	}
	if ev.Type == "error" || ev.Type == "" && ev.Error != nil {
		return dst, ev.failure()
	}
	if !d.began {
		dst = d.begin(dst, &ev)
	}
	return d.on(dst, &ev)
}

func (d *decoder) begin(dst []llm.Event, ev *event) []llm.Event {
	d.began = true
	b := &llm.Begin{Dialect: Name}
	if r := ev.Response; r != nil {
		b.ID, b.Model, b.Created, b.Tier = r.ID, r.Model, int64(r.Created), r.Tier
	}
	return append(dst, b)
}

// failure is an error event.
func (ev *event) failure() *llm.Error {
	e := &llm.Error{Message: ev.Message}
	if ev.Error != nil {
		e.Code, e.Message = ev.Error.Code, ev.Error.Message
	} else {
		read(ev.Code, &e.Code)
	}
	e.Message = protocol.Clip(e.Message)
	if e.Message == "" {
		e.Message = "the vendor sent an error without a message"
	}
	if e.Class = protocol.Classify(http.StatusOK, e.Code, "", e.Message); e.Class == llm.ClassMalformed {
		e.Class = llm.ClassServerError
	}
	return e
}

func (d *decoder) on(dst []llm.Event, ev *event) ([]llm.Event, *llm.Error) {
	at := spot{ev.Output, ev.Content}
	whole := spot{ev.Output, -1}
	switch ev.Type {
	case "response.output_item.added":
		return d.added(dst, ev), nil
	case "response.output_item.done":
		return d.finished(dst, ev), nil
	case "response.content_part.added":
		return d.partAdded(dst, ev), nil
	case "response.output_text.delta":
		return d.grow(dst, at, &llm.Text{}, ev.Delta, ev.Logprobs), nil
	case "response.refusal.delta":
		d.no = true
		return d.grow(dst, at, &llm.Refusal{}, ev.Delta, nil), nil
	case "response.output_text.annotation.added":
		if g := d.open[at]; g != nil {
			a := annotationOf(ev.Annotation)
			return append(dst, &llm.Amend{Index: g.index, Annotation: &a}), nil
		}
	case "response.output_text.done":
		return d.settle(dst, at, &llm.Text{}, ev.Text), nil
	case "response.refusal.done":
		d.no = true
		return d.settle(dst, at, &llm.Refusal{}, ev.Refusal), nil
	case "response.content_part.done":
		return d.close(dst, at), nil
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		if d.open[whole] != nil {
			return d.grow(dst, whole, nil, ev.Delta, nil), nil
		}
	case "response.function_call_arguments.done":
		if d.open[whole] != nil {
			return d.settle(dst, whole, nil, ev.Arguments), nil
		}
	case "response.custom_tool_call_input.done":
		if d.open[whole] != nil {
			return d.settle(dst, whole, nil, ev.Input), nil
		}
	case "response.reasoning_summary_text.delta":
		return d.summary(dst, whole, ev), nil
	case "response.reasoning_text.delta":
		return d.grow(dst, whole, &llm.Thinking{ID: d.names[ev.Output]}, ev.Delta, nil), nil
	case "response.completed", "response.incomplete", "response.failed":
		return d.ended(dst, ev)
	}
	return dst, nil // of no concern, or unknown
}

// added begins an item, where it is known by then what it is.
func (d *decoder) added(dst []llm.Event, ev *event) []llm.Event {
	var w item
	if !read(ev.Item, &w) {
		return dst
	}
	whole := spot{ev.Output, -1}
	if w.Type == typeReasoning { // whether it will say anything is known later
		d.names[ev.Output] = w.ID
	}
	if w.Type != typeCall && w.Type != typeCustom || d.open[whole] != nil {
		return dst
	}
	d.calls = true
	parts := callOf(&w)
	call := *parts[len(parts)-1].(*llm.ToolCall) //nolint:errcheck // callOf ends in one
	words := call.Arguments
	call.Arguments = ""
	dst = d.start(dst, whole, &call)
	if words != "" {
		dst = d.grow(dst, whole, nil, words, nil)
	}
	return dst
}

func (d *decoder) partAdded(dst []llm.Event, ev *event) []llm.Event {
	at := spot{ev.Output, ev.Content}
	if ev.Part == nil || d.open[at] != nil {
		return dst
	}
	switch ev.Part.Type {
	case "output_text":
		return d.start(dst, at, &llm.Text{})
	case "refusal":
		d.no = true
		return d.start(dst, at, &llm.Refusal{})
	}
	return dst
}

// start opens a part.
func (d *decoder) start(dst []llm.Event, at spot, p llm.Part) []llm.Event {
	g := &growth{index: d.parts}
	d.open[at] = g
	d.heard[at.output] = true
	d.parts++
	return append(dst, &llm.Open{Index: g.index, Part: p})
}

// grow adds words to a part, which is opened if it was not announced.
func (d *decoder) grow(dst []llm.Event, at spot, p llm.Part, words string, logprobs llm.Raw) []llm.Event {
	g := d.open[at]
	if g == nil {
		dst = d.start(dst, at, p)
		g = d.open[at]
	}
	delta := &llm.Delta{Index: g.index, Text: words}
	if present(logprobs) && string(logprobs) != "[]" {
		delta.Logprobs = value(map[string]llm.Raw{"content": logprobs})
	}
	if words == "" && delta.Logprobs == nil {
		return dst
	}
	g.grown = true
	return append(dst, delta)
}

// settle takes the whole words of a part that came without deltas.
func (d *decoder) settle(dst []llm.Event, at spot, p llm.Part, words *string) []llm.Event {
	if g := d.open[at]; words == nil || g != nil && g.grown {
		return dst
	}
	return d.grow(dst, at, p, *words, nil)
}

// summary adds to the summary of reasoning; its parts are set apart.
func (d *decoder) summary(dst []llm.Event, whole spot, ev *event) []llm.Event {
	if g := d.open[whole]; g != nil && ev.Summary > g.summary {
		g.summary = ev.Summary
		if g.grown {
			dst = d.grow(dst, whole, nil, "\n\n", nil)
		}
	}
	return d.grow(dst, whole, &llm.Thinking{Summary: true, ID: d.names[ev.Output]}, ev.Delta, nil)
}

func (d *decoder) close(dst []llm.Event, at spot) []llm.Event {
	g := d.open[at]
	if g == nil {
		return dst
	}
	delete(d.open, at)
	return append(dst, &llm.Close{Index: g.index})
}

// closeAll ends the open parts of an item, or, below 0, of all.
func (d *decoder) closeAll(dst []llm.Event, output int) []llm.Event {
	var ends []spot
	for at := range d.open {
		if output < 0 || at.output == output {
			ends = append(ends, at)
		}
	}
	slices.SortFunc(ends, func(a, b spot) int { return d.open[a].index - d.open[b].index })
	for _, at := range ends {
		dst = d.close(dst, at)
	}
	return dst
}

// finished ends an item: what it says only at its end is told.
func (d *decoder) finished(dst []llm.Event, ev *event) []llm.Event {
	var w item
	if !read(ev.Item, &w) {
		return dst
	}
	whole := spot{ev.Output, -1}
	switch w.Type {
	case typeMessage:
		if d.heard[ev.Output] {
			return d.closeAll(dst, ev.Output)
		}
	case typeCall, typeCustom:
		words := w.Arguments
		if w.Type == typeCustom {
			words = w.Text
		}
		if d.open[whole] == nil { // it was not announced
			dst = d.added(dst, ev)
		}
		return d.close(d.settle(dst, whole, nil, words), whole)
	case typeReasoning:
		return d.thought(dst, whole, &w)
	}
	parts, _ := heard(ev.Item, d.t)
	for _, p := range parts { // what is told only now is told whole
		_, refused := p.(*llm.Refusal)
		d.no = d.no || refused
		dst = d.close(d.start(dst, whole, p), whole)
	}
	return dst
}

// thought ends reasoning, which may have been in secret all along.
func (d *decoder) thought(dst []llm.Event, whole spot, w *item) []llm.Event {
	th := thinkingOf(w)
	mint(th, w.Encrypted, d.t)
	g := d.open[whole]
	switch {
	case g == nil && th.Text == "" && th.State == nil:
		return dst
	case g == nil:
		words := th.Text
		th.Text = ""
		dst = d.start(dst, whole, th)
		if words != "" {
			dst = d.grow(dst, whole, nil, words, nil)
		}
	case th.State != nil:
		dst = append(dst, &llm.Amend{Index: g.index, State: th.State})
	}
	return d.close(dst, whole)
}

// ended is the last event.
func (d *decoder) ended(dst []llm.Event, ev *event) ([]llm.Event, *llm.Error) {
	if ev.Response == nil {
		return dst, malformed("the last event holds no response")
	}
	r := ev.Response
	if ev.Type == "response.failed" && r.Status == "" {
		r.Status = "failed"
	}
	if err := r.failed(); err != nil {
		return dst, err
	}
	dst = d.closeAll(dst, -1)
	stop := r.stop(nil)
	switch {
	case stop == llm.StopEnd && d.calls:
		stop = llm.StopTools
	case stop == llm.StopEnd && d.no:
		stop = llm.StopFilter
	}
	d.done = true
	return append(dst, &llm.Finish{Stop: stop}, &llm.End{Usage: r.Usage.canonical()}), nil
}

// End implements protocol.Decoder.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	if !d.done {
		return dst, &llm.Error{Class: llm.ClassCut, Message: "the stream ended before the answer was finished"}
	}
	return dst, nil
}

// Done implements protocol.Decoder.
func (d *decoder) Done() bool { return d.done }
