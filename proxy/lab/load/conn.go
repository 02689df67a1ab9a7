package load

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"
)

const (
	// clientBuffer holds what a connection reads at once.
	clientBuffer = 4 << 10
	// maxAnswer bounds an answer in one piece, in bytes.
	maxAnswer = 64 << 20
	dialLimit = 10 * time.Second
)

// conn is one connection of the load. net/http's client would cost several
// times what most targets do; of HTTP/1.1 this needs little.
type conn struct {
	scheme, address, host string

	c      net.Conn
	r      *bufio.Reader // of the connection
	body   body
	lines  *bufio.Reader // of a stream's body
	buf    []byte        // of an answer in one piece
	dialed int64
}

func newConn(u *url.URL) *conn {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return &conn{scheme: u.Scheme, address: net.JoinHostPort(u.Hostname(), port), host: u.Hostname()}
}

// open connects, unless the connection of the last call is still good.
func (c *conn) open(ctx context.Context) error {
	if c.c != nil {
		return nil
	}
	d := &net.Dialer{Timeout: dialLimit}
	var err error
	if c.scheme == "https" {
		// A gateway under test has a certificate that it signed itself.
		conf := &tls.Config{ServerName: c.host, InsecureSkipVerify: true} //nolint:gosec // what is measured is our own
		c.c, err = (&tls.Dialer{NetDialer: d, Config: conf}).DialContext(ctx, "tcp", c.address)
	} else {
		c.c, err = d.DialContext(ctx, "tcp", c.address)
	}
	if err != nil {
		c.c = nil
		return fmt.Errorf("dial: %w", err)
	}
	c.dialed++
	if c.r == nil {
		c.r = bufio.NewReaderSize(c.c, clientBuffer)
	}
	c.r.Reset(c.c)
	return nil
}

func (c *conn) close() {
	if c.c != nil {
		_ = c.c.Close()
		c.c = nil
	}
}

// send writes a request and reads the head of its answer.
func (c *conn) send(ctx context.Context, request []byte, limit time.Duration) (status int, err error) {
	reused := c.c != nil
	if err := c.open(ctx); err != nil {
		return 0, err
	}
	_ = c.c.SetDeadline(time.Now().Add(limit)) // a connection that is dead shows at the write
	_, err = c.c.Write(request)
	if err == nil {
		status, err = c.head()
	}
	if err == nil || !reused || !errors.Is(err, errIdleClosed) {
		return status, err
	}
	// A kept connection may be closed by the other side at any time; that is
	// no lost answer.
	c.close()
	return c.send(ctx, request, limit)
}

// errIdleClosed is a connection that ended before any byte of an answer.
var errIdleClosed = errors.New("closed before the answer")

// head reads the status line and headers.
func (c *conn) head() (status int, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		if len(line) == 0 && errors.Is(err, io.EOF) {
			return 0, errIdleClosed
		}
		return 0, fmt.Errorf("status line: %w", err)
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("status line %.40q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("status line %.40q", line)
	}
	c.body = body{r: c.r, left: -1}
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, fmt.Errorf("headers: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		key, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(key, []byte("Content-Length")):
			if c.body.left, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return 0, fmt.Errorf("content-length %.40q", value)
			}
		case bytes.EqualFold(key, []byte("Transfer-Encoding")):
			c.body.chunked = true
		case bytes.EqualFold(key, []byte("Connection")):
			c.body.last = bytes.EqualFold(value, []byte("close"))
		}
	}
	if c.body.chunked {
		c.body.left = 0
	}
	return status, nil
}

// whole reads an answer in one piece.
func (c *conn) whole() ([]byte, error) {
	c.buf = c.buf[:0]
	for {
		if len(c.buf) == cap(c.buf) {
			c.buf = append(c.buf, make([]byte, max(len(c.buf), clientBuffer))...)[:len(c.buf)]
		}
		n, err := c.body.Read(c.buf[len(c.buf):cap(c.buf)])
		c.buf = c.buf[:len(c.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			return c.buf, nil
		case err != nil:
			return nil, err
		case len(c.buf) > maxAnswer:
			return nil, errors.New("the answer has no end")
		}
	}
}

// events calls visit with the data of each event of a stream.
func (c *conn) events(visit func(data []byte)) error {
	if c.lines == nil {
		c.lines = bufio.NewReaderSize(nil, clientBuffer)
	}
	c.lines.Reset(&c.body)
	for {
		line, err := c.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			visit(bytes.TrimSpace(data))
		}
	}
}

// done ends a call: the connection is kept if it may be.
func (c *conn) done(err error) {
	if err != nil || c.body.last || !c.body.ended {
		c.close()
	}
}

// body is the body of an answer. It ends in io.EOF only if it came whole.
type body struct {
	r       *bufio.Reader
	chunked bool
	left    int64 // of the chunk or the body; -1: up to the connection's end
	begun   bool  // a chunk was read
	last    bool  // the connection closes behind it
	ended   bool
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	if b.chunked && b.left == 0 {
		if err := b.nextChunk(); err != nil {
			return 0, err
		}
	}
	if b.left == 0 {
		b.ended = true
		return 0, io.EOF
	}
	if b.left > 0 {
		p = p[:min(int64(len(p)), b.left)]
	}
	n, err := b.r.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// nextChunk reads a chunk's size line; after the last chunk the trailers too.
func (b *body) nextChunk() error {
	if b.begun {
		if err := b.blank(); err != nil {
			return err
		}
	}
	b.begun = true
	line, err := b.r.ReadSlice('\n')
	if err != nil {
		return unexpected(err)
	}
	size, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(";"))
	if b.left, err = strconv.ParseInt(string(size), 16, 64); err != nil {
		return fmt.Errorf("chunk size %.40q", line)
	}
	for b.left == 0 {
		line, err := b.r.ReadSlice('\n')
		if err != nil {
			return unexpected(err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return nil
		}
	}
	return nil
}

// blank reads the line end behind a chunk.
func (b *body) blank() error {
	line, err := b.r.ReadSlice('\n')
	if err != nil {
		return unexpected(err)
	}
	if len(bytes.TrimSpace(line)) > 0 {
		return fmt.Errorf("%.40q behind a chunk", line)
	}
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
