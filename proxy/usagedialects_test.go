package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// newDialectRig is a gateway with the provider "main", which speaks a dialect
// and is parrot.
func newDialectRig(t *testing.T, dialect string, vendor *parrot) *rig {
	t.Helper()
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	return newRig(t, func(g *rig) Config {
		p := g.provider("main", "sk-1")
		at := map[string]struct{ vendor, base string }{
			"openai": {"custom", "/v1"}, "responses": {"openai", "/v1"}, "anthropic": {"anthropic", ""}, "gemini": {"gemini", "/v1beta"},
		}[dialect]
		p.Vendor, p.BaseURL, p.Models = at.vendor, server.URL+at.base, []string{"m"}
		return Config{Providers: []Provider{p}, Prices: []price.Entry{{Provider: "main", Model: "*", Source: "test", Price: price.Price{
			Currency: price.USD, Input: rate(t, "1"), CacheRead: rate(t, "0.1"), CacheWrite: rate(t, "2"), CacheWrite1h: rate(t, "4"),
			Output: rate(t, "10"), AudioIn: rate(t, "100"), AudioOut: rate(t, "200"),
		}}}}
	})
}

// asksHello is a stream that is asked for with the two words "Say hello".
func (g *rig) asksHello(dialect string) *http.Request {
	const said = `"Say hello"`
	switch dialect {
	case "responses":
		return g.request("POST", "/v1/responses", `{"model":"m","stream":true,"input":[{"role":"user","content":`+said+`}]}`)
	case "anthropic":
		return g.request("POST", "/v1/messages", `{"model":"m","stream":true,"max_tokens":100,"messages":[{"role":"user","content":`+said+`}]}`)
	case "gemini":
		return g.request("POST", "/v1beta/models/m:streamGenerateContent?alt=sse", `{"contents":[{"role":"user","parts":[{"text":`+said+`}]}]}`)
	}
	return g.request("POST", "/v1/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"user","content":`+said+`}]}`)
}

// Events of Anthropic's streams.
const (
	claudeStart    = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":40,"cache_creation_input_tokens":7,"cache_read_input_tokens":60,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":1}}}`
	claudeBare     = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null}}`
	claudeZero     = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}`
	claudeOpen     = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
	claudeHi       = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}`
	claudeMore     = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" world"}}`
	claudeClose    = `{"type":"content_block_stop","index":0}`
	claudeThink    = `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`
	claudeThought  = `{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me think about it"}}`
	claudeSigned   = `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2lnbmVkIGJ5IHRoZSB2ZW5kb3I="}}`
	claudeTool     = `{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}}`
	claudeArgument = `{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"city\":\"Paris\"}"}}`
	claudeToolEnd  = `{"type":"content_block_stop","index":1}`
	claudeUse      = `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":50,"output_tokens_details":{"thinking_tokens":20}}}`
	claudeNoUse    = `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null}}`
	claudeStop     = `{"type":"message_stop"}`
	claudeFailed   = `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`
)

// Events of Gemini's streams.
const (
	geminiHi      = `{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"index":0}],"modelVersion":"m"}`
	geminiMore    = `{"candidates":[{"content":{"parts":[{"text":" world"}],"role":"model"},"index":0}],"modelVersion":"m"}`
	geminiThought = `{"candidates":[{"content":{"parts":[{"text":"Let me think about it","thought":true}],"role":"model"},"index":0}],"modelVersion":"m"}`
	geminiCall    = `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"get_weather","args":{"city":"Paris"}},"thoughtSignature":"c2lnbmVkIGJ5IHRoZSB2ZW5kb3I="}],"role":"model"},"index":0}],"modelVersion":"m"}`
	geminiEnd     = `{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"m"}`
	geminiFailed  = `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`
)

// counting puts usageMetadata into an event.
func withCounts(event, counts string) string {
	return strings.TrimSuffix(event, "}") + `,"usageMetadata":{` + counts + `}}`
}

const (
	geminiPrompt = `"promptTokenCount":100,"cachedContentTokenCount":60,"promptTokensDetails":[{"modality":"TEXT","tokenCount":90},{"modality":"AUDIO","tokenCount":10}],"totalTokenCount":100`
	geminiSome   = `"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":3,"thoughtsTokenCount":20,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":10}],"totalTokenCount":123`
	geminiAll    = `"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":30,"thoughtsTokenCount":20,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":10}],"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":5}],"totalTokenCount":150`
)

// Events of the Responses API's streams.
const (
	itemsStart  = `{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"m","output":[]}}`
	itemsHi     = `{"type":"response.output_text.delta","sequence_number":1,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello"}`
	itemsMore   = `{"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":" world"}`
	itemsEnd    = `{"type":"response.completed","sequence_number":3,"response":{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hello world","annotations":[]}]}]}}`
	itemsFailed = `{"type":"error","sequence_number":3,"code":"server_error","message":"boom","param":null}`
)

