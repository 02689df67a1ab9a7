package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// rig is a gateway on a real socket in front of a fake vendor on another.
type rig struct {
	t       testing.TB
	lab     *lab.Lab
	labURL  string
	gateway *Gateway
	url     string
	client  *http.Client
	now     func() time.Time
	log     *bytes.Buffer

	mu      sync.Mutex
	records []*Record
	slept   []time.Duration // pauses before retries, which are not waited for
	told    chan struct{}
}

func (g *rig) Record(r *Record) {
	g.mu.Lock()
	g.records = append(g.records, r)
	g.mu.Unlock()
	g.told <- struct{}{}
}

// newRig starts both; conf is completed by fill, which gets the vendor's URL.
func newRig(t testing.TB, fill func(g *rig) Config) *rig {
	t.Helper()
	g := &rig{t: t, told: make(chan struct{}, 10_000), log: &bytes.Buffer{}, now: time.Now}
	g.lab = lab.New(lab.Options{Pace: -1})
	labServer := httptest.NewServer(g.lab)
	t.Cleanup(labServer.Close)
	g.labURL = labServer.URL + "/v1"
	lines := &lockedWriter{w: g.log}
	g.gateway = New(Options{Recorder: g, Now: g.clock, Log: slog.New(slog.NewJSONHandler(lines, nil)), Calls: lines, Version: "test"})
	g.gateway.sleep = func(ctx context.Context, d time.Duration) bool {
		g.mu.Lock()
		g.slept = append(g.slept, d)
		g.mu.Unlock()
		return ctx.Err() == nil
	}
	g.load(fill(g))
	server := httptest.NewUnstartedServer(g.gateway)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(func() {
		g.gateway.Stop()
		server.CloseClientConnections()
		server.Close()
	})
	g.url = server.URL
	g.client = server.Client()
	return g
}

// clock is the rig's time.
func (g *rig) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now()
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (g *rig) load(conf Config) {
	g.t.Helper()
	snap, faults := Compile(conf)
	if len(faults) > 0 {
		g.t.Fatalf("faults: %v", faults)
	}
	g.gateway.Load(snap)
}

// provider is a provider that leads to the fake vendor.
func (g *rig) provider(name string, keys ...string) Provider {
	p := Provider{ID: "p-" + name, Name: name, Vendor: "custom", BaseURL: strings.TrimSuffix(g.labURL, "/v1") + "/p/" + name + "/v1", AllowPrivate: true}
	for i, k := range keys {
		p.Keys = append(p.Keys, Key{ID: fmt.Sprintf("%s-k%d", name, i), Name: fmt.Sprintf("%s key %d", name, i), Secret: Secret(k), Weight: 1})
	}
	return p
}

// one is the configuration with a single provider, "main".
func one(g *rig) Config {
	return Config{Providers: []Provider{g.provider("main", "sk-vendor-canary-1")}}
}

// two has the providers "main" and "spare" and a route from any model to main,
// with spare's lab-spare as its fallback.
func two(g *rig) Config {
	return Config{
		Providers: []Provider{g.provider("main", "sk-vendor-canary-1"), g.provider("spare", "sk-vendor-canary-2")},
		Routes: []Route{{
			ID: "r1", Name: "chat", Targets: []Target{{Provider: "main"}},
			Fallback: []Step{{Targets: []Target{{Provider: "spare", Model: "lab-spare:words=60"}}}},
		}},
	}
}

func (g *rig) request(method, path, body string) *http.Request {
	g.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body: the connection broke
}

func (g *rig) do(r *http.Request) answer {
	g.t.Helper()
	resp, err := g.client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body), err}
}

func (g *rig) chat(model string, stream bool) answer {
	g.t.Helper()
	return g.do(g.request("POST", "/v1/chat/completions", chatBody(model, stream)))
}

func chatBody(model string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"tell me a story"}],"stream":%v}`, model, stream)
}

// text is the text of a chat answer, streamed or whole, and its finish reason.
func (a answer) text(t testing.TB) (text, finish string) {
	t.Helper()
	type choice struct {
		Message, Delta struct{ Content string }
		Finish         string `json:"finish_reason"`
	}
	take := func(data string) {
		var chunk struct{ Choices []choice }
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Fatalf("answer is not JSON: %v: %.200s", err, data)
		}
		for _, c := range chunk.Choices {
			text += c.Message.Content + c.Delta.Content
			if c.Finish != "" {
				finish = c.Finish
			}
		}
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") {
		take(a.body)
		return text, finish
	}
	for line := range strings.Lines(a.body) {
		if data, ok := strings.CutPrefix(line, "data: "); ok && !strings.HasPrefix(data, "[DONE]") && !strings.HasPrefix(data, `{"error"`) {
			take(data)
		}
	}
	return text, finish
}

// errorCode is the code of an OpenAI-shaped error, in an answer or at the end
// of a stream.
func (a answer) errorCode(t testing.TB) string {
	t.Helper()
	body := a.body
	if i := strings.LastIndex(body, `data: {"error"`); i >= 0 {
		body = strings.TrimPrefix(body[i:], "data: ")
	}
	var e struct {
		Error struct{ Message, Type, Code string }
	}
	if err := json.Unmarshal([]byte(strings.TrimSpace(body)), &e); err != nil || e.Error.Message == "" || e.Error.Type == "" {
		t.Fatalf("not an OpenAI error: %v: %.300s", err, a.body)
	}
	return e.Error.Code
}

// lastRecord waits for the account of the call made last.
func (g *rig) lastRecord() *Record {
	g.t.Helper()
	select {
	case <-g.told:
	case <-time.After(5 * time.Second):
		g.t.Fatal("the call was not recorded")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.records[len(g.records)-1]
}

// asked counts the calls a provider was sent.
func (g *rig) asked(provider string) int {
	n := 0
	for _, c := range g.lab.Calls() {
		if c.Provider == provider {
			n++
		}
	}
	return n
}
