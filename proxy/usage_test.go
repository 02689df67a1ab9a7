package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/proxy/protocol/openai"
)

// parrot is a vendor that answers what it is told, byte for byte.
type parrot struct {
	mu     sync.Mutex
	bodies []string // that it was sent
	serve  func(w http.ResponseWriter, body string)
}

func (s *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	s.bodies = append(s.bodies, string(body))
	serve := s.serve
	s.mu.Unlock()
	serve(w, string(body))
}

func (s *parrot) lastBody() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies[len(s.bodies)-1]
}

// rate reads a price.
func rate(t testing.TB, s string) price.Rate {
	t.Helper()
	r, err := price.PerMillion(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newScriptedRig is a gateway with the provider "main", which is parrot, and
// a price for each kind of token.
func newScriptedRig(t *testing.T, vendor *parrot) *rig {
	t.Helper()
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	return newRig(t, func(g *rig) Config {
		p := g.provider("main", "sk-1")
		p.BaseURL = server.URL + "/v1"
		return Config{Providers: []Provider{p}, Prices: []price.Entry{{Provider: "main", Model: "*", Source: "test", Price: price.Price{
			Currency: price.USD, Input: rate(t, "1"), CacheRead: rate(t, "0.1"), Output: rate(t, "10"), AudioIn: rate(t, "100"), AudioOut: rate(t, "200"),
		}}}}
	})
}

func sends(events ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, e := range events {
			if e == "cut" {
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			fmt.Fprintf(w, "data: %s\n\n", e)
		}
	}
}

const (
	chunkHi   = `{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}],"usage":null}`
	chunkMore = `{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" world"},"finish_reason":null}],"usage":null}`
	chunkEnd  = `{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`
	chunkUse  = `{"id":"c1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":10},"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":5}}}`
)

// asSeen is an event without what was only asked for.
func asSeen(event string) string { return strings.ReplaceAll(event, `,"usage":null`, "") }

// golden is the usage of chunkUse.
func golden() llm.Usage {
	return llm.Usage{
		Input: 40, CacheRead: 60, AudioIn: 10, Output: 50, Reasoning: 20, AudioOut: 5, Total: 150,
		InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider,
	}
}

// goldenNano is what it costs: 30 of text, 10 of audio and 60 cached in, 45 of
// text and 5 of audio out.
const goldenNano = 30*1000 + 10*100_000 + 60*100 + 45*10_000 + 5*200_000

func TestGoldenStreamsGiveExactFigures(t *testing.T) {
	t.Parallel()
	const plain = `{"model":"m","stream":true,"messages":[{"role":"user","content":"Say hello"}]}`
	asks := func(options string) string {
		return strings.Replace(plain, `"stream":true`, `"stream":true,"stream_options":`+options, 1)
	}
	all := []string{chunkHi, chunkMore, chunkEnd, chunkUse, "[DONE]"}
	seen := []string{asSeen(chunkHi), asSeen(chunkMore), asSeen(chunkEnd), "[DONE]"}
	inFinish := strings.Replace(chunkUse, `"choices":[]`, `"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]`, 1)
	cases := []struct {
		name, body string
		vendor     []string
		client     []string
		sent       string // part of what the vendor must have been asked
		seen       bool
	}{
		{"nobody asked", plain, all, seen, `"stream":true,"stream_options":{"include_usage":true}`, true},
		{"the caller asked", asks(`{"include_usage":true}`), all, all, `"stream_options":{"include_usage":true},"messages"`, true},
		{"the caller said no", asks(`{"include_usage":false}`), all, seen, `"stream_options":{"include_usage":true}`, true},
		{"other options", asks(`{"include_obfuscation":false}`), all, seen, `"stream_options":{"include_usage":true,"include_obfuscation":false}`, true},
		{"empty options", asks(`{}`), all, seen, `"stream_options":{"include_usage":true}`, true},
		{"null options", asks(`null`), all, seen, `"stream_options":{"include_usage":true}`, true},
		{"counts in the last chunk", plain, []string{asSeen(chunkHi), inFinish, "[DONE]"}, []string{asSeen(chunkHi), inFinish, "[DONE]"}, "include_usage", true},
		{"no end but the connection's", plain, all[:4], seen, "include_usage", true},
	}
	for _, c := range cases {
		vendor := &parrot{serve: sends(c.vendor...)}
		g := newScriptedRig(t, vendor)
		got := g.do(g.request("POST", "/v1/chat/completions", c.body))
		want := "data: " + strings.Join(c.client, "\n\ndata: ") + "\n\n"
		if got.body != want {
			t.Errorf("%s: the client got\n%s\nwant\n%s", c.name, got.body, want)
		}
		if !strings.Contains(vendor.lastBody(), c.sent) {
			t.Errorf("%s: the vendor was asked %s", c.name, vendor.lastBody())
		}
		r := g.lastRecord()
		if r.Usage != golden() || !r.UsageSeen || r.Attempts[0].Usage != golden() {
			t.Errorf("%s: usage %+v, of the attempt %+v", c.name, r.Usage, r.Attempts[0].Usage)
		}
		if !r.Cost.Known || r.Cost.Amount != (price.Amount{Nano: goldenNano, Currency: price.USD}) || r.Cost.Shown.Currency != price.CNY || r.Cost.Price != "test" {
			t.Errorf("%s: cost %+v", c.name, r.Cost)
		}
	}
}

func TestStreamsWithoutCountsAreCountedHere(t *testing.T) {
	t.Parallel()
	const plain = `{"model":"m","stream":true,"messages":[{"role":"user","content":"Say hello"}]}`
	tool := `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}}]},"finish_reason":null}]}`
	thought := `{"choices":[{"index":0,"delta":{"reasoning_content":"Let me think about it"},"finish_reason":null}]}`
	failed := `{"error":{"message":"boom","type":"server_error"}}`
	cases := []struct {
		name   string
		vendor []string
		least  int64 // tokens of output
		most   int64
		from   llm.Source
	}{
		{"whole", []string{chunkHi, chunkMore, chunkEnd, "[DONE]"}, 2, 2, llm.FromCounting},
		{"thoughts count", []string{thought, chunkHi, chunkEnd, "[DONE]"}, 6, 6, llm.FromCounting},
		{"tool calls count", []string{tool, chunkEnd, "[DONE]"}, 6, 12, llm.FromCounting},
		{"cut", []string{chunkHi, chunkMore, "cut"}, 2, 2, llm.FromEstimates},
		{"an error after half", []string{chunkHi, chunkMore, failed}, 2, 2, llm.FromEstimates},
	}
	for _, c := range cases {
		g := newScriptedRig(t, &parrot{serve: sends(c.vendor...)})
		g.do(g.request("POST", "/v1/chat/completions", plain))
		r := g.lastRecord()
		u := r.Usage
		if u.Output < c.least || u.Output > c.most || u.OutputFrom != c.from || r.UsageSeen {
			t.Errorf("%s: %+v", c.name, u)
		}
		if u.Input != 2+tokensOfForm || u.InputFrom != llm.FromCounting { // "Say hello" and the line's end
			t.Errorf("%s: prompt %+v", c.name, u)
		}
		if !r.Cost.Known || r.Cost.Amount.Nano != u.Input*1000+u.Output*10_000 {
			t.Errorf("%s: cost %+v", c.name, r.Cost)
		}
	}
}

// tokensOfForm is what one message's form adds, and the line break behind it.
const tokensOfForm = 3 + 3 + 1

func TestWholeAnswersGiveTheSameFigures(t *testing.T) {
	t.Parallel()
	const plain = `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Say hello"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`
	answer := func(usage string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello world"},"finish_reason":"stop"}]%s}`, usage)
		}
	}
	use := chunkUse[strings.Index(chunkUse, `"usage"`) : len(chunkUse)-1]
	g := newScriptedRig(t, &parrot{serve: answer("," + use)})
	g.do(g.request("POST", "/v1/chat/completions", plain))
	if r := g.lastRecord(); r.Usage != golden() || r.Cost.Amount.Nano != goldenNano {
		t.Errorf("with counts: %+v, %+v", r.Usage, r.Cost)
	}
	g = newScriptedRig(t, &parrot{serve: answer("")})
	g.do(g.request("POST", "/v1/chat/completions", plain))
	r := g.lastRecord()
	if u := r.Usage; u.Output != 3 || u.OutputFrom != llm.FromCounting || u.InputFrom != llm.FromEstimates || u.Input == 0 {
		t.Errorf("without counts, with a picture: %+v", u)
	}
}

func TestAVendorThatTakesNoOptionIsAskedWithout(t *testing.T) {
	t.Parallel()
	vendor := &parrot{}
	vendor.serve = func(w http.ResponseWriter, body string) {
		if strings.Contains(body, "stream_options") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}`)
			return
		}
		sends(asSeen(chunkHi), asSeen(chunkEnd), "[DONE]")(w, body)
	}
	g := newScriptedRig(t, vendor)
	for range 2 {
		got := g.do(g.request("POST", "/v1/chat/completions", chatBody("m", true)))
		if got.status != http.StatusOK || !strings.Contains(got.body, "Hello") {
			t.Fatalf("the client got %d %s", got.status, got.body)
		}
		if r := g.lastRecord(); len(r.Attempts) != 1 || r.Usage.OutputFrom != llm.FromCounting || r.Usage.Output != 1 {
			t.Errorf("attempts %+v, usage %+v", r.Attempts, r.Usage)
		}
	}
	if len(vendor.bodies) != 3 {
		t.Errorf("the vendor was asked %d times, want once with and twice without", len(vendor.bodies))
	}
	// What the caller asks for itself is the vendor's to refuse.
	own := strings.Replace(chatBody("m", true), `"stream":true`, `"stream":true,"stream_options":{"include_usage":true}`, 1)
	if got := g.do(g.request("POST", "/v1/chat/completions", own)); got.status != http.StatusBadRequest {
		t.Errorf("the caller's own option: %d", got.status)
	}
}

func TestPicturesAndMinutesAreUnits(t *testing.T) {
	t.Parallel()
	vendor := &parrot{serve: func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"created":1,"data":[{"url":"a"},{"url":"b"}]}`)
	}}
	g := newScriptedRig(t, vendor)
	g.do(g.request("POST", "/v1/images/generations", `{"model":"m","prompt":"a cat","n":2}`))
	if r := g.lastRecord(); r.Usage.Images != 2 || r.Attempts[0].Usage.Images != 2 || r.Cost.Known {
		t.Errorf("pictures: %+v, cost %+v", r.Usage, r.Cost)
	}
}

