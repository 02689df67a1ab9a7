package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// rawVendor answers every request with the same bytes, and asks for no memory
// while it does.
func rawVendor(t testing.TB, answer []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			go func() {
				r := bufio.NewReaderSize(c, 64<<10)
				for {
					length := 0
					for {
						line, err := r.ReadSlice('\n')
						if err != nil {
							return
						}
						if value, is := bytes.CutPrefix(line, []byte("Content-Length: ")); is {
							for _, digit := range bytes.TrimSpace(value) {
								length = 10*length + int(digit-'0')
							}
						}
						if len(bytes.TrimSpace(line)) == 0 {
							break
						}
					}
					if _, err := r.Discard(length); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/v1"
}

// sink is a client that reads everything and keeps nothing.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header              { return s.header }
func (s *sink) WriteHeader(status int)           { s.status = status }
func (s *sink) Flush()                           {}
func (s *sink) SetWriteDeadline(time.Time) error { return nil }
func (s *sink) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

// TestAllocations holds the path of calls that are passed on to what it asks of
// memory, so that a change which makes it cost more is seen as such.
func TestAllocations(t *testing.T) {
	whole := `{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("word ", 100) + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":100,"total_tokens":110}}`
	stream := func(chunks int) string {
		var b strings.Builder
		b.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		event := func(data string) { fmt.Fprintf(&b, "%x\r\ndata: %s\n\n\r\n", len(data)+8, data) }
		for range chunks {
			event(`{"id":"c","object":"chat.completion.chunk","created":1764000000,"model":"m","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}],"usage":null}`)
		}
		event(`{"id":"c","object":"chat.completion.chunk","created":1764000000,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`)
		event(`{"id":"c","object":"chat.completion.chunk","created":1764000000,"model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":100,"total_tokens":110}}`)
		event("[DONE]")
		return b.String() + "0\r\n\r\n"
	}
	cost := func(answer string, streamed bool) float64 {
		g := newRig(t, func(g *rig) Config {
			p := g.provider("main", "k")
			p.BaseURL = rawVendor(t, []byte(answer))
			return Config{Providers: []Provider{p}}
		})
		go func() {
			for range g.told { //nolint:revive // records are of no interest here
			}
		}()
		body := []byte(strings.Replace(chatBody("m", streamed), `"stream":true`, `"stream":true,"stream_options":{"include_usage":true}`, 1))
		return testing.AllocsPerRun(100, func() {
			r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://localhost/v1/chat/completions", io.NopCloser(bytes.NewReader(body)))
			r.ContentLength, r.RemoteAddr = int64(len(body)), "127.0.0.1:1"
			w := &sink{header: http.Header{}}
			g.gateway.ServeHTTP(w, r)
			if w.status != http.StatusOK || w.bytes < len(whole)/2 {
				t.Errorf("%d with %d bytes", w.status, w.bytes)
			}
		})
	}
	one := cost(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(whole), whole), false)
	short, long := cost(stream(100), true), cost(stream(1100), true)
	t.Logf("a whole answer %v, a stream of 100 chunks %v, of 1,100 %v", one, short, long)
	if one > allocsWhole {
		t.Errorf("a whole answer asks for memory %v times, at most %v", one, allocsWhole)
	}
	if perChunk := (long - short) / 1000; perChunk > allocsChunk {
		t.Errorf("a chunk asks for memory %.2f times, at most %v", perChunk, allocsChunk)
	}
}

// What the path asks for, with some room for other versions of Go.
const (
	allocsWhole = 130
	allocsChunk = 0.05
)
