package protocol

import "strings"

// maxMessage bounds a vendor's words in characters, so that an HTML page or a
// dumped prompt does not end up in our errors and logs.
const maxMessage = 1000

// PlainText makes a line of an answer that was not JSON, for an error's
// message: at most 1000 characters of it, of HTML 200.
func PlainText(body []byte) string {
	if len(body) > 4*maxMessage {
		body = body[:4*maxMessage]
	}
	words := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " ")
	if strings.HasPrefix(words, "<") {
		return clipTo(words, 200)
	}
	return Clip(words)
}

// Clip bounds a vendor's message to 1000 characters.
func Clip(s string) string { return clipTo(s, maxMessage) }

func clipTo(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
