package openai

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// What the form of a conversation adds, in tokens: OpenAI's cookbook gives
// three for a message and three for the answer that begins.
const (
	tokensPerMessage = 3
	tokensPerAnswer  = 3
)

// chatDelta appends what a chunk of a chat or text completion adds. It runs for
// every event of every stream, so it looks at each byte once.
func chatDelta(buf, data []byte) []byte {
	v := rawjson.After(data, `delta"`)
	if v == nil {
		if v = rawjson.After(data, `text"`); v != nil && v[0] == '"' {
			buf, _ = rawjson.AppendString(buf, v)
		}
		return buf
	}
	for ; v != nil; v = rawjson.After(v, `delta"`) {
		if v[0] == '{' {
			buf = appendDelta(buf, v)
		}
	}
	return buf
}

// appendDelta appends the strings of a delta object, but for its role. Some
// vendors send thoughts under two names, with the same words.
func appendDelta(buf, object []byte) []byte {
	rest, thought := object[1:], false
	for {
		i := bytes.IndexByte(rest, '"')
		if end := bytes.IndexByte(rest, '}'); i < 0 || end >= 0 && end < i {
			return buf
		}
		n := rawjson.StringLength(rest[i:])
		if n == 0 {
			return buf
		}
		key := rest[i+1 : i+n-1]
		v := rawjson.BehindColon(rest[i+n:])
		if v == nil {
			return buf
		}
		rest = v
		switch {
		case v[0] == '"' && string(key) == "role":
			rest = v[rawjson.StringLength(v):]
		case v[0] == '"' && (string(key) == "reasoning" || string(key) == "reasoning_content"):
			if thought {
				rest = v[rawjson.StringLength(v):]
				continue
			}
			had := len(buf)
			buf, rest = rawjson.AppendString(buf, v)
			thought = len(buf) > had
		case v[0] == '"':
			buf, rest = rawjson.AppendString(buf, v)
		case string(key) == "tool_calls", string(key) == "function_call":
			for _, word := range []string{`name"`, `arguments"`} {
				for w := rawjson.After(v, word); w != nil; w = rawjson.After(w, word) {
					if w[0] == '"' {
						buf, _ = rawjson.AppendString(buf, w)
					}
				}
			}
			return buf
		case v[0] == '{', v[0] == '[':
			return buf // details of what the strings before it say
		}
		if len(rest) == 0 {
			return buf
		}
	}
}

// ResponsesTally is what the Responses API needs to count without its vendor.
func ResponsesTally() *protocol.Tally {
	return &protocol.Tally{Delta: responsesDelta, Answer: wholeText, Prompt: promptText}
}

// responsesDelta appends what an event of the Responses API adds: those with
// text have it as a string called delta.
func responsesDelta(buf, data []byte) []byte {
	if v := rawjson.After(data, `delta"`); v != nil && v[0] == '"' {
		buf, _ = rawjson.AppendString(buf, v)
	}
	return buf
}

// wholeText is the text of an answer in one piece.
func wholeText(body []byte) string {
	var a struct {
		Choices []struct {
			Text    string          `json:"text"`
			Message json.RawMessage `json:"message"`
		} `json:"choices"`
		Output json.RawMessage `json:"output"`
		Text   string          `json:"text"` // transcriptions
	}
	if json.Unmarshal(body, &a) != nil {
		return ""
	}
	var t texts
	t.add(a.Text)
	for _, c := range a.Choices {
		t.add(c.Text)
		t.walk(c.Message)
	}
	t.walk(a.Output)
	return t.String()
}

// promptText is the text of a request: messages, prompt, input, instructions
// and tools.
func promptText(body []byte) protocol.PromptText {
	p := protocol.PromptText{}
	t := texts{}
	err := rawjson.Fields(body, func(f rawjson.Field) error {
		value := f.Value(body)
		switch string(f.Key) {
		case "messages":
			var list []json.RawMessage
			_ = json.Unmarshal(value, &list) // a list it is not says nothing that could be counted
			p.Extra += int64(len(list))*tokensPerMessage + tokensPerAnswer
			t.walk(value)
		case "input", "prompt", "instructions", "query", "documents", "system":
			t.walk(value)
		case "tools", "functions", "response_format", "text":
			t.add(string(value)) // models read schemas as they are written, about
		}
		return nil
	})
	p.Text, p.Whole = t.String(), err == nil && !t.more
	return p
}

// texts gathers the strings of a JSON value that are meant to be read.
type texts struct {
	strings.Builder
	more bool // something else was there too: a picture, a file
}

func (t *texts) add(s string) {
	if s == "" {
		return
	}
	t.WriteString(s)
	t.WriteByte('\n')
}

// walk gathers all strings but those under keys that name or hold something
// else.
func (t *texts) walk(raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	var v any
	if json.Unmarshal(raw, &v) == nil {
		t.value(v)
	}
}

func (t *texts) value(v any) {
	switch v := v.(type) {
	case string:
		t.add(v)
	case []any:
		for _, one := range v {
			t.value(one)
		}
	case map[string]any:
		for key, one := range v {
			switch key {
			case "role", "type", "id", "tool_call_id", "call_id", "index", "status", "detail", "object", "annotations", "encrypted_content", "logprobs":
			case "image_url", "input_audio", "file", "file_id", "file_data", "audio", "image", "video_url":
				t.more = t.more || one != nil
			default:
				t.value(one)
			}
		}
	}
}
