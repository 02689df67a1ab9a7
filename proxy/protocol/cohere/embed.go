package cohere

import (
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// mostInputs is how many texts Cohere takes at once.
const mostInputs = 96

// embed is the codec of vectors.
type embed struct{ protocol.NoCallers }

type wireEmbed struct {
	Model     string   `json:"model"`
	Texts     []string `json:"texts"`
	InputType string   `json:"input_type"`
	Types     []string `json:"embedding_types"`
	Dimension *int64   `json:"output_dimension,omitzero"`
	Truncate  llm.Raw  `json:"truncate,omitzero"`
}

// EncodeEmbed implements protocol.Embedder. Callers of any dialect may say what
// the vectors are for in Cohere's own word.
func (embed) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, lost *llm.Losses) ([][]byte, *llm.Error) {
	if len(r.Tokens) > 0 {
		return nil, protocol.Refused("input", "Cohere takes text, not tokens")
	}
	w := wireEmbed{Model: t.Model, InputType: protocol.CohereInputType(r.Task), Types: []string{"float"}, Dimension: r.Dimensions, Truncate: r.Extra["truncate"]}
	rest := map[string]llm.Raw{}
	for name, v := range r.Extra {
		switch name {
		case "input_type":
			if json.Unmarshal(v, &w.InputType, lenient) != nil {
				return nil, protocol.Refused(name, "it must be a text, such as \"search_query\"")
			}
		case "truncate":
		default:
			rest[name] = v
		}
	}
	protocol.DropExtra(lost, "", rest)
	if r.User != "" {
		lost.Hint("user", "Cohere has no such parameter")
	}
	most := mostInputs
	if t.Traits.EmbedBatch > 0 {
		most = t.Traits.EmbedBatch
	}
	var bodies [][]byte
	for w.Texts = range slices.Chunk(r.Inputs, most) {
		body, err := json.Marshal(&w, lenient)
		if err != nil {
			return nil, protocol.Unwritten(t, err)
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// DecodeEmbedding implements protocol.Embedder.
func (embed) DecodeEmbedding(body []byte, t *protocol.Target) (*llm.EmbedResponse, *llm.Error) {
	var got struct {
		Embeddings struct {
			Float [][]float32 `json:"float"`
		} `json:"embeddings"`
		Meta struct {
			Billed *wireCounts `json:"billed_units"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(body, &got, lenient); err != nil || got.Embeddings.Float == nil {
		return nil, protocol.NotIn("Cohere", "it holds no vectors", body)
	}
	r := &llm.EmbedResponse{Model: t.Model, Vectors: got.Embeddings.Float}
	if b := got.Meta.Billed; b != nil {
		r.Usage = &llm.Usage{Input: int64(b.Input), Total: int64(b.Input), InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
	}
	return r, nil
}
