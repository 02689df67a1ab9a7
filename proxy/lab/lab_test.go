package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// begin starts a lab on a real socket and stops it with the test.
func begin(t *testing.T, o Options) (*Lab, string) {
	t.Helper()
	if o.Pace == 0 {
		o.Pace = -1
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := New(o)
	base, err := l.Start(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		<-l.Done()
	})
	return l, base
}

// client keeps no connections and decodes nothing.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 4 << 20},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
}

type answered struct {
	status int
	header http.Header
	body   []byte
	err    error // of the connection, or of the body's end
}

func post(t *testing.T, url, body string, headers ...string) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := client().Do(req)
	if err != nil {
		return answered{err: err}
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return answered{resp.StatusCode, resp.Header, read, err}
}

const question1 = "How is the road to the sea?"

func ask(model string, stream bool) string {
	return string(encode(map[string]any{
		"model": model, "stream": stream, "messages": []map[string]string{{"role": "user", "content": question1}},
	}))
}

// streamed is the content of a stream of data: lines, and what else it held.
type streamed struct {
	text   string
	finish string
	done   int
	bad    int
	errs   int
	usage  bool
}

func readStream(body []byte) streamed {
	var s streamed
	for line := range strings.SplitSeq(string(body), "\n") {
		data, ok := strings.CutPrefix(line, "data:")
		if !ok {
			continue
		}
		data = strings.TrimSpace(data)
		if data == "[DONE]" {
			s.done++
			continue
		}
		var c struct {
			Choices []struct {
				Delta  struct{ Content string }
				Finish string `json:"finish_reason"`
			}
			Usage *usage
			Error *errorDetail
		}
		if json.Unmarshal([]byte(data), &c) != nil {
			s.bad++
			continue
		}
		if c.Error != nil {
			s.errs++
		}
		s.usage = s.usage || c.Usage != nil
		for _, choice := range c.Choices {
			s.text += choice.Delta.Content
			s.finish += choice.Finish
		}
	}
	return s
}

