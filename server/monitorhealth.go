package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage"
)

// bars is how many buckets a strip has.
const bars = 90

type healthInput struct {
	Range string `query:"range" enum:"15m,1h,6h,24h,7d,30d,90d" default:"24h" doc:"What the strips cover; at least 90 minutes"`
}

type healthOutput struct{ Body Health }

// monitorHealth shows how every provider and key does.
func (s *Server) monitorHealth(ctx context.Context, in *healthInput) (*healthOutput, error) {
	if s.opts.Usage == nil {
		return nil, noRecords()
	}
	s.sync(ctx)
	rows, err := s.opts.Store.Providers(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now().UTC()
	to := tally.Minute(now).Add(time.Minute)
	from := to.Add(-max(ranges[in.Range], bars*time.Minute))
	if in.Range != "15m" && in.Range != "1h" && in.Range != "6h" && in.Range != "24h" {
		from = tally.Piece(from)
	}
	found, err := s.opts.Usage.Health(ctx, from, to, bars)
	if err != nil {
		return nil, err
	}
	lately, err := s.opts.Usage.Health(ctx, tally.Minute(now).Add(-5*time.Minute), to, 1)
	if err != nil {
		return nil, err
	}
	h := healthOf{
		found: found, lately: lately, from: from, step: to.Sub(from) / bars,
		states: s.opts.Gateway.KeyStates(), open: s.openTargets(), errors: s.lastErrors(),
	}
	out := &healthOutput{Body: Health{
		Span: Span{From: from, To: to, StepS: int64(h.step / time.Second), TZ: "UTC", Before: from.Add(-to.Sub(from))}, Providers: []ProviderHealth{},
	}}
	for _, row := range rows {
		out.Body.Providers = append(out.Body.Providers, h.provider(row))
	}
	return out, nil
}

// healthOf is what is known about everybody's health.
type healthOf struct {
	found, lately map[usage.HealthKey]*usage.Health
	from          time.Time
	step          time.Duration
	states        map[string]proxy.KeyState
	open          map[string][]proxy.TargetState
	errors        map[string]*LastError
}

func (h *healthOf) of(k usage.HealthKey) *usage.Health {
	if have := h.found[k]; have != nil {
		return have
	}
	return &usage.Health{Strip: make([]usage.Bar, bars)}
}

func (h *healthOf) provider(row store.Provider) ProviderHealth {
	of := h.of(usage.HealthKey{Provider: row.Name})
	p := ProviderHealth{
		ID: row.ID, Name: row.Name, Vendor: row.Vendor, Enabled: row.Enabled, Tries: of.N[tally.Calls], Failed: of.N[tally.Against],
		TTFT: quantiles(&of.TTFTs, of.N[tally.TTFT], 1000), Duration: quantiles(&of.Durations, of.N[tally.Duration], 1000),
		Strip: h.strip(of), Keys: []KeyHealth{}, Targets: h.targets(row), LastError: h.errors[row.Name],
	}
	for _, key := range showProvider(row, h.states).Keys {
		of := h.of(usage.HealthKey{Provider: row.Name, KeyID: key.ID})
		p.Keys = append(p.Keys, KeyHealth{
			ID: key.ID, Name: key.Name, Hint: key.Hint, State: key.State, Class: key.Class, Reason: key.Reason, Since: key.Since, Until: key.Until,
			Tries: of.N[tally.Calls], Failed: of.N[tally.Against], Strip: h.strip(of),
		})
	}
	p.State = h.state(&p)
	return p
}

// state is the worst that holds of a provider now.
func (h *healthOf) state(p *ProviderHealth) string {
	out, on := 0, 0
	for _, k := range p.Keys {
		if k.State == "disabled" {
			continue
		}
		on++
		if k.State != proxy.KeyOK {
			out++
		}
	}
	open := 0
	for _, t := range p.Targets {
		if t.Breaker == "open" {
			open++
		}
	}
	lately := h.lately[usage.HealthKey{Provider: p.Name}]
	failing := lately != nil && lately.N[tally.Against] > 2 && 10*lately.N[tally.Against] > lately.N[tally.Calls]
	switch {
	case !p.Enabled:
		return "disabled"
	case on > 0 && out == on, open > 0 && open == len(p.Targets):
		return "down"
	case out > 0, open > 0, failing:
		return "degraded"
	case p.Tries == 0:
		return "idle"
	}
	return "ok"
}

// targets lists the models that were tried or are left alone.
func (h *healthOf) targets(row store.Provider) []TargetHealth {
	by := map[string]*TargetHealth{}
	for k, of := range h.found {
		if k.Provider == row.Name && k.Model != "" {
			by[k.Model] = &TargetHealth{
				Model: k.Model, Breaker: "closed", Tries: of.N[tally.Calls], Failed: of.N[tally.Against],
				Duration: quantiles(&of.Durations, of.N[tally.Duration], 1000),
			}
		}
	}
	for _, t := range h.open[row.ID] {
		if by[t.Model] == nil {
			by[t.Model] = &TargetHealth{Model: t.Model}
		}
		have := by[t.Model]
		have.Breaker, have.Class, have.Since, have.NextProbe = "open", string(t.Class), t.Since, t.NextProbe
	}
	list := []TargetHealth{}
	for _, t := range by {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b TargetHealth) int { return strings.Compare(a.Model, b.Model) })
	return list
}

func (h *healthOf) strip(of *usage.Health) []HealthBucket {
	list := make([]HealthBucket, len(of.Strip))
	for i, bar := range of.Strip {
		list[i] = HealthBucket{At: h.from.Add(time.Duration(i) * h.step).Unix(), Tries: bar.Tries, Failed: bar.Failed}
	}
	return list
}

// lastErrors are the latest failures by provider, among the calls in memory.
func (s *Server) lastErrors() map[string]*LastError {
	out := map[string]*LastError{}
	for _, r := range s.opts.Usage.Recent(1000) {
		for i := len(r.Attempts) - 1; i >= 0; i-- {
			a := &r.Attempts[i]
			if a.Class == "" || out[a.Provider] != nil {
				continue
			}
			out[a.Provider] = &LastError{
				At: r.Start.Add(a.Start + a.Duration).UTC(), Request: r.ID, Key: a.KeyName, Model: a.Model, Class: string(a.Class), Message: a.Message,
			}
		}
	}
	return out
}
