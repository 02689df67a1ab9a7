package rawjson

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func fields(t testing.TB, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := Fields([]byte(text), func(f Field) error {
		got[string(f.Key)] = string(f.Value([]byte(text)))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return got
}

func TestFields(t *testing.T) {
	got := fields(t, ` { "model" : "a\"b\\" , "n":-1.50e+3, "x":{"model":"no","a":[{},[]]},"y":[ ] ,"z":null} `)
	want := map[string]string{"model": `"a\"b\\"`, "n": "-1.50e+3", "x": `{"model":"no","a":[{},[]]}`, "y": "[ ]", "z": "null"}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: got %s, want %s", k, got[k], v)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
}

func TestFieldsRefuses(t *testing.T) {
	bad := []string{
		"", "{", "}", "{]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`,
		`{"a":tru}`, `{"a":"}`, `{"a":"\"}`, `{"a":[1,]}`, `{"a":[1}`, `{"a":{"b":1]}`, `{a:1}`, `{"a":1}x`, `{"a":1}{}`, "\ufeff{}",
		`{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}",
	}
	for _, text := range bad {
		err := Fields([]byte(text), func(Field) error { return nil })
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40q: got %v", text, err)
		}
	}
	for _, text := range []string{"[]", "null", `"x"`, "1", "true"} {
		if err := Fields([]byte(text), nil); !errors.Is(err, ErrNotObject) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestEdits(t *testing.T) {
	tests := []struct{ text, field, do, want string }{
		{`{"model":"a","x":1.0}`, "model", "set", `{"model":"NEW","x":1.0}`},
		{`{"x":1, "model" : "a" }`, "model", "set", `{"x":1, "model" : "NEW" }`},
		{`{"model":"a","x":1}`, "model", "drop", `{"x":1}`},
		{`{"x":1 , "model":"a" }`, "model", "drop", `{"x":1 }`},
		{`{"model":"a"}`, "model", "drop", `{}`},
		{`{"x":1,"model":"a" ,"y":2}`, "model", "drop", `{"x":1,"y":2}`},
		{`{"x":1,"model":"a","model":2}`, "model", "drop", `{"x":1}`},
		{`{"model":0,"x":1,"model":"a","model":2,"y":3}`, "model", "drop", `{"x":1,"y":3}`},
		{`{"x":1,"model":"a"}`, "model", "rename", `{"x":1,"modell":"a"}`},
	}
	for _, tt := range tests {
		text := []byte(tt.text)
		var edits []Edit
		var all []Field
		err := Fields(text, func(f Field) error {
			all = append(all, f)
			if string(f.Key) != tt.field {
				return nil
			}
			switch tt.do {
			case "set":
				edits = append(edits, Set(f, `"NEW"`))
			case "rename":
				edits = append(edits, Rename(f, "modell"))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if tt.do == "drop" {
			edits = Drop(all, func(i int) bool { return string(all[i].Key) == tt.field })
		}
		out := Apply(text, edits)
		if got := string(out.Bytes()); got != tt.want {
			t.Errorf("%s %s of %s: got %s, want %s", tt.do, tt.field, tt.text, got, tt.want)
		}
		read, err := io.ReadAll(out.Reader())
		if err != nil || string(read) != tt.want || out.Size() != int64(len(tt.want)) {
			t.Errorf("reader: got %s (size %d), %v", read, out.Size(), err)
		}
	}
}

// FuzzFields holds the scanner against encoding/json: what that takes, the
// scanner takes, with the same fields; what the scanner finds wrong, that does
// too. (The scanner is more tolerant inside strings, by design.)
func FuzzFields(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"a":{"b":[1,2,"x\"y"]},"c":null}`, `[1]`, `{"a":-0.5E-1}`, `{`, `{"a":"\\"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		err := Fields([]byte(text), func(f Field) error {
			got[string(f.Key)] = string(f.Value([]byte(text)))
			return nil
		})
		if Valid([]byte(text)) != (err == nil || errors.Is(err, ErrNotObject)) {
			t.Fatalf("Valid and Fields disagree: %v", err)
		}
		if !json.Valid([]byte(text)) {
			return
		}
		if err != nil && !errors.Is(err, ErrNotObject) {
			t.Fatalf("valid JSON refused: %v", err)
		}
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil || strings.Contains(text, `\`) {
			return
		}
		for k, v := range want {
			if utf := strings.ToValidUTF8(k, "\ufffd"); utf == k && got[k] != string(v) && !strings.Contains(k, "\ufffd") {
				t.Fatalf("%q: got %s, want %s", k, got[k], v)
			}
		}
	})
}

func BenchmarkFields(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 2 << 20} {
		text := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("some text with \\n and more ", size/27) + `"}],"model":"gpt-4.1","stream":true}`)
		b.Run(sizeName(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if err := Fields(text, func(Field) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func sizeName(n int) string {
	if n >= 1<<20 {
		return "2MiB"
	}
	if n >= 64<<10 {
		return "64KiB"
	}
	return "1KiB"
}
