package sse

import (
	"bytes"
	"io"
)

// Lines reads a stream of JSON values, one a line (NDJSON), as events without
// names. Blank lines are passed over.
type Lines struct {
	window
	seen int // bytes from start on that hold no line end
}

// NewLines makes a reader over src that refuses lines over limit bytes.
func NewLines(src io.Reader, limit int) *Lines { return &Lines{window: window{src: src, limit: limit}} }

// Next returns the next line as an event whose Data is the line without its
// end. It ends as Reader.Next does.
func (l *Lines) Next() (Event, error) {
	for {
		rest := l.buf[l.start:l.end]
		n := bytes.IndexByte(rest[l.seen:], '\n')
		if n < 0 {
			l.seen = len(rest)
			if err := l.fill(); err != nil {
				return l.atEnd(err)
			}
			continue
		}
		n += l.seen
		l.start += n + 1
		l.seen = 0
		if n > l.limit {
			return Event{}, ErrTooLarge
		}
		if line := bytes.TrimSpace(rest[:n]); len(line) > 0 {
			return Event{Raw: rest[:n+1], Data: line}, nil
		}
	}
}

// More reports whether another whole line is waiting in the buffer.
func (l *Lines) More() bool { return bytes.IndexByte(l.buf[l.start:l.end], '\n') >= 0 }

// atEnd turns the end of the input into what Next returns.
func (l *Lines) atEnd(err error) (Event, error) {
	rest := l.buf[l.start:l.end]
	l.start, l.seen = l.end, 0
	if err != io.EOF { //nolint:errorlint // a Reader returns io.EOF itself, by contract
		return Event{}, err
	}
	line := bytes.TrimSpace(rest)
	if len(line) == 0 {
		return Event{}, io.EOF
	}
	return Event{Raw: rest, Data: line}, io.ErrUnexpectedEOF
}
