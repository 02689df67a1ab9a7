package server

import (
	"cmp"
	"maps"
	"slices"

	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage"
)

// metric is a figure that can be drawn.
type metric struct {
	histogram bool // it is read from a histogram
	// value is the figure of so many seconds; nil: nothing was measured.
	value func(f *usage.Figures, seconds float64) *float64
}

// metrics are the figures by name.
var metrics = func() map[string]metric {
	m := map[string]metric{
		"success_rate": {value: func(f *usage.Figures, _ float64) *float64 {
			if rate, ok := f.SuccessRate(); ok {
				return &rate
			}
			return nil
		}},
		"cost": {value: func(f *usage.Figures, _ float64) *float64 {
			amount := money(f).Amount
			return &amount
		}},
	}
	whole := func(name string, of func(*usage.Figures) int64) {
		m[name] = metric{value: func(f *usage.Figures, _ float64) *float64 {
			v := float64(of(f))
			return &v
		}}
	}
	perSecond := func(name string, of func(*usage.Figures) int64) {
		m[name] = metric{value: func(f *usage.Figures, seconds float64) *float64 {
			v := float64(of(f)) / max(seconds, 1)
			return &v
		}}
	}
	sum := func(c tally.Count) func(*usage.Figures) int64 {
		return func(f *usage.Figures) int64 { return f.N[c] }
	}
	counts := map[string]tally.Count{
		"requests": tally.Calls, "attempts": tally.Tries, "fallbacks": tally.Fallbacks, "rescues": tally.Rescues, "tokens": tally.Total,
		"tokens_out": tally.Output, "tokens_cached": tally.CacheRead, "tokens_reasoning": tally.Reasoning, "unpriced": tally.Unpriced,
	}
	for name, c := range counts {
		whole(name, sum(c))
	}
	for _, o := range tally.Outcomes() {
		whole(o.String(), func(f *usage.Figures) int64 { return f.Of(o) })
	}
	whole("tokens_in", prompt)
	perSecond("requests_per_s", sum(tally.Calls))
	perSecond("tokens_in_per_s", prompt)
	perSecond("tokens_out_per_s", sum(tally.Output))
	histograms := map[string]struct {
		of  func(*usage.Figures) *tally.Histogram
		sum tally.Count
	}{
		"ttft":     {func(f *usage.Figures) *tally.Histogram { return &f.TTFTs }, tally.TTFT},
		"duration": {func(f *usage.Figures) *tally.Histogram { return &f.Durations }, tally.Duration},
		"speed":    {func(f *usage.Figures) *tally.Histogram { return &f.Speeds }, tally.Speed},
	}
	for name, h := range histograms {
		m[name+"_avg"] = metric{true, func(f *usage.Figures, _ float64) *float64 { return quantiles(h.of(f), f.N[h.sum], 1000).Avg }}
		for suffix, share := range map[string]float64{"_p50": 0.5, "_p90": 0.9, "_p95": 0.95, "_p99": 0.99} {
			m[name+suffix] = metric{true, func(f *usage.Figures, _ float64) *float64 { return quantile(h.of(f), share, 1000) }}
		}
	}
	return m
}()

// seriesLines draws each metric for each value of a dimension, those with the
// most requests first; what is left over becomes other.
func seriesLines(q *question, lines usage.Lines, before map[string]*usage.Figures, in *seriesInput) []SeriesLine {
	sums := map[string]*usage.Figures{}
	for name, line := range lines {
		sums[name] = &usage.Figures{}
		for i := range line {
			sums[name].Merge(&line[i])
		}
	}
	names := slices.Collect(maps.Keys(sums))
	first := in.Metric[0]
	key := func(name string) float64 {
		if v := metrics[first].value(sums[name], q.passed); v != nil && !metrics[first].histogram && first != "success_rate" {
			return *v
		}
		return float64(sums[name].N[tally.Calls])
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(key(b), key(a)), cmp.Compare(a, b)) })
	out := []SeriesLine{}
	draw := func(name string, other bool, line []usage.Figures, now, before *usage.Figures) {
		if before == nil {
			before = &usage.Figures{}
		}
		for _, what := range in.Metric {
			m := metrics[what]
			l := SeriesLine{Metric: what, Name: name, Other: other, Values: make([]*float64, len(line)), Now: m.value(now, q.passed), Before: m.value(before, q.before)}
			for i := range line {
				l.Values[i] = m.value(&line[i], q.seconds(i))
			}
			out = append(out, l)
		}
	}
	for _, name := range names[:min(len(names), in.Limit)] {
		draw(name, false, lines[name], sums[name], before[name])
	}
	if len(names) <= in.Limit {
		if len(names) == 0 && in.By == "" {
			draw("", false, make([]usage.Figures, len(q.steps.Starts)), &usage.Figures{}, before[""])
		}
		return out
	}
	rest, now, earlier := make([]usage.Figures, len(q.steps.Starts)), &usage.Figures{}, &usage.Figures{}
	for _, name := range names[in.Limit:] {
		for i := range rest {
			rest[i].Merge(&lines[name][i])
		}
		now.Merge(sums[name])
		if before[name] != nil {
			earlier.Merge(before[name])
		}
	}
	draw(tally.Other, true, rest, now, earlier)
	return out
}

// classLines draws failures by class.
func classLines(line []usage.Figures, before *usage.Figures, limit int) []SeriesLine {
	sums := map[string]int64{}
	for i := range line {
		for class, n := range line[i].Classes {
			sums[class] += n
		}
	}
	names := slices.Collect(maps.Keys(sums))
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	if before == nil {
		before = &usage.Figures{}
	}
	number := func(n int64) *float64 {
		v := float64(n)
		return &v
	}
	out := []SeriesLine{}
	draw := func(name string, other bool, of []string) {
		l := SeriesLine{Metric: "failed", Name: name, Other: other, Values: make([]*float64, len(line))}
		add := func(classes map[string]int64) (n int64) {
			for _, class := range of {
				n += classes[class]
			}
			return n
		}
		for i := range line {
			l.Values[i] = number(add(line[i].Classes))
		}
		l.Now, l.Before = number(add(sums)), number(add(before.Classes))
		out = append(out, l)
	}
	for _, name := range names[:min(len(names), limit)] {
		draw(name, false, []string{name})
	}
	if len(names) > limit {
		draw(tally.Other, true, names[limit:])
	}
	return out
}
