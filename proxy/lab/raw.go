package lab

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// rawLinger is how long the lab leaves a connection open after raw bytes, for
// the client to read them before it is closed.
const rawLinger = 2 * time.Second

// How long a reset waits for the bytes before it to be acknowledged.
const (
	drainStep = time.Millisecond
	drainWait = 200 * time.Millisecond
)

// reset ends the connection with a TCP RST. Where the connection is not the
// lab's to take (HTTP/2, a recorder) the call is aborted instead.
func (p *player) reset() {
	conn, _, err := http.NewResponseController(p.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := underneath(conn).(*net.TCPConn); ok {
		awaitDrained(tcp)
		if err := tcp.SetLinger(0); err != nil {
			p.lab.opts.Log.Warn("lab reset", "error", err)
		}
	}
	// Closing a connection that is already broken is no news.
	_ = underneath(conn).Close()
}

// awaitDrained lets what was written reach the client: a reset throws away what
// still waits in the kernel, and a fault would break earlier than it says.
func awaitDrained(tcp *net.TCPConn) {
	tick := time.NewTicker(drainStep)
	defer tick.Stop()
	for range drainWait / drainStep {
		if drained(tcp) {
			return
		}
		<-tick.C
	}
}

// underneath is the TCP connection below TLS.
func underneath(conn net.Conn) net.Conn {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return conn
}

// playRaw writes a response that net/http would refuse to send.
func (p *player) playRaw() {
	conn, rw, err := http.NewResponseController(p.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	p.rec.update(func(c *Call) { c.Status = p.reply.status })
	if err := writeRaw(conn, rw, p.reply.raw); err != nil {
		p.rec.gone()
		return
	}
	// The client reads to the end it believes in and closes, or the time is up.
	if err := drain(conn, rw.Reader); err != nil {
		p.lab.opts.Log.Debug("lab raw response", "error", err)
	}
}

func writeRaw(conn net.Conn, rw *bufio.ReadWriter, raw []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(maxWait)); err != nil {
		return fmt.Errorf("raw response: %w", err)
	}
	if _, err := rw.Write(raw); err != nil {
		return fmt.Errorf("raw response: %w", err)
	}
	return rw.Flush()
}

// drain half-closes the connection and reads until the client closes it too.
func drain(conn net.Conn, from *bufio.Reader) error {
	if half, ok := underneath(conn).(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return fmt.Errorf("half-close: %w", err)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(rawLinger)); err != nil {
		return fmt.Errorf("read deadline: %w", err)
	}
	buf := make([]byte, 4096)
	for {
		if _, err := from.Read(buf); err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
	}
}

// rawResponse writes a response down, with whatever the head says.
func rawResponse(status int, head, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%s\r\n%s", status, http.StatusText(status), head, body)
}
