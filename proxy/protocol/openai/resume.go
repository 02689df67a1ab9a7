package openai

import (
	"bytes"
	"strconv"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// chatPart reads the text that a chat chunk adds.
func chatPart(data []byte) (text []byte, closed bool) {
	for _, key := range []string{`"tool_calls"`, `"function_call"`} {
		if v, found := valueOf(data, key); found && (v[0] == '[' && !bytes.HasPrefix(v, []byte("[]")) || v[0] == '{') {
			return nil, true
		}
	}
	from, to, found := stringAt(data, `"content"`)
	if !found {
		return nil, false
	}
	return data[from:to], false
}

// chatID reads the id of a chat chunk, quotes and all.
func chatID(data []byte) []byte {
	var id []byte
	_ = rawjson.Fields(data, func(f rawjson.Field) error { // an event that is not JSON has no id
		if string(f.Key) == "id" {
			id = bytes.Clone(f.Value(data))
		}
		return nil
	})
	return id
}

// stringAt finds the first string value of a quoted key: the place of what is
// between its quotes.
func stringAt(data []byte, key string) (from, to int, found bool) {
	v, found := valueOf(data, key)
	if !found || v[0] != '"' {
		return 0, 0, false
	}
	from = len(data) - len(v) + 1
	for to = from; to < len(data); to++ {
		switch data[to] {
		case '\\':
			to++
		case '"':
			return from, to, true
		}
	}
	return 0, 0, false
}

// chatContinue puts the part that is there behind the conversation, and takes
// it off the limits of the answer's length. One that is asked to go on may begin
// anew all the same, and has the whole length for it.
func chatContinue(fields []rawjson.Field, body, text []byte, how protocol.Continuation) ([]rawjson.Edit, bool) {
	var limits []rawjson.Edit
	for _, f := range fields {
		if key := string(f.Key); how.Ask || key != "max_tokens" && key != "max_completion_tokens" {
			continue
		}
		if limit, err := strconv.ParseInt(string(f.Value(body)), 10, 64); err == nil {
			limits = append(limits, rawjson.Set(f, strconv.FormatInt(max(limit-how.Tokens, 1), 10)))
		}
	}
	for _, f := range fields {
		value := f.Value(body)
		if string(f.Key) != "messages" || len(value) < 2 || value[0] != '[' {
			continue
		}
		var more bytes.Buffer
		if len(bytes.TrimSpace(value[1:len(value)-1])) > 0 {
			more.WriteByte(',')
		}
		more.WriteString(`{"role":"assistant","content":"`)
		more.Write(text)
		more.WriteByte('"')
		if how.Flag != "" && !how.Ask {
			more.WriteString(`,` + rawjson.Quote(how.Flag) + `:true`)
		}
		more.WriteByte('}')
		if how.Ask {
			more.WriteString(`,{"role":"user","content":` + rawjson.Quote(protocol.GoOn) + `}`)
		}
		at := f.To - 1 // before the closing bracket
		return append(limits, rawjson.Edit{From: at, To: at, With: more.String()}), true
	}
	return nil, false
}

// chatJoin rewrites a chunk of the target that goes on.
func chatJoin(data []byte, j protocol.Joint) []byte {
	var edits []rawjson.Edit
	_ = rawjson.Fields(data, func(f rawjson.Field) error { // an event that is not JSON stays as it is
		switch string(f.Key) {
		case "id":
			if j.ID != nil {
				edits = append(edits, rawjson.Set(f, string(j.ID)))
			}
		case "usage":
			edits = append(edits, addTokens(data, f, j.Tokens)...)
		}
		return nil
	})
	if j.Text != nil {
		if from, to, found := stringAt(data, `"content"`); found {
			edits = append(edits, rawjson.Edit{From: from, To: to, With: string(j.Text)})
		}
	}
	return rawjson.Apply(data, edits).Bytes()
}

// addTokens adds to the counts of an answer's tokens.
func addTokens(data []byte, usage rawjson.Field, n int64) []rawjson.Edit {
	var edits []rawjson.Edit
	if n == 0 || data[usage.From] != '{' {
		return nil
	}
	_ = rawjson.Fields(usage.Value(data), func(f rawjson.Field) error { // it was found to be JSON already
		if string(f.Key) != "completion_tokens" && string(f.Key) != "total_tokens" {
			return nil
		}
		had, err := strconv.ParseInt(string(f.Value(usage.Value(data))), 10, 64)
		if err != nil {
			return nil //nolint:nilerr // a count that is no whole number is left alone
		}
		edits = append(edits, rawjson.Edit{From: usage.From + f.From, To: usage.From + f.To, With: strconv.FormatInt(had+n, 10)})
		return nil
	})
	return edits
}
