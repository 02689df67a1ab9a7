package sse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

type got struct{ name, data string }

func readAll(t testing.TB, src io.Reader) (events []got, raw []byte, err error) {
	t.Helper()
	r := NewReader(src, 1<<20)
	for {
		ev, err := r.Next()
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return events, raw, err
		}
		raw = append(raw, ev.Raw...)
		if ev.Data != nil {
			events = append(events, got{string(ev.Name), string(ev.Data)})
		}
	}
}

func TestReader(t *testing.T) {
	tests := []struct {
		name, in string
		want     []got
	}{
		{"plain", "data: a\n\ndata: b\n\n", []got{{"", "a"}, {"", "b"}}},
		{"crlf", "data: a\r\n\r\ndata: b\r\n\r\n", []got{{"", "a"}, {"", "b"}}},
		{"cr", "data: a\r\rdata: b\r\r", []got{{"", "a"}, {"", "b"}}},
		{"no space", "data:a\n\n", []got{{"", "a"}}},
		{"two spaces keep one", "data:  a\n\n", []got{{"", " a"}}},
		{"several lines", "data: a\ndata: b\ndata\ndata: c\n\n", []got{{"", "a\nb\n\nc"}}},
		{"names, ids, retry", "event: ping\nid: 1\nretry: 5\ndata: {}\n\n", []got{{"ping", "{}"}}},
		{"comments", ": hello\n\n:\n\ndata: a\n: b\n\n", []got{{"", "a"}}},
		{"byte order mark", "\ufeffdata: a\n\n", []got{{"", "a"}}},
		{"stray blank lines", "\n\n\ndata: a\n\n\n\ndata: b\n\n", []got{{"", "a"}, {"", "b"}}},
		{"empty data", "data:\n\ndata\n\n", []got{{"", ""}, {"", ""}}},
		{"last event without blank line", "data: a\n\ndata: [DONE]", []got{{"", "a"}, {"", "[DONE]"}}},
		{"no field", "nothing here\n\ndata: a\n\n", []got{{"", "a"}}},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, wrap := range map[string]func(io.Reader) io.Reader{
				"whole": func(r io.Reader) io.Reader { return r },
				"bytes": iotest.OneByteReader,
				"eof":   iotest.DataErrReader,
			} {
				events, _, err := readAll(t, wrap(strings.NewReader(tt.in)))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if len(events) != len(tt.want) {
					t.Fatalf("%s: got %q, want %q", name, events, tt.want)
				}
				for i := range events {
					if events[i] != tt.want[i] {
						t.Errorf("%s: event %d: got %q, want %q", name, i, events[i], tt.want[i])
					}
				}
			}
		})
	}
}

func TestReaderHalfEvent(t *testing.T) {
	r := NewReader(strings.NewReader("data: a\n\ndata: {\"x\":"), 1<<20)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	ev, err := r.Next()
	if !errors.Is(err, io.ErrUnexpectedEOF) || string(ev.Data) != `{"x":` {
		t.Fatalf("got %q, %v", ev.Data, err)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("after the end: %v", err)
	}
}

func TestReaderLimit(t *testing.T) {
	for _, size := range []int{100, 64 << 10} {
		in := "data: " + strings.Repeat("x", 1<<20) + "\n\n"
		_, err := NewReader(strings.NewReader(in), size).Next()
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("limit %d: got %v", size, err)
		}
	}
	big := strings.Repeat("x", 2<<20)
	ev, err := NewReader(strings.NewReader("data: "+big+"\n\n"), 4<<20).Next()
	if err != nil || string(ev.Data) != big {
		t.Errorf("2 MiB event: %d bytes, %v", len(ev.Data), err)
	}
}

func TestReaderMore(t *testing.T) {
	r := NewReader(strings.NewReader("data: a\n\ndata: b\n\ndata: c"), 1<<20)
	var more []bool
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		more = append(more, r.More())
	}
	if !more[0] || more[1] {
		t.Errorf("got %v, want true then false: the third event is not whole", more)
	}
}

// FuzzReader holds the reader to three promises on any input: however the
// bytes are cut up by reads, the events are the same; nothing but blank lines
// between events is lost from Raw; it ends.
func FuzzReader(f *testing.F) {
	for _, s := range []string{"data: a\n\n", "data: a\r\n\r\ndata: b\r\r", "\ufeff: c\n\ndata: x\ndata: y\n\n", "event: e\rdata:\r\n\n", "\r\ndata: a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, raw, err := readAll(t, bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		single, _, err := readAll(t, iotest.OneByteReader(bytes.NewReader(in)))
		if err != nil {
			t.Fatal(err)
		}
		if len(whole) != len(single) {
			t.Fatalf("whole %q, byte by byte %q", whole, single)
		}
		for i := range whole {
			if whole[i] != single[i] {
				t.Fatalf("event %d: whole %q, byte by byte %q", i, whole[i], single[i])
			}
		}
		strip := func(b []byte) string { return strings.NewReplacer("\n", "", "\r", "").Replace(string(b)) }
		if strip(raw) != strip(in) {
			t.Fatalf("raw bytes lost: %q of %q", raw, in)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	one := `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}` + "\n\n"
	in := []byte(strings.Repeat(one, 64))
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		r := NewReader(bytes.NewReader(in), 1<<20)
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
}

// TestLines reads NDJSON as it comes: in pieces, with CRLF, blank lines and a
// last line without its end.
func TestLines(t *testing.T) {
	t.Parallel()
	l := NewLines(iotest.OneByteReader(strings.NewReader("{\"a\":1}\n\r\n{\"b\":2}\r\n{\"c\":3}")), 100)
	for _, want := range []string{`{"a":1}`, `{"b":2}`} {
		if ev, err := l.Next(); err != nil || string(ev.Data) != want {
			t.Fatalf("got %q, %v, want %q", ev.Data, err, want)
		}
	}
	if ev, err := l.Next(); !errors.Is(err, io.ErrUnexpectedEOF) || string(ev.Data) != `{"c":3}` {
		t.Errorf("the last line: got %q, %v", ev.Data, err)
	}
	if _, err := l.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("behind it: got %v, want io.EOF", err)
	}
}

// TestLinesLimit refuses a line over the limit without reading on for ever.
func TestLinesLimit(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("x", 200) + "\n", strings.Repeat("x", 20_000)} {
		if _, err := NewLines(strings.NewReader(text), 100).Next(); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: got %v, want ErrTooLarge", len(text), err)
		}
	}
}
