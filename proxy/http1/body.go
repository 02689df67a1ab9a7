package http1

import (
	"errors"
	"io"
	"sync"
	"time"
)

// body is an answer's body. Read to its end, it gives the connection back.
type body struct {
	c     *conn
	in    io.ReadCloser
	stop  func() bool // ends the watch on the context
	wrote chan error  // nil: the request is written
	keep  bool        // the connection may be used again

	mu   sync.Mutex // between Read and a Close from elsewhere
	over error      // what further reads return
}

// errClosed is returned by reads after Close.
var errClosed = errors.New("read of a closed body")

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	over := b.over
	b.mu.Unlock()
	if over != nil {
		return 0, over
	}
	n, err := b.in.Read(p)
	if err != nil {
		b.ended(err)
	}
	return n, err
}

// Close implements io.Closer. Before the body's end it closes the connection.
func (b *body) Close() error {
	b.ended(errClosed)
	return nil
}

// ended settles the connection, once.
func (b *body) ended(why error) {
	b.mu.Lock()
	if b.over != nil {
		b.mu.Unlock()
		return
	}
	b.over = why
	b.mu.Unlock()
	watched := b.stop()
	whole := why == io.EOF //nolint:errorlint // a Reader returns io.EOF itself, by contract
	if !whole || !b.keep || !watched || !b.written() || b.c.r.Buffered() > 0 {
		b.c.close()
		return
	}
	b.c.pool.put(b.c)
}

// written reports whether the request has been sent whole.
func (b *body) written() bool {
	if b.wrote == nil {
		return true
	}
	select {
	case err := <-b.wrote:
		return err == nil
	default:
	}
	t := time.NewTimer(graceToEnd)
	defer t.Stop()
	select {
	case err := <-b.wrote:
		return err == nil
	case <-t.C:
		return false
	}
}
