package proxy

import (
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

	labload "github.com/posthouse/posthouse/proxy/lab/load"
)

// stubVendor is a vendor that asks for next to no memory while it answers.
func stubVendor(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = new(labload.Stub).Serve(t.Context(), l) }() // it ends with the test
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
	base := stubVendor(t)
	cost := func(words int, streamed bool) float64 {
		g := newRig(t, func(g *rig) Config {
			p := g.provider("main", "k")
			p.BaseURL = base
			return Config{Providers: []Provider{p}}
		})
		go func() {
			for range g.told { //nolint:revive // records are of no interest here
			}
		}()
		body := []byte(strings.Replace(chatBody(fmt.Sprintf("lab-m:words=%d", words), streamed), `"stream":true`, `"stream":true,"stream_options":{"include_usage":true}`, 1))
		return testing.AllocsPerRun(100, func() {
			r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://localhost/v1/chat/completions", io.NopCloser(bytes.NewReader(body)))
			r.ContentLength, r.RemoteAddr = int64(len(body)), "127.0.0.1:1"
			w := &sink{header: http.Header{}}
			g.gateway.ServeHTTP(w, r)
			if w.status != http.StatusOK || w.bytes < 4*words {
				t.Errorf("%d with %d bytes", w.status, w.bytes)
			}
		})
	}
	one := cost(100, false)
	short, long := cost(100, true), cost(1100, true)
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
