package lab

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// codings compress the answer whether the client asked for it or not.
func codings() []behaviour {
	var out []behaviour
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		out = append(out, row(name, "Content-Encoding: "+name+", asked for or not", func(p *reply, _ *exchange) { p.coding = name }))
	}
	return append(out, row("badcoding", "Content-Encoding: x-lab, which nobody knows", func(p *reply, _ *exchange) { p.coding = "x-lab" }))
}

// heads send a head that a proxy must not pass on, or cannot read.
func heads() []behaviour {
	return []behaviour{
		row("redirect", "a redirect to somewhere else", redirect,
			Param{"code", "307", "the status"}, Param{"to", "http://127.0.0.1:9/v1/stolen", "the Location"}),
		row("setcookie", "Set-Cookie and headers that tell of the vendor's inside", setCookie),
		row("badheaders", "hop-by-hop headers that name others, and doubled ones", badHeaders),
		row("bigheader", "one header of many bytes", func(p *reply, x *exchange) {
			p.header.Set("X-Big", strings.Repeat("h", int(min(x.fault.params.size("size"), 64<<20))))
		}, sized("1MiB", "of the header")),
		row("crheader", "a header with a bare CR in its value", func(p *reply, _ *exchange) {
			p.rawHead("X-Bad: one\rX-Injected: two\r\n")
		}),
		row("fold", "a header folded over two lines", func(p *reply, _ *exchange) {
			p.rawHead("X-Folded: one\r\n two\r\n")
		}),
		row("twolengths", "two Content-Length headers that differ", func(p *reply, _ *exchange) {
			p.rawHead("Content-Length: 7\r\n")
		}),
		row("garbage", "bytes that are no HTTP", func(p *reply, _ *exchange) {
			p.raw = []byte("\x00\x01\x02 this is not HTTP \xff\xfe\r\n\r\n")
		}),
		row("hints", "many 103 responses before the head", func(p *reply, x *exchange) {
			p.hints = x.fault.params.num("count")
		}, Param{"count", "100", "how many"}),
		row("body204", "204 with a body", func(p *reply, _ *exchange) {
			p.raw = rawResponse(http.StatusNoContent, "Content-Length: 5\r\n", "hello")
			p.status = http.StatusNoContent
		}),
	}
}

func redirect(p *reply, x *exchange) {
	q := newReply(x.fault.params.num("code"), "text/plain; charset=utf-8", []byte("Moved.\n"))
	q.header.Set("Location", x.fault.params["to"])
	p.replace(q)
}

func setCookie(p *reply, _ *exchange) {
	p.header.Add("Set-Cookie", "session=vendor-session; Path=/")
	p.header.Add("Set-Cookie", "__cf_bm=vendor-cookie; HttpOnly")
	p.header.Set("Server", "vendor-edge/1.0")
	p.header.Set("X-Internal-Host", "edge-17.internal.vendor.example")
	p.header.Set("Openai-Organization", "org-vendor-secret")
	p.header.Set("Strict-Transport-Security", "max-age=31536000")
	p.header.Set("Alt-Svc", `h3=":443"`)
}

func badHeaders(p *reply, _ *exchange) {
	p.rawHead("Connection: X-Hop, close\r\nX-Hop: must-not-pass\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\n" +
		"Upgrade: websocket\r\nTrailer: X-Late\r\nProxy-Connection: keep-alive\r\nX-Twice: a\r\nX-Twice: b\r\n")
}

// rawHead sends the reply in one piece, with more lines in its head.
func (p *reply) rawHead(lines string) {
	body := p.plain()
	p.header.Set("Content-Length", strconv.Itoa(len(body)))
	p.raw = rawResponse(p.status, headLines(p.header)+lines, string(body))
}

// headLines writes headers down, sorted by name.
func headLines(h http.Header) string {
	var lines []string
	for name, values := range h {
		for _, v := range values {
			lines = append(lines, fmt.Sprintf("%s: %s\r\n", name, v))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