// itemsUse is itemsEnd with the counts of golden(), but for sound.
func itemsUse() string {
	return strings.TrimSuffix(itemsEnd, "}}") + `,"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":20},"total_tokens":150}}}`
}

// asked is the prompt as counted here, which is whole, and out what was
// written.
func askedHere(out int64, from llm.Source) llm.Usage {
	const prompt = 2 + tokensOfForm
	return llm.Usage{Input: prompt, Output: out, Total: prompt + out, InputFrom: llm.FromCounting, OutputFrom: from}
}

// over lays counts of the answer over those of a prompt.
func over(prompt llm.Usage, out, reasoning int64, from llm.Source) llm.Usage {
	prompt.Output, prompt.Reasoning, prompt.OutputFrom, prompt.AudioOut = out, reasoning, from, 0
	prompt.Total = prompt.Prompt() + out
	return prompt
}

// The tokens of what tests say, by the vocabulary: thoughts and call are those
// of the events above.
const (
	twoWords    = 2
	thoughtsHi  = 6
	callAndArgs = 7
)

// TestEveryDialectsStreamsGiveExactFigures: with counts and without, cut, and
// with an error after half; in the record, of the call and of the attempt, and
// in what the caller sees.
func TestEveryDialectsStreamsGiveExactFigures(t *testing.T) {
	t.Parallel()
	claude := llm.Usage{Input: 40, CacheRead: 60, CacheWrite: 7, CacheWrite1h: 4, InputFrom: llm.FromProvider}
	google := golden()
	items := golden()
	items.AudioIn, items.AudioOut = 0, 0
	cases := []struct {
		dialect, name string
		vendor        []string
		want          llm.Usage
	}{
		{"anthropic", "counts", []string{claudeStart, claudeOpen, claudeHi, claudeMore, claudeClose, claudeUse, claudeStop}, over(claude, 50, 20, llm.FromProvider)},
		{"anthropic", "no last event", []string{claudeStart, claudeOpen, claudeHi, claudeMore, claudeClose, claudeUse}, over(claude, 50, 20, llm.FromProvider)},
		{"anthropic", "cut behind the counts", []string{claudeStart, claudeOpen, claudeHi, claudeMore, claudeClose, claudeUse, "cut"}, over(claude, 50, 20, llm.FromProvider)},
		{"anthropic", "no counts", []string{claudeBare, claudeOpen, claudeHi, claudeMore, claudeClose, claudeNoUse, claudeStop}, askedHere(twoWords, llm.FromCounting)},
		{"anthropic", "counts of the answer alone", []string{claudeZero, claudeOpen, claudeHi, claudeMore, claudeClose, claudeUse, claudeStop}, func() llm.Usage {
			u := askedHere(50, llm.FromProvider)
			u.Reasoning = 20
			return u
		}()},
		{"anthropic", "counts of the prompt alone", []string{claudeStart, claudeOpen, claudeHi, claudeMore, claudeClose, claudeNoUse, claudeStop}, over(claude, twoWords, 0, llm.FromCounting)},
		{"anthropic", "thoughts count", []string{claudeBare, claudeThink, claudeThought, claudeSigned, claudeClose, claudeHi, claudeNoUse, claudeStop}, askedHere(thoughtsHi, llm.FromCounting)},
		{"anthropic", "calls count", []string{claudeBare, claudeTool, claudeArgument, claudeToolEnd, claudeNoUse, claudeStop}, askedHere(callAndArgs, llm.FromCounting)},
		{"anthropic", "cut", []string{claudeStart, claudeOpen, claudeHi, claudeMore, "cut"}, over(claude, twoWords, 0, llm.FromEstimates)},
		{"anthropic", "cut, no counts", []string{claudeBare, claudeOpen, claudeHi, claudeMore, "cut"}, askedHere(twoWords, llm.FromEstimates)},
		{"anthropic", "an error after half", []string{claudeStart, claudeOpen, claudeHi, claudeMore, claudeFailed}, over(claude, twoWords, 0, llm.FromEstimates)},

		{"gemini", "counts", []string{withCounts(geminiHi, geminiSome), withCounts(geminiMore, geminiSome), withCounts(geminiEnd, geminiAll)}, google},
		{"gemini", "counts at the end", []string{geminiHi, geminiMore, withCounts(geminiEnd, geminiAll)}, google},
		{"gemini", "counts of the prompt first", []string{withCounts(geminiHi, geminiPrompt), withCounts(geminiMore, geminiPrompt), withCounts(geminiEnd, geminiAll)}, google},
		{"gemini", "counts of the prompt alone", []string{withCounts(geminiHi, geminiPrompt), withCounts(geminiMore, geminiPrompt), withCounts(geminiEnd, geminiPrompt)}, over(google, twoWords, 0, llm.FromCounting)},
		{"gemini", "no counts", []string{geminiHi, geminiMore, geminiEnd}, askedHere(twoWords, llm.FromCounting)},
		{"gemini", "thoughts count", []string{geminiThought, geminiHi, geminiEnd}, askedHere(thoughtsHi, llm.FromCounting)},
		{"gemini", "calls count", []string{geminiCall, geminiEnd}, askedHere(callAndArgs, llm.FromCounting)},
		{"gemini", "cut", []string{withCounts(geminiHi, geminiSome), withCounts(geminiMore, geminiSome), "cut"}, over(google, 23, 20, llm.FromEstimates)},
		{"gemini", "cut behind what was counted", []string{withCounts(geminiHi, geminiSome), geminiMore, "cut"}, over(google, 24, 20, llm.FromEstimates)},
		{"gemini", "cut, the prompt counted", []string{withCounts(geminiHi, geminiPrompt), geminiMore, "cut"}, over(google, twoWords, 0, llm.FromEstimates)},
		{"gemini", "cut, no counts", []string{geminiHi, geminiMore, "cut"}, askedHere(twoWords, llm.FromEstimates)},
		{"gemini", "an error after half", []string{withCounts(geminiHi, geminiSome), geminiMore, geminiFailed}, over(google, 24, 20, llm.FromEstimates)},

		{"responses", "counts", []string{itemsStart, itemsHi, itemsMore, itemsUse()}, items},
		{"responses", "no counts", []string{itemsStart, itemsHi, itemsMore, itemsEnd}, askedHere(twoWords, llm.FromCounting)},
		{"responses", "cut", []string{itemsStart, itemsHi, itemsMore, "cut"}, askedHere(twoWords, llm.FromEstimates)},
		{"responses", "an error after half", []string{itemsStart, itemsHi, itemsMore, itemsFailed}, askedHere(twoWords, llm.FromEstimates)},
	}
	for _, c := range cases {
		t.Run(c.dialect+" "+c.name, func(t *testing.T) {
			t.Parallel()
			if c.dialect == "responses" && c.want.InputFrom == llm.FromCounting {
				c.want.Input -= tokensOfForm - 1 // a list of items has no form to be counted
				c.want.Total -= tokensOfForm - 1
			}
			g := newDialectRig(t, c.dialect, &parrot{serve: sends(c.vendor...)})
			got := g.do(g.asksHello(c.dialect))
			for _, event := range c.vendor {
				if event != "cut" && !strings.Contains(event, `"error"`) && !strings.Contains(got.body, "data: "+event+"\n\n") {
					t.Errorf("the client did not get %s but\n%s", event, got.body)
				}
			}
			r := g.lastRecord()
			if r.Usage != c.want || len(r.Attempts) != 1 || r.Attempts[0].Usage != c.want {
				t.Errorf("usage\n%+v, want\n%+v", r.Usage, c.want)
			}
			nano := priceOf(c.want)
			if !r.Cost.Known || r.Cost.Amount.Nano != nano || r.Attempts[0].Cost.Amount.Nano != nano {
				t.Errorf("cost %+v, want %d", r.Cost, nano)
			}
		})
	}
}

