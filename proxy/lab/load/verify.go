package load

import (
	"bytes"
	"errors"
	"fmt"
)

// fault is a call that did not end as it must. Its kind is what it is counted
// under.
type fault struct {
	kind string // "refused", "cut", "mixed", "lost" or "malformed"
	err  error
}

func (f *fault) Error() string { return f.kind + ": " + f.err.Error() }

func faultf(kind, format string, args ...any) *fault {
	return &fault{kind, fmt.Errorf(format, args...)}
}

// contentOf is the text that a chat answer or chunk carries. Answers of the lab
// hold no character that JSON escapes.
func contentOf(data []byte) []byte {
	const key = `"content":`
	for rest := data; ; {
		i := bytes.Index(rest, []byte(key))
		if i < 0 {
			return nil
		}
		rest = bytes.TrimLeft(rest[i+len(key):], " ")
		if len(rest) == 0 || rest[0] != '"' {
			continue
		}
		rest = rest[1:]
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			return nil
		}
		return rest[:end]
	}
}

// verifyWhole checks an answer in one piece.
func verifyWhole(body []byte, want string) *fault {
	got := contentOf(body)
	switch {
	case !bytes.HasPrefix(body, []byte("{")) || !bytes.HasSuffix(bytes.TrimSpace(body), []byte("}")):
		return faultf("cut", "the body is no object: %.80q", body)
	case want == "" && got != nil, string(got) == want:
		return nil
	}
	return differs(got, want)
}

// streamed is what has come of a stream.
type streamed struct {
	want   string
	at     int // bytes of want that have come
	text   int // bytes of text that have come
	chunks int64
	finish bool
	done   bool
	wrong  *fault
}

// event takes an event and reports whether it carried text.
func (s *streamed) event(data []byte) bool {
	s.chunks++
	if s.done && s.wrong == nil {
		s.wrong = faultf("mixed", "something follows the end: %.80q", data)
	}
	if string(data) == "[DONE]" {
		s.done = true
		return false
	}
	if bytes.Contains(data, []byte(`"error":`)) && s.wrong == nil {
		s.wrong = faultf("cut", "an error event: %.200q", data)
	}
	if bytes.Contains(data, []byte(`"finish_reason":"`)) {
		s.finish = true
	}
	text := contentOf(data)
	if len(text) == 0 {
		return false
	}
	s.text += len(text)
	if s.want == "" {
		return true
	}
	if s.at+len(text) > len(s.want) || s.want[s.at:s.at+len(text)] != string(text) {
		if s.wrong == nil {
			s.wrong = differs(text, s.want[min(s.at, len(s.want)):])
		}
		return true
	}
	s.at += len(text)
	return true
}

// end says whether the stream was whole.
func (s *streamed) end() *fault {
	switch {
	case s.wrong != nil:
		return s.wrong
	case s.text == 0:
		return &fault{"lost", errors.New("a stream without text")}
	case !s.finish || !s.done:
		return faultf("cut", "the stream ended without its end, after %d bytes of text", s.text)
	case s.at < len(s.want):
		return faultf("cut", "%d of %d bytes of text", s.at, len(s.want))
	}
	return nil
}

func differs(got []byte, want string) *fault {
	if len(got) < len(want) && want[:len(got)] == string(got) {
		return faultf("cut", "%d of %d bytes of text", len(got), len(want))
	}
	return faultf("mixed", "the text is %.60q where %.60q was due", got, want)
}
