package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// exportHead stands above an exported document.
const exportHead = `Posthouse configuration. Provider keys are not in it: those named here are left
as they are when it is applied to the same installation; elsewhere, give each
a value, best as a reference to an environment variable: value: ${NAME}.
Consumer keys are here as hashes and go on working. See docs/configuration.md.`

// Export writes the configuration as one YAML document. It holds no secrets:
// provider keys appear by name, with a hint in a comment, and are left as they
// are when the document is applied again; consumer keys appear as hashes.
func Export(ctx context.Context, st *store.Store) ([]byte, error) {
	doc, hints, err := readDocument(ctx, st)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := root.Encode(doc); err != nil {
		return nil, fmt.Errorf("configuration document: %w", err)
	}
	root.HeadComment = exportHead
	addHints(&root, hints)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&root); err != nil {
		return nil, fmt.Errorf("configuration document: %w", err)
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("configuration document: %w", err)
	}
	return out.Bytes(), nil
}

// readDocument reads everything. The hints are those of each provider's keys.
func readDocument(ctx context.Context, st *store.Store) (*Document, [][]string, error) {
	settings, err := st.Settings(ctx)
	if err != nil {
		return nil, nil, err
	}
	providers, err := st.Providers(ctx)
	if err != nil {
		return nil, nil, err
	}
	routes, err := st.Routes(ctx)
	if err != nil {
		return nil, nil, err
	}
	consumers, err := st.Consumers(ctx)
	if err != nil {
		return nil, nil, err
	}
	spec := specOfSettings(settings)
	doc := &Document{
		Version: documentVersion, Settings: &spec,
		Providers: []ProviderItem{}, Routes: []RouteSpec{}, Consumers: []ConsumerItem{},
	}
	hints := make([][]string, 0, len(providers))
	for _, row := range providers {
		item := ProviderItem{ProviderSpec: specOfProvider(row), Keys: []KeySpec{}}
		names := []string{}
		for _, key := range row.Keys {
			item.Keys = append(item.Keys, specOfKey(key))
			names = append(names, key.Hint)
		}
		doc.Providers, hints = append(doc.Providers, item), append(hints, names)
	}
	for _, row := range routes {
		doc.Routes = append(doc.Routes, specOfRoute(row))
	}
	for _, row := range consumers {
		item := ConsumerItem{ConsumerSpec: specOfConsumer(row), Keys: []ConsumerKeySpec{}}
		for _, key := range row.Keys {
			item.Keys = append(item.Keys, specOfConsumerKey(key))
		}
		doc.Consumers = append(doc.Consumers, item)
	}
	prices, err := readPrices(ctx, st)
	if err != nil {
		return nil, nil, err
	}
	doc.Prices = prices
	if doc.Records, err = readRecords(ctx, st); err != nil {
		return nil, nil, err
	}
	return doc, hints, nil
}

// readPrices reads the prices that were entered, and the currency if it was
// ever set. There is no section where there is neither.
func readPrices(ctx context.Context, st *store.Store) (*PricesSpec, error) {
	rows, err := st.Prices(ctx)
	if err != nil {
		return nil, err
	}
	currency, err := st.Currency(ctx)
	if err != nil || len(rows) == 0 && currency.Version == 0 {
		return nil, err
	}
	out := &PricesSpec{List: []PriceSpec{}}
	for _, row := range rows {
		out.List = append(out.List, specOfPrice(row.Entry))
	}
	if currency.Version > 0 {
		spec := specOfCurrency(currency)
		out.Currency = &spec
	}
	return out, nil
}

// addHints writes each key's hint as a comment beside its name.
func addHints(root *yaml.Node, hints [][]string) {
	providers := child(root, "providers")
	if providers == nil {
		return
	}
	for i, provider := range providers.Content {
		keys := child(provider, "keys")
		if keys == nil {
			continue
		}
		for j, key := range keys.Content {
			if name := child(key, "name"); name != nil {
				name.LineComment = hints[i][j]
			}
		}
	}
}

// child finds a mapping's value.
func child(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// onlyOff writes a switch only where it is off.
func onlyOff(on bool) *bool {
	if on {
		return nil
	}
	return &on
}

// specOfProvider is a provider as one would enter it.
func specOfProvider(row store.Provider) ProviderSpec {
	return ProviderSpec{
		Name: row.Name, Vendor: row.Vendor, Enabled: onlyOff(row.Enabled), Region: row.Region, BaseURL: row.BaseURL,
		Fields: row.Fields, Headers: row.Headers, Query: row.Query, Proxy: maskPassword(row.Proxy),
		AllowPrivate: row.AllowPrivate, Models: row.Models, Timeouts: timeoutsText(row.Timeouts),
	}
}

// specOfKey is a provider's key as one would enter it, without the key.
func specOfKey(row store.ProviderKey) KeySpec {
	weight := max(row.Weight, 1)
	return KeySpec{Name: row.Name, Weight: &weight, Enabled: onlyOff(row.Enabled)}
}

// specOfRoute is a route as one would enter it.
func specOfRoute(row store.Route) RouteSpec {
	return RouteSpec{
		Name: row.Name, Enabled: onlyOff(row.Enabled), Match: showMatch(row.Match), Targets: showTargets(row.Targets),
		Fallback: showSteps(row.Fallback), On: row.On, Timeouts: timeoutsText(row.Timeouts),
		Failover: specOfFailover(row.Failover), Strict: row.Strict, Capture: specOfCapture(row.Capture),
		Balance: string(row.Balance), Affinity: string(row.Affinity),
	}
}

// specOfConsumer is a consumer as one would enter it.
func specOfConsumer(row store.Consumer) ConsumerSpec {
	return ConsumerSpec{Name: row.Name, Enabled: onlyOff(row.Enabled), Models: row.Models, Routes: row.Routes}
}

// specOfConsumerKey is a consumer's key as one would enter it.
func specOfConsumerKey(row store.ConsumerKey) ConsumerKeySpec {
	return ConsumerKeySpec{
		Name: row.Name, Hash: hashPrefix + hex.EncodeToString(row.Hash[:]), Hint: row.Hint,
		Enabled: onlyOff(row.Enabled), Expires: row.Expires,
	}
}

// specOfSettings is the settings as one would enter them.
func specOfSettings(row store.Settings) SettingsSpec {
	shown := showSettings(row)
	return SettingsSpec{
		Access: shown.Access, IUnderstand: row.Access == proxy.AccessOpen, Limits: shown.Limits, Timeouts: shown.Timeouts,
	}
}

// specOfFailover converts how a route deals with failures, without what is the
// default anyway.
func specOfFailover(f proxy.Failover) Failover {
	return Failover{
		Rules: f.Rules, Rescue: onlyOff(!f.NoRescue), Ping: clockText(f.Ping), Hedge: clockText(f.Hedge),
		OnClientGone: f.OnClientGone, DrainTime: clockText(f.DrainTime), DrainBytes: f.DrainBytes,
	}
}
