package openai

import "strings"

// Some vendors write reasoning into the text, between these.
const (
	openTag  = "<think>"
	closeTag = "</think>"
)

// tagged parts reasoning from text that comes in pieces. Only an answer that
// begins with the opening tag has any.
type tagged struct {
	held  string // not told yet
	where byte   // 0: at the beginning; 1: in the reasoning; 2: behind it
	fresh bool   // line breaks at the seam are left out
}

func (t *tagged) add(s string) { t.held += s }

// next returns the next words that are certain, and whether they are
// reasoning; last says that nothing more comes.
func (t *tagged) next(last bool) (words string, thinks, ok bool) {
	switch t.where {
	case 0:
		s := strings.TrimLeft(t.held, " \t\r\n")
		switch {
		case strings.HasPrefix(s, openTag):
			t.held, t.where, t.fresh = s[len(openTag):], 1, true
			return t.next(last)
		case strings.HasPrefix(openTag, s) && !last:
			return "", false, false
		}
		t.where = 2
	case 1:
		t.trim()
		if before, after, found := strings.Cut(t.held, closeTag); found {
			t.held, t.where, t.fresh = after, 2, true
			if before = strings.TrimRight(before, "\r\n"); before != "" {
				return before, true, true
			}
			return t.next(last)
		}
		words, t.held = certain(t.held, last)
		return words, true, words != ""
	}
	t.trim()
	words, t.held = t.held, ""
	return words, false, words != ""
}

func (t *tagged) trim() {
	if t.fresh {
		t.held = strings.TrimLeft(t.held, "\r\n")
		t.fresh = t.held == ""
	}
}

// certain splits off what could still be the beginning of the closing tag, or
// line breaks before it.
func certain(s string, last bool) (words, rest string) {
	if last {
		return s, ""
	}
	for i := max(0, len(s)-len(closeTag)-4); i < len(s); i++ {
		if strings.HasPrefix(closeTag, strings.TrimLeft(s[i:], "\r\n")) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}
