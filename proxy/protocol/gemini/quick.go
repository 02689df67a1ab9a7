package gemini

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// quick reads the events that streams are made of, one text of one candidate
// with counts, several times as fast as a decoder by reflection does. It knows
// just these and takes nothing that unmarshal would refuse or read otherwise: of
// anything else, be it a name in another spelling, it says that it can't, and
// unmarshal has the word. What it reads is valid until the next event.
type quick struct {
	cursor
	answer     response
	candidates [1]candidate
	content    content
	parts      [1]part
	text       string
	usage      wireUsage
	counts     [2]int64
	details    [2][4]modality
}

// read reads an event behind a stream's first, which alone says what the answer
// is called; ok is false where it is not of the plain kind.
func (q *quick) read(data []byte) (r *response, ok bool) {
	q.cursor = cursor{b: data}
	q.answer, q.candidates[0] = response{Candidates: q.candidates[:0]}, candidate{}
	ok = q.object(func(name []byte) int {
		switch string(name) {
		case "candidates":
			q.answer.Candidates = q.candidates[:]
			return q.found(0, q.take('[') && q.candidate() && q.take(']'))
		case "usageMetadata":
			q.answer.Usage = &q.usage
			return q.found(1, q.counted())
		case "modelVersion":
			return q.found(2, q.skipString())
		case "responseId":
			return q.found(3, q.skipString())
		case "createTime":
			return q.found(4, q.skipString())
		}
		return unknown
	})
	q.space()
	return &q.answer, ok && q.at == len(data) && len(q.answer.Candidates) == 1
}

func (q *quick) candidate() bool {
	q.candidates[0].Content = &q.content
	said := false
	return q.object(func(name []byte) int {
		switch string(name) {
		case "content":
			said = q.said()
			return q.found(0, said)
		case "index":
			n, ok := q.integer()
			return q.found(1, ok && n == 0)
		}
		return unknown
	}) && said
}

func (q *quick) said() bool {
	q.content.Parts = q.parts[:]
	spoken := false
	return q.object(func(name []byte) int {
		switch string(name) {
		case "parts":
			spoken = q.take('[') && q.part() && q.take(']')
			return q.found(0, spoken)
		case "role":
			return q.found(1, q.skipString())
		}
		return unknown
	}) && spoken
}

func (q *quick) part() bool {
	p := &q.parts[0]
	*p = part{}
	return q.object(func(name []byte) int {
		ok := false
		switch string(name) {
		case "text":
			q.text, ok = q.words()
			p.Text = &q.text
			return q.found(0, ok)
		case "thought":
			p.Thought = true
			return q.found(1, q.literal("true"))
		}
		return unknown
	}) && p.Text != nil
}

// counted reads usageMetadata.
func (q *quick) counted() bool {
	u := &q.usage
	*u = wireUsage{}
	return q.object(func(name []byte) int {
		ok := false
		switch string(name) {
		case "promptTokenCount":
			q.counts[0], ok = q.integer()
			u.Prompt = &q.counts[0]
			return q.found(0, ok)
		case "candidatesTokenCount":
			q.counts[1], ok = q.integer()
			u.Candidates = &q.counts[1]
			return q.found(1, ok)
		case "totalTokenCount":
			u.Total, ok = q.integer()
			return q.found(2, ok)
		case "thoughtsTokenCount":
			u.Thoughts, ok = q.integer()
			return q.found(3, ok)
		case "cachedContentTokenCount":
			u.Cached, ok = q.integer()
			return q.found(4, ok)
		case "promptTokensDetails":
			u.PromptDetails, ok = q.modalities(q.details[0][:0])
			return q.found(5, ok)
		case "candidatesTokensDetails":
			u.OutputDetails, ok = q.modalities(q.details[1][:0])
			return q.found(6, ok)
		case "trafficType", "serviceTier":
			return q.found(7, q.skipString())
		}
		return unknown
	})
}

