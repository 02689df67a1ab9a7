package proxy

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

func BenchmarkLogCall(b *testing.B) {
	g := &Gateway{log: slog.New(slog.NewJSONHandler(io.Discard, nil))}
	r := &Record{
		ID: "req_0123456789abcdef0123456789abcdef", Method: "POST", Path: "/v1/chat/completions", ClientIP: "192.0.2.1", Status: 200,
		Duration: 1234 * time.Millisecond, FirstByte: 300 * time.Millisecond, RequestLen: 1024, BytesOut: 700, Op: llm.OpChat,
		Consumer: "team-a", Route: "chat", Asked: "qwen-max", Provider: "dashscope", Model: "qwen-max",
		Attempts: []Attempt{{Provider: "dashscope"}}, UsageSeen: true, Usage: llm.Usage{Input: 20, Output: 60, Total: 80},
	}
	b.ReportAllocs()
	for b.Loop() {
		g.logCall(r)
	}
}
