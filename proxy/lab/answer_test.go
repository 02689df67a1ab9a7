package lab

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "Hello, world!": 2, "你好，世界。": 4, "a  b\n": 3, " ": 1, "GPT 很好 ok": 4,
		strings.Repeat("x", 33): 3, "🙂 🙂🙂": 2, "\xff\xfe": 1, "한국 かな": 4,
	} {
		if got := Tokens(text); got != want {
			t.Errorf("Tokens(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestTextHasItsLength(t *testing.T) {
	for _, q := range []string{"road?", "路？", ""} {
		for _, n := range []int{0, 1, 2, 40, 60, 1000} {
			if got := Tokens(Text(q, n)); got != n {
				t.Errorf("%q: %d words, want %d", q, got, n)
			}
			if got := Tokens(makeText(q, n, true)); got != n {
				t.Errorf("%q with emoji: %d words, want %d", q, got, n)
			}
		}
	}
	if Text("a", 20) == Text("b", 20) || !strings.HasPrefix(Text("a", 60), Text("a", 20)[:40]) {
		t.Error("texts of different questions are the same, or of one question differ")
	}
}

// chatText asks a lab without a socket and returns the text and the finish.
func chatText(t *testing.T, body string) (text, finish string) {
	t.Helper()
	l := New(Options{})
	o, fail := parseObject([]byte(body))
	if fail != nil {
		t.Fatal(fail.message)
	}
	name, _ := o.text("model", "model")
	m, fail := l.resolve(name)
	if fail != nil {
		t.Fatal(fail.message)
	}
	p, fail := chat(&exchange{lab: l, body: []byte(body), object: o, model: m})
	if fail != nil {
		t.Fatal(fail.message)
	}
	var c completion
	if err := json.Unmarshal(p.body, &c); err != nil {
		t.Fatal(err)
	}
	return *c.Choices[0].Message.Content, c.Choices[0].Finish
}

func TestContinuing(t *testing.T) {
	full := Text("road?", 60)
	said := pieces(full)
	part, rest := strings.Join(said[:40], ""), strings.Join(said[40:], "")
	talk := func(model string, after ...string) string {
		messages := []map[string]string{{"role": "user", "content": "road?"}}
		for i, text := range after {
			messages = append(messages, map[string]string{"role": []string{"assistant", "user"}[i%2], "content": text})
		}
		text, _ := chatText(t, string(encode(map[string]any{"model": model, "messages": messages})))
		return text
	}
	for name, got := range map[string][2]string{
		"prefix":          {talk("lab-chat", part), rest},
		"within a word":   {talk("lab-chat", part[:len(part)-2]), part[len(part)-2:] + rest},
		"another prefix":  {talk("lab-chat", "something else"), full},
		"continue":        {talk("lab-chat", part, "Please continue."), rest},
		"继续":              {talk("lab-chat", part, "请继续"), rest},
		"overlap":         {talk("lab-chat:overlap=3", part, "continue"), strings.Join(said[37:], "")},
		"other question":  {talk("lab-chat", part, "why?"), Text("why?", 60)},
		"fault same text": {talk("fault-die"), full},
	} {
		if diff := cmp.Diff(got[1], got[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLimits(t *testing.T) {
	full := Text("road?", 60)
	text, finish := chatText(t, `{"model":"lab-chat","max_tokens":7,"messages":[{"role":"user","content":"road?"}]}`)
	if text != strings.Join(pieces(full)[:7], "") || finish != "length" {
		t.Errorf("max_tokens: %q %s", text, finish)
	}
	word := strings.TrimSpace(pieces(full)[5])
	text, finish = chatText(t, `{"model":"lab-chat","stop":["`+word+`"],"messages":[{"role":"user","content":"road?"}]}`)
	if before, _, _ := strings.Cut(full, word); text != before || finish != "stop" {
		t.Errorf("stop: %q %s", text, finish)
	}
}

func TestFormats(t *testing.T) {
	text, _ := chatText(t, `{"model":"demo-chat","response_format":{"type":"json_object"},"messages":[{"role":"user","content":"as json"}]}`)
	if !json.Valid([]byte(text)) {
		t.Errorf("json_object: %s", text)
	}
	text, _ = chatText(t, `{"model":"demo-chat","response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","required":["ok"],"properties":{"ok":{"type":"boolean"}}}}},"messages":[{"role":"user","content":"x"}]}`)
	if text != `{"ok":true}` {
		t.Errorf("json_schema: %s", text)
	}
}

func TestExample(t *testing.T) {
	tests := []struct{ name, schema, want string }{
		{"none", ``, `{}`},
		{"any of with null", `{"anyOf":[{"type":"integer","exclusiveMinimum":4},{"type":"null"}]}`, `5`},
		{"type list", `{"type":["null","string"],"maxLength":3}`, `"sam"`},
		{"const", `{"const":{"a":[1]}}`, `{"a":[1]}`},
		{"reference", `{"$defs":{"c":{"enum":["x"]}},"type":"object","required":["c"],"properties":{"c":{"$ref":"#/$defs/c"}}}`, `{"c":"x"}`},
		{"array", `{"type":"array","minItems":2,"items":{"type":"number","minimum":2.5}}`, `[2.5,2.5]`},
		{"all of", `{"allOf":[{"required":["a"],"properties":{"a":{"const":1}}},{"required":["b"],"properties":{"b":{"const":2}}}]}`, `{"a":1,"b":2}`},
		{"format", `{"type":"string","format":"date"}`, `"2026-01-02"`},
		{"below", `{"type":"integer","maximum":-3}`, `-3`},
		{"nonsense", `{"type":5,"minLength":"x"}`, `null`},
	}
	for _, tt := range tests {
		if got := string(example(json.RawMessage(tt.schema))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	loop := `{"$ref":"#"}`
	if got := string(example(json.RawMessage(loop))); got != "null" {
		t.Errorf("a schema that is itself: %s", got)
	}
}

func TestRerank(t *testing.T) {
	_, base := begin(t, Options{})
	got := post(t, base+"/rerank", `{"model":"demo-rank","query":"post road","documents":["tea and wine",{"text":"the post road"}],"top_n":1,"return_documents":true}`)
	var r struct{ Results []ranking }
	if err := json.Unmarshal(got.body, &r); err != nil || len(r.Results) != 1 || r.Results[0].Index != 1 || r.Results[0].Document["text"] != "the post road" {
		t.Errorf("%s", got.body)
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("Hello, 世界 \xff 🙂\n")
	f.Fuzz(func(t *testing.T, s string) {
		parts := pieces(s)
		if strings.Join(parts, "") != s || len(parts) != Tokens(s) {
			t.Errorf("%q became %q", s, parts)
		}
	})
}
