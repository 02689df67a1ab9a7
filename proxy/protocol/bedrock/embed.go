package bedrock

import (
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// cohereBatch is how many inputs Cohere's models take at once.
const cohereBatch = 96

// embed is the codec of vectors: Titan's for a single input, Cohere's for many.
type embed struct{ protocol.NoCallers }

// wireTitan is a request to Titan.
type wireTitan struct {
	Text       string `json:"inputText"`
	Dimensions *int64 `json:"dimensions,omitzero"`
	Normalize  *bool  `json:"normalize,omitzero"`
}

// wireCohere is a request to Cohere.
type wireCohere struct {
	Texts     []string `json:"texts"`
	Type      string   `json:"input_type"`
	Types     []string `json:"embedding_types,omitzero"`
	Dimension *int64   `json:"output_dimension,omitzero"`
}

// EncodeEmbed writes the requests for a target. Whose words they are in is in
// the model's name, whatever region or profile stands before it.
func (embed) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, lost *llm.Losses) ([][]byte, *llm.Error) {
	if len(r.Tokens) > 0 {
		return nil, refuse("input", "Bedrock's models take text, not tokens")
	}
	protocol.DropExtra(lost, "", r.Extra)
	if r.User != "" {
		lost.Hint("user", "Bedrock's embeddings have no such parameter")
	}
	var bodies [][]byte
	add := func(v any) *llm.Error {
		b, err := json.Marshal(v, lenient)
		if err != nil {
			return refuse("input", "the request can't be written as JSON: "+err.Error())
		}
		bodies = append(bodies, b)
		return nil
	}
	if strings.Contains(t.Model, "cohere.") {
		batch := cohereBatch
		if n := t.Traits.EmbedBatch; n > 0 {
			batch = n
		}
		for from := 0; from < len(r.Inputs); from += batch {
			w := wireCohere{Texts: r.Inputs[from:min(from+batch, len(r.Inputs))], Type: protocol.CohereInputType(r.Task), Types: []string{"float"}, Dimension: r.Dimensions}
			if failed := add(&w); failed != nil {
				return nil, failed
			}
		}
		return bodies, nil
	}
	w := wireTitan{Dimensions: r.Dimensions}
	if strings.Contains(t.Model, "titan-embed-text-v1") && r.Dimensions != nil {
		lost.Drop("dimensions", "the model has 1536 of them, no more and no less")
		w.Dimensions = nil
	}
	for _, text := range r.Inputs {
		w.Text = text
		if failed := add(&w); failed != nil {
			return nil, failed
		}
	}
	return bodies, nil
}

// DecodeEmbedding reads an answer of either.
func (embed) DecodeEmbedding(body []byte, t *protocol.Target) (*llm.EmbedResponse, *llm.Error) {
	var got struct {
		Vector  []float32 `json:"embedding"` // Titan
		Tokens  int64     `json:"inputTextTokenCount"`
		Vectors llm.Raw   `json:"embeddings"` // Cohere: a list, or lists by type
	}
	if err := json.Unmarshal(body, &got, lenient); err != nil {
		return nil, malformed("the answer is not JSON", body)
	}
	r := &llm.EmbedResponse{Model: t.Model}
	var typed struct {
		Float [][]float32 `json:"float"`
	}
	switch {
	case got.Vector != nil:
		r.Vectors = [][]float32{got.Vector}
		r.Usage = &llm.Usage{Input: got.Tokens, Total: got.Tokens, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
	case json.Unmarshal(got.Vectors, &r.Vectors, lenient) == nil && r.Vectors != nil:
	case json.Unmarshal(got.Vectors, &typed, lenient) == nil && typed.Float != nil:
		r.Vectors = typed.Float
	default:
		return nil, malformed("the answer holds no vectors", body)
	}
	return r, nil
}
