package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/posthouse/posthouse/proxy/llm"
)

// wireModel is a model in OpenAI's lists.
type wireModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// serveModels answers GET /v1/models and /v1/models/{id} from the snapshot: what
// this caller may use, of all providers.
func (c *call) serveModels() *llm.Error {
	models := c.snap.models(c.consumer)
	if c.entry.before != "" {
		var known bool
		if models, known = c.snap.modelsBelow(c.entry.before, c.consumer); !known {
			return noPrefix(c.entry.before)
		}
	}
	list := []wireModel{}
	for _, m := range models {
		list = append(list, wireModel{ID: m.ID, Object: "model", OwnedBy: m.OwnedBy})
	}
	if c.entry.rest == "" {
		return c.json(map[string]any{"object": "list", "data": list})
	}
	for _, m := range list {
		if m.ID == c.entry.rest {
			return c.json(m)
		}
	}
	return c.snap.unknownModel(c.entry.rest, c.consumer)
}

func (c *call) json(v any) *llm.Error {
	body, err := json.Marshal(v)
	if err != nil {
		return &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: fmt.Sprintf("the answer can't be written: %v", err)}
	}
	c.out.begin(http.StatusOK, func(h http.Header) {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	})
	c.rec.Status = http.StatusOK
	_ = c.out.write(body) // a client that left needs no list
	c.rec.BytesOut = int64(len(body))
	return nil
}
