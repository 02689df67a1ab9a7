package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/store"
)

// What --demo sets up: a provider that answers, one that always fails, and a
// route that shows the fallback from the one to the other.
const (
	demoProvider      = "demo"
	demoFlakyProvider = "demo-flaky"
	demoRoute         = "demo"
	demoVendor        = "demo"
	demoFlakyVendor   = "custom" // known for no model, so that nothing but the route leads there
	demoModel         = "demo-chat"
	demoFaultModel    = "fault-e503"
	demoFallbackModel = "demo-fallback"
	// demoKey is no secret: the built-in vendor takes any key.
	demoKey = "demo-key"
)

// openDemo starts the built-in vendor in this process and sees to it that the
// demo's providers and route are there. What an admin changed in them since
// the last start stays as it is, apart from the address. Without --demo, what an
// earlier one left is switched off.
func (i *instance) openDemo(ctx context.Context) error {
	if !i.options.demo {
		return i.restDemo(ctx)
	}
	// The lab outlives the signal that ends ctx: drained calls still need it.
	labCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	vendor := lab.New(lab.Options{Now: i.program.now, Forget: true})
	base, err := i.startLab(labCtx, vendor)
	if err != nil {
		cancel()
		return fmt.Errorf("demo vendor: %w", err)
	}
	i.onClose(func() { cancel(); <-vendor.Done() })
	i.demoURL = base
	if err := configureDemo(ctx, i.store, base); err != nil {
		return fmt.Errorf("demo configuration: %w", err)
	}
	if err := wakeDemo(ctx, i.store); err != nil {
		return fmt.Errorf("demo configuration: %w", err)
	}
	return nil
}

// startLab starts the built-in vendor, at the address it had last time if that
// is free, so that a restart changes nothing.
func (i *instance) startLab(ctx context.Context, vendor *lab.Lab) (string, error) {
	if p, err := i.store.ProviderByName(ctx, demoProvider); err == nil {
		if host := loopbackHost(p.BaseURL); host != "" {
			if base, err := vendor.Start(ctx, host); err == nil {
				return base, nil
			}
		}
	}
	return vendor.Start(ctx, "127.0.0.1:0")
}

// loopbackHost is the host:port of a base URL on this machine's loopback
// address; empty for any other.
func loopbackHost(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Port() == "" || !net.ParseIP(u.Hostname()).IsLoopback() {
		return ""
	}
	return u.Host
}

// configureDemo brings the stored configuration to what the demo needs.
func configureDemo(ctx context.Context, s *store.Store, base string) error {
	_, err := s.Change(ctx, demoActor(), "demo vendor", func(tx *store.Tx) error {
		if err := upsertDemoProvider(tx, demoProvider, demoVendor, base, demoModels()); err != nil {
			return err
		}
		if err := upsertDemoProvider(tx, demoFlakyProvider, demoFlakyVendor, base, []string{demoFaultModel}); err != nil {
			return err
		}
		return createDemoRoute(tx)
	})
	return err
}

// demoModels are the models the demo provider is said to serve.
func demoModels() []string {
	return []string{demoModel, "demo-reason", "demo-tools2", "demo-slow", "demo-embed"}
}

// upsertDemoProvider makes a provider of the demo, or points it at the vendor's
// address of this start. A provider of that name that lives elsewhere is
// somebody's own and left alone.
func upsertDemoProvider(tx *store.Tx, name, vendor, base string, models []string) error {
	p, err := tx.ProviderByName(name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		p = store.Provider{Name: name, Vendor: vendor, Enabled: true, BaseURL: base, AllowPrivate: true, Models: models}
		if err := tx.CreateProvider(&p); err != nil {
			return err
		}
		_, err := tx.AddProviderKey(p.ID, "demo", proxy.Secret(demoKey), 1)
		return err
	case err != nil:
		return err
	case p.BaseURL == base, loopbackHost(p.BaseURL) == "":
		return nil
	}
	p.BaseURL = base
	return tx.UpdateProvider(&p)
}

// createDemoRoute makes the sample route, unless it is there.
func createDemoRoute(tx *store.Tx) error {
	_, err := tx.RouteByName(demoRoute)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.CreateRoute(&store.Route{
		Name: demoRoute, Enabled: true,
		Match:    proxy.Match{Models: []proxy.ModelMatch{{Kind: proxy.MatchExact, Value: demoFallbackModel}}},
		Targets:  []proxy.Target{{Provider: demoFlakyProvider, Model: demoFaultModel}},
		Fallback: []proxy.Step{{Targets: []proxy.Target{{Provider: demoProvider, Model: demoModel}}}},
		// A first target that always fails needs no second try: the demo shows
		// the fallback, not the pauses before it.
		Failover: proxy.Failover{Rules: map[string]string{string(llm.ClassOverloaded): string(proxy.ActNextTarget)}},
	})
}
