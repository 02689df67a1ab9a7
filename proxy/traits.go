package proxy

import (
	"maps"
	"sync/atomic"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxKnownTraits bounds the models of a provider whose traits are remembered.
// Their names come from callers.
const maxKnownTraits = 256

// traitsKnown are the traits of models that were asked for: finding them walks
// over patterns, which takes microseconds, and each attempt needs them several
// times. It is replaced as a whole, so that reading takes no lock.
type traitsKnown struct {
	set atomic.Pointer[map[traitsOf]*protocol.Traits]
}

// traitsOf is a model as a protocol's vendors have it.
type traitsOf struct{ protocol, model string }

// traits are where a model departs from a protocol. They are shared: callers
// must not change them.
func (p *provider) traits(name, model string) *protocol.Traits {
	of, known := traitsOf{name, model}, p.known.set.Load()
	if known != nil {
		if t := (*known)[of]; t != nil {
			return t
		}
	}
	found := p.vendor.Traits(name, model)
	next := map[traitsOf]*protocol.Traits{}
	if known != nil && len(*known) < maxKnownTraits {
		next = maps.Clone(*known)
	}
	next[of] = &found
	p.known.set.CompareAndSwap(known, &next) // who comes second looks again next time
	return &found
}
