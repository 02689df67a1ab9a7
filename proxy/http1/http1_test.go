package http1

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newPool(t testing.TB) *Pool {
	t.Helper()
	p := &Pool{Dial: (&net.Dialer{}).DialContext, IdleFor: time.Minute, IdlePerHost: 100, HeaderBytes: 64 << 10}
	t.Cleanup(p.CloseIdleConnections)
	return p
}

// memory is a body in pieces.
type memory struct {
	io.Reader
	pieces [][]byte
	closed atomic.Bool
}

func (m *memory) Pieces() [][]byte { return m.pieces }

func (m *memory) Close() error {
	m.closed.Store(true)
	return nil
}

func inMemory(pieces ...string) (*memory, int64) {
	m := &memory{}
	n := int64(0)
	for _, p := range pieces {
		m.pieces = append(m.pieces, []byte(p))
		n += int64(len(p))
	}
	m.Reader = bytes.NewReader(bytes.Join(m.pieces, nil))
	return m, n
}

func post(ctx context.Context, target string, body io.ReadCloser, n int64) *http.Request {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	r := &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, ContentLength: n}
	return r.WithContext(ctx)
}

func idle(p *Pool) int { return p.prune(func(*conn) bool { return false }) }

func quiet(h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	return s
}

// TestSameAsNetHTTP has both clients ask the same server the same things.
func TestSameAsNetHTTP(t *testing.T) {
	s := quiet(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %d %v %q", r.Method, r.RequestURI, r.Host, r.ContentLength, r.TransferEncoding, r.Header["X-Two"]))
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
			return
		case "/hints":
			w.Header().Set("Link", "</a>")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusEarlyHints)
		case "/chunks":
			w.Header().Set("Trailer", "X-End")
			for i := range 5 {
				fmt.Fprintf(w, "chunk %d\n", i)
				_ = http.NewResponseController(w).Flush()
			}
			w.Header().Set("X-End", "yes")
			return
		case "/empty":
			w.Header().Set("Content-Length", "0")
			return
		case "/close":
			w.Header().Set("Connection", "close")
		}
		_, _ = w.Write(b)
	})
	s.Start()
	defer s.Close()
	p := newPool(t)
	std := &http.Transport{DisableCompression: true}
	defer std.CloseIdleConnections()
	bodies := map[string][]string{
		"small": {"a"}, "pieces": {"ab", "", "cd"}, "a few KB": {strings.Repeat("x", 20<<10)}, "large": {strings.Repeat("y", 300<<10), "end"},
	}
	for _, path := range []string{"/close", "/echo?a=b&c=%20", "/none", "/hints", "/chunks", "/empty"} {
		for name, pieces := range bodies {
			for _, known := range []bool{true, false} {
				ask := func(rt http.RoundTripper) (head, body string) {
					m, n := inMemory(pieces...)
					var rc io.ReadCloser = m
					if !known {
						rc = io.NopCloser(m.Reader)
					}
					r := post(t.Context(), s.URL+path, rc, n)
					r.Header["X-Two"] = []string{"1", "2"}
					r.Header.Set("User-Agent", "test")
					resp, err := rt.RoundTrip(r)
					if err != nil {
						t.Fatalf("%s %s: %v", path, name, err)
					}
					b, err := io.ReadAll(resp.Body)
					if err != nil {
						t.Fatalf("%s %s: %v", path, name, err)
					}
					_ = resp.Body.Close()
					resp.Header.Del("Date")
					return fmt.Sprint(resp.StatusCode, resp.ContentLength, resp.Header, resp.Trailer, resp.Close), string(b)
				}
				head, body := ask(p)
				wantHead, wantBody := ask(std)
				if head != wantHead || body != wantBody {
					t.Errorf("%s, body %s:\n%s\n%.80q, net/http has\n%s\n%.80q", path, name, head, body, wantHead, wantBody)
				}
			}
		}
	}
	if n := idle(p); n != 1 {
		t.Errorf("%d idle connections after one call at a time, want 1", n)
	}
}

// TestConnectionsAreUsedAgain counts what the server accepts.
func TestConnectionsAreUsedAgain(t *testing.T) {
	var accepted atomic.Int64
	s := quiet(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for range 3 {
			fmt.Fprintln(w, "line")
			_ = http.NewResponseController(w).Flush()
		}
	})
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			accepted.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	p := newPool(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				m, n := inMemory("{}")
				resp, err := p.RoundTrip(post(t.Context(), s.URL, m, n))
				if err != nil {
					t.Error(err)
					return
				}
				if b, err := io.ReadAll(resp.Body); err != nil || len(b) != 15 {
					t.Errorf("%q, %v", b, err)
				}
				if !m.closed.Load() {
					t.Error("the request's body was not closed")
				}
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n > 8 || idle(p) != int(n) {
		t.Errorf("%d connections for 8 callers, %d idle", n, idle(p))
	}
}

