package anthropic

import "testing"

func TestSpokenIsWhatTheModelWrote(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\"b"}}`:                                                                   `a\"b`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"he wrote \"text\":\"x\""}}`:                                                `he wrote \"text\":\"x\"`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`:                                                             "hm",
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}`:                                                  `{\"a\":`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}`:                                                            "",
		`{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"cited_text":"x","title":"y"}}}`:                                  "",
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`:                                                                     "",
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"early"}}`:                                                                "early",
		`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"1","name":"f","input":{}}}`:                                            "f",
		`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"1","name":"f","input":{"a":"b"}}}`:                                     `f{\"a\":\"b\"}`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"mcp_tool_result","tool_use_id":"1","content":[{"type":"text","text":"not its own"}]}}`: "",
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}`:                                                                "",
		`{"type":"content_block_delta","delta":{"type":"text_delta","text":"cut`:                                                                                 "",
		`{"text":"outside"}`: "",
		`[DONE]`:             "",
	} {
		if got := string(spoken(nil, []byte(data))); got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}

func BenchmarkSpoken(b *testing.B) {
	event := []byte(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" and the lighthouse keeper went down"}         }`)
	buf := make([]byte, 0, 1<<10)
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		buf = spoken(buf[:0], event)
	}
}

func FuzzSpoken(f *testing.F) {
	f.Add(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\"b"}}`)
	f.Add(`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","name":"f","input":{"a":[1,{}]}}}`)
	f.Fuzz(func(t *testing.T, data string) {
		if got := spoken([]byte("kept"), []byte(data)); string(got[:4]) != "kept" || len(got) > 4+6*len(data) {
			t.Fatalf("%q became %q", data, got)
		}
	})
}
