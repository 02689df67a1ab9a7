// Package vertex is how Vertex AI makes vectors with the models that are asked by
// predict, a way from before Gemini: a list of instances, and parameters for all
// of them. Everything else on Vertex AI is in Gemini's dialect, or Anthropic's.
// It faces vendors alone.
//
// Source: docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api (2026-11).
package vertex

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/protocol/gemini"
)

// Name is how the catalog refers to this protocol.
const Name = "vertex"

const (
	// mostInputs is how many texts are taken at once.
	mostInputs = 250
	// mostBytes bounds the texts of a request together. Vertex takes 20,000 tokens,
	// and no text has more than one in two bytes but a strange one.
	mostBytes = 40_000
)

// Protocol is the table of this dialect. Errors are those of all of Google.
func Protocol() *protocol.Protocol {
	base := gemini.Protocol()
	return &protocol.Protocol{
		Name: Name,
		Endpoints: []protocol.Endpoint{
			{Op: llm.OpEmbeddings, Method: http.MethodPost, Upstream: "/models/{model}:predict", Embed: predict{}},
		},
		DecodeError:  base.DecodeError,
		DecodeModels: base.DecodeModels,
	}
}

// lenient reads and writes what the world sends, the same each time.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// predict is the codec of vectors.
type predict struct{ protocol.NoCallers }

type wireRequest struct {
	Instances  []wireInstance  `json:"instances"`
	Parameters *wireParameters `json:"parameters,omitzero"`
}

type wireInstance struct {
	Content string  `json:"content"`
	Task    llm.Raw `json:"task_type,omitzero"`
	Title   llm.Raw `json:"title,omitzero"`
}

type wireParameters struct {
	Dimensions *int64  `json:"outputDimensionality,omitzero"`
	Truncate   llm.Raw `json:"autoTruncate,omitzero"`
}

// EncodeEmbed implements protocol.Embedder. Callers of any dialect may use
// Google's own words for what the vectors are for.
func (predict) EncodeEmbed(r *llm.EmbedRequest, t *protocol.Target, lost *llm.Losses) ([][]byte, *llm.Error) {
	if len(r.Tokens) > 0 {
		return nil, protocol.Refused("input", "Google takes text, not tokens")
	}
	var one wireInstance
	if word := gemini.TaskWord(r.Task); word != "" {
		one.Task = llm.Raw(`"` + word + `"`)
	}
	p := wireParameters{Dimensions: r.Dimensions}
	rest := map[string]llm.Raw{}
	for name, v := range r.Extra {
		switch name {
		case "taskType", "task_type":
			one.Task = v
		case "title":
			one.Title = v
		case "autoTruncate", "auto_truncate":
			p.Truncate = v
		default:
			rest[name] = v
		}
	}
	protocol.DropExtra(lost, "", rest)
	if r.User != "" {
		lost.Hint("user", "Google has no such parameter")
	}
	var bodies [][]byte
	for _, texts := range batches(r.Inputs, t.Traits.EmbedBatch) {
		w := wireRequest{}
		if p.Dimensions != nil || p.Truncate != nil {
			w.Parameters = &p
		}
		for _, text := range texts {
			one.Content = text
			w.Instances = append(w.Instances, one)
		}
		body, err := json.Marshal(&w, lenient)
		if err != nil {
			return nil, protocol.Unwritten(t, err)
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// batches cuts texts into what one request takes.
func batches(texts []string, most int) [][]string {
	if most <= 0 {
		most = mostInputs
	}
	var all [][]string
	from, size := 0, 0
	for i, text := range texts {
		if i > from && (i-from == most || size+len(text) > mostBytes) {
			all = append(all, texts[from:i])
			from, size = i, 0
		}
		size += len(text)
	}
	if from < len(texts) {
		all = append(all, texts[from:])
	}
	return all
}

// DecodeEmbedding implements protocol.Embedder.
func (predict) DecodeEmbedding(body []byte, t *protocol.Target) (*llm.EmbedResponse, *llm.Error) {
	var got struct {
		Predictions []struct {
			Embeddings struct {
				Values     []float32 `json:"values"`
				Statistics struct {
					Tokens *float64 `json:"token_count"`
				} `json:"statistics"`
			} `json:"embeddings"`
		} `json:"predictions"`
	}
	if err := json.Unmarshal(body, &got, lenient); err != nil || len(got.Predictions) == 0 {
		return nil, protocol.NotIn("Vertex AI", "it holds no predictions", body)
	}
	r := &llm.EmbedResponse{Model: t.Model}
	for _, p := range got.Predictions {
		r.Vectors = append(r.Vectors, p.Embeddings.Values)
		if n := p.Embeddings.Statistics.Tokens; n != nil {
			if r.Usage == nil {
				r.Usage = &llm.Usage{InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
			}
			r.Usage.Input += int64(*n)
			r.Usage.Total = r.Usage.Input
		}
	}
	return r, nil
}
