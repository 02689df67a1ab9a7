package proxy

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// clients ask for a story in their dialect.
var clients = []struct {
	dialect string
	path    func(model string, stream bool) string
	body    string // with the model and the stream flag, or neither
}{
	{"openai", func(string, bool) string { return "/v1/chat/completions" }, `{"model":%q,"stream":%v,"messages":[{"role":"user","content":"tell me a story"}]}`},
	{"responses", func(string, bool) string { return "/v1/responses" }, `{"model":%q,"stream":%v,"input":"tell me a story"}`},
	{"anthropic", func(string, bool) string { return "/v1/messages" }, `{"model":%q,"stream":%v,"max_tokens":1000,"messages":[{"role":"user","content":"tell me a story"}]}`},
	{"gemini", func(model string, stream bool) string {
		if stream {
			return "/v1beta/models/" + model + ":streamGenerateContent?alt=sse"
		}
		return "/v1beta/models/" + model + ":generateContent"
	}, `{"contents":[{"role":"user","parts":[{"text":"tell me a story"}]}]}`},
}

// ask asks in a dialect, below a prefix.
func (g *rig) ask(dialect, before, model string, stream bool) answer {
	g.t.Helper()
	for _, c := range clients {
		if c.dialect != dialect {
			continue
		}
		body := c.body
		if strings.Contains(body, "%q") {
			body = fmt.Sprintf(body, model, stream)
		}
		return g.do(g.request("POST", before+c.path(model, stream), body))
	}
	g.t.Fatalf("no dialect %s", dialect)
	return answer{}
}

// heardAs reads an answer as a client of a dialect would, and whether it is
// whole.
func (a answer) heardAs(t testing.TB, dialect string, stream bool) (*llm.Response, bool, *llm.Error) {
	t.Helper()
	out := conversing(knownProtocols()[dialect]).Out
	target := &protocol.Target{Unique: "t", Stream: stream, Header: http.Header{}}
	if !stream {
		r, failed := out.DecodeResponse([]byte(a.body), target)
		return r, failed == nil, failed
	}
	var fold llm.Fold
	dec := out.Decoder(target)
	frames := sse.NewReader(strings.NewReader(a.body), 1<<20)
	for !dec.Done() {
		ev, err := frames.Next()
		var events []llm.Event
		var failed *llm.Error
		if err != nil {
			events, failed = dec.End(nil)
		} else if ev.Data != nil {
			events, failed = dec.Decode(nil, ev.Name, ev.Data)
		}
		for _, e := range events {
			fold.Add(e)
		}
		if failed != nil || err != nil {
			r, whole := fold.Response()
			return r, whole, failed
		}
	}
	r, whole := fold.Response()
	return r, whole, nil
}

// wordsOf is the text of an answer.
func wordsOf(r *llm.Response) string {
	text := ""
	if r == nil || len(r.Choices) == 0 {
		return ""
	}
	for _, p := range r.Choices[0].Parts {
		if p, ok := p.(*llm.Text); ok {
			text += p.Text
		}
	}
	return text
}

// TestWholeAnswerForAStream: a server that can't stream is told so: the caller
// gets its answer as the stream it asked for.
func TestWholeAnswerForAStream(t *testing.T) {
	t.Parallel()
	g := newRig(t, two)
	for _, c := range clients {
		a := g.ask(c.dialect, "", "fault-json-for-stream", true)
		r, whole, failed := a.heardAs(t, c.dialect, true)
		if wordsOf(r) != lab.Text(story, 60) || !whole || failed != nil {
			t.Errorf("%s: %d %v %v %q", c.dialect, a.status, whole, failed, wordsOf(r))
		}
		if rec := g.lastRecord(); rec.Provider != "main" || !rec.UsageSeen || len(rec.Attempts) != 1 {
			t.Errorf("%s: record %+v", c.dialect, rec)
		}
	}
}

