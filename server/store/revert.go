package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNotRevertible says that an item of a revision cannot be brought back by
// itself, such as a note or a list of prices.
var ErrNotRevertible = errors.New("this kind of change cannot be reverted by itself")

// ChangedSinceError says that an item was changed again after the revision
// that is to be reverted.
type ChangedSinceError struct{ Kind, Name string }

func (e *ChangedSinceError) Error() string {
	return fmt.Sprintf("%s %q was changed again since", e.Kind, e.Name)
}

// Revision reads one revision.
func (s *Store) Revision(ctx context.Context, id int64) (Revision, error) {
	found, err := s.Revisions(ctx, id+1, 1)
	if err != nil {
		return Revision{}, err
	}
	if len(found) == 0 || found[0].ID != id {
		return Revision{}, &NotFoundError{Kind: "revision", Key: fmt.Sprint(id)}
	}
	return found[0], nil
}

// Revert brings an item back to how it was before a revision: what was made is
// deleted, what was deleted is made anew under its old id, what was changed is
// changed back. Secrets are in no revision: a provider's keys and additions and
// a consumer's keys stay as they are, or are gone with a deleted one; lost
// names what could not be brought back. Unless force is set, an item that was
// changed again since is left alone (*ChangedSinceError).
func (t *Tx) Revert(item RevisionItem, force bool) (lost []string, err error) {
	is, err := t.document(item.Kind, item.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNotRevertible, item.Kind)
	}
	if !force && !sameItem(is.json, item.After) {
		return nil, &ChangedSinceError{Kind: item.Kind, Name: item.Name}
	}
	switch item.Kind {
	case kindRoute:
		return nil, t.revertRoute(item, is)
	case kindProvider:
		return t.revertProvider(item, is)
	case kindConsumer:
		return t.revertConsumer(item, is)
	case kindSettings:
		if item.ID != settingsID {
			return nil, t.revertSection(item)
		}
		return nil, t.revertSettings(item)
	case kindPrice:
		return nil, t.revertPrice(item, is)
	case kindRouteOrder:
		return nil, t.revertOrder(item, "routes", t.MoveRoutes)
	case kindProviderOrder:
		return nil, t.revertOrder(item, "providers", t.MoveProviders)
	}
	return nil, fmt.Errorf("%w: %s", ErrNotRevertible, item.Kind)
}

// sameItem compares two items but for their versions.
func sameItem(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return bytes.Equal(a, b)
	}
	for _, v := range []any{x, y} {
		if table, ok := v.(map[string]any); ok {
			delete(table, "version")
		}
	}
	left, errLeft := json.Marshal(x)
	right, errRight := json.Marshal(y)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}

// read decodes an item as a revision keeps it.
func read(item RevisionItem, into any) error {
	if err := json.Unmarshal(item.Before, into); err != nil {
		return fmt.Errorf("read %s %q of the revision: %w", item.Kind, item.Name, err)
	}
	return nil
}

func (t *Tx) revertRoute(item RevisionItem, is document) error {
	var now Route
	if is.json != nil {
		var err error
		if now, err = t.Route(item.ID); err != nil {
			return err
		}
	}
	if item.Op == OpCreate {
		return t.DeleteRoute(item.ID, now.Version)
	}
	var row routeRow
	if err := read(item, &row); err != nil {
		return err
	}
	was := routeOf(row)
	was.ID, was.Version = item.ID, now.Version
	if is.json == nil {
		return t.CreateRoute(&was)
	}
	return t.UpdateRoute(&was)
}

func (t *Tx) revertProvider(item RevisionItem, is document) ([]string, error) {
	var now Provider
	if is.json != nil {
		var err error
		if now, err = t.Provider(item.ID); err != nil {
			return nil, err
		}
	}
	if item.Op == OpCreate {
		return nil, t.DeleteProvider(item.ID, now.Version)
	}
	var row providerRow
	if err := read(item, &row); err != nil {
		return nil, err
	}
	var had struct {
		additions
		Keys []json.RawMessage `json:"keys"`
	}
	if err := read(item, &had); err != nil {
		return nil, err
	}
	was := Provider{
		ID: item.ID, Name: row.Name, Vendor: row.Vendor, Enabled: row.Enabled, Region: row.Region, BaseURL: row.BaseURL,
		Fields: row.Fields.V, AllowPrivate: row.AllowPrivate, Models: row.Models.V, Timeouts: row.Timeouts.V.proxy(),
		Proxy: now.Proxy, Headers: now.Headers, Query: now.Query, Version: now.Version,
	}
	if is.json != nil {
		return nil, t.UpdateProvider(&was)
	}
	var lost []string
	if len(had.Keys) > 0 {
		lost = append(lost, fmt.Sprintf("%d keys of provider %s: enter them again", len(had.Keys), row.Name))
	}
	if had.Proxy != "" || len(had.Headers)+len(had.Query) > 0 {
		lost = append(lost, fmt.Sprintf("extra headers, query parameters and outbound proxy of provider %s", row.Name))
	}
	return lost, t.CreateProvider(&was)
}

func (t *Tx) revertConsumer(item RevisionItem, is document) ([]string, error) {
	var now Consumer
	if is.json != nil {
		var err error
		if now, err = t.Consumer(item.ID); err != nil {
			return nil, err
		}
	}
	if item.Op == OpCreate {
		return nil, t.DeleteConsumer(item.ID, now.Version)
	}
	var row consumerRow
	if err := read(item, &row); err != nil {
		return nil, err
	}
	var had struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := read(item, &had); err != nil {
		return nil, err
	}
	was := Consumer{ID: item.ID, Name: row.Name, Enabled: row.Enabled, Models: row.Models.V, Routes: row.Routes.V, Version: now.Version}
	if is.json != nil {
		return nil, t.UpdateConsumer(&was)
	}
	var lost []string
	if len(had.Keys) > 0 {
		lost = append(lost, fmt.Sprintf("%d keys of consumer %s: make new ones", len(had.Keys), row.Name))
	}
	return lost, t.CreateConsumer(&was)
}

func (t *Tx) revertSettings(item RevisionItem) error {
	now, err := t.Settings()
	if err != nil {
		return err
	}
	var row settingsRow
	if err := read(item, &row); err != nil {
		return err
	}
	was := settingsOf(row)
	was.Version = now.Version
	return t.PutSettings(was)
}

// revertOrder puts the rows that are still there back in the order they had;
// new ones come last.
func (t *Tx) revertOrder(item RevisionItem, table string, move func([]string) error) error {
	var names []string
	if err := read(item, &names); err != nil {
		return err
	}
	var rows []struct{ ID, Name string }
	if err := t.db.Table(table).Find(&rows).Error; err != nil {
		return fmt.Errorf("read order of %s: %w", table, err)
	}
	byName := make(map[string]string, len(rows))
	for _, row := range rows {
		byName[row.Name] = row.ID
	}
	var ids []string
	for _, name := range names {
		if id := byName[name]; id != "" {
			ids = append(ids, id)
		}
	}
	return move(ids)
}
