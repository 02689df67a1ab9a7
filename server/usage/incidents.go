package usage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
)

// FaultCount is how often something went wrong at a provider.
type FaultCount struct {
	store.Fault
	Provider, Model string
	Tries           int64     // attempts that failed so
	Requests        int64     // calls that ended so
	Last            time.Time // the end of the piece in which it last happened
}

// Faults counts what went wrong in a span, by whole hours, the most frequent
// first.
func (r *Recorder) Faults(ctx context.Context, f Filter, from, to time.Time) ([]FaultCount, error) {
	type place struct {
		store.Fault
		provider, model string
	}
	by := map[place]*FaultCount{}
	pass := f.Pass()
	// Attempts do not know whose call they are of.
	callsOnly := len(f.Route)+len(f.Consumer)+len(f.Outcome) > 0
	err := r.records.FaultSums(ctx, from, to, pass, func(at time.Time, s *tally.Series, fault store.Fault, n int64) {
		if s.Kind == tally.ByKey && callsOnly {
			return
		}
		p := place{fault, s.Provider, s.Model}
		if by[p] == nil {
			by[p] = &FaultCount{Fault: fault, Provider: s.Provider, Model: s.Model}
		}
		if s.Kind == tally.ByKey {
			by[p].Tries += n
		} else {
			by[p].Requests += n
		}
		if end := at.Add(time.Hour); end.After(by[p].Last) {
			by[p].Last = end
		}
	})
	list := make([]FaultCount, 0, len(by))
	now := r.now().UTC()
	for _, c := range by {
		if c.Last.After(now) {
			c.Last = now
		}
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b FaultCount) int {
		return cmp.Or(cmp.Compare(max(b.Tries, b.Requests), max(a.Tries, a.Requests)), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Model, b.Model))
	})
	return list, err
}

// Incident is a time with bad outcomes.
type Incident struct {
	From, To time.Time
	Open     bool   // it reaches to now
	Provider string // that failed (most); empty: none in particular
	// AtProvider says that it is about attempts at the provider; callers may
	// not have noticed.
	AtProvider bool
	Requests   int64
	Failed     int64
	Rescued    int64
	Message    string // the most frequent cause; empty: not known
}

const (
	// A step is bad when at least leastFailed calls and badShare of those that
	// could have been served failed; at a provider, when badTries of the
	// attempts did.
	leastFailed = 3
	badShare    = 0.05
	badTries    = 0.5
	// maxIncidents bounds how many are listed: the newest.
	maxIncidents = 50
)

// incidents finds the times with bad outcomes, oldest first.
func (r *Recorder) incidents(o *Overview, providers Lines, steps tally.Steps) []Incident {
	now := r.now()
	all := spans(steps, now, func(i int) (Incident, bool) {
		f := &o.Chart[i]
		in := Incident{Failed: f.Of(tally.Failed), Rescued: f.Of(tally.Rescued), Requests: f.N[tally.Calls]}
		rate, ok := f.SuccessRate()
		return in, ok && in.Failed >= leastFailed && 1-rate >= badShare
	})
	for i := range all {
		all[i].Provider = worst(providers, steps, all[i])
	}
	for name, line := range providers {
		if name == "" {
			continue
		}
		list := spans(steps, now, func(i int) (Incident, bool) {
			f := &line[i]
			in := Incident{Failed: f.N[tally.Against], Requests: f.N[tally.Calls], Provider: name, AtProvider: true, Rescued: o.Chart[i].Of(tally.Rescued)}
			return in, in.Failed >= leastFailed && float64(in.Failed) >= badTries*float64(in.Requests)
		})
		all = append(all, list...)
	}
	for i := range all {
		all[i].Message = message(o.Faults, all[i])
	}
	slices.SortFunc(all, func(a, b Incident) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Provider, b.Provider)) })
	return all[max(0, len(all)-maxIncidents):]
}

// spans joins the steps that are bad, over a single good one too.
func spans(steps tally.Steps, now time.Time, bad func(i int) (Incident, bool)) []Incident {
	var list []Incident
	last := -3
	for i, at := range steps.Starts {
		in, is := bad(i)
		if !is {
			continue
		}
		end := steps.End
		if i+1 < len(steps.Starts) {
			end = steps.Starts[i+1]
		}
		if i-last > 2 {
			in.From = at
			list = append(list, in)
		} else {
			have := &list[len(list)-1]
			have.Failed, have.Requests, have.Rescued = have.Failed+in.Failed, have.Requests+in.Requests, have.Rescued+in.Rescued
		}
		have := &list[len(list)-1]
		have.To, have.Open = end, !now.After(end.Add(steps.Step))
		if have.To.After(now) {
			have.To = now.UTC()
		}
		last = i
	}
	return list
}

// worst is the provider whose attempts failed most in an incident.
func worst(providers Lines, steps tally.Steps, in Incident) (name string) {
	most := int64(0)
	for provider, line := range providers {
		failed := int64(0)
		for i, at := range steps.Starts {
			if !at.Before(in.From) && at.Before(in.To) {
				failed += line[i].N[tally.Against]
			}
		}
		if failed > most || failed == most && failed > 0 && provider < name {
			name, most = provider, failed
		}
	}
	return name
}

// message is the most frequent cause at an incident's provider in the whole
// span, which is what is known of it.
func message(faults []FaultCount, in Incident) string {
	for _, f := range faults { // the most frequent first
		if in.Provider == "" || f.Provider == in.Provider {
			return f.Message
		}
	}
	return ""
}

// Bar is one bar of a strip: attempts, and how many of them failed.
type Bar struct{ Tries, Failed int64 }

// Health is how a provider, key or model does.
type Health struct {
	Figures
	Strip []Bar
}

// HealthKey names whose health it is: a provider, and of it a key, a model or
// neither.
type HealthKey struct{ Provider, KeyID, Model string }

// Health adds up attempts by provider, key and model, in so many bars.
func (r *Recorder) Health(ctx context.Context, from, to time.Time, bars int) (map[HealthKey]*Health, error) {
	out := map[HealthKey]*Health{}
	span := to.Sub(from)
	step := time.Minute
	if r.now().Sub(from) > store.MinutesKept {
		step = time.Hour
	}
	q := store.SumQuery{Kind: tally.ByKey, From: from, To: to, Step: step}
	err := r.records.Sums(ctx, q, func(at time.Time, _ int64, s *tally.Series, data []byte) error {
		var f Figures
		if err := f.read(s, data, tally.All); err != nil {
			return err
		}
		bar := min(int(int64(bars)*int64(at.Sub(from))/int64(span)), bars-1)
		whose := []HealthKey{{Provider: s.Provider}}
		if s.KeyID != "" {
			whose = append(whose, HealthKey{Provider: s.Provider, KeyID: s.KeyID})
		}
		if s.Model != "" {
			whose = append(whose, HealthKey{Provider: s.Provider, Model: s.Model})
		}
		for _, k := range whose {
			h := out[k]
			if h == nil {
				h = &Health{Strip: make([]Bar, bars)}
				out[k] = h
			}
			h.Merge(&f)
			h.Strip[bar].Tries += f.N[tally.Calls]
			h.Strip[bar].Failed += f.N[tally.Against]
		}
		return nil
	})
	return out, err
}
