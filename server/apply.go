package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/store"
)

// The operations of a plan, as revisions name them.
const (
	opCreate = store.OpCreate
	opUpdate = store.OpUpdate
	opDelete = store.OpDelete
)

// ApplyOptions say how a document is applied.
type ApplyOptions struct {
	DryRun bool        // only say what would change
	Actor  store.Actor // who the revision names
	// Env looks up ${NAME} in key values; nil finds nothing.
	Env func(string) (string, bool)
}

// Apply makes the configuration what the document says, in one transaction:
// all of it or nothing. Sections that are not in the document are left alone.
// Faults come all at once as a *DocumentError, with paths and lines; only those
// that need a sound document, such as what the proxy could not serve, come after.
func Apply(ctx context.Context, st *store.Store, text []byte, o ApplyOptions) (Plan, error) {
	doc, err := parseDocument(text)
	if err != nil {
		return Plan{}, err
	}
	config, err := st.Config(ctx)
	if err != nil {
		return Plan{}, err
	}
	a := &applier{doc: doc, env: o.Env, vendors: catalogue(), secrets: secretsOf(config)}
	if a.env == nil {
		a.env = func(string) (string, bool) { return "", false }
	}
	if err := st.DryRun(ctx, a.run); err != nil {
		return Plan{}, a.located(err)
	}
	plan := a.plan
	plan.DryRun = o.DryRun
	if o.DryRun || len(plan.Changes) == 0 {
		return plan, nil
	}
	revision, err := st.Change(ctx, o.Actor, "apply a configuration document", a.run)
	if err != nil {
		return Plan{}, a.located(err)
	}
	plan = a.plan
	plan.Revision = revision.ID
	return plan, nil
}

// applier applies one document. A run begins by reading what there is.
type applier struct {
	doc     *parsed
	env     func(string) (string, bool)
	vendors vendors
	secrets map[string]proxy.Secret // provider keys there are, by id

	plan      Plan
	providers map[string]store.Provider // what there is, by name
	routes    map[string]store.Route
	consumers map[string]store.Consumer
	hashSeen  map[[32]byte]string // where the document has a consumer key first
	checked   checked

	unsureProviders, unsureRoutes bool // their names could not all be read
}

// checked is the document as the data plane knows it, once nothing in it is
// wrong.
type checked struct {
	settings  store.Settings
	providers []proxy.Provider // with the keys' values where the document gives them
	routes    []proxy.Route
	hashes    [][][32]byte // of each consumer's keys; zero: as it is
	exchange  price.Exchange
	prices    []price.Entry
	records   store.RecordSettings
}

// secretsOf collects the provider keys, to tell whether a value is a new one.
func secretsOf(c proxy.Config) map[string]proxy.Secret {
	out := map[string]proxy.Secret{}
	for _, p := range c.Providers {
		for _, k := range p.Keys {
			out[k.ID] = k.Secret
		}
	}
	return out
}

