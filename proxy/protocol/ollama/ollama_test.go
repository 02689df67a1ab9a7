package ollama

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func target() *protocol.Target {
	return &protocol.Target{Vendor: "Ollama", Model: "qwen3", Stream: true, Unique: "u", Header: http.Header{}}
}

func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	g, w := jsontext.Value(got), jsontext.Value(want)
	if err := g.Canonicalize(); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	if err := w.Canonicalize(); err != nil {
		t.Fatalf("the wanted text is not JSON: %v", err)
	}
	if d := cmp.Diff(string(w), string(g)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	limit, zero := int64(100), 0.0
	r := &llm.Request{
		Dialect: "openai", MaxTokens: &limit, Temperature: &zero, Stop: []string{"x"}, LogitBias: llm.Raw(`{"1":1}`),
		Reasoning: &llm.Reasoning{Effort: "low"}, Format: &llm.Format{Kind: llm.FormatSchema, Schema: llm.Raw(`{"type":"object"}`)},
		Extra: map[string]llm.Raw{"options": llm.Raw(`{"repeat_penalty":1.1,"temperature":0.5}`), "num_ctx": llm.Raw("32768"), "keep_alive": llm.Raw(`"10m"`), "store": llm.Raw("true")},
		Messages: []llm.Message{
			{Role: llm.Developer, Parts: []llm.Part{&llm.Text{Text: "be brief"}}},
			{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: "look"}, &llm.Media{Kind: llm.Image, Data: "aGk="}}},
			{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "hm"}, &llm.ToolCall{ID: "a", Name: "f", Arguments: `{"q":1}`}}},
			{Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "a", Parts: []llm.Part{&llm.Text{Text: "rain"}}}, &llm.Text{Text: "and?"}}},
		},
		Tools: []llm.Tool{{Name: "f", Description: "d"}},
	}
	var l llm.Losses
	body, err := Outbound{}.EncodeRequest(r, target(), &l)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, string(body), `{"model":"qwen3","stream":true,"think":true,"keep_alive":"10m","format":{"type":"object"},
		"options":{"num_predict":100,"temperature":0.5,"stop":["x"],"repeat_penalty":1.1,"num_ctx":32768},
		"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}}],
		"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"look","images":["aGk="]},
			{"role":"assistant","content":"","thinking":"hm","tool_calls":[{"function":{"name":"f","arguments":{"q":1}}}]},
			{"role":"tool","content":"rain","tool_name":"f"},{"role":"user","content":"and?"}]}`)
	if want := "dropped logit_bias, store"; l.String() != want {
		t.Errorf("losses %q, want %q", l.String(), want)
	}
	r.Messages[1].Parts = []llm.Part{&llm.Media{Kind: llm.Audio, Data: "aGk="}}
	if _, err := (Outbound{}).EncodeRequest(r, target(), &l); err == nil || err.Param != "messages[1].content[0]" {
		t.Errorf("sound was taken: %v", err)
	}
}

const streamOf = `{"model":"qwen3","created_at":"2026-01-02T03:04:05.678Z","message":{"role":"assistant","content":"","thinking":"h"},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":"","thinking":"m"},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":"It"},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":" is","tool_calls":[{"function":{"name":"f","arguments":{"q":1}}},{"id":"own","function":{"name":"g","arguments":null}}]},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":4}`

func hear(lines string) (*llm.Response, *llm.Error) {
	d := Outbound{}.Decoder(target())
	var steps []llm.Event
	var err *llm.Error
	for line := range strings.SplitSeq(lines, "\n") {
		if steps, err = d.Decode(steps, nil, []byte(line)); err != nil {
			return nil, err
		}
	}
	if steps, err = d.End(steps); err != nil {
		return nil, err
	}
	return llm.Folded(steps), nil
}

func TestStream(t *testing.T) {
	t.Parallel()
	got, err := hear(streamOf)
	if err != nil {
		t.Fatal(err)
	}
	want := &llm.Response{
		Model: "qwen3", Created: 1767323045, Dialect: Name,
		Usage: &llm.Usage{Input: 9, Output: 4, Total: 13, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
		Choices: []llm.Choice{{Stop: llm.StopTools, Parts: []llm.Part{
			&llm.Thinking{Text: "hm"}, &llm.Text{Text: "It is"},
			&llm.ToolCall{ID: "call_ux0", Name: "f", Arguments: `{"q":1}`}, &llm.ToolCall{ID: "own", Name: "g", Arguments: `{}`},
		}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	whole, err := Outbound{}.DecodeResponse([]byte(`{"model":"qwen3","created_at":"2026-01-02T03:04:05.678Z","message":{"role":"assistant","thinking":"hm","content":"It is","tool_calls":[{"function":{"name":"f","arguments":{"q":1}}},{"id":"own","function":{"name":"g","arguments":{}}}]},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":4}`), target())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, whole); d != "" {
		t.Errorf("whole: %s", d)
	}
}

func TestBreaks(t *testing.T) {
	t.Parallel()
	for lines, class := range map[string]llm.Class{
		`{"message":{"content":"x"},"done":false}`: llm.ClassCut,
		`{"error":"model runner has stopped"}`:     llm.ClassServerError,
		`{"message":`:                              llm.ClassMalformed,
	} {
		if r, err := hear(lines); err == nil || err.Class != class || err.Message == "" {
			t.Errorf("%s: %+v, %v", lines, r, err)
		}
	}
	if e := decodeError(404, nil, []byte(`{"error":"model 'x' not found"}`)); e.Class != llm.ClassModelNotFound || e.Message != "model 'x' not found" {
		t.Errorf("%+v", e)
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	var l llm.Losses
	bodies, err := embedder{}.EncodeEmbed(&llm.EmbedRequest{Inputs: []string{"a", "b"}}, target(), &l)
	if err != nil || len(bodies) != 1 {
		t.Fatalf("%v, %d bodies", err, len(bodies))
	}
	sameJSON(t, string(bodies[0]), `{"model":"qwen3","input":["a","b"]}`)
	a, err := embedder{}.DecodeEmbedding([]byte(`{"embeddings":[[1,2],[3,4]],"prompt_eval_count":5}`), target())
	if err != nil || len(a.Vectors) != 2 || a.Usage.Input != 5 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := (embedder{}).DecodeEmbedding([]byte(`{"embeddings":[]}`), target()); err == nil {
		t.Error("no vectors were taken for an answer")
	}
}

// FuzzStream: whatever a server sends, reading ends in an answer or an error
// that has a class.
func FuzzStream(f *testing.F) {
	f.Add(streamOf)
	f.Add(`{"error":"x"}` + "\nnull\n[]")
	f.Fuzz(func(t *testing.T, lines string) {
		if _, err := hear(lines); err != nil && err.Class == "" {
			t.Errorf("an error without a class: %v", err)
		}
	})
}

func BenchmarkDecodeStream(b *testing.B) {
	line := []byte(`{"model":"qwen3","created_at":"2026-01-02T03:04:05.678Z","message":{"role":"assistant","content":" a few words"},"done":false}`)
	b.ReportAllocs()
	for b.Loop() {
		d := Outbound{}.Decoder(target())
		var steps []llm.Event
		for range 500 {
			steps, _ = d.Decode(steps[:0], nil, line)
		}
	}
}
