package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage"
)

// SpanInput is the part of a monitoring question that says when, and of what.
type SpanInput struct {
	TimeInput
	TZ string `query:"tz" doc:"Where days begin, as an IANA name; default UTC" example:"Asia/Shanghai" maxLength:"64"`
	DimensionInput
}

// TimeInput says when.
type TimeInput struct {
	Range string    `query:"range" enum:"15m,1h,6h,24h,7d,30d,90d" doc:"Up to now. Instead of from and to"`
	From  time.Time `query:"from" doc:"The beginning; instead of range"`
	To    time.Time `query:"to" doc:"The end; default now"`
}

// DimensionInput picks requests by the dimensions of the roll-ups. Values of
// one are alternatives, dimensions must hold together. An empty value stands
// for none (route= is requests without a route).
type DimensionInput struct {
	Route    []string `query:"route,explode" maxItems:"50" doc:"Names; may be repeated"`
	Provider []string `query:"provider,explode" maxItems:"50" doc:"Names of who answered, or was tried last; may be repeated"`
	Model    []string `query:"model,explode" maxItems:"50" doc:"The model that answered, or was tried last; may be repeated; * at the end stands for any rest"`
	Consumer []string `query:"consumer,explode" maxItems:"50" doc:"Names; may be repeated"`
	Outcome  []string `query:"outcome,explode" maxItems:"5" enum:"ok,rescued,failed,refused,left" doc:"What came of it; may be repeated"`
}

// Resolve implements huma.Resolver: huma takes a value that is empty for one
// that is not there, but it stands for none.
func (in *DimensionInput) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	sent := u.Query()
	for name, list := range map[string]*[]string{"route": &in.Route, "provider": &in.Provider, "model": &in.Model, "consumer": &in.Consumer} {
		if len(*list) == 0 && len(sent[name]) > 0 {
			*list = sent[name]
		}
	}
	return nil
}

// ranges are the spans that have a name.
var ranges = map[string]time.Duration{
	"15m": 15 * time.Minute, "1h": time.Hour, "6h": 6 * time.Hour, "24h": 24 * time.Hour,
	"7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour, "90d": 90 * 24 * time.Hour,
}

// longestSpan bounds what is asked for at once: the sums of ten years of days.
const longestSpan = 10 * 366 * 24 * time.Hour

func (in *DimensionInput) filter() usage.Filter {
	f := usage.Filter{Route: in.Route, Provider: in.Provider, Model: in.Model, Consumer: in.Consumer}
	for _, name := range in.Outcome {
		f.Outcome = append(f.Outcome, tally.ParseOutcome(name))
	}
	return f
}

// bounds are when a question is about; zero where it does not say.
func (in *TimeInput) bounds(now time.Time) (from, to time.Time, err error) {
	f := faults{}
	switch {
	case in.Range != "" && (!in.From.IsZero() || !in.To.IsZero()):
		f.add("query.range", "is given together with from or to: choose one")
	case in.Range != "":
		return now.Add(-ranges[in.Range]), now, nil
	}
	from, to = in.From, in.To
	if to.IsZero() && !from.IsZero() {
		to = now
	}
	switch {
	case !from.IsZero() && !from.Before(to):
		f.add("query.from", "is not before to")
	case from.IsZero() && !to.IsZero() && in.Range == "":
		from = time.Unix(0, 0)
	}
	return from, to, f.invalid()
}

// question is a span to be answered.
type question struct {
	filter usage.Filter
	steps  tally.Steps
	span   Span
	passed float64 // seconds of the span that are over
	before float64 // seconds of the one before it
}

