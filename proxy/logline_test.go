package proxy

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

func lineRecord() *Record {
	return &Record{
		ID: "req_0123456789abcdef0123456789abcdef", Method: "POST", Path: "/v1/chat/completions", ClientIP: "192.0.2.1", Status: 200,
		Duration: 1234560 * time.Microsecond, FirstByte: 300 * time.Millisecond, RequestLen: 1024, BytesOut: 700, Op: llm.OpChat,
		Consumer: "team-a", Route: "chat", Asked: "qwen-max", Provider: "dashscope", Model: "qwen-max",
		Attempts: []Attempt{{Provider: "dashscope"}}, UsageSeen: true, Usage: llm.Usage{Input: 20, Output: 60, Total: 80},
	}
}

func TestCallLine(t *testing.T) {
	for _, name := range []string{"plain", "团队 😀", "quote\" back\\slash", "line\nbreak\ttab\x01\x7f", "broken \xff\xc3 end", "\u2028<&>", ""} {
		var out bytes.Buffer
		g := &Gateway{calls: &out}
		r := lineRecord()
		r.Consumer, r.Class, r.Stream = name, llm.ClassOverloaded, true
		g.logCall(r)
		if bytes.Count(out.Bytes(), []byte("\n")) != 1 {
			t.Errorf("%q: not one line: %q", name, out.String())
		}
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%q: %v: %s", name, err, out.String())
		}
		if at, err := time.Parse(time.RFC3339Nano, line["time"].(string)); err != nil || time.Since(at) > time.Hour {
			t.Errorf("time %v: %v", line["time"], err)
		}
		want := map[string]any{
			"level": "INFO", "msg": "call", "request_id": r.ID, "method": "POST", "path": r.Path, "client": "192.0.2.1", "status": 200.0,
			"ms": 1234.56, "bytes_in": 1024.0, "bytes_out": 700.0, "op": "chat", "route": "chat", "asked": "qwen-max", "provider": "dashscope",
			"model": "qwen-max", "class": "overloaded", "stream": true, "attempts": 1.0, "ttft_ms": 300.0,
			"prompt_tokens": 20.0, "completion_tokens": 60.0, "attempt_1": "dashscope/  0 0ms ",
		}
		if name != "" {
			text, _ := json.Marshal(name)
			var there any
			_ = json.Unmarshal(text, &there)
			want["consumer"] = there
		}
		for key, value := range want {
			if line[key] != value {
				t.Errorf("%q: %s is %v, want %v", name, key, line[key], value)
			}
			delete(line, key)
		}
		delete(line, "time")
		if len(line) > 0 {
			t.Errorf("%q: the line has more: %v", name, line)
		}
	}
}

func BenchmarkLogCall(b *testing.B) {
	g, r := &Gateway{calls: io.Discard}, lineRecord()
	b.ReportAllocs()
	for b.Loop() {
		g.logCall(r)
	}
}
