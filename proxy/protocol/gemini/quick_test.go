package gemini

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const plainEvent = `{"candidates":[{"content":{"parts":[{"text":" a few words"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"totalTokenCount":12,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}]},"modelVersion":"gemini-x","responseId":"abcdefgh"}`

// asRead compares events by what becomes of them: role, names and times of all
// but the first are not looked at.
var asRead = cmp.Options{cmpopts.IgnoreFields(response{}, "Model", "ID", "Created"), cmpopts.IgnoreFields(content{}, "Role"), cmpopts.EquateEmpty()}

// TestQuickReadsWhatStreamsAreMadeOf, the same as unmarshal does.
func TestQuickReadsWhatStreamsAreMadeOf(t *testing.T) {
	t.Parallel()
	var q quick
	for _, data := range []string{
		plainEvent,
		" " + plainEvent + "\r\n",
		`{"candidates": [{"content": {"parts": [{"text": "with \"escapes\" \u00e9 \ud83d\ude00\n"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"天气"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9,"thoughtsTokenCount":7,"cachedContentTokenCount":2,"trafficType":"ON_DEMAND"}}`,
		`{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"},"index":0}]}`,
	} {
		got, ok := q.read([]byte(data))
		if !ok {
			t.Errorf("not read: %s", data)
			continue
		}
		var want response
		if err := unmarshal([]byte(data), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got, asRead); diff != "" {
			t.Errorf("%s:\n%s", data, diff)
		}
	}
}

// TestQuickLeavesTheRest to unmarshal.
func TestQuickLeavesTheRest(t *testing.T) {
	t.Parallel()
	var q quick
	for _, data := range []string{
		``, `{}`, `[]`, `null`, plainEvent[:len(plainEvent)-1], plainEvent + `x`, plainEvent + plainEvent,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":1}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"a","thoughtSignature":"x"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"a","text":"b"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"Text":"a"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":null}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"bad \x escape"}]}}]}`,
		"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\xff\"}]}}]}",
		"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\nb\"}]}}]}",
		`{"candidates":[{"content":{"parts":[{"text":"half \ud83d"}]}}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":09}}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":9.5}}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":"9"}}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"prompt_token_count":9}}`,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"error":{"code":500}}`,
		`{"usageMetadata":{"promptTokenCount":9}}`,
	} {
		if _, ok := q.read([]byte(data)); ok {
			t.Errorf("read: %s", data)
		}
	}
}

// FuzzQuick: what is read quickly is what unmarshal reads, and never what it
// refuses.
func FuzzQuick(f *testing.F) {
	f.Add([]byte(plainEvent))
	f.Add([]byte(`{"candidates":[{"content":{"parts":[{"text":"a\u00e9","thought":true}]}}],"usageMetadata":{"totalTokenCount":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var q quick
		got, ok := q.read(data)
		if !ok {
			return
		}
		var want response
		if err := unmarshal(data, &want); err != nil {
			t.Fatalf("%q is read quickly, but %v", data, err)
		}
		if diff := cmp.Diff(&want, got, asRead); diff != "" {
			t.Fatalf("%q:\n%s", data, diff)
		}
	})
}
