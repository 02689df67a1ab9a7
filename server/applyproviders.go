package server

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// putProviders makes and changes providers and their keys.
func (a *applier) putProviders(tx *store.Tx) error {
	for i, p := range a.checked.providers {
		row, there := a.providers[p.Name]
		before, beforeProxy := any(nil), row.Proxy
		if there {
			before = specOfProvider(row)
		}
		fillProvider(&row, p)
		row.Enabled = !p.Disabled
		fields, err := difference(before, specOfProvider(row))
		if err != nil {
			return err
		}
		if there && row.Proxy != beforeProxy && maskPassword(row.Proxy) == maskPassword(beforeProxy) {
			fields = append(fields, FieldChange{Field: "proxy", Before: maskPassword(beforeProxy), After: "another password"})
		}
		if err := a.putProvider(tx, row, there, fields, a.doc.Providers[i].Keys, p.Keys); err != nil {
			return fmt.Errorf("provider %q: %w", p.Name, err)
		}
	}
	return nil
}

// putProvider makes or changes one provider.
func (a *applier) putProvider(tx *store.Tx, row store.Provider, there bool, fields []FieldChange, specs []KeySpec, keys []proxy.Key) error {
	steps, changes := a.keySteps(row, specs, keys)
	all := append(slices.Clone(fields), changes...)
	switch {
	case !there:
		a.plan.note("provider", row.Name, opCreate, all)
		if err := tx.CreateProvider(&row); err != nil {
			return err
		}
	case !a.plan.note("provider", row.Name, opUpdate, all):
		return nil
	case len(fields) > 0:
		if err := tx.UpdateProvider(&row); err != nil {
			return err
		}
	}
	return runKeySteps(tx, row.ID, steps)
}

// keyStep changes one key of a provider.
type keyStep func(tx *store.Tx, providerID string) error

// keySteps finds what to do with a provider's keys. Keys the document does not
// speak of (nil) are left alone.
func (a *applier) keySteps(row store.Provider, specs []KeySpec, keys []proxy.Key) (steps []keyStep, changes []FieldChange) {
	if specs == nil {
		return nil, nil
	}
	have := named(row.Keys, func(k store.ProviderKey) string { return k.Name })
	for i, key := range keys {
		field := "keys[" + key.Name + "]"
		old, there := have[key.Name]
		delete(have, key.Name)
		if !there {
			changes = append(changes, FieldChange{Field: field, After: key.Secret.Hint()})
			steps = append(steps, addedKey(key))
			continue
		}
		if key.Secret != "" && key.Secret != a.secrets[old.ID] {
			changes = append(changes, FieldChange{Field: field + ".value", Before: old.Hint, After: key.Secret.Hint()})
			steps = append(steps, func(tx *store.Tx, _ string) error { return tx.ReplaceProviderKey(old.ID, key.Secret) })
		}
		next := old
		next.Weight, next.Enabled = weightOf(specs[i].Weight), !key.Disabled
		if next == old {
			continue
		}
		if next.Weight != old.Weight {
			changes = append(changes, FieldChange{Field: field + ".weight", Before: strconv.Itoa(old.Weight), After: strconv.Itoa(next.Weight)})
		}
		if next.Enabled != old.Enabled {
			changes = append(changes, FieldChange{Field: field + ".enabled", Before: strconv.FormatBool(old.Enabled), After: strconv.FormatBool(next.Enabled)})
		}
		steps = append(steps, func(tx *store.Tx, _ string) error { return tx.UpdateProviderKey(next) })
	}
	for _, name := range sortedKeys(have) {
		old := have[name]
		changes = append(changes, FieldChange{Field: "keys[" + name + "]", Before: old.Hint})
		steps = append(steps, func(tx *store.Tx, _ string) error { return tx.DeleteProviderKey(old.ID) })
	}
	return steps, changes
}

// addedKey adds a key.
func addedKey(key proxy.Key) keyStep {
	enabled := !key.Disabled
	return func(tx *store.Tx, providerID string) error {
		return addKey(tx, providerID, NewKey{Name: key.Name, Value: key.Secret.Reveal(), Weight: &key.Weight, Enabled: &enabled})
	}
}

// dropProviders deletes the providers a present section does not name.
func (a *applier) dropProviders(tx *store.Tx) error {
	if a.doc.Providers == nil {
		return nil
	}
	keep := named(a.doc.Providers, func(p ProviderItem) string { return p.Name })
	f := faults{}
	for _, name := range sortedKeys(a.providers) {
		if _, ok := keep[name]; ok {
			continue
		}
		row, err := tx.Provider(a.providers[name].ID)
		if err != nil {
			return err
		}
		a.plan.note("provider", name, opDelete, nil)
		if err := tx.DeleteProvider(row.ID, row.Version); err != nil && !f.stillUsed("providers", name, err) {
			return fmt.Errorf("provider %q: %w", name, err)
		}
	}
	return a.doc.wrong(&f)
}

// orderProviders puts the providers in the document's order.
func (a *applier) orderProviders(tx *store.Tx) error {
	if a.doc.Providers == nil {
		return nil
	}
	rows, err := tx.Providers()
	if err != nil {
		return err
	}
	have := namesOf(rows, func(p store.Provider) string { return p.Name })
	want := namesOf(a.doc.Providers, func(p ProviderItem) string { return p.Name })
	if slices.Equal(have, want) {
		return nil
	}
	byName := named(rows, func(p store.Provider) string { return p.Name })
	a.plan.note("provider order", "providers", opUpdate, []FieldChange{{Field: "order", Before: quoted(have), After: quoted(want)}})
	return tx.MoveProviders(namesOf(want, func(name string) string { return byName[name].ID }))
}
