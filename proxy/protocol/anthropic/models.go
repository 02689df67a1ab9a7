package anthropic

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// wireModel is a model in a list. DisplayName and CreatedAt are required by the
// dialect's clients.
type wireModel struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
	MaxInput    int64  `json:"max_input_tokens,omitzero"`
	MaxTokens   int64  `json:"max_tokens,omitzero"`
}

// unknownTime stands for a release date that nobody told: the dialect allows
// the epoch for that.
const unknownTime = "1970-01-01T00:00:00Z"

type wireModels struct {
	Data    []wireModel `json:"data"`
	HasMore bool        `json:"has_more"`
	FirstID *string     `json:"first_id"`
	LastID  *string     `json:"last_id"`
}

func modelOf(m protocol.Model) wireModel {
	return wireModel{Type: "model", ID: m.ID, DisplayName: m.ID, CreatedAt: unknownTime, MaxInput: m.Context, MaxTokens: m.MaxOutput}
}

// encodeModels writes all models as one page.
func encodeModels(models []protocol.Model) []byte {
	list := wireModels{Data: []wireModel{}}
	for _, m := range models {
		list.Data = append(list.Data, modelOf(m))
	}
	if n := len(list.Data); n > 0 {
		list.FirstID, list.LastID = &list.Data[0].ID, &list.Data[n-1].ID
	}
	b, _ := json.Marshal(list, lenient) // strings and numbers always encode
	return b
}

// encodeModel writes one model.
func encodeModel(m protocol.Model) []byte {
	b, _ := json.Marshal(modelOf(m), lenient) // strings and numbers always encode
	return b
}

// decodeModels reads the ids off a page of models. Vendors keep fewer than the
// thousand that fit a page.
func decodeModels(body []byte) ([]string, error) {
	var list wireModels
	if err := json.Unmarshal(body, &list, lenient); err != nil {
		return nil, fmt.Errorf("list of models: %w", err)
	}
	var ids []string
	for _, m := range list.Data {
		if m.ID != "" {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}
