package usage

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/sse"
	"github.com/posthouse/posthouse/server/store"
)

// contentQueue is how many captured calls wait for being blacked out; of more
// the content is given up, never the account.
const contentQueue = 64

// contentOf makes of what was captured what is kept: a stream's text instead of
// its events, no longer than the route allows, and blacked out.
func contentOf(record *proxy.Record) *store.Content {
	c := record.Content
	answer := c.Answer
	if c.Stream {
		answer = streamText(answer)
	}
	out := &store.Content{
		RequestBytes: c.RequestBytes, AnswerBytes: c.AnswerBytes, Expires: record.Start.Add(record.Duration + c.Keep),
		RequestCut: int64(len(c.Request)) < c.RequestBytes,
		AnswerCut:  int64(len(answer)) > c.Bytes || int64(len(c.Answer)) < c.AnswerBytes,
	}
	var in, back int
	out.Request, in = c.Rules.Apply(cut(c.Request, c.Bytes, out.RequestCut))
	out.Answer, back = c.Rules.Apply(cut(answer, c.Bytes, out.AnswerCut))
	out.Redactions = in + back
	return out
}

// cut bounds a text. What was cut ends before its last word: half a key would
// not be known for one.
func cut(text []byte, most int64, isCut bool) []byte {
	text = text[:min(int64(len(text)), most)]
	if !isCut {
		return text
	}
	const longestWord = 512
	if i := bytes.LastIndexAny(text, " \t\n\r\",;，。"); i >= 0 && len(text)-i < longestWord {
		text = text[:i]
	}
	for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	if n := len(text); n > 0 && text[n-1] >= utf8.RuneSelf { // the beginning of a character
		text = text[:n-1]
	}
	return text
}

// frame is an event of a stream as far as it holds text, in any of the dialects.
type frame struct {
	Choices []struct { // OpenAI
		Text  string `json:"text"`
		Delta struct {
			Content   json.RawMessage `json:"content"`
			Reasoning string          `json:"reasoning_content"`
			ToolCalls []struct {
				Function struct{ Name, Arguments string } `json:"function"`
			} `json:"tool_calls"`
		} `json:"delta"`
	} `json:"choices"`
	Delta json.RawMessage       `json:"delta"`         // Responses: text; Anthropic: an object
	Block struct{ Name string } `json:"content_block"` // Anthropic: a tool's name
	Item  struct{ Name string } `json:"item"`          // Responses: a tool's name
	Type  string                `json:"type"`

	Candidates []struct { // Gemini
		Content struct {
			Parts []struct {
				Text string          `json:"text"`
				Call json.RawMessage `json:"functionCall"`
			} `json:"parts"`
		} `json:"content"`
	} `json:"candidates"`
}

// maxFrame is the longest event whose text is looked for, in bytes.
const maxFrame = 1 << 20

// streamText is the text of a stream, put together: a phone number that came
// in two events could not be found else. A stream of another form is kept as
// it is.
func streamText(stream []byte) []byte {
	var out []byte
	reader := sse.NewReader(bytes.NewReader(stream), maxFrame)
	for {
		ev, err := reader.Next()
		var f frame
		if len(ev.Data) > 0 && json.Unmarshal(ev.Data, &f) == nil {
			out = f.append(out)
		}
		if err != nil { // the end, or where it was cut
			break
		}
	}
	if len(out) == 0 {
		return stream
	}
	return out
}

func (f *frame) append(out []byte) []byte {
	for _, c := range f.Choices {
		out = append(append(out, c.Text...), c.Delta.Reasoning...)
		out = append(out, text(c.Delta.Content)...)
		for _, call := range c.Delta.ToolCalls {
			out = append(append(out, call.Function.Name...), call.Function.Arguments...)
		}
	}
	var delta struct {
		Text     string `json:"text"`
		Thinking string `json:"thinking"`
		JSON     string `json:"partial_json"`
	}
	if s := text(f.Delta); s != "" {
		out = append(out, s...)
	} else if len(f.Delta) > 0 && json.Unmarshal(f.Delta, &delta) == nil {
		out = append(append(append(out, delta.Text...), delta.Thinking...), delta.JSON...)
	}
	out = append(out, f.Block.Name...)
	if f.Type == "response.output_item.added" {
		out = append(out, f.Item.Name...)
	}
	for _, c := range f.Candidates {
		for _, part := range c.Content.Parts {
			out = append(append(out, part.Text...), part.Call...)
		}
	}
	return out
}

// text is a JSON string's; empty for anything else.
func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
