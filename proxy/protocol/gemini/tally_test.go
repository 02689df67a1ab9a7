package gemini

import "testing"

func TestSpokenIsWhatTheModelWrote(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"candidates":[{"content":{"parts":[{"text":"a\"b"}],"role":"model"},"index":0}]}`:                                                          `a\"b`,
		`{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"yes"}]}},{"content":{"parts":[{"text":"no"}]}}]}`:                 "hmyesno",
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"parts":["x"],"a":"b"}},"thoughtSignature":"s"}]}}]}`:               `f{\"parts\":[\"x\"],\"a\":\"b\"}`,
		`{"candidates":[{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"print(1)"}},{"codeExecutionResult":{"output":"1"}}]}}]}`: "print(1)",
		`{"candidates":[{"content":{"parts":{"text":"one alone"}}}]}`:                                                                                "one alone",
		`{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}]}`:                                             "",
		`{"candidates":[{"content":{"parts":[{"text":"he wrote \"parts\":[{\"text\":\"x\"}]"}]}}]}`:                                                  `he wrote \"parts\":[{\"text\":\"x\"}]`,
		`{"candidates":[{"finishReason":"STOP","groundingMetadata":{"groundingSupports":[{"segment":{"text":"x"}}]}}]}`:                              "",
		`{"candidates":[{"content":{"role":"model"}}],"usageMetadata":{"promptTokenCount":1}}`:                                                       "",
		`{"candidates":[{"content":{"parts":[{"text":"cut`:                                                                                           "",
		`[]`: "",
	} {
		if got := string(spoken(nil, []byte(data))); got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}

func BenchmarkSpoken(b *testing.B) {
	event := []byte(`{"candidates": [{"content": {"parts": [{"text": " and the lighthouse keeper went down"}],"role": "model"},"index": 0}],"modelVersion": "gemini-2.0-flash","responseId": "abc"}`)
	buf := make([]byte, 0, 1<<10)
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		buf = spoken(buf[:0], event)
	}
}

func FuzzSpoken(f *testing.F) {
	f.Add(`{"candidates":[{"content":{"parts":[{"text":"a\"b"}]}}]}`)
	f.Add(`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"parts":["x"]}}}]}}]}`)
	f.Fuzz(func(t *testing.T, data string) {
		if got := spoken([]byte("kept"), []byte(data)); string(got[:4]) != "kept" || len(got) > 4+6*len(data) {
			t.Fatalf("%q became %q", data, got)
		}
	})
}
