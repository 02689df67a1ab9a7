package gemini

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxBatch is how many texts batchEmbedContents takes at once.
const maxBatch = 100

// embedRequest asks for one vector.
type embedRequest struct {
	Model      string             `json:"model,omitempty"`
	Content    content            `json:"content"`
	Task       string             `json:"taskType,omitempty"`
	Dimensions *int64             `json:"outputDimensionality,omitzero"`
	Extra      map[string]llm.Raw `json:",embed"`
}

type batchRequest struct {
	Requests list[embedRequest] `json:"requests"`
}

type embedding struct {
	Values []float32 `json:"values"`
}

type embedResponse struct {
	Embedding  *embedding  `json:"embedding,omitzero"`
	Embeddings []embedding `json:"embeddings,omitempty"`
	Usage      *wireUsage  `json:"usageMetadata,omitzero"`
}

// tasks names what vectors are for, in Google's words.
var tasks = map[string]string{
	"query": "RETRIEVAL_QUERY", "document": "RETRIEVAL_DOCUMENT", "classification": "CLASSIFICATION",
	"clustering": "CLUSTERING", "similarity": "SEMANTIC_SIMILARITY",
}

// TaskWord is Google's word for what vectors are for; empty if it has none.
func TaskWord(task string) string { return tasks[task] }

// embedder is embedContent: one text a request.
type embedder struct{}

// batchEmbedder is batchEmbedContents.
type batchEmbedder struct{ embedder }

// DecodeEmbed implements protocol.Embedder.
func (embedder) DecodeEmbed(q *protocol.Question) (*llm.EmbedRequest, *llm.Error) {
	var w embedRequest
	if err := unmarshal(q.Body, &w); err != nil {
		return nil, badBody(err)
	}
	return joinEmbeds([]embedRequest{w}, q.Model, "")
}

// DecodeEmbed implements protocol.Embedder.
func (batchEmbedder) DecodeEmbed(q *protocol.Question) (*llm.EmbedRequest, *llm.Error) {
	var w batchRequest
	if err := unmarshal(q.Body, &w); err != nil {
		return nil, badBody(err)
	}
	if len(w.Requests) == 0 {
		return nil, denied("requests", "is missing or empty.")
	}
	return joinEmbeds(w.Requests, q.Model, "requests[%d].")
}

// joinEmbeds makes one request of many, which must agree in what they want.
func joinEmbeds(all []embedRequest, model, at string) (*llm.EmbedRequest, *llm.Error) {
	first := all[0]
	r := &llm.EmbedRequest{Dialect: Name, Model: model, Dimensions: first.Dimensions, Extra: first.Extra}
	for task, word := range tasks {
		if first.Task == word {
			r.Task = task
		}
	}
	if r.Task == "" && first.Task != "" && first.Task != "TASK_TYPE_UNSPECIFIED" {
		if r.Extra == nil {
			r.Extra = map[string]llm.Raw{}
		}
		r.Extra["taskType"] = llm.Raw(quote(first.Task))
	}
	for i, w := range all {
		where := at
		if at != "" {
			where = fmt.Sprintf(at, i)
		}
		if w.Task != first.Task || !same(w.Dimensions, first.Dimensions) {
			return nil, denied(strings.TrimSuffix(where, "."), "differs from the first in taskType or outputDimensionality. Send those in a call of their own.")
		}
		var words []string
		for _, p := range w.Content.Parts {
			if p.Text == nil {
				return nil, denied(where+"content", "must hold text only.")
			}
			words = append(words, *p.Text)
		}
		if len(words) == 0 {
			return nil, denied(where+"content", "is missing or has no text.")
		}
		r.Inputs = append(r.Inputs, strings.Join(words, "\n"))
	}
	return r, nil
}

func same(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// EncodeEmbedding implements protocol.Embedder.
func (embedder) EncodeEmbedding(a *llm.EmbedResponse, _ *llm.EmbedRequest) ([]byte, *llm.Error) {
	w := embedResponse{Usage: embedUsage(a.Usage)}
	if len(a.Vectors) > 0 {
		w.Embedding = &embedding{Values: a.Vectors[0]}
	}
	return written(w)
}

// EncodeEmbedding implements protocol.Embedder.
func (batchEmbedder) EncodeEmbedding(a *llm.EmbedResponse, _ *llm.EmbedRequest) ([]byte, *llm.Error) {
	w := embedResponse{Usage: embedUsage(a.Usage)}
	for _, v := range a.Vectors {
		w.Embeddings = append(w.Embeddings, embedding{Values: v})
	}
	return written(w)
}

func embedUsage(u *llm.Usage) *wireUsage {
	if u == nil {
		return nil
	}
	prompt := u.Prompt()
	return &wireUsage{Prompt: &prompt, Total: u.Total}
}

// EncodeEmbed implements protocol.Embedder.
func (embedder) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, losses *llm.Losses) ([][]byte, *llm.Error) {
	all, err := splitEmbeds(r, t, losses)
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, 0, len(all))
	for _, w := range all {
		body, err := written(w)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// EncodeEmbed implements protocol.Embedder.
func (batchEmbedder) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, losses *llm.Losses) ([][]byte, *llm.Error) {
	all, err := splitEmbeds(r, t, losses)
	if err != nil {
		return nil, err
	}
	var bodies [][]byte
	for len(all) > 0 {
		n := min(maxBatch, len(all))
		body, err := written(batchRequest{Requests: all[:n]})
		if err != nil {
			return nil, err
		}
		bodies, all = append(bodies, body), all[n:]
	}
	return bodies, nil
}

func splitEmbeds(r *llm.EmbedRequest, t *protocol.Target, losses *llm.Losses) ([]embedRequest, *llm.Error) {
	if len(r.Tokens) > 0 {
		return nil, cannot("input", "holds tokens, which Google does not take. Send the text.")
	}
	if r.User != "" {
		losses.Drop("user", "Google has no such parameter")
	}
	w := embedRequest{Model: "models/" + t.Model, Task: tasks[r.Task], Dimensions: r.Dimensions}
	for _, name := range sortedKeys(r.Extra) {
		if r.Dialect != Name {
			losses.Drop(name, "Google has no such parameter")
			continue
		}
		if w.Extra == nil {
			w.Extra = map[string]llm.Raw{}
		}
		w.Extra[name] = r.Extra[name]
	}
	all := make([]embedRequest, 0, len(r.Inputs))
	for i := range r.Inputs {
		one := w
		one.Content = content{Parts: list[part]{{Text: &r.Inputs[i]}}}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, cannot("input", "is empty")
	}
	return all, nil
}

// DecodeEmbedding implements protocol.Embedder.
func (embedder) DecodeEmbedding(body []byte, t *protocol.Target) (*llm.EmbedResponse, *llm.Error) {
	if err := wholeError(body); err != nil {
		return nil, err
	}
	var w embedResponse
	if err := unmarshal(body, &w); err != nil {
		return nil, &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not in Google's protocol: " + protocol.Clip(err.Error())}
	}
	a := &llm.EmbedResponse{Model: t.Model}
	if w.Embedding != nil {
		w.Embeddings = append([]embedding{*w.Embedding}, w.Embeddings...)
	}
	for _, v := range w.Embeddings {
		a.Vectors = append(a.Vectors, v.Values)
	}
	if len(a.Vectors) == 0 {
		return nil, &llm.Error{Class: llm.ClassMalformed, Status: http.StatusBadGateway, Message: "the answer has no embedding"}
	}
	if w.Usage != nil {
		if u, ok := w.Usage.canonical(); ok {
			a.Usage = &u
		}
	}
	return a, nil
}
