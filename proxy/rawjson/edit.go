package rawjson

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"slices"
)

// Edit replaces the bytes From…To of a text by With.
type Edit struct {
	From, To int
	With     string
}

// Drop makes the edits that remove the chosen ones of an object's fields, which
// must be all of its fields in order, together with the commas that go with
// them.
func Drop(fields []Field, chosen func(i int) bool) []Edit {
	var edits []Edit
	for i := 0; i < len(fields); i++ {
		if !chosen(i) {
			continue
		}
		from := i
		for i+1 < len(fields) && chosen(i+1) {
			i++
		}
		e := Edit{From: fields[from].KeyFrom, To: fields[i].To}
		switch {
		case i+1 < len(fields):
			e.To = fields[i+1].KeyFrom
		case from > 0:
			e.From = fields[from-1].To
		}
		edits = append(edits, e)
	}
	return edits
}

// Rename is the edit that gives a field another name.
func Rename(f Field, name string) Edit {
	return Edit{From: f.KeyFrom, To: f.KeyFrom + len(f.Key) + 2, With: Quote(name)}
}

// Set is the edit that gives a field another value, which must be JSON.
func Set(f Field, value string) Edit { return Edit{From: f.From, To: f.To, With: value} }

// Quote writes a string as JSON.
func Quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// Text is a text with edits applied, read piece by piece so that a large body
// is not copied to change a few bytes of it.
type Text struct {
	pieces [][]byte
	size   int64
}

// Apply makes the edited text. Edits must not overlap; their order does not
// matter. The original must stay unchanged for as long as the Text is used.
func Apply(text []byte, edits []Edit) *Text {
	t := &Text{}
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Compare(a.From, b.From) })
	at := 0
	for _, e := range edits {
		t.add(text[at:e.From])
		t.add([]byte(e.With))
		at = e.To
	}
	t.add(text[at:])
	return t
}

func (t *Text) add(p []byte) {
	if len(p) == 0 {
		return
	}
	t.pieces = append(t.pieces, p)
	t.size += int64(len(p))
}

// Size is the length of the edited text in bytes.
func (t *Text) Size() int64 { return t.size }

// Bytes returns the edited text in one piece.
func (t *Text) Bytes() []byte {
	if len(t.pieces) == 1 {
		return t.pieces[0]
	}
	return bytes.Join(t.pieces, nil)
}

// Reader returns a fresh reader over the edited text.
func (t *Text) Reader() io.ReadCloser { return &reader{rest: t.pieces} }

// reader reads the pieces one after the other.
type reader struct {
	rest [][]byte
	off  int
}

// Pieces are what is left to read, for those who can send it as it lies.
func (r *reader) Pieces() [][]byte {
	if len(r.rest) == 0 || r.off == 0 {
		return r.rest
	}
	rest := slices.Clone(r.rest)
	rest[0] = rest[0][r.off:]
	return rest
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := 0
	for len(r.rest) > 0 && n < len(p) {
		c := copy(p[n:], r.rest[0][r.off:])
		n += c
		r.off += c
		if r.off == len(r.rest[0]) {
			r.rest, r.off = r.rest[1:], 0
		}
	}
	return n, nil
}

// Close implements io.Closer.
func (r *reader) Close() error { return nil }
