package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// Consumer is someone who may call the proxy, as the API shows it.
type Consumer struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Enabled   bool          `json:"enabled"`
	Models    []string      `json:"models" doc:"Glob patterns of models it may ask for; empty: all"`
	Routes    []string      `json:"routes" doc:"Names of routes it may use; empty: all"`
	Keys      []ConsumerKey `json:"keys"`
	Version   int64         `json:"version" doc:"Send it back with a change"`
	CreatedAt time.Time     `json:"created_at"`
	UpdatedAt time.Time     `json:"updated_at"`
}

// ConsumerKey is a consumer's key as the API shows it.
type ConsumerKey struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Hint      string    `json:"hint"`
	Enabled   bool      `json:"enabled"`
	Expires   time.Time `json:"expires,omitzero" doc:"Not there: never"`
	Expired   bool      `json:"expired"`
	CreatedAt time.Time `json:"created_at"`
}

type consumerOutput struct{ Body Consumer }

type consumersOutput struct {
	Body struct {
		Consumers []Consumer `json:"consumers"`
	}
}

// listConsumers shows every consumer.
func (s *Server) listConsumers(ctx context.Context, _ *empty) (*consumersOutput, error) {
	rows, err := s.opts.Store.Consumers(ctx)
	if err != nil {
		return nil, err
	}
	out := &consumersOutput{}
	out.Body.Consumers = make([]Consumer, 0, len(rows))
	for _, row := range rows {
		out.Body.Consumers = append(out.Body.Consumers, s.showConsumer(row))
	}
	return out, nil
}

// getConsumer shows one consumer.
func (s *Server) getConsumer(ctx context.Context, in *ItemID) (*consumerOutput, error) {
	row, err := s.opts.Store.Consumer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &consumerOutput{Body: s.showConsumer(row)}, nil
}

type createConsumerInput struct{ Body ConsumerSpec }

// createConsumer makes a consumer without keys.
func (s *Server) createConsumer(ctx context.Context, in *createConsumerInput) (*consumerOutput, error) {
	f := faults{}
	f.consumer("body", in.Body)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	row := store.Consumer{}
	fillConsumer(&row, in.Body)
	at := place{kind: "consumer", name: row.Name, path: "body"}
	err := s.change(ctx, fmt.Sprintf("create consumer %s", row.Name), at, func(tx *store.Tx) error {
		if err := knownRoutes(tx, in.Body.Routes); err != nil {
			return err
		}
		return tx.CreateConsumer(&row)
	})
	if err != nil {
		return nil, err
	}
	return s.getConsumer(ctx, &ItemID{ID: row.ID})
}

