package main

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/posthouse/posthouse/server/store"
)

// demoActor is whom revisions name for what --demo, or its absence, changes.
func demoActor() store.Actor { return store.Actor{Name: "serve --demo", Via: "cli"} }

// restDemo takes what an earlier --demo set up out of service: its vendor is
// gone, and whoever asked it would get an error. The next --demo puts it back.
func (i *instance) restDemo(ctx context.Context) error {
	providers, route, err := demoItems(ctx, i.store)
	if err != nil {
		return err
	}
	providers = slices.DeleteFunc(providers, func(p store.Provider) bool { return !p.Enabled })
	if len(providers) == 0 && (route == nil || !route.Enabled) {
		return nil
	}
	_, err = i.store.Change(ctx, demoActor(), "switch the demo off", func(tx *store.Tx) error {
		return switchDemo(tx, providers, route, false)
	})
	if err != nil {
		// Nobody who starts without the demo should be kept from it by the demo.
		i.logError("switch the demo off", err)
		return nil
	}
	i.log.Info("the demo's providers and route were switched off; start with --demo to have them back")
	return nil
}

// wakeDemo puts back into service what restDemo took out. What an admin
// switched off stays off.
func wakeDemo(ctx context.Context, s *store.Store) error {
	providers, route, err := demoItems(ctx, s)
	if err != nil {
		return err
	}
	ours := func(id string, enabled bool) (bool, error) {
		if enabled {
			return false, nil
		}
		return switchedOffByUs(ctx, s, id)
	}
	var back []store.Provider
	for _, p := range providers {
		wake, err := ours(p.ID, p.Enabled)
		if err != nil {
			return err
		}
		if wake {
			back = append(back, p)
		}
	}
	if route != nil {
		wake, err := ours(route.ID, route.Enabled)
		if err != nil {
			return err
		}
		if !wake {
			route = nil
		}
	}
	if len(back) == 0 && route == nil {
		return nil
	}
	_, err = s.Change(ctx, demoActor(), "switch the demo on", func(tx *store.Tx) error {
		return switchDemo(tx, back, route, true)
	})
	return err
}

// demoItems are the demo's providers and route, as far as they are there and
// still the demo's: what lives or leads elsewhere is somebody's own.
func demoItems(ctx context.Context, s *store.Store) (providers []store.Provider, route *store.Route, err error) {
	all, err := s.Providers(ctx)
	if err != nil {
		return nil, nil, err
	}
	vendors := map[string]string{demoProvider: demoVendor, demoFlakyProvider: demoFlakyVendor}
	theirs := map[string]bool{}
	for _, p := range all {
		if p.Vendor == vendors[p.Name] && loopbackHost(p.BaseURL) != "" {
			providers, theirs[p.Name] = append(providers, p), true
		}
	}
	routes, err := s.Routes(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range routes {
		if r.Name == demoRoute && leadsTo(r, theirs) {
			route = &r
		}
	}
	return providers, route, nil
}

// leadsTo reports whether all targets of a route are at certain providers.
func leadsTo(r store.Route, providers map[string]bool) bool {
	targets := slices.Clone(r.Targets)
	for _, step := range r.Fallback {
		targets = append(targets, step.Targets...)
	}
	for _, t := range targets {
		if !providers[t.Provider] {
			return false
		}
	}
	return true
}

// switchDemo switches the demo's items on or off.
func switchDemo(tx *store.Tx, providers []store.Provider, route *store.Route, on bool) error {
	for _, p := range providers {
		p.Enabled = on
		if err := tx.UpdateProvider(&p); err != nil {
			return err
		}
	}
	if route == nil || route.Enabled == on {
		return nil
	}
	r := *route
	r.Enabled = on
	return tx.UpdateRoute(&r)
}

// switchedOffByUs reports whether it was restDemo that switched an item off:
// it looks for the last revision that changed the switch.
func switchedOffByUs(ctx context.Context, s *store.Store, id string) (bool, error) {
	const page = 100
	for before := int64(0); ; {
		revisions, err := s.Revisions(ctx, before, page)
		if err != nil {
			return false, err
		}
		for _, r := range revisions {
			for _, item := range r.Items {
				if item.ID == id && enabledIn(item.Before) != enabledIn(item.After) {
					return r.Actor == demoActor() && !enabledIn(item.After), nil
				}
			}
			before = r.ID
		}
		if len(revisions) < page {
			return false, nil
		}
	}
}

// enabledIn reads the switch of an item as a revision keeps it.
func enabledIn(item json.RawMessage) bool {
	var v struct {
		Enabled bool `json:"enabled"`
	}
	// An item that is not there (before it was made) is not enabled.
	return json.Unmarshal(item, &v) == nil && v.Enabled
}
