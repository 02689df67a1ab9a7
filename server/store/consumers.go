package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// Consumers reads all consumers by name.
func (s *Store) Consumers(ctx context.Context) ([]Consumer, error) { return s.at(ctx).Consumers() }

// Consumer reads one consumer by its id.
func (s *Store) Consumer(ctx context.Context, id string) (Consumer, error) {
	return s.at(ctx).Consumer(id)
}

// ConsumerByName reads one consumer by its name.
func (s *Store) ConsumerByName(ctx context.Context, name string) (Consumer, error) {
	return s.at(ctx).ConsumerByName(name)
}

// Consumers reads all consumers by name.
func (q queries) Consumers() ([]Consumer, error) {
	var rows []consumerRow
	if err := q.db.Order("name").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read consumers: %w", dbError(err))
	}
	var keys []consumerKeyRow
	if err := q.db.Order("consumer_id, created_ms, id").Find(&keys).Error; err != nil {
		return nil, fmt.Errorf("read consumer keys: %w", dbError(err))
	}
	by := map[string][]consumerKeyRow{}
	for _, k := range keys {
		by[k.ConsumerID] = append(by[k.ConsumerID], k)
	}
	return mapped(rows, func(r consumerRow) Consumer { return consumerOf(r, by[r.ID]) }), nil
}

// Consumer reads one consumer by its id.
func (q queries) Consumer(id string) (Consumer, error) { return q.findConsumer("id", id) }

// ConsumerByName reads one consumer by its name.
func (q queries) ConsumerByName(name string) (Consumer, error) { return q.findConsumer("name", name) }

func (q queries) findConsumer(by, value string) (Consumer, error) {
	row, err := find[consumerRow](q.db, kindConsumer, by, value)
	if err != nil {
		return Consumer{}, err
	}
	keys, err := q.consumerKeys(row.ID)
	return consumerOf(row, keys), err
}

func (q queries) consumerKeys(consumerID string) ([]consumerKeyRow, error) {
	var keys []consumerKeyRow
	if err := q.db.Where("consumer_id = ?", consumerID).Order("created_ms, id").Find(&keys).Error; err != nil {
		return nil, fmt.Errorf("read consumer keys: %w", dbError(err))
	}
	return keys, nil
}

func consumerOf(r consumerRow, keys []consumerKeyRow) Consumer {
	return Consumer{
		ID: r.ID, Name: r.Name, Enabled: r.Enabled, Models: r.Models.V, Routes: r.Routes.V,
		Version: r.Version, CreatedAt: fromMS(r.CreatedMS), UpdatedAt: fromMS(r.UpdatedMS),
		Keys: mapped(keys, consumerKeyOf),
	}
}

func rowOfConsumer(c *Consumer) consumerRow {
	return consumerRow{
		ID: c.ID, Name: c.Name, Enabled: c.Enabled, Models: column[[]string]{c.Models}, Routes: column[[]string]{c.Routes},
		Version: c.Version, CreatedMS: toMS(c.CreatedAt), UpdatedMS: toMS(c.UpdatedAt),
	}
}

func consumerKeyOf(r consumerKeyRow) ConsumerKey {
	return ConsumerKey{
		ID: r.ID, ConsumerID: r.ConsumerID, Name: r.Name, Hint: r.Hint, Hash: toHash(r.Hash), Enabled: r.Enabled,
		Expires: fromMS(r.ExpiresMS), CreatedAt: fromMS(r.CreatedMS),
	}
}

func (q queries) consumerDocument(id string) (string, any, error) {
	row, err := find[consumerRow](q.db, kindConsumer, "id", id)
	if err != nil {
		return "", nil, err
	}
	keys, err := q.consumerKeys(id)
	if err != nil {
		return "", nil, err
	}
	shown := struct {
		consumerRow
		Keys []consumerKeyRow `json:"keys"`
	}{row, keys}
	return row.Name, shown, nil
}

// CreateConsumer adds a consumer. It fills in Version, the times and, if it is
// empty, ID. Keys are added by AddConsumerKey.
func (t *Tx) CreateConsumer(c *Consumer) error {
	if c.ID == "" {
		c.ID = NewID()
	}
	if err := t.free(kindConsumer, "consumers", c.Name, c.ID); err != nil {
		return err
	}
	if err := t.touch(kindConsumer, c.ID); err != nil {
		return err
	}
	at := t.time()
	c.Version, c.CreatedAt, c.UpdatedAt, c.Keys = 1, at, at, nil
	row := rowOfConsumer(c)
	return insert(t.db, kindConsumer, &row)
}

// UpdateConsumer saves a consumer, all but its keys. Version must be the
// stored one (else *ConflictError) and is bumped in c.
func (t *Tx) UpdateConsumer(c *Consumer) error {
	have, err := t.consumerAt(c.ID, c.Version)
	if err != nil {
		return err
	}
	if err := t.free(kindConsumer, "consumers", c.Name, c.ID); err != nil {
		return err
	}
	c.CreatedAt, c.UpdatedAt = fromMS(have.CreatedMS), t.time()
	c.Version++
	row := rowOfConsumer(c)
	return save(t, kindConsumer, c.ID, have.Version, &row)
}

// DeleteConsumer removes a consumer with its keys.
func (t *Tx) DeleteConsumer(id string, version int64) error {
	have, err := t.consumerAt(id, version)
	if err != nil {
		return err
	}
	if err := t.db.Where("consumer_id = ?", id).Delete(&consumerKeyRow{}).Error; err != nil {
		return fmt.Errorf("delete keys of consumer %q: %w", have.Name, dbError(err))
	}
	if err := t.db.Where("id = ?", id).Delete(&consumerRow{}).Error; err != nil {
		return fmt.Errorf("delete consumer %q: %w", have.Name, dbError(err))
	}
	return nil
}

