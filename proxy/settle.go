package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/posthouse/posthouse/proxy/count"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
	"github.com/posthouse/posthouse/proxy/sse"
)

// heard is what an attempt has seen of its answer since the vendor last said
// how much it was, as far as it is needed to count where the vendor does not.
type heard struct {
	asked bool   // counts were asked for, though the caller did not
	final bool   // the answer was finished when the vendor last counted it
	told  bool   // the caller has some of it
	plain []byte // of a stream that was translated, up to count.Most bytes
	text  []byte // of a stream, as in JSON strings, up to count.Most bytes
	bytes int64  // of that text, beyond that too
	body  []byte // an answer in one piece
}

// forget drops what was heard: the vendor has counted it.
func (h *heard) forget() { h.plain, h.text, h.bytes = h.plain[:0], h.text[:0], 0 }

// tally notes the text of an event that the vendor has not counted.
func (t *try) tally(data []byte) {
	tally := t.entry.endpoint.Answer.Tally
	if tally == nil || tally.Delta == nil {
		return
	}
	had := len(t.heard.text)
	text := tally.Delta(t.heard.text, data)
	t.heard.bytes += int64(len(text) - had)
	t.heard.text = text[:min(len(text), max(had, count.Most))]
}

// tallyText does the same for text that was translated.
func (t *try) tallyText(text string) {
	t.heard.bytes += int64(len(text))
	t.heard.plain = append(t.heard.plain, text[:min(len(text), max(0, count.Most-len(t.heard.plain)))]...)
}

// tallyPart does it for what a part says from its beginning.
func (t *try) tallyPart(p llm.Part) {
	switch p := p.(type) {
	case *llm.Text:
		t.tallyText(p.Text)
	case *llm.Thinking:
		t.tallyText(p.Text)
	case *llm.ToolCall:
		t.tallyText(p.Name)
		t.tallyText(p.Arguments)
	case *llm.Refusal:
		t.tallyText(p.Text)
	case *llm.Media, *llm.ToolResult, *llm.Foreign:
	}
}

// usageEdits are the edits that ask a stream for counts which its caller did
// not ask for. Vendors that are known to refuse the field are not asked.
func (c *call) usageEdits(cand *candidate) []rawjson.Edit {
	option := c.entry.endpoint.Answer.UsageOption
	if option == nil || !c.peek.stream || c.g.optionless.has(cand.breaker()) {
		return nil
	}
	if cand.provider.traits(c.dialect.Name, cand.model).NoStreamOptions {
		return nil
	}
	edits, ok := option.Ask(c.peek.fields, c.body)
	if !ok {
		return nil
	}
	return edits
}

// unasked is an event as the caller would have seen it without those counts; ok
// is false if it would not have seen it. The bytes are valid until the next one.
func (s *streaming) unasked(ev sse.Event) (raw []byte, ok bool) {
	if !s.heard.asked {
		return ev.Raw, true
	}
	from, to := s.answer.UsageOption.Strip(ev.Data)
	switch {
	case from == to:
		return ev.Raw, true
	case to-from == len(ev.Data):
		return nil, false
	}
	at := bytes.Index(ev.Raw, ev.Data)
	if at < 0 { // its data stood on several lines
		at, ev.Raw = len(dataField), fmt.Appendf(nil, "%s%s\n\n", dataField, ev.Data)
	}
	s.shown = append(append(s.shown[:0], ev.Raw[:at+from]...), ev.Raw[at+to:]...)
	return s.shown, true
}

// dataField begins the data of an event.
const dataField = "data: "

// optionRefused reports whether a vendor does not know the field by which it
// was asked for counts, and notes that. The answer can still be read.
func (t *try) optionRefused(resp *http.Response) bool {
	if !t.heard.asked || resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusUnprocessableEntity {
		return false
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what there is of it
	if !t.entry.endpoint.Answer.UsageOption.Refused(string(body)) {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), resp.Body), resp.Body}
		return false
	}
	_ = resp.Body.Close()
	t.g.optionless.add(t.cand.breaker())
	t.g.log.Info("a target takes no stream_options; its streams are counted here", "provider", t.cand.name, "model", t.cand.model)
	return true
}

// targets is a set of targets that stays small.
type targets struct {
	mu  sync.RWMutex
	set map[breakerKey]bool
}

func (s *targets) has(k breakerKey) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.set[k]
}

func (s *targets) add(k breakerKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil || len(s.set) >= maxBreakers {
		s.set = map[breakerKey]bool{}
	}
	s.set[k] = true
}

// uncounted is an attempt whose vendor did not count all of what came.
type uncounted struct {
	at    *Attempt
	heard heard
	whole bool // the answer is
}

// tells notes that the attempt's words go into the answer.
func (t *try) tells() {
	t.heard.told = true
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tellers = append(t.tellers, t.at)
}

// settle notes an attempt that has to be counted here. What a vendor had counted
// of an answer that it did not finish is less than it will bill.
func (t *try) settle(err *llm.Error) {
	u := &t.at.Usage
	if err != nil && u.OutputFrom == llm.FromProvider && !t.heard.final {
		u.OutputFrom = llm.FromEstimates
	}
	said := u.InputFrom != "" && u.OutputFrom != ""
	came := t.heard.bytes > 0 || t.heard.body != nil || u.OutputFrom != ""
	if t.entry.endpoint.Answer.Tally == nil || !came || said && t.heard.bytes == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uncounted = append(t.uncounted, uncounted{t.at, t.heard, err == nil})
}

