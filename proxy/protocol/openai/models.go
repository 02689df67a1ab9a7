package openai

import (
	"encoding/json"
	"fmt"
)

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