// raw serves each connection with a function.
func raw(t *testing.T, serve func(c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return "http://" + l.Addr().String() + "/"
}

// request reads a request off a raw connection.
func request(r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err == nil
}

func TestAnswersThatMustNotPass(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		want   string // of the error; empty: the head is fine and the body is not
	}{
		"nothing":           {"", "EOF"},
		"half a head":       {"HTTP/1.1 200 OK\r\nContent-", "read the answer"},
		"not HTTP":          {"SSH-2.0-x\r\n\r\n", "malformed"},
		"huge head":         {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", "too large"},
		"switch":            {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "switched"},
		"endless interim":   {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100), "interim"},
		"two lengths":       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "Content-Length"},
		"short body":        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", ""},
		"no last chunk":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ""},
		"bad chunk":         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", ""},
		"cut trailer":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n", ""},
		"short of a length": {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			target := raw(t, func(c net.Conn, r *bufio.Reader) {
				if request(r) {
					_, _ = io.WriteString(c, tt.answer)
				}
			})
			p := newPool(t)
			m, n := inMemory("{}")
			resp, err := p.RoundTrip(post(t.Context(), target, m, n))
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want one with %q", err, tt.want)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				if b, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("read %q to its end", b)
				}
			}
			if n := idle(p); n != 0 {
				t.Errorf("%d connections kept", n)
			}
		})
	}
}

// TestBytesBehindAnAnswer: what a server says unasked must not become the next
// call's answer.
func TestBytesBehindAnAnswer(t *testing.T) {
	for name, behind := range map[string]string{"at once": "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", "closed": ""} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{}, 10)
			target := raw(t, func(c net.Conn, r *bufio.Reader) {
				if !request(r) {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"+behind)
				done <- struct{}{}
				if behind != "" {
					_, _ = io.Copy(io.Discard, r) // stays until the client goes
				}
			})
			p := newPool(t)
			for range 3 {
				m, n := inMemory("{}")
				resp, err := p.RoundTrip(post(t.Context(), target, m, n))
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(resp.Body)
				if err != nil || string(b) != "hello" {
					t.Errorf("%q, %v", b, err)
				}
				<-done
				if behind == "" {
					// The end of the connection comes after the answer.
					for h := p.host(hostKey{"http", strings.Trim(target, "htp:/")}); ; {
						h.mu.Lock()
						gone := len(h.idle) == 0 || !h.idle[0].stands()
						h.mu.Unlock()
						if gone {
							break
						}
					}
				}
			}
		})
	}
}

// TestAnswerBeforeTheWholeBody: a server that refuses a large body early is
// heard, and its connection not used again.
func TestAnswerBeforeTheWholeBody(t *testing.T) {
	hold := make(chan struct{})
	target := raw(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
		<-hold // reads nothing of the body
	})
	p := newPool(t)
	m, n := inMemory(strings.Repeat("x", 32<<20))
	resp, err := p.RoundTrip(post(t.Context(), target, m, n))
	if err != nil || resp.StatusCode != 413 {
		t.Fatalf("%v, %v", resp, err)
	}
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "no" {
		t.Errorf("%q, %v", b, err)
	}
	close(hold)
	if n := idle(p); n != 0 {
		t.Errorf("%d connections kept", n)
	}
}

func TestContextEndsEveryPhase(t *testing.T) {
	cause := errors.New("enough")
	for name, tt := range map[string]struct {
		serve func(c net.Conn, r *bufio.Reader, reached func())
		large bool
		body  bool // it is the body that does not come
	}{
		"the request is not read": {func(_ net.Conn, r *bufio.Reader, reached func()) {
			_, _ = http.ReadRequest(r)
			reached()
		}, true, false},
		"no answer": {func(_ net.Conn, r *bufio.Reader, reached func()) {
			request(r)
			reached()
		}, false, false},
		"no body": {func(c net.Conn, r *bufio.Reader, reached func()) {
			request(r)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
			reached()
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			gone := make(chan struct{})
			target := raw(t, func(c net.Conn, r *bufio.Reader) {
				tt.serve(c, r, func() { cancel(cause) })
				<-gone
			})
			defer close(gone)
			p := newPool(t)
			size := 10
			if tt.large {
				size = 32 << 20
			}
			m, n := inMemory(strings.Repeat("x", size))
			resp, err := p.RoundTrip(post(ctx, target, m, n))
			if tt.body && err == nil {
				_, err = io.ReadAll(resp.Body)
				if err == nil {
					t.Error("a body that never came was read")
				}
			} else if !errors.Is(err, cause) {
				t.Errorf("error %v", err)
			}
			if n := idle(p); n != 0 {
				t.Errorf("%d connections kept", n)
			}
			if _, err := p.RoundTrip(post(ctx, target, m, n)); err == nil {
				t.Error("a context that had ended was taken")
			}
		})
	}
}

func TestCloseBeforeTheEnd(t *testing.T) {
	s := quiet(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "some")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // the client's going must reach the server
	})
	s.Start()
	defer s.Close()
	p := newPool(t)
	resp, err := p.RoundTrip(post(t.Context(), s.URL, nil, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(resp.Body.Close(), resp.Body.Close()); err != nil {
		t.Error(err)
	}
	if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
		t.Error("a closed body was read")
	}
	if n := idle(p); n != 0 {
		t.Errorf("%d connections kept", n)
	}
}

