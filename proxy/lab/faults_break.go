package lab

import (
	"net/http"
	"strconv"
)

// silences keep the client waiting.
func silences() []behaviour {
	return []behaviour{
		row("hang", "reads the request and sends nothing, then resets", func(p *reply, x *exchange) {
			p.headless, p.end, p.lapse = true, endSilence, x.fault.params.wait("for")
		}, lasting("0s", "how long it is silent")),
		row("headers-then-hang", "sends the head of the response and nothing more, then resets", func(p *reply, x *exchange) {
			p.longer = promised(p)
			p.events, p.body = nil, nil
			p.end, p.lapse = endSilence, x.fault.params.wait("for")
		}, lasting("0s", "how long it is silent")),
		row("slow-first", "the first content comes late, then all is well", slowFirst,
			Param{"after", "20s", "how late"}, Param{"head", "yes", "no: the head of the response comes late too"}),
		row("stall", "falls silent in the middle, then goes on", func(p *reply, x *exchange) {
			p.stallAt, p.stall = x.fault.params.num("n"), x.fault.params.wait("for")
		}, after("20", "falls silent"), lasting("30s", "how long it is silent")),
		streamRow("linger", "a whole stream, but the connection stays open behind it", func(p *reply, x *exchange) {
			p.linger, p.lapse = p.stream, x.fault.params.wait("for")
		}, lasting("30s", "how long it stays open")),
		row("never", "content without end, until the client leaves", never),
	}
}

func promised(p *reply) int {
	if p.stream {
		return 0
	}
	return len(p.body)
}

func slowFirst(p *reply, x *exchange) {
	wait := x.fault.params.wait("after")
	if x.fault.params.yes("head") {
		p.think = wait
		return
	}
	p.quiet = wait
}

func never(p *reply, x *exchange) {
	p.endless = true
	if !p.stream {
		p.chunked = true
		p.body = x.dialect().endless
	}
}

// breaks end the answer before its end.
func breaks() []behaviour {
	how := Param{"how", "reset", "reset: TCP RST; fin: the connection is closed in the middle of the message"}
	tool := row("die-in-tool", "calls a tool, offered or not, and the connection is cut within its arguments", die, after("2", "cut"), how)
	tool.shape.tool = true
	return []behaviour{
		row("reset", "resets the connection before the head of the response", func(p *reply, _ *exchange) {
			p.headless, p.end = true, endReset
		}),
		row("die", "the connection is cut in the middle", die, after("40", "cut"), how),
		tool,
		row("eof", "ends cleanly in the middle, without a finish reason", func(p *reply, x *exchange) {
			p.cut(x.fault.params.num("n"))
			p.chunked = true
		}, after("40", "ends")),
		row("half", "ends cleanly within an event", func(p *reply, x *exchange) {
			dropped := p.cut(x.fault.params.num("n"))
			p.chunked = true
			p.tail = append([]byte("data: "), dropped[:len(dropped)/2]...)
			if !p.stream {
				p.tail = nil
			}
		}, after("40", "ends")),
		row("trunc", "Content-Length promises more than is sent; the connection is closed", func(p *reply, x *exchange) {
			p.longer = int(x.fault.params.size("size"))
			p.end = endFin
		}, sized("100", "bytes that are missing")),
		row("longcl", "more is sent than Content-Length promises", longer, sized("100", "bytes behind the end")),
	}
}

func die(p *reply, x *exchange) {
	size := len(p.body)
	p.cut(x.fault.params.num("n"))
	if !p.stream {
		p.longer = size - len(p.body)
	}
	p.end = endReset
	if x.fault.params["how"] == "fin" {
		p.end = endFin
	}
}

// longer sends the whole answer, and letters behind it.
func longer(p *reply, x *exchange) {
	body := p.plain()
	extra := make([]byte, x.fault.params.size("size"))
	for i := range extra {
		extra[i] = 'x'
	}
	p.header.Set("Content-Length", strconv.Itoa(len(body)))
	p.raw = rawResponse(http.StatusOK, headLines(p.header), string(body)+string(extra))
}

// plain is the body of the reply in one piece.
func (p *reply) plain() []byte {
	if !p.stream {
		return p.body
	}
	var b []byte
	for _, e := range p.events {
		b = append(b, p.style.frame(e)...)
	}
	return b
}
