package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// replayed is what a client of the replay asks for.
type replayed struct{ path, body string }

// replay makes a day's traffic in little: five vendors in three dialects, whole
// and streamed, with and without usage in the stream, embeddings, answers with
// reasoning, routes of which the first target always fails.
func replay(n int) []replayed {
	random := rand.New(rand.NewPCG(20261124, 1))
	list := make([]replayed, 0, n)
	for i := range n {
		provider := []string{"alpha", "beta", "gamma", "claude", "gemini"}[random.IntN(5)]
		words := strings.Repeat(fmt.Sprintf("word%d 你好 ", random.IntN(1000)), 1+random.IntN(40))
		stream, usage := "", ""
		if random.IntN(3) > 0 {
			stream = `,"stream":true`
			if random.IntN(2) == 0 {
				usage = `,"stream_options":{"include_usage":true}`
			}
		}
		model := provider + "/lab-chat"
		switch random.IntN(10) {
		case 0:
			model = "falls"
		case 1:
			model = provider + "/lab-reason"
		case 2:
			list = append(list, replayed{"/v1/embeddings", fmt.Sprintf(`{"model":"alpha/lab-embed","input":%q}`, words)})
			continue
		}
		list = append(list, replayed{"/v1/chat/completions", fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}],"max_tokens":%d%s%s}`, model, words, 20+i%100, stream, usage)})
	}
	return list
}

// TestLedgerIsWhatTheVendorsServed replays traffic through the whole program:
// the ledger ends with what the vendors say they served, to the token, and says
// so again after a restart.
func TestLedgerIsWhatTheVendorsServed(t *testing.T) {
	vendor := lab.New(lab.Options{Pace: -1, Models: []string{"lab-chat", "lab-reason", "lab-embed"}})
	front := httptest.NewServer(vendor)
	t.Cleanup(front.Close)
	dir := filepath.Join(t.TempDir(), "data")
	i := serve(t, dir)
	c := i.setUp()
	for name, home := range map[string][2]string{
		"alpha": {"custom", "/v1"}, "beta": {"custom", "/v1"}, "gamma": {"custom", "/v1"}, "claude": {"anthropic", ""}, "gemini": {"gemini", "/v1beta"},
	} {
		c.must("POST", "/api/providers", map[string]any{
			"name": name, "vendor": home[0], "base_url": front.URL + "/p/" + name + home[1], "allow_private": true, "models": []string{"lab-chat", "lab-reason", "lab-embed", "fault-e503"},
			"keys": []map[string]any{{"name": "main", "value": vendorKey}},
		}, nil)
	}
	c.must("POST", "/api/routes", map[string]any{
		"name": "falls", "match": map[string]any{"models": []map[string]any{{"value": "falls"}}},
		"targets":  []map[string]any{{"provider": "beta", "model": "fault-e503"}},
		"fallback": []map[string]any{{"targets": []map[string]any{{"provider": "gamma", "model": "lab-chat"}}}},
	}, nil)
	const n = 400
	calls := make(chan replayed)
	var clients sync.WaitGroup
	client := &http.Client{Timeout: patience}
	for range 8 {
		clients.Go(func() {
			for call := range calls {
				answer, err := client.Post(i.info.ProxyHTTP+call.path, "application/json", strings.NewReader(call.body))
				if err != nil {
					t.Error(err)
					continue
				}
				text, err := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				if err != nil || answer.StatusCode != http.StatusOK {
					t.Errorf("%s: status %d, %v: %.300s", call.body, answer.StatusCode, err, text)
				}
			}
		})
	}
	for _, call := range replay(n) {
		calls <- call
	}
	close(calls)
	clients.Wait()
	served := map[string]lab.Billed{}
	for _, call := range vendor.Calls() {
		if call.Fault == "" && call.Status == http.StatusOK {
			sum := served[call.Provider]
			served[call.Provider] = lab.Billed{Prompt: sum.Prompt + call.Billed.Prompt, Output: sum.Output + call.Billed.Output}
		}
	}
	c.ledgerSays(served, n)
	if code := i.stop(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, i.log)
	}
	again := serve(t, dir)
	defer again.stop()
	c, _ = again.login(adminPassword)
	c.ledgerSays(served, n)
}

// ledgerSays checks what the monitoring shows against what vendors served.
func (c *console) ledgerSays(served map[string]lab.Billed, calls int64) {
	c.t.Helper()
	type figures struct {
		Requests, Failed int64
		Tokens           struct{ Input, CacheRead, CacheWrite, Output, Unknown, Estimated int64 }
	}
	var top struct {
		Rows []struct {
			Name string
			Now  figures
		}
	}
	all := int64(0)
	for end := time.Now().Add(patience); all < calls && time.Now().Before(end); {
		c.must("GET", "/api/monitor/top?by=provider&range=1h", nil, &top)
		all = 0
		for _, row := range top.Rows {
			all += row.Now.Requests
		}
	}
	if all != calls {
		c.t.Errorf("%d requests in the ledger, %d were made", all, calls)
	}
	for _, row := range top.Rows {
		want, got := served[row.Name], row.Now.Tokens
		if prompt := got.Input + got.CacheRead + got.CacheWrite; prompt != int64(want.Prompt) || got.Output != int64(want.Output) || row.Now.Failed != 0 || got.Unknown != 0 || got.Estimated != 0 {
			c.t.Errorf("%s: the ledger has %d and %d tokens (%+v), the vendor served %d and %d", row.Name, prompt, got.Output, row.Now, want.Prompt, want.Output)
		}
	}
	if len(top.Rows) != len(served) {
		c.t.Errorf("%d providers are in the ledger, %d served", len(top.Rows), len(served))
	}
}
