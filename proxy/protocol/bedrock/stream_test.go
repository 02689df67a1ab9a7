package bedrock

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// official are the events of a stream, as AWS sends them.
var official = [][2]string{
	{"messageStart", `{"p":"abcd","role":"assistant"}`},
	{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Let me "}},"p":"a"}`},
	{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"see."}}}`},
	{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"EqQB"}}}`},
	{"contentBlockStop", `{"contentBlockIndex":0}`},
	{"contentBlockDelta", `{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"AQI="}}}`},
	{"contentBlockDelta", `{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"Aw=="}}}`},
	{"contentBlockStop", `{"contentBlockIndex":1}`},
	{"contentBlockDelta", `{"contentBlockIndex":2,"delta":{"text":"Grüße "}}`},
	{"contentBlockDelta", `{"contentBlockIndex":2,"delta":{"text":"世界"}}`},
	{"contentBlockStop", `{"contentBlockIndex":2}`},
	{"contentBlockStart", `{"contentBlockIndex":3,"start":{"toolUse":{"name":"get_weather","toolUseId":"tooluse_1"}}}`},
	{"contentBlockDelta", `{"contentBlockIndex":3,"delta":{"toolUse":{"input":"{\"city\":"}}}`},
	{"contentBlockDelta", `{"contentBlockIndex":3,"delta":{"toolUse":{"input":"\"Paris\"}"}}}`},
	{"contentBlockStop", `{"contentBlockIndex":3}`},
	{"contentBlockStart", `{"contentBlockIndex":4,"start":{"toolUse":{"name":"get_time","toolUseId":"tooluse_2"}}}`},
	{"contentBlockStop", `{"contentBlockIndex":4}`},
	{"messageStop", `{"stopReason":"tool_use"}`},
	{"metadata", `{"metrics":{"latencyMs":10},"usage":{"inputTokens":25,"outputTokens":89,"totalTokens":127,"cacheReadInputTokens":6,"cacheWriteInputTokens":7,"cacheDetails":[{"ttl":"1h","inputTokens":4},{"ttl":"5m","inputTokens":3}]}}`},
}

const officialWhole = `{"metrics":{"latencyMs":10},"output":{"message":{"role":"assistant","content":[
 {"reasoningContent":{"reasoningText":{"text":"Let me see.","signature":"EqQB"}}},{"reasoningContent":{"redactedContent":"AQID"}},{"text":"Grüße 世界"},
 {"toolUse":{"toolUseId":"tooluse_1","name":"get_weather","input":{"city":"Paris"}}},{"toolUse":{"toolUseId":"tooluse_2","name":"get_time","input":{}}}]}},
 "stopReason":"tool_use","usage":{"inputTokens":25,"outputTokens":89,"totalTokens":127,"cacheReadInputTokens":6,"cacheWriteInputTokens":7,"cacheDetails":[{"ttl":"1h","inputTokens":4},{"ttl":"5m","inputTokens":3}]}}`

// framed writes events as messages.
func framed(events [][2]string) []byte {
	var b []byte
	for _, ev := range events {
		if kind, ok := strings.CutPrefix(ev[0], "!"); ok {
			b = sse.AppendAWS(b, []byte(ev[1]), ":exception-type", kind, ":content-type", "application/json", ":message-type", "exception")
			continue
		}
		b = sse.AppendAWS(b, []byte(ev[1]), ":event-type", ev[0], ":content-type", "application/json", ":message-type", "event")
	}
	return b
}

// decodeStream reads a stream to its end.
func decodeStream(stream []byte, t *protocol.Target) ([]llm.Event, *llm.Error) {
	d := converse{}.Decoder(t)
	r := frames(bytes.NewReader(stream), 1<<20)
	var events []llm.Event
	for !d.Done() {
		ev, err := r.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return events, &llm.Error{Class: llm.ClassCut, Message: err.Error()}
			}
			break
		}
		var failed *llm.Error
		if events, failed = d.Decode(events, bytes.Clone(ev.Name), bytes.Clone(ev.Data)); failed != nil {
			return events, failed
		}
	}
	return d.End(events)
}

