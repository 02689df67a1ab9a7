package server

import (
	"context"
	"net/http"
	"net/url"

	"github.com/posthouse/posthouse/proxy"
)

// Question is a request as far as routing looks at it.
type Question struct {
	Method   string            `json:"method,omitempty" doc:"Default POST" maxLength:"16"`
	Host     string            `json:"host,omitempty" maxLength:"253"`
	Path     string            `json:"path,omitempty" doc:"Default /v1/chat/completions" maxLength:"1024"`
	Headers  map[string]string `json:"headers,omitempty"`
	Query    map[string]string `json:"query,omitempty"`
	Model    string            `json:"model" maxLength:"512"`
	Consumer string            `json:"consumer,omitempty" doc:"A consumer's name; empty: a caller without a key" maxLength:"128"`
}

// Explanation says which way a request would go now, and why.
type Explanation struct {
	Endpoint   string       `json:"endpoint"`
	Route      string       `json:"route" doc:"The route that serves; empty: none written, found by the providers' own models"`
	Reason     string       `json:"reason"`
	Considered []Considered `json:"considered" doc:"Every route in order, up to the one that matched"`
	Targets    []Planned    `json:"targets" doc:"In the order they would be tried, weights apart"`
	Error      string       `json:"error,omitempty" doc:"Why the request would be refused"`
}

// Considered is a route that was looked at.
type Considered struct {
	Route   string `json:"route"`
	Matched bool   `json:"matched"`
	Why     string `json:"why"`
}

// Planned is a target as it would be tried.
type Planned struct {
	Step     int     `json:"step" doc:"0 for the route's own targets, then the fallback steps"`
	Provider string  `json:"provider"`
	Model    string  `json:"model"`
	Share    float64 `json:"share" doc:"Of its step's traffic, 0 to 1"`
	Place    string  `json:"place,omitempty" doc:"Why it stands where it does"`
	Usable   bool    `json:"usable"`
	Why      string  `json:"why,omitempty" doc:"Why not, or which keys are out"`
}

type (
	explainInput  struct{ Body Question }
	explainOutput struct{ Body Explanation }
)

// explain tells which way a request would go now, and why.
func (s *Server) explain(_ context.Context, in *explainInput) (*explainOutput, error) {
	q := proxy.Question{
		Method: in.Body.Method, Host: in.Body.Host, Path: in.Body.Path, Model: in.Body.Model, Consumer: in.Body.Consumer,
		Header: http.Header{}, Query: url.Values{},
	}
	if q.Method == "" {
		q.Method = http.MethodPost
	}
	if q.Path == "" {
		q.Path = "/v1/chat/completions"
	}
	for name, value := range in.Body.Headers {
		q.Header.Set(name, value)
	}
	for name, value := range in.Body.Query {
		q.Query.Set(name, value)
	}
	return &explainOutput{Body: showExplanation(s.opts.Gateway.Explain(q))}, nil
}

// showExplanation converts the data plane's answer.
func showExplanation(e proxy.Explanation) Explanation {
	out := Explanation{
		Endpoint: e.Endpoint, Route: e.Route, Reason: e.Reason, Error: e.Error,
		Considered: make([]Considered, 0, len(e.Considered)), Targets: make([]Planned, 0, len(e.Targets)),
	}
	for _, c := range e.Considered {
		out.Considered = append(out.Considered, Considered(c))
	}
	for _, t := range e.Targets {
		p := Planned{Step: t.Step, Provider: t.Provider, Model: t.Model, Share: t.Share, Usable: t.Usable, Why: t.Why}
		if t.Place.By != "" {
			p.Place = t.Place.String()
		}
		out.Targets = append(out.Targets, p)
	}
	return out
}
