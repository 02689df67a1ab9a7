package sse

import (
	"bytes"
	"errors"
	"io"
)

// ErrTooLarge is returned by Next for an event over the reader's limit.
var ErrTooLarge = errors.New("sse: event larger than the limit")

// firstBuffer is what a reader starts with: most events of chat streams are
// a few hundred bytes, and thousands of slow streams must stay cheap.
const firstBuffer = 4 << 10

// Event is one event of a stream. Its slices are valid until the next call of
// Next.
type Event struct {
	Raw  []byte // the bytes as they came, the blank line that ends the event included
	Data []byte // the data lines, joined by LF; nil for an event without any
	Name []byte // the event field; nil when there is none
}

// Reader splits a stream into events.
type Reader struct {
	src   io.Reader
	limit int

	buf   []byte
	start int // first byte of the event being read
	line  int // first byte of the line being read
	seen  int // bytes of the line already searched for its end
	end   int // end of the filled part
	err   error

	cr     bool   // a CR ended the last line and its LF may follow
	first  bool   // the stream's first bytes: a byte order mark may come
	name   span   // the event field, relative to start
	data   span   // the only data line, relative to start
	fields int    // data lines of the event so far
	joined []byte // data of an event with several data lines
}

// span is a piece of the event in hand, relative to its start, so that it
// survives the buffer being moved or grown.
type span struct{ from, to int }

// NewReader makes a reader over src that refuses events over limit bytes.
func NewReader(src io.Reader, limit int) *Reader {
	return &Reader{src: src, limit: limit, first: true}
}

// Next returns the next event. A block of comments alone is an event without
// data. At the end of the stream it returns io.EOF; if the stream ended within
// an event, it returns what there is of it together with io.ErrUnexpectedEOF,
// and the caller decides whether that is whole enough to use. Errors of the
// source are returned as they are.
func (r *Reader) Next() (Event, error) {
	r.start, r.seen, r.fields = r.line, 0, 0
	r.name, r.data = span{}, span{}
	for {
		r.swallowLF()
		n, width := r.lineEnd()
		if n < 0 {
			if err := r.fill(); err != nil {
				return r.atEnd(err)
			}
			continue
		}
		from := r.line
		r.line += n + width
		r.seen = 0
		switch {
		case n > 0:
			r.field(from, from+n)
		case from == r.start:
			r.start = r.line // a blank line with no event before it
		case r.line-r.start > r.limit:
			return Event{}, ErrTooLarge
		default:
			return r.event(), nil
		}
	}
}

// event makes the event of what lies between start and line.
func (r *Reader) event() Event {
	ev := Event{Raw: r.buf[r.start:r.line]}
	if r.name.to > 0 {
		ev.Name = ev.Raw[r.name.from:r.name.to]
	}
	switch {
	case r.fields == 1:
		ev.Data = ev.Raw[r.data.from:r.data.to]
	case r.fields > 1:
		ev.Data = r.joined
	}
	return ev
}

// More reports whether another whole event is certainly waiting in the buffer,
// so that a relay may put off flushing. It errs on the side of "no".
func (r *Reader) More() bool {
	return r.line < r.end && bytes.Contains(r.buf[r.line:r.end], []byte("\n\n"))
}

// lineEnd finds the end of the current line: its length without the line end,
// and the width of that; -1 when more input is needed.
func (r *Reader) lineEnd() (n, width int) {
	rest := r.buf[r.line:r.end]
	lf := bytes.IndexByte(rest[r.seen:], '\n')
	limit := len(rest)
	if lf >= 0 {
		lf += r.seen
		limit = lf
	}
	if cr := bytes.IndexByte(rest[r.seen:limit], '\r'); cr >= 0 {
		cr += r.seen
		if cr+1 < len(rest) && rest[cr+1] == '\n' {
			return cr, 2
		}
		// A CR at the end of the buffer ends the line at once, so that an event
		// is not held back until the next one comes.
		r.cr = r.line+cr+1 == r.end
		return cr, 1
	}
	if lf >= 0 {
		return lf, 1
	}
	r.seen = len(rest)
	return -1, 0
}

// swallowLF steps over the LF of a CRLF that two reads tore apart.
func (r *Reader) swallowLF() {
	if !r.cr || r.line >= r.end {
		return
	}
	r.cr = false
	if r.buf[r.line] != '\n' {
		return
	}
	if r.start == r.line {
		r.start++
	}
	r.line++
}

// field takes one line of the event, given by its place in the buffer.
func (r *Reader) field(from, to int) {
	line := r.buf[from:to]
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		colon = len(line)
	}
	value := min(from+colon+1, to)
	if value < to && r.buf[value] == ' ' {
		value++
	}
	at := span{value - r.start, to - r.start}
	switch string(line[:colon]) {
	case "data":
		r.addData(at)
	case "event":
		r.name = at
	}
}

func (r *Reader) addData(at span) {
	r.fields++
	switch r.fields {
	case 1:
		r.data = at
		return
	case 2:
		r.joined = append(r.joined[:0], r.buf[r.start+r.data.from:r.start+r.data.to]...)
	}
	r.joined = append(r.joined, '\n')
	r.joined = append(r.joined, r.buf[r.start+at.from:r.start+at.to]...)
}

// fill reads more input, making room for it first.
func (r *Reader) fill() error {
	if r.err != nil {
		return r.err
	}
	if r.end-r.start > r.limit {
		return ErrTooLarge
	}
	r.room()
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	r.err = err
	if r.first && r.end >= 3 {
		r.first = false
		if bytes.HasPrefix(r.buf, []byte("\ufeff")) {
			r.line, r.seen = 3, 0 // stays in Raw, is no part of the first line
		}
	}
	if n > 0 {
		return nil
	}
	return err
}

// room makes space behind end: by moving the event to the front, or by growing.
func (r *Reader) room() {
	if r.buf == nil {
		r.buf = make([]byte, firstBuffer)
		return
	}
	if r.end < len(r.buf) {
		return
	}
	held := r.buf[r.start:r.end]
	next := r.buf
	if len(held) > len(r.buf)/2 {
		next = make([]byte, 2*len(r.buf))
	}
	copy(next, held)
	r.buf = next
	r.line -= r.start
	r.end -= r.start
	r.start = 0
}

// atEnd turns the end of the input into what Next returns.
func (r *Reader) atEnd(err error) (Event, error) {
	if err != io.EOF { //nolint:errorlint // a Reader returns io.EOF itself, by contract
		return Event{}, err
	}
	if r.line < r.end {
		r.field(r.line, r.end)
		r.line = r.end
	}
	if r.start == r.line {
		return Event{}, io.EOF
	}
	ev := r.event()
	r.start = r.line
	return ev, io.ErrUnexpectedEOF
}
