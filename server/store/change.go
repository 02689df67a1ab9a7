package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/posthouse/posthouse/proxy"
)

// errRollBack ends the transaction of a dry run.
var errRollBack = errors.New("dry run")

// Change runs fn in one transaction, reads the whole configuration back, and
// commits, remembers and publishes what fn did, or nothing of it. It is
// refused with *FaultsError if the proxy could not serve what fn added; faults
// that stood before do not block, so that one broken item can be mended at a
// time. Errors of fn are returned as they are. A change that touched nothing
// leaves no revision (Revision.ID is 0).
func (s *Store) Change(ctx context.Context, actor Actor, summary string, fn func(*Tx) error) (Revision, error) {
	return s.change(ctx, false, fn, func(tx *Tx) (Revision, error) { return tx.remember(actor, summary) })
}

// DryRun runs fn as Change does and returns the same errors, but leaves
// nothing behind.
func (s *Store) DryRun(ctx context.Context, fn func(*Tx) error) error {
	_, err := s.change(ctx, true, fn, func(*Tx) (Revision, error) { return Revision{}, errRollBack })
	return err
}

// change is what Change and DryRun share; finish comes last in the transaction.
func (s *Store) change(ctx context.Context, dry bool, fn func(*Tx) error, finish func(*Tx) (Revision, error)) (Revision, error) {
	if err := s.takeTurn(ctx); err != nil {
		return Revision{}, err
	}
	defer func() { <-s.turn }()
	var revision Revision
	var snapshot *proxy.Snapshot
	err := s.transact(ctx, func(db *gorm.DB) error {
		tx := s.tx(db)
		standing, err := tx.faults()
		if err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		config, err := tx.config()
		if err != nil {
			return err
		}
		compiled, faults := proxy.Compile(config)
		if added := tx.added(standing, faults); len(added) > 0 {
			return &FaultsError{Faults: added}
		}
		snapshot = compiled
		revision, err = finish(tx)
		return err
	})
	if dry && errors.Is(err, errRollBack) {
		return Revision{}, nil
	}
	if err != nil {
		return Revision{}, err
	}
	if revision.ID != 0 && s.opts.Publish != nil {
		s.opts.Publish(snapshot)
	}
	return revision, nil
}

// takeTurn waits for the changes before this one, as long as for a lock.
func (s *Store) takeTurn(ctx context.Context) error {
	patience := time.NewTimer(busyTimeout)
	defer patience.Stop()
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-patience.C:
		return fmt.Errorf("change the configuration: %w", ErrBusy)
	case <-ctx.Done():
		return fmt.Errorf("change the configuration: %w", ctx.Err())
	}
}

// transact runs fn in one writing transaction. Locking the settings row keeps
// other processes out where the database has no single writer (Postgres);
// SQLite has begun with a write lock and is not asked.
func (s *Store) transact(ctx context.Context, fn func(*gorm.DB) error) error {
	err := s.write.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		var row settingsRow
		if err := db.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&row, 1).Error; err != nil {
			return fmt.Errorf("lock the configuration: %w", err)
		}
		return fn(db)
	})
	return dbError(err)
}

// tx makes the Tx of a transaction.
func (s *Store) tx(db *gorm.DB) *Tx {
	return &Tx{queries: queries{db: db, sealer: s.opts.Sealer}, now: s.opts.Now(), seen: map[[2]string]int{}}
}

// faults is what Compile says of the configuration as it stands.
func (t *Tx) faults() ([]proxy.Fault, error) {
	config, err := t.config()
	if err != nil {
		return nil, err
	}
	_, faults := proxy.Compile(config)
	return faults, nil
}

// added is what of now was not there before. Messages may mention other items
// ("there are a, b and c"), so for an item that was not touched a fault at the
// same place is the same fault, whatever it says.
func (t *Tx) added(before, now []proxy.Fault) []proxy.Fault {
	type place struct{ kind, id, field string }
	stood := make(map[place][]string, len(before))
	for _, f := range before {
		at := place{f.Kind, f.ID, f.Field}
		stood[at] = append(stood[at], f.Message)
	}
	var added []proxy.Fault
	for _, f := range now {
		at := place{f.Kind, f.ID, f.Field}
		old, ok := stood[at]
		if ok && (!t.hasTouched(f) || slices.Contains(old, f.Message)) {
			continue
		}
		added = append(added, f)
	}
	return added
}

// hasTouched reports whether this transaction changed the item a fault is of.
func (t *Tx) hasTouched(f proxy.Fault) bool {
	key := [2]string{f.Kind, f.ID}
	switch f.Kind {
	case kindProvider, kindRoute, kindConsumer:
	default:
		key = [2]string{kindSettings, settingsID}
	}
	_, ok := t.seen[key]
	return ok
}
