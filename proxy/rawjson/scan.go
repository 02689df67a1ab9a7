package rawjson

import (
	"bytes"
	"errors"
	"fmt"
)

// MaxDepth is how deep arrays and objects may nest. Real requests stay below
// 100 (JSON schemas of tools); the limit keeps hostile ones cheap.
const MaxDepth = 1024

// ErrNotObject is returned by Fields for a text that is valid JSON, but not an
// object.
var ErrNotObject = errors.New("not a JSON object")

// SyntaxError says what is wrong with a JSON text, and where.
type SyntaxError struct {
	Offset int // bytes before the fault
	Reason string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

// Field is a top-level field of an object, by its place in the text.
type Field struct {
	Key     []byte // as written, without the quotes; escapes are not resolved
	KeyFrom int    // of the key's opening quote
	From    int    // of the value
	To      int    // after the value
}

// Value returns the field's value as written.
func (f Field) Value(text []byte) []byte { return text[f.From:f.To] }

// Fields calls visit for each top-level field of the object that text holds,
// in order, until visit returns an error. It returns that error, or one that
// says why text is not an object.
func Fields(text []byte, visit func(Field) error) error {
	s := scanner{b: text}
	s.space()
	if c, ok := s.peek(); !ok || c != '{' {
		if err := s.value(); err != nil {
			return err
		}
		if err := s.end(); err != nil {
			return err
		}
		return ErrNotObject
	}
	s.i++
	s.space()
	if c, ok := s.peek(); ok && c == '}' {
		s.i++
		return s.end()
	}
	for {
		f := Field{KeyFrom: s.i}
		if err := s.key(); err != nil {
			return err
		}
		f.Key = text[f.KeyFrom+1 : s.keyEnd]
		f.From = s.i
		if err := s.value(); err != nil {
			return err
		}
		f.To = s.i
		if err := visit(f); err != nil {
			return err
		}
		s.space()
		switch c, _ := s.peek(); c {
		case ',':
			s.i++
			s.space()
		case '}':
			s.i++
			return s.end()
		default:
			return s.fail("expected , or } after a field of the object")
		}
	}
}

// Valid reports whether text is one JSON value, with nothing after it.
func Valid(text []byte) bool {
	s := scanner{b: text}
	s.space()
	return s.value() == nil && s.end() == nil
}

// scanner walks over a JSON text.
type scanner struct {
	b      []byte
	i      int
	keyEnd int // of the last key read, before its closing quote

	depth int
	kinds [MaxDepth / 64]uint64 // a bit per level: set for objects
}

func (s *scanner) fail(reason string) error {
	return &SyntaxError{Offset: s.i, Reason: reason}
}

func (s *scanner) peek() (byte, bool) {
	if s.i >= len(s.b) {
		return 0, false
	}
	return s.b[s.i], true
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *scanner) end() error {
	s.space()
	if s.i < len(s.b) {
		return s.fail("something follows the JSON value")
	}
	return nil
}

// value steps over one value, nested ones included.
func (s *scanner) value() error {
	base := s.depth
	for {
		closed, err := s.open()
		if err != nil {
			return err
		}
		if !closed {
			continue
		}
		more, err := s.after(base)
		if err != nil || !more {
			return err
		}
	}
}

// open steps over a scalar or an empty container, or into a container up to
// its first value. It reports whether a value was completed.
func (s *scanner) open() (closed bool, err error) {
	c, ok := s.peek()
	if !ok {
		return false, s.fail("unexpected end")
	}
	switch {
	case c == '"':
		return true, s.str()
	case c == '{' || c == '[':
		return s.enter(c == '{')
	case c == '-' || c >= '0' && c <= '9':
		return true, s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if c == word[0] && bytes.HasPrefix(s.b[s.i:], []byte(word)) {
			s.i += len(word)
			return true, nil
		}
	}
	return false, s.fail("expected a value")
}

func (s *scanner) enter(object bool) (closed bool, err error) {
	if s.depth == MaxDepth {
		return false, s.fail(fmt.Sprintf("nested deeper than %d levels", MaxDepth))
	}
	word, bit := s.depth/64, uint64(1)<<(s.depth%64)
	s.kinds[word] &^= bit
	ender := byte(']')
	if object {
		s.kinds[word] |= bit
		ender = '}'
	}
	s.depth++
	s.i++
	s.space()
	if c, ok := s.peek(); ok && c == ender {
		s.i++
		s.depth--
		return true, nil
	}
	if object {
		return false, s.key()
	}
	return false, nil
}

// after reads what follows a completed value within the containers above base:
// it reports whether another value begins, or all those containers are closed.
func (s *scanner) after(base int) (more bool, err error) {
	for s.depth > base {
		s.space()
		object := s.kinds[(s.depth-1)/64]&(1<<((s.depth-1)%64)) != 0
		c, ok := s.peek()
		switch {
		case !ok:
			return false, s.fail("unexpected end")
		case c == ',':
			s.i++
			s.space()
			if object {
				return true, s.key()
			}
			return true, nil
		case object && c == '}' || !object && c == ']':
			s.i++
			s.depth--
		case object:
			return false, s.fail("expected , or } after a field of an object")
		default:
			return false, s.fail("expected , or ] after an element of an array")
		}
	}
	return false, nil
}

// key steps over a key and its colon, up to the value.
func (s *scanner) key() error {
	if c, ok := s.peek(); !ok || c != '"' {
		return s.fail("expected a quoted key")
	}
	if err := s.str(); err != nil {
		return err
	}
	s.keyEnd = s.i - 1
	s.space()
	if c, ok := s.peek(); !ok || c != ':' {
		return s.fail("expected : after a key")
	}
	s.i++
	s.space()
	return nil
}

// str steps over a string. A quote ends it when an even number of backslashes
// stands before it.
func (s *scanner) str() error {
	from := s.i + 1
	for at := from; ; {
		q := bytes.IndexByte(s.b[at:], '"')
		if q < 0 {
			return s.fail("a string is not closed")
		}
		at += q
		slashes := 0
		for at-1-slashes >= from && s.b[at-1-slashes] == '\\' {
			slashes++
		}
		at++
		if slashes%2 == 0 {
			s.i = at
			return nil
		}
	}
}

// number steps over a number as RFC 8259 writes it.
func (s *scanner) number() error {
	start := s.i
	if s.b[s.i] == '-' {
		s.i++
	}
	whole := s.digits()
	if whole == 0 || whole > 1 && s.b[s.i-whole] == '0' {
		s.i = start
		return s.fail("malformed number")
	}
	if c, ok := s.peek(); ok && c == '.' {
		s.i++
		if s.digits() == 0 {
			return s.fail("malformed number")
		}
	}
	if c, ok := s.peek(); ok && (c == 'e' || c == 'E') {
		s.i++
		if c, ok := s.peek(); ok && (c == '+' || c == '-') {
			s.i++
		}
		if s.digits() == 0 {
			return s.fail("malformed number")
		}
	}
	return nil
}

func (s *scanner) digits() int {
	from := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - from
}

// ErrNotArray is returned by Elements for a text that is valid JSON, but not an
// array.
var ErrNotArray = errors.New("not a JSON array")

// Elements calls visit for each element of the array that text holds, in
// order, with its place in the text, until visit returns an error. It returns
// that error, or one that says why text is not an array. What comes after the
// element at which visit stops is not looked at.
func Elements(text []byte, visit func(from, to int) error) error {
	s := scanner{b: text}
	s.space()
	if c, ok := s.peek(); !ok || c != '[' {
		if err := s.value(); err != nil {
			return err
		}
		if err := s.end(); err != nil {
			return err
		}
		return ErrNotArray
	}
	s.i++
	s.space()
	if c, ok := s.peek(); ok && c == ']' {
		s.i++
		return s.end()
	}
	for {
		from := s.i
		if err := s.value(); err != nil {
			return err
		}
		if err := visit(from, s.i); err != nil {
			return err
		}
		s.space()
		switch c, _ := s.peek(); c {
		case ',':
			s.i++
			s.space()
		case ']':
			s.i++
			return s.end()
		default:
			return s.fail("expected , or ] after an element of the array")
		}
	}
}
