package llm

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// answers are whole answers of every kind.
func answers() []*Response {
	return []*Response{
		{ID: "1", Model: "m", Created: 5, Dialect: "openai", Choices: []Choice{{Parts: []Part{&Text{Text: "Hello."}}, Stop: StopEnd}}, Usage: &Usage{Input: 3, Output: 2, Total: 5}},
		{ID: "2", Tier: "flex", Choices: []Choice{{
			Parts: []Part{
				&Thinking{Text: "Hm.", State: &State{Kind: StateSignature, Data: "c2ln", Origin: "o"}},
				&Thinking{Redacted: true, State: &State{Kind: StateRedacted, Data: "eA=="}},
				&Text{Text: "Words", Annotations: []Annotation{{URL: "https://example.com", End: 5}}},
				&ToolCall{ID: "a", Name: "f", Arguments: `{"x":1}`, State: &State{Kind: StateThought, Data: "c2ln"}},
				&ToolCall{ID: "b", Name: "g", Custom: true, Arguments: "free"},
			},
			Stop: StopTools,
		}}},
		{ID: "3", Choices: []Choice{
			{Parts: []Part{&Refusal{Text: "No."}}, Stop: StopFilter},
			{Parts: []Part{&Media{Kind: Image, MIME: "image/png", Data: "eA=="}, &Foreign{Dialect: "x", Type: "y", Raw: Raw(`{}`)}}, Stop: StopEnd, Sequence: "END"},
		}, Extra: map[string]Raw{"more": Raw(`1`)}, Dialect: "x"},
		{ID: "4", Choices: []Choice{{Parts: []Part{&Text{Text: "a"}}, Stop: StopEnd, Logprobs: Raw(`{"content":[{"token":"a","logprob":-1}]}`)}}},
	}
}

// TestFoldOfEvents: an answer that is taken apart and put together again is
// the same answer.
func TestFoldOfEvents(t *testing.T) {
	t.Parallel()
	for _, want := range answers() {
		var f Fold
		for _, ev := range want.Events() {
			f.Add(ev)
		}
		got, whole := f.Response()
		if d := cmp.Diff(want, got); d != "" || !whole {
			t.Errorf("%s: whole %v: %s", want.ID, whole, d)
		}
	}
}

// TestFoldInterleaved: parts that grow side by side, amended, and a stream that
// breaks off.
func TestFoldInterleaved(t *testing.T) {
	t.Parallel()
	var f Fold
	opened := &ToolCall{ID: "a", Name: "f"}
	for _, ev := range []Event{
		&Begin{ID: "1"},
		&Open{Index: 0, Part: opened}, &Open{Index: 1, Part: &ToolCall{ID: "b", Name: "g"}},
		&Delta{Index: 1, Text: `{"y"`}, &Delta{Index: 0, Text: `{"x"`}, &Delta{Index: 1, Text: `:2}`}, &Delta{Index: 0, Text: `:1}`},
		&Amend{Index: 0, State: &State{Kind: StateThought, Data: "c2ln"}}, &Amend{Index: 9, State: &State{}},
		&Close{Index: 0}, &Close{Index: 1},
		&Open{Index: 2, Part: &Text{}}, &Delta{Index: 2, Text: "x", Logprobs: Raw(`{"content":[1]}`)},
		&Delta{Index: 2, Text: "y", Logprobs: Raw(`{"content":[2],"refusal":null}`)},
		&Amend{Index: 2, Annotation: &Annotation{Title: "T"}}, &Delta{Index: 7, Text: "lost"},
	} {
		f.Add(ev)
	}
	got, whole := f.Response()
	want := &Response{ID: "1", Choices: []Choice{{
		Parts: []Part{
			&ToolCall{ID: "a", Name: "f", Arguments: `{"x":1}`, State: &State{Kind: StateThought, Data: "c2ln"}},
			&ToolCall{ID: "b", Name: "g", Arguments: `{"y":2}`},
			&Text{Text: "xy", Annotations: []Annotation{{Title: "T"}}},
		},
		Logprobs: Raw(`{"content":[1,2]}`),
	}}}
	if d := cmp.Diff(want, got); d != "" || whole {
		t.Errorf("whole %v: %s", whole, d)
	}
	if opened.Arguments != "" || opened.State != nil {
		t.Error("the event's own part was changed")
	}
}

