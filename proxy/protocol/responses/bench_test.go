package responses

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// longRequest is a request of 64 KiB: 60 turns and a dozen tools.
func longRequest() []byte {
	var b strings.Builder
	b.WriteString(`{"model":"m","instructions":"be brief","input":[`)
	for i := 0; b.Len() < 60<<10; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		role, kind := "user", "input_text"
		if i%2 == 1 {
			role, kind = "assistant", "output_text"
		}
		fmt.Fprintf(&b, `{"type":"message","role":%q,"content":[{"type":%q,"text":%q}]}`, role, kind, strings.Repeat("words and \"more\" words ", 40))
	}
	b.WriteString(`],"tools":[`)
	for i := range 12 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"function","name":"f%d","description":"does it","parameters":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}}`, i)
	}
	b.WriteString(`],"temperature":0.5}`)
	return []byte(b.String())
}

func BenchmarkDecodeRequest(b *testing.B) {
	body := longRequest()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Codec{}).DecodeRequest(&protocol.Question{Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeRequest(b *testing.B) {
	r, _ := Codec{}.DecodeRequest(&protocol.Question{Body: longRequest()})
	b.ReportAllocs()
	for b.Loop() {
		var l llm.Losses
		body, err := Codec{}.EncodeRequest(r, target(), &l)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(body)))
	}
}

// BenchmarkDecodeStream reads a stream of 500 events.
func BenchmarkDecodeStream(b *testing.B) {
	data := []byte(`{"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_0123456789abcdef","output_index":0,"content_index":0,"delta":" a few words","logprobs":[]}`)
	b.ReportAllocs()
	for b.Loop() {
		d := Codec{}.Decoder(target())
		var steps []llm.Event
		for range 500 {
			steps, _ = d.Decode(steps[:0], nil, data)
		}
	}
}

// BenchmarkEncodeStream writes a stream of 500 events.
func BenchmarkEncodeStream(b *testing.B) {
	delta := &llm.Delta{Text: " a few words"}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		enc := Codec{}.Encoder(&protocol.Reply{Model: "m", ID: "abc"})
		out = enc.Encode(out[:0], &llm.Begin{ID: "abcdefgh", Model: "gpt-x"})
		out = enc.Encode(out, &llm.Open{Part: &llm.Text{}})
		for range 500 {
			out = enc.Encode(out[:0], delta)
		}
	}
}
