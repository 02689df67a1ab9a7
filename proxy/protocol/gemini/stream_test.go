package gemini

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// readStream decodes events and folds them.
func readStream(t *testing.T, to *protocol.Target, events ...string) (*llm.Response, *llm.Error) {
	t.Helper()
	d := Outbound{}.Decoder(to)
	var fold llm.Fold
	var steps []llm.Event
	var err *llm.Error
	for _, ev := range events {
		if steps, err = d.Decode(steps[:0], nil, []byte(ev)); err != nil {
			return nil, err
		}
		for _, s := range steps {
			fold.Add(s)
		}
	}
	if steps, err = d.End(steps[:0]); err != nil {
		return nil, err
	}
	for _, s := range steps {
		fold.Add(s)
	}
	r, whole := fold.Response()
	if !whole {
		t.Error("the stream's fold is not whole")
	}
	return r, nil
}

func TestStreamIsRead(t *testing.T) {
	t.Parallel()
	got, err := readStream(t, target(),
		`{"candidates":[{"content":{"parts":[{"text":"I think","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":2,"totalTokenCount":11},"modelVersion":"gemini-x-001","responseId":"abc"}`,
		`{"candidates":[{"content":{"parts":[{"text":" more","thought":true}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"lo"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"dGV4dA=="}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":[1,2]}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"own","name":"g"}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":2,"toolUsePromptTokenCount":1,"totalTokenCount":17}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := &llm.Response{
		ID: "abc", Model: "gemini-x-001", Dialect: Name,
		Choices: []llm.Choice{{Stop: llm.StopTools, Parts: []llm.Part{
			&llm.Thinking{Text: "I think more", Summary: true},
			&llm.Text{Text: "Hello", State: &llm.State{Kind: llm.StateThought, Data: "dGV4dA==", Origin: "o1"}},
			&llm.ToolCall{ID: "call_ux0", Name: "f", Arguments: `{"a":[1,2]}`, State: &llm.State{Kind: llm.StateThought, Data: "c2ln", Origin: "o1"}},
			&llm.ToolCall{ID: "own", Name: "g", Arguments: `{}`},
		}}},
		Usage: &llm.Usage{Input: 6, CacheRead: 4, Output: 7, Reasoning: 2, Total: 17, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestStreamBreaks(t *testing.T) {
	t.Parallel()
	text := `{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]}`
	for name, c := range map[string]struct {
		events []string
		class  llm.Class
	}{
		"cut":           {[]string{text}, llm.ClassCut},
		"nothing":       {nil, llm.ClassCut},
		"blocked":       {[]string{`{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}`}, llm.ClassContentFilter},
		"error event":   {[]string{text, `{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}`}, llm.ClassOverloaded},
		"malformed":     {[]string{text, `{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: f("}]}`}, llm.ClassMalformed},
		"other":         {[]string{`{"candidates":[{"finishReason":"OTHER"}]}`}, llm.ClassMalformed},
		"no JSON":       {[]string{`{"candidates":`}, llm.ClassMalformed},
		"far candidate": {[]string{`{"candidates":[{"index":1000000000,"finishReason":"STOP"}]}`}, llm.ClassMalformed},
		"nameless call": {[]string{`{"candidates":[{"content":{"parts":[{"functionCall":{"args":{}}}]}}]}`}, llm.ClassMalformed},
		"one of two":    {[]string{`{"candidates":[{"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"x"}]}}]}`}, llm.ClassCut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := readStream(t, target(), c.events...)
			if err == nil {
				t.Fatalf("it was taken for whole: %+v", r)
			}
			if err.Class != c.class || err.Message == "" {
				t.Errorf("got %v, want class %s", err, c.class)
			}
		})
	}
}

func TestFinishReasons(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]llm.StopReason{
		"STOP": llm.StopEnd, "MAX_TOKENS": llm.StopLength, "SAFETY": llm.StopFilter, "RECITATION": llm.StopFilter, "SPII": llm.StopFilter,
	} {
		r, err := Outbound{}.DecodeResponse([]byte(`{"candidates":[{"finishReason":"`+reason+`"}]}`), target())
		if err != nil || r.Choices[0].Stop != want {
			t.Errorf("%s: %+v, %v", reason, r, err)
		}
	}
	r, err := Outbound{}.DecodeResponse([]byte(`{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`), target())
	if err != nil || r.Choices[0].Stop != llm.StopUnknown {
		t.Errorf("without a reason: %+v, %v", r, err)
	}
	if _, err := (Outbound{}).DecodeResponse([]byte(`{"usageMetadata":{}}`), target()); err == nil || err.Class != llm.ClassMalformed {
		t.Errorf("no candidates: %v", err)
	}
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	r, err := Outbound{}.DecodeResponse([]byte(`{"candidates":[{"content":{"parts":[{"text":"Paris is big."}]},"finishReason":"STOP",
		"citationMetadata":{"citationSources":[{"startIndex":1,"endIndex":5,"uri":"https://a"}]},
		"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://b","title":"B"}}],"groundingSupports":[{"segment":{"startIndex":0,"endIndex":5,"text":"Paris"},"groundingChunkIndices":[0,7]}]},
		"logprobsResult":{"chosenCandidates":[{"token":"Paris","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"Paris","logProbability":-0.5},{"token":"Rome","logProbability":-2}]}]}}]}`), target())
	if err != nil {
		t.Fatal(err)
	}
	text := r.Choices[0].Parts[0].(*llm.Text)
	want := []llm.Annotation{{URL: "https://a", Start: 1, End: 5}, {URL: "https://b", Title: "B", Quote: "Paris", End: 5}}
	if d := cmp.Diff(want, text.Annotations); d != "" {
		t.Error(d)
	}
	sameJSON(t, string(r.Choices[0].Logprobs), `{"content":[{"token":"Paris","logprob":-0.5,"top_logprobs":[{"token":"Paris","logprob":-0.5},{"token":"Rome","logprob":-2}]}]}`)
	body, err := Inbound{}.EncodeResponse(r, &protocol.Reply{Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Outbound{}.DecodeResponse(body, target())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.Choices[0].Logprobs, again.Choices[0].Logprobs); d != "" {
		t.Errorf("logprobs: %s", d)
	}
}