func errorOf(t *testing.T, a answered) errorDetail {
	t.Helper()
	var e errorBody
	if err := json.Unmarshal(a.body, &e); err != nil || a.err != nil {
		t.Fatalf("no error body: %v %v %q", a.err, err, a.body)
	}
	return e.Error
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestWrongRequestsGetTheVendorsErrors(t *testing.T) {
	l, base := begin(t, Options{})
	long := `{"model":"demo-chat","messages":` + strings.Repeat("[", 20000)
	tests := []struct {
		name, path, body    string
		status              int
		param, code, phrase string
	}{
		{"empty body", "/chat/completions", ``, 400, "", "", "parse the JSON"},
		{"array", "/chat/completions", `[]`, 400, "", "", "parse the JSON"},
		{"deep", "/chat/completions", long, 400, "", "", "parse the JSON"},
		{"not UTF-8", "/chat/completions", "{\"model\":\"\xff\"}", 400, "", "", "UTF-8"},
		{"no model", "/chat/completions", `{"messages":[]}`, 400, "model", "missing_required_parameter", "model"},
		{"model in capitals", "/chat/completions", `{"MODEL":"demo-chat","messages":[]}`, 400, "model", "missing_required_parameter", "model"},
		{"model a number", "/chat/completions", `{"model":5}`, 400, "model", "invalid_type", "an integer"},
		{"unknown model", "/chat/completions", `{"model":"gpt-9"}`, 404, "model", "model_not_found", "gpt-9"},
		{"unknown fault", "/chat/completions", `{"model":"fault-nix"}`, 404, "model", "model_not_found", "nix"},
		{"unknown option", "/chat/completions", `{"model":"lab-chat:x=1"}`, 404, "model", "model_not_found", "words"},
		{"bad option", "/chat/completions", `{"model":"lab-chat:words=-1"}`, 404, "model", "model_not_found", "from 0"},
		{"no messages", "/chat/completions", `{"model":"demo-chat"}`, 400, "messages", "missing_required_parameter", "messages"},
		{"empty messages", "/chat/completions", `{"model":"demo-chat","messages":[]}`, 400, "messages", "empty_array", "empty array"},
		{"bad role", "/chat/completions", `{"model":"demo-chat","messages":[{"role":"boss","content":"x"}]}`, 400, "messages[0].role", "invalid_value", "boss"},
		{"bad part", "/chat/completions", `{"model":"demo-chat","messages":[{"role":"user","content":[{"type":"smell"}]}]}`, 400, "messages[0].content[0].type", "invalid_value", "smell"},
		{"temperature", "/chat/completions", `{"model":"demo-chat","temperature":3,"messages":[{"role":"user","content":"x"}]}`, 400, "temperature", "decimal_above_max_value", "<= 2"},
		{"max_tokens", "/chat/completions", `{"model":"demo-chat","max_tokens":0,"messages":[{"role":"user","content":"x"}]}`, 400, "max_tokens", "integer_below_min_value", ">= 1"},
		{"stream a string", "/chat/completions", `{"model":"demo-chat","stream":"yes","messages":[{"role":"user","content":"x"}]}`, 400, "stream", "invalid_type", "a boolean"},
		{"stream_options", "/chat/completions", `{"model":"demo-chat","stream_options":{},"messages":[{"role":"user","content":"x"}]}`, 400, "stream_options", "", "only allowed"},
		{"orphan tool message", "/chat/completions", `{"model":"demo-chat","messages":[{"role":"tool","tool_call_id":"a","content":"x"}]}`, 400, "messages.[0].role", "", "must be a response"},
		{"json without json", "/chat/completions", `{"model":"demo-chat","response_format":{"type":"json_object"},"messages":[{"role":"user","content":"x"}]}`, 400, "messages", "", "the word 'json'"},
		{"embedding model", "/chat/completions", `{"model":"demo-embed","messages":[{"role":"user","content":"x"}]}`, 404, "model", "", "not a chat model"},
		{"too many words", "/chat/completions", `{"model":"lab-chat:words=90000","n":100,"messages":[{"role":"user","content":"x"}]}`, 400, "n", "", "at most"},
		{"no prefix", "/chat/completions", `{"model":"lab-chat:prefix=no","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}`, 400, "messages", "unsupported_value", "prefix"},
		{"no input", "/embeddings", `{"model":"demo-embed"}`, 400, "input", "missing_required_parameter", "input"},
		{"unknown URL", "/v1/chat/completions", ask("demo-chat", false), 404, "", "unknown_url", "/v1/v1/chat"},
		{"method", "/models", `{}`, 405, "", "", "GET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := post(t, base+tt.path, tt.body)
			e := errorOf(t, got)
			if got.status != tt.status || str(e.Param) != tt.param || str(e.Code) != tt.code || !strings.Contains(e.Message, tt.phrase) || e.Type != kindInvalid {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
	if got := post(t, base+"/chat/completions", `{}`, "Content-Type", "text/plain"); got.status != 400 {
		t.Errorf("second content type: %d", got.status)
	}
	if n := len(l.Calls()); n != len(tests)+1 {
		t.Errorf("%d calls recorded of %d", n, len(tests)+1)
	}
}

func TestKeys(t *testing.T) {
	l, base := begin(t, Options{Keys: []string{"sk-right-one-1234"}})
	tests := []struct {
		name    string
		headers []string
		status  int
		code    string
	}{
		{"none", nil, 401, ""},
		{"wrong", []string{"Authorization", "Bearer sk-wrong-one-9999"}, 401, "invalid_api_key"},
		{"bearer", []string{"Authorization", "Bearer sk-right-one-1234"}, 200, ""},
		{"api-key", []string{"api-key", "sk-right-one-1234"}, 200, ""},
		{"x-api-key", []string{"x-api-key", "sk-right-one-1234"}, 200, ""},
		{"two", []string{"api-key", "sk-right-one-1234", "Authorization", "Bearer sk-right-one-1234"}, 400, "ambiguous_credentials"},
		{"doubled", []string{"api-key", "sk-right-one-1234", "api-key", "sk-right-one-1234"}, 400, "ambiguous_credentials"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := post(t, base+"/chat/completions", ask("demo-chat", false), tt.headers...)
			if got.status != tt.status {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if tt.status == 200 {
				return
			}
			if e := errorOf(t, got); str(e.Code) != tt.code || strings.Contains(e.Message, "sk-wrong") {
				t.Errorf("got %+v", e)
			}
		})
	}
	if c := l.Calls()[3]; c.Key != "sk-right-one-1234" || c.Model != "demo-chat" || c.Header.Get("Api-Key") == "" || c.End.IsZero() {
		t.Errorf("recorded %+v", c)
	}
}

func TestWhoAreYou(t *testing.T) {
	_, base := begin(t, Options{Models: []string{"qwen-max"}})
	for q, want := range map[string]string{"你是谁": "我是 Posthouse 自带的演示模型 qwen-max", "Who are you?": "I am qwen-max, Posthouse's demo model"} {
		body := string(encode(map[string]any{"model": "qwen-max", "messages": []any{map[string]string{"role": "user", "content": q}}}))
		first, second := post(t, base+"/chat/completions", body), post(t, strings.TrimSuffix(base, "/v1")+"/openai/deployments/other/chat/completions?api-version=1", body)
		if !strings.Contains(string(first.body), want) {
			t.Errorf("%s: %s", q, first.body)
		}
		if second.status != 200 {
			t.Errorf("%s: second answer %d", q, second.status)
		}
	}
}

func TestDisconnectEndsTheCallAtOnce(t *testing.T) {
	for _, model := range []string{"fault-hang", "fault-never:pace=50ms", "fault-stall:n=1,for=1h", "fault-headers-then-hang", "demo-chat:words=1000,pace=1h", "fault-linger:for=1h,words=2"} {
		t.Run(model, func(t *testing.T) {
			l, base := begin(t, Options{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, base+"/chat/completions", strings.NewReader(ask(model, true)))
			req.Header.Set("Content-Type", "application/json")
			go func() {
				if resp, err := client().Do(req); err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}()
			wait, stop := context.WithTimeout(t.Context(), 10*time.Second)
			defer stop()
			if _, err := l.Wait(wait, func(c []Call) bool {
				return len(c) == 1 && c[0].Model != "" && (c[0].Sent > 0 || strings.Contains(model, "hang"))
			}); err != nil {
				t.Fatal(err)
			}
			left := time.Now()
			cancel()
			calls, err := l.Wait(wait, func(c []Call) bool { return !c[0].End.IsZero() })
			if err != nil {
				t.Fatal(err)
			}
			if !calls[0].Gone || calls[0].End.Sub(left) > time.Second {
				t.Errorf("gone %v after %v", calls[0].Gone, calls[0].End.Sub(left))
			}
		})
	}
}

func TestEventsAreFlushedOneByOne(t *testing.T) {
	l, base := begin(t, Options{})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/chat/completions", strings.NewReader(ask("fault-stall:n=3,for=1h", true)))
	req.Header.Set("Content-Type", "application/json")
	resp, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	for range 4 { // the role and three words arrive although the stream stands still
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "data: {") {
			t.Fatalf("%q %v", line, err)
		}
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	// What is flushed may be read before it is counted, and counting wakes nobody
	// but for the first event.
	calls := l.Calls()
	for deadline := time.Now().Add(10 * time.Second); calls[0].Sent != 4 && time.Now().Before(deadline); calls = l.Calls() {
		runtime.Gosched()
	}
	if calls[0].Sent != 4 || !calls[0].End.IsZero() {
		t.Errorf("recorded %d sent, end %v", calls[0].Sent, calls[0].End)
	}
}

func TestRules(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	l, base := begin(t, Options{Now: func() time.Time { return now }})
	for _, r := range []Rule{
		{Provider: "east", Count: 2, Fault: "e503"},
		{Key: "k1", Fault: "quota"},
		{Model: "demo-*", Until: now.Add(time.Minute), Fault: "e429:retry_after=7"},
	} {
		if err := l.SetRule(r); err != nil {
			t.Fatal(err)
		}
	}
	root := strings.TrimSuffix(base, "/v1")
	check := func(want int, path string, headers ...string) answered {
		t.Helper()
		got := post(t, root+path+"/chat/completions", ask("demo-chat", false), headers...)
		if got.status != want {
			t.Errorf("got %d, want %d: %s", got.status, want, got.body)
		}
		return got
	}
	check(503, "/p/east/v1")
	check(503, "/p/east/v1")
	if got := check(429, "/p/east/v1"); got.header.Get("Retry-After") != "7" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	if e := errorOf(t, check(429, "/v1", "api-key", "k1")); str(e.Code) != "insufficient_quota" {
		t.Errorf("got %+v", e)
	}
	now = now.Add(time.Hour)
	check(200, "/v1")
	l.ClearRules()
	check(200, "/v1", "api-key", "k1")
	for _, bad := range []Rule{{Fault: "nix"}, {Fault: "e429:n=3"}, {Fault: "flap:with=flap"}, {Model: "[", Fault: "e500"}} {
		if err := l.SetRule(bad); err == nil {
			t.Errorf("rule %+v was taken", bad)
		}
	}
}

func TestBodiesAreKeptWithinBounds(t *testing.T) {
	g := newLedger()
	body := bytes.Repeat([]byte("x"), 10<<20)
	r, _ := http.NewRequest(http.MethodPost, "http://lab/v1/chat/completions", nil)
	for range 10 {
		g.begin(r, body, false)
	}
	calls := g.list()
	if calls[0].Body != nil || calls[0].BodySize != len(body) || calls[9].Body == nil || g.bytes > keptBytes {
		t.Errorf("first %d, last %d, kept %d", len(calls[0].Body), len(calls[9].Body), g.bytes)
	}
	for range keptCalls {
		g.begin(r, nil, false)
	}
	if n := len(g.list()); n != keptCalls || g.bytes != 0 {
		t.Errorf("%d calls, %d bytes", n, g.bytes)
	}
	g.begin(r, body, true)
	if g.bytes != 0 {
		t.Error("a forgotten call is kept")
	}
}

func TestStartTwice(t *testing.T) {
	l, _ := begin(t, Options{})
	if _, err := l.Start(t.Context(), "127.0.0.1:0"); err == nil {
		t.Error("started twice")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Wait(ctx, func([]Call) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
}
