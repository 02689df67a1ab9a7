package rawjson

import "bytes"

// Find finds the first value of a quoted key, at any depth, and returns the
// text from there on; at least one byte of it. It searches for the bytes, which
// is fast and safe: inside JSON strings a quote is escaped, so that the words of
// an answer can't be mistaken for a key.
func Find(data []byte, key string) ([]byte, bool) {
	for rest := data; ; {
		i := bytes.Index(rest, []byte(key))
		if i < 0 {
			return nil, false
		}
		rest = rest[i+len(key):]
		v := bytes.TrimLeft(rest, " \t\r\n")
		if len(v) == 0 || v[0] != ':' {
			continue // the word was a value, not a key
		}
		if v = bytes.TrimLeft(v[1:], " \t\r\n"); len(v) > 0 {
			return v, true
		}
		return nil, false
	}
}