// TestEveryDialectIsServed by a vendor that speaks OpenAI's alone, whole and
// streamed, with and without a route's prefix.
func TestEveryDialectIsServed(t *testing.T) {
	t.Parallel()
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Routes = append(conf.Routes, Route{ID: "r2", Name: "team", Match: Match{PathPrefix: "/team-a"}, Targets: []Target{{Provider: "spare"}}})
		return conf
	})
	for _, c := range clients {
		for _, stream := range []bool{false, true} {
			for _, before := range []string{"", "/team-a"} {
				a := g.ask(c.dialect, before, "lab-chat:words=60", stream)
				r, whole, failed := a.heardAs(t, c.dialect, stream)
				if a.status != 200 || a.err != nil || !whole || failed != nil || wordsOf(r) != lab.Text(story, 60) {
					t.Errorf("%s stream=%v %s: %d %v whole %v %v %q", c.dialect, stream, before, a.status, a.err, whole, failed, a.body)
					continue
				}
				kind := map[bool]string{false: "application/json", true: "text/event-stream"}[stream]
				if got := a.header.Get("Content-Type"); got != kind {
					t.Errorf("%s stream=%v: content type %q", c.dialect, stream, got)
				}
				rec := g.lastRecord()
				if !rec.UsageSeen || rec.Usage.Output == 0 || rec.Usage.Input == 0 || rec.Attempts[0].Dialect != "openai" || rec.Stream != stream {
					t.Errorf("%s stream=%v: record %+v", c.dialect, stream, rec)
				}
				if c.dialect == "openai" && stream {
					continue // counts come in a stream only if they are asked for
				}
				if r.Usage == nil || r.Usage.Output != rec.Usage.Output {
					t.Errorf("%s stream=%v: told %+v, recorded %+v", c.dialect, stream, r.Usage, rec.Usage)
				}
			}
		}
	}
}

// TestTranslatedArray streams one JSON array to clients who don't ask for events.
func TestTranslatedArray(t *testing.T) {
	t.Parallel()
	g := newRig(t, one)
	a := g.do(g.request("POST", "/v1beta/models/lab-chat:streamGenerateContent", `{"contents":[{"parts":[{"text":"tell me a story"}]}]}`))
	var list []struct {
		Candidates []struct {
			Content struct{ Parts []struct{ Text string } }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || len(list) < 3 || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v %v: %.300s", err, a.header, a.body)
	}
	broken := g.do(g.request("POST", "/v1beta/models/main%2Ffault-die:n=5,words=60:streamGenerateContent", `{"contents":[{"parts":[{"text":"tell me a story"}]}]}`))
	if broken.status != 200 || broken.err == nil || !strings.HasPrefix(broken.body, "[") || !strings.Contains(broken.body, `"error"`) {
		t.Errorf("a broken array looks whole: %d %s", broken.status, broken.body)
	}
}

// TestErrorsInEveryDialect: whatever goes wrong is told in the caller's own
// form, also before anything is known of the call but its path and headers.
func TestErrorsInEveryDialect(t *testing.T) {
	t.Parallel()
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Access.Mode = AccessKeys
		conf.Consumers = []Consumer{{ID: "c", Name: "team", Keys: []ConsumerKey{{ID: "k", Hash: sha256.Sum256([]byte("ph-team"))}}}}
		conf.Providers[0].Models = []string{"lab-chat", "fault-e400"}
		return conf
	})
	shapes := map[string]func(map[string]any) bool{
		"openai": func(m map[string]any) bool {
			e, _ := m["error"].(map[string]any)
			return e["type"] != nil && e["message"] != ""
		},
		"anthropic": func(m map[string]any) bool { return m["type"] == "error" },
		"gemini": func(m map[string]any) bool {
			e, _ := m["error"].(map[string]any)
			return e["status"] != nil && e["code"] != nil
		},
	}
	shapes["responses"] = shapes["openai"]
	for _, c := range clients {
		for _, tt := range []struct {
			name, path, body, key string
			status                int
		}{
			{"no key", c.path("lab-chat", false), c.body, "", 401},
			{"wrong key", c.path("lab-chat", false), c.body, "ph-other", 401},
			{"unknown model", c.path("nothing", false), c.body, "ph-team", 404},
			{"vendor refuses", c.path("fault-e400", false), c.body, "ph-team", 400},
			{"not JSON", c.path("lab-chat", false), `{"model":`, "ph-team", 400},
			{"wrong method", c.path("lab-chat", false), "", "ph-team", 405},
		} {
			model := strings.TrimSuffix(tt.path[strings.LastIndexByte(tt.path, '/')+1:], ":generateContent")
			if c.dialect != "gemini" {
				model = map[string]string{"unknown model": "nothing", "vendor refuses": "fault-e400"}[tt.name]
			}
			body := tt.body
			if strings.Contains(body, "%q") {
				body = fmt.Sprintf(body, model, false)
			}
			r := g.request("POST", tt.path, body)
			if tt.status == 405 && c.dialect == "gemini" {
				continue // there is a list below that path
			}
			if tt.status == 405 {
				r = g.request("GET", tt.path, "")
			}
			switch {
			case tt.key == "":
			case c.dialect == "anthropic":
				r.Header.Set("X-Api-Key", tt.key)
			case c.dialect == "gemini":
				r.URL.RawQuery = "key=" + tt.key
			default:
				r.Header.Set("Authorization", "Bearer "+tt.key)
			}
			a := g.do(r)
			var m map[string]any
			if err := json.Unmarshal([]byte(a.body), &m); err != nil || a.status != tt.status || !shapes[c.dialect](m) {
				t.Errorf("%s, %s: %d %v %s", c.dialect, tt.name, a.status, err, a.body)
			}
			if rec := g.lastRecord(); rec.Class == "" {
				t.Errorf("%s, %s: recorded as a success", c.dialect, tt.name)
			}
		}
	}
	r := g.request("POST", "/v1beta/models/lab-chat:generateContent", clients[3].body)
	r.Header.Set("X-Goog-Api-Key", "ph-team")
	if a := g.do(r); a.status != 200 {
		t.Errorf("x-goog-api-key: %d %s", a.status, a.body)
	}
	for _, call := range g.lab.Calls() {
		if strings.Contains(fmt.Sprint(call.Header)+call.Path, "ph-team") {
			t.Errorf("the caller's key was sent on: %s %v", call.Path, call.Header)
		}
	}
}

