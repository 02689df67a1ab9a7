package server

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// faults collects what is wrong with a request or document, with the place of
// each, so that all of it can be shown at once.
type faults struct {
	list []ProblemDetail
}

// add notes a fault at a path.
func (f *faults) add(path, format string, args ...any) {
	f.list = append(f.list, ProblemDetail{Location: path, Message: fmt.Sprintf(format, args...)})
}

// text checks a string people typed: valid UTF-8, at most max characters, no
// control characters (a line break in a name would break log lines and
// tables), no characters that turn the writing direction.
func (f *faults) text(path, value string, limit int) bool {
	switch {
	case !utf8.ValidString(value):
		f.add(path, "is not valid UTF-8")
	case utf8.RuneCountInString(value) > limit:
		f.add(path, "is too long: at most %d characters", limit)
	case strings.ContainsFunc(value, unicode.IsControl):
		f.add(path, "holds a control character, such as a line break or NUL: take it out")
	case strings.ContainsFunc(value, turnsDirection):
		f.add(path, "holds an invisible character that changes the writing direction: take it out")
	default:
		return true
	}
	return false
}

// label checks a name that may hold any printable character.
func (f *faults) label(path, value string, limit int) bool {
	switch {
	case strings.TrimSpace(value) == "":
		f.add(path, "is missing: give it a name")
	case strings.TrimSpace(value) != value:
		f.add(path, "begins or ends with a space: take it out")
	case !f.text(path, value, limit):
	default:
		return true
	}
	return false
}

// between checks a whole number.
func (f *faults) between(path string, value, low, high int64) {
	if value < low || value > high {
		f.add(path, "is %d: it must be from %d to %d", value, low, high)
	}
}

// atMost checks the length of a list.
func (f *faults) atMost(path string, n, limit int) bool {
	if n <= limit {
		return true
	}
	f.add(path, "has %d entries: at most %d are allowed", n, limit)
	return false
}

// turnsDirection tells the characters by which text can be made to look like
// other text (Unicode's bidirectional controls).
func turnsDirection(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x200E || r == 0x200F
}

// indexed is the path of an entry of a list.
func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
