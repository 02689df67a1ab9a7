package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// vendor serves a handler as the provider "main" in place of the fake vendor.
func vendor(t testing.TB, h http.HandlerFunc) func(g *rig) Config {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return func(g *rig) Config {
		conf := one(g)
		conf.Providers[0].BaseURL = s.URL + "/v1"
		return conf
	}
}

func chunk(content, finish string) string {
	return fmt.Sprintf(`data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":%q},"finish_reason":%s}]}`+"\n\n", content, finish)
}

// TestFlushPerEvent: the vendor sends the next event only once the client has
// the last one, so an event held back anywhere would stop everything.
func TestFlushPerEvent(t *testing.T) {
	got := make(chan struct{})
	const events = 50
	g := newRig(t, vendor(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range events {
			finish := "null"
			if i == events-1 {
				finish = `"stop"`
			}
			_, _ = io.WriteString(w, chunk("word ", finish))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-got:
			case <-r.Context().Done():
				return
			}
		}
		_, _ = io.WriteString(w, "data: [DONE]\n\n")
	}))
	resp, err := g.client.Do(g.request("POST", "/v1/chat/completions", chatBody("m", true)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	n := 0
	var slowest time.Duration
	for began := time.Now(); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: {") {
			slowest = max(slowest, time.Since(began))
			n++
			began = time.Now()
			got <- struct{}{}
		}
	}
	if n != events || lines.Err() != nil {
		t.Errorf("%d events, %v", n, lines.Err())
	}
	if slowest > time.Second {
		t.Errorf("an event took %v", slowest)
	}
}

func TestDisconnectCancelsUpstream(t *testing.T) {
	tests := []struct {
		model  string
		stream bool
	}{{"fault-never", true}, {"fault-hang", true}, {"fault-headers-then-hang", true}, {"fault-hang", false}}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %v", tt.model, tt.stream), func(t *testing.T) {
			g := newRig(t, one)
			ctx, leave := context.WithCancel(context.Background())
			done := make(chan answer, 1)
			go func() {
				done <- g.do(g.request("POST", "/v1/chat/completions", chatBody(tt.model, tt.stream)).WithContext(ctx))
			}()
			wait, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if _, err := g.lab.Wait(wait, func(calls []lab.Call) bool { return len(calls) == 1 }); err != nil {
				t.Fatal(err)
			}
			left := time.Now()
			leave()
			calls, err := g.lab.Wait(wait, func(calls []lab.Call) bool { return calls[0].Gone })
			if err != nil {
				t.Fatal("the vendor was never told")
			}
			if took := calls[0].GoneAt.Sub(left); took > 100*time.Millisecond {
				t.Errorf("the vendor learned of it after %v", took)
			}
			<-done
			if rec := g.lastRecord(); rec.Status != 499 || rec.Class != "client_closed" {
				t.Errorf("recorded %d %q", rec.Status, rec.Class)
			}
			if len(g.gateway.KeyStates()) != 0 {
				t.Error("a client that left cost a key")
			}
		})
	}
}

