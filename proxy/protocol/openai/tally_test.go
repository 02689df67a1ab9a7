package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

func TestChatDeltaFindsWhatIsSaid(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"choices":[{"delta":{"role":"assistant","content":"a\"b"}}]}`:                                                      `a\"b`,
		`{"choices":[{"delta":{"content":""}}]}`:                                                                             "",
		`{"choices":[{"delta":{"content":null}}]}`:                                                                           "",
		`{"choices":[{"text":"x"}]}`:                                                                                         "x",
		`{"choices":[{"delta":{"reasoning":"r","reasoning_content":"r"}}]}`:                                                  "r",
		`{"choices":[{"delta":{"reasoning":"r"}},{"delta":{"content":"c"}}]}`:                                                "rc",
		`{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}`:                                                  "ab",
		`{"choices":[{"delta":{"content":"he wrote \"content\":\"x\""}}]}`:                                                   `he wrote \"content\":\"x\"`,
		`{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"arguments":"1"}}]}}]}`: "f{}1",
		`{"content":"outside"}`:                "",
		`{"choices":[{"delta":{"content":"cut`: "",
	} {
		if got := string(chatDelta(nil, []byte(data))); got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}

func TestPromptTextHoldsWhatIsRead(t *testing.T) {
	t.Parallel()
	p := promptText([]byte(`{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"hi"}]}],"tools":[{"type":"function"}]}`))
	if p.Text != "be brief\nhi\n"+`[{"type":"function"}]`+"\n" || p.Extra != 9 || !p.Whole {
		t.Errorf("%+v", p)
	}
	picture := promptText([]byte(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:..."}}]}]}`))
	if picture.Whole || strings.Contains(picture.Text, "data:") {
		t.Errorf("with a picture: %+v", picture)
	}
	if p := promptText([]byte(`{"input":["a","b"]}`)); p.Text != "a\nb\n" || p.Extra != 0 || !p.Whole {
		t.Errorf("input: %+v", p)
	}
	if p := promptText([]byte(`{`)); p.Whole {
		t.Errorf("not JSON: %+v", p)
	}
}

func TestWholeTextIsTheAnswer(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"choices":[{"message":{"role":"assistant","content":"hi","reasoning_content":null}}]}`: "hi\n",
		`{"choices":[{"text":"hi"}]}`: "hi\n",
		`{"output":[{"type":"message","content":[{"type":"output_text","text":"hi","annotations":[]}]}]}`: "hi\n",
		`x`: "",
	} {
		if got := wholeText([]byte(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestImagesUsageCountsPictures(t *testing.T) {
	t.Parallel()
	u, ok := imagesUsage([]byte(`{"data":[{"b64_json":"x"}],"usage":{"input_tokens":5,"output_tokens":7,"total_tokens":12}}`))
	want := llm.Usage{Input: 5, Output: 7, Total: 12, Images: 1, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
	if !ok || u != want {
		t.Errorf("%+v, %v", u, ok)
	}
	if u, ok := imagesUsage([]byte(`{"data":[]}`)); ok {
		t.Errorf("nothing made: %+v", u)
	}
	if u, ok := usage([]byte(`{"text":"hi","usage":{"type":"duration","seconds":12.5}}`)); !ok || u.AudioMillis != 12_500 || u.InputFrom != "" {
		t.Errorf("by time: %+v, %v", u, ok)
	}
}

// FuzzUsageOption asks for counts in any body: what comes out is JSON that asks,
// and taking them out of any event leaves JSON.
func FuzzUsageOption(f *testing.F) {
	f.Add(`{"stream":true}`, `{"choices":[],"usage":null}`)
	f.Add(`{"stream":true,"stream_options":{"a":1}}`, `{"usage" : {"prompt_tokens":1},"choices":[{}]}`)
	f.Add(`{"stream_options":{},"stream":true}`, `{"choices":[{"delta":{"content":"x"}}]}`)
	f.Fuzz(func(t *testing.T, body, event string) {
		var fields []rawjson.Field
		if rawjson.Fields([]byte(body), func(x rawjson.Field) error { fields = append(fields, x); return nil }) == nil {
			if edits, ok := askUsage(fields, []byte(body)); ok {
				var got struct {
					Options struct {
						Usage bool `json:"include_usage"`
					} `json:"stream_options"`
				}
				made := rawjson.Apply([]byte(body), edits).Bytes()
				if !rawjson.Valid(made) {
					t.Fatalf("%s became %s", body, made)
				}
				twice := strings.Count(body, "stream_options") > 1 || strings.Count(body, "stream") > 2 || strings.Contains(body, `\\u`)
				if json.Unmarshal(made, &got) == nil && !got.Options.Usage && !twice {
					t.Fatalf("%s became %s, which does not ask", body, made)
				}
			}
		}
		if !rawjson.Valid([]byte(event)) {
			return
		}
		from, to := stripUsage([]byte(event))
		if left := event[:from] + event[to:]; left != "" && !rawjson.Valid([]byte(left)) {
			t.Fatalf("%s became %s", event, left)
		}
		chatDelta(nil, []byte(event))
		promptText([]byte(event))
		wholeText([]byte(event))
	})
}
