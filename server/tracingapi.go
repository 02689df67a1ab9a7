package server

import (
	"context"
	"net/url"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// TracingSpec is where traces go, as entered.
type TracingSpec struct {
	Enabled   bool              `json:"enabled" doc:"Export calls as OpenTelemetry traces"`
	Endpoint  string            `json:"endpoint,omitempty" doc:"The collector: OTLP over HTTP; /v1/traces is added where it has no path" maxLength:"2048"`
	Headers   map[string]string `json:"headers,omitempty" doc:"Sent with every export, such as a token; values are never shown again, and **** keeps one"`
	Sample    *int              `json:"sample,omitempty" doc:"Of a thousand calls whose caller does not say whether it is traced; default 1000" minimum:"0" maximum:"1000"`
	Propagate bool              `json:"propagate,omitempty" doc:"Tell vendors of the trace (traceparent); else it ends here"`
}

// Tracing is the same as the API shows it.
type Tracing struct {
	TracingSpec
	Version int64 `json:"version" doc:"Send it back with a change"`
}

// kept stands for a secret that is left as it is.
const kept = "****"

type tracingOutput struct{ Body Tracing }

// getTracing shows the settings of traces.
func (s *Server) getTracing(ctx context.Context, _ *empty) (*tracingOutput, error) {
	row, err := s.opts.Store.Tracing(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "the headers of the collector cannot be read", "error", err)
	}
	spec := TracingSpec{Enabled: row.Enabled, Endpoint: row.Endpoint, Sample: &row.Sample, Propagate: row.Propagate, Headers: map[string]string{}}
	for name := range row.Headers {
		spec.Headers[name] = kept
	}
	return &tracingOutput{Body: Tracing{spec, row.Version}}, nil
}

type putTracingInput struct {
	Basis
	Body struct {
		TracingSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// putTracing replaces the settings of traces.
func (s *Server) putTracing(ctx context.Context, in *putTracingInput) (*tracingOutput, error) {
	f := faults{}
	version := f.settingsVersion(in.Body.Version, in.IfMatch)
	f.tracing("body", in.Body.TracingSpec)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	row := store.Tracing{Enabled: in.Body.Enabled, Endpoint: in.Body.Endpoint, Sample: 1000, Propagate: in.Body.Propagate, Version: version}
	if in.Body.Sample != nil {
		row.Sample = *in.Body.Sample
	}
	err := s.change(ctx, "change where traces go", place{path: "body"}, func(tx *store.Tx) error {
		old, _ := tx.Tracing() // headers that can't be read can't be kept, which the fault below says
		row.Headers = map[string]proxy.Secret{}
		for _, name := range sortedKeys(in.Body.Headers) {
			value := proxy.Secret(in.Body.Headers[name])
			if value.Reveal() == kept {
				before, there := old.Headers[name]
				if !there {
					return fieldProblem(joinPath("body.headers", bounded(name, 64)), "has no value that could be kept: give one")
				}
				value = before
			}
			row.Headers[name] = value
		}
		return tx.PutTracing(row)
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getTracing(ctx, &empty{}) })
	}
	s.configure(ctx)
	return s.getTracing(ctx, &empty{})
}

// tracing checks the settings of traces.
func (f *faults) tracing(at string, t TracingSpec) {
	if t.Enabled && t.Endpoint == "" {
		f.add(joinPath(at, "endpoint"), "is missing: say where the collector is, such as http://localhost:4318")
	}
	if t.Endpoint != "" {
		f.webAddress(joinPath(at, "endpoint"), t.Endpoint)
	}
	if !f.atMost(joinPath(at, "headers"), len(t.Headers), maxEntries) {
		return
	}
	for _, name := range sortedKeys(t.Headers) {
		here := joinPath(joinPath(at, "headers"), bounded(name, 64))
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			f.add(here, "is not a valid header name")
		case !httpguts.ValidHeaderFieldValue(t.Headers[name]) || len(t.Headers[name]) > 4096:
			f.add(here, "is not a valid header value")
		}
	}
}

// webAddress checks a URL without showing it: it may hold a token.
func (f *faults) webAddress(at, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		f.add(at, "is not a URL: write http://host:port or https://host")
	case !slices.Contains([]string{"http", "https"}, u.Scheme):
		f.add(at, "must begin with http:// or https://")
	case u.User != nil:
		f.add(at, "holds a user name or password: send it as a header")
	}
}
