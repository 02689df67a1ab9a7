package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// Provider is a provider as the API shows it: never a key.
type Provider struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Vendor       string            `json:"vendor"`
	Position     int               `json:"position" doc:"Its place in the list, from 0"`
	Enabled      bool              `json:"enabled"`
	Region       string            `json:"region"`
	BaseURL      string            `json:"base_url"`
	Fields       map[string]string `json:"fields"`
	Headers      map[string]string `json:"headers"`
	Query        map[string]string `json:"query"`
	Proxy        string            `json:"proxy" doc:"With **** for its password"`
	AllowPrivate bool              `json:"allow_private"`
	Models       []string          `json:"models"`
	Timeouts     Timeouts          `json:"timeouts"`
	Keys         []ProviderKey     `json:"keys"`
	OpenTargets  []OpenTarget      `json:"open_targets" doc:"Its models that are left alone for a while because they failed too often"`
	Version      int64             `json:"version" doc:"Send it back with a change"`
	CreatedAt    time.Time         `json:"created_at"`
	UpdatedAt    time.Time         `json:"updated_at"`
}

// ProviderKey is a key as the API shows it: what it is called and how it does.
type ProviderKey struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Hint      string    `json:"hint" doc:"**** and the key's end"`
	Weight    int       `json:"weight"`
	Enabled   bool      `json:"enabled"`
	State     string    `json:"state" enum:"ok,cooling,benched,disabled,broken" doc:"cooling comes back by itself, benched was refused or is out of quota, broken cannot be read from the database"`
	Class     string    `json:"class,omitempty" doc:"What put it out"`
	Reason    string    `json:"reason,omitempty" doc:"The vendor's own words, or why it is broken"`
	Since     time.Time `json:"since,omitzero"`
	Until     time.Time `json:"until,omitzero" doc:"When it is tried again"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// NewKey is a key on its way in.
type NewKey struct {
	Name    string `json:"name" doc:"What to call it; unique within the provider" maxLength:"128"`
	Value   string `json:"value" writeOnly:"true" doc:"The key; never shown again"`
	Weight  *int   `json:"weight,omitempty" doc:"Share of requests; default 1" minimum:"1" maximum:"1000000"`
	Enabled *bool  `json:"enabled,omitempty" doc:"Default true"`
}

type providerOutput struct{ Body Provider }

type providersOutput struct {
	Body struct {
		Providers []Provider `json:"providers"`
	}
}

// ItemID names an item in the path.
type ItemID struct {
	ID string `path:"id" maxLength:"64"`
}

// Basis carries the version a change is based on, in the body or in If-Match.
type Basis struct {
	IfMatch string `header:"If-Match" doc:"The version the change is based on, instead of in the body" maxLength:"32"`
}

// listProviders shows every provider with the live state of its keys.
func (s *Server) listProviders(ctx context.Context, _ *empty) (*providersOutput, error) {
	rows, err := s.opts.Store.Providers(ctx)
	if err != nil {
		return nil, err
	}
	out := &providersOutput{}
	out.Body.Providers = make([]Provider, 0, len(rows))
	states, open := s.opts.Gateway.KeyStates(), s.openTargets()
	for _, row := range rows {
		p := showProvider(row, states)
		p.OpenTargets = showOpenTargets(row, open)
		out.Body.Providers = append(out.Body.Providers, p)
	}
	return out, nil
}

// getProvider shows one provider.
func (s *Server) getProvider(ctx context.Context, in *ItemID) (*providerOutput, error) {
	row, err := s.opts.Store.Provider(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p := showProvider(row, s.opts.Gateway.KeyStates())
	p.OpenTargets = showOpenTargets(row, s.openTargets())
	return &providerOutput{Body: p}, nil
}

type createProviderInput struct {
	Body struct {
		ProviderSpec
		Keys []NewKey `json:"keys,omitempty" doc:"Its first keys"`
	}
}

// createProvider makes a provider, with keys if there are any.
func (s *Server) createProvider(ctx context.Context, in *createProviderInput) (*providerOutput, error) {
	f := faults{}
	p := f.provider("body", in.Body.ProviderSpec, s.vendors)
	f.newKeys("body.keys", in.Body.Keys)
	if hasMask(p.Proxy) {
		f.add("body.proxy", "has **** for its password: enter the password itself")
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	row := store.Provider{Enabled: !p.Disabled}
	fillProvider(&row, p)
	err := s.change(ctx, fmt.Sprintf("create provider %s", p.Name), place{kind: "provider", name: p.Name, path: "body"}, func(tx *store.Tx) error {
		if err := tx.CreateProvider(&row); err != nil {
			return err
		}
		for _, key := range in.Body.Keys {
			if err := addKey(tx, row.ID, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.getProvider(ctx, &ItemID{ID: row.ID})
}

type updateProviderInput struct {
	ItemID
	Basis
	Body struct {
		ProviderSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// updateProvider replaces a provider's settings. Keys have their own
// addresses.
func (s *Server) updateProvider(ctx context.Context, in *updateProviderInput) (*providerOutput, error) {
	f := faults{}
	version := f.version(in.Body.Version, in.IfMatch)
	p := f.provider("body", in.Body.ProviderSpec, s.vendors)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.change(ctx, fmt.Sprintf("change provider %s", p.Name), place{kind: "provider", id: in.ID, name: p.Name, path: "body"}, func(tx *store.Tx) error {
		row, err := tx.Provider(in.ID)
		if err != nil {
			return err
		}
		row.Version, row.Enabled = version, !p.Disabled
		if p.Proxy, err = keepPassword(p.Proxy, row.Proxy); err != nil {
			return fieldProblem("body.proxy", err.Error())
		}
		fillProvider(&row, p)
		return tx.UpdateProvider(&row)
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getProvider(ctx, &in.ItemID) })
	}
	return s.getProvider(ctx, &in.ItemID)
}

type deleteInput struct {
	ItemID
	Basis
	Version int64 `query:"version" doc:"The version the decision is based on; 0 is whatever there is" minimum:"0"`
}

// deleteProvider deletes a provider and its keys, unless a route uses it.
func (s *Server) deleteProvider(ctx context.Context, in *deleteInput) (*empty, error) {
	row, err := s.opts.Store.Provider(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := in.version(row.Version)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, fmt.Sprintf("delete provider %s", row.Name), place{kind: "provider", id: row.ID, name: row.Name}, func(tx *store.Tx) error {
		return tx.DeleteProvider(in.ID, version)
	})
	return &empty{}, s.withCurrent(err, func() (any, error) { return s.getProvider(ctx, &in.ItemID) })
}

type orderInput struct {
	Body struct {
		IDs []string `json:"ids" doc:"Every id, in the new order" maxItems:"10000"`
	}
}

// orderProviders puts the providers in a new order.
func (s *Server) orderProviders(ctx context.Context, in *orderInput) (*providersOutput, error) {
	err := s.change(ctx, "reorder providers", place{}, func(tx *store.Tx) error {
		rows, err := tx.Providers()
		if err != nil {
			return err
		}
		if err := sameIDs(in.Body.IDs, rows, func(p store.Provider) string { return p.ID }); err != nil {
			return err
		}
		return tx.MoveProviders(in.Body.IDs)
	})
	if err != nil {
		return nil, err
	}
	return s.listProviders(ctx, &empty{})
}

// sameIDs checks that an order names every item once.
func sameIDs[T any](ids []string, rows []T, id func(T) string) error {
	there := make(map[string]bool, len(rows))
	for _, row := range rows {
		there[id(row)] = true
	}
	f := faults{}
	for i, want := range ids {
		if !there[want] {
			f.add(indexed("body.ids", i), "is no item there is, or is named twice")
		}
		delete(there, want)
	}
	if len(there) > 0 {
		f.add("body.ids", "leaves out %d of %d items: name every one, in the order wanted", len(there), len(rows))
	}
	return f.invalid()
}

// showProvider converts a row.
func showProvider(row store.Provider, states map[string]proxy.KeyState) Provider {
	out := Provider{
		ID: row.ID, Name: row.Name, Vendor: row.Vendor, Position: row.Position, Enabled: row.Enabled, Region: row.Region,
		BaseURL: row.BaseURL, Fields: table(row.Fields), Headers: table(row.Headers), Query: table(row.Query),
		Proxy: maskPassword(row.Proxy), AllowPrivate: row.AllowPrivate, Models: list(row.Models), Timeouts: timeoutsText(row.Timeouts),
		Keys: make([]ProviderKey, 0, len(row.Keys)), Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	for _, key := range row.Keys {
		out.Keys = append(out.Keys, showKey(key, states[key.ID]))
	}
	return out
}

// showKey converts a key's row and live state.
func showKey(row store.ProviderKey, live proxy.KeyState) ProviderKey {
	out := ProviderKey{
		ID: row.ID, Name: row.Name, Hint: row.Hint, Weight: row.Weight, Enabled: row.Enabled,
		State: proxy.KeyOK, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	switch {
	case row.Broken != "":
		out.State, out.Reason = "broken", row.Broken
	case !row.Enabled:
		out.State = "disabled"
	case live.State != "":
		out.State, out.Class, out.Reason = live.State, string(live.Class), live.Reason
		out.Since, out.Until = live.Since, live.Until
	}
	return out
}

// fillProvider puts what was entered into a row.
func fillProvider(row *store.Provider, p proxy.Provider) {
	row.Name, row.Vendor, row.Region, row.BaseURL, row.Proxy = p.Name, p.Vendor, p.Region, p.BaseURL, p.Proxy
	row.Fields, row.Headers, row.Query, row.Models = p.Fields, p.Headers, p.Query, p.Models
	row.AllowPrivate, row.Timeouts = p.AllowPrivate, p.Timeouts
}

// table makes an empty table of none.
func table(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// mask stands for a password that is not shown.
const mask = "****"

// maskPassword hides the password in an outbound proxy's URL.
func maskPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return mask
	}
	if _, has := u.User.Password(); !has {
		return text
	}
	return u.Scheme + "://" + url.User(u.User.Username()).String() + ":" + mask + "@" + u.Host + u.EscapedPath()
}

// hasMask tells whether an outbound proxy's URL has the mask for a password.
func hasMask(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return false
	}
	password, _ := u.User.Password()
	return password == mask
}

// keepPassword puts the password an outbound proxy had before in the mask's
// place, as long as it is still the same proxy: a password must not follow to
// another host.
func keepPassword(text, before string) (string, error) {
	if !hasMask(text) {
		return text, nil
	}
	if text != maskPassword(before) {
		return "", errors.New("has **** for its password, but is not the proxy that password was entered for: enter it again")
	}
	return before, nil
}
