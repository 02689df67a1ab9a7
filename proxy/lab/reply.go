package lab

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/sse"
)

// eventKind is what an event of a stream carries.
type eventKind int

const (
	eventOther eventKind = iota
	eventRole            // the start of an answer, without content
	eventText            // content: reasoning, text or arguments of a tool
	eventFinish
	eventUsage
	eventDone
)

// event is one server-sent event.
type event struct {
	kind eventKind
	name string // the event field; empty: none
	data []byte
}

// ending is what happens after the last byte.
type ending int

const (
	endWell    ending = iota
	endReset          // TCP RST
	endFin            // the connection is closed without the end of the message
	endSilence        // nothing, until the client leaves or lapse is over; then a reset
)

// style is how events are written down.
type style struct {
	eol       string
	bom       bool
	comments  bool // a comment before every event
	noSpace   bool // data:x
	multiline bool // the JSON over many data lines
	fields    bool // id and retry too
	aws       bool // not text, but messages of AWS's event stream
	array     bool // not events, but elements of one JSON array
	lined     bool // not events, but JSON a line
}

// reply is everything that a call is answered with. Operations make one that is
// well; faults edit it; a player sends it.
type reply struct {
	status int
	header http.Header
	stream bool
	events []event // of a stream
	body   []byte  // of anything else

	pace    time.Duration // before each event with content but the first
	quiet   time.Duration // before the head
	think   time.Duration // between the head and the rest
	stallAt int           // content events before the stall; -1: no stall
	stall   time.Duration // 0: for ever

	style    style
	split    int    // bytes a write; 0: an event a write
	coding   string // content coding
	chunked  bool   // a whole answer without Content-Length
	longer   int    // how much Content-Length promises above what is sent
	hints    int    // 103 responses before the head
	headless bool   // the end comes before the head
	endless  bool   // content events repeat for ever
	tail     []byte // raw bytes behind the last event
	end      ending
	lapse    time.Duration // how long endSilence and a linger last; 0: for ever
	linger   bool          // stay silent for lapse, then end well
	raw      []byte        // sent verbatim on the connection instead of all that
	bomb     int64         // gzip that grows to so many bytes instead of the body
}

func newReply(status int, contentType string, body []byte) *reply {
	h := http.Header{}
	h.Set("Content-Type", contentType)
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Processing-Ms", "1")
	return &reply{status: status, header: h, body: body, stallAt: -1, style: style{eol: "\n"}}
}

func jsonReply(v any) *reply { return newReply(http.StatusOK, "application/json", encode(v)) }

func streamReply(events []event, pace time.Duration) *reply {
	p := newReply(http.StatusOK, "text/event-stream", nil)
	p.header.Set("Cache-Control", "no-cache")
	p.stream, p.events, p.pace = true, events, pace
	return p
}

// replace makes the reply a whole one, with nothing left of what it was.
func (p *reply) replace(q *reply) { *p = *q }

// cut drops what follows the first n content events, and half of a whole body.
// It returns the data of the first event that was dropped.
func (p *reply) cut(n int) []byte {
	if !p.stream {
		p.body = p.body[:len(p.body)/2]
		return nil
	}
	for i, e := range p.events {
		if e.kind != eventText && e.kind != eventFinish {
			continue
		}
		if n == 0 || e.kind == eventFinish {
			p.events = p.events[:i]
			return e.data
		}
		n--
	}
	return nil
}

// drop removes the events of a kind.
func (p *reply) drop(kind eventKind) {
	kept := p.events[:0]
	for _, e := range p.events {
		if e.kind != kind {
			kept = append(kept, e)
		}
	}
	p.events = kept
}

// insert puts an event behind the first n content events.
func (p *reply) insert(n int, e event) {
	at := len(p.events)
	for i, have := range p.events {
		if have.kind != eventText && have.kind != eventFinish {
			continue
		}
		if n == 0 || have.kind == eventFinish {
			at = i
			break
		}
		n--
	}
	rest := append([]event{e}, p.events[at:]...)
	p.events = append(p.events[:at:at], rest...)
}

// awsFrame writes an event down as a message of AWS's event stream.
func awsFrame(e event) []byte {
	kind, name := "event", e.name
	if rest, ok := strings.CutPrefix(name, string(sse.AWSFault)); ok {
		kind, name = "exception", rest
	}
	if name == "" {
		name = "contentBlockDelta" // what a fault put in
	}
	return sse.AppendAWS(nil, e.data, ":"+kind+"-type", name, ":content-type", "application/json", ":message-type", kind)
}

// frame writes an event down.
func (s style) frame(e event) []byte {
	if s.aws {
		return awsFrame(e)
	}
	if s.lined {
		return append(slices.Clone(e.data), '\n')
	}
	var b bytes.Buffer
	line := func(field, value string) {
		b.WriteString(field)
		b.WriteByte(':')
		if !s.noSpace {
			b.WriteByte(' ')
		}
		b.WriteString(value)
		b.WriteString(s.eol)
	}
	if s.comments {
		b.WriteString(": comment" + s.eol + s.eol)
	}
	if e.name != "" {
		line("event", e.name)
	}
	if s.fields {
		line("id", "42")
		line("retry", "3000")
	}
	for part := range bytes.SplitSeq(s.lines(e.data), []byte("\n")) {
		line("data", string(part))
	}
	b.WriteString(s.eol)
	return b.Bytes()
}

func (s style) lines(data []byte) []byte {
	if !s.multiline {
		return data
	}
	return indent(data)
}
