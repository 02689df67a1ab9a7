package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/posthouse/posthouse/server/tally"
)

// Bounds of what is kept by name. Beyond them names become tally.Other: a
// caller that makes up models must not grow the program's memory.
const (
	maxSeries = 50_000
	maxDoors  = 5_000
	maxFaults = 20_000
)

// door is what was asked for.
type door struct{ method, path, op, dialect string }

// Fault is what went wrong: a class, and a message without its numbers and ids.
type Fault struct {
	Class   string
	Message string
}

// names are the dictionaries of a records file: rows hold numbers, which are
// looked up here. They only grow, and are small.
type names struct {
	mu     sync.RWMutex
	series dictionary[tally.Series]
	doors  dictionary[door]
	faults dictionary[Fault]
}

// dictionary numbers values from 1.
type dictionary[T comparable] struct {
	ids    map[T]int64
	values map[int64]T
	last   int64
}

func newDictionary[T comparable]() dictionary[T] {
	return dictionary[T]{ids: map[T]int64{}, values: map[int64]T{}}
}

func (d *dictionary[T]) set(id int64, v T) {
	d.ids[v], d.values[id], d.last = id, v, max(d.last, id)
}

// load reads the dictionaries.
func loadNames(ctx context.Context, db *sql.DB) (*names, error) {
	n := &names{series: newDictionary[tally.Series](), doors: newDictionary[door](), faults: newDictionary[Fault]()}
	err := firstError(
		scanEach(ctx, db, "SELECT id, kind, route, provider, model, consumer, key_id, key_name, outcome FROM series", nil, func(scan scanner) error {
			var id int64
			var s tally.Series
			err := scan(&id, &s.Kind, &s.Route, &s.Provider, &s.Model, &s.Consumer, &s.KeyID, &s.KeyName, &s.Outcome)
			n.series.set(id, s)
			return err
		}),
		scanEach(ctx, db, "SELECT id, method, path, op, dialect FROM doors", nil, func(scan scanner) error {
			var id int64
			var d door
			err := scan(&id, &d.method, &d.path, &d.op, &d.dialect)
			n.doors.set(id, d)
			return err
		}),
		scanEach(ctx, db, "SELECT id, class, message FROM faults", nil, func(scan scanner) error {
			var id int64
			var f Fault
			err := scan(&id, &f.Class, &f.Message)
			n.faults.set(id, f)
			return err
		}),
	)
	return n, err
}

// scanner reads the columns of a row.
type scanner func(dest ...any) error

// querier is a pool, a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// scanEach calls f for each row of a query.
func scanEach(ctx context.Context, db querier, query string, args []any, f func(scanner) error) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read records: %w", dbError(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return fmt.Errorf("read records: %w", dbError(err))
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read records: %w", dbError(err))
	}
	return nil
}

// fresh are the names that a transaction adds. They are known to others once
// it is committed.
type fresh struct {
	*names
	series map[tally.Series]int64
	doors  map[door]int64
	faults map[Fault]int64
}

func (n *names) begin() *fresh {
	return &fresh{n, map[tally.Series]int64{}, map[door]int64{}, map[Fault]int64{}}
}

// number is the id of a value, a new one if it has none.
func number[T comparable](d *dictionary[T], more map[T]int64, v T) int64 {
	if id, ok := d.ids[v]; ok {
		return id
	}
	id, ok := more[v]
	if !ok {
		id = d.last + int64(len(more)) + 1
		more[v] = id
	}
	return id
}

// known reports whether a value has an id or may still get one.
func fits[T comparable](d *dictionary[T], more map[T]int64, v T, most int) bool {
	if _, ok := d.ids[v]; ok {
		return true
	}
	if _, ok := more[v]; ok {
		return true
	}
	return len(d.ids)+len(more) < most
}

func (f *fresh) seriesID(s tally.Series) int64 {
	if id, ok := f.names.series.ids[s]; ok { // what has an id is storable
		return id
	}
	s.Route, s.Provider, s.Model = text(s.Route), text(s.Provider), text(s.Model)
	s.Consumer, s.KeyID, s.KeyName = text(s.Consumer), text(s.KeyID), text(s.KeyName)
	if !fits(&f.names.series, f.series, s, maxSeries) {
		s.Model = tally.Other
	}
	if !fits(&f.names.series, f.series, s, 2*maxSeries) {
		s = tally.Series{Kind: s.Kind, Route: tally.Other, Provider: tally.Other, Model: tally.Other, Outcome: s.Outcome}
	}
	return number(&f.names.series, f.series, s)
}

