package proxy

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// Snapshot is a compiled, immutable configuration. A call keeps the snapshot
// it began with, so that a reload never changes the rules under it.
type Snapshot struct {
	access    AccessMode
	limits    Limits
	timeouts  Timeouts
	providers []*provider // enabled ones, in order
	byName    map[string]*provider
	routes    []*route // enabled ones, in order
	callers   map[[32]byte]*callerKey
	consumers map[string]*consumer // by name
	keys      []*key               // of all providers, for reports
	defaultOn triggers

	defaultActions map[llm.Class]Action

	prices   *price.Table
	exchange price.Exchange
	tracing  *Tracing // nil: off
}

// provider is a Provider ready to be called.
type provider struct {
	id, name  string
	vendor    *catalog.Vendor
	region    string
	base      string
	fields    map[string]string
	headers   http.Header
	query     url.Values
	keys      []*key
	keyless   bool            // has no keys and needs none
	models    map[string]bool // exact names it serves; nil: the vendor's patterns
	listed    []string        // the names to show in lists of models
	timeouts  Timeouts
	transport transportKey
	places    places
	known     traitsKnown
	prices    *price.Provider
}

// key is a provider's key ready to be used.
type key struct {
	id, name   string
	provider   string // its name
	secret     Secret
	weight     int
	credential credential // nil: the secret is sent as it is
	live       string     // what its live state hangs on: id and fingerprint, so that a replaced key starts afresh
}

// consumer is a Consumer ready to be let in.
type consumer struct {
	id, name string
	models   []string        // glob patterns; empty: all
	routes   map[string]bool // nil: all
}

// callerKey is a consumer's key.
type callerKey struct {
	consumer *consumer
	conf     ConsumerKey
	disabled bool // the key or its consumer
}

// lists reports whether the provider shows a model of exactly this name.
func (p *provider) lists(model string) bool { return slices.Contains(p.listed, model) }

// serves reports whether the provider takes a model of this name, listed or
// of a family its vendor is known for.
func (p *provider) serves(model string) bool {
	if p.models != nil {
		return p.models[model]
	}
	_, ok := p.vendor.Model(model)
	return ok
}

// takesAny reports whether nothing is known about the provider's models, so
// that any name may be tried there.
func (p *provider) takesAny() bool { return p.models == nil && len(p.vendor.Models) == 0 }

// secrets calls f for each of the provider's secrets, and for the parts of those
// that have any.
func (p *provider) secrets(f func(string)) {
	for _, k := range p.keys {
		f(k.secret.Reveal())
		if k.credential != nil {
			for _, s := range k.credential.secrets() {
				f(s.Reveal())
			}
		}
	}
}

// mayAsk reports whether the consumer may ask for a model. No consumer (a
// local caller without a key) may ask for any.
func (c *consumer) mayAsk(model string) bool {
	if c == nil || len(c.models) == 0 {
		return true
	}
	for _, pattern := range c.models {
		if catalog.Glob(pattern, model) {
			return true
		}
	}
	return false
}

// mayUse reports whether the consumer may use a written route.
func (c *consumer) mayUse(route string) bool {
	return c == nil || c.routes == nil || c.routes[route]
}
