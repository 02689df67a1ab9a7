package openai

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// mostInputs is how many inputs OpenAI takes in one request for vectors.
const mostInputs = 2048

// embed is the codec of embeddings, both ways.
type embed struct{}

// wireEmbed is a request for vectors.
type wireEmbed struct {
	Model          string         `json:"model"`
	Input          jsontext.Value `json:"input"`
	Dimensions     *int64         `json:"dimensions,omitzero"`
	EncodingFormat string         `json:"encoding_format,omitzero"`
	User           string         `json:"user,omitzero"`

	Extra map[string]jsontext.Value `json:",embed"`
}

// wireVectors is a list of vectors.
type wireVectors struct {
	Object string       `json:"object"`
	Data   []wireVector `json:"data"`
	Model  string       `json:"model"`
	Usage  *wireUsage   `json:"usage,omitzero"`
}

type wireVector struct {
	Object    string         `json:"object"`
	Embedding jsontext.Value `json:"embedding"` // a list of numbers, or base64
	Index     int            `json:"index"`
}

// DecodeEmbed implements protocol.Embedder.
func (embed) DecodeEmbed(q *protocol.Question) (*llm.EmbedRequest, *llm.Error) {
	var w wireEmbed
	if err := json.Unmarshal(q.Body, &w, lenient); err != nil {
		return nil, badBody(err)
	}
	r := &llm.EmbedRequest{
		Dialect: Name, Model: w.Model, Dimensions: w.Dimensions, Base64: w.EncodingFormat == "base64", User: w.User, Extra: w.Extra,
	}
	var text string
	var tokens []int64
	switch {
	case notNull(w.Input) == nil:
		return nil, bad("input", "is missing: give a text or a list of texts.")
	case decode(w.Input, &text) == nil:
		r.Inputs = []string{text}
	case decode(w.Input, &r.Inputs) == nil:
	case decode(w.Input, &tokens) == nil:
		r.Inputs, r.Tokens = nil, [][]int64{tokens}
	default:
		if r.Inputs = nil; decode(w.Input, &r.Tokens) != nil {
			return nil, bad("input", "must be a text, a list of texts, or tokens.")
		}
	}
	if len(r.Inputs)+len(r.Tokens) == 0 {
		return nil, bad("input", "is empty.")
	}
	return r, nil
}

// EncodeEmbed implements protocol.Embedder.
func (embed) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, lost *llm.Losses) ([][]byte, *llm.Error) {
	w := wireEmbed{Model: t.Model, Dimensions: r.Dimensions, User: r.User}
	if r.Dialect == Name {
		w.Extra = r.Extra
	} else {
		for _, name := range sorted(r.Extra) {
			lost.Drop(name, "it is known in the dialect of "+r.Dialect+" alone")
		}
		if r.Task != "" {
			lost.Drop("task", t.Vendor+" makes one kind of vector")
		}
	}
	most := t.Traits.EmbedBatch
	if most <= 0 {
		most = mostInputs
	}
	var inputs []jsontext.Value
	for chunk := range slices.Chunk(r.Inputs, most) {
		inputs = append(inputs, value(chunk))
	}
	for chunk := range slices.Chunk(r.Tokens, most) {
		inputs = append(inputs, value(chunk))
	}
	var bodies [][]byte
	for _, w.Input = range inputs {
		body, err := json.Marshal(&w, written)
		if err != nil {
			return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the request can't be written: " + err.Error()}
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// DecodeEmbedding implements protocol.Embedder.
func (embed) DecodeEmbedding(body []byte, _ *protocol.Target) (*llm.EmbedResponse, *llm.Error) {
	if err := wholeError(body); err != nil {
		return nil, err
	}
	var w wireVectors
	if err := json.Unmarshal(body, &w, lenient); err != nil {
		return nil, malformed("the answer is not a list of vectors: " + protocol.Clip(err.Error()))
	}
	r := &llm.EmbedResponse{Model: w.Model, Vectors: make([][]float32, len(w.Data))}
	for i, v := range w.Data {
		at := v.Index
		if at < 0 || at >= len(w.Data) || r.Vectors[at] != nil {
			at = i
		}
		vector, ok := numbers(v.Embedding)
		if !ok {
			return nil, malformed(fmt.Sprintf("vector %d is neither numbers nor base64", i))
		}
		r.Vectors[at] = vector
	}
	if w.Usage != nil {
		if u, ok := w.Usage.canonical(); ok {
			r.Usage = &u
		}
	}
	return r, nil
}

// EncodeEmbedding implements protocol.Embedder.
func (embed) EncodeEmbedding(r *llm.EmbedResponse, q *llm.EmbedRequest) ([]byte, *llm.Error) {
	w := struct {
		Object string       `json:"object"`
		Data   []wireVector `json:"data"`
		Model  string       `json:"model"`
		Usage  struct {
			Prompt int64 `json:"prompt_tokens"`
			Total  int64 `json:"total_tokens"`
		} `json:"usage"`
	}{Object: "list", Model: firstWord(r.Model, q.Model), Data: []wireVector{}}
	for i, vector := range r.Vectors {
		v := wireVector{Object: "embedding", Index: i}
		if q.Base64 {
			v.Embedding = value(packedFloats(vector))
		} else {
			v.Embedding = value(vector)
		}
		w.Data = append(w.Data, v)
	}
	if r.Usage != nil {
		w.Usage.Prompt, w.Usage.Total = r.Usage.Prompt(), r.Usage.Prompt()
	}
	body, err := json.Marshal(&w, written)
	if err != nil {
		return nil, malformed("a vector can't be written: " + err.Error()) // not a number, or without end
	}
	return body, nil
}

// numbers reads a vector in either form.
func numbers(v jsontext.Value) ([]float32, bool) {
	if len(v) == 0 || v[0] != '"' {
		var list []float32
		return list, decode(v, &list) == nil && list != nil
	}
	b, err := base64.StdEncoding.DecodeString(argumentsOf(v))
	if err != nil || len(b)%4 != 0 {
		return nil, false
	}
	list := make([]float32, len(b)/4)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return list, true
}

// packedFloats writes a vector as base64 of little-endian floats.
func packedFloats(vector []float32) string {
	b := make([]byte, 0, 4*len(vector))
	for _, f := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}
