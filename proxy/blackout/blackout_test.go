package blackout

import (
	"bytes"
	"strings"
	"testing"
)

func TestBuiltinPatterns(t *testing.T) {
	rules, err := Compile(nil, []string{`PROJ-\d+`})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"my key is sk-proj-abcdefghijklmnop0123":       "my key is [keys]",
		"Authorization: Bearer abcdef0123456789abcdef": "Authorization: Bearer [keys]",
		"AKIAIOSFODNN7EXAMPLE and LTAI5tAbcDefGhiJkl":  "[keys] and [keys]",
		"postgres://bob:secret@db/x":                   "postgres://[keys]@db/x",
		"eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc-_d":     "[keys]",
		"write to ada.lovelace+x@example.co.uk!":       "write to [mail]!",
		"写信给zhangsan@例子.公司。":                           "写信给[mail]。",
		"电话13800138000，":                               "电话[phone]，",
		"138-0013-8000 or +86 138 0013 8000":           "[phone] or [phone]",
		"call +1 (415) 555-2671 now":                   "call [phone] now",
		"身份证11010519491231002X号":                       "身份证[id]号",
		"wrong digit 110105194912310021":               "wrong digit 110105194912310021",
		"card 4111 1111 1111 1111.":                    "card [card].",
		"6222021234567890123 is no card":               "6222021234567890123 is no card",
		"银联6222600260001072444":                        "银联[card]",
		"order 20261124103107":                         "order 20261124103107",
		"see PROJ-123":                                 "see [redacted]",
		"skeleton task-force sk-short":                 "skeleton task-force sk-short",
		"3.14159265358979 and 1e10":                    "3.14159265358979 and 1e10",
	} {
		got, n := rules.Apply([]byte(text))
		if string(got) != want || n != strings.Count(want, "[") {
			t.Errorf("%q became %q (%d), want %q", text, got, n, want)
		}
	}
}

func TestOnlySomePatterns(t *testing.T) {
	rules, err := Compile([]string{Mail}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, n := rules.Apply([]byte("a@b.cn 13800138000")); string(got) != "[mail] 13800138000" || n != 1 {
		t.Errorf("%q, %d", got, n)
	}
}

func TestBadPatterns(t *testing.T) {
	for _, c := range []struct{ names, own []string }{
		{[]string{"everything"}, nil}, {nil, []string{"("}}, {nil, []string{"a*"}}, {nil, []string{strings.Repeat("a", 501)}},
	} {
		if _, err := Compile(c.names, c.own); err == nil {
			t.Errorf("%v was taken", c)
		}
	}
}

func FuzzApply(f *testing.F) {
	rules, err := Compile(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("sk-abcdefghijklmnopqrst 4111111111111111 a@b.cd"))
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		got, n := rules.Apply(text)
		if !bytes.Equal(before, text) {
			t.Error("the text itself was changed")
		}
		if n == 0 && !bytes.Equal(got, text) {
			t.Error("changed without saying so")
		}
	})
}

func BenchmarkApply(b *testing.B) {
	rules, err := Compile(nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	text := bytes.Repeat([]byte("The quick brown fox jumps over 12 lazy dogs at 10:31, 敏捷的棕色狐狸。 "), 1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		rules.Apply(text)
	}
}
