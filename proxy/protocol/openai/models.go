package openai

import (
	"encoding/json"
	"fmt"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// toldModel is a model in OpenAI's lists.
type toldModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// encodeModels writes a list of models.
func encodeModels(models []protocol.Model) []byte {
	list := struct {
		Object string      `json:"object"`
		Data   []toldModel `json:"data"`
	}{Object: "list", Data: []toldModel{}}
	for _, m := range models {
		list.Data = append(list.Data, toldModel{ID: m.ID, Object: "model", OwnedBy: m.Owner})
	}
	return value(list)
}

// encodeModel writes one.
func encodeModel(m protocol.Model) []byte {
	return value(toldModel{ID: m.ID, Object: "model", OwnedBy: m.Owner})
}

// decodeModels reads a list of models in the shapes met in the wild: OpenAI's
// {"data":[…]}, a bare array (Together, GitHub), {"models":[…]} (Ollama,
// Gemini). Ids are taken from id, else name.
func decodeModels(body []byte) ([]string, error) {
	type model struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	var list struct {
		Data   []model `json:"data"`
		Models []model `json:"models"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		if err := json.Unmarshal(body, &list.Data); err != nil {
			return nil, fmt.Errorf("list of models: %w", err)
		}
	}
	var ids []string
	for _, m := range append(list.Data, list.Models...) {
		switch {
		case m.ID != "":
			ids = append(ids, m.ID)
		case m.Name != "":
			ids = append(ids, m.Name)
		}
	}
	return ids, nil
}