func folded(events []llm.Event) (*llm.Response, bool) {
	var f llm.Fold
	for _, ev := range events {
		f.Add(ev)
	}
	return f.Response()
}

func TestStreamIsWhole(t *testing.T) {
	t.Parallel()
	target := &protocol.Target{Origin: "o", Model: "m"}
	events, failed := decodeStream(framed(official), target)
	if failed != nil {
		t.Fatal(failed)
	}
	got, ended := folded(events)
	if !ended {
		t.Fatal("the stream did not end")
	}
	want, failed := converse{}.DecodeResponse([]byte(officialWhole), target)
	if failed != nil {
		t.Fatal(failed)
	}
	want.Extra = nil                                        // metrics
	want.Choices[0].Parts[4].(*llm.ToolCall).Arguments = "" // {} is written as nothing in a stream
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-whole +stream:\n%s", diff)
	}
	u := want.Usage
	if u.Input != 25 || u.CacheRead != 6 || u.CacheWrite != 7 || u.CacheWrite1h != 4 || u.Output != 89 || u.Total != 127 {
		t.Errorf("usage %+v", u)
	}
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	n := len(official)
	with := func(events [][2]string, more ...[2]string) []byte {
		return framed(append(events[:len(events):len(events)], more...))
	}
	tests := []struct {
		stream []byte
		class  llm.Class
	}{
		{framed(official), ""},
		{framed(official[:n-1]), ""}, // without metadata it is whole, too
		{framed(official[:n-2]), llm.ClassCut},
		{nil, llm.ClassCut},
		{framed(official)[:2000], llm.ClassCut},
		{with(official[:3], [2]string{"!throttlingException", `{"message":"Too many requests"}`}), llm.ClassRateLimited},
		{with(official[:3], [2]string{"!modelStreamErrorException", `{"message":"x","originalStatusCode":500}`}), llm.ClassServerError},
		{with(official[:3], [2]string{"!serviceUnavailableException", `{}`}), llm.ClassOverloaded},
		{with(official[:3], [2]string{"!internalServerException", ``}), llm.ClassServerError},
		{with(nil, [2]string{"!validationException", `{"message":"Input is too long for requested model."}`}), llm.ClassContextLength},
		{with(official[:3], [2]string{"!newException", `{"message":"x"}`}), llm.ClassServerError},
		{with(official[:3], [2]string{"messageStop", `{"stopReason":"malformed_tool_use"}`}), llm.ClassMalformed},
		{with(official[:3], [2]string{"contentBlockDelta", `{`}), llm.ClassMalformed},
	}
	for i, tt := range tests {
		_, failed := decodeStream(tt.stream, &protocol.Target{})
		if (failed == nil) != (tt.class == "") || failed != nil && (failed.Class != tt.class || failed.Message == "") {
			t.Errorf("%d: got %v, want %q", i, failed, tt.class)
		}
	}
}

func TestDecodeError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status     int
		kind, body string
		class      llm.Class
	}{
		{400, "ValidationException", `{"message":"The provided model identifier is invalid."}`, llm.ClassModelNotFound},
		{400, "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/", `{"message":"Invocation of model ID x with on-demand throughput isn’t supported."}`, llm.ClassModelNotFound},
		{400, "ValidationException", `{"message":"messages.1.content: too bad"}`, llm.ClassBadRequest},
		{400, "ServiceQuotaExceededException", `{"message":"x"}`, llm.ClassQuotaExhausted},
		{403, "AccessDeniedException", `{"Message":"User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:InvokeModel"}`, llm.ClassAuth},
		{403, "AccessDeniedException", `{"message":"You don't have access to the model with the specified model ID."}`, llm.ClassModelNotFound},
		{403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`, llm.ClassAuth},
		{403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`, llm.ClassAuth},
		{403, "", `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature not yet current"}`, llm.ClassAuth},
		{404, "ResourceNotFoundException", `{"message":"x"}`, llm.ClassModelNotFound},
		{408, "ModelTimeoutException", `{"message":"x"}`, llm.ClassServerError},
		{424, "ModelErrorException", `{"message":"x"}`, llm.ClassServerError},
		{429, "ThrottlingException", `{"message":"Too many tokens, please wait before trying again."}`, llm.ClassRateLimited},
		{429, "ModelNotReadyException", `{"message":"x"}`, llm.ClassOverloaded},
		{500, "InternalServerException", `{"message":"x"}`, llm.ClassServerError},
		{503, "ServiceUnavailableException", `{"message":"x"}`, llm.ClassOverloaded},
		{502, "", `<html>`, llm.ClassServerError},
	} {
		e := decodeError(tt.status, http.Header{"X-Amzn-Errortype": {tt.kind}}, []byte(tt.body))
		if e.Class != tt.class || e.Message == "" {
			t.Errorf("%d %s %s: got %s %q", tt.status, tt.kind, tt.body, e.Class, e.Message)
		}
	}
}

