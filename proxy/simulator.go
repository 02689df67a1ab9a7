package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// simulator is the fake vendor behind a door that exists in this process only:
// what it answers comes over a real HTTP connection, with everything that can
// go wrong on one, and no port is opened for it.
type simulator struct {
	pace time.Duration // between the words of its streams

	mu        sync.Mutex
	listener  *pipeListener // nil: not started
	server    *http.Server
	transport *http.Transport
}

// simulatorURL is the fake vendor's base URL; its host exists nowhere.
const simulatorURL = "http://lab.invalid/v1"

// play has the fake vendor answer an attempt's request, with a fault or, where
// that is empty, well.
func (s *simulator) play(req *http.Request, fault string) (*http.Response, error) {
	transport, err := s.start()
	if err != nil {
		return nil, err
	}
	if fault != "" {
		req.Header.Set(lab.FaultHeader, fault)
	}
	return transport.RoundTrip(req)
}

func (s *simulator) start() (*http.Transport, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.transport != nil {
		return s.transport, nil
	}
	if s.listener != nil {
		return nil, net.ErrClosed
	}
	s.listener = newPipeListener()
	s.transport, s.server = serveOn(s.listener, lab.New(lab.Options{Pace: s.pace, Any: true, Asked: true, Forget: true}))
	return s.transport, nil
}

// stop ends the fake vendor and what it is answering.
func (s *simulator) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.transport == nil {
		return
	}
	_ = s.server.Close() // ends the listener too, which has no error
	s.transport.CloseIdleConnections()
	s.transport = nil
}

// serveOn serves a handler on a listener of this process and returns the way
// there.
func serveOn(l *pipeListener, h http.Handler) (*http.Transport, *http.Server) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: discardLog()}
	go func() { _ = server.Serve(l) }() // ends with the listener
	return &http.Transport{DialContext: l.dial, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxResponseHeader}, server
}

// pipeListener accepts connections from within the process.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// errNoFault is returned for an injection without a fault.
var errNoFault = errors.New("name a fault, such as e503 or die:n=20")