// TestSeals: what is sealed comes back, in an id and alone, and nothing else is
// taken for a seal.
func TestSeals(t *testing.T) {
	t.Parallel()
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'a' + byte(i*i>>5%17)%9
	}
	for _, s := range []*State{
		{Kind: StateSignature, Data: "c2ln", Origin: "o1"}, {Kind: StateThought, Data: string(long), Origin: "o2"}, {Kind: StateNone},
	} {
		if d := cmp.Diff(s, Unseal(s.Seal(), "other")); d != "" {
			t.Error(d)
		}
		id, back := UnsealID(SealID("call_1", s))
		if d := cmp.Diff(s, back); d != "" || id != "call_1" {
			t.Errorf("%s: %s", id, d)
		}
	}
	if sealed := (&State{Kind: "k", Data: string(long)}).Seal(); len(sealed) > 4000 {
		t.Errorf("5000 bytes of few letters are sealed in %d", len(sealed))
	}
	thought := []*Thinking{{Text: "Hm.", State: &State{Kind: StateSignature, Data: "c2ln", Origin: "o"}}, {Text: "of nobody"}}
	id, own, before := UnhideID(HideID("call_1", &State{Kind: StateThought, Data: "x", Origin: "o"}, thought))
	if id != "call_1" || own == nil || own.Data != "x" {
		t.Errorf("%s %+v", id, own)
	}
	if d := cmp.Diff([]Part{thought[0]}, before); d != "" {
		t.Error(d)
	}
	if got := HideID("call_1", nil, thought[1:]); got != "call_1" {
		t.Errorf("nothing to hide, but %s", got)
	}
	for _, odd := range []string{"phs1_", "phs1_!!", "phs1_AQAA", "call_phs1"} {
		if s := Unseal(odd, "k"); s == nil || s.Kind != "k" || s.Data != odd {
			t.Errorf("%s is taken for a seal: %+v", odd, s)
		}
	}
	if Unseal("", "k") != nil {
		t.Error("nothing is a state")
	}
	if s := (&State{Kind: "k", Data: "d", Origin: "o"}); true {
		for _, tt := range []struct {
			origin Origin
			kind   string
			ok     bool
		}{{"o", "k", true}, {"p", "k", false}, {"o", "l", false}} {
			if _, ok := s.For(tt.origin, tt.kind); ok != tt.ok {
				t.Errorf("For(%s, %s) = %v", tt.origin, tt.kind, ok)
			}
		}
	}
}

// FuzzUnseal: no text brings a reader of seals down, or makes it take much more
// memory than the text has.
func FuzzUnseal(f *testing.F) {
	f.Add((&State{Kind: StateSignature, Data: "c2ln", Origin: "o"}).Seal())
	f.Add(HideID("call_1", nil, []*Thinking{{Text: "Hm.", State: &State{Kind: "k", Data: "d", Origin: "o"}}}))
	f.Fuzz(func(t *testing.T, text string) {
		if s := Unseal(text, "k"); s != nil && len(s.Data) > 32*len(text)+1 {
			t.Errorf("%d bytes became %d", len(text), len(s.Data))
		}
		UnhideID(text)
	})
}

// TestComplete follows JSON that comes in pieces.
func TestComplete(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pieces []string
		whole  bool
	}{
		{[]string{`{"a":`, `"}\"`, `{"}`}, true},
		{[]string{`{"a":{`, `}`}, false},
		{[]string{``}, false},
		{[]string{`[1,`, `2]`}, true},
		{[]string{`}{`}, false},
	} {
		var c Complete
		for _, p := range tt.pieces {
			c.Add(p)
		}
		if c.Whole() != tt.whole {
			t.Errorf("%q: %v", tt.pieces, c.Whole())
		}
	}
}

// TestMediaAt reads data: URLs and others.
func TestMediaAt(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]*Media{
		"https://example.com/a.png":     {Kind: Image, URL: "https://example.com/a.png"},
		"data:image/png;base64,eA==":    {Kind: Image, MIME: "image/png", Data: "eA=="},
		"data:application/pdf;base64,e": {Kind: Document, MIME: "application/pdf", Data: "e"},
		"data:text/plain,x":             {Kind: Document, MIME: "text/plain", Data: "eA=="},
		"data:broken":                   {Kind: Image, URL: "data:broken"},
	} {
		if d := cmp.Diff(want, MediaAt(url, Image)); d != "" {
			t.Errorf("%s: %s", url, d)
		}
	}
	if got := (&Media{MIME: "image/png", Data: "eA=="}).Address(); got != "data:image/png;base64,eA==" {
		t.Error(got)
	}
}

// TestReasoningLevels turns efforts into tokens and back.
func TestReasoningLevels(t *testing.T) {
	t.Parallel()
	for _, effort := range []string{"low", "medium", "high"} {
		r := Reasoning{Effort: effort}
		n := r.Tokens(nil)
		if back := (&Reasoning{Budget: &n}).Level(); back != effort {
			t.Errorf("%s is %d tokens, which is %s", effort, n, back)
		}
	}
	if n := (&Reasoning{Effort: "high"}).Tokens(ptr[int64](8000)); n >= 8000 || n < 1024 {
		t.Errorf("no room is left for the answer: %d of 8000", n)
	}
	if l := (&Reasoning{Budget: ptr[int64](0)}).Level(); l != "none" {
		t.Error(l)
	}
}

// FuzzHoldsSeal: the quick search finds what the plain one does.
func FuzzHoldsSeal(f *testing.F) {
	for _, seed := range []string{"", "phs1_", "x phs1 _phs1_", "phs1phs1_", sealBase64, "zz" + sealBase64 + "z", "_phs1", "cGhzMV8"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want := bytes.Contains(body, []byte(sealMark)) || bytes.Contains(body, []byte(sealBase64))
		if got := HoldsSeal(body); got != want {
			t.Errorf("%q: %v, want %v", body, got, want)
		}
	})
}

func BenchmarkHoldsSeal(b *testing.B) {
	body := bytes.Repeat([]byte("Answer briefly, in the language of the question, and name your sources. "), 3640)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if HoldsSeal(body) {
			b.Fatal("there is none")
		}
	}
}