func TestACallThatFailsCostsNothing(t *testing.T) {
	t.Parallel()
	g := newScriptedRig(t, &parrot{serve: func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusInternalServerError) }})
	g.do(g.request("POST", "/v1/chat/completions", chatBody("m", false)))
	if r := g.lastRecord(); r.Usage != (llm.Usage{}) || r.Cost != (Cost{}) {
		t.Errorf("usage %+v, cost %+v", r.Usage, r.Cost)
	}
}

func TestStopWaitsForWhatIsToBeCounted(t *testing.T) {
	t.Parallel()
	g := newScriptedRig(t, &parrot{serve: sends(chunkHi, chunkEnd, "[DONE]")})
	for range 20 {
		g.do(g.request("POST", "/v1/chat/completions", chatBody("m", true)))
	}
	g.gateway.Stop()
	for range 20 {
		if r := g.lastRecord(); r.Usage.OutputFrom != llm.FromCounting {
			t.Fatalf("usage %+v", r.Usage)
		}
	}
}

func BenchmarkTally(b *testing.B) {
	p := New(Options{}).protocol(openai.Name)
	var tr try
	tr.call = &call{entry: entry{endpoint: &p.Endpoints[0]}}
	tr.at = &Attempt{}
	event := []byte(strings.Replace(chunkMore, `"usage":null`, `"system_fingerprint":"fp_44709d6fcb","service_tier":"default"`, 1))
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		if tr.heard.bytes > 8<<10 {
			tr.heard.text, tr.heard.bytes = tr.heard.text[:0], 0
		}
		tr.tally(event)
	}
}

func BenchmarkStrip(b *testing.B) {
	strip := New(Options{}).protocol(openai.Name).Endpoints[0].Answer.UsageOption.Strip
	for name, event := range map[string]string{"nothing there": asSeen(chunkMore), "usage null": chunkMore} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				strip([]byte(event))
			}
		})
	}
}
