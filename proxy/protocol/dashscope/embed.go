package dashscope

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// mostInputs is how many texts the newer models take at once.
const mostInputs = 10

// embed is the codec of vectors.
type embed struct{ protocol.NoCallers }

type wireEmbed struct {
	Model string `json:"model"`
	Input struct {
		Texts []string `json:"texts"`
	} `json:"input"`
	Parameters struct {
		Type      llm.Raw `json:"text_type,omitzero"`
		Dimension *int64  `json:"dimension,omitzero"`
		Instruct  llm.Raw `json:"instruct,omitzero"`
	} `json:"parameters"`
}

// EncodeEmbed implements protocol.Embedder. Callers of any dialect may say what
// the vectors are for in DashScope's own words.
func (embed) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, lost *llm.Losses) ([][]byte, *llm.Error) {
	if len(r.Tokens) > 0 {
		return nil, protocol.Refused("input", "DashScope takes text, not tokens")
	}
	w := wireEmbed{Model: t.Model}
	w.Parameters.Dimension = r.Dimensions
	switch r.Task {
	case "":
	case "query", "document":
		w.Parameters.Type = raw(r.Task)
	default:
		lost.Drop("task", "DashScope knows queries and documents")
	}
	rest := maps.Clone(r.Extra)
	if v, ok := rest["text_type"]; ok {
		w.Parameters.Type = v
		delete(rest, "text_type")
	}
	w.Parameters.Instruct = rest["instruct"]
	delete(rest, "instruct")
	protocol.DropExtra(lost, "", rest)
	if r.User != "" {
		lost.Hint("user", "DashScope has no such parameter")
	}
	most := mostInputs
	if t.Traits.EmbedBatch > 0 {
		most = t.Traits.EmbedBatch
	}
	var bodies [][]byte
	for w.Input.Texts = range slices.Chunk(r.Inputs, most) {
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
		Output struct {
			Embeddings []struct {
				Vector []float32 `json:"embedding"`
				Index  int       `json:"text_index"`
			} `json:"embeddings"`
		} `json:"output"`
		Usage struct {
			Total *int64 `json:"total_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(body, &got, lenient); err != nil || len(got.Output.Embeddings) == 0 {
		return nil, protocol.NotIn("DashScope", "it holds no vectors", body)
	}
	r := &llm.EmbedResponse{Model: t.Model, Vectors: make([][]float32, len(got.Output.Embeddings))}
	for i, e := range got.Output.Embeddings {
		at := e.Index
		if at < 0 || at >= len(r.Vectors) || r.Vectors[at] != nil {
			at = i
		}
		r.Vectors[at] = e.Vector
	}
	if n := got.Usage.Total; n != nil {
		r.Usage = &llm.Usage{Input: *n, Total: *n, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
	}
	return r, nil
}
