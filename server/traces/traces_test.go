package traces_test

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/traces"
)

// sink is a collector.
type sink struct {
	mu     sync.Mutex
	spans  []*otlp.Span
	header http.Header
	path   string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	var got collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &got)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header, s.path = r.Header.Clone(), r.URL.Path
	for _, rs := range got.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			s.spans = append(s.spans, ss.Spans...)
		}
	}
}

func (s *sink) byKind(kind otlp.Span_SpanKind) []*otlp.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*otlp.Span
	for _, one := range s.spans {
		if one.Kind == kind {
			out = append(out, one)
		}
	}
	return out
}

func record() *proxy.Record {
	r := &proxy.Record{
		ID: "req_1", Start: time.Unix(1_790_000_000, 0), Duration: time.Second, FirstByte: 300 * time.Millisecond, Op: llm.OpChat, Method: "POST",
		Asked: "gpt-x", Model: "m1", Provider: "main", Route: "chat", Consumer: "team-a", Status: 200, Stream: true,
		Usage:   llm.Usage{Input: 40, CacheRead: 60, Output: 50, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
		Cost:    proxy.Cost{Known: true, Amount: price.Amount{Nano: 1_500_000, Currency: price.USD}},
		Message: "a message that quotes the canary prompt",
		Trace:   proxy.Trace{ID: [16]byte{1, 2}, Parent: [8]byte{3}, Span: [8]byte{4}, Sampled: true},
		Attempts: []proxy.Attempt{
			{Provider: "spare", Model: "m0", KeyName: "k", Start: 10 * time.Millisecond, Duration: 100 * time.Millisecond, Class: llm.ClassOverloaded, Status: 529, Message: "canary"},
			{Provider: "main", Model: "m1", KeyName: "k", Start: 110 * time.Millisecond, Headers: 50 * time.Millisecond, First: 190 * time.Millisecond, Duration: 890 * time.Millisecond, Status: 200, Span: [8]byte{9}},
		},
	}
	return r
}

func attribute(s *otlp.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return strings.Trim(strings.TrimPrefix(strings.TrimPrefix(a.Value.String(), "string_value:"), "int_value:"), `"`)
		}
	}
	return ""
}

func TestACallIsASpanWithItsAttempts(t *testing.T) {
	t.Parallel()
	s := &sink{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	e := &traces.Exporter{Version: "1"}
	e.Record(record()) // nobody wants it
	if err := e.Configure(t.Context(), &traces.Config{Endpoint: server.URL, Headers: map[string]proxy.Secret{"X-Token": "sesame"}}); err != nil {
		t.Fatal(err)
	}
	e.Record(record())
	unsampled := record()
	unsampled.Trace.Sampled = false
	e.Record(unsampled)
	root := record()
	root.Trace.Parent, root.Trace.ID = [8]byte{}, [16]byte{7}
	e.Record(root)
	e.Close()

	calls, tries := s.byKind(otlp.Span_SPAN_KIND_SERVER), s.byKind(otlp.Span_SPAN_KIND_CLIENT)
	if len(calls) != 2 || len(tries) != 4 || s.path != "/v1/traces" || s.header.Get("X-Token") != "sesame" {
		t.Fatalf("%d calls, %d attempts at %s with %v", len(calls), len(tries), s.path, s.header)
	}
	call := calls[0]
	if hex.EncodeToString(call.TraceId)[:4] != "0102" || call.ParentSpanId[0] != 3 || call.SpanId[0] != 4 {
		t.Errorf("ids %x %x %x", call.TraceId, call.ParentSpanId, call.SpanId)
	}
	if call.EndTimeUnixNano-call.StartTimeUnixNano != uint64(time.Second) || call.StartTimeUnixNano != 1_790_000_000e9 {
		t.Errorf("from %d to %d", call.StartTimeUnixNano, call.EndTimeUnixNano)
	}
	if len(calls[1].ParentSpanId) != 0 || calls[1].TraceId[0] != 7 {
		t.Errorf("a call that begins its trace has the parent %x in %x", calls[1].ParentSpanId, calls[1].TraceId)
	}
	for key, want := range map[string]string{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-x", "gen_ai.response.model": "m1", "gen_ai.provider.name": "main",
		"gen_ai.usage.input_tokens": "100", "gen_ai.usage.output_tokens": "50", "posthouse.route": "chat", "posthouse.cost": "0.0015",
	} {
		if got := attribute(call, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if first := tries[0]; first.ParentSpanId[0] != 4 || attribute(first, "error.type") != "overloaded" || first.Status.Code != otlp.Status_STATUS_CODE_ERROR {
		t.Errorf("the attempt that failed: %v", first)
	}
	if second := tries[1]; second.SpanId[0] != 9 || len(second.Events) != 2 {
		t.Errorf("the attempt that served: %v", second)
	}
	for _, one := range append(calls, tries...) {
		if strings.Contains(one.String(), "canary") {
			t.Errorf("a span quotes somebody's words: %v", one)
		}
	}
}

func BenchmarkRecordOff(b *testing.B) {
	e := &traces.Exporter{}
	r := record()
	b.ReportAllocs()
	for b.Loop() {
		e.Record(r)
	}
}

func BenchmarkRecordOn(b *testing.B) {
	server := httptest.NewServer(&sink{})
	defer server.Close()
	e := &traces.Exporter{}
	if err := e.Configure(b.Context(), &traces.Config{Endpoint: server.URL}); err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	r := record()
	b.ReportAllocs()
	for b.Loop() {
		e.Record(r)
	}
}
