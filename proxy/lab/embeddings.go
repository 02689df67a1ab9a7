package lab

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
)

const (
	defaultDimensions = 256
	maxDimensions     = 4096
	maxInputs         = 2048
)

type embeddingList struct {
	Object string           `json:"object"`
	Data   []embedding      `json:"data"`
	Model  string           `json:"model"`
	Usage  map[string]int64 `json:"usage"`
}

type embedding struct {
	Object    string          `json:"object"`
	Index     int             `json:"index"`
	Embedding json.RawMessage `json:"embedding"`
}

func embeddings(x *exchange) (*reply, *apiError) {
	texts, tokens, fail := inputs(x.object, "input")
	if fail != nil {
		return nil, fail
	}
	if len(texts) > maxInputs {
		return nil, invalid("input", "array_above_max_length", "Invalid 'input': array too long. Expected an array with maximum length %d, but got an array with length %d instead.", maxInputs, len(texts))
	}
	for _, t := range texts {
		if t == "" {
			return nil, invalid("input", "", "Invalid 'input': input cannot be an empty string.")
		}
	}
	dimensions, fail := x.object.whole("dimensions", 1, maxDimensions, defaultDimensions)
	if fail != nil {
		return nil, fail
	}
	format, fail := x.object.text("encoding_format", "encoding_format")
	if fail != nil {
		return nil, fail
	}
	if format != "" && format != "float" && format != "base64" {
		return nil, invalid("encoding_format", "invalid_value", "Invalid value: '%s'. Supported values are: 'float' and 'base64'.", clip(format, 40))
	}
	x.bill(tokens, 0)
	out := embeddingList{Object: "list", Model: x.model.name, Usage: inputUsage(tokens)}
	for i, t := range texts {
		v := vector(t, dimensions)
		raw := json.RawMessage(encode(v))
		if format == "base64" {
			raw = encode(packed(v))
		}
		out.Data = append(out.Data, embedding{Object: "embedding", Index: i, Embedding: raw})
	}
	return jsonReply(out), nil
}

func inputUsage(tokens int) map[string]int64 {
	return map[string]int64{"prompt_tokens": int64(tokens), "total_tokens": int64(tokens)}
}

// vectorsOf are the vectors of texts, and how many tokens those have.
func vectorsOf(texts []string, dimensions int) (vectors [][]float32, tokens int) {
	vectors = [][]float32{}
	for _, text := range texts {
		tokens += Tokens(text)
		vectors = append(vectors, vector(text, dimensions))
	}
	return vectors, tokens
}

// vector is the sum of a random vector for each word, with length 1: texts that
// share words lie close to each other.
func vector(text string, dimensions int) []float32 {
	sum := make([]float64, dimensions)
	for _, word := range pieces(strings.ToLower(text)) {
		rng := random("vector", strings.Trim(word, " \t\r\n.,;:!?\"'。，；：！？、"))
		for i := range sum {
			sum[i] += rng.Float64()*2 - 1
		}
	}
	length := 0.0
	for _, f := range sum {
		length += f * f
	}
	out := make([]float32, dimensions)
	if length == 0 {
		return out // a text without words has no direction
	}
	for i, f := range sum {
		out[i] = float32(f / math.Sqrt(length))
	}
	return out
}

// packed is a vector as little-endian float32 in base64.
func packed(v []float32) string {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// likeness is the cosine of two vectors, moved to 0…1.
func likeness(va, vb []float32) float64 {
	dot := 0.0
	for i := range va {
		dot += float64(va[i]) * float64(vb[i])
	}
	return math.Round((dot+1)/2*1e6) / 1e6
}
