package load

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/posthouse/posthouse/proxy/lab"
)

// makeReply writes down the answer to a question, as OpenAI would.
func makeReply(model, question string) (*reply, error) {
	words, pace, err := options(model)
	if err != nil {
		return nil, err
	}
	text := lab.Text(question, words)
	m := message{id: "chatcmpl-" + digest(question), model: model}
	m.usage = fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}`, 20, words, 20+words)
	return &reply{whole: m.whole(text), events: m.events(text), pace: pace}, nil
}

// digest is a question's part of an id.
func digest(question string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(question)) // a hash takes everything
	return fmt.Sprintf("%016x", h.Sum64())
}

// wordsOf cuts a text after each space: a chunk a word.
func wordsOf(text string) []string { return strings.SplitAfter(text, " ") }

// message is what all parts of an answer share.
type message struct{ id, model, usage string }

func (m message) whole(text string) []byte {
	body := fmt.Sprintf(`{"id":%q,"object":"chat.completion","created":1764000000,"model":%q,"choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":%s,"service_tier":"default","system_fingerprint":"fp_lab"}`,
		m.id, m.model, text, m.usage)
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nOpenai-Version: 2020-10-01\r\nX-Request-Id: %s\r\nContent-Length: %d\r\n\r\n%s", m.id, len(body), body)
}

// events cuts the text into a chunk a word.
func (m message) events(text string) [][]byte {
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nX-Request-Id: " + m.id + "\r\nTransfer-Encoding: chunked\r\n\r\n"
	events := [][]byte{append([]byte(head), m.chunk(`{"role":"assistant","content":"","refusal":null}`, "null")...)}
	for _, word := range wordsOf(text) {
		events = append(events, m.chunk(fmt.Sprintf(`{"content":%q}`, word), "null"))
	}
	last := m.chunk(`{}`, `"stop"`)
	last = append(last, framed(fmt.Sprintf(`{"id":%q,"object":"chat.completion.chunk","created":1764000000,"model":%q,"service_tier":"default","system_fingerprint":"fp_lab","choices":[],"usage":%s}`, m.id, m.model, m.usage))...)
	last = append(last, framed("[DONE]")...)
	return append(events, append(last, "0\r\n\r\n"...))
}

func (m message) chunk(delta, finish string) []byte {
	return framed(fmt.Sprintf(`{"id":%q,"object":"chat.completion.chunk","created":1764000000,"model":%q,"service_tier":"default","system_fingerprint":"fp_lab","choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}],"usage":null}`, m.id, m.model, delta, finish))
}

// framed is an event as a chunk of HTTP/1.1.
func framed(data string) []byte {
	return chunked("data: " + data + "\n\n")
}

// chunked is a chunk of HTTP/1.1.
func chunked(event string) []byte {
	return fmt.Appendf(nil, "%x\r\n%s\r\n", len(event), event)
}