// modalities reads counts by kind of content into a list of fixed capacity.
func (q *quick) modalities(into []modality) ([]modality, bool) {
	if !q.take('[') {
		return nil, false
	}
	for {
		if len(into) == cap(into) {
			return nil, false
		}
		var m modality
		ok := q.object(func(name []byte) int {
			ok := false
			switch string(name) {
			case "modality":
				m.Kind, ok = q.kind()
				return q.found(0, ok)
			case "tokenCount":
				m.Tokens, ok = q.integer()
				return q.found(1, ok)
			}
			return unknown
		})
		if !ok {
			return nil, false
		}
		if into = append(into, m); !q.take(',') {
			return into, q.take(']')
		}
	}
}

// kind reads a modality; the usual ones cost nothing.
func (q *quick) kind() (string, bool) {
	s, ok := q.plain()
	switch string(s) {
	case "TEXT":
		return "TEXT", ok
	case "AUDIO":
		return "AUDIO", ok
	}
	return string(s), ok
}

// unknown is what a name that quick does not know comes to.
const unknown = -1

// cursor walks over JSON, strictly.
type cursor struct {
	b  []byte
	at int
}

// found is a field's number, if it could be read.
func (c *cursor) found(n int, ok bool) int {
	if !ok {
		return unknown
	}
	return n
}

// object reads an object with at least one field. For each, visit reads the
// value and returns the field's number in that object, by which fields that come
// twice are noticed, or unknown.
func (c *cursor) object(visit func(name []byte) int) bool {
	if !c.take('{') {
		return false
	}
	for seen := uint(0); ; {
		name, ok := c.plain()
		if !ok || !c.take(':') {
			return false
		}
		n := visit(name)
		if n == unknown || seen&(1<<n) != 0 {
			return false
		}
		seen |= 1 << n
		if !c.take(',') {
			return c.take('}')
		}
	}
}

func (c *cursor) space() {
	for c.at < len(c.b) {
		switch c.b[c.at] {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return
		}
	}
}

// take steps over a byte of structure, and the space before it.
func (c *cursor) take(b byte) bool {
	c.space()
	if c.at >= len(c.b) || c.b[c.at] != b {
		return false
	}
	c.at++
	return true
}

func (c *cursor) literal(word string) bool {
	c.space()
	if len(c.b)-c.at < len(word) || string(c.b[c.at:c.at+len(word)]) != word {
		return false
	}
	c.at += len(word)
	return true
}

// integer reads a number of up to 18 digits without sign, fraction or exponent.
func (c *cursor) integer() (n int64, ok bool) {
	c.space()
	from := c.at
	for c.at < len(c.b) && c.b[c.at] >= '0' && c.b[c.at] <= '9' {
		n = n*10 + int64(c.b[c.at]-'0')
		c.at++
	}
	digits := c.at - from
	if digits == 0 || digits > 18 || digits > 1 && c.b[from] == '0' {
		return 0, false
	}
	return n, c.at == len(c.b) || c.b[c.at] != '.' && c.b[c.at] != 'e' && c.b[c.at] != 'E'
}

// str finds the string that comes next, with its quotes; bent says that it
// holds escapes.
func (c *cursor) str() (s []byte, bent, ok bool) {
	if !c.take('"') {
		return nil, false, false
	}
	from, ascii := c.at-1, true
	for ; c.at < len(c.b); c.at++ {
		switch b := c.b[c.at]; {
		case b == '"':
			c.at++
			s = c.b[from:c.at]
			return s, bent, ascii || utf8.Valid(s)
		case b == '\\':
			bent = true
			c.at++
		case b < ' ':
			return nil, false, false
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false, false
}

// plain reads a string without escapes.
func (c *cursor) plain() ([]byte, bool) {
	s, bent, ok := c.str()
	if !ok || bent {
		return nil, false
	}
	return s[1 : len(s)-1], true
}

func (c *cursor) skipString() bool {
	_, ok := c.plain()
	return ok
}

// words reads a string, escapes and all.
func (c *cursor) words() (string, bool) {
	s, bent, ok := c.str()
	switch {
	case !ok:
		return "", false
	case !bent:
		return string(s[1 : len(s)-1]), true
	}
	plain, err := jsontext.AppendUnquote(nil, s)
	return string(plain), err == nil
}
