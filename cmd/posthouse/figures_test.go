package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// figures is what a call used, as one place or another has it.
type figures struct {
	Input     int64 `json:"input"`
	CacheRead int64 `json:"cache_read"`
	Output    int64 `json:"output"`
	Reasoning int64 `json:"reasoning"`
	AudioIn   int64 `json:"audio_in"`
	AudioOut  int64 `json:"audio_out"`
}

// plus adds up.
func (f figures) plus(o figures) figures {
	return figures{f.Input + o.Input, f.CacheRead + o.CacheRead, f.Output + o.Output, f.Reasoning + o.Reasoning, f.AudioIn + o.AudioIn, f.AudioOut + o.AudioOut}
}

// counting is a vendor that says, call by call, what it served.
func counting(t *testing.T) (base string, served func(n int64) figures) {
	t.Helper()
	served = func(n int64) figures {
		return figures{Input: 40 + n, CacheRead: 60 * (n % 2), Output: 50 + n, Reasoning: 20, AudioIn: 10, AudioOut: 5}
	}
	var n int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		n++ // the calls come one after the other
		u := served(n)
		usage := fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":%d},"completion_tokens_details":{"reasoning_tokens":%d,"audio_tokens":%d}}`,
			u.Input+u.CacheRead, u.Output, u.Input+u.CacheRead+u.Output, u.CacheRead, u.AudioIn, u.Reasoning, u.AudioOut)
		if !strings.Contains(string(body), `"stream":true`) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":%s}`, usage)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}],\"usage\":null}\n\n")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n")
		fmt.Fprintf(w, "data: {\"choices\":[],\"usage\":%s}\n\ndata: [DONE]\n\n", usage)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1", served
}

// TestEveryPlaceHasTheSameFigures asks the real program, and compares what the
// vendor says it served with the request log, the sums and /metrics: to the
// token, and to the billionth of what it cost.
func TestEveryPlaceHasTheSameFigures(t *testing.T) {
	i := serve(t, t.TempDir())
	base, served := counting(t)
	c := i.setUp()
	c.must("POST", "/api/providers", map[string]any{
		"name": "exact", "vendor": "custom", "base_url": base, "allow_private": true, "models": []string{"m1"},
		"keys": []map[string]any{{"name": "main", "value": vendorKey}},
	}, nil)
	c.must("POST", "/api/prices", map[string]any{
		"provider": "exact", "model": "m*", "currency": "CNY", "input": "1", "cache_read": "0.1", "output": "10", "audio_in": "100", "audio_out": "200",
	}, nil)
	c.must("PUT", "/api/settings/metrics", map[string]any{"enabled": true, "allow": []string{"127.0.0.1"}}, nil)

	const calls = 10
	var want figures
	var cost int64
	for n := int64(1); n <= calls; n++ {
		res, body := chat(t, http.DefaultClient, i.info.ProxyHTTP, "m1", n%2 == 0)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		if n%2 == 0 && strings.Contains(body, "usage") {
			t.Errorf("a stream that nobody asked for counts has them: %s", body)
		}
		want = want.plus(served(n))
		cost += costOf(served(n))
		var row struct {
			Tokens figures
			Cost   struct{ Amount float64 }
		}
		waitFor(t, func() bool {
			status, _ := c.do("GET", "/api/requests/"+res.Header.Get("X-Request-Id"), nil)
			return status == http.StatusOK
		})
		c.must("GET", "/api/requests/"+res.Header.Get("X-Request-Id"), nil, &row)
		if row.Tokens != served(n) {
			t.Errorf("call %d: the row has %+v, the vendor served %+v", n, row.Tokens, served(n))
		}
		if nano := costOf(served(n)); int64(row.Cost.Amount*1e9+0.5) != nano {
			t.Errorf("call %d: the row has a cost of %v, want %d billionths", n, row.Cost.Amount, nano)
		}
	}

	var overview struct {
		Now struct {
			Requests int64
			Tokens   figures
			Cost     struct{ Amount float64 }
		}
	}
	waitFor(t, func() bool {
		c.must("GET", "/api/monitor/overview?range=1h", nil, &overview)
		return overview.Now.Requests == calls
	})
	if overview.Now.Tokens != want || int64(overview.Now.Cost.Amount*1e9+0.5) != cost {
		t.Errorf("the sums have %+v; the vendor served %+v for %d billionths in %d calls", overview.Now, want, cost, calls)
	}
	if metric := i.tokens(c); metric != want {
		t.Errorf("/metrics has %+v, the vendor served %+v", metric, want)
	}
}

