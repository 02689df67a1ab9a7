package proxy

import (
	"bytes"
	"errors"
	"net/http"
	"slices"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
)

// weigh marks the candidates of a plan that can't do what the request needs
// while others can: a text model that would refuse a picture, or worse, would
// answer without having seen it. Only what the catalogue knows counts, and
// where every candidate lacks the same, they are asked as ever: the vendor's
// own words then say so.
func (c *call) weigh(plan []candidate) {
	if len(plan) < 2 {
		return
	}
	for _, need := range catalog.Needs() {
		if !c.mayNeed(need) {
			continue // most requests: the catalogue is not asked
		}
		lack, able := false, false
		for i := range plan {
			if plan[i].isWithout(need) {
				lack = true
			} else {
				able = able || plan[i].provider != nil
			}
		}
		if !lack || !able || !c.needs(need) {
			continue
		}
		for i := range plan {
			if plan[i].lacks == "" && plan[i].isWithout(need) {
				plan[i].lacks = "no capability: " + plan[i].model + " takes no " + string(need)
			}
		}
	}
}

// isWithout reports whether the catalogue knows that a candidate's model lacks
// something.
func (c *candidate) isWithout(need catalog.Need) bool {
	return c.provider != nil && c.provider.vendor.IsWithout(c.model, need)
}

// mayNeed is needs without taking the request apart: false is certain.
func (c *call) mayNeed(need catalog.Need) bool {
	switch need {
	case catalog.NeedTools:
		return len(c.value("tools")) > len("[ ]") && string(c.value("tools")) != "null"
	case catalog.NeedImages:
		return c.entry.endpoint.In != nil && bytes.Contains(c.body, []byte("image"))
	}
	return false
}

// needs reports whether the request, which may need something that models may
// lack, really does.
func (c *call) needs(need catalog.Need) bool {
	if need != catalog.NeedImages {
		return true
	}
	asks, failed := c.understood()
	return failed == nil && slices.ContainsFunc(asks.Messages, func(m llm.Message) bool { return hasImage(m.Parts) })
}

func hasImage(parts []llm.Part) bool {
	return slices.ContainsFunc(parts, func(p llm.Part) bool {
		if media, is := p.(*llm.Media); is {
			return media.Kind == llm.Image
		}
		result, is := p.(*llm.ToolResult)
		return is && hasImage(result.Parts)
	})
}

// incapable says why a candidate can't serve the call whatever is tried, or
// nothing: no attempt is spent on it.
func (c *call) incapable(cand *candidate) *llm.Error {
	if cand.lacks != "" {
		return &llm.Error{Class: llm.ClassUnavailable, Status: http.StatusServiceUnavailable, Message: cand.name + ": " + cand.lacks}
	}
	s := c.speech(cand)
	if !s.passes {
		return nil // it was chosen because the vendor has the endpoint
	}
	t := try{call: c, speech: s, cand: cand}
	if _, err := cand.provider.place(s.protocol.Name, cand.model, t.upstream(), t.streams()); errors.Is(err, catalog.ErrNoEndpoint) {
		return unsupported(cand.provider, c.entry.endpoint, err)
	}
	return nil
}