func TestTLS(t *testing.T) {
	s := quiet(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body) // what is missing shows at the client
		_, _ = w.Write(b)
	})
	s.StartTLS()
	defer s.Close()
	p := newPool(t)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	p.TLS = &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}
	for i := range 3 {
		m, n := inMemory(strings.Repeat("x", 100<<10))
		resp, reused, err := p.Do(post(t.Context(), s.URL, m, n), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); err != nil || len(b) != 100<<10 {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		if reused != (i > 0) {
			t.Errorf("call %d reused a connection: %v", i, reused)
		}
	}
	strict := newPool(t)
	var unknown x509.UnknownAuthorityError
	if _, err := strict.RoundTrip(post(t.Context(), s.URL, nil, 0)); !errors.As(err, &unknown) {
		t.Errorf("a certificate nobody knows: %v", err)
	}
	silent := raw(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	strict.Handshake = 50 * time.Millisecond
	if _, err := strict.RoundTrip(post(t.Context(), strings.Replace(silent, "http:", "https:", 1), nil, 0)); !errors.Is(err, errHandshake) {
		t.Errorf("a server that does not shake hands: %v", err)
	}
}

func TestHeadersCannotBreakOut(t *testing.T) {
	p := newPool(t)
	target := raw(t, func(_ net.Conn, r *bufio.Reader) {
		if _, err := r.ReadByte(); err == nil {
			t.Error("something was sent")
		}
	})
	for name, value := range map[string]string{"X-A": "b\r\nX-Evil: 1", "X-B": "\x00", "X C": "d", "X:D": "e", "": "f", "X-E\r\nX-Evil": "1"} {
		r := post(t.Context(), target, nil, 0)
		r.Header[name] = []string{value}
		if _, err := p.RoundTrip(r); err == nil {
			t.Errorf("header %q: %q was taken", name, value)
		}
	}
}

func TestIdleConnectionsGo(t *testing.T) {
	s := quiet(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") })
	s.Start()
	defer s.Close()
	p := newPool(t)
	p.IdleFor = 30 * time.Millisecond
	resp, err := p.RoundTrip(post(t.Context(), s.URL, nil, 0))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(resp.Body)
	for deadline := time.Now().Add(10 * time.Second); idle(p) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("an idle connection is kept for ever")
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestWhatFits(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*http.Request)
		fits   bool
	}{
		"plain":    {func(*http.Request) {}, true},
		"https":    {func(r *http.Request) { r.URL.Scheme = "https" }, true},
		"ftp":      {func(r *http.Request) { r.URL.Scheme = "ftp" }, false},
		"umlaut":   {func(r *http.Request) { r.URL.Host = "bücher.example" }, false},
		"zone":     {func(r *http.Request) { r.URL.Host = "[fe80::1%25eth0]" }, false},
		"unknown":  {func(r *http.Request) { r.ContentLength = -1 }, false},
		"no body":  {func(r *http.Request) { r.Body, r.ContentLength = nil, 0 }, true},
		"expect":   {func(r *http.Request) { r.Header.Set("Expect", "100-continue") }, false},
		"a head":   {func(r *http.Request) { r.Method = http.MethodHead }, false},
		"to close": {func(r *http.Request) { r.Close = true }, false},
	} {
		m, n := inMemory("{}")
		r := post(t.Context(), "http://127.0.0.1:1/", m, n)
		tt.change(r)
		if Fits(r) != tt.fits {
			t.Errorf("%s fits: %v", name, !tt.fits)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 103 x\r\n\r\nHTTP/1.0 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			if request(bufio.NewReader(there)) {
				_, _ = there.Write(answer)
			}
		}()
		p := &Pool{
			Dial:    func(context.Context, string, string) (net.Conn, error) { return here, nil },
			IdleFor: time.Minute, IdlePerHost: 1, HeaderBytes: 64 << 10,
		}
		defer p.CloseIdleConnections()
		resp, err := p.RoundTrip(post(t.Context(), "http://x/", nil, 0))
		want, wantErr := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
		for wantErr == nil && want.StatusCode < 200 {
			return // interim: compared elsewhere
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, net/http says %v", err, wantErr)
		}
		if err != nil {
			return
		}
		got, err := io.ReadAll(resp.Body)
		all, wantErr := io.ReadAll(want.Body)
		if !bytes.Equal(got, all) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%q %v, net/http reads %q %v", got, err, all, wantErr)
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	answer := strings.Repeat("x", 700)
	s := quiet(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = io.WriteString(w, answer)
	})
	s.Start()
	defer s.Close()
	std := &http.Transport{DisableCompression: true}
	defer std.CloseIdleConnections()
	for name, rt := range map[string]http.RoundTripper{"own": newPool(b), "net_http": std} {
		b.Run(name, func(b *testing.B) {
			body := strings.Repeat("y", 1024)
			b.ReportAllocs()
			for b.Loop() {
				m, n := inMemory(body)
				resp, err := rt.RoundTrip(post(b.Context(), s.URL, m, n))
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
