package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"
)

// The kinds of item, as errors and revisions name them.
const (
	kindProvider      = "provider"
	kindRoute         = "route"
	kindConsumer      = "consumer"
	kindSettings      = "settings"
	kindProviderOrder = "provider order"
	kindRouteOrder    = "route order"
	kindProviderKey   = "provider key"
	kindConsumerKey   = "consumer key"
	kindPrice         = "price"
)

// settingsID stands for the one row of settings.
const settingsID = "settings"

// queries are the reads that Store and Tx share.
type queries struct {
	db     *gorm.DB // bound to a context, and in a Tx to its transaction
	sealer Sealer
}

// Tx is a transaction that changes the configuration. It reads what it has
// written. It is used by one goroutine, inside the function that was given it.
type Tx struct {
	queries
	now     time.Time
	touched []touch           // in the order of the first touch
	notes   []RevisionItem    // what was done besides changing items
	seen    map[[2]string]int // kind and id → index in touched
}

// touch is an item as it was before the transaction.
type touch struct {
	kind, id string
	before   document
}

// document is an item as a revision shows it; nil JSON: there is none.
type document struct {
	name string
	json json.RawMessage
}

// touch notes an item before it is changed. Writes call it first.
func (t *Tx) touch(kind, id string) error {
	key := [2]string{kind, id}
	if _, ok := t.seen[key]; ok {
		return nil
	}
	before, err := t.document(kind, id)
	if err != nil {
		return err
	}
	t.seen[key] = len(t.touched)
	t.touched = append(t.touched, touch{kind: kind, id: id, before: before})
	return nil
}

// document shows an item as it is now.
func (t *Tx) document(kind, id string) (document, error) {
	var name string
	var shown any
	var err error
	switch kind {
	case kindProvider:
		name, shown, err = t.providerDocument(id)
	case kindRoute:
		name, shown, err = t.routeDocument(id)
	case kindConsumer:
		name, shown, err = t.consumerDocument(id)
	case kindSettings:
		if id != settingsID {
			name, shown, err = t.sectionDocument(id)
			break
		}
		shown, err = t.settingsRow()
	case kindPrice:
		name, shown, err = t.priceDocument(id)
	case kindProviderOrder:
		shown, err = t.names("providers")
	case kindRouteOrder:
		shown, err = t.names("routes")
	default:
		return document{}, fmt.Errorf("there are no revisions of a %s", kind)
	}
	if errors.Is(err, ErrNotFound) {
		return document{}, nil
	}
	if err != nil {
		return document{}, err
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return document{}, fmt.Errorf("show %s %s: %w", kind, id, err)
	}
	return document{name: name, json: text}, nil
}

// items are what the transaction has changed, in the order of the first touch.
func (t *Tx) items() ([]RevisionItem, error) {
	var items []RevisionItem
	for _, was := range t.touched {
		is, err := t.document(was.kind, was.id)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(was.before.json, is.json) {
			continue
		}
		item := RevisionItem{Kind: was.kind, ID: was.id, Name: is.name, Op: OpUpdate, Before: was.before.json, After: is.json}
		switch {
		case was.before.json == nil:
			item.Op = OpCreate
		case is.json == nil:
			item.Op, item.Name = OpDelete, was.before.name
		}
		items = append(items, item)
	}
	return append(items, t.notes...), nil
}

// Note is something done that changes no item of the configuration, but belongs
// on record. Before and After are shown as JSON; nil is nothing.
type Note struct {
	Kind, ID, Name string
	Op             string
	Before, After  any
}

// Note puts something on record with the transaction.
func (t *Tx) Note(n Note) error {
	item := RevisionItem{Kind: n.Kind, ID: n.ID, Name: n.Name, Op: n.Op}
	for _, side := range []struct {
		value any
		into  *json.RawMessage
	}{{n.Before, &item.Before}, {n.After, &item.After}} {
		if side.value == nil {
			continue
		}
		text, err := json.Marshal(side.value)
		if err != nil {
			return fmt.Errorf("note %s %s: %w", n.Kind, n.Name, err)
		}
		*side.into = text
	}
	t.notes = append(t.notes, item)
	return nil
}