// priceOf is what tokens cost in newDialectRig.
func priceOf(u llm.Usage) int64 {
	return (u.Input-u.AudioIn)*1000 + u.AudioIn*100_000 + u.CacheRead*100 + (u.CacheWrite-u.CacheWrite1h)*2000 + u.CacheWrite1h*4000 +
		(u.Output-u.AudioOut)*10_000 + u.AudioOut*200_000
}

// TestTranslatedStreamsAreCountedToo, with what their vendor said until they
// were cut.
func TestTranslatedStreamsAreCountedToo(t *testing.T) {
	t.Parallel()
	claude := llm.Usage{Input: 40, CacheRead: 60, CacheWrite: 7, CacheWrite1h: 4, InputFrom: llm.FromProvider}
	cases := []struct {
		client, vendor, name string
		events               []string
		want                 llm.Usage
	}{
		{"openai", "anthropic", "counts", []string{claudeStart, claudeOpen, claudeHi, claudeMore, claudeClose, claudeUse, claudeStop}, over(claude, 50, 20, llm.FromProvider)},
		{"openai", "anthropic", "cut", []string{claudeStart, claudeOpen, claudeHi, claudeMore, "cut"}, over(claude, twoWords, 0, llm.FromEstimates)},
		{"openai", "anthropic", "calls count", []string{claudeBare, claudeTool, claudeArgument, claudeToolEnd, claudeNoUse, claudeStop}, askedHere(callAndArgs, llm.FromCounting)},
		{"openai", "gemini", "cut", []string{withCounts(geminiHi, geminiSome), withCounts(geminiMore, geminiSome), "cut"}, over(golden(), 23, 20, llm.FromEstimates)},
		{"anthropic", "gemini", "cut behind what was counted", []string{withCounts(geminiHi, geminiSome), geminiMore, "cut"}, over(golden(), 24, 20, llm.FromEstimates)},
		{"anthropic", "openai", "no counts", []string{chunkHi, chunkMore, chunkEnd, "[DONE]"}, askedHere(twoWords, llm.FromCounting)},
		{"gemini", "openai", "cut", []string{chunkHi, chunkMore, "cut"}, askedHere(twoWords, llm.FromEstimates)},
	}
	for _, c := range cases {
		t.Run(c.client+" to "+c.vendor+" "+c.name, func(t *testing.T) {
			t.Parallel()
			g := newDialectRig(t, c.vendor, &parrot{serve: sends(c.events...)})
			g.do(g.asksHello(c.client))
			if r := g.lastRecord(); r.Usage != c.want || r.Attempts[0].Usage != c.want {
				t.Errorf("usage\n%+v, want\n%+v", r.Usage, c.want)
			}
		})
	}
}