func TestBentBack(t *testing.T) {
	t.Parallel()
	target := &protocol.Target{Request: &llm.Request{Tools: []llm.Tool{{Name: "a.b"}}}}
	clean := protocol.CleanName("a.b", maxName)
	events, failed := decodeStream(framed([][2]string{
		{"contentBlockStart", `{"contentBlockIndex":0,"start":{"toolUse":{"name":"posthouse_answer","toolUseId":"1"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"ok\":1}"}}}`},
		{"messageStop", `{"stopReason":"tool_use"}`},
	}), target)
	if failed != nil {
		t.Fatal(failed)
	}
	got, _ := folded(events)
	if diff := cmp.Diff([]llm.Part{&llm.Text{Text: `{"ok":1}`}}, got.Choices[0].Parts); diff != "" || got.Choices[0].Stop != llm.StopEnd {
		t.Errorf("%s, ended by %s", diff, got.Choices[0].Stop)
	}
	whole, failed := converse{}.DecodeResponse([]byte(`{"output":{"message":{"content":[{"toolUse":{"toolUseId":"1","name":"`+clean+`","input":{}}}]}},"stopReason":"tool_use"}`), target)
	if failed != nil || whole.Choices[0].Parts[0].(*llm.ToolCall).Name != "a.b" {
		t.Errorf("%+v %v", whole, failed)
	}
	models, err := decodeModels([]byte(`{"modelSummaries":[{"modelId":"a"},{"modelId":"b"}]}`))
	if err != nil || strings.Join(models, " ") != "a b" {
		t.Errorf("%v %v", models, err)
	}
}

// FuzzStream reads anything as a stream.
func FuzzStream(f *testing.F) {
	f.Add(framed(official))
	f.Fuzz(func(t *testing.T, stream []byte) {
		events, failed := decodeStream(stream, &protocol.Target{})
		if failed != nil {
			if failed.Class == "" {
				t.Fatal("a failure without a class")
			}
			return
		}
		if _, ended := folded(events); !ended {
			t.Fatal("no failure and no end")
		}
	})
}

// FuzzDecode reads anything as an event of any name, and as a whole answer.
func FuzzDecode(f *testing.F) {
	for _, ev := range official {
		f.Add(ev[0], []byte(ev[1]))
	}
	f.Add("!validationException", []byte(`{"message":1}`))
	f.Add("", []byte(officialWhole))
	f.Fuzz(func(_ *testing.T, name string, data []byte) {
		d := converse{}.Decoder(&protocol.Target{})
		events, _ := d.Decode(nil, []byte(name), data)
		events, _ = d.Decode(events, []byte("messageStop"), []byte(`{}`))
		events, _ = d.End(events)
		folded(events)
		_, _ = converse{}.DecodeResponse(data, &protocol.Target{})
		_, _ = embed{}.DecodeEmbedding(data, &protocol.Target{})
		_, _ = converse{}.DecodeCounted(data)
		_, _ = decodeModels(data)
		decodeError(400, http.Header{}, data)
	})
}

func BenchmarkDecodeStream(b *testing.B) {
	data := []byte(`{"contentBlockIndex":0,"delta":{"text":" hello world"},"p":"abcdefghijklm"}`)
	b.ReportAllocs()
	for b.Loop() {
		d := converse{}.Decoder(&protocol.Target{})
		events := make([]llm.Event, 0, 8)
		for range 500 {
			events, _ = d.Decode(events[:0], []byte("contentBlockDelta"), data)
		}
	}
}