// run checks the document against what there is and then brings about what it
// says. What others need is made before them and deleted after them.
func (a *applier) run(tx *store.Tx) error {
	a.plan = Plan{Changes: []PlanChange{}}
	if err := a.load(tx); err != nil {
		return err
	}
	if err := a.check(); err != nil {
		return err
	}
	steps := []func(*store.Tx) error{
		a.putSettings, a.putProviders, a.putRoutes, a.dropConsumers, a.putConsumers,
		a.dropRoutes, a.dropProviders, a.orderProviders, a.orderRoutes, a.putPrices, a.putRecords,
	}
	for _, step := range steps {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}

// load reads what there is.
func (a *applier) load(tx *store.Tx) error {
	providers, err := tx.Providers()
	if err != nil {
		return err
	}
	routes, err := tx.Routes()
	if err != nil {
		return err
	}
	consumers, err := tx.Consumers()
	if err != nil {
		return err
	}
	a.providers = named(providers, func(p store.Provider) string { return p.Name })
	a.routes = named(routes, func(r store.Route) string { return r.Name })
	a.consumers = named(consumers, func(c store.Consumer) string { return c.Name })
	return nil
}

// named indexes rows by name.
func named[T any](rows []T, name func(T) string) map[string]T {
	out := make(map[string]T, len(rows))
	for _, row := range rows {
		out[name(row)] = row
	}
	return out
}

// located puts what the store refuses at its place in the document.
func (a *applier) located(err error) error {
	var faulty *store.FaultsError
	if !errors.As(err, &faulty) {
		return err
	}
	f := faults{}
	for _, fault := range faulty.Faults {
		path := a.pathOf(fault.Kind, fault.Name)
		if path == "" {
			f.add("", "%s %q: %s: %s", fault.Kind, fault.Name, fault.Field, fault.Message)
			continue
		}
		f.add(joinPath(path, fault.Field), "%s", fault.Message)
	}
	out := a.doc.wrong(&f)
	var d *DocumentError
	if errors.As(out, &d) {
		d.Unservable = true
	}
	return out
}

// pathOf finds where in the document an item stands; empty: nowhere.
func (a *applier) pathOf(kind, name string) string {
	i, section := -1, kind+"s"
	switch kind {
	case "provider":
		i = slices.IndexFunc(a.doc.Providers, func(p ProviderItem) bool { return p.Name == name })
	case "route":
		i = slices.IndexFunc(a.doc.Routes, func(r RouteSpec) bool { return r.Name == name })
	case "consumer":
		i = slices.IndexFunc(a.doc.Consumers, func(c ConsumerItem) bool { return c.Name == name })
	case "access", "limits", "timeouts":
		if a.doc.Settings != nil {
			return "settings." + kind
		}
	}
	if i < 0 {
		return ""
	}
	return indexed(section, i)
}

// putSettings brings about the settings.
func (a *applier) putSettings(tx *store.Tx) error {
	if a.doc.Settings == nil {
		return nil
	}
	row, err := tx.Settings()
	if err != nil {
		return err
	}
	want := a.checked.settings
	want.Version = row.Version
	fields, err := difference(specOfSettings(row), specOfSettings(want))
	if err != nil || !a.plan.note("settings", "settings", opUpdate, fields) {
		return err
	}
	return tx.PutSettings(want)
}

// putRoutes makes and changes routes.
func (a *applier) putRoutes(tx *store.Tx) error {
	for _, r := range a.checked.routes {
		row, there := a.routes[r.Name]
		before := any(nil)
		if there {
			before = specOfRoute(row)
		}
		fillRoute(&row, r)
		fields, err := difference(before, specOfRoute(row))
		if err != nil {
			return err
		}
		switch {
		case !there:
			a.plan.note("route", r.Name, opCreate, fields)
			err = tx.CreateRoute(&row)
		case a.plan.note("route", r.Name, opUpdate, fields):
			err = tx.UpdateRoute(&row)
		}
		if err != nil {
			return fmt.Errorf("route %q: %w", r.Name, err)
		}
	}
	return nil
}

// dropRoutes deletes the routes a present section does not name.
func (a *applier) dropRoutes(tx *store.Tx) error {
	if a.doc.Routes == nil {
		return nil
	}
	keep := named(a.doc.Routes, func(r RouteSpec) string { return r.Name })
	f := faults{}
	for _, name := range sortedKeys(a.routes) {
		if _, ok := keep[name]; ok {
			continue
		}
		row := a.routes[name]
		a.plan.note("route", name, opDelete, nil)
		if err := tx.DeleteRoute(row.ID, row.Version); err != nil && !f.stillUsed("routes", name, err) {
			return fmt.Errorf("route %q: %w", name, err)
		}
	}
	return a.doc.wrong(&f)
}

// stillUsed notes that what a section leaves out is needed by what stays.
func (f *faults) stillUsed(section, name string, err error) bool {
	var used *store.InUseError
	if !errors.As(err, &used) {
		return false
	}
	f.add(section, "leaves out %q, which is still used by %s: change that too, or keep it", name, strings.Join(used.By, ", "))
	return true
}

// orderRoutes puts the routes in the document's order.
func (a *applier) orderRoutes(tx *store.Tx) error {
	if a.doc.Routes == nil {
		return nil
	}
	rows, err := tx.Routes()
	if err != nil {
		return err
	}
	have := namesOf(rows, func(r store.Route) string { return r.Name })
	want := namesOf(a.doc.Routes, func(r RouteSpec) string { return r.Name })
	if slices.Equal(have, want) {
		return nil
	}
	byName := named(rows, func(r store.Route) string { return r.Name })
	a.plan.note("route order", "routes", opUpdate, []FieldChange{{Field: "order", Before: quoted(have), After: quoted(want)}})
	return tx.MoveRoutes(namesOf(want, func(name string) string { return byName[name].ID }))
}

// namesOf maps a list to text.
func namesOf[T any](items []T, name func(T) string) []string {
	out := make([]string, 0, len(items))
	for _, item := range items {
		out = append(out, name(item))
	}
	return out
}

// quoted writes names as a plan shows them.
func quoted(names []string) string { return fmt.Sprintf("%q", names) }
