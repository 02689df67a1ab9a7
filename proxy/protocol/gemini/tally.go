package gemini

import (
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// tally is what is needed to count without Google. Prompts and whole answers
// are read by way of the canonical form.
func tally() *protocol.Tally { return &protocol.Tally{Delta: spoken} }

// spoken appends what an event adds to the answer: words, thoughts, calls, and
// code that Google runs.
func spoken(buf, data []byte) []byte {
	for v := rawjson.After(data, `parts"`); v != nil; {
		end := 0
		if v[0] == '[' {
			_ = rawjson.Elements(v, func(from, to int) error { // what follows the list is no matter
				buf, end = appendPart(buf, v[from:to]), to
				return nil
			})
		} else {
			buf = appendPart(buf, v) // one part stands for a list of it
		}
		v = rawjson.After(v[end:], `parts"`)
	}
	return buf
}

func appendPart(buf, part []byte) []byte {
	_ = rawjson.Fields(part, func(f rawjson.Field) error {
		switch v := f.Value(part); string(f.Key) {
		case "text":
			if v[0] == '"' {
				buf, _ = rawjson.AppendString(buf, v)
			}
		case "functionCall", "executableCode":
			buf = appendCall(buf, v)
		}
		return nil
	})
	return buf
}

// appendCall appends a call's name and arguments, or code.
func appendCall(buf, call []byte) []byte {
	_ = rawjson.Fields(call, func(f rawjson.Field) error {
		v := f.Value(call)
		switch string(f.Key) {
		case "name", "code":
			if v[0] == '"' {
				buf, _ = rawjson.AppendString(buf, v)
			}
		case "args":
			buf = rawjson.AppendEscaped(buf, v)
		}
		return nil
	})
	return buf
}
