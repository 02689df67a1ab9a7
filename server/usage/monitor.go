package usage

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
)

// Filter picks calls by whom they count for. Values of one dimension are
// alternatives; an empty list is no condition.
type Filter struct {
	Route    []string
	Provider []string
	Model    []string // * at the end stands for any rest
	Consumer []string
	Outcome  []tally.Outcome
}

// Pass is the filter as a condition; nil: it has none.
func (f Filter) Pass() store.Pass {
	if len(f.Route)+len(f.Provider)+len(f.Model)+len(f.Consumer)+len(f.Outcome) == 0 {
		return nil
	}
	return func(s *tally.Series) bool {
		return oneOf(f.Route, s.Route) && oneOf(f.Provider, s.Provider) && Matches(f.Model, s.Model) &&
			oneOf(f.Consumer, s.Consumer) && (len(f.Outcome) == 0 || slices.Contains(f.Outcome, s.Outcome))
	}
}

func oneOf(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }

// Matches reports whether a name is one of a list, in which * at the end stands
// for any rest; an empty list has all.
func Matches(list []string, s string) bool {
	for _, pattern := range list {
		beginning, open := strings.CutSuffix(pattern, "*")
		if pattern == s || open && strings.HasPrefix(s, beginning) {
			return true
		}
	}
	return len(list) == 0
}

// kind is the kind of series that answers a question.
func (f Filter) kind(by Dimension) tally.Kind {
	if len(f.Consumer) > 0 || by == ByConsumer {
		return tally.ByConsumer
	}
	return tally.ByModel
}

// Dimension is what sums are told apart by.
type Dimension string

// The dimensions.
const (
	ByNothing  Dimension = ""
	ByRoute    Dimension = "route"
	ByProvider Dimension = "provider"
	ByModel    Dimension = "model"
	ByConsumer Dimension = "consumer"
	ByOutcome  Dimension = "outcome"
	ByKey      Dimension = "key" // of attempts: its id
)

func (d Dimension) of(s *tally.Series) string {
	switch d {
	case ByRoute:
		return s.Route
	case ByProvider:
		return s.Provider
	case ByModel:
		return s.Model
	case ByConsumer:
		return s.Consumer
	case ByOutcome:
		return s.Outcome.String()
	case ByKey:
		return s.KeyID
	}
	return ""
}

// Figures are a tally with the number of calls by outcome.
type Figures struct {
	tally.Tally
	Outcomes [tally.Left + 1]int64
}

// read adds an encoded tally of a series.
func (f *Figures) read(s *tally.Series, data []byte, want tally.Part) error {
	before := f.N[tally.Calls]
	err := f.Read(data, want)
	f.Outcomes[s.Outcome] += f.N[tally.Calls] - before
	return err
}

// Merge adds other figures.
func (f *Figures) Merge(other *Figures) {
	f.Tally.Merge(&other.Tally)
	for o, n := range other.Outcomes {
		f.Outcomes[o] += n
	}
}

// Of is the number of calls with an outcome.
func (f *Figures) Of(o tally.Outcome) int64 { return f.Outcomes[o] }

// SuccessRate is the share of calls that were served among those that could
// have been; false: there were none.
func (f *Figures) SuccessRate() (float64, bool) {
	served := f.Of(tally.OK) + f.Of(tally.Rescued)
	if served+f.Of(tally.Failed) == 0 {
		return 0, false
	}
	return float64(served) / float64(served+f.Of(tally.Failed)), true
}

// LeastStep is the smallest step for which there are sums of a span that
// begins at from, and of one as long before it.
func (r *Recorder) LeastStep(f Filter, by Dimension, from time.Time) time.Duration {
	kept := store.MinutesKept
	if f.kind(by) == tally.ByConsumer {
		kept = store.ConsumerMinutesKept
	}
	if r.now().Sub(from) <= kept/2 {
		return time.Minute
	}
	return time.Hour
}

// Lines are the figures of a span, step by step and by the values of a
// dimension.
type Lines map[string][]Figures

// Lines adds up step by step.
func (r *Recorder) Lines(ctx context.Context, f Filter, by Dimension, steps tally.Steps, want tally.Part) (Lines, error) {
	return r.lines(ctx, f.kind(by), f.Pass(), by, steps, want)
}

func (r *Recorder) lines(ctx context.Context, kind tally.Kind, pass store.Pass, by Dimension, steps tally.Steps, want tally.Part) (Lines, error) {
	lines := Lines{}
	q := query(kind, steps, pass)
	err := r.records.Sums(ctx, q, func(at time.Time, _ int64, s *tally.Series, data []byte) error {
		name := by.of(s)
		line := lines[name]
		if line == nil {
			line = make([]Figures, len(steps.Starts))
			lines[name] = line
		}
		return line[steps.Index(at)].read(s, data, want)
	})
	return lines, err
}

// query asks for sums that fall into one step each.
func query(kind tally.Kind, steps tally.Steps, pass store.Pass) store.SumQuery {
	q := store.SumQuery{Kind: kind, From: steps.Begin(), To: steps.End, Step: min(steps.Step, time.Hour), Series: pass}
	if steps.Step == 24*time.Hour {
		q.Within = func(from, to time.Time) bool { return steps.Index(from) == steps.Index(to.Add(-1)) }
	}
	return q
}

