package server

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// Route is an AI route as the API shows it.
type Route struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Position  int         `json:"position" doc:"Its place, from 0: the first route that matches serves"`
	Enabled   bool        `json:"enabled"`
	Match     Match       `json:"match"`
	Targets   []Target    `json:"targets"`
	Balance   string      `json:"balance,omitempty" doc:"The order among the targets of one step"`
	Affinity  string      `json:"affinity,omitempty" doc:"Whether a conversation goes back to the target and key where it was"`
	Strict    bool        `json:"strict,omitempty" doc:"What can't be carried into the vendor's dialect is refused, not left out"`
	Fallback  []Step      `json:"fallback"`
	On        []string    `json:"on" doc:"Failures that move on; empty is the default set"`
	Timeouts  Timeouts    `json:"timeouts"`
	Failover  Failover    `json:"failover"`
	Capture   CaptureSpec `json:"capture,omitzero"`
	Version   int64       `json:"version" doc:"Send it back with a change"`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
}

type routeOutput struct{ Body Route }

type routesOutput struct {
	Body struct {
		Routes []Route `json:"routes"`
	}
}

// listRoutes shows the routes in order.
func (s *Server) listRoutes(ctx context.Context, _ *empty) (*routesOutput, error) {
	rows, err := s.opts.Store.Routes(ctx)
	if err != nil {
		return nil, err
	}
	out := &routesOutput{}
	out.Body.Routes = make([]Route, 0, len(rows))
	for _, row := range rows {
		out.Body.Routes = append(out.Body.Routes, showRoute(row))
	}
	return out, nil
}