// TestAWholeAnswerWithoutCounts is counted whoever wrote it.
func TestAWholeAnswerWithoutCounts(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"openai":    `{"id":"c1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello world"},"finish_reason":"stop"}]}`,
		"anthropic": `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hello world"}],"stop_reason":"end_turn","stop_sequence":null}`,
		"gemini":    `{"candidates":[{"content":{"parts":[{"text":"Hello world"}],"role":"model"},"finishReason":"STOP","index":0}]}`,
	}
	asks := map[string]func(g *rig) *http.Request{
		"openai": func(g *rig) *http.Request {
			return g.request("POST", "/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"Say hello"}]}`)
		},
		"anthropic": func(g *rig) *http.Request {
			return g.request("POST", "/v1/messages", `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Say hello"}]}`)
		},
		"gemini": func(g *rig) *http.Request {
			return g.request("POST", "/v1beta/models/m:generateContent", `{"contents":[{"role":"user","parts":[{"text":"Say hello"}]}]}`)
		},
	}
	for client, ask := range asks {
		for vendor, answer := range answers {
			t.Run(client+" to "+vendor, func(t *testing.T) {
				t.Parallel()
				g := newDialectRig(t, vendor, &parrot{serve: func(w http.ResponseWriter, _ string) {
					w.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(w, answer)
				}})
				g.do(ask(g))
				r := g.lastRecord()
				// Answers in one piece are read with a line's end behind each text.
				if u := r.Usage; u.Output < twoWords || u.Output > twoWords+1 || u.OutputFrom != llm.FromCounting || u.Input != 2+tokensOfForm || u.InputFrom != llm.FromCounting {
					t.Errorf("usage %+v", u)
				}
			})
		}
	}
}

// TestAClientThatLeavesHalfway is billed for what it had.
func TestAClientThatLeavesHalfway(t *testing.T) {
	t.Parallel()
	claude := llm.Usage{Input: 40, CacheRead: 60, CacheWrite: 7, CacheWrite1h: 4, InputFrom: llm.FromProvider}
	for dialect, c := range map[string]struct {
		events []string
		want   llm.Usage
	}{
		"anthropic": {[]string{claudeStart, claudeOpen, claudeHi, claudeMore}, over(claude, twoWords, 0, llm.FromEstimates)},
		"gemini":    {[]string{withCounts(geminiHi, geminiSome), withCounts(geminiMore, geminiSome)}, over(golden(), 23, 20, llm.FromEstimates)},
	} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			over := make(chan struct{})
			g := newDialectRig(t, dialect, &parrot{serve: func(w http.ResponseWriter, body string) {
				sends(c.events...)(w, body)
				w.(http.Flusher).Flush()
				<-over
			}})
			defer close(over)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			resp, err := g.client.Do(g.asksHello(dialect).WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			for last := c.events[len(c.events)-1]; !strings.Contains(string(got), last); {
				piece := make([]byte, 512)
				n, err := resp.Body.Read(piece)
				if got = append(got, piece[:n]...); err != nil {
					t.Fatalf("%v after %s", err, got)
				}
			}
			leave()
			_ = resp.Body.Close()
			if r := g.lastRecord(); r.Usage != c.want || r.Class != llm.ClassClientClosed {
				t.Errorf("%s, usage\n%+v, want\n%+v", r.Class, r.Usage, c.want)
			}
		})
	}
}