// Totals adds up a span by the values of a dimension.
func (r *Recorder) Totals(ctx context.Context, f Filter, by Dimension, from, to time.Time, want tally.Part) (map[string]*Figures, error) {
	totals := map[string]*Figures{}
	err := r.eachSum(ctx, store.SumQuery{Kind: f.kind(by), From: from, To: to, Series: f.Pass()}, want, func(s *tally.Series, f *Figures) {
		add(totals, by.of(s), f)
	})
	return totals, err
}

// eachSum adds up a span by series and calls f for each.
func (r *Recorder) eachSum(ctx context.Context, q store.SumQuery, want tally.Part, f func(*tally.Series, *Figures)) error {
	type sum struct {
		series tally.Series
		Figures
	}
	by := map[int64]*sum{}
	err := r.records.Sums(ctx, q, func(_ time.Time, id int64, s *tally.Series, data []byte) error {
		if by[id] == nil {
			by[id] = &sum{series: *s}
		}
		return by[id].read(s, data, want)
	})
	for _, s := range by {
		f(&s.series, &s.Figures)
	}
	return err
}

// add adds figures to those of a name.
func add(totals map[string]*Figures, name string, f *Figures) {
	if totals[name] == nil {
		totals[name] = &Figures{}
	}
	totals[name].Merge(f)
}

// Overview is what the first page shows of a span and the one before it.
type Overview struct {
	Chart       []Figures
	Now, Before Figures
	By          map[Dimension]map[string]*Figures // of the span
	Earlier     map[Dimension]map[string]*Figures // of the one before
	Faults      []FaultCount
	Incidents   []Incident
}

// overviewDimensions are those that an overview is told apart by, consumers
// apart, which are counted by themselves.
var overviewDimensions = []Dimension{ByRoute, ByProvider, ByModel}

// Overview adds up a span, step by step and by every dimension.
func (r *Recorder) Overview(ctx context.Context, f Filter, steps tally.Steps, before time.Time) (*Overview, error) {
	o := &Overview{By: map[Dimension]map[string]*Figures{}, Earlier: map[Dimension]map[string]*Figures{}}
	var providers Lines
	var now, earlier [3]map[string]*Figures
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		now, err = r.chart(ctx, f, steps, o)
		return err
	})
	g.Go(func() (err error) {
		earlier, err = r.before(ctx, f, before, steps.Begin(), o)
		return err
	})
	g.Go(func() (err error) {
		o.By[ByConsumer], err = r.Totals(ctx, f, ByConsumer, steps.Begin(), steps.End, tally.All)
		return err
	})
	var earlierConsumers map[string]*Figures
	g.Go(func() (err error) {
		earlierConsumers, err = r.Totals(ctx, f, ByConsumer, before, steps.Begin(), tally.All)
		return err
	})
	g.Go(func() (err error) {
		o.Faults, err = r.Faults(ctx, f, steps.Begin(), steps.End)
		return err
	})
	g.Go(func() (err error) {
		pass := Filter{Provider: f.Provider, Model: f.Model}.Pass()
		providers, err = r.lines(ctx, tally.ByKey, pass, ByProvider, steps, tally.Sums)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, d := range overviewDimensions {
		o.By[d], o.Earlier[d] = now[i], earlier[i]
	}
	o.Earlier[ByConsumer] = earlierConsumers
	o.Incidents = r.incidents(o, providers, steps)
	return o, nil
}

// chart adds a span up step by step and by dimension.
func (r *Recorder) chart(ctx context.Context, f Filter, steps tally.Steps, o *Overview) (by [3]map[string]*Figures, err error) {
	type sum struct {
		series tally.Series
		Figures
	}
	o.Chart = make([]Figures, len(steps.Starts))
	ids := map[int64]*sum{}
	q := query(f.kind(ByNothing), steps, f.Pass())
	err = r.records.Sums(ctx, q, func(at time.Time, id int64, s *tally.Series, data []byte) error {
		if ids[id] == nil {
			ids[id] = &sum{series: *s}
		}
		if err := ids[id].read(s, data, tally.All); err != nil {
			return err
		}
		return o.Chart[steps.Index(at)].read(s, data, tally.All)
	})
	for i := range by {
		by[i] = map[string]*Figures{}
	}
	for _, s := range ids {
		o.Now.Merge(&s.Figures)
		for i, d := range overviewDimensions {
			add(by[i], d.of(&s.series), &s.Figures)
		}
	}
	return by, err
}

// before adds up the span before by dimension.
func (r *Recorder) before(ctx context.Context, f Filter, from, to time.Time, o *Overview) (by [3]map[string]*Figures, err error) {
	for i := range by {
		by[i] = map[string]*Figures{}
	}
	q := store.SumQuery{Kind: f.kind(ByNothing), From: from, To: to, Series: f.Pass()}
	err = r.eachSum(ctx, q, tally.All, func(s *tally.Series, f *Figures) {
		o.Before.Merge(f)
		for i, d := range overviewDimensions {
			add(by[i], d.of(s), f)
		}
	})
	return by, err
}
