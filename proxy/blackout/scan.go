package blackout

import (
	"bytes"
	"unicode/utf8"
)

// scan looks for the built-in patterns, all in one pass.
func (r *Rules) scan(text []byte) []place {
	var found []place
	end := 0 // of the last place
	for i := 0; i < len(text); {
		p := r.look(text, i, end)
		if p.to > i {
			found = append(found, p)
			i, end = p.to, p.to
			continue
		}
		i = r.next(text, i)
	}
	return found
}

// next is where to look after a character that begins nothing.
func (r *Rules) next(text []byte, i int) int {
	if !isDigit(text, i) {
		return i + 1
	}
	for isDigit(text, i) { // the rest of a number begins nothing either
		i++
	}
	return i
}

// look is what begins at a character, or (a mail address) stands around it.
func (r *Rules) look(text []byte, i, end int) place {
	c := text[i]
	switch {
	case c >= '0' && c <= '9' || c == '+':
		return r.number(text, i)
	case c == '@' && r.on[Mail]:
		return mail(text, i, end)
	case !r.on[Keys]:
	case isLetter(c) && (i == 0 || !isWord(text[i-1])):
		return key(text, i)
	case c == ':' && bytes.HasPrefix(text[i:], []byte("://")):
		return password(text, i)
	case c == '-' && bytes.HasPrefix(text[i:], []byte("-----BEGIN ")):
		return private(text, i)
	}
	return place{}
}

func isDigit(text []byte, i int) bool {
	return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9'
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isWord(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '_' }

// token is the run of characters that keys are made of, and some more.
func token(text []byte, i int, more string) int {
	for i < len(text) && (isWord(text[i]) || text[i] == '-' || bytes.IndexByte([]byte(more), text[i]) >= 0) {
		i++
	}
	return i
}

// prefixes are how keys begin, and how many characters follow at least. They
// are those that vendors document or hand out: sk- (OpenAI, Anthropic,
// DeepSeek, Moonshot, DashScope), AIza (Google), AKIA and ASIA (AWS), LTAI
// (Alibaba Cloud), AKID (Tencent Cloud), ghp_ and github_pat_ (GitHub), xox
// (Slack), hf_ (Hugging Face), ph- (Posthouse), eyJ (JSON Web Tokens).
var prefixes = []struct {
	text string
	more int
}{
	{"sk-", 16},
	{"sk_", 16},
	{"pk-", 16},
	{"pk_", 16},
	{"rk_", 16},
	{"ph-", 16},
	{"pht-", 16},
	{"gsk_", 16},
	{"xai-", 16},
	{"nvapi-", 16},
	{"glpat-", 16},
	{"hf_", 16},
	{"ghp_", 16},
	{"gho_", 16},
	{"ghs_", 16},
	{"github_pat_", 16},
	{"xoxb-", 16},
	{"xoxp-", 16},
	{"xoxa-", 16},
	{"xoxr-", 16},
	{"AIza", 30},
	{"AKIA", 16},
	{"ASIA", 16},
	{"LTAI", 12},
	{"AKID", 13},
	{"eyJ", 30},
}

// key finds an API key or token.
func key(text []byte, i int) place {
	rest := text[i:]
	for _, p := range prefixes {
		if rest[0] == p.text[0] && bytes.HasPrefix(rest, []byte(p.text)) {
			more := ""
			if p.text == "eyJ" {
				more = "." // its three parts
			}
			if end := token(text, i+len(p.text), more); end-i-len(p.text) >= p.more {
				return place{i, end, Keys}
			}
		}
	}
	if rest[0]|0x20 != 'b' || len(rest) < 7 || !bytes.EqualFold(rest[:6], []byte("bearer")) || rest[6] != ' ' {
		return place{}
	}
	from := i + 7
	if end := token(text, from, ".~+/="); end-from >= 16 {
		return place{from, end, Keys}
	}
	return place{}
}

// password finds name:password@ in a URL, whose :// is given.
func password(text []byte, i int) place {
	from, colon := i+3, false
	for j := from; j < len(text) && j < from+200; j++ {
		switch c := text[j]; {
		case c == '@' && colon && j > from+2:
			return place{from, j, Keys}
		case c == ':':
			colon = true
		case c <= ' ' || c == '/' || c == '"' || c == '\'' || c == '@' || c == '\\':
			return place{}
		}
	}
	return place{}
}

// private finds a private key in PEM, to its end if that is there.
func private(text []byte, i int) place {
	head := text[i:min(len(text), i+60)]
	if !bytes.Contains(head, []byte("PRIVATE KEY-----")) {
		return place{}
	}
	end := bytes.Index(text[i:], []byte("-----END "))
	if end < 0 {
		return place{i, len(text), Keys}
	}
	end += i
	if line := bytes.Index(text[end+9:], []byte("-----")); line >= 0 && line < 60 {
		return place{i, end + 9 + line + 5, Keys}
	}
	return place{i, end, Keys}
}

// mail finds an address around its @.
func mail(text []byte, at, end int) place {
	from := at
	for from > end && (isWord(text[from-1]) || bytes.IndexByte([]byte(".%+-"), text[from-1]) >= 0) {
		from--
	}
	to, dot := at+1, 0
	for to < len(text) {
		c, size := utf8.DecodeRune(text[to:])
		switch {
		case c == '.' && to > at+1 && text[to-1] != '.':
			dot = to
		case c < utf8.RuneSelf && !isWord(byte(c)) && c != '-', c >= utf8.RuneSelf && !han(c):
			size = 0
		}
		if size == 0 {
			break
		}
		to += size
	}
	if dot == to-1 { // the full stop of a sentence
		to, dot = dot, bytes.LastIndexByte(text[at:dot], '.')+at
	}
	if from == at || dot <= at+1 || utf8.RuneCount(text[dot+1:to]) < 2 {
		return place{}
	}
	return place{from, to, Mail}
}

// han reports whether a character may be in the name of a Chinese host.
func han(c rune) bool { return c >= 0x4e00 && c <= 0x9fff }