// TestBreaksInEveryDialect: a translated stream that nobody can finish ends in
// an error of the dialect and a broken connection; where somebody can, the
// client sees one whole answer.
func TestBreaksInEveryDialect(t *testing.T) {
	t.Parallel()
	for _, c := range clients {
		for _, fault := range []string{"die", "eof", "half", "stall", "miderr"} {
			t.Run(c.dialect+" "+fault, func(t *testing.T) {
				t.Parallel()
				model := "fault-" + fault + ":n=20,words=60"
				with := func(spare string) *rig {
					return newRig(t, func(g *rig) Config {
						conf := two(g)
						conf.Timeouts = Timeouts{Idle: 300 * time.Millisecond, FirstToken: 2 * time.Second}
						if spare == "" {
							conf.Routes[0].Fallback = nil
						} else {
							conf.Routes[0].Fallback[0].Targets[0].Model = spare
						}
						return conf
					})
				}
				g := with("")
				a := g.ask(c.dialect, "", model, true)
				r, whole, failed := a.heardAs(t, c.dialect, true)
				if whole || failed == nil || failed.Class == llm.ClassCut || a.err == nil || len(wordsOf(r)) == 0 {
					t.Errorf("alone: whole %v, failed %v, %v: …%s", whole, failed, a.err, a.body[max(0, len(a.body)-300):])
				}
				if rec := g.lastRecord(); rec.Class == "" {
					t.Error("recorded as a success")
				}
				g = with("lab-spare")
				a = g.ask(c.dialect, "", model, true)
				r, whole, failed = a.heardAs(t, c.dialect, true)
				if wordsOf(r) != lab.Text(story, 60) || !whole || failed != nil || a.err != nil {
					t.Errorf("rescued: whole %v, failed %v, %v: %q", whole, failed, a.err, wordsOf(r))
				}
				if rec := g.lastRecord(); !rec.Rescued || rec.Class != "" {
					t.Errorf("record %+v", rec)
				}
			})
		}
	}
}

// fakeVendor is a vendor that gives the same answers each time, and keeps what it
// was asked.
type fakeVendor struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	paths []string
}

func newFakeVendor(t *testing.T, answers ...func(http.ResponseWriter)) *fakeVendor {
	s := &fakeVendor{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, string(body))
		s.paths = append(s.paths, r.URL.Path)
		s.mu.Unlock()
		answers[min(n, len(answers)-1)](w)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *fakeVendor) question(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.asked) {
		return ""
	}
	return s.asked[n]
}

func whole(body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func streamed(events string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, events)
	}
}

const claudeCalls = `{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[` +
	`{"type":"thinking","thinking":"Ask the tool.","signature":"c2lnbmF0dXJl"},{"type":"redacted_thinking","data":"c2VjcmV0"},` +
	`{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Paris"}}],"stop_reason":"tool_use","usage":{"input_tokens":5,"output_tokens":5}}`