// answer has everything that an answer can hold in this dialect.
func answer() *llm.Response {
	return &llm.Response{
		ID: "id1", Model: "vendor-model", Usage: &llm.Usage{Input: 3, CacheRead: 1, Output: 9, Reasoning: 4, Total: 13, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider},
		Choices: []llm.Choice{{Stop: llm.StopTools, Parts: []llm.Part{
			&llm.Thinking{Text: "thought", Summary: true},
			&llm.Text{Text: "né"},
			&llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"q":"é"}`},
			&llm.ToolCall{ID: "c2", Name: "g", Arguments: `{}`},
			&llm.Media{Kind: llm.Image, MIME: "image/png", Data: "aGk="},
			&llm.Foreign{Dialect: Name, Type: "executableCode", Raw: llm.Raw(`{"executableCode":{"code":"1","language":"PYTHON"}}`)},
			&llm.Text{Text: "end"},
		}}, {Stop: llm.StopLength, Parts: []llm.Part{&llm.Text{Text: "other"}}}},
		Dialect: Name,
	}
}

// TestAnswerComesBack writes an answer for a client, whole, as events and as an
// array, and reads it as a vendor's.
func TestAnswerComesBack(t *testing.T) {
	t.Parallel()
	want := answer()
	body, err := Inbound{}.EncodeResponse(want, &protocol.Reply{Model: "asked"})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Outbound{}.DecodeResponse(body, target())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, whole); d != "" {
		t.Errorf("whole: %s", d)
	}
	for _, array := range []bool{false, true} {
		reply := &protocol.Reply{Model: "asked", Question: protocol.Question{Stream: true, Array: array}}
		enc := Inbound{}.Encoder(reply)
		var out []byte
		for _, ev := range want.Events() {
			out = enc.Encode(out, ev)
		}
		var got *llm.Response
		if array {
			got, err = Outbound{}.DecodeResponse(out, target())
		} else {
			got, err = readStream(t, target(), dataOf(t, out)...)
		}
		if err != nil {
			t.Fatalf("array %v: %v\n%s", array, err, out)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("array %v: %s", array, d)
		}
	}
}

// dataOf splits a stream into the data of its events.
func dataOf(t *testing.T, stream []byte) []string {
	t.Helper()
	r := sse.NewReader(bytes.NewReader(stream), 1<<20)
	var all []string
	for {
		ev, err := r.Next()
		if err != nil {
			return all
		}
		if ev.Data != nil {
			all = append(all, string(ev.Data))
		}
	}
}

// TestStreamFails: a broken stream must not look whole, and Google's clients
// must notice: they look for a bare error object.
func TestStreamFails(t *testing.T) {
	t.Parallel()
	failed := &llm.Error{Status: 503, Message: "gone"}
	for _, array := range []bool{false, true} {
		enc := Inbound{}.Encoder(&protocol.Reply{Question: protocol.Question{Array: array}})
		out := enc.Encode(nil, &llm.Begin{ID: "x"})
		out = enc.Encode(out, &llm.Open{Part: &llm.Text{}})
		out = enc.Encode(out, &llm.Delta{Text: "hi"})
		out = enc.Fail(out, failed)
		if strings.Contains(string(out), "finishReason") {
			t.Errorf("it looks whole:\n%s", out)
		}
		if array {
			items := readList(bytes.TrimSpace(out))
			if len(items) != 2 || !strings.Contains(string(items[1]), `"status":"UNAVAILABLE"`) {
				t.Errorf("not an array that ends in an error:\n%s", out)
			}
			continue
		}
		if !strings.Contains(string(out), "\n\n{\"error\":") || !strings.Contains(string(out), "data: {\"error\":") {
			t.Errorf("an error that somebody misses:\n%s", out)
		}
	}
}

func TestPassedThrough(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]protocol.Signal{
		`{"candidates":[{"content":{"parts":[{"text":"\"finishReason\":\"STOP\""}]}}]}`:                0,
		`{"candidates":[{"content":{},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}`: protocol.Finished | protocol.HasUsage,
		`{"candidates":[{"finishReason": "FINISH_REASON_UNSPECIFIED"}]}`:                               0,
		`{"candidates":[{"finishReason" : null}]}`:                                                     0,
		`{"error":{"code":500,"message":"x","status":"INTERNAL"}}`:                                     protocol.Failed,
		`{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":1}}`:           protocol.Failed | protocol.HasUsage,
		`{"candi`: protocol.Broken,
	} {
		if got := event(nil, []byte(data)); got != want {
			t.Errorf("%s: %b, want %b", data, got, want)
		}
	}
	for data, want := range map[string]bool{
		`{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"}}]}`:      false,
		`{"usageMetadata":{"promptTokenCount":1}}`:                                 false,
		`{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`:                    true,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}`:   true,
		`{"candidates":[{"content":{"parts":[{"executableCode":{"code":"1"}}]}}]}`: true,
		`{"candidates":[{"content":{"parts":[{"text":"deep","thought":true}]}}]}`:  true,
	} {
		if got := hasContent(nil, []byte(data)); got != want {
			t.Errorf("%s: content %v", data, got)
		}
	}
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	r, err := batchEmbedder{}.DecodeEmbed(&protocol.Question{Model: "e", Body: []byte(`{"requests":[
		{"model":"models/e","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3},
		{"model":"models/e","content":{"parts":[{"text":"b"},{"text":"c"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := &llm.EmbedRequest{Dialect: Name, Model: "e", Inputs: []string{"a", "b\nc"}, Dimensions: number64(int64(3)), Task: "query"}
	if d := cmp.Diff(want, r); d != "" {
		t.Error(d)
	}
	var l llm.Losses
	bodies, err := batchEmbedder{}.EncodeEmbed(r, target(), &l)
	if err != nil || len(bodies) != 1 {
		t.Fatalf("%d bodies, %v", len(bodies), err)
	}
	sameJSON(t, string(bodies[0]), `{"requests":[{"model":"models/gemini-x","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3},{"model":"models/gemini-x","content":{"parts":[{"text":"b\nc"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3}]}`)
	many := &llm.EmbedRequest{}
	for i := range 250 {
		many.Inputs = append(many.Inputs, fmt.Sprint(i))
	}
	if bodies, _ = (batchEmbedder{}).EncodeEmbed(many, target(), &l); len(bodies) != 3 {
		t.Errorf("250 texts in %d requests", len(bodies))
	}
	if bodies, _ = (embedder{}).EncodeEmbed(r, target(), &l); len(bodies) != 2 {
		t.Errorf("two texts in %d requests", len(bodies))
	}
	if _, err := (batchEmbedder{}).EncodeEmbed(&llm.EmbedRequest{Tokens: [][]int64{{1}}}, target(), &l); err == nil {
		t.Error("tokens were taken")
	}
	a, err := batchEmbedder{}.DecodeEmbedding([]byte(`{"embeddings":[{"values":[0.5,1]},{"values":[2,3]}],"usageMetadata":{"promptTokenCount":4}}`), target())
	if err != nil || cmp.Diff([][]float32{{0.5, 1}, {2, 3}}, a.Vectors) != "" || a.Usage.Input != 4 {
		t.Errorf("%+v, %v", a, err)
	}
	one, _ := embedder{}.EncodeEmbedding(a, r)
	sameJSON(t, string(one), `{"embedding":{"values":[0.5,1]},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}`)
	if _, err := (batchEmbedder{}).DecodeEmbed(&protocol.Question{Body: []byte(`{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING"}]}`)}); err == nil || err.Param != "requests[1]" {
		t.Errorf("requests that differ: %v", err)
	}
}

func TestCounting(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"contents":[{"parts":[{"text":"hi"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}`,
		`{"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"hi"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}}`,
	} {
		r, err := counter{}.DecodeCount(&protocol.Question{Model: "m", Body: []byte(body)})
		if err != nil || len(r.Messages) != 2 {
			t.Fatalf("%s: %+v, %v", body, r, err)
		}
		var l llm.Losses
		out, err := counter{}.EncodeCount(r, target(), &l)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, string(out), `{"generateContentRequest":{"model":"models/gemini-x","contents":[{"role":"user","parts":[{"text":"hi"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}}`)
	}
	if n, err := (counter{}).DecodeCounted(counter{}.EncodeCounted(31)); n != 31 || err != nil {
		t.Errorf("31 came back as %d, %v", n, err)
	}
	if _, err := (counter{}).DecodeCounted([]byte(`{}`)); err == nil {
		t.Error("an answer without a count was taken")
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	ids, err := decodeModels(encodeModels([]protocol.Model{{ID: "a", Context: 5}, {ID: "x/b"}}))
	if err != nil || cmp.Diff([]string{"a", "x/b"}, ids) != "" {
		t.Errorf("%v, %v", ids, err)
	}
	ids, _ = decodeModels([]byte(`{"publisherModels":[{"name":"publishers/google/models/gemini-2.5-pro"}]}`))
	if cmp.Diff([]string{"gemini-2.5-pro"}, ids) != "" {
		t.Errorf("Vertex: %v", ids)
	}
}