// AddConsumerKey adds a key by its hash. Names are unique per consumer.
func (t *Tx) AddConsumerKey(consumerID, name string, hash [32]byte, hint string, expires time.Time) (ConsumerKey, error) {
	if err := t.bumpConsumer(consumerID); err != nil {
		return ConsumerKey{}, err
	}
	row := consumerKeyRow{
		ID: NewID(), ConsumerID: consumerID, Name: name, Hash: hex.EncodeToString(hash[:]), Hint: hint,
		Enabled: true, ExpiresMS: toMS(expires), CreatedMS: toMS(t.now),
	}
	if err := t.freeAmong(kindConsumerKey, t.db.Table("consumer_keys").Where("consumer_id = ?", consumerID), name, row.ID); err != nil {
		return ConsumerKey{}, err
	}
	var taken int64
	if err := t.db.Table("consumer_keys").Where("hash = ?", row.Hash).Count(&taken).Error; err != nil {
		return ConsumerKey{}, fmt.Errorf("look for the key: %w", dbError(err))
	}
	if taken > 0 {
		return ConsumerKey{}, &ExistsError{Kind: kindConsumerKey, Field: "key"}
	}
	if err := insert(t.db, kindConsumerKey, &row); err != nil {
		return ConsumerKey{}, err
	}
	return consumerKeyOf(row), nil
}

// UpdateConsumerKey saves a key's Name, Enabled and Expires.
func (t *Tx) UpdateConsumerKey(k ConsumerKey) error {
	row, err := find[consumerKeyRow](t.db, kindConsumerKey, "id", k.ID)
	if err != nil {
		return err
	}
	if err := t.bumpConsumer(row.ConsumerID); err != nil {
		return err
	}
	if err := t.freeAmong(kindConsumerKey, t.db.Table("consumer_keys").Where("consumer_id = ?", row.ConsumerID), k.Name, k.ID); err != nil {
		return err
	}
	row.Name, row.Enabled, row.ExpiresMS = k.Name, k.Enabled, toMS(k.Expires)
	if err := t.db.Select("*").Updates(&row).Error; err != nil {
		return fmt.Errorf("save consumer key: %w", dbError(err))
	}
	return nil
}

// DeleteConsumerKey removes a key.
func (t *Tx) DeleteConsumerKey(id string) error {
	row, err := find[consumerKeyRow](t.db, kindConsumerKey, "id", id)
	if err != nil {
		return err
	}
	if err := t.bumpConsumer(row.ConsumerID); err != nil {
		return err
	}
	if err := t.db.Where("id = ?", id).Delete(&consumerKeyRow{}).Error; err != nil {
		return fmt.Errorf("delete consumer key: %w", dbError(err))
	}
	return nil
}

// consumerAt touches a consumer and reads it, provided it is at this version.
func (t *Tx) consumerAt(id string, version int64) (consumerRow, error) {
	row, err := find[consumerRow](t.db, kindConsumer, "id", id)
	if err != nil {
		return row, err
	}
	if row.Version != version {
		return row, &ConflictError{Kind: kindConsumer, ID: id, Have: row.Version}
	}
	return row, t.touch(kindConsumer, id)
}

// bumpConsumer touches a consumer and makes its version grow.
func (t *Tx) bumpConsumer(id string) error {
	row, err := find[consumerRow](t.db, kindConsumer, "id", id)
	if err != nil {
		return err
	}
	if err := t.touch(kindConsumer, id); err != nil {
		return err
	}
	changes := map[string]any{"version": row.Version + 1, "updated_ms": toMS(t.now)}
	if err := t.db.Table("consumers").Where("id = ?", id).Updates(changes).Error; err != nil {
		return fmt.Errorf("save consumer: %w", dbError(err))
	}
	return nil
}

// consumersNaming lists the consumers limited to a route, as "consumer NAME".
func (q queries) consumersNaming(route string) ([]string, error) {
	consumers, err := q.Consumers()
	if err != nil {
		return nil, err
	}
	var users []string
	for _, c := range consumers {
		if slices.Contains(c.Routes, route) {
			users = append(users, kindConsumer+" "+c.Name)
		}
	}
	return users, nil
}

// renameInConsumers makes consumers follow a route's new name.
func (t *Tx) renameInConsumers(from, to string) error {
	consumers, err := t.Consumers()
	if err != nil {
		return err
	}
	for _, c := range consumers {
		if !slices.Contains(c.Routes, from) {
			continue
		}
		c.Routes = mapped(c.Routes, func(name string) string {
			if name == from {
				return to
			}
			return name
		})
		if err := t.UpdateConsumer(&c); err != nil {
			return err
		}
	}
	return nil
}

// proxyConsumer is a consumer as the data plane takes it.
func proxyConsumer(c Consumer) proxy.Consumer {
	return proxy.Consumer{
		ID: c.ID, Name: c.Name, Disabled: !c.Enabled, Models: c.Models, Routes: c.Routes,
		Keys: mapped(c.Keys, func(k ConsumerKey) proxy.ConsumerKey {
			return proxy.ConsumerKey{ID: k.ID, Name: k.Name, Hash: k.Hash, Disabled: !k.Enabled, Expires: k.Expires}
		}),
	}
}
