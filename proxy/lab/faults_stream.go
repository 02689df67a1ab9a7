package lab

import (
	"bytes"
	"net/http"
)

// wrongEvents put events into a stream that do not belong there, or leave some
// out.
func wrongEvents() []behaviour {
	return []behaviour{
		streamRow("nodone", "no [DONE]", func(p *reply, x *exchange) {
			p.drop(eventDone)
			p.lapse = x.fault.params.wait("for")
			p.linger = p.stream && p.lapse > 0
		}, Param{"for", "0s", "how long the connection stays open instead; 0: it ends at once"}),
		streamRow("dupdone", "[DONE] twice", func(p *reply, x *exchange) {
			p.appendEvent(x.dialect().done)
		}),
		streamRow("afterdone", "a content event behind [DONE]", func(p *reply, _ *exchange) {
			p.appendEvent(event{kind: eventOther, data: p.late()})
		}),
		row("malformed", "bad events in the middle, besides the good ones; a whole answer is cut JSON", malformed,
			after("3", "bad events come"), Param{"count", "1", "how many"}),
		row("firsterr", "200, and the first event is an error", firstError),
		row("miderr", "an error event in the middle, then the end", midError,
			after("20", "the error comes"), Param{"done", "no", "yes: [DONE] follows the error"}),
		row("role-then-error", "a first event with a role and no content, then an error event", func(p *reply, x *exchange) {
			if !p.stream {
				refuse(http.StatusInternalServerError, kindServer, "internal_error", streamFailure)(p, x)
				return
			}
			p.cut(0)
			p.appendEvent(x.streamFailed())
		}),
		streamRow("emptychoices", "a first event with no choices, as Azure sends", func(p *reply, x *exchange) {
			if !p.stream {
				return
			}
			p.events = append([]event{{data: x.dialect().blank}}, p.events...)
		}),
	}
}

const streamFailure = "The server had an error while processing your request."

func (p *reply) appendEvent(e event) {
	if p.stream {
		p.events = append(p.events, e)
	}
}

// late is the last content event once more.
func (p *reply) late() []byte {
	for i := len(p.events) - 1; i >= 0; i-- {
		if e := p.events[i]; e.kind == eventText {
			return bytes.Clone(e.data)
		}
	}
	return []byte(`{}`)
}

func malformed(p *reply, x *exchange) {
	if !p.stream {
		p.body = p.body[:len(p.body)/2]
		return
	}
	for range x.fault.params.num("count") {
		p.insert(x.fault.params.num("n"), event{data: x.dialect().badEvent})
	}
}

func firstError(p *reply, x *exchange) {
	if !p.stream {
		refuse(http.StatusOK, kindServer, "internal_error", streamFailure)(p, x)
		return
	}
	p.events = []event{x.streamFailed()}
}

func midError(p *reply, x *exchange) {
	if !p.stream {
		refuse(http.StatusOK, kindServer, "internal_error", streamFailure)(p, x)
		return
	}
	p.cut(x.fault.params.num("n"))
	p.appendEvent(x.streamFailed())
	if x.fault.params.yes("done") {
		p.appendEvent(x.dialect().done)
	}
}

// spellings are streams that are well but written in an odd way.
func spellings() []behaviour {
	styled := func(name, summary string, change func(*style)) behaviour {
		return streamRow(name, summary, func(p *reply, _ *exchange) { change(&p.style) })
	}
	return []behaviour{
		styled("crlf", "lines end in CR LF", func(s *style) { s.eol = "\r\n" }),
		styled("cr", "lines end in CR", func(s *style) { s.eol = "\r" }),
		styled("comment", "a comment before every event", func(s *style) { s.comments = true }),
		styled("nospace", "no space behind the colon", func(s *style) { s.noSpace = true }),
		styled("multiline", "the JSON of an event over many data lines", func(s *style) { s.multiline = true }),
		styled("fields", "id and retry fields in every event", func(s *style) { s.fields = true }),
		styled("bom", "a byte order mark before the first event", func(s *style) { s.bom = true }),
		row("split", "a few bytes a write, through the middle of characters", func(p *reply, x *exchange) {
			p.split = int(min(x.fault.params.size("size"), 1<<20))
		}, sized("1", "bytes a write")),
	}
}
