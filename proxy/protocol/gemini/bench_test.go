package gemini

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
	b.WriteString(`{"systemInstruction":{"parts":[{"text":"be brief"}]},"contents":[`)
	for i := 0; b.Len() < 60<<10; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"role":%q,"parts":[{"text":%q}]}`, []string{"user", "model"}[i%2], strings.Repeat("words and \"more\" words ", 40))
	}
	b.WriteString(`],"tools":[{"functionDeclarations":[`)
	for i := range 12 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"f%d","description":"does it","parametersJsonSchema":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["integer","null"]}},"required":["a"],"additionalProperties":false}}`, i)
	}
	b.WriteString(`]}],"generationConfig":{"temperature":0.5}}`)
	return []byte(b.String())
}

func BenchmarkDecodeRequest(b *testing.B) {
	body := longRequest()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Inbound{}).DecodeRequest(&protocol.Question{Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeRequest(b *testing.B) {
	r, _ := Inbound{}.DecodeRequest(&protocol.Question{Body: longRequest()})
	for name, to := range map[string]*protocol.Target{"schemas": target(), "subset": target(subset)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var l llm.Losses
				body, err := Outbound{}.EncodeRequest(r, to, &l)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(body)))
			}
		})
	}
}

// BenchmarkDecodeStream reads a stream of 500 events.
func BenchmarkDecodeStream(b *testing.B) {
	data := []byte(`{"candidates":[{"content":{"parts":[{"text":" a few words"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"totalTokenCount":12,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}]},"modelVersion":"gemini-x","responseId":"abcdefgh"}`)
	b.ReportAllocs()
	for b.Loop() {
		d := Outbound{}.Decoder(target())
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
		enc := Inbound{}.Encoder(&protocol.Reply{Model: "m"})
		out = enc.Encode(out[:0], &llm.Begin{ID: "abcdefgh", Model: "gemini-x"})
		out = enc.Encode(out, &llm.Open{Part: &llm.Text{}})
		for range 500 {
			out = enc.Encode(out[:0], delta)
		}
	}
}

func BenchmarkPassedEvent(b *testing.B) {
	data := []byte(`{"candidates":[{"content":{"parts":[{"text":" a few words"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"totalTokenCount":12},"modelVersion":"gemini-x","responseId":"abcdefgh"}`)
	b.ReportAllocs()
	for b.Loop() {
		if event(nil, data) != protocol.HasUsage {
			b.Fatal("misread")
		}
	}
}