// TestWriteDeadlineIsSet: a client that does not read must not hold a call for
// ever. The wait for it is long, so the test looks at the deadline alone.
func TestWriteDeadlineIsSet(t *testing.T) {
	g := newRig(t, one)
	w := &deadlineWriter{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(context.Background(), "POST", "http://localhost/v1/chat/completions", strings.NewReader(chatBody("lab-chat", true)))
	r.RemoteAddr = "127.0.0.1:1"
	g.gateway.ServeHTTP(w, r)
	if w.Code != 200 || w.deadline.Before(time.Now().Add(writeLimit-10*time.Second)) {
		t.Errorf("%d, write deadline %v", w.Code, w.deadline)
	}
}

type deadlineWriter struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (d *deadlineWriter) SetWriteDeadline(t time.Time) error { d.deadline = t; return nil }

func TestLargeBody(t *testing.T) {
	type seen struct {
		n   int
		sum byte
	}
	arrived := make(chan seen, 1)
	g := newRig(t, vendor(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s := seen{n: len(b)}
		for _, c := range b {
			s.sum ^= c
		}
		arrived <- s
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"choices":[]}`)
	}))
	image := make([]byte, 20<<20)
	_, _ = rand.Read(image)
	body := `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` +
		base64.StdEncoding.EncodeToString(image) + `"}}]}]}`
	var want byte
	for i := range len(body) {
		want ^= body[i]
	}
	a := g.do(g.request("POST", "/v1/chat/completions", body))
	if a.status != 200 {
		t.Fatalf("%d %v %.300s", a.status, a.err, a.body)
	}
	if got := <-arrived; got.n != len(body) || got.sum != want {
		t.Errorf("the vendor got %d of %d bytes", got.n, len(body))
	}
}

func TestBodyWithoutLengthIsBounded(t *testing.T) {
	g := newRig(t, func(g *rig) Config { c := one(g); c.Limits.BodyBytes = 1 << 20; return c })
	r := g.request("POST", "/v1/chat/completions", "x")
	r.Body = io.NopCloser(io.LimitReader(endless{}, 64<<20))
	r.ContentLength = -1
	a := g.do(r)
	if a.err == nil && (a.status != 413 || a.errorCode(t) != "request_too_large") {
		t.Errorf("%d %v %.200s", a.status, a.err, a.body)
	}
	if rec := g.lastRecord(); rec.Status != 413 || len(g.lab.Calls()) != 0 {
		t.Errorf("recorded %d", rec.Status)
	}
}

// TestTooLargeIsTold: a client that sends everything before it reads gets to see
// why it was refused, and not a broken connection.
func TestTooLargeIsTold(t *testing.T) {
	g := newRig(t, func(g *rig) Config { c := one(g); c.Limits.BodyBytes = 1 << 20; return c })
	body := bytes.Repeat([]byte("x"), 1<<20+512<<10)
	for range 5 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://")) //nolint:noctx // a test's client that is as plain as can be
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", len(body))
		if _, err := conn.Write(body); err != nil {
			t.Fatalf("while sending: %v", err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("while reading: %v", err)
		}
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%d", resp.StatusCode)
		}
		_ = resp.Body.Close()
		_ = conn.Close()
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestLargeAnswerIsPassedOnWhole(t *testing.T) {
	var big strings.Builder
	big.WriteString(`{"object":"list","data":[`)
	for i := range 200_000 {
		fmt.Fprintf(&big, "%d,", i)
	}
	big.WriteString(`0],"usage":{"prompt_tokens":7,"total_tokens":7}}`)
	g := newRig(t, vendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, big.String())
	}))
	a := g.do(g.request("POST", "/v1/embeddings", `{"model":"m","input":"x"}`))
	if a.status != 200 || a.body != big.String() {
		t.Fatalf("%d, %d of %d bytes", a.status, len(a.body), big.Len())
	}
	if rec := g.lastRecord(); !rec.UsageSeen || rec.Usage.Input != 7 {
		t.Errorf("usage %+v", rec.Usage)
	}
}

func TestLimitsOnAnswers(t *testing.T) {
	for model, limit := range map[string]int64{"fault-never": 64 << 10, "fault-giant:size=3MiB": 4 << 20, "fault-bomb": 4 << 20} {
		t.Run(model, func(t *testing.T) {
			g := newRig(t, func(g *rig) Config {
				c := one(g)
				c.Limits.AnswerBytes, c.Limits.EventBytes = limit, 2<<20
				return c
			})
			began := time.Now()
			a := g.chat(model, true)
			if a.err == nil && a.status == 200 || strings.Contains(a.body, "[DONE]") {
				t.Errorf("%d %v: looks whole", a.status, a.err)
			}
			if len(a.body) > 8<<20 || time.Since(began) > 5*time.Second {
				t.Errorf("%d bytes in %v", len(a.body), time.Since(began))
			}
		})
	}
}

func TestThousandStreams(t *testing.T) {
	g := newRig(t, one)
	const streams = 1000
	want := lab.Text(story, 40)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	problems := make(chan string, streams)
	g.client.Transport = &http.Transport{MaxIdleConnsPerHost: streams}
	for range streams {
		wg.Go(func() {
			<-gate
			a := g.chat("lab-chat:words=40,pace=5ms", true)
			if text, finish := a.text(t); a.err != nil || text != want || finish != "stop" {
				problems <- fmt.Sprintf("%d %v %q", a.status, a.err, finish)
			}
		})
	}
	close(gate)
	wg.Wait()
	close(problems)
	for p := range problems {
		t.Fatal(p)
	}
}

