package proxy

import (
	"net/http"
	"strconv"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// serveModels answers a dialect's list of models, or one of it, from the
// snapshot: what this caller may use, of all providers.
func (c *call) serveModels() *llm.Error {
	models := c.snap.models(c.consumer)
	if c.entry.before != "" {
		var known bool
		if models, known = c.snap.modelsBelow(c.entry.before, c.consumer); !known {
			return noPrefix(c.entry.before)
		}
	}
	list := make([]protocol.Model, 0, len(models))
	for _, m := range models {
		list = append(list, protocol.Model{ID: m.ID, Owner: m.OwnedBy, Context: m.Context})
	}
	id := c.entry.rest
	if c.entry.model != "" {
		id = c.entry.model
	}
	if id == "" {
		return c.json(c.dialect.EncodeModels(list))
	}
	for _, m := range list {
		if m.ID == id {
			return c.json(c.dialect.EncodeModel(m))
		}
	}
	return c.snap.unknownModel(id, c.consumer)
}

func (c *call) json(body []byte) *llm.Error {
	c.out.begin(http.StatusOK, func(h http.Header) {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	})
	c.rec.Status = http.StatusOK
	_ = c.out.write(body) // a client that left needs no list
	c.rec.BytesOut = int64(len(body))
	return nil
}
