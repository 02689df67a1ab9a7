package proxy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// speech is how a target is spoken to.
type speech struct {
	protocol *protocol.Protocol
	endpoint *protocol.Endpoint
	passes   bool // in the caller's dialect, to the byte
}

// speech is how a target is spoken to. An answer that is begun decides that
// anew.
func (c *call) speech(cand *candidate) speech {
	if c.resuming() {
		return c.language(cand)
	}
	if cand.speech.endpoint == nil {
		cand.speech = c.language(cand)
	}
	return cand.speech
}

// language decides how a target is spoken to: in the caller's dialect where the
// vendor speaks it, and then to the byte; else in the first of the vendor's
// that translates. Bytes can't pass where something in them is ours (a sealed
// state), or where the target answers in another way than was asked.
func (c *call) language(cand *candidate) speech {
	own, p := c.entry.endpoint, cand.provider
	direct := speech{protocol: c.entry.protocol, endpoint: own, passes: true}
	offers := func(name, path string) bool {
		return p.vendor.Offers(name, p.region, p.base, p.fields, cand.model, path)
	}
	in := func(name string) (speech, bool) {
		far := c.g.protocol(name)
		if far.Name != name {
			return speech{}, false // not known here
		}
		ep := twin(far, own, func(path string) bool { return offers(name, path) })
		return speech{protocol: far, endpoint: ep}, ep != nil
	}
	if name := p.vendor.Prefers(cand.model, c.hasField); name != "" && name != direct.protocol.Name {
		if s, ok := in(name); ok {
			return s
		}
	}
	if offers(direct.protocol.Name, own.Upstream) {
		direct.passes = own.In == nil || own.Out == nil || !c.recodes(cand)
		return direct
	}
	// The caller's own dialect may have another endpoint for it (vectors one by
	// one instead of many at once).
	for _, name := range p.vendor.Protocols(cand.model) {
		if s, ok := in(name); ok {
			return s
		}
	}
	direct.passes = own.Count == nil // what no vendor counts is counted here
	return direct                    // resolving it says what is missing
}

// hasField reports whether a request has a top-level field.
func (c *call) hasField(name string) bool {
	return slices.ContainsFunc(c.peek.fields, func(f rawjson.Field) bool { return string(f.Key) == name })
}

// recodes reports whether a request to a vendor of the caller's own dialect
// goes through the canonical form all the same.
func (c *call) recodes(cand *candidate) bool {
	if c.resuming() {
		return c.tale != nil || c.entry.endpoint.Answer.Resume == nil || c.unfit(cand)
	}
	if c.sealed() || c.unfit(cand) {
		return true
	}
	traits := cand.provider.traits(c.entry.protocol.Name, cand.model)
	return !c.peek.stream && traits.StreamOnly || traits.EchoThinking == protocol.EchoTools && c.thoughtless()
}

// changed reports whether a target is not what the caller asked for: a route
// names another model, or it stands in for one that failed.
func (c *call) changed(cand *candidate) bool {
	return cand.step > 0 || c.way.route != nil && cand.model != c.peek.model
}

// unfit reports whether a target that the caller did not ask for would refuse
// what it wrote. Who asks for a model by its name answers for the rest.
func (c *call) unfit(cand *candidate) bool {
	unfit := c.entry.endpoint.Unfit
	if unfit == nil || !c.changed(cand) {
		return false
	}
	return unfit(protocol.Written{Body: c.body, Fields: c.peek.fields}, cand.provider.traits(c.entry.protocol.Name, cand.model))
}

// thoughtless reports whether tools were called in the conversation without the
// reasoning before it, which some vendors demand back and many clients drop.
// It looks no closer than it must: a false alarm costs only the translation.
func (c *call) thoughtless() bool {
	calls := bytes.Count(c.body, []byte(`"tool_calls"`))
	return calls > 0 && bytes.Count(c.body, []byte(`"reasoning_content"`)) < calls
}

// sealed reports whether the request carries a state that we sealed.
func (c *call) sealed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holdsSeal == nil {
		holds := llm.HoldsSeal(c.body)
		c.holdsSeal = &holds
	}
	return *c.holdsSeal
}

// twin is the first endpoint of a protocol that does what another one does and
// that the vendor has; has is asked for its path.
func twin(p *protocol.Protocol, ep *protocol.Endpoint, has func(path string) bool) *protocol.Endpoint {
	for i := range p.Endpoints {
		far := &p.Endpoints[i]
		switch {
		case !has(far.Upstream):
		case ep.In != nil && far.Out != nil && talks(ep.Op) && talks(far.Op),
			ep.Embed != nil && far.Embed != nil && ep.Op == far.Op,
			ep.Count != nil && far.Count != nil && ep.Op == far.Op:
			return far
		}
	}
	return nil
}

// talks reports whether endpoints of this kind answer conversations.
func talks(op llm.Op) bool { return op == llm.OpChat || op == llm.OpResponses }

// streams reports whether the vendor is asked for a stream.
func (t *try) streams() bool {
	if t.target != nil {
		return t.target.Stream
	}
	return t.peek.stream
}

// understood is the request in the canonical form, decoded once, when it is
// first needed.
func (c *call) understood() (*llm.Request, *llm.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asks == nil && c.asksNot == nil {
		c.asks, c.asksNot = c.entry.endpoint.In.DecodeRequest(c.question())
		if c.asksNot != nil {
			c.asksNot.Class = llm.ClassBadRequest // a mistake of the caller's, whoever is asked
		}
	}
	if c.asksNot != nil {
		e := *c.asksNot
		return nil, &e
	}
	return c.asks, nil
}

func (c *call) question() *protocol.Question {
	return &protocol.Question{Body: c.body, Model: c.entry.model, Stream: c.peek.stream, Array: c.array()}
}

// array reports whether the caller wants a stream as one JSON array, which is
// what Gemini's clients get who don't ask for events.
func (c *call) array() bool { return c.entry.endpoint.Stream && c.query.Get("alt") != "sse" }

// understand decodes the request before anyone is asked, if the first target
// needs it translated: a mistake in it is then told as the caller's own.
func (c *call) understand(plan []candidate) *llm.Error {
	if len(plan) == 0 || plan[0].provider == nil || c.entry.endpoint.In == nil {
		return nil
	}
	if c.speech(&plan[0]).passes {
		return nil
	}
	if _, err := c.understood(); err != nil {
		err.Class = llm.ClassDenied
		return err
	}
	return nil
}

// aim is what codecs are told of a target.
func (t *try) aim() *protocol.Target {
	p := t.cand.provider
	return &protocol.Target{
		Vendor: p.vendor.Name.EN, Model: t.cand.model, Stream: t.peek.stream, Origin: t.origin(),
		Unique: t.unique(), Changed: t.changed(t.cand), Traits: *p.traits(t.speech.protocol.Name, t.cand.model), Header: http.Header{},
	}
}

// origin names provider and key to whoever mints states.
func (t *try) origin() llm.Origin {
	id := t.cand.provider.id + "\x00"
	if t.key != nil {
		id += t.key.live
	}
	sum := sha256.Sum256([]byte(id))
	return llm.Origin(hex.EncodeToString(sum[:6]))
}

// unique begins the ids that codecs make up in this attempt.
func (t *try) unique() string {
	return fmt.Sprintf("%s%d", t.rec.ID[max(0, len(t.rec.ID)-16):], t.asked())
}