// ask makes a question of what a client sends. Least says which steps there
// are sums for.
func (s *Server) ask(in *SpanInput, by usage.Dimension) (*question, error) {
	if s.opts.Usage == nil {
		return nil, noRecords()
	}
	now := s.now()
	from, to, err := in.bounds(now)
	if err != nil {
		return nil, err
	}
	if to.IsZero() {
		from, to = now.Add(-24*time.Hour), now
	}
	f := faults{}
	if to.Sub(from) > longestSpan {
		f.add("query.from", "is more than ten years before to")
	}
	zone, err := time.LoadLocation(in.TZ)
	if err != nil || in.TZ == "Local" {
		f.add("query.tz", "is not a time zone: write it like Asia/Shanghai")
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	q := &question{filter: in.filter()}
	q.steps = tally.Cut(from, to, s.opts.Usage.LeastStep(q.filter, by, from), zone)
	begin, end := q.steps.Begin(), q.steps.End
	before := begin.Add(-end.Sub(begin))
	if q.steps.Step == 24*time.Hour {
		before = tally.DayStart(begin.In(zone).AddDate(0, 0, -len(q.steps.Starts)).Add(12*time.Hour), zone)
	}
	q.span = Span{From: begin, To: end, StepS: int64(q.steps.Step / time.Second), TZ: zone.String(), Before: before}
	q.passed = max(minTime(end, now).Sub(begin).Seconds(), 1)
	q.before = begin.Sub(before).Seconds()
	return q, nil
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func noRecords() error {
	return problem(http.StatusServiceUnavailable, "no_records", "calls are not being recorded here")
}

// syncTime is how long a page waits for what just happened to be written.
const syncTime = 300 * time.Millisecond

// sync has what waits written, so that a page shows what just happened.
func (s *Server) sync(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, syncTime)
	defer cancel()
	s.opts.Usage.Sync(ctx)
}

type overviewOutput struct{ Body Overview }

// overview shows how a span went.
func (s *Server) overview(ctx context.Context, in *SpanInput) (*overviewOutput, error) {
	q, err := s.ask(in, usage.ByNothing)
	if err != nil {
		return nil, err
	}
	s.sync(ctx)
	o, err := s.opts.Usage.Overview(ctx, q.filter, q.steps, q.span.Before)
	if err != nil {
		return nil, err
	}
	const rows = 10
	out := &overviewOutput{Body: Overview{
		Span: q.span, Now: totals(&o.Now, q.passed), Before: totals(&o.Before, q.before), Chart: chart(q, o.Chart),
		Errors: showErrors(o.Faults, rows), Incidents: showIncidents(o.Incidents), System: s.system(ctx),
	}}
	lists := map[usage.Dimension]*[]TopRow{
		usage.ByProvider: &out.Body.Providers, usage.ByModel: &out.Body.Models, usage.ByConsumer: &out.Body.Consumers, usage.ByRoute: &out.Body.Routes,
	}
	for d, list := range lists {
		*list = topRows(q, o.By[d], o.Earlier[d], "requests", rows)
	}
	return out, nil
}

type seriesInput struct {
	SpanInput
	Metric []string `query:"metric,explode" maxItems:"8" enum:"requests,ok,rescued,failed,refused,left,success_rate,attempts,fallbacks,rescues,tokens,tokens_in,tokens_out,tokens_cached,tokens_reasoning,requests_per_s,tokens_in_per_s,tokens_out_per_s,cost,unpriced,ttft_avg,ttft_p50,ttft_p90,ttft_p95,ttft_p99,duration_avg,duration_p50,duration_p90,duration_p95,duration_p99,speed_avg,speed_p50,speed_p90,speed_p95,speed_p99" doc:"What to draw; default requests; may be repeated"`
	By     string   `query:"by" enum:"route,provider,model,consumer,outcome,class" doc:"One line for each value of it; default one line. class counts failures, whatever the metric"`
	Limit  int      `query:"limit" minimum:"1" maximum:"50" default:"8" doc:"Lines at most; the rest becomes other"`
}

type seriesOutput struct{ Body Series }

// series shows lines over time.
func (s *Server) series(ctx context.Context, in *seriesInput) (*seriesOutput, error) {
	by := usage.Dimension(in.By)
	if in.By == "class" {
		by = usage.ByNothing
	}
	q, err := s.ask(&in.SpanInput, by)
	if err != nil {
		return nil, err
	}
	if len(in.Metric) == 0 {
		in.Metric = []string{"requests"}
	}
	s.sync(ctx)
	want := tally.Sums
	for _, m := range in.Metric {
		if metrics[m].histogram {
			want = tally.All
		}
	}
	lines, err := s.opts.Usage.Lines(ctx, q.filter, by, q.steps, want)
	if err != nil {
		return nil, err
	}
	before, err := s.opts.Usage.Totals(ctx, q.filter, by, q.span.Before, q.span.From, want)
	if err != nil {
		return nil, err
	}
	out := &seriesOutput{Body: Series{Span: q.span, By: in.By, Times: times(q.steps)}}
	if in.By == "class" {
		out.Body.Lines = classLines(lines[""], before[""], in.Limit)
		return out, nil
	}
	out.Body.Lines = seriesLines(q, lines, before, in)
	return out, nil
}

type topInput struct {
	SpanInput
	By    string `query:"by" enum:"route,provider,model,consumer,outcome,error,slowest,dearest" default:"model"`
	Sort  string `query:"sort" enum:"requests,tokens,cost,failed,duration,ttft" default:"requests" doc:"For the dimensions; duration and ttft are the p95"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"10"`
}

type topOutput struct{ Body Top }

// top shows a ranking.
func (s *Server) top(ctx context.Context, in *topInput) (*topOutput, error) {
	by := usage.Dimension(in.By)
	q, err := s.ask(&in.SpanInput, by)
	if err != nil {
		return nil, err
	}
	s.sync(ctx)
	out := &topOutput{Body: Top{Span: q.span, By: in.By, Rows: []TopRow{}, Errors: []TopError{}, Requests: []Call{}}}
	switch in.By {
	case "error":
		list, err := s.opts.Usage.Faults(ctx, q.filter, q.span.From, q.span.To)
		out.Body.Errors = showErrors(list, in.Limit)
		return out, err
	case "slowest", "dearest":
		rows, err := s.opts.Usage.Extremes(ctx, in.By == "slowest", q.filter, q.span.From, q.span.To, in.Limit)
		out.Body.Requests = showRows(rows)
		return out, err
	}
	now, err := s.opts.Usage.Totals(ctx, q.filter, by, q.span.From, q.span.To, tally.All)
	if err != nil {
		return nil, fmt.Errorf("top by %s: %w", in.By, err)
	}
	before, err := s.opts.Usage.Totals(ctx, q.filter, by, q.span.Before, q.span.From, tally.All)
	if err != nil {
		return nil, fmt.Errorf("top by %s: %w", in.By, err)
	}
	out.Body.Rows = topRows(q, now, before, in.Sort, in.Limit)
	return out, nil
}
