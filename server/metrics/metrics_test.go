package metrics_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/metrics"
)

// scrape is what Prometheus would read, by line.
func scrape(t testing.TB, m *metrics.Metrics) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	lines := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		if i := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") && i > 0 {
			lines[line[:i]] = strings.TrimSpace(line[i:])
		}
	}
	return lines
}

func served(model string) *proxy.Record {
	return &proxy.Record{
		Op: llm.OpChat, Route: "chat", Provider: "main", Model: model, Asked: model, Stream: true, Status: 200, Consumer: "team-a",
		FirstByte: 200 * time.Millisecond, Duration: 1200 * time.Millisecond,
		Usage: llm.Usage{Input: 40, CacheRead: 60, Output: 51, Reasoning: 20, AudioIn: 10, AudioOut: 5, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
		Cost:  proxy.Cost{Known: true, Amount: price.Amount{Nano: 2_500_000_000, Currency: price.USD}},
		Attempts: []proxy.Attempt{
			{Provider: "spare", Model: "m0", Class: llm.ClassOverloaded}, {Provider: "main", Model: model},
		},
		Skipped: []proxy.Skip{{Provider: "third", Model: "m9"}},
	}
}

func TestMetricsAddUpToTheRecord(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{
		Version: "1", InFlight: func() int { return 7 },
		Targets: func() []proxy.TargetState {
			return []proxy.TargetState{{Provider: "spare", Model: "m0", Class: llm.ClassCut}}
		},
		Keys: func() map[string]proxy.KeyState {
			return map[string]proxy.KeyState{"k1": {Provider: "main", State: proxy.KeyBenched}, "k2": {Provider: "main", State: proxy.KeyBenched}}
		},
		Records: func() (int64, int64, int64) { return 5, 4, 3 },
	})
	m.Record(served("before it is on"))
	m.Configure(true, true)
	m.Record(served("m1"))
	m.Record(served("m1"))
	m.Record(&proxy.Record{Op: llm.OpChat, Asked: "a name that somebody made up", Status: 404, Class: llm.ClassModelNotFound})
	got := scrape(t, m)
	main := `provider="main",model="m1"`
	ai := `gen_ai_operation_name="chat",gen_ai_provider_name="main",gen_ai_request_model="m1"`
	for name, want := range map[string]string{
		`posthouse_requests_total{error_type="",gen_ai_provider_name="main",model="m1",route="chat",status="200"}`:           "2",
		`posthouse_requests_total{error_type="model_not_found",gen_ai_provider_name="",model="other",route="",status="404"}`: "1",
		`posthouse_attempts_total{error_type="overloaded",gen_ai_provider_name="spare",model="other"}`:                       "2",
		`posthouse_attempts_total{error_type="",gen_ai_` + main + `}`:                                                        "2",
		`posthouse_skipped_total{gen_ai_provider_name="third",model="other"}`:                                                "2",
		`posthouse_fallbacks_total{gen_ai_` + main + `,route="chat"}`:                                                        "2",
		`posthouse_tokens_total{gen_ai_` + `provider="main",kind="input",model="m1"}`:                                        "80",
		`posthouse_tokens_total{gen_ai_provider_name="main",kind="cache_read",model="m1"}`:                                   "120",
		`posthouse_tokens_total{gen_ai_provider_name="main",kind="output",model="m1"}`:                                       "102",
		`posthouse_tokens_total{gen_ai_provider_name="main",kind="audio_out",model="m1"}`:                                    "10",
		`posthouse_cost_total{currency="USD",gen_ai_provider_name="main",model="m1"}`:                                        "5",
		`gen_ai_client_token_usage_sum{` + ai + `,gen_ai_token_type="input"}`:                                                "200",
		`gen_ai_client_token_usage_sum{` + ai + `,gen_ai_token_type="output"}`:                                               "102",
		`gen_ai_client_operation_duration_seconds_sum{error_type="",` + ai + `}`:                                             "2.4",
		`gen_ai_server_time_to_first_token_seconds_sum{` + ai + `}`:                                                          "0.4",
		`gen_ai_server_time_per_output_token_seconds_sum{` + ai + `}`:                                                        "0.04",
		`posthouse_consumer_requests_total{consumer="team-a",status="200"}`:                                                  "2",
		`posthouse_consumer_tokens_total{consumer="team-a",gen_ai_token_type="input"}`:                                       "200",
		`posthouse_in_flight`: "7",
		`posthouse_breaker_open{gen_ai_provider_name="spare",model="m0",reason="cut"}`: "1",
		`posthouse_keys_out{gen_ai_provider_name="main",state="benched"}`:              "2",
		`posthouse_records_total{result="shed"}`:                                       "4",
		`posthouse_build_info{version="1"}`:                                            "1",
	} {
		name = strings.ReplaceAll(name, `gen_ai_provider="main"`, `gen_ai_provider_name="main"`)
		if got[name] != want {
			t.Errorf("%s is %q, want %s", name, got[name], want)
		}
	}
	if got["go_goroutines"] == "" || got["process_resident_memory_bytes"] == "" {
		t.Error("the runtime's metrics are missing")
	}
}

func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{})
	m.Configure(true, true)
	for i := range 1000 {
		r := served(fmt.Sprint("model ", i))
		r.Consumer = fmt.Sprint("consumer ", i)
		m.Record(r)
		made := &proxy.Record{Op: llm.OpChat, Asked: fmt.Sprint("made up ", i), Status: 404}
		m.Record(made)
	}
	models, consumers := map[string]bool{}, map[string]bool{}
	lines := scrape(t, m)
	for line := range lines {
		if _, after, ok := strings.Cut(line, `posthouse_requests_total{`); ok {
			_, model, _ := strings.Cut(after, `model="`)
			model, _, _ = strings.Cut(model, `"`)
			models[model] = true
		}
		if strings.HasPrefix(line, "posthouse_consumer_requests_total") {
			consumers[line] = true
		}
	}
	if len(models) != 201 || !models["other"] || len(consumers) != 101 {
		t.Errorf("%d models, %d consumers have a label", len(models), len(consumers))
	}
}

func TestConsumersAreLeftOutUnlessWanted(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{})
	m.Configure(true, false)
	m.Record(served("m1"))
	for line := range scrape(t, m) {
		if strings.Contains(line, "team-a") {
			t.Errorf("%s", line)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	for name, on := range map[string]bool{"on": true, "off": false} {
		b.Run(name, func(b *testing.B) {
			m := metrics.New(metrics.Options{})
			m.Configure(on, false)
			r := served("m1")
			r.Attempts, r.Skipped = r.Attempts[1:], nil
			b.ReportAllocs()
			for b.Loop() {
				m.Record(r)
			}
		})
	}
}

func BenchmarkScrape(b *testing.B) {
	m := metrics.New(metrics.Options{})
	m.Configure(true, true)
	for i := range 200 {
		m.Record(served(fmt.Sprint("model ", i)))
	}
	for b.Loop() {
		scrape(b, m)
	}
}