// names lists the names of a table's rows by position.
func (q queries) names(table string) ([]string, error) {
	var names []string
	err := q.db.Table(table).Order("position, id").Pluck("name", &names).Error
	if err != nil {
		return nil, fmt.Errorf("read order of %s: %w", table, err)
	}
	return names, nil
}

// free refuses a name that another row of the table has.
func (t *Tx) free(kind, table, name, id string) error {
	return t.freeAmong(kind, t.db.Table(table), name, id)
}

// freeAmong refuses a name that another of the rows has.
func (t *Tx) freeAmong(kind string, rows *gorm.DB, name, id string) error {
	if err := checkName(kind, name); err != nil {
		return err
	}
	var taken int64
	if err := rows.Where("name = ? AND id <> ?", name, id).Count(&taken).Error; err != nil {
		return fmt.Errorf("look for %s %q: %w", kind, name, err)
	}
	if taken > 0 {
		return &ExistsError{Kind: kind, Field: "name", Value: name}
	}
	return nil
}

// checkName refuses what cannot be a name in any database or log. 255 bytes is
// the width of the columns.
func checkName(kind, name string) error {
	reason := ""
	switch {
	case name == "":
		reason = "must not be empty"
	case len(name) > 255:
		reason = "must not be longer than 255 bytes"
	case !utf8.ValidString(name):
		reason = "must be valid UTF-8"
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			reason = "must not contain control characters"
		}
	}
	if reason != "" {
		return &InvalidError{Kind: kind, Field: "name", Message: reason}
	}
	return nil
}

// newPosition is the place after the last row of a table.
func (t *Tx) newPosition(rows *gorm.DB) (int, error) {
	var next int
	if err := rows.Select("COALESCE(MAX(position), -1) + 1").Scan(&next).Error; err != nil {
		return 0, fmt.Errorf("find the last position: %w", err)
	}
	return next, nil
}

// move puts the rows with these ids first, in this order; the others follow in
// the order they had.
func (t *Tx) move(kind, orderKind, table string, ids []string) error {
	if err := t.touch(orderKind, ""); err != nil {
		return err
	}
	var all []string
	if err := t.db.Table(table).Order("position, id").Pluck("id", &all).Error; err != nil {
		return fmt.Errorf("read order of %s: %w", table, err)
	}
	place := make(map[string]int, len(all))
	for _, id := range all {
		place[id] = -1
	}
	for i, id := range ids {
		at, ok := place[id]
		if !ok {
			return &NotFoundError{Kind: kind, Key: id}
		}
		if at >= 0 {
			return &InvalidError{Kind: orderKind, Field: fmt.Sprintf("[%d]", i), Message: "is named twice"}
		}
		place[id] = i
	}
	next := len(ids)
	for _, id := range all {
		at := place[id]
		if at < 0 {
			at, next = next, next+1
		}
		if err := t.db.Table(table).Where("id = ?", id).Update("position", at).Error; err != nil {
			return fmt.Errorf("move %s: %w", kind, err)
		}
	}
	return nil
}

// save writes every column of a row over the one with its id and version.
func save[R any](t *Tx, kind, id string, version int64, row *R) error {
	done := t.db.Select("*").Where("version = ?", version).Updates(row)
	if done.Error != nil {
		return fmt.Errorf("save %s: %w", kind, dbError(done.Error))
	}
	if done.RowsAffected == 0 {
		return &ConflictError{Kind: kind, ID: id, Have: version}
	}
	return nil
}

// insert writes a new row.
func insert[R any](db *gorm.DB, kind string, row *R) error {
	if err := db.Create(row).Error; err != nil {
		return fmt.Errorf("save %s: %w", kind, dbError(err))
	}
	return nil
}

// find reads the one row that fits, or says what there is none of.
func find[R any](db *gorm.DB, kind, column, value string) (R, error) {
	var row R
	err := db.Where(column+" = ?", value).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		if column == "hash" {
			value = ""
		}
		return row, &NotFoundError{Kind: kind, Key: value}
	}
	if err != nil {
		return row, fmt.Errorf("read %s: %w", kind, dbError(err))
	}
	return row, nil
}
