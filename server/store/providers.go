package store

import (
	"context"
	"fmt"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// Providers reads all providers in order.
func (s *Store) Providers(ctx context.Context) ([]Provider, error) { return s.at(ctx).Providers() }

// Provider reads one provider by its id.
func (s *Store) Provider(ctx context.Context, id string) (Provider, error) {
	return s.at(ctx).Provider(id)
}

// ProviderByName reads one provider by its name.
func (s *Store) ProviderByName(ctx context.Context, name string) (Provider, error) {
	return s.at(ctx).ProviderByName(name)
}

// Providers reads all providers in order.
func (q queries) Providers() ([]Provider, error) {
	var rows []providerRow
	if err := q.db.Order("position, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read providers: %w", dbError(err))
	}
	keys, err := q.allProviderKeys()
	if err != nil {
		return nil, err
	}
	return mapped(rows, func(r providerRow) Provider { return q.provider(r, keys[r.ID]) }), nil
}

// Provider reads one provider by its id.
func (q queries) Provider(id string) (Provider, error) { return q.findProvider("id", id) }

// ProviderByName reads one provider by its name.
func (q queries) ProviderByName(name string) (Provider, error) { return q.findProvider("name", name) }

func (q queries) findProvider(by, value string) (Provider, error) {
	row, err := find[providerRow](q.db, kindProvider, by, value)
	if err != nil {
		return Provider{}, err
	}
	keys, err := q.providerKeys(row.ID)
	if err != nil {
		return Provider{}, err
	}
	return q.provider(row, keys), nil
}

func (q queries) provider(r providerRow, keys []providerKeyRow) Provider {
	a := q.additions(r)
	return Provider{
		ID: r.ID, Name: r.Name, Vendor: r.Vendor, Position: r.Position, Enabled: r.Enabled,
		Region: r.Region, BaseURL: r.BaseURL, Proxy: a.Proxy,
		Fields: r.Fields.V, Headers: a.Headers, Query: a.Query,
		AllowPrivate: r.AllowPrivate, Models: r.Models.V, Timeouts: r.Timeouts.V.proxy(),
		Version: r.Version, CreatedAt: fromMS(r.CreatedMS), UpdatedAt: fromMS(r.UpdatedMS),
		Keys: mapped(keys, q.providerKey),
	}
}

func (q queries) rowOfProvider(p *Provider) (providerRow, error) {
	sealed, err := q.sealAdditions(p)
	return providerRow{
		ID: p.ID, Name: p.Name, Vendor: p.Vendor, Position: p.Position, Enabled: p.Enabled,
		Region: p.Region, BaseURL: p.BaseURL, Additions: sealed, Fields: column[map[string]string]{p.Fields},
		AllowPrivate: p.AllowPrivate, Models: column[[]string]{p.Models}, Timeouts: timeoutsColumn(p.Timeouts),
		Version: p.Version, CreatedMS: toMS(p.CreatedAt), UpdatedMS: toMS(p.UpdatedAt),
	}, err
}

// providerDocument shows a provider with its keys' hints.
func (q queries) providerDocument(id string) (string, any, error) {
	row, err := find[providerRow](q.db, kindProvider, "id", id)
	if err != nil {
		return "", nil, err
	}
	keys, err := q.providerKeys(id)
	if err != nil {
		return "", nil, err
	}
	shown := struct {
		providerRow
		additions
		Keys []providerKeyRow `json:"keys"`
	}{row, q.additions(row).hinted(), keys}
	return row.Name, shown, nil
}

// CreateProvider adds a provider after the last. It fills in Version, Position,
// the times and, if it is empty, ID. Keys are added by AddProviderKey.
func (t *Tx) CreateProvider(p *Provider) error {
	if p.ID == "" {
		p.ID = NewID()
	}
	if err := t.free(kindProvider, "providers", p.Name, p.ID); err != nil {
		return err
	}
	if err := t.touch(kindProvider, p.ID); err != nil {
		return err
	}
	position, err := t.newPosition(t.db.Table("providers"))
	if err != nil {
		return err
	}
	at := t.time()
	p.Position, p.Version, p.CreatedAt, p.UpdatedAt, p.Keys = position, 1, at, at, nil
	row, err := t.rowOfProvider(p)
	if err != nil {
		return err
	}
	return insert(t.db, kindProvider, &row)
}

// UpdateProvider saves a provider, all but its keys and position. Version must
// be the stored one (else *ConflictError) and is bumped in p. Routes and
// prices that name the provider follow a new name, in this transaction; their versions grow.
func (t *Tx) UpdateProvider(p *Provider) error {
	have, err := t.providerAt(p.ID, p.Version)
	if err != nil {
		return err
	}
	if err := t.free(kindProvider, "providers", p.Name, p.ID); err != nil {
		return err
	}
	p.Position, p.CreatedAt, p.UpdatedAt = have.Position, fromMS(have.CreatedMS), t.time()
	p.Version++
	row, err := t.rowOfProvider(p)
	if err != nil {
		return err
	}
	if err := save(t, kindProvider, p.ID, have.Version, &row); err != nil {
		return err
	}
	if have.Name == p.Name {
		return nil
	}
	if err := t.renameInPrices(have.Name, p.Name); err != nil {
		return err
	}
	return t.renameInRoutes(have.Name, p.Name)
}

// DeleteProvider removes a provider with its keys. It is refused with
// *InUseError while a route names it.
func (t *Tx) DeleteProvider(id string, version int64) error {
	have, err := t.providerAt(id, version)
	if err != nil {
		return err
	}
	users, err := t.routesNaming(have.Name)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return &InUseError{Kind: kindProvider, Name: have.Name, By: users}
	}
	if err := t.db.Where("provider_id = ?", id).Delete(&providerKeyRow{}).Error; err != nil {
		return fmt.Errorf("delete keys of provider %q: %w", have.Name, dbError(err))
	}
	if err := t.db.Where("id = ?", id).Delete(&providerRow{}).Error; err != nil {
		return fmt.Errorf("delete provider %q: %w", have.Name, dbError(err))
	}
	return nil
}

// MoveProviders puts the providers with these ids first, in this order; the
// others follow as they were. Versions stay.
func (t *Tx) MoveProviders(ids []string) error {
	return t.move(kindProvider, kindProviderOrder, "providers", ids)
}

// providerAt touches a provider and reads it, provided it is at this version.
func (t *Tx) providerAt(id string, version int64) (providerRow, error) {
	row, err := find[providerRow](t.db, kindProvider, "id", id)
	if err != nil {
		return row, err
	}
	if row.Version != version {
		return row, &ConflictError{Kind: kindProvider, ID: id, Have: row.Version}
	}
	return row, t.touch(kindProvider, id)
}

// time is the transaction's time as it will be read back.
func (t *Tx) time() time.Time { return fromMS(toMS(t.now)) }

// proxyProvider is a provider as the data plane takes it.
func (q queries) proxyProvider(r providerRow, keys []providerKeyRow) proxy.Provider {
	a := q.additions(r)
	return proxy.Provider{
		ID: r.ID, Name: r.Name, Vendor: r.Vendor, Disabled: !r.Enabled,
		Region: r.Region, BaseURL: r.BaseURL, Proxy: a.Proxy,
		Fields: r.Fields.V, Headers: a.Headers, Query: a.Query, AllowPrivate: r.AllowPrivate,
		Keys: mapped(keys, q.proxyKey), Models: r.Models.V, Timeouts: r.Timeouts.V.proxy(),
	}
}
