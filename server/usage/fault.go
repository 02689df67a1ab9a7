package usage

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/store"
)

// longestFault bounds a message without its numbers, in bytes.
const longestFault = 240

// faultOf is what went wrong, so that equal causes are equal.
func faultOf(class llm.Class, message string) store.Fault {
	if class == "" {
		return store.Fault{}
	}
	return store.Fault{Class: string(class), Message: Normalise(message)}
}

// Normalise takes out of a message what differs from one time to the next:
// words that hold a digit (numbers, ids, times, addresses) become #, runs of
// white space one blank.
func Normalise(message string) string {
	if !utf8.ValidString(message) {
		message = strings.ToValidUTF8(message, "\uFFFD")
	}
	var b strings.Builder
	b.Grow(min(len(message), longestFault))
	word := 0 // where the current word began in message
	flush := func(end int) {
		w := message[word:end]
		if strings.ContainsFunc(w, unicode.IsDigit) && !modelLike(w) {
			w = "#"
			if strings.HasSuffix(b.String(), "#") {
				w = ""
			}
		}
		b.WriteString(w)
	}
	blank := false
	for i, c := range message {
		if b.Len() >= longestFault {
			break
		}
		switch {
		case unicode.IsSpace(c):
			flush(i)
			if !blank && b.Len() > 0 {
				b.WriteByte(' ')
			}
			blank, word = true, i+utf8.RuneLen(c)
			continue
		case splits(c):
			flush(i)
			b.WriteRune(c)
			word = i + utf8.RuneLen(c)
		}
		blank = false
	}
	if b.Len() < longestFault && word <= len(message) {
		flush(len(message))
	}
	return clip(strings.TrimSpace(b.String()))
}

// splits reports whether a character ends a word.
func splits(c rune) bool {
	return strings.ContainsRune(`"'()[]{}<>,;=?!…，。：；（）「」`, c) || c == '\u0060'
}

// modelLike reports whether a word is likely a name worth keeping although it
// holds digits: short, of lower case letters, digits, dots, dashes and slashes,
// with a letter first and more letters than digits (qwen3-max, gpt-4o).
func modelLike(w string) bool {
	w = strings.TrimRight(w, ".:")
	if len(w) > 40 || len(w) < 3 || !(w[0] >= 'a' && w[0] <= 'z') || !strings.ContainsAny(w, "-./") {
		return false
	}
	letters, digits := 0, 0
	for i := range len(w) {
		switch c := w[i]; {
		case c >= 'a' && c <= 'z':
			letters++
		case c >= '0' && c <= '9':
			digits++
		case c != '-' && c != '.' && c != '/':
			return false
		}
	}
	return letters > digits && digits <= 8 && !strings.HasPrefix(w, "req-") && !strings.HasPrefix(w, "id-")
}

// clip bounds a message at a character's border.
func clip(s string) string {
	if len(s) <= longestFault {
		return s
	}
	return strings.ToValidUTF8(s[:longestFault], "")
}