type updateConsumerInput struct {
	ItemID
	Basis
	Body struct {
		ConsumerSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// updateConsumer replaces a consumer's settings. Keys have their own addresses.
func (s *Server) updateConsumer(ctx context.Context, in *updateConsumerInput) (*consumerOutput, error) {
	f := faults{}
	version := f.version(in.Body.Version, in.IfMatch)
	f.consumer("body", in.Body.ConsumerSpec)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	at := place{kind: "consumer", id: in.ID, name: in.Body.Name, path: "body"}
	err := s.change(ctx, fmt.Sprintf("change consumer %s", in.Body.Name), at, func(tx *store.Tx) error {
		row, err := tx.Consumer(in.ID)
		if err != nil {
			return err
		}
		if err := knownRoutes(tx, without(in.Body.Routes, row.Routes)); err != nil {
			return err
		}
		row.Version = version
		fillConsumer(&row, in.Body.ConsumerSpec)
		return tx.UpdateConsumer(&row)
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getConsumer(ctx, &in.ItemID) })
	}
	return s.getConsumer(ctx, &in.ItemID)
}

// knownRoutes checks that the routes a consumer is to be bound to exist: a
// name mistyped would lock it out without a word.
func knownRoutes(tx *store.Tx, names []string) error {
	if len(names) == 0 {
		return nil
	}
	rows, err := tx.Routes()
	if err != nil {
		return err
	}
	f := faults{}
	for i, name := range names {
		if !slices.ContainsFunc(rows, func(r store.Route) bool { return r.Name == name }) {
			f.add(indexed("body.routes", i), "names a route that does not exist: %q", bounded(name, 64))
		}
	}
	return f.invalid()
}

// deleteConsumer deletes a consumer and its keys.
func (s *Server) deleteConsumer(ctx context.Context, in *deleteInput) (*empty, error) {
	row, err := s.opts.Store.Consumer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := in.version(row.Version)
	if err != nil {
		return nil, err
	}
	at := place{kind: "consumer", id: row.ID, name: row.Name}
	err = s.change(ctx, fmt.Sprintf("delete consumer %s", row.Name), at, func(tx *store.Tx) error {
		return tx.DeleteConsumer(in.ID, version)
	})
	return &empty{}, s.withCurrent(err, func() (any, error) { return s.getConsumer(ctx, &in.ItemID) })
}

type createConsumerKeyInput struct {
	ItemID
	Body struct {
		Name    string    `json:"name" doc:"What to call it; unique within the consumer" maxLength:"128"`
		Expires time.Time `json:"expires,omitzero" doc:"Not given: never"`
	}
}

type newConsumerKeyOutput struct {
	Body struct {
		Key      string   `json:"key" doc:"The key itself. It is not kept and cannot be shown again"`
		Consumer Consumer `json:"consumer"`
	}
}

// createConsumerKey makes a key and shows it this once.
func (s *Server) createConsumerKey(ctx context.Context, in *createConsumerKeyInput) (*newConsumerKeyOutput, error) {
	f := faults{}
	f.label("body.name", in.Body.Name, maxLabel)
	f.expiry("body.expires", in.Body.Expires, s.now())
	if err := f.invalid(); err != nil {
		return nil, err
	}
	key, hash, hint := auth.NewConsumerKey()
	err := s.changeConsumerKeys(ctx, in.ID, "add a key to", func(tx *store.Tx, row store.Consumer) error {
		if len(row.Keys) >= maxKeys {
			return problem(409, "too_many", "a consumer has at most %d keys: delete one first", maxKeys)
		}
		_, err := tx.AddConsumerKey(row.ID, in.Body.Name, hash, hint, in.Body.Expires)
		return err
	})
	if err != nil {
		return nil, err
	}
	consumer, err := s.getConsumer(ctx, &in.ItemID)
	if err != nil {
		return nil, err
	}
	out := &newConsumerKeyOutput{}
	out.Body.Key, out.Body.Consumer = key, consumer.Body
	return out, nil
}

// expiry checks a time at which something ends.
func (f *faults) expiry(at string, t, now time.Time) {
	switch {
	case t.IsZero():
	case !t.After(now):
		f.add(at, "is in the past")
	case t.Year() > 9999:
		f.add(at, "is too far away: leave it out for never")
	}
}

type updateConsumerKeyInput struct {
	KeyID
	Body struct {
		Name    string    `json:"name" maxLength:"128"`
		Enabled bool      `json:"enabled"`
		Expires time.Time `json:"expires,omitzero" doc:"Not given: never"`
	}
}

// updateConsumerKey renames, switches or dates a key.
func (s *Server) updateConsumerKey(ctx context.Context, in *updateConsumerKeyInput) (*consumerOutput, error) {
	f := faults{}
	f.label("body.name", in.Body.Name, maxLabel)
	err := s.changeConsumerKeys(ctx, in.ID, "change a key of", func(tx *store.Tx, row store.Consumer) error {
		key, ok := findConsumerKey(row, in.Key)
		if !ok {
			return notFound("key of this consumer")
		}
		if !in.Body.Expires.Equal(key.Expires) {
			f.expiry("body.expires", in.Body.Expires, s.now())
		}
		if err := f.invalid(); err != nil {
			return err
		}
		key.Name, key.Enabled, key.Expires = in.Body.Name, in.Body.Enabled, in.Body.Expires
		return tx.UpdateConsumerKey(key)
	})
	if err != nil {
		return nil, err
	}
	return s.getConsumer(ctx, &in.ItemID)
}

// deleteConsumerKey deletes a key; whoever uses it is refused from then on.
func (s *Server) deleteConsumerKey(ctx context.Context, in *KeyID) (*consumerOutput, error) {
	err := s.changeConsumerKeys(ctx, in.ID, "delete a key of", func(tx *store.Tx, row store.Consumer) error {
		if _, ok := findConsumerKey(row, in.Key); !ok {
			return notFound("key of this consumer")
		}
		return tx.DeleteConsumerKey(in.Key)
	})
	if err != nil {
		return nil, err
	}
	return s.getConsumer(ctx, &in.ItemID)
}

// changeConsumerKeys changes a consumer's keys in one transaction.
func (s *Server) changeConsumerKeys(ctx context.Context, id, what string, fn func(*store.Tx, store.Consumer) error) error {
	row, err := s.opts.Store.Consumer(ctx, id)
	if err != nil {
		return err
	}
	at := place{kind: "consumer", id: row.ID, name: row.Name, path: "body"}
	return s.change(ctx, fmt.Sprintf("%s consumer %s", what, row.Name), at, func(tx *store.Tx) error {
		row, err := tx.Consumer(id)
		if err != nil {
			return err
		}
		return fn(tx, row)
	})
}

// findConsumerKey finds a consumer's key by id.
func findConsumerKey(row store.Consumer, id string) (store.ConsumerKey, bool) {
	i := slices.IndexFunc(row.Keys, func(k store.ConsumerKey) bool { return k.ID == id })
	if i < 0 {
		return store.ConsumerKey{}, false
	}
	return row.Keys[i], true
}

// fillConsumer puts what was entered into a row.
func fillConsumer(row *store.Consumer, s ConsumerSpec) {
	row.Name, row.Enabled, row.Models, row.Routes = s.Name, isOn(s.Enabled), s.Models, s.Routes
}

// showConsumer converts a row.
func (s *Server) showConsumer(row store.Consumer) Consumer {
	out := Consumer{
		ID: row.ID, Name: row.Name, Enabled: row.Enabled, Models: list(row.Models), Routes: list(row.Routes),
		Keys: make([]ConsumerKey, 0, len(row.Keys)), Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	for _, key := range row.Keys {
		out.Keys = append(out.Keys, ConsumerKey{
			ID: key.ID, Name: key.Name, Hint: key.Hint, Enabled: key.Enabled, Expires: key.Expires,
			Expired: !key.Expires.IsZero() && !key.Expires.After(s.now()), CreatedAt: key.CreatedAt,
		})
	}
	return out
}
