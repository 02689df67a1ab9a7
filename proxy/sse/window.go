package sse

import "io"

// window is what was read of a stream and not yet returned.
type window struct {
	src   io.Reader
	limit int

	buf   []byte
	start int // first byte that was not returned yet
	end   int // end of the filled part
	err   error
}

// fill reads more input, making room for it first.
func (w *window) fill() error {
	if w.err != nil {
		return w.err
	}
	if w.end-w.start > w.limit {
		return ErrTooLarge
	}
	switch held := w.buf[w.start:w.end]; {
	case w.buf == nil:
		w.buf = make([]byte, firstBuffer)
	case w.end < len(w.buf):
	case len(held) > len(w.buf)/2:
		next := make([]byte, 2*len(w.buf))
		w.end = copy(next, held)
		w.buf, w.start = next, 0
	default:
		w.end = copy(w.buf, held)
		w.start = 0
	}
	n, err := w.src.Read(w.buf[w.end:])
	w.end += n
	w.err = err
	if n > 0 {
		return nil
	}
	return err
}
