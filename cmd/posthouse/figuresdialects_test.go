package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// spokenIn is a dialect in which "Hello world" is streamed as an answer to "Say
// hello": by a vendor that counts all of it, by one that counts nothing, and by
// one whose connection breaks after the words.
type spokenIn struct {
	vendor, base  string // in the catalogue; behind the fake's URL
	path, body    string
	counts        []string // events
	silent        []string
	counted, half figures // with counts; with those that came before the break
}

// prompt and words are what is counted here: "Say hello" with the form of one
// message, and "Hello world".
const (
	promptTokens = 9
	wordTokens   = 2
)

func dialectsSpoken() map[string]spokenIn {
	claudeBegin := `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null%s}}`
	claudeWords := `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello world"}}`
	claudeEnd := `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null}%s}`
	googleWords := `{"candidates":[{"content":{"parts":[{"text":"Hello world"}],"role":"model"},"index":0}]%s}`
	googleEnd := `{"candidates":[{"content":{"parts":[],"role":"model"},"finishReason":"STOP","index":0}]%s}`
	openaiWords := `{"choices":[{"index":0,"delta":{"content":"Hello world"},"finish_reason":null}]}`
	openaiEnd := `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	const stop = `{"type":"message_stop"}`
	return map[string]spokenIn{
		"claude": {
			vendor: "anthropic", path: "/v1/messages",
			body: `{"model":"claude","stream":true,"max_tokens":99,"messages":[{"role":"user","content":"Say hello"}]}`,
			counts: []string{
				fmt.Sprintf(claudeBegin, `,"usage":{"input_tokens":40,"cache_read_input_tokens":60,"output_tokens":1}`), claudeWords,
				fmt.Sprintf(claudeEnd, `,"usage":{"output_tokens":50,"output_tokens_details":{"thinking_tokens":20}}`), stop,
			},
			silent:  []string{fmt.Sprintf(claudeBegin, ""), claudeWords, fmt.Sprintf(claudeEnd, ""), stop},
			counted: figures{Input: 40, CacheRead: 60, Output: 50, Reasoning: 20},
			half:    figures{Input: 40, CacheRead: 60, Output: wordTokens},
		},
		"google": {
			vendor: "gemini", base: "/v1beta", path: "/v1beta/models/google:streamGenerateContent?alt=sse",
			body: `{"contents":[{"role":"user","parts":[{"text":"Say hello"}]}]}`,
			counts: []string{
				fmt.Sprintf(googleWords, `,"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":3,"thoughtsTokenCount":20,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":10}],"totalTokenCount":123}`),
				fmt.Sprintf(googleEnd, `,"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":30,"thoughtsTokenCount":20,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":10}],"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":5}],"totalTokenCount":150}`),
			},
			silent:  []string{fmt.Sprintf(googleWords, ""), fmt.Sprintf(googleEnd, "")},
			counted: figures{Input: 40, CacheRead: 60, Output: 50, Reasoning: 20, AudioIn: 10, AudioOut: 5},
			half:    figures{Input: 40, CacheRead: 60, Output: 23, Reasoning: 20, AudioIn: 10},
		},
		"openai": {
			vendor: "custom", base: "/v1", path: "/v1/chat/completions",
			body: `{"model":"openai","stream":true,"messages":[{"role":"user","content":"Say hello"}]}`,
			counts: []string{
				openaiWords, openaiEnd,
				`{"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":10},"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":5}}}`, "[DONE]",
			},
			silent:  []string{openaiWords, openaiEnd, "[DONE]"},
			counted: figures{Input: 40, CacheRead: 60, Output: 50, Reasoning: 20, AudioIn: 10, AudioOut: 5},
			half:    figures{Input: promptTokens, Output: wordTokens},
		},
	}
}

// TestEveryDialectHasTheSameFigures in the request log, the sums and /metrics:
// what the vendor counted, what was counted here where it did not, and both
// together for streams that broke off.
func TestEveryDialectHasTheSameFigures(t *testing.T) {
	i := serve(t, t.TempDir())
	c := i.setUp()
	c.must("PUT", "/api/settings/metrics", map[string]any{"enabled": true, "allow": []string{"127.0.0.1"}}, nil)
	here := figures{Input: promptTokens, Output: wordTokens}
	var want figures
	var calls int64
	for name, d := range dialectsSpoken() {
		var events []string
		var breaks bool
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for _, e := range events {
				fmt.Fprintf(w, "data: %s\n\n", e)
			}
			if breaks {
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
		}))
		t.Cleanup(server.Close)
		c.must("POST", "/api/providers", map[string]any{
			"name": name, "vendor": d.vendor, "base_url": server.URL + d.base, "allow_private": true, "models": []string{name},
			"keys": []map[string]any{{"name": "main", "value": vendorKey}},
		}, nil)
		for _, turn := range []struct {
			name   string
			events []string
			breaks bool
			want   figures
		}{
			{"counts", d.counts, false, d.counted},
			{"no counts", d.silent, false, here},
			{"broken", upToWords(d.counts), true, d.half},
			{"broken, no counts", upToWords(d.silent), true, here},
		} {
			events, breaks = turn.events, turn.breaks // calls come one after the other
			id := i.stream(d.path, d.body)
			want, calls = want.plus(turn.want), calls+1
			var row struct{ Tokens figures }
			waitFor(t, func() bool {
				status, _ := c.do("GET", "/api/requests/"+id, nil)
				return status == http.StatusOK
			})
			c.must("GET", "/api/requests/"+id, nil, &row)
			if row.Tokens != turn.want {
				t.Errorf("%s, %s: the row has %+v, want %+v", name, turn.name, row.Tokens, turn.want)
			}
		}
	}
	var overview struct {
		Now struct {
			Requests int64
			Tokens   figures
		}
	}
	waitFor(t, func() bool {
		c.must("GET", "/api/monitor/overview?range=1h", nil, &overview)
		return overview.Now.Requests == calls
	})
	if overview.Now.Tokens != want {
		t.Errorf("the sums have %+v, want %+v", overview.Now.Tokens, want)
	}
	if got := i.tokens(c); got != want {
		t.Errorf("/metrics has %+v, want %+v", got, want)
	}
}

// upToWords is the beginning of a stream, the words included.
func upToWords(events []string) []string {
	for n, e := range events {
		if strings.Contains(e, "Hello world") {
			return events[:n+1]
		}
	}
	return events
}

// stream makes a call and reads what comes of its answer. It returns the call's
// id.
func (i *instanceUnderTest) stream(path, body string) (id string) {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), "POST", i.info.ProxyHTTP+path, strings.NewReader(body))
	if err != nil {
		i.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		i.t.Fatal(err)
	}
	got, _ := io.ReadAll(res.Body) // it may break off
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.Contains(string(got), "Hello world") {
		i.t.Fatalf("%s: %d %s", path, res.StatusCode, got)
	}
	return res.Header.Get("X-Request-Id")
}
