package store

import (
	"encoding/json"
	"fmt"
)

// revertSection brings a section of the settings back. One with secrets stays:
// no revision has them, and without them the rest would not work.
func (t *Tx) revertSection(item RevisionItem) error {
	row, err := t.sectionRow(item.ID)
	if err != nil {
		return err
	}
	if row.Sealed != "" {
		return fmt.Errorf("%w: %s", ErrNotRevertible, item.ID)
	}
	if item.Op != OpCreate {
		var was struct {
			Value json.RawMessage `json:"value"`
		}
		if err := read(item, &was); err != nil {
			return err
		}
		return t.putSection(item.ID, was.Value, nil, row.Version)
	}
	if err := t.touch(kindSettings, item.ID); err != nil {
		return err
	}
	if err := t.db.Where("name = ?", item.ID).Delete(&sectionRow{}).Error; err != nil {
		return fmt.Errorf("delete settings of %s: %w", item.ID, dbError(err))
	}
	return nil
}

// revertPrice brings a price back.
func (t *Tx) revertPrice(item RevisionItem, is document) error {
	var now priceRow
	if is.json != nil {
		var err error
		if now, err = find[priceRow](t.db, kindPrice, "id", item.ID); err != nil {
			return err
		}
	}
	if item.Op == OpCreate {
		return t.DeletePrice(item.ID, now.Version)
	}
	var row priceRow
	if err := read(item, &row); err != nil {
		return err
	}
	was := priceOf(row)
	was.ID, was.Version = item.ID, now.Version
	if is.json == nil {
		return t.CreatePrice(&was)
	}
	return t.UpdatePrice(&was)
}