// count counts what no vendor did. It takes time, and runs after the client
// has its answer.
func (c *call) count() {
	var prompt llm.Usage
	for _, u := range c.uncounted {
		if prompt.InputFrom == "" && u.at.Usage.InputFrom == "" {
			p := c.promptText()
			n, exact := count.Tokens(p.Text, 0)
			prompt.Input, prompt.InputFrom = n+p.Extra, sourceOf(exact && p.Whole)
		}
		text, size := u.heard.words()
		if u.heard.body != nil {
			text, size = c.answerText(u.heard.body), 0
		}
		n, exact := count.Tokens(text, size)
		u.at.counted(llm.Usage{Input: prompt.Input, InputFrom: prompt.InputFrom, Output: n, OutputFrom: sourceOf(exact && u.whole)})
	}
	c.uncounted = nil
}

// words is the text of a stream as far as it was kept, and how long all of it
// is, both without escapes.
func (h heard) words() (text string, size int64) {
	if h.plain != nil {
		return string(h.plain), h.bytes
	}
	kept := h.text
	for n := 0; n < 12 && int64(len(kept)) < h.bytes && !rawjson.Valid(quotedText(kept)); n++ {
		kept = kept[:max(0, len(kept)-1)] // it was cut off within an escape
	}
	text = unescaped(kept)
	if len(h.text) == 0 || h.bytes == int64(len(h.text)) {
		return text, max(0, h.bytes-int64(len(h.text)))
	}
	return text, h.bytes * int64(len(text)) / int64(len(h.text))
}

func quotedText(text []byte) []byte { return append(append([]byte{'"'}, text...), '"') }

// estimate does the same without looking, when there is too much to count.
func (c *call) estimate() {
	for _, u := range c.uncounted {
		u.at.counted(llm.Usage{
			Input: int64(len(c.body)) / 4, InputFrom: llm.FromEstimates,
			Output: max(u.heard.bytes, int64(len(u.heard.body))) / 4, OutputFrom: llm.FromEstimates,
		})
	}
	c.uncounted = nil
}

// counted adds what was counted here to what the vendor said: the prompt if that
// did not count it, and the words that came after it counted last.
func (at *Attempt) counted(u llm.Usage) {
	is := &at.Usage
	if is.InputFrom == "" {
		is.Input, is.InputFrom = u.Input, u.InputFrom
	}
	switch {
	case is.OutputFrom == "":
		is.Output, is.OutputFrom = u.Output, u.OutputFrom
	case u.Output > 0:
		is.Output, is.OutputFrom = is.Output+u.Output, llm.FromEstimates
	}
	is.Total = is.Prompt() + is.Output
}

// sum makes the call's counts of those of the attempts that told its answer. Of
// several of them each counted its own part; where the last did it knew of what
// came before, and the caller was told the sum (join, seam).
func (c *call) sum() {
	n := len(c.tellers)
	if n == 0 {
		return
	}
	last := c.tellers[n-1]
	if n > 1 && last.UsageSeen && last.Usage.OutputFrom == llm.FromProvider {
		return
	}
	c.rec.Usage = last.Usage
	for _, at := range c.tellers[:n-1] {
		c.rec.Usage.Output += at.Usage.Output
		c.rec.Usage.Reasoning += at.Usage.Reasoning
		c.rec.Usage.Total += at.Usage.Output
		c.rec.Usage.OutputFrom = llm.FromEstimates
	}
}

func sourceOf(exact bool) llm.Source {
	if exact {
		return llm.FromCounting
	}
	return llm.FromEstimates
}

// account puts together what the call came to, and tells of it.
func (c *call) account() {
	c.sum()
	for _, at := range c.tries {
		if at.Class == llm.ClassOutrun && !at.UsageSeen && c.rec.Usage.InputFrom != "" {
			at.Usage = llm.Usage{Input: c.rec.Usage.Prompt(), InputFrom: llm.FromEstimates, OutputFrom: llm.FromEstimates}
		}
		if at.Class == "" && c.rec.Op == llm.OpImages && at.Usage.Images == 0 {
			at.Usage.Images = c.pictures()
			c.rec.Usage.Images = at.Usage.Images
		}
		if p := c.snap.byName[at.Provider]; p != nil && at.Usage != (llm.Usage{}) {
			at.Cost = c.snap.cost(p, at.Model, at.Usage, c.rec.Start)
		}
		c.rec.Attempts = append(c.rec.Attempts, *at)
	}
	c.rec.Cost = SumCosts(c.rec.Attempts)
	c.rec.Content = c.content()
	if c.g.recorder != nil {
		c.g.recorder.Record(&c.rec)
	}
	c.g.logCall(&c.rec)
}

// pictures is how many were asked for.
func (c *call) pictures() int64 {
	n, err := strconv.ParseInt(string(c.value("n")), 10, 32)
	if err != nil || n < 1 {
		return 1
	}
	return n
}