// TestHistoryIsPricedAgain corrects a price, and a rate, after the calls.
func TestHistoryIsPricedAgain(t *testing.T) {
	i := serve(t, t.TempDir())
	base, served := counting(t)
	c := i.setUp()
	c.must("POST", "/api/providers", map[string]any{
		"name": "exact", "vendor": "custom", "base_url": base, "allow_private": true, "models": []string{"m1"},
		"keys": []map[string]any{{"name": "main", "value": vendorKey}},
	}, nil)
	for range 5 {
		chat(t, http.DefaultClient, i.info.ProxyHTTP, "m1", false)
	}
	type money struct {
		Amount   float64
		Currency string
		Unpriced int64
	}
	total := func() money {
		var overview struct{ Now struct{ Cost money } }
		c.must("GET", "/api/monitor/overview?range=1h", nil, &overview)
		return overview.Now.Cost
	}
	// A call is counted when its answer has been read, so the last one is
	// waited for.
	var before money
	waitFor(t, func() bool { before = total(); return before.Unpriced == 5 })
	if before.Amount != 0 {
		t.Fatalf("without a price: %+v", before)
	}
	again := func() {
		c.must("POST", "/api/prices/reprice", map[string]any{"from": time.Now().Add(-time.Hour)}, nil)
		waitFor(t, func() bool {
			var job struct{ Running bool }
			c.must("GET", "/api/prices/reprice", nil, &job)
			return !job.Running
		})
	}
	c.must("POST", "/api/prices", map[string]any{
		"provider": "exact", "model": "*", "currency": "USD", "input": "1", "cache_read": "0.1", "output": "10", "audio_in": "100", "audio_out": "200",
	}, nil)
	c.must("PUT", "/api/prices/currency", map[string]any{"display": "CNY", "rates": map[string]string{"USD": "2"}}, nil)
	again()
	var cost int64
	for n := int64(1); n <= 5; n++ {
		cost += costOf(served(n))
	}
	after := total()
	if after.Unpriced != 0 || after.Currency != "CNY" || int64(after.Amount*1e9+0.5) != 2*cost {
		t.Errorf("priced again: %+v, want %d billionths", after, 2*cost)
	}
	again()
	if same := total(); same != after {
		t.Errorf("once more: %+v, was %+v", same, after)
	}
	if status, body := c.do("POST", "/api/prices/reprice", map[string]any{"from": time.Now().Add(time.Hour)}); status != http.StatusBadRequest {
		t.Errorf("from after the end: %d %s", status, body)
	}
}

// costOf is what such a call costs at the test's prices, in billionths.
func costOf(f figures) int64 {
	return (f.Input-f.AudioIn)*1000 + f.AudioIn*100_000 + f.CacheRead*100 + (f.Output-f.AudioOut)*10_000 + f.AudioOut*200_000
}

// waitFor waits for something that comes within a second or so.
func waitFor(t *testing.T, there func() bool) {
	t.Helper()
	late := time.After(patience)
	for !there() {
		select {
		case <-late:
			t.Fatal("it did not come")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tokens are the counts that /metrics has, of all models together.
func (i *instanceUnderTest) tokens(c *console) figures {
	got := i.scrape(c)
	return figures{
		Input: got("posthouse_tokens_total", "input"), CacheRead: got("posthouse_tokens_total", "cache_read"), Output: got("posthouse_tokens_total", "output"),
		Reasoning: got("posthouse_tokens_total", "reasoning"), AudioIn: got("posthouse_tokens_total", "audio_in"), AudioOut: got("posthouse_tokens_total", "audio_out"),
	}
}

// scrape reads /metrics, and returns a function that sums up the values of a
// name with a label.
func (i *instanceUnderTest) scrape(c *console) func(name, label string) int64 {
	status, body := c.do("GET", "/metrics", nil)
	if status != http.StatusOK {
		i.t.Fatalf("/metrics: %d %s", status, body)
	}
	return func(name, label string) int64 {
		var sum int64
		for line := range strings.Lines(string(body)) {
			if strings.HasPrefix(line, name+"{") && strings.Contains(line, `"`+label+`"`) {
				var v float64
				if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &v); err != nil {
					i.t.Fatal(err)
				}
				sum += int64(v)
			}
		}
		return sum
	}
}
