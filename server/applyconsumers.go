package server

import (
	"fmt"
	"strconv"
	"time"

	"github.com/posthouse/posthouse/server/store"
)

// hashPrefix stands before a consumer key's hash in the document.
const hashPrefix = "sha256:"

// putConsumers makes and changes consumers and their keys. Keys that go leave
// every consumer before the first that comes is added, since a key may have
// moved from one to another.
func (a *applier) putConsumers(tx *store.Tx) error {
	ids := make([]string, len(a.doc.Consumers))
	added := make([][]keyStep, len(a.doc.Consumers))
	for i, item := range a.doc.Consumers {
		row, there := a.consumers[item.Name]
		before := any(nil)
		if there {
			before = specOfConsumer(row)
		}
		fillConsumer(&row, item.ConsumerSpec)
		fields, err := difference(before, specOfConsumer(row))
		if err != nil {
			return err
		}
		keys := consumerKeySteps(row, item.Keys, a.checked.hashes[i])
		if err := a.putConsumer(tx, &row, there, fields, keys); err != nil {
			return fmt.Errorf("consumer %q: %w", item.Name, err)
		}
		ids[i], added[i] = row.ID, keys.added
	}
	for i, steps := range added {
		if err := runKeySteps(tx, ids[i], steps); err != nil {
			return fmt.Errorf("consumer %q: %w", a.doc.Consumers[i].Name, err)
		}
	}
	return nil
}

// runKeySteps changes an item's keys.
func runKeySteps(tx *store.Tx, id string, steps []keyStep) error {
	for _, step := range steps {
		if err := step(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// putConsumer makes or changes one consumer; its new keys come later.
func (a *applier) putConsumer(tx *store.Tx, row *store.Consumer, there bool, fields []FieldChange, keys consumerKeyChanges) error {
	all := append(append([]FieldChange{}, fields...), keys.changes...)
	switch {
	case !there:
		a.plan.note("consumer", row.Name, opCreate, all)
		if err := tx.CreateConsumer(row); err != nil {
			return err
		}
	case !a.plan.note("consumer", row.Name, opUpdate, all):
		return nil
	case len(fields) > 0:
		if err := tx.UpdateConsumer(row); err != nil {
			return err
		}
	}
	return runKeySteps(tx, row.ID, keys.others)
}

// consumerKeyChanges are what to do with a consumer's keys.
type consumerKeyChanges struct {
	changes []FieldChange
	others  []keyStep // that delete or change
	added   []keyStep
}

// consumerKeySteps finds what to do with a consumer's keys. Keys the document
// does not speak of (nil) are left alone.
func consumerKeySteps(row store.Consumer, specs []ConsumerKeySpec, hashes [][32]byte) (out consumerKeyChanges) {
	if specs == nil {
		return out
	}
	have := named(row.Keys, func(k store.ConsumerKey) string { return k.Name })
	for i, spec := range specs {
		old, there := have[spec.Name]
		delete(have, spec.Name)
		if there && (hashes[i] == [32]byte{} || hashes[i] == old.Hash) {
			out.sameKey(old, spec)
			continue
		}
		if there {
			out.others = append(out.others, droppedConsumerKey(old))
		}
		out.changes = append(out.changes, FieldChange{Field: "keys[" + spec.Name + "]", Before: old.Hint, After: hintOf(spec)})
		out.added = append(out.added, addedConsumerKey(spec, hashes[i]))
	}
	for _, name := range sortedKeys(have) {
		out.changes = append(out.changes, FieldChange{Field: "keys[" + name + "]", Before: have[name].Hint})
		out.others = append(out.others, droppedConsumerKey(have[name]))
	}
	return out
}

// sameKey finds what changes about a key that stays.
func (out *consumerKeyChanges) sameKey(old store.ConsumerKey, spec ConsumerKeySpec) {
	field, next := "keys["+spec.Name+"]", old
	next.Enabled, next.Expires = isOn(spec.Enabled), spec.Expires
	before := len(out.changes)
	if next.Enabled != old.Enabled {
		out.changes = append(out.changes, FieldChange{Field: field + ".enabled", Before: strconv.FormatBool(old.Enabled), After: strconv.FormatBool(next.Enabled)})
	}
	if !next.Expires.Equal(old.Expires) {
		out.changes = append(out.changes, FieldChange{Field: field + ".expires", Before: momentText(old.Expires), After: momentText(next.Expires)})
	}
	if len(out.changes) > before {
		out.others = append(out.others, func(tx *store.Tx, _ string) error { return tx.UpdateConsumerKey(next) })
	}
}

// droppedConsumerKey deletes a key.
func droppedConsumerKey(old store.ConsumerKey) keyStep {
	return func(tx *store.Tx, _ string) error { return tx.DeleteConsumerKey(old.ID) }
}

// addedConsumerKey adds a key.
func addedConsumerKey(spec ConsumerKeySpec, hash [32]byte) keyStep {
	return func(tx *store.Tx, consumerID string) error {
		row, err := tx.AddConsumerKey(consumerID, spec.Name, hash, hintOf(spec), spec.Expires)
		if err != nil || isOn(spec.Enabled) {
			return err
		}
		row.Enabled = false
		return tx.UpdateConsumerKey(row)
	}
}

// hintOf is what is shown instead of a key.
func hintOf(spec ConsumerKeySpec) string {
	if spec.Hint == "" {
		return mask
	}
	return spec.Hint
}

// momentText writes a time as a plan shows it.
func momentText(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

// dropConsumers deletes the consumers a present section does not name.
func (a *applier) dropConsumers(tx *store.Tx) error {
	if a.doc.Consumers == nil {
		return nil
	}
	keep := named(a.doc.Consumers, func(c ConsumerItem) string { return c.Name })
	for _, name := range sortedKeys(a.consumers) {
		if _, ok := keep[name]; ok {
			continue
		}
		row := a.consumers[name]
		a.plan.note("consumer", name, opDelete, nil)
		if err := tx.DeleteConsumer(row.ID, row.Version); err != nil {
			return fmt.Errorf("consumer %q: %w", name, err)
		}
	}
	return nil
}
