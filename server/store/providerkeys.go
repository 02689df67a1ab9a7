package store

import (
	"fmt"
	"strconv"

	"github.com/posthouse/posthouse/proxy"
)

// providerKeys reads a provider's keys in order.
func (q queries) providerKeys(providerID string) ([]providerKeyRow, error) {
	var rows []providerKeyRow
	if err := q.db.Where("provider_id = ?", providerID).Order("position, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read provider keys: %w", dbError(err))
	}
	return rows, nil
}

// allProviderKeys reads every key by its provider's id, in order.
func (q queries) allProviderKeys() (map[string][]providerKeyRow, error) {
	var rows []providerKeyRow
	if err := q.db.Order("provider_id, position, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read provider keys: %w", dbError(err))
	}
	by := map[string][]providerKeyRow{}
	for _, r := range rows {
		by[r.ProviderID] = append(by[r.ProviderID], r)
	}
	return by, nil
}

func (q queries) providerKey(r providerKeyRow) ProviderKey {
	k := ProviderKey{
		ID: r.ID, ProviderID: r.ProviderID, Name: r.Name, Hint: r.Hint, Weight: r.Weight, Enabled: r.Enabled,
		Position: r.Position, CreatedAt: fromMS(r.CreatedMS), UpdatedAt: fromMS(r.UpdatedMS),
	}
	if _, err := q.sealer.Unseal(r.Sealed, r.ID); err != nil {
		k.Broken = err.Error()
	}
	return k
}

// proxyKey is a key as the data plane takes it. One that cannot be unsealed is
// out of use; ProviderKey.Broken tells why.
func (q queries) proxyKey(r providerKeyRow) proxy.Key {
	k := proxy.Key{ID: r.ID, Name: r.Name, Weight: r.Weight, Disabled: !r.Enabled}
	plain, err := q.sealer.Unseal(r.Sealed, r.ID)
	if err != nil {
		k.Disabled = true
		return k
	}
	k.Secret = proxy.Secret(plain)
	return k
}

// AddProviderKey adds a key after a provider's last. An empty name becomes
// "key-1", "key-2", …; a weight under 1 counts as 1.
func (t *Tx) AddProviderKey(providerID, name string, secret proxy.Secret, weight int) (ProviderKey, error) {
	if err := t.bumpProvider(providerID); err != nil {
		return ProviderKey{}, err
	}
	if secret == "" {
		return ProviderKey{}, &InvalidError{Kind: kindProviderKey, Field: "secret", Message: "must not be empty"}
	}
	position, err := t.newPosition(t.db.Table("provider_keys").Where("provider_id = ?", providerID))
	if err != nil {
		return ProviderKey{}, err
	}
	if name == "" {
		if name, err = t.freeKeyName(providerID); err != nil {
			return ProviderKey{}, err
		}
	}
	row := providerKeyRow{ID: NewID(), ProviderID: providerID, Name: name, Weight: max(weight, 1), Enabled: true, Position: position}
	row.CreatedMS, row.UpdatedMS = toMS(t.now), toMS(t.now)
	if err := t.freeAmong(kindProviderKey, t.db.Table("provider_keys").Where("provider_id = ?", providerID), name, row.ID); err != nil {
		return ProviderKey{}, err
	}
	if err := t.seal(&row, secret); err != nil {
		return ProviderKey{}, err
	}
	if err := insert(t.db, kindProviderKey, &row); err != nil {
		return ProviderKey{}, err
	}
	return t.providerKey(row), nil
}

// freeKeyName is the first of key-1, key-2, … that a provider does not have.
func (t *Tx) freeKeyName(providerID string) (string, error) {
	keys, err := t.providerKeys(providerID)
	if err != nil {
		return "", err
	}
	taken := make(map[string]bool, len(keys))
	for _, k := range keys {
		taken[k.Name] = true
	}
	n := 1
	for taken["key-"+strconv.Itoa(n)] {
		n++
	}
	return "key-" + strconv.Itoa(n), nil
}

// UpdateProviderKey saves a key's Name, Weight and Enabled.
func (t *Tx) UpdateProviderKey(k ProviderKey) error {
	row, err := t.ownKey(k.ID)
	if err != nil {
		return err
	}
	if err := t.freeAmong(kindProviderKey, t.db.Table("provider_keys").Where("provider_id = ?", row.ProviderID), k.Name, k.ID); err != nil {
		return err
	}
	row.Name, row.Weight, row.Enabled = k.Name, max(k.Weight, 1), k.Enabled
	return t.saveKey(row)
}

// ReplaceProviderKey gives a key another secret; its id, and with it what is
// known of its health, stays.
func (t *Tx) ReplaceProviderKey(id string, secret proxy.Secret) error {
	if secret == "" {
		return &InvalidError{Kind: kindProviderKey, Field: "secret", Message: "must not be empty"}
	}
	row, err := t.ownKey(id)
	if err != nil {
		return err
	}
	if err := t.seal(&row, secret); err != nil {
		return err
	}
	return t.saveKey(row)
}

// DeleteProviderKey removes a key.
func (t *Tx) DeleteProviderKey(id string) error {
	if _, err := t.ownKey(id); err != nil {
		return err
	}
	if err := t.db.Where("id = ?", id).Delete(&providerKeyRow{}).Error; err != nil {
		return fmt.Errorf("delete provider key: %w", dbError(err))
	}
	return nil
}

// ownKey reads a key that is about to be changed and bumps its provider.
func (t *Tx) ownKey(id string) (providerKeyRow, error) {
	row, err := find[providerKeyRow](t.db, kindProviderKey, "id", id)
	if err != nil {
		return row, err
	}
	return row, t.bumpProvider(row.ProviderID)
}

// saveKey writes a key's row.
func (t *Tx) saveKey(row providerKeyRow) error {
	row.UpdatedMS = toMS(t.now)
	if err := t.db.Select("*").Updates(&row).Error; err != nil {
		return fmt.Errorf("save provider key: %w", dbError(err))
	}
	return nil
}

// seal puts a secret into a key's row, bound to its id.
func (t *Tx) seal(row *providerKeyRow, secret proxy.Secret) error {
	sealed, err := t.sealer.Seal([]byte(secret.Reveal()), row.ID)
	if err != nil {
		return fmt.Errorf("encrypt provider key: %w", err)
	}
	row.Sealed, row.Hint = sealed, secret.Hint()
	return nil
}

// bumpProvider touches a provider and makes its version grow.
func (t *Tx) bumpProvider(id string) error {
	row, err := find[providerRow](t.db, kindProvider, "id", id)
	if err != nil {
		return err
	}
	if err := t.touch(kindProvider, id); err != nil {
		return err
	}
	changes := map[string]any{"version": row.Version + 1, "updated_ms": toMS(t.now)}
	if err := t.db.Table("providers").Where("id = ?", id).Updates(changes).Error; err != nil {
		return fmt.Errorf("save provider: %w", dbError(err))
	}
	return nil
}
