package anthropic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// FuzzRequest reads anything as a request. What can be read can be written, and
// is the same when it is read and written once more.
func FuzzRequest(f *testing.F) {
	files, _ := filepath.Glob("testdata/own/*.json")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	target := &protocol.Target{Model: "m", Traits: protocol.Traits{SystemAnywhere: true}}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, failed := codec{}.DecodeRequest(&protocol.Question{Body: body})
		if failed != nil {
			return
		}
		first, failed := codec{}.EncodeRequest(r, target, &llm.Losses{})
		if failed != nil {
			return
		}
		again, failed := codec{}.DecodeRequest(&protocol.Question{Body: first})
		if failed != nil {
			t.Fatalf("can't read what was written: %v\n%s", failed, first)
		}
		second, failed := codec{}.EncodeRequest(again, target, &llm.Losses{})
		if failed != nil {
			t.Fatalf("can't write again: %v\n%s", failed, first)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Fatalf("-first +second:\n%s", diff)
		}
		// To another dialect's vendor nothing panics either.
		r.Dialect = "openai"
		_, _ = codec{}.EncodeRequest(r, &protocol.Target{Traits: protocol.Traits{Thinks: protocol.ThinksAdaptively}}, &llm.Losses{})
	})
}

// FuzzStream reads anything as a stream and writes what it held: the same
// answer, and no more bytes than a small multiple.
func FuzzStream(f *testing.F) {
	f.Add(official)
	f.Add("data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"image\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n")
	f.Fuzz(func(t *testing.T, stream string) {
		events, failed := decodeStream(stream, &protocol.Target{})
		if failed != nil {
			return
		}
		first, ended := folded(events)
		if !ended {
			t.Fatal("no failure and no end")
		}
		e := codec{}.Encoder(&protocol.Reply{})
		var out []byte
		for _, ev := range events {
			out = e.Encode(out, ev)
		}
		if len(out) > 12*len(stream)+4096 {
			t.Fatalf("%d bytes became %d", len(stream), len(out))
		}
		again, failed := decodeStream(string(out), &protocol.Target{})
		if failed != nil {
			t.Fatalf("can't read what was written: %v", failed)
		}
		second, _ := folded(again)
		if diff := cmp.Diff(words(first), words(second)); diff != "" {
			t.Fatalf("-first +second:\n%s\n%s", diff, out)
		}
		if _, failed := (codec{}).EncodeResponse(first, &protocol.Reply{}); failed != nil {
			t.Fatalf("can't be written whole: %v", failed)
		}
	})
}

// words are what an answer says, without the frames.
func words(r *llm.Response) []string {
	var out []string
	for _, c := range r.Choices {
		for _, p := range c.Parts {
			switch p := p.(type) {
			case *llm.Text:
				out = append(out, "text "+p.Text)
			case *llm.Thinking:
				out = append(out, "thinking "+p.Text)
			case *llm.ToolCall:
				out = append(out, "call "+p.Name+p.Arguments)
			case *llm.Media, *llm.ToolResult, *llm.Refusal, *llm.Foreign:
			}
		}
	}
	return out
}

// FuzzResponse reads anything as a whole answer.
func FuzzResponse(f *testing.F) {
	f.Add([]byte(officialWhole))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, failed := codec{}.DecodeResponse(body, &protocol.Target{})
		if failed != nil {
			if failed.Class == "" {
				t.Fatal("a failure without a class")
			}
			return
		}
		out, failed := codec{}.EncodeResponse(r, &protocol.Reply{})
		if failed != nil {
			t.Fatal(failed)
		}
		if _, failed := (codec{}).DecodeResponse(out, &protocol.Target{}); failed != nil {
			t.Fatalf("can't read what was written: %v\n%s", failed, out)
		}
	})
}

func BenchmarkDecodeRequest(b *testing.B) {
	body := bigRequest()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, failed := (codec{}).DecodeRequest(&protocol.Question{Body: body}); failed != nil {
			b.Fatal(failed)
		}
	}
}

func BenchmarkEncodeRequest(b *testing.B) {
	body := bigRequest()
	r, failed := codec{}.DecodeRequest(&protocol.Question{Body: body})
	if failed != nil {
		b.Fatal(failed)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, failed := (codec{}).EncodeRequest(r, &protocol.Target{Model: "m"}, &llm.Losses{}); failed != nil {
			b.Fatal(failed)
		}
	}
}

// bigRequest is a conversation of 64 KiB.
func bigRequest() []byte {
	var b strings.Builder
	b.WriteString(`{"model":"m","max_tokens":100,"messages":[`)
	for i := 0; b.Len() < 64<<10; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"role":"user","content":[{"type":"text","text":"` + strings.Repeat("words of a user ", 40) + `"}]},`)
		b.WriteString(`{"role":"assistant","content":[{"type":"text","text":"` + strings.Repeat("an answer. ", 40) + `"},{"type":"tool_use","id":"t","name":"f","input":{"a":[1,2,3]}}]},`)
		b.WriteString(`{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"ok"}]}`)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

// longStream is a stream of 500 events, each as name and data.
func longStream() [][2][]byte {
	var out [][2][]byte
	add := func(name, data string) { out = append(out, [2][]byte{[]byte(name), []byte(data)}) }
	add("message_start", `{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":1}}}`)
	add("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`)
	for len(out) < 497 {
		add("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" hello world"}}`)
	}
	add("content_block_stop", `{"type":"content_block_stop","index":0}`)
	add("message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}`)
	add("message_stop", `{"type":"message_stop"}`)
	return out
}

func BenchmarkDecodeStream(b *testing.B) {
	frames := longStream()
	b.ReportAllocs()
	for b.Loop() {
		d := codec{}.Decoder(&protocol.Target{})
		events := make([]llm.Event, 0, 8)
		for _, f := range frames {
			var failed *llm.Error
			if events, failed = d.Decode(events[:0], f[0], f[1]); failed != nil {
				b.Fatal(failed)
			}
		}
	}
}

func BenchmarkEncodeStream(b *testing.B) {
	d := codec{}.Decoder(&protocol.Target{})
	var events []llm.Event
	for _, f := range longStream() {
		events, _ = d.Decode(events, f[0], f[1])
	}
	b.ReportAllocs()
	for b.Loop() {
		e := codec{}.Encoder(&protocol.Reply{})
		var buf []byte
		for _, ev := range events {
			buf = e.Encode(buf[:0], ev)
		}
	}
}
