package http1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// readBuffer is what a connection reads at once.
	readBuffer = 4 << 10
	// joined is up to which size a request is copied together for one write.
	joined = 16 << 10
	// alongside is from which size on a request is written beside the reading.
	// Less than that the kernel takes without the other side's doing.
	alongside = 32 << 10
	// graceToEnd is how long a written request is waited for once its answer
	// was read: it has been taken by the kernel, and only its goroutine has
	// not said so.
	graceToEnd = 50 * time.Millisecond
	// mostInterim is how many 1xx answers are read over.
	mostInterim = 16
)

// ErrHeaderTooLarge is an answer whose head is larger than the pool allows.
var ErrHeaderTooLarge = errors.New("the answer's headers are too large")

// Pieces is implemented by a request's body that is in memory. They are sent
// without being copied.
type Pieces interface {
	Pieces() [][]byte
}

// conn is one connection.
type conn struct {
	pool      *Pool
	host      *host
	c         net.Conn // TLS or not
	raw       syscall.RawConn
	in        limited
	r         *bufio.Reader
	idleSince time.Time

	peeked bool // by look: nothing has come, and the other side is there
	look   func(fd uintptr) bool
}

// limited bounds how much is read of a connection while a head is.
type limited struct {
	c    net.Conn
	left int64
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrHeaderTooLarge
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.c.Read(p)
	if l.left < math.MaxInt64 {
		l.left -= int64(n)
	}
	return n, err
}

func newConn(nc net.Conn, headerBytes int64) *conn {
	c := &conn{c: nc}
	c.in = limited{nc, headerBytes}
	c.r = bufio.NewReaderSize(&c.in, readBuffer)
	if s, ok := nc.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn() // without it, a dead connection shows at its use
	}
	return c
}

// use puts TLS over the connection.
func (c *conn) use(secure net.Conn) { c.c, c.in.c = secure, secure }

func (c *conn) close() { _ = c.c.Close() } // nothing is owed to the other side

// roundTrip sends a request and reads the head of its answer.
func (c *conn) roundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	stop := context.AfterFunc(ctx, c.close)
	wrote, err := c.write(r)
	var resp *http.Response
	if err == nil {
		resp, err = c.head(r)
	}
	if err != nil {
		stop()
		c.close()
		if wrote != nil {
			<-wrote //nolint:errcheck // it ends with the connection, and the body is the caller's again
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	b := &body{c: c, in: resp.Body, stop: stop, wrote: wrote, keep: !resp.Close}
	resp.Body = b
	if resp.ContentLength == 0 || b.in == http.NoBody {
		b.ended(io.EOF)
	}
	return resp, nil
}

// write sends a request. A large one is written by a goroutine of its own,
// which tells its end by wrote.
func (c *conn) write(r *http.Request) (wrote chan error, err error) {
	p := heads.Get().(*head) //nolint:errcheck // the pool holds nothing else
	if p.b, err = appendHead(p.b[:0], r); err != nil {
		closeBody(r)
		heads.Put(p)
		return nil, err
	}
	pieces, known := bodyPieces(r)
	size := int64(len(p.b)) + r.ContentLength
	switch {
	case known && size <= joined:
		for _, piece := range pieces {
			p.b = append(p.b, piece...)
		}
		_, err = c.c.Write(p.b)
	case known && size <= alongside:
		err = c.writePieces(p.b, pieces)
	default:
		wrote = make(chan error, 1)
		go func() {
			err := c.writeLarge(p.b, pieces, known, r)
			closeBody(r)
			heads.Put(p)
			wrote <- err
		}()
		return wrote, nil
	}
	closeBody(r)
	heads.Put(p)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	return nil, nil
}

func (c *conn) writePieces(head []byte, pieces [][]byte) error {
	all := make(net.Buffers, 0, len(pieces)+1)
	all = append(append(all, head), pieces...)
	_, err := all.WriteTo(c.c)
	return err
}

func (c *conn) writeLarge(head []byte, pieces [][]byte, known bool, r *http.Request) error {
	if known {
		return c.writePieces(head, pieces)
	}
	if _, err := c.c.Write(head); err != nil {
		return err
	}
	n, err := io.Copy(c.c, io.LimitReader(r.Body, r.ContentLength))
	if err == nil && n < r.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		c.close() // what is missing of the body must not be taken from the next request
	}
	return err
}

// bodyPieces are the pieces of a body that is in memory.
func bodyPieces(r *http.Request) (pieces [][]byte, known bool) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, true
	}
	p, ok := r.Body.(Pieces)
	if !ok {
		return nil, false
	}
	pieces = p.Pieces()
	n := int64(0)
	for _, piece := range pieces {
		n += int64(len(piece))
	}
	return pieces, n == r.ContentLength
}

// head reads the head of an answer, over the interim ones.
func (c *conn) head(r *http.Request) (*http.Response, error) {
	for range mostInterim {
		c.in.left = c.pool.HeaderBytes
		resp, err := http.ReadResponse(c.r, r)
		switch {
		case err != nil && c.in.left <= 0:
			return nil, ErrHeaderTooLarge
		case err != nil:
			return nil, fmt.Errorf("read the answer: %w", err)
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, errors.New("it switched protocols unasked")
		case resp.StatusCode >= 200:
			c.in.left = math.MaxInt64
			return resp, nil
		}
	}
	return nil, errors.New("too many interim answers")
}

// head is a pooled buffer for the heads of requests.
type head struct{ b []byte }

var heads = sync.Pool{New: func() any { return &head{make([]byte, 0, 2<<10)} }}

// appendHead writes a request's head.
func appendHead(b []byte, r *http.Request) ([]byte, error) {
	hostname := r.Host
	if hostname == "" {
		hostname = r.URL.Host
	}
	b = append(append(b, r.Method...), ' ')
	b = append(b, r.URL.RequestURI()...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), hostname...)
	b = append(b, "\r\n"...)
	for name, values := range r.Header {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue // they follow from the request
		}
		if !isToken(name) {
			return b, fmt.Errorf("header name %.60q is not one", name)
		}
		for _, v := range values {
			if !isValue(v) {
				return b, fmt.Errorf("the value of the header %.60s holds control characters", name)
			}
			b = append(append(b, name...), ": "...)
			b = append(append(b, v...), "\r\n"...)
		}
	}
	if r.ContentLength > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, max(r.ContentLength, 0), 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...), nil
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// isValue reports whether s may stand as a header's value: no control
// characters but tabs.
func isValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
