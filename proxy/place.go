package proxy

import (
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/posthouse/posthouse/proxy/catalog"
)

// maxPlaces bounds how many places a provider remembers: models and file ids
// are the callers' words.
const maxPlaces = 1024

// place is where one of a provider's endpoints lies, and how the key is shown
// there. It is shared by calls and must not be changed.
type place struct {
	url  *url.URL
	auth catalog.Auth
	asIs bool // showing the key leaves the URL as it is
}

// placeKey is what a place depends on within one snapshot.
type placeKey struct {
	protocol, model, path string
	stream                bool
}

// places are the places that a provider has worked out.
type places struct {
	known sync.Map // place by placeKey
	count atomic.Int64
}

// place works out where an endpoint lies for a model, or remembers it.
func (p *provider) place(protocol, model, path string, stream bool) (place, error) {
	key := placeKey{protocol, model, path, stream}
	if got, ok := p.places.known.Load(key); ok {
		return got.(place), nil //nolint:errcheck // the map holds nothing else
	}
	resolve := p.vendor.Resolve
	if stream {
		resolve = p.vendor.ResolveStream
	}
	raw, auth, err := resolve(protocol, p.region, p.base, p.fields, model, path)
	if err != nil {
		return place{}, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return place{}, fmt.Errorf("the provider's URL can't be used: %w", err)
	}
	asIs := auth.Else == nil && (auth.Kind == catalog.AuthBearer || auth.Kind == catalog.AuthHeader || auth.Kind == catalog.AuthNone)
	is := place{u, auth, asIs}
	if p.places.count.Add(1) <= maxPlaces {
		p.places.known.Store(key, is)
	}
	return is, nil
}
