package proxy

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
	"github.com/posthouse/posthouse/proxy/sse"
)

const (
	// maxSent bounds the text that is remembered so that another target could
	// go on, in bytes; longer answers are not taken over.
	maxSent = 1 << 20
	// leastOverlap is how much of the text a target must repeat before it
	// counts as repetition and not as a word that happens to fit twice.
	leastOverlap = 12
)

// sent is what the client has of a streamed answer, as far as another target
// needs it to finish: a rescue.
type sent struct {
	on      bool             // it is followed: another target could take it over
	resume  *protocol.Resume // how that goes byte by byte; nil: by way of the canonical form alone
	tape    []byte           // where that is nil: the events themselves
	text    []byte           // so far, as in JSON strings
	id      []byte           // of the answer, as written
	events  int64            // with text: about as many tokens
	closed  bool             // a tool call has begun, or it is too long
	failure *llm.Error       // what broke the stream first: the caller is told this
	restart bool             // a target refused the unfinished message: it is asked from the start
}

// follow begins to remember a stream, if one of so many targets could take it
// over.
func (c *call) follow(targets int) {
	if targets < 2 || c.way.route != nil && !c.way.route.rescue {
		return
	}
	if n := string(c.value("n")); n != "" && n != "1" && n != "null" {
		return
	}
	ep := c.entry.endpoint
	c.sent.resume = ep.Answer.Resume
	c.sent.on = c.sent.resume != nil || ep.In != nil && ep.Out != nil
}

// value is a top-level field of the request as written; nil if it is not there.
func (c *call) value(name string) []byte {
	for _, f := range c.peek.fields {
		if string(f.Key) == name {
			return f.Value(c.body)
		}
	}
	return nil
}

// take notes an event that the client gets as the vendor wrote it.
func (s *sent) take(ev sse.Event) {
	switch {
	case !s.on || s.closed:
		return
	case s.resume == nil:
		if s.tape = append(s.tape, ev.Raw...); len(s.tape) > maxSent {
			s.close()
		}
		return
	}
	if s.id == nil {
		s.id = s.resume.ID(ev.Data)
	}
	text, closed := s.resume.Part(ev.Data)
	if closed || len(s.text)+len(text) > maxSent {
		s.close()
		return
	}
	if len(text) > 0 {
		s.text = append(s.text, text...)
		s.events++
	}
}

// add notes text that the client gets.
func (s *sent) add(text string) {
	if !s.on || s.closed || text == "" {
		return
	}
	if s.text = append(s.text, escaped(text)...); len(s.text) > maxSent {
		s.close()
		return
	}
	s.events++
}

// close says that nobody else can finish the answer.
func (s *sent) close() { s.closed, s.text, s.tape = true, nil, nil }

// rescuable reports whether another target may finish what the client has.
func (c *call) rescuable() bool {
	s := &c.sent
	if !s.on || s.closed {
		return false
	}
	if s.resume == nil && c.tale == nil {
		if len(s.tape) == 0 {
			return false
		}
		c.retell()
	}
	return !s.closed
}

// resuming reports whether an attempt goes on with an answer that is begun.
func (c *call) resuming() bool { return c.committed && c.rescuable() }

// rescued notes that a target finished what another had begun, if it did.
func (c *call) rescued(resuming bool, cand *candidate) {
	if !resuming {
		return
	}
	c.rec.Rescued = true
	c.out.trailer("X-Posthouse-Rescued-By", headerSafe(cand.name+"/"+cand.model))
}

// continuation makes the edits by which a target is asked to go on.
func (c *call) continuation(cand *candidate) []rawjson.Edit {
	if !c.resuming() || c.sent.restart || len(c.sent.text) == 0 {
		return nil
	}
	m, _ := cand.provider.vendor.Model(cand.model)
	how := protocol.Continuation{Ask: !m.Prefix, Flag: cand.provider.vendor.PrefixFlag, Tokens: c.sent.events}
	edits, _ := c.sent.resume.Continue(c.peek.fields, c.body, c.sent.text, how)
	return edits
}

// seam joins the stream of a target that goes on to what the client has: what
// it repeats is dropped, for which its beginning is held back while it could
// still turn out to be a repetition.
type seam struct {
	overlap
	sent   *sent
	tokens int64  // that the client has, about
	torn   []byte // half a character that the last event ended in, escaped
	last   []byte // the event that brought the last of it
	joined bool
}

func newSeam(s *sent) *seam {
	return &seam{sent: s, tokens: s.events, overlap: overlap{prior: unescaped(s.text)}}
}

// event takes an event of the new stream and returns what the client gets of
// it; nil is nothing. A target that was asked from the start and tells another
// story can't be joined: ok is false.
func (m *seam) event(data []byte, finished bool) (passed [][]byte, ok bool) {
	joint := protocol.Joint{ID: m.sent.id, Tokens: m.tokens}
	if m.joined {
		return [][]byte{m.sent.resume.Join(data, joint)}, true
	}
	text, closed := m.sent.resume.Part(data)
	if len(text) > 0 {
		m.hold(text)
		m.last = bytes.Clone(data)
	}
	if !finished && !closed && m.at >= 0 {
		return nil, true
	}
	repeated := m.repeated()
	if m.sent.restart && repeated < len(m.prior) || m.cutShort(repeated) {
		return nil, false
	}
	m.joined = true
	if rest := m.held[repeated:]; rest != "" {
		first := joint
		first.Text = escaped(rest)
		passed = append(passed, m.sent.resume.Join(m.last, first))
	}
	if len(text) == 0 {
		passed = append(passed, m.sent.resume.Join(data, joint))
	}
	return passed, true
}

// hold adds to the held text.
func (m *seam) hold(text []byte) {
	text = append(m.torn, text...)
	m.torn = nil
	if n := len(text); n >= 6 && highSurrogate(text[n-6:]) {
		text, m.torn = text[:n-6], bytes.Clone(text[n-6:])
	}
	m.add(unescaped(text))
}

// highSurrogate reports whether an escape is the first half of a character
// beyond the basic plane (RFC 8259, section 7).
func highSurrogate(escape []byte) bool {
	return escape[0] == '\\' && escape[1] == 'u' && (escape[2] == 'd' || escape[2] == 'D') &&
		strings.IndexByte("89abAB", escape[3]) >= 0
}

// unescaped reads text as it stands in a JSON string.
func unescaped(text []byte) string {
	var s string
	if json.Unmarshal(quotedText(text), &s) != nil {
		return string(text)
	}
	return s
}

// unquoted reads a JSON string.
func unquoted(v []byte) string {
	var s string
	_ = json.Unmarshal(v, &s) // anything else is no id
	return s
}

// escaped writes text as it stands in a JSON string.
func escaped(s string) []byte {
	q := rawjson.Quote(s)
	return []byte(q[1 : len(q)-1])
}
