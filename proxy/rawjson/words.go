package rawjson

import "bytes"

// After finds a key at any depth, given with its last quote but without its
// first (delta"), and returns what follows its colon; nil if it is not there.
// It runs for every event of every stream. The first quote is left out because
// every second byte of an event's frame is one, which would make the search
// slow. Inside JSON strings a quote is escaped, so that the words of an answer
// can't be mistaken for a key.
func After(data []byte, key string) []byte {
	for {
		i := bytes.Index(data, []byte(key))
		if i < 0 {
			return nil
		}
		quoted := i > 0 && data[i-1] == '"' && (i == 1 || data[i-2] != '\\')
		data = data[i+len(key):]
		if v := BehindColon(data); quoted && v != nil {
			return v
		}
	}
}

// BehindColon skips the colon after a key; nil if there is none, or nothing
// after it.
func BehindColon(data []byte) []byte {
	colon := false
	for i, c := range data {
		switch {
		case c == ':' && !colon:
			colon = true
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			if !colon {
				return nil
			}
			return data[i:]
		}
	}
	return nil
}

// StringLength is how long the string that b begins with is, with both quotes,
// in bytes; 0 if it is not closed.
func StringLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// AppendString appends what is between the quotes of the string that b begins
// with, escapes and all, and returns what comes behind it.
func AppendString(buf, b []byte) (longer, rest []byte) {
	n := StringLength(b)
	if n == 0 {
		return buf, nil
	}
	return append(buf, b[1:n-1]...), b[n:]
}

// AppendEscaped appends JSON as it would stand within a JSON string.
func AppendEscaped(buf, value []byte) []byte {
	q := Quote(string(value))
	return append(buf, q[1:len(q)-1]...)
}
