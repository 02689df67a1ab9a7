package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/posthouse/posthouse/server/store"
)

// Problem is an error as the API answers it: RFC 9457, with the place of every
// single fault in Errors.
type Problem struct {
	Type    string          `json:"type" doc:"Kind of problem; about:blank, the status says it all" example:"about:blank"`
	Title   string          `json:"title" doc:"The status in words" example:"Bad Request"`
	Status  int             `json:"status" doc:"HTTP status" example:"400"`
	Code    string          `json:"code,omitempty" doc:"Stable word for programs, such as stale_version, in_use, locked_out"`
	Detail  string          `json:"detail" doc:"What is wrong and what to do"`
	Errors  []ProblemDetail `json:"errors,omitempty" doc:"Every single fault with its place"`
	UsedBy  []string        `json:"used_by,omitempty" doc:"Names of the items that still use this one"`
	Current any             `json:"current,omitempty" doc:"The object as it is now, when the version sent is stale"`
	headers http.Header
}

// ProblemDetail is one fault and where it is.
type ProblemDetail struct {
	Message  string `json:"message" doc:"What is wrong and what to do"`
	Location string `json:"location,omitempty" doc:"Where: a path such as body.targets[0].provider or query.limit"`
	Line     int    `json:"line,omitempty" doc:"Line in the YAML document, from 1"`
}

// Error implements error with the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// init sets the four switches huma keeps as package variables: problems in our
// shape that never echo what was sent (it may hold a key), arrays that are
// never null, and field names that are compared to the letter.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return problemFromHuma(status, msg, errs)
	}
	huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return problemFromHuma(status, msg, errs)
	}
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
}

// problem makes a Problem without details.
func problem(status int, code, format string, args ...any) *Problem {
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: code, Detail: fmt.Sprintf(format, args...),
	}
}

// problemFromHuma turns what huma found wrong with a request into a Problem. A
// request that does not fit its schema is a 400 here; 422 is kept for
// configuration that is well formed but cannot be served.
func problemFromHuma(status int, msg string, errs []error) *Problem {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	p := problem(status, "", "%s", msg)
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, detailFromHuma(d))
		}
	}
	if len(p.Errors) > 0 && msg == "validation failed" {
		p.Detail = "the request is not valid: " + p.Errors[0].String()
		p.Code = "invalid"
	}
	return p
}

// detailFromHuma says in our words what huma found at a place. It names the
// object around a property that is missing, and writes large bounds as powers.
func detailFromHuma(d *huma.ErrorDetail) ProblemDetail {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, missing := strings.CutPrefix(d.Message, before)
	if name, ok := strings.CutSuffix(name, after); missing && ok {
		return ProblemDetail{Message: "is missing", Location: bounded(joinPath(d.Location, name), 256)}
	}
	message := power.ReplaceAllStringFunc(d.Message, func(text string) string {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return text
		}
		return strconv.FormatFloat(n, 'f', -1, 64)
	})
	return ProblemDetail{Message: message, Location: bounded(d.Location, 256)}
}

// power is a number as huma writes a large bound.
var power = regexp.MustCompile(`\b\d(\.\d+)?e\+\d+\b`)

// String is the fault in one line.
func (d ProblemDetail) String() string {
	where := d.Location
	if d.Line > 0 {
		where = strings.TrimSpace(fmt.Sprintf("%s (line %d)", where, d.Line))
	}
	if where == "" {
		return d.Message
	}
	return where + ": " + d.Message
}

// invalid makes the 400 for faults found in a request, or nil if there are none.
func (f *faults) invalid() error {
	if len(f.list) == 0 {
		return nil
	}
	p := problem(http.StatusBadRequest, "invalid", "the request is not valid: %s", f.list[0])
	p.Errors = f.list
	return p
}

// toProblem says in the API's words what went wrong below a handler. What is
// not known stays unsaid to the caller (500) and is logged by the adapter.
func toProblem(err error, at place) *Problem {
	var (
		p       *Problem
		faulty  *store.FaultsError
		stale   *store.ConflictError
		exists  *store.ExistsError
		inUse   *store.InUseError
		unfit   *store.InvalidError
		invalid *DocumentError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &invalid):
		return invalid.problem()
	case errors.As(err, &faulty):
		return at.faulty(faulty)
	case errors.As(err, &stale):
		return problem(http.StatusConflict, "stale_version",
			"this %s was changed in the meantime (it is at version %d): look at it again and repeat your change", stale.Kind, stale.Have)
	case errors.As(err, &exists):
		return at.exists(exists)
	case errors.As(err, &inUse):
		p := problem(http.StatusConflict, "in_use", "%s %q is still used by: %s. Take it out there first", inUse.Kind, inUse.Name, strings.Join(inUse.By, ", "))
		p.UsedBy = inUse.By
		return p
	case errors.Is(err, store.ErrConflict):
		return problem(http.StatusConflict, "stale_version", "this was changed in the meantime: look at it again and repeat your change")
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "there is no such item (any more)")
	case errors.As(err, &unfit):
		f := faults{}
		f.add(joinPath(at.path, unfit.Field), "%s", unfit.Message)
		errors.As(f.invalid(), &p)
		return p
	case errors.Is(err, store.ErrFull):
		return problem(http.StatusInsufficientStorage, "disk_full", "the disk with the data folder is full: make room and try again")
	case errors.Is(err, store.ErrBusy):
		p := problem(http.StatusServiceUnavailable, "busy", "the database is in use by another process: try again in a moment")
		p.headers = http.Header{"Retry-After": {"2"}}
		return p
	case errors.Is(err, context.Canceled):
		return problem(499, "", "the request was given up")
	}
	return nil
}

// place is where in a request the item being saved stands, so that a fault the
// data plane finds in it can be shown at its field.
type place struct {
	kind, id, name string
	path           string // "body", or "body.routes[3]"
}

// faulty makes the 422 for a change the data plane could not serve.
func (at place) faulty(e *store.FaultsError) *Problem {
	p := problem(http.StatusUnprocessableEntity, "unservable", "the proxy could not serve this configuration, so nothing was saved")
	for _, f := range e.Faults {
		mine := at.kind == f.Kind && (at.id != "" && at.id == f.ID || at.name == f.Name)
		if mine {
			p.Errors = append(p.Errors, ProblemDetail{Location: joinPath(at.path, f.Field), Message: f.Message})
			continue
		}
		p.Errors = append(p.Errors, ProblemDetail{Message: fmt.Sprintf("%s %q, %s: %s", f.Kind, f.Name, f.Field, f.Message)})
	}
	if len(p.Errors) > 0 {
		p.Detail += ": " + p.Errors[0].String()
	}
	return p
}

// exists makes the 409 for a name that is taken.
func (at place) exists(e *store.ExistsError) *Problem {
	if e.Value == "" {
		return problem(http.StatusConflict, "exists", "%s", e)
	}
	p := problem(http.StatusConflict, "exists", "there is already a %s with the %s %q: choose another", e.Kind, e.Field, e.Value)
	if at.path != "" {
		p.Errors = []ProblemDetail{{Location: joinPath(at.path, e.Field), Message: "is taken"}}
	}
	return p
}

// writeProblem answers a problem outside of huma.
func writeProblem(w http.ResponseWriter, p *Problem) {
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	// The client having gone is the only way this fails; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(p)
}

// bounded cuts s to at most n bytes, at a character's border.
func bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// joinPath appends a field to a path.
func joinPath(path, field string) string {
	switch {
	case path == "":
		return field
	case field == "":
		return path
	case strings.HasPrefix(field, "["):
		return path + field
	}
	return path + "." + field
}
