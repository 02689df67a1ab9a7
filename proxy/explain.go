package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// Question is a request as far as routing looks at it.
type Question struct {
	Method   string // empty: POST
	Host     string // empty: localhost
	Path     string // empty: /v1/chat/completions
	Header   http.Header
	Query    url.Values
	Model    string
	Consumer string // Consumer.Name; empty: a caller without a key
}

// Explanation answers which way a request would go now, and why.
type Explanation struct {
	Endpoint   string       // the endpoint's path, empty if none fits
	Route      string       // the written route that serves; empty when routed by the providers' own models
	Reason     string       // one sentence: why this way
	Considered []Considered // every written route in order, up to the one that matched
	Targets    []Planned    // in the order in which they would be tried, weights apart
	Error      string       // why the request would be refused, if it would
}

// Considered is a route that was looked at.
type Considered struct {
	Route   string
	Matched bool
	Why     string // why it did not match
}

// Planned is a target as it would be tried.
type Planned struct {
	Step     int // 0 for the route's own targets, then 1, 2, … for fallback steps
	Provider string
	Model    string  // the name asked for at the provider
	Share    float64 // of its step's traffic, 0…1
	Place    Place   // what put it there
	Usable   bool
	Why      string // why it is not usable now
}

// Explain tells which way a request would go now, and why. It asks nobody.
func (g *Gateway) Explain(q Question) Explanation {
	snap := g.snapshot.Load()
	q.fill()
	r := &http.Request{Method: q.Method, Host: q.Host, Header: q.Header, URL: &url.URL{Path: q.Path}}
	e, failed := g.accept(g.dialectOf(r), r)
	if failed != nil {
		return Explanation{Error: failed.Message}
	}
	ex := Explanation{Endpoint: e.endpoint.Path}
	var c *consumer
	if q.Consumer != "" {
		if c = snap.consumers[q.Consumer]; c == nil {
			ex.Error = "There is no consumer called " + q.Consumer + "."
			return ex
		}
	}
	if !c.mayAsk(q.Model) {
		ex.Error = "The consumer " + q.Consumer + " may not ask for this model; it may ask for " + strings.Join(c.models, ", ") + "."
		return ex
	}
	w, failed := snap.find(&q, e.before, c)
	ex.Considered, ex.Reason = w.looked, w.reason
	if w.route != nil {
		ex.Route = w.route.name
	}
	if failed != nil {
		ex.Error = failed.Message
	}
	ex.Targets = g.planned(&w, q.Model)
	return ex
}

// fill puts in what a chat request from this machine would have.
func (q *Question) fill() {
	if q.Method == "" {
		q.Method = http.MethodPost
	}
	if q.Host == "" {
		q.Host = "localhost"
	}
	if q.Path == "" {
		q.Path = "/v1/chat/completions"
	}
}

// planned lists the targets of a way with their shares and states.
func (g *Gateway) planned(w *way, asked string) []Planned {
	by, f := w.balance(), g.field(g.snapshot.Load(), true, 1000)
	f.draw = func() float64 { return 0.5 } // no draw, no exploring
	var list []Planned
	for i := range w.steps {
		candidates := w.steps[i].candidates(nil, i, asked)
		total := 0
		for _, c := range candidates {
			total += c.weight
		}
		if by != BalanceWeighted {
			f.order(by, candidates)
		}
		first := true // of the usable ones
		for _, c := range candidates {
			p := Planned{Step: i, Provider: c.name, Model: c.model, Share: float64(c.weight) / float64(total), Place: c.place}
			p.Why = g.unusable(&c.target, c.model)
			p.Usable = p.Why == ""
			if by != BalanceWeighted && by != BalanceLeastInFlight {
				p.Share = 0
				if p.Usable && first {
					p.Share, first = 1, false
				}
			}
			if by == BalanceWeighted && len(candidates) > 1 {
				p.Place = Place{By: by, Value: float64(c.weight)}
			}
			list = append(list, p)
		}
	}
	return list
}

// unusable says why a target can't be asked now, or nothing if it can.
func (g *Gateway) unusable(t *target, model string) string {
	switch {
	case t.provider == nil:
		return "the provider is switched off or at fault"
	case g.breakers.isOpen(breakerKey{t.provider.id, model}):
		return "it failed too often just now; one call every few seconds finds out whether it is back"
	case t.provider.keyless:
		return ""
	}
	out := g.keyring.states(t.provider.keys)
	for _, k := range t.provider.keys {
		if state, is := out[k.id]; !is || !g.now().Before(state.Until) {
			return ""
		}
	}
	for _, k := range t.provider.keys {
		return "every key is " + out[k.id].State + ": " + out[k.id].Reason
	}
	return "no key is switched on"
}
