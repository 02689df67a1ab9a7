package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/posthouse/posthouse/server/store"
)

// change saves in one transaction and says what went wrong in the API's words.
func (s *Server) change(ctx context.Context, summary string, at place, fn func(*store.Tx) error) error {
	_, err := s.opts.Store.Change(ctx, actorFrom(ctx), summary, fn)
	if err == nil {
		return nil
	}
	if p := toProblem(err, at); p != nil {
		return p
	}
	return err
}

// withCurrent adds the object as it is now to the answer to a stale version.
func (s *Server) withCurrent(err error, current func() (any, error)) error {
	var p *Problem
	if !errors.As(err, &p) || p.Code != "stale_version" {
		return err
	}
	now, lookup := current()
	if lookup != nil {
		return err // deleted in the meantime, or unreadable: the 409 still stands
	}
	switch out := now.(type) {
	case *providerOutput:
		p.Current = out.Body
	case *routeOutput:
		p.Current = out.Body
	case *consumerOutput:
		p.Current = out.Body
	case *settingsOutput:
		p.Current = out.Body
	case *priceOutput:
		p.Current = out.Body
	case *currencyOutput:
		p.Current = out.Body
	case *metricsOutput:
		p.Current = out.Body
	case *tracingOutput:
		p.Current = out.Body
	case *alertsOutput:
		p.Current = out.Body
	}
	return p
}

// version is the version a change is based on, from the body or If-Match.
func (f *faults) version(body int64, header string) int64 {
	if header == "" {
		if body < 1 {
			f.add("body.version", "is missing: send the version you read, here or as If-Match")
		}
		return body
	}
	v, err := parseVersion(header)
	if err != nil {
		f.add("header.If-Match", "%s", err)
	}
	if body != 0 && body != v {
		f.add("body.version", "differs from If-Match")
	}
	return v
}

// parseVersion reads an If-Match header: 7, "7" or W/"7".
func parseVersion(header string) (int64, error) {
	v, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(header, "W/"), `"`), 10, 64)
	if err != nil || v < 1 {
		return 0, errors.New("is not a version")
	}
	return v, nil
}

// version is the version a deletion is based on; if none was sent, the one
// there is.
func (in *deleteInput) version(have int64) (int64, error) {
	if in.IfMatch == "" {
		if in.Version == 0 {
			return have, nil
		}
		return in.Version, nil
	}
	v, err := parseVersion(in.IfMatch)
	if err != nil {
		return 0, fieldProblem("header.If-Match", err.Error())
	}
	return v, nil
}

// notFound is the answer for an item that is not there.
func notFound(what string) *Problem {
	return problem(http.StatusNotFound, "not_found", "there is no such %s", what)
}
