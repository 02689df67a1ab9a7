package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// player sends a reply: the only place that writes to clients.
type player struct {
	lab   *Lab
	w     http.ResponseWriter
	r     *http.Request
	rec   *record
	reply *reply

	out    io.Writer // through the content coding
	coder  coder     // nil: none
	opened bool      // the byte order mark is sent
}

// play sends the reply. It returns early when the client leaves.
func (p *player) play() {
	q := p.reply
	if !p.sleep(q.quiet) {
		return
	}
	if q.headless {
		p.finish()
		return
	}
	if q.raw != nil {
		p.playRaw()
		return
	}
	p.head()
	if !p.sleep(q.think) {
		return
	}
	if !p.content() {
		return
	}
	p.finish()
}

func (p *player) content() bool {
	q := p.reply
	if q.bomb > 0 {
		return writeBomb(p.w, q.bomb, q.stream) == nil
	}
	if q.stream {
		return p.playEvents()
	}
	return p.playBody()
}

func (p *player) head() {
	q := p.reply
	h := p.w.Header()
	for range q.hints {
		h.Set("Link", "</style.css>; rel=preload")
		p.w.WriteHeader(http.StatusEarlyHints)
	}
	h.Del("Link")
	for name, values := range q.header {
		h[name] = values
	}
	p.out = p.w
	if q.coding != "" {
		h.Set("Content-Encoding", q.coding)
		if c := newCoder(q.coding, p.w); c != nil {
			p.out, p.coder = c, c
		}
	}
	if n, ok := q.length(); ok {
		h.Set("Content-Length", strconv.Itoa(n))
	}
	p.w.WriteHeader(q.status)
	p.rec.update(func(c *Call) { c.Status = q.status })
	if q.stream || q.think > 0 || q.end != endWell {
		p.flush()
	}
}

// length is the Content-Length of a reply that has one.
func (p *reply) length() (int, bool) {
	if p.stream {
		if p.longer == 0 {
			return 0, false
		}
		n := p.longer
		for _, e := range p.events {
			n += len(p.style.frame(e))
		}
		return n, true
	}
	return len(p.body) + p.longer, !p.chunked && p.coding == "" && p.bomb == 0
}

func (p *player) playEvents() bool {
	q := p.reply
	content := 0
	var last event
	for _, e := range q.events {
		if e.kind == eventText {
			if content > 0 && !p.sleep(q.pace) {
				return false
			}
			if content == q.stallAt && !p.silence(q.stall) {
				return false
			}
			content++
			last = e
		}
		if q.endless && e.kind == eventFinish {
			break
		}
		if !p.event(e) {
			return false
		}
	}
	for q.endless {
		if !p.sleep(max(q.pace, time.Millisecond)) || !p.event(last) {
			return false
		}
	}
	return p.write(q.tail)
}

func (p *player) event(e event) bool {
	b := p.reply.style.frame(e)
	if p.reply.style.array {
		b = p.element(e)
	}
	if p.reply.style.bom && !p.opened {
		b = append([]byte("\ufeff"), b...)
	}
	p.opened = true
	if !p.write(b) {
		return false
	}
	p.rec.sent()
	return true
}

// element writes an event as an element of an array.
func (p *player) element(e event) []byte {
	before := "["
	if p.opened {
		before = "\r\n,\r\n"
	}
	return append([]byte(before), indent(e.data)...)
}

func (p *player) playBody() bool {
	q := p.reply
	if q.stallAt >= 0 {
		half := len(q.body) / 2
		return p.write(q.body[:half]) && p.silence(q.stall) && p.write(q.body[half:])
	}
	if !p.write(q.body) {
		return false
	}
	for q.endless {
		if !p.sleep(max(q.pace, time.Millisecond)) || !p.write([]byte(" never")) {
			return false
		}
	}
	return true
}

// write sends bytes at once, all together or a few at a time.
func (p *player) write(b []byte) bool {
	step := p.reply.split
	if step == 0 {
		step = len(b)
	}
	for len(b) > 0 {
		n := min(step, len(b))
		if _, err := p.out.Write(b[:n]); err != nil {
			p.lost()
			return false
		}
		b = b[n:]
		if p.reply.stream || p.reply.split > 0 || p.reply.stallAt >= 0 || p.reply.end != endWell || p.reply.endless {
			p.flush()
		}
	}
	return p.r.Context().Err() == nil
}

// lost notes a client that left.
func (p *player) lost() { p.rec.gone() }

func (p *player) flush() {
	if p.coder != nil {
		if err := p.coder.Flush(); err != nil {
			p.lost()
			return
		}
	}
	if err := http.NewResponseController(p.w).Flush(); err != nil {
		p.lost()
	}
}

func (p *player) finish() {
	q := p.reply
	if q.end == endWell && q.linger {
		p.flush()
		p.silence(q.lapse)
	}
	switch q.end {
	case endWell:
		if p.coder != nil {
			if err := p.coder.Close(); err != nil {
				p.lost()
			}
		}
	case endReset:
		p.reset()
	case endFin:
		panic(http.ErrAbortHandler)
	case endSilence:
		if p.silence(q.lapse) {
			p.reset()
		}
	}
}

// sleep waits, and says whether the client is still there.
func (p *player) sleep(d time.Duration) bool { return pause(p.r.Context(), d, nil) }

// silence waits too, but not longer than the lab runs. No duration is for ever.
func (p *player) silence(d time.Duration) bool {
	if d == 0 {
		select {
		case <-p.r.Context().Done():
			return false
		case <-p.lab.stopping:
			return true
		}
	}
	return pause(p.r.Context(), d, p.lab.stopping)
}

func pause(ctx context.Context, d time.Duration, stop <-chan struct{}) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-stop:
		return true
	case <-ctx.Done():
		return false
	}
}

func indent(data []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, data, "", " ") != nil {
		return data
	}
	return b.Bytes()
}
