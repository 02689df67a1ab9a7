package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/posthouse/posthouse/proxy"
)

// Routes reads all routes in order.
func (s *Store) Routes(ctx context.Context) ([]Route, error) { return s.at(ctx).Routes() }

// Route reads one route by its id.
func (s *Store) Route(ctx context.Context, id string) (Route, error) { return s.at(ctx).Route(id) }

// RouteByName reads one route by its name.
func (s *Store) RouteByName(ctx context.Context, name string) (Route, error) {
	return s.at(ctx).RouteByName(name)
}

// Routes reads all routes in order.
func (q queries) Routes() ([]Route, error) {
	rows, err := q.routeRows()
	return mapped(rows, routeOf), err
}

// Route reads one route by its id.
func (q queries) Route(id string) (Route, error) {
	row, err := find[routeRow](q.db, kindRoute, "id", id)
	return routeOf(row), err
}

// RouteByName reads one route by its name.
func (q queries) RouteByName(name string) (Route, error) {
	row, err := find[routeRow](q.db, kindRoute, "name", name)
	return routeOf(row), err
}

func (q queries) routeRows() ([]routeRow, error) {
	var rows []routeRow
	if err := q.db.Order("position, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read routes: %w", dbError(err))
	}
	return rows, nil
}

func routeOf(r routeRow) Route {
	return Route{
		ID: r.ID, Name: r.Name, Position: r.Position, Enabled: r.Enabled,
		Match: r.Conditions.V.proxy(), Targets: mapped(r.Targets.V, targetDoc.proxy), Fallback: mapped(r.Fallback.V, stepDoc.proxy),
		On: r.Triggers.V, Timeouts: r.Timeouts.V.proxy(), Failover: r.Failover.V.proxy(), Capture: r.Failover.V.Capture.proxy(),
		Balance: proxy.Balance(r.Failover.V.Balance), Affinity: proxy.Affinity(r.Failover.V.Affinity), Strict: r.Failover.V.Strict,
		Version: r.Version, CreatedAt: fromMS(r.CreatedMS), UpdatedAt: fromMS(r.UpdatedMS),
	}
}

func rowOfRoute(r *Route) routeRow {
	return routeRow{
		ID: r.ID, Name: r.Name, Position: r.Position, Enabled: r.Enabled,
		Conditions: matchColumn(r.Match), Targets: column[[]targetDoc]{mapped(r.Targets, targetDocOf)},
		Fallback: column[[]stepDoc]{mapped(r.Fallback, stepDocOf)}, Triggers: column[[]string]{r.On},
		Timeouts: timeoutsColumn(r.Timeouts), Failover: failoverColumn(r), Version: r.Version, CreatedMS: toMS(r.CreatedAt), UpdatedMS: toMS(r.UpdatedAt),
	}
}

func (q queries) routeDocument(id string) (string, any, error) {
	row, err := find[routeRow](q.db, kindRoute, "id", id)
	return row.Name, row, err
}

// CreateRoute adds a route after the last. It fills in Version, Position, the
// times and, if it is empty, ID.
func (t *Tx) CreateRoute(r *Route) error {
	if r.ID == "" {
		r.ID = NewID()
	}
	if err := t.free(kindRoute, "routes", r.Name, r.ID); err != nil {
		return err
	}
	if err := t.touch(kindRoute, r.ID); err != nil {
		return err
	}
	position, err := t.newPosition(t.db.Table("routes"))
	if err != nil {
		return err
	}
	at := t.time()
	r.Position, r.Version, r.CreatedAt, r.UpdatedAt = position, 1, at, at
	row := rowOfRoute(r)
	return insert(t.db, kindRoute, &row)
}

// UpdateRoute saves a route, all but its position. Version must be the stored
// one (else *ConflictError) and is bumped in r. Consumers that name the route
// follow a new name, in this transaction; their versions grow.
func (t *Tx) UpdateRoute(r *Route) error {
	have, err := t.routeAt(r.ID, r.Version)
	if err != nil {
		return err
	}
	if err := t.free(kindRoute, "routes", r.Name, r.ID); err != nil {
		return err
	}
	r.Position, r.CreatedAt, r.UpdatedAt = have.Position, fromMS(have.CreatedMS), t.time()
	r.Version++
	row := rowOfRoute(r)
	if err := save(t, kindRoute, r.ID, have.Version, &row); err != nil {
		return err
	}
	if have.Name == r.Name {
		return nil
	}
	return t.renameInConsumers(have.Name, r.Name)
}

// DeleteRoute removes a route. It is refused with *InUseError while a consumer
// is limited to it: without the last name of its list the consumer might use
// every route.
func (t *Tx) DeleteRoute(id string, version int64) error {
	have, err := t.routeAt(id, version)
	if err != nil {
		return err
	}
	users, err := t.consumersNaming(have.Name)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return &InUseError{Kind: kindRoute, Name: have.Name, By: users}
	}
	if err := t.db.Where("id = ?", id).Delete(&routeRow{}).Error; err != nil {
		return fmt.Errorf("delete route %q: %w", have.Name, dbError(err))
	}
	return nil
}

// MoveRoutes puts the routes with these ids first, in this order; the others
// follow as they were. Versions stay.
func (t *Tx) MoveRoutes(ids []string) error {
	return t.move(kindRoute, kindRouteOrder, "routes", ids)
}

// routeAt touches a route and reads it, provided it is at this version.
func (t *Tx) routeAt(id string, version int64) (routeRow, error) {
	row, err := find[routeRow](t.db, kindRoute, "id", id)
	if err != nil {
		return row, err
	}
	if row.Version != version {
		return row, &ConflictError{Kind: kindRoute, ID: id, Have: row.Version}
	}
	return row, t.touch(kindRoute, id)
}

// targets lists pointers to every target of a route.
func (r *Route) targets() []*proxy.Target {
	var all []*proxy.Target
	for i := range r.Targets {
		all = append(all, &r.Targets[i])
	}
	for i := range r.Fallback {
		for j := range r.Fallback[i].Targets {
			all = append(all, &r.Fallback[i].Targets[j])
		}
	}
	return all
}

// routesNaming lists the routes with a target at a provider, as "route NAME".
func (q queries) routesNaming(provider string) ([]string, error) {
	routes, err := q.Routes()
	if err != nil {
		return nil, err
	}
	var users []string
	for _, r := range routes {
		if slices.ContainsFunc(r.targets(), func(t *proxy.Target) bool { return t.Provider == provider }) {
			users = append(users, kindRoute+" "+r.Name)
		}
	}
	return users, nil
}

// renameInRoutes makes routes follow a provider's new name.
func (t *Tx) renameInRoutes(from, to string) error {
	routes, err := t.Routes()
	if err != nil {
		return err
	}
	for _, r := range routes {
		changed := false
		for _, target := range r.targets() {
			if target.Provider == from {
				target.Provider, changed = to, true
			}
		}
		if !changed {
			continue
		}
		if err := t.UpdateRoute(&r); err != nil {
			return err
		}
	}
	return nil
}

// proxyRoute is a route as the data plane takes it.
func proxyRoute(r Route) proxy.Route {
	return proxy.Route{
		ID: r.ID, Name: r.Name, Disabled: !r.Enabled, Match: r.Match,
		Targets: r.Targets, Fallback: r.Fallback, On: r.On, Timeouts: r.Timeouts, Failover: r.Failover, Capture: r.Capture,
		Balance: r.Balance, Affinity: r.Affinity, Strict: r.Strict,
	}
}
