package ollama

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeResponse implements protocol.Outbound. A whole answer is a stream of
// one line.
func (Outbound) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	return protocol.DecodeWhole(&decoder{t: t}, body)
}

// Decoder implements protocol.Outbound.
func (Outbound) Decoder(t *protocol.Target) protocol.Decoder { return &decoder{t: t} }

// decoder reads one stream.
type decoder struct {
	t     *protocol.Target
	began bool
	done  bool
	parts int    // opened
	open  string // what is open: "thinking", "text" or nothing
	calls int
}

// Decode implements protocol.Decoder.
func (d *decoder) Decode(dst []llm.Event, _, data []byte) ([]llm.Event, *llm.Error) {
	var a answer
	if err := json.Unmarshal(data, &a, lenient); err != nil {
		return dst, &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not in Ollama's protocol: " + protocol.Clip(err.Error())}
	}
	if a.Error != "" {
		e := &llm.Error{Message: protocol.Clip(a.Error), Class: protocol.Classify(http.StatusInternalServerError, "", "", a.Error)}
		return dst, e
	}
	if d.done {
		return dst, nil
	}
	if !d.began {
		d.began = true
		b := &llm.Begin{Model: a.Model, Dialect: Name}
		if at, err := time.Parse(time.RFC3339Nano, a.Created); err == nil {
			b.Created = at.Unix()
		}
		dst = append(dst, b)
	}
	dst = d.words(dst, "thinking", &llm.Thinking{}, a.Message.Thinking)
	dst = d.words(dst, "text", &llm.Text{}, a.Message.Content)
	for i := range a.Message.Calls {
		dst = d.call(dst, &a.Message.Calls[i])
	}
	if !a.Done {
		return dst, nil
	}
	d.done = true
	stop := llm.StopEnd
	switch {
	case a.Reason == "length":
		stop = llm.StopLength
	case d.calls > 0:
		stop = llm.StopTools
	}
	return append(d.close(dst), &llm.Finish{Stop: stop}, &llm.End{Usage: a.usage()}), nil
}

// words adds to the open part of a kind, which is opened if it is not.
func (d *decoder) words(dst []llm.Event, kind string, p llm.Part, text string) []llm.Event {
	if text == "" {
		return dst
	}
	if d.open != kind {
		dst = append(d.close(dst), &llm.Open{Index: d.parts, Part: p})
		d.open = kind
		d.parts++
	}
	return append(dst, &llm.Delta{Index: d.parts - 1, Text: text})
}

func (d *decoder) close(dst []llm.Event) []llm.Event {
	if d.open == "" {
		return dst
	}
	d.open = ""
	return append(dst, &llm.Close{Index: d.parts - 1})
}

// call adds a call, which comes whole. Servers before 0.12 give it no id.
func (d *decoder) call(dst []llm.Event, c *call) []llm.Event {
	dst = d.close(dst)
	id := c.ID
	if id == "" {
		id = fmt.Sprintf("call_%sx%d", d.t.Unique, d.calls)
	}
	d.calls++
	args := string(c.Function.Arguments)
	if args == "" || args == "null" {
		args = "{}"
	}
	at := d.parts
	d.parts++
	return append(dst, &llm.Open{Index: at, Part: &llm.ToolCall{ID: id, Name: c.Function.Name}}, &llm.Delta{Index: at, Text: args}, &llm.Close{Index: at})
}

// End implements protocol.Decoder.
func (d *decoder) End(dst []llm.Event) ([]llm.Event, *llm.Error) {
	if !d.done {
		return dst, &llm.Error{Class: llm.ClassCut, Message: "the answer ended before it was done"}
	}
	return dst, nil
}

// Done implements protocol.Decoder.
func (d *decoder) Done() bool { return d.done }

// embedder is /api/embed. Nobody calls the gateway by it.
type embedder struct{ protocol.NoCallers }

// EncodeEmbed implements protocol.Embedder.
func (embedder) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, lost *llm.Losses) ([][]byte, *llm.Error) {
	if len(r.Tokens) > 0 {
		return nil, &llm.Error{Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Code: "unsupported_content", Param: "input", Message: "input: Ollama takes text, not tokens"}
	}
	if r.Task != "" {
		lost.Drop("task", "Ollama has no such parameter")
	}
	body, err := json.Marshal(struct {
		Model      string   `json:"model"`
		Input      []string `json:"input"`
		Dimensions *int64   `json:"dimensions,omitzero"`
		KeepAlive  llm.Raw  `json:"keep_alive,omitzero"`
	}{t.Model, r.Inputs, r.Dimensions, r.Extra["keep_alive"]}, written)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the request can't be written: " + err.Error()}
	}
	return [][]byte{body}, nil
}

// DecodeEmbedding implements protocol.Embedder.
func (embedder) DecodeEmbedding(body []byte, t *protocol.Target) (*llm.EmbedResponse, *llm.Error) {
	var w struct {
		Embeddings [][]float32 `json:"embeddings"`
		PromptEval *int64      `json:"prompt_eval_count"`
		Error      string      `json:"error"`
	}
	switch err := json.Unmarshal(body, &w, lenient); {
	case err != nil:
		return nil, &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not in Ollama's protocol: " + protocol.Clip(err.Error())}
	case w.Error != "":
		return nil, decodeError(http.StatusInternalServerError, nil, body)
	case len(w.Embeddings) == 0:
		return nil, &llm.Error{Class: llm.ClassMalformed, Message: "the answer has no vectors"}
	}
	a := &llm.EmbedResponse{Model: t.Model, Vectors: w.Embeddings}
	if w.PromptEval != nil {
		a.Usage = &llm.Usage{Input: *w.PromptEval, Total: *w.PromptEval, InputFrom: llm.FromProvider}
	}
	return a, nil
}
