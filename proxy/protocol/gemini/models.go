package gemini

import (
	"fmt"
	"strings"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// model is a model in Google's list.
type model struct {
	Name        string   `json:"name"`
	Version     string   `json:"version,omitempty"`
	DisplayName string   `json:"displayName,omitempty"`
	Description string   `json:"description,omitempty"`
	InputLimit  int64    `json:"inputTokenLimit,omitzero"`
	OutputLimit int64    `json:"outputTokenLimit,omitzero"`
	Methods     []string `json:"supportedGenerationMethods,omitempty"`
}

// decodeModels reads {"models":[{"name":"models/…"}]}.
func decodeModels(body []byte) ([]string, error) {
	var l struct {
		Models    []model `json:"models"`
		Publisher []model `json:"publisherModels"` // Vertex: publishers/google/models/…
	}
	if err := unmarshal(body, &l); err != nil {
		return nil, fmt.Errorf("list of models: %w", err)
	}
	var ids []string
	for _, m := range append(l.Models, l.Publisher...) {
		id := m.Name
		if i := strings.LastIndex(id, "models/"); i >= 0 {
			id = id[i+len("models/"):]
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func wireModel(m protocol.Model) model {
	return model{
		Name: "models/" + m.ID, Version: "001", DisplayName: m.ID, Description: m.Owner,
		InputLimit: m.Context, OutputLimit: m.MaxOutput,
		Methods: []string{"generateContent", "countTokens", "embedContent"},
	}
}

// encodeModels writes the list that models.list gives, on one page.
func encodeModels(models []protocol.Model) []byte {
	wire := make([]model, 0, len(models))
	for _, m := range models {
		wire = append(wire, wireModel(m))
	}
	b, err := marshal(map[string][]model{"models": wire})
	if err != nil { // strings and numbers always encode
		return []byte(`{"models":[]}`)
	}
	return b
}

// encodeModel writes what models.get gives.
func encodeModel(m protocol.Model) []byte {
	b, err := marshal(wireModel(m))
	if err != nil { // strings and numbers always encode
		return []byte(`{}`)
	}
	return b
}
