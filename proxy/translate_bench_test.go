package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// benchTargets are a vendor for each dialect that vendors speak.
var benchTargets = []struct{ protocol, vendor, model string }{
	{"openai", "openai", "gpt-4.1"},
	{"responses", "openai", "gpt-5.4"},
	{"anthropic", "anthropic", "claude-sonnet-4-6"},
	{"gemini", "gemini", "gemini-3.1-pro-preview"},
	{"bedrock", "bedrock", "us.anthropic.claude-sonnet-4-6"},
}

func benchTarget(b *testing.B, far *protocol.Protocol, vendorID, model string) *protocol.Target {
	b.Helper()
	v, ok := catalog.ByID(vendorID)
	if !ok {
		b.Fatalf("no vendor %s", vendorID)
	}
	return &protocol.Target{Vendor: v.Name.EN, Model: model, Stream: true, Origin: "o", Unique: "u", Traits: v.Traits(far.Name, model), Header: http.Header{}}
}

// longConversation is a request of 64 KiB: turns with tools and their results.
func longConversation(b *testing.B) []byte {
	b.Helper()
	messages := []any{object{"role": "system", "content": strings.Repeat("Be helpful. ", 100)}}
	for n := 0; ; n++ {
		id := fmt.Sprintf("call_%d", n)
		messages = append(messages,
			object{"role": "user", "content": strings.Repeat("What is the weather in Paris? ", 20)},
			object{"role": "assistant", "content": nil, "tool_calls": []any{object{"id": id, "type": "function", "function": object{"name": "get_weather", "arguments": `{"city":"Paris"}`}}}},
			object{"role": "tool", "tool_call_id": id, "content": strings.Repeat("22 degrees and sunny. ", 20)},
			object{"role": "assistant", "content": strings.Repeat("It is sunny. ", 20)})
		body, err := json.Marshal(object{
			"model": "m", "stream": true, "messages": append(messages, object{"role": "user", "content": "And now?"}),
			"tools": []any{object{"type": "function", "function": object{"name": "get_weather", "parameters": object{"type": "object", "properties": object{"city": object{"type": "string"}}}}}},
		})
		if err != nil {
			b.Fatal(err)
		}
		if len(body) >= 64<<10 {
			return body
		}
	}
}

// longIn is longConversation in a dialect.
func longIn(b *testing.B, dialect string) []byte {
	b.Helper()
	known := knownProtocols()
	body := longConversation(b)
	r, failed := conversing(known["openai"]).In.DecodeRequest(&protocol.Question{Body: body})
	if failed != nil || dialect == "openai" {
		return body
	}
	var lost llm.Losses
	body, failed = conversing(known[dialect]).Out.EncodeRequest(r, &protocol.Target{Model: "m", Stream: true, Request: r, Header: http.Header{}}, &lost)
	if failed != nil {
		b.Fatal(failed)
	}
	return body
}

// BenchmarkTranslateRequest reads a request of 64 KiB in each dialect and writes
// it for a vendor of each.
func BenchmarkTranslateRequest(b *testing.B) {
	known := knownProtocols()
	for _, from := range goldenClients {
		body := longIn(b, from)
		for _, to := range benchTargets {
			b.Run(from+" to "+to.protocol, func(b *testing.B) {
				out := conversing(known[to.protocol]).Out
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					r, failed := conversing(known[from]).In.DecodeRequest(&protocol.Question{Body: body, Model: "m", Stream: true})
					if failed != nil {
						b.Fatal(failed)
					}
					target := benchTarget(b, known[to.protocol], to.vendor, to.model)
					target.Request = r
					var lost llm.Losses
					if _, failed = out.EncodeRequest(r, target, &lost); failed != nil {
						b.Fatal(failed)
					}
				}
			})
		}
	}
}

// frame is a frame of a stream, as the relay gets it.
type frame struct{ name, data []byte }

// BenchmarkTranslateStream reads a stream of 500 events from a vendor of each
// dialect and writes it for clients of each.
func BenchmarkTranslateStream(b *testing.B) {
	known := knownProtocols()
	events := []llm.Event{&llm.Begin{ID: "1", Model: "m"}, &llm.Open{Part: &llm.Text{}}}
	for range 500 {
		events = append(events, &llm.Delta{Text: " word"})
	}
	events = append(events, &llm.Close{}, &llm.Finish{Stop: llm.StopEnd}, &llm.End{Usage: &llm.Usage{Input: 10, Output: 500}})
	reply := &protocol.Reply{Request: &llm.Request{Usage: true}, Model: "m", ID: "x", Created: 1}
	for _, from := range goldenClients {
		var said []byte
		enc := conversing(known[from]).In.Encoder(reply)
		for _, ev := range events {
			said = enc.Encode(said, ev)
		}
		var frames []frame
		for r := sse.NewReader(strings.NewReader(string(said)), 1<<20); ; {
			ev, err := r.Next()
			if err != nil {
				break
			}
			frames = append(frames, frame{append([]byte(nil), ev.Name...), append([]byte(nil), ev.Data...)})
		}
		for _, to := range goldenClients {
			b.Run(from+" to "+to, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					dec := conversing(known[from]).Out.Decoder(&protocol.Target{Unique: "u", Header: http.Header{}})
					enc := conversing(known[to]).In.Encoder(reply)
					var step []llm.Event
					var out []byte
					for _, f := range frames {
						var failed *llm.Error
						if step, failed = dec.Decode(step[:0], f.name, f.data); failed != nil {
							b.Fatal(failed)
						}
						out = out[:0]
						for _, ev := range step {
							out = enc.Encode(out, ev)
						}
					}
				}
			})
		}
	}
}
