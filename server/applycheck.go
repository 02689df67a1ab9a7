package server

import (
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// reference is how a key's value names an environment variable.
var reference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// check checks the whole document against what there is, and keeps it as the
// data plane knows it.
func (a *applier) check() error {
	f := &faults{}
	a.checked, a.hashSeen = checked{}, map[[32]byte]string{}
	a.unsureProviders = a.doc.namesUnsure("providers", len(a.doc.Providers))
	a.unsureRoutes = a.doc.namesUnsure("routes", len(a.doc.Routes))
	if a.doc.Settings != nil {
		access, limits, timeouts := f.settings("settings", *a.doc.Settings)
		a.checked.settings = store.Settings{Access: access, Limits: limits, Timeouts: timeouts}
	}
	seen := map[string]int{}
	for i, item := range a.doc.Providers {
		at := indexed("providers", i)
		a.checked.providers = append(a.checked.providers, a.checkProvider(f, at, item))
		f.once(joinPath(at, "name"), "provider "+item.Name, i, seen)
	}
	for i, spec := range a.doc.Routes {
		at := indexed("routes", i)
		a.checked.routes = append(a.checked.routes, f.route(at, spec, a.knowsProvider))
		f.once(joinPath(at, "name"), "route "+spec.Name, i, seen)
	}
	for i, item := range a.doc.Consumers {
		at := indexed("consumers", i)
		a.checked.hashes = append(a.checked.hashes, a.checkConsumer(f, at, item))
		f.once(joinPath(at, "name"), "consumer "+item.Name, i, seen)
	}
	a.checkPrices(f)
	a.checkRecords(f)
	return a.doc.wrong(f)
}

// once notes a name that was there before.
func (f *faults) once(at, name string, i int, seen map[string]int) {
	if first, ok := seen[name]; ok {
		f.add(at, "is the name of entry %d too: names are unique", first)
	}
	seen[name] = i
}

// knowsProvider tells whether there will be a provider of a name.
func (a *applier) knowsProvider(name string) bool {
	if a.unsureProviders {
		return true // it may be one that could not be read
	}
	if a.doc.Providers == nil {
		_, ok := a.providers[name]
		return ok
	}
	for _, p := range a.doc.Providers {
		if p.Name == name {
			return true
		}
	}
	return false
}

// knowsRoute tells whether there will be a route of a name.
func (a *applier) knowsRoute(name string) bool {
	if a.unsureRoutes {
		return true
	}
	if a.doc.Routes == nil {
		_, ok := a.routes[name]
		return ok
	}
	for _, r := range a.doc.Routes {
		if r.Name == name {
			return true
		}
	}
	return false
}

// checkProvider checks a provider and its keys.
func (a *applier) checkProvider(f *faults, at string, item ProviderItem) proxy.Provider {
	p := f.provider(at, item.ProviderSpec, a.vendors)
	row := a.providers[item.Name]
	kept, err := keepPassword(p.Proxy, row.Proxy)
	if err != nil {
		f.add(joinPath(at, "proxy"), "%s", err)
	}
	p.Proxy = kept
	if !f.atMost(joinPath(at, "keys"), len(item.Keys), maxKeys) {
		return p
	}
	have := named(row.Keys, func(k store.ProviderKey) string { return k.Name })
	seen := map[string]int{}
	for i, spec := range item.Keys {
		here := indexed(joinPath(at, "keys"), i)
		_, there := have[spec.Name]
		key := proxy.Key{Name: spec.Name, Weight: weightOf(spec.Weight), Disabled: !isOn(spec.Enabled)}
		f.label(joinPath(here, "name"), spec.Name, maxLabel)
		f.between(joinPath(here, "weight"), int64(key.Weight), 1, maxWeight)
		f.once(joinPath(here, "name"), spec.Name, i, seen)
		key.Secret = a.value(f, here, spec, there)
		p.Keys = append(p.Keys, key)
	}
	return p
}

// value finds a key's value; empty leaves the key as it is.
func (a *applier) value(f *faults, at string, spec KeySpec, there bool) proxy.Secret {
	at = joinPath(at, "value")
	switch {
	case spec.Value == "" && there:
		return ""
	case spec.Value == "" && spec.Keep:
		f.add(at, "is to be kept, but there is no key of this name: give its value, best as ${NAME}")
		return ""
	case spec.Value == "":
		f.add(at, "is missing, and there is no key of this name yet: give the key, best as ${NAME}")
		return ""
	case spec.Keep:
		f.add(at, "is given although keep is true: take one of them out")
		return ""
	}
	value := spec.Value
	if strings.HasPrefix(value, "${") {
		m := reference.FindStringSubmatch(value)
		if m == nil {
			f.add(at, "looks like a reference to an environment variable but is not one: write ${NAME}")
			return ""
		}
		found, ok := a.env(m[1])
		if !ok || found == "" {
			f.add(at, "refers to the environment variable %s, which is not set where this is applied", m[1])
			return ""
		}
		value = found
	}
	f.secret(at, proxy.Secret(value))
	return proxy.Secret(value)
}

// checkConsumer checks a consumer and its keys, and returns the keys' hashes.
func (a *applier) checkConsumer(f *faults, at string, item ConsumerItem) [][32]byte {
	f.consumer(at, item.ConsumerSpec)
	for i, name := range item.Routes {
		if !a.knowsRoute(name) {
			f.add(indexed(joinPath(at, "routes"), i), "names a route that does not exist: %q", bounded(name, 64))
		}
	}
	if !f.atMost(joinPath(at, "keys"), len(item.Keys), maxKeys) {
		return nil
	}
	have := named(a.consumers[item.Name].Keys, func(k store.ConsumerKey) string { return k.Name })
	seen := map[string]int{}
	hashes := make([][32]byte, len(item.Keys))
	for i, spec := range item.Keys {
		_, there := have[spec.Name]
		here := indexed(joinPath(at, "keys"), i)
		f.once(joinPath(here, "name"), spec.Name, i, seen)
		hashes[i] = a.checkConsumerKey(f, here, spec, there)
	}
	return hashes
}

// checkConsumerKey checks a consumer's key and returns its hash; zero leaves
// the key as it is.
func (a *applier) checkConsumerKey(f *faults, here string, spec ConsumerKeySpec, there bool) (hash [32]byte) {
	f.label(joinPath(here, "name"), spec.Name, maxLabel)
	f.text(joinPath(here, "hint"), spec.Hint, 32)
	if year := spec.Expires.Year(); !spec.Expires.IsZero() && (year < 2000 || year > 9999) {
		f.add(joinPath(here, "expires"), "is not a likely time: leave it out for never")
	}
	if spec.Hash == "" {
		if !there {
			f.add(joinPath(here, "hash"), "is missing, and there is no key of this name yet: give sha256: and the 64 hex digits of the key's SHA-256")
		}
		return hash
	}
	digits, ok := strings.CutPrefix(spec.Hash, hashPrefix)
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != len(hash) {
		f.add(joinPath(here, "hash"), "must be sha256: and 64 hex digits, the key's SHA-256; the key itself does not belong here")
		return hash
	}
	hash = [32]byte(sum)
	if first, ok := a.hashSeen[hash]; ok {
		f.add(joinPath(here, "hash"), "is the same key as %s: a key belongs to one consumer", first)
	}
	a.hashSeen[hash] = here
	return hash
}