// TestReloadDuringStreams changes the configuration a hundred times, keys
// included, under running streams.
func TestReloadDuringStreams(t *testing.T) {
	g := newRig(t, one)
	const streams = 50
	want := lab.Text(story, 100)
	var wg sync.WaitGroup
	results := make(chan answer, streams)
	for range streams {
		wg.Go(func() { results <- g.chat("main/lab-chat:words=100,pace=5ms", true) })
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := g.lab.Wait(ctx, func(calls []lab.Call) bool { return len(calls) == streams }); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		conf := one(g)
		conf.Providers[0].Keys[0].Secret = Secret(fmt.Sprintf("sk-rotated-canary-%d", i))
		g.load(conf)
	}
	if a := g.chat("lab-chat:words=1", false); a.status != 200 {
		t.Errorf("after the reloads: %d %s", a.status, a.body)
	}
	if calls := g.lab.Calls(); calls[len(calls)-1].Key != "sk-rotated-canary-99" {
		t.Errorf("the new key is not used: %q", calls[len(calls)-1].Key)
	}
	wg.Wait()
	close(results)
	for a := range results {
		if text, finish := a.text(t); a.status != 200 || a.err != nil || text != want || finish != "stop" {
			t.Fatalf("a stream was hurt: %d %v %q", a.status, a.err, finish)
		}
	}
}

func TestStopEndsStreamsClearly(t *testing.T) {
	g := newRig(t, one)
	resp, err := g.client.Do(g.request("POST", "/v1/chat/completions", chatBody("fault-never", true)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	first := make([]byte, 1)
	if _, err := resp.Body.Read(first); err != nil {
		t.Fatal(err)
	}
	g.gateway.Stop()
	rest, err := io.ReadAll(resp.Body)
	if body := string(rest); err == nil || !strings.Contains(body, `data: {"error"`) || strings.Contains(body, "[DONE]") {
		t.Errorf("%v, ends in %q", err, body[max(0, len(body)-300):])
	}
	if a := g.chat("lab-chat", false); a.status != 503 || a.errorCode(t) != "shutting_down" {
		t.Errorf("a call after the stop: %d %s", a.status, a.body)
	}
}

// TestOneResetThenHealthy: a single failure must not put a single target out.
func TestOneResetThenHealthy(t *testing.T) {
	g := newRig(t, one)
	if a := g.chat("fault-reset", false); a.status != 502 {
		t.Fatalf("%d", a.status)
	}
	if a := g.chat("lab-chat", false); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestIdempotencyKeyDoesNotRepeat: net/http repeats a POST on its own when that
// header is sent and a kept connection dies. Ours must not.
func TestIdempotencyKeyDoesNotRepeat(t *testing.T) {
	var mu sync.Mutex
	posts := 0
	g := newRig(t, func(g *rig) Config { return Config{} })
	conf := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		posts++
		die := posts == 2
		mu.Unlock()
		if die {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"choices":[]}`)
	})(g)
	conf.Routes = []Route{{ID: "r", Name: "r", Targets: []Target{{Provider: "main"}}, Failover: Failover{Rules: map[string]string{"connect": "give_up"}}}}
	g.load(conf)
	for _, want := range []int{200, 502} {
		r := g.request("POST", "/v1/chat/completions", chatBody("m", false))
		r.Header.Set("Idempotency-Key", "abc")
		if a := g.do(r); a.status != want {
			t.Errorf("got %d, want %d: %s", a.status, want, a.body)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if posts != 2 {
		t.Errorf("%d POSTs for 2 calls", posts)
	}
}

func BenchmarkPassThrough(b *testing.B) {
	answer := []byte(`{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("word ", 100) + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":100,"total_tokens":110}}`)
	g := newRig(b, vendor(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	go func() {
		for range g.told { //nolint:revive // records are of no interest here
		}
	}()
	body := []byte(chatBody("m", false))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(context.Background(), "POST", "http://localhost/v1/chat/completions", bytes.NewReader(body))
		r.RemoteAddr = "127.0.0.1:1"
		w := httptest.NewRecorder()
		g.gateway.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body.String())
		}
	}
}