// TestStateSurvivesAnyClient: Claude's signed thinking goes through a client of
// OpenAI's dialect that keeps nothing but the id of the tool call, and comes
// back to Claude as it was; another vendor gets neither it nor our seal.
func TestStateSurvivesAnyClient(t *testing.T) {
	t.Parallel()
	claude := newFakeVendor(t, whole(claudeCalls))
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers = append(conf.Providers, Provider{
			ID: "p-claude", Name: "claude", Vendor: "anthropic", BaseURL: claude.URL, AllowPrivate: true,
			Keys: []Key{{ID: "k", Secret: "sk-ant-canary-0123456789"}},
		})
		return conf
	})
	const tools = `"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]`
	a := g.do(g.request("POST", "/v1/chat/completions", `{"model":"claude/claude-sonnet-4-6","reasoning_effort":"low","messages":[{"role":"user","content":"Weather?"}],`+tools+`}`))
	var got struct {
		Choices []struct {
			Message struct {
				ToolCalls []struct{ ID string } `json:"tool_calls"`
			}
		}
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 200 {
		t.Fatalf("%d %v %s", a.status, err, a.body)
	}
	id := got.Choices[0].Message.ToolCalls[0].ID
	second := func(model string) string {
		return fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"Weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":%q,"type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}}]},{"role":"tool","tool_call_id":%q,"content":"18"}],%s}`, model, id, id, tools)
	}
	if a := g.do(g.request("POST", "/v1/chat/completions", second("claude/claude-sonnet-4-6"))); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	sent := claude.question(1)
	for _, want := range []string{`"signature":"c2lnbmF0dXJl"`, `"thinking":"Ask the tool."`, `"data":"c2VjcmV0"`, `"id":"toolu_1"`, `"tool_use_id":"toolu_1"`} {
		if !strings.Contains(sent, want) {
			t.Errorf("Claude misses %s: %s", want, sent)
		}
	}
	if a := g.do(g.request("POST", "/v1/chat/completions", second("main/lab-chat"))); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	calls := g.lab.Calls()
	if last := string(calls[len(calls)-1].Body); strings.Contains(last, "phs1_") || strings.Contains(last, "c2lnbmF0dXJl") || !strings.Contains(last, `"id":"toolu_1"`) {
		t.Errorf("the other vendor got %s", last)
	}
}

// TestRescueAcrossDialects: a stream that Claude began, passed on byte by byte
// to a client of its own dialect, is finished by a vendor of another one.
func TestRescueAcrossDialects(t *testing.T) {
	t.Parallel()
	words := lab.Text(story, 60)
	cut := len(words) / 2
	ev := func(name, data string) string { return "event: " + name + "\ndata: " + data + "\n\n" }
	begun := ev("message_start", `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":5,"output_tokens":1}}}`) +
		ev("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`)
	for piece := 0; piece < cut; piece += 10 {
		text, _ := json.Marshal(words[piece:min(piece+10, cut)])
		begun += ev("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":`+string(text)+`}}`)
	}
	claude := newFakeVendor(t, streamed(begun))
	for _, c := range clients {
		g := newRig(t, func(g *rig) Config {
			conf := two(g)
			conf.Providers = append(conf.Providers, Provider{
				ID: "p-claude", Name: "claude", Vendor: "anthropic", BaseURL: claude.URL, AllowPrivate: true,
				Keys: []Key{{ID: "k", Secret: "sk-ant-canary-0123456789"}},
			})
			conf.Routes[0].Targets = []Target{{Provider: "claude", Model: "claude-sonnet-4-6"}}
			return conf
		})
		a := g.ask(c.dialect, "", "any", true)
		r, whole, failed := a.heardAs(t, c.dialect, true)
		if wordsOf(r) != words || !whole || failed != nil || a.err != nil || r.ID == "" {
			t.Errorf("%s: whole %v, failed %v, %v: %q\n%s", c.dialect, whole, failed, a.err, wordsOf(r), a.body)
		}
		if rec := g.lastRecord(); !rec.Rescued || rec.Attempts[0].Dialect != "anthropic" || rec.Attempts[1].Dialect != "openai" {
			t.Errorf("%s: record %+v", c.dialect, rec.Attempts)
		}
	}
}

// TestStrict: a route that demands it refuses what would be lost, naming the
// field, and lets hints go; others say in a header what was lost.
func TestStrict(t *testing.T) {
	t.Parallel()
	claude := newFakeVendor(t, whole(claudeCalls))
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers = append(conf.Providers, Provider{
			ID: "p-claude", Name: "claude", Vendor: "anthropic", BaseURL: claude.URL, AllowPrivate: true,
			Keys: []Key{{ID: "k", Secret: "sk-ant-canary-0123456789"}},
		})
		to := []Target{{Provider: "claude", Model: "claude-sonnet-4-6"}}
		conf.Routes = []Route{
			{ID: "1", Name: "strict", Match: Match{Models: []ModelMatch{{Value: "strict"}}}, Targets: to, Strict: true},
			{ID: "2", Name: "lenient", Targets: to},
		}
		return conf
	})
	ask := func(model, more string) answer {
		return g.do(g.request("POST", "/v1/chat/completions", fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"x"}]%s}`, model, more)))
	}
	if a := ask("strict", `,"logit_bias":{"1":1}`); a.status != 400 || !strings.Contains(a.body, `"param":"logit_bias"`) || a.errorCode(t) != "lossy_translation" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := ask("strict", `,"prompt_cache_key":"k"`); a.status != 200 || a.header.Get("X-Posthouse-Lossy") != "dropped prompt_cache_key" {
		t.Errorf("%d %q %s", a.status, a.header.Get("X-Posthouse-Lossy"), a.body)
	}
	if a := ask("lenient", `,"logit_bias":{"1":1},"temperature":1.5`); a.status != 200 || a.header.Get("X-Posthouse-Lossy") != "dropped logit_bias; changed temperature" {
		t.Errorf("%d %q %s", a.status, a.header.Get("X-Posthouse-Lossy"), a.body)
	}
	if rec := g.lastRecord(); rec == nil || len(g.records) < 3 {
		t.Error("no records")
	}
	if a := ask("lenient", ""); a.header.Get("X-Posthouse-Lossy") != "" {
		t.Errorf("nothing was lost, but %q", a.header.Get("X-Posthouse-Lossy"))
	}
}