func (f *fresh) doorID(d door) int64 {
	if id, ok := f.names.doors.ids[d]; ok {
		return id
	}
	d.method, d.path, d.op, d.dialect = text(d.method), text(d.path), text(d.op), text(d.dialect)
	if !fits(&f.names.doors, f.doors, d, maxDoors) {
		d.path = shortened(d.path)
	}
	if !fits(&f.names.doors, f.doors, d, 2*maxDoors) {
		d = door{path: "/…"}
	}
	return number(&f.names.doors, f.doors, d)
}

// shortened is a path's beginning.
func shortened(path string) string {
	parts := strings.SplitN(path, "/", 4)
	if len(parts) < 4 {
		return path
	}
	return strings.Join(parts[:3], "/") + "/…"
}

func (f *fresh) faultID(v Fault) int64 {
	if v.Class == "" {
		return 0
	}
	v.Message = text(v.Message)
	if !fits(&f.names.faults, f.faults, v, maxFaults) {
		v.Message = Fault{}.Message
	}
	return number(&f.names.faults, f.faults, v)
}

// insert writes the new names.
func (f *fresh) insert(ctx context.Context, tx *statements) error {
	for _, s := range sorted(f.series) {
		v := s.value
		err := tx.exec(ctx, "INSERT INTO series (id, kind, route, provider, model, consumer, key_id, key_name, outcome) VALUES (?,?,?,?,?,?,?,?,?)",
			s.id, int64(v.Kind), v.Route, v.Provider, v.Model, v.Consumer, v.KeyID, v.KeyName, int64(v.Outcome))
		if err != nil {
			return err
		}
	}
	for _, d := range sorted(f.doors) {
		v := d.value
		if err := tx.exec(ctx, "INSERT INTO doors (id, method, path, op, dialect) VALUES (?,?,?,?,?)", d.id, v.method, v.path, v.op, v.dialect); err != nil {
			return err
		}
	}
	for _, e := range sorted(f.faults) {
		if err := tx.exec(ctx, "INSERT INTO faults (id, class, message) VALUES (?,?,?)", e.id, e.value.Class, e.value.Message); err != nil {
			return err
		}
	}
	return nil
}

// commit makes the new names known.
func (f *fresh) commit() {
	if len(f.series)+len(f.doors)+len(f.faults) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for v, id := range f.series {
		f.names.series.set(id, v)
	}
	for v, id := range f.doors {
		f.names.doors.set(id, v)
	}
	for v, id := range f.faults {
		f.names.faults.set(id, v)
	}
}

// numbered is a value with its id.
type numbered[T any] struct {
	id    int64
	value T
}

func sorted[T comparable](more map[T]int64) []numbered[T] {
	list := make([]numbered[T], 0, len(more))
	for v, id := range maps.All(more) {
		list = append(list, numbered[T]{id, v})
	}
	slices.SortFunc(list, func(a, b numbered[T]) int { return int(a.id - b.id) })
	return list
}

// seriesOf is the series of an id.
func (n *names) seriesOf(id int64) tally.Series {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.series.values[id]
}

// seriesLike lists the ids of the series that pass a test.
func (n *names) seriesLike(pass func(*tally.Series) bool) map[int64]tally.Series {
	n.mu.RLock()
	defer n.mu.RUnlock()
	found := map[int64]tally.Series{}
	for id, s := range n.series.values {
		if pass(&s) {
			found[id] = s
		}
	}
	return found
}

// faultsLike lists the ids of the faults that pass a test.
func (n *names) faultsLike(pass func(Fault) bool) []int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var found []int64
	for id, f := range n.faults.values {
		if pass(f) {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return found
}

func (n *names) doorOf(id int64) door {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.doors.values[id]
}

func (n *names) faultOf(id int64) Fault {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.faults.values[id]
}
