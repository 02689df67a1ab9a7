package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// newKeys checks keys that come with a new provider.
func (f *faults) newKeys(at string, keys []NewKey) {
	if !f.atMost(at, len(keys), maxKeys) {
		return
	}
	seen := map[string]bool{}
	for i, key := range keys {
		here := indexed(at, i)
		f.newKey(here, key)
		if seen[key.Name] {
			f.add(joinPath(here, "name"), "is in the list twice")
		}
		seen[key.Name] = true
	}
}

// newKey checks a new key.
func (f *faults) newKey(at string, key NewKey) {
	f.label(joinPath(at, "name"), key.Name, maxLabel)
	if key.Value == "" {
		f.add(joinPath(at, "value"), "is missing: paste the key")
	}
	f.secret(joinPath(at, "value"), proxy.Secret(key.Value))
	if key.Weight != nil {
		f.between(joinPath(at, "weight"), int64(*key.Weight), 1, maxWeight)
	}
}

// addKey saves a new key.
func addKey(tx *store.Tx, providerID string, key NewKey) error {
	row, err := tx.AddProviderKey(providerID, key.Name, proxy.Secret(key.Value), weightOf(key.Weight))
	if err != nil {
		return err
	}
	if isOn(key.Enabled) {
		return nil
	}
	row.Enabled = false
	return tx.UpdateProviderKey(row)
}

type createKeyInput struct {
	ItemID
	Body NewKey
}

// createKey adds a key to a provider.
func (s *Server) createKey(ctx context.Context, in *createKeyInput) (*providerOutput, error) {
	f := faults{}
	f.newKey("body", in.Body)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.changeKeys(ctx, in.ID, "add a key to", func(tx *store.Tx, row store.Provider) error {
		if len(row.Keys) >= maxKeys {
			return problem(409, "too_many", "a provider has at most %d keys", maxKeys)
		}
		return addKey(tx, in.ID, in.Body)
	})
	if err != nil {
		return nil, err
	}
	return s.getProvider(ctx, &in.ItemID)
}

// KeyID names a key in the path.
type KeyID struct {
	ItemID
	Key string `path:"key" maxLength:"64"`
}

type updateKeyInput struct {
	KeyID
	Body struct {
		Name    string `json:"name" maxLength:"128"`
		Value   string `json:"value,omitempty" writeOnly:"true" doc:"A new key in its place; empty keeps the one there"`
		Weight  *int   `json:"weight,omitempty" doc:"Default: as it is" minimum:"1" maximum:"1000000"`
		Enabled *bool  `json:"enabled,omitempty" doc:"Default: as it is"`
	}
}

// updateKey renames, weighs, switches or replaces a key.
func (s *Server) updateKey(ctx context.Context, in *updateKeyInput) (*providerOutput, error) {
	f := faults{}
	f.label("body.name", in.Body.Name, maxLabel)
	f.secret("body.value", proxy.Secret(in.Body.Value))
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.changeKeys(ctx, in.ID, "change a key of", func(tx *store.Tx, row store.Provider) error {
		key, ok := findKey(row, in.Key)
		if !ok {
			return notFound("key at this provider")
		}
		if in.Body.Value != "" {
			if err := tx.ReplaceProviderKey(key.ID, proxy.Secret(in.Body.Value)); err != nil {
				return err
			}
		}
		key.Name = in.Body.Name
		if in.Body.Weight != nil {
			key.Weight = *in.Body.Weight
		}
		if in.Body.Enabled != nil {
			key.Enabled = *in.Body.Enabled
		}
		return tx.UpdateProviderKey(key)
	})
	if err != nil {
		return nil, err
	}
	if in.Body.Value != "" {
		s.opts.Gateway.Unbench(in.Key) // the new key has not been refused
	}
	return s.getProvider(ctx, &in.ItemID)
}

// deleteKey deletes a key.
func (s *Server) deleteKey(ctx context.Context, in *KeyID) (*providerOutput, error) {
	err := s.changeKeys(ctx, in.ID, "delete a key of", func(tx *store.Tx, row store.Provider) error {
		if _, ok := findKey(row, in.Key); !ok {
			return notFound("key at this provider")
		}
		return tx.DeleteProviderKey(in.Key)
	})
	if err != nil {
		return nil, err
	}
	return s.getProvider(ctx, &in.ItemID)
}

// changeKeys changes a provider's keys in one transaction.
func (s *Server) changeKeys(ctx context.Context, providerID, what string, fn func(*store.Tx, store.Provider) error) error {
	row, err := s.opts.Store.Provider(ctx, providerID)
	if err != nil {
		return err
	}
	at := place{kind: "provider", id: row.ID, name: row.Name, path: "body"}
	return s.change(ctx, fmt.Sprintf("%s provider %s", what, row.Name), at, func(tx *store.Tx) error {
		row, err := tx.Provider(providerID)
		if err != nil {
			return err
		}
		return fn(tx, row)
	})
}

// findKey finds a provider's key by id.
func findKey(row store.Provider, id string) (store.ProviderKey, bool) {
	i := slices.IndexFunc(row.Keys, func(k store.ProviderKey) bool { return k.ID == id })
	if i < 0 {
		return store.ProviderKey{}, false
	}
	return row.Keys[i], true
}

type unbenchOutput struct {
	Body struct {
		WasOut bool `json:"was_out" doc:"The key was out of rotation"`
	}
}

// unbench puts a key back into rotation.
func (s *Server) unbench(ctx context.Context, in *ItemID) (*unbenchOutput, error) {
	rows, err := s.opts.Store.Providers(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if _, ok := findKey(row, in.ID); ok {
			out := &unbenchOutput{}
			out.Body.WasOut = s.opts.Gateway.Unbench(in.ID)
			return out, nil
		}
	}
	return nil, notFound("key")
}