// TestFetchedMedia: pictures by URL are fetched for vendors that don't, checked
// by size and kind, and never from our own network.
func TestFetchedMedia(t *testing.T) {
	t.Parallel()
	png, _ := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cat.png":
			_, _ = w.Write(png)
		case "/page":
			_, _ = io.WriteString(w, "<html>no cat</html>")
		case "/huge":
			w.Header().Set("Content-Type", "image/png")
			for range maxMedia/len(png) + 2 {
				if _, err := w.Write(png); err != nil {
					return
				}
			}
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(files.Close)
	vendor := newFakeVendor(t, whole(`{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"A cat."},"finish_reason":"stop"}]}`))
	g := newRig(t, func(*rig) Config {
		return Config{Providers: []Provider{{ID: "p", Name: "ollama", Vendor: "ollama", BaseURL: vendor.URL + "/v1", AllowPrivate: true}}}
	})
	ask := func(path string) answer {
		return g.do(g.request("POST", "/v1beta/models/ollama%2Fllava:generateContent", fmt.Sprintf(`{"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":%q}},{"text":"What?"}]}]}`, files.URL+path)))
	}
	if a := ask("/cat.png"); a.status != 400 || !strings.Contains(a.body, "not on the public internet") {
		t.Errorf("our own network: %d %s", a.status, a.body)
	}
	if vendor.question(0) != "" {
		t.Error("the vendor was asked all the same")
	}
	g.gateway.fetching.private = true
	if a := ask("/cat.png"); a.status != 200 || !strings.Contains(vendor.question(0), `"url":"data:image/png;base64,iVBOR`) {
		t.Errorf("%d %s: sent %s", a.status, a.body, vendor.question(0))
	}
	for path, want := range map[string]string{"/page": "text/html", "/huge": "larger than", "/none": "status 404"} {
		if a := ask(path); a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// TestModelsInEveryDialect lists models as the caller's dialect does.
func TestModelsInEveryDialect(t *testing.T) {
	t.Parallel()
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers[0].Models = []string{"lab-a", "org/lab-b"}
		return conf
	})
	for _, tt := range []struct{ path, header, want string }{
		{"/v1/models", "", `"object":"list"`},
		{"/v1/models", "Anthropic-Version", `"has_more"`},
		{"/v1beta/models", "", `"models":[`},
		{"/v1/models/org/lab-b", "", `"owned_by":"main"`},
		{"/v1/models/lab-a", "Anthropic-Version", `"type":"model"`},
		{"/v1beta/models/lab-a", "", `"name":"models/lab-a"`},
	} {
		r := g.request("GET", tt.path, "")
		if tt.header != "" {
			r.Header.Set(tt.header, "2023-06-01")
		}
		if a := g.do(r); a.status != 200 || !strings.Contains(strings.ReplaceAll(a.body, " ", ""), tt.want) {
			t.Errorf("%s %s: %d %s", tt.path, tt.header, a.status, a.body)
		}
	}
}

