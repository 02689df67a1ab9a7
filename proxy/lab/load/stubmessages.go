package load

import (
	"fmt"

	"github.com/posthouse/posthouse/proxy/lab"
)

// makeMessage writes down the answer to a question as Anthropic would: the
// vendor behind a gateway that translates.
func makeMessage(model, question string) (*reply, error) {
	words, pace, err := options(model)
	if err != nil {
		return nil, err
	}
	text := lab.Text(question, words)
	id := "msg_" + digest(question)
	whole := fmt.Sprintf(`{"id":%q,"type":"message","role":"assistant","model":%q,"content":[{"type":"text","text":%q}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":20,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%d}}`,
		id, model, text, words)
	rep := &reply{pace: pace}
	rep.whole = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nRequest-Id: req_%s\r\nContent-Length: %d\r\n\r\n%s", id, len(whole), whole)
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nRequest-Id: req_" + id + "\r\nTransfer-Encoding: chunked\r\n\r\n"
	first := append([]byte(head), named("message_start", fmt.Sprintf(`{"type":"message_start","message":{"id":%q,"type":"message","role":"assistant","model":%q,"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":20,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}`, id, model))...)
	first = append(first, named("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`)...)
	rep.events = append(rep.events, first)
	for _, word := range wordsOf(text) {
		rep.events = append(rep.events, named("content_block_delta", fmt.Sprintf(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%q}}`, word)))
	}
	last := named("content_block_stop", `{"type":"content_block_stop","index":0}`)
	last = append(last, named("message_delta", fmt.Sprintf(`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":%d}}`, words))...)
	last = append(last, named("message_stop", `{"type":"message_stop"}`)...)
	rep.events = append(rep.events, append(last, "0\r\n\r\n"...))
	return rep, nil
}

// named is an event with its name, as a chunk of HTTP/1.1.
func named(name, data string) []byte {
	return chunked("event: " + name + "\ndata: " + data + "\n\n")
}