// getRoute shows one route.
func (s *Server) getRoute(ctx context.Context, in *ItemID) (*routeOutput, error) {
	row, err := s.opts.Store.Route(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &routeOutput{Body: showRoute(row)}, nil
}

type createRouteInput struct{ Body RouteSpec }

// createRoute makes a route at the end of the list.
func (s *Server) createRoute(ctx context.Context, in *createRouteInput) (*routeOutput, error) {
	r, err := s.checkRoute(ctx, in.Body, faults{})
	if err != nil {
		return nil, err
	}
	row := store.Route{}
	fillRoute(&row, r)
	err = s.change(ctx, fmt.Sprintf("create route %s", r.Name), place{kind: "route", name: r.Name, path: "body"}, func(tx *store.Tx) error {
		return tx.CreateRoute(&row)
	})
	if err != nil {
		return nil, err
	}
	return s.getRoute(ctx, &ItemID{ID: row.ID})
}

type updateRouteInput struct {
	ItemID
	Basis
	Body struct {
		RouteSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// updateRoute replaces a route.
func (s *Server) updateRoute(ctx context.Context, in *updateRouteInput) (*routeOutput, error) {
	f := faults{}
	version := f.version(in.Body.Version, in.IfMatch)
	r, err := s.checkRoute(ctx, in.Body.RouteSpec, f)
	if err != nil {
		return nil, err
	}
	at := place{kind: "route", id: in.ID, name: r.Name, path: "body"}
	err = s.change(ctx, fmt.Sprintf("change route %s", r.Name), at, func(tx *store.Tx) error {
		row, err := tx.Route(in.ID)
		if err != nil {
			return err
		}
		row.Version = version
		fillRoute(&row, r)
		return tx.UpdateRoute(&row)
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getRoute(ctx, &in.ItemID) })
	}
	return s.getRoute(ctx, &in.ItemID)
}

// checkRoute checks a route against the providers there are.
func (s *Server) checkRoute(ctx context.Context, spec RouteSpec, f faults) (proxy.Route, error) {
	rows, err := s.opts.Store.Providers(ctx)
	if err != nil {
		return proxy.Route{}, err
	}
	names := make(map[string]bool, len(rows))
	for _, row := range rows {
		names[row.Name] = true
	}
	r := f.route("body", spec, func(name string) bool { return names[name] })
	return r, f.invalid()
}

// enableRoute puts a route into service.
func (s *Server) enableRoute(ctx context.Context, in *ItemID) (*routeOutput, error) {
	return s.switchRoute(ctx, in, true)
}

// disableRoute takes a route out of service.
func (s *Server) disableRoute(ctx context.Context, in *ItemID) (*routeOutput, error) {
	return s.switchRoute(ctx, in, false)
}

// switchRoute switches a route on or off, whatever its version.
func (s *Server) switchRoute(ctx context.Context, in *ItemID, on bool) (*routeOutput, error) {
	row, err := s.opts.Store.Route(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	word := map[bool]string{true: "enable", false: "disable"}[on]
	err = s.change(ctx, fmt.Sprintf("%s route %s", word, row.Name), place{kind: "route", id: row.ID, name: row.Name}, func(tx *store.Tx) error {
		row, err := tx.Route(in.ID)
		if err != nil || row.Enabled == on {
			return err
		}
		row.Enabled = on
		return tx.UpdateRoute(&row)
	})
	if err != nil {
		return nil, err
	}
	return s.getRoute(ctx, in)
}

// deleteRoute deletes a route.
func (s *Server) deleteRoute(ctx context.Context, in *deleteInput) (*empty, error) {
	row, err := s.opts.Store.Route(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := in.version(row.Version)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, fmt.Sprintf("delete route %s", row.Name), place{kind: "route", id: row.ID, name: row.Name}, func(tx *store.Tx) error {
		return tx.DeleteRoute(in.ID, version)
	})
	return &empty{}, s.withCurrent(err, func() (any, error) { return s.getRoute(ctx, &in.ItemID) })
}

// orderRoutes puts the routes in a new order.
func (s *Server) orderRoutes(ctx context.Context, in *orderInput) (*routesOutput, error) {
	err := s.change(ctx, "reorder routes", place{}, func(tx *store.Tx) error {
		rows, err := tx.Routes()
		if err != nil {
			return err
		}
		if err := sameIDs(in.Body.IDs, rows, func(r store.Route) string { return r.ID }); err != nil {
			return err
		}
		return tx.MoveRoutes(in.Body.IDs)
	})
	if err != nil {
		return nil, err
	}
	return s.listRoutes(ctx, &empty{})
}

// fillRoute puts what was entered into a row.
func fillRoute(row *store.Route, r proxy.Route) {
	row.Name, row.Enabled, row.Match, row.Targets = r.Name, !r.Disabled, r.Match, r.Targets
	row.Fallback, row.On, row.Timeouts, row.Failover = r.Fallback, r.On, r.Timeouts, r.Failover
	row.Balance, row.Affinity, row.Strict, row.Capture = r.Balance, r.Affinity, r.Strict, r.Capture
}

// showRoute converts a row.
func showRoute(row store.Route) Route {
	return Route{
		ID: row.ID, Name: row.Name, Position: row.Position, Enabled: row.Enabled, Match: showMatch(row.Match),
		Targets: showTargets(row.Targets), Fallback: showSteps(row.Fallback), On: list(row.On), Timeouts: timeoutsText(row.Timeouts),
		Failover: showFailover(row.Failover), Strict: row.Strict, Capture: specOfCapture(row.Capture),
		Balance: string(cmp.Or(row.Balance, proxy.BalanceWeighted)), Affinity: string(cmp.Or(row.Affinity, proxy.AffinityAuto)),
		Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// showFailover converts how a route deals with failures, defaults included.
func showFailover(f proxy.Failover) Failover {
	rescue := !f.NoRescue
	out := specOfFailover(f)
	out.Rescue = &rescue
	return out
}

// showMatch converts a route's conditions.
func showMatch(m proxy.Match) Match {
	out := Match{Hosts: m.Hosts, PathPrefix: m.PathPrefix}
	for _, c := range m.Headers {
		out.Headers = append(out.Headers, NameMatch(c))
	}
	for _, c := range m.Query {
		out.Query = append(out.Query, NameMatch(c))
	}
	for _, c := range m.Models {
		out.Models = append(out.Models, ModelMatch(c))
	}
	return out
}

// showTargets converts targets.
func showTargets(targets []proxy.Target) []Target {
	out := make([]Target, 0, len(targets))
	for _, t := range targets {
		weight := max(t.Weight, 1)
		target := Target{Provider: t.Provider, Model: t.Model, Weight: &weight}
		for _, r := range t.Rewrite {
			target.Rewrite = append(target.Rewrite, Rewrite(r))
		}
		out = append(out, target)
	}
	return out
}

// showSteps converts fallback steps.
func showSteps(steps []proxy.Step) []Step {
	out := make([]Step, 0, len(steps))
	for _, step := range steps {
		out = append(out, Step{Targets: showTargets(step.Targets), On: step.On})
	}
	return out
}