// TestCountTokens: a prompt is counted by whoever can: the vendor, one of
// another dialect, or the gateway itself.
func TestCountTokens(t *testing.T) {
	t.Parallel()
	claude := newFakeVendor(t, whole(`{"input_tokens":42}`))
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers = append(conf.Providers, Provider{
			ID: "p-claude", Name: "claude", Vendor: "anthropic", BaseURL: claude.URL, AllowPrivate: true,
			Keys: []Key{{ID: "k", Secret: "sk-ant-canary-0123456789"}},
		})
		return conf
	})
	anthropic := func(model string) answer {
		return g.do(g.request("POST", "/v1/messages/count_tokens", fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"one two three four five six seven"}]}`, model)))
	}
	gemini := func(model string) answer {
		return g.do(g.request("POST", "/v1beta/models/"+model+":countTokens", `{"contents":[{"parts":[{"text":"one two three four five six seven"}]}]}`))
	}
	for _, tt := range []struct {
		name string
		got  answer
		want string
	}{
		{"passed on", anthropic("claude/claude-sonnet-4-6"), `{"input_tokens":42}`},
		{"asked of another dialect", gemini("claude%2Fclaude-sonnet-4-6"), `"totalTokens":42`},
		{"counted here", anthropic("main/lab-chat"), `{"input_tokens":14}`},
		{"counted here for Gemini", gemini("main%2Flab-chat"), `"totalTokens":14`},
	} {
		if tt.got.status != 200 || !strings.Contains(strings.ReplaceAll(tt.got.body, " ", ""), tt.want) {
			t.Errorf("%s: %d %s", tt.name, tt.got.status, tt.got.body)
		}
	}
	if n := g.asked("main"); n != 0 {
		t.Errorf("a vendor that counts nothing was asked %d times", n)
	}
	if a := anthropic(""); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestEmbeddingsInEveryDialect asks OpenAI's imitators for vectors in Gemini's
// dialect.
func TestEmbeddingsInEveryDialect(t *testing.T) {
	t.Parallel()
	g := newRig(t, one)
	a := g.do(g.request("POST", "/v1beta/models/lab-embed:batchEmbedContents", `{"requests":[{"model":"models/lab-embed","content":{"parts":[{"text":"one"}]}},{"model":"models/lab-embed","content":{"parts":[{"text":"two"}]}}]}`))
	var got struct{ Embeddings []struct{ Values []float32 } }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 200 || len(got.Embeddings) != 2 || len(got.Embeddings[1].Values) == 0 {
		t.Errorf("%d %v %.300s", a.status, err, a.body)
	}
	if rec := g.lastRecord(); !rec.UsageSeen || rec.Op != llm.OpEmbeddings {
		t.Errorf("record %+v", rec)
	}
}

// TestDroppedReasoning: a client that drops reasoning does not wedge a
// conversation with a vendor that demands it back; one that keeps it is passed
// on to the byte.
func TestDroppedReasoning(t *testing.T) {
	t.Parallel()
	vendor := newFakeVendor(t, whole(`{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Sunny."},"finish_reason":"stop"}]}`))
	g := newRig(t, func(*rig) Config {
		return Config{Providers: []Provider{{
			ID: "p", Name: "ds", Vendor: "deepseek", BaseURL: vendor.URL, AllowPrivate: true, Keys: []Key{{ID: "k", Secret: "sk-canary-0123456789"}},
		}}}
	})
	const call = `"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"18"}]}`
	for i, tt := range []struct{ message, want string }{
		{`{"role":"assistant","content":null,`, `"reasoning_content":" "`},
		{`{"role":"assistant","content":null,"reasoning_content":"Hm.",`, `"content":null,"reasoning_content":"Hm."`},
	} {
		a := g.do(g.request("POST", "/v1/chat/completions", `{"model":"ds/deepseek-v4-pro","messages":[{"role":"user","content":"x"},`+tt.message+call))
		if a.status != 200 || !strings.Contains(vendor.question(i), tt.want) {
			t.Errorf("%d %s: sent %s", a.status, a.body, vendor.question(i))
		}
	}
}
