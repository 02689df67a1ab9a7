package server

import (
	"cmp"
	"maps"
	"slices"

	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage"
)

// The figures of package usage in the API's words.

// totals shows figures of so many seconds.
func totals(f *usage.Figures, seconds float64) Totals {
	n := func(c tally.Count) int64 { return f.N[c] }
	t := Totals{
		Requests: n(tally.Calls), OK: f.Of(tally.OK), Rescued: f.Of(tally.Rescued), Failed: f.Of(tally.Failed), Refused: f.Of(tally.Refused), Left: f.Of(tally.Left),
		Attempts: n(tally.Tries), Fallbacks: n(tally.Fallbacks), Rescues: n(tally.Rescues), Streams: n(tally.Streams),
		Tokens: Tokens{
			Input: n(tally.Input), CacheRead: n(tally.CacheRead), CacheWrite: n(tally.CacheWrite), CacheWrite1h: n(tally.CacheWrite1h),
			Output: n(tally.Output), Reasoning: n(tally.Reasoning), AudioIn: n(tally.AudioIn), AudioOut: n(tally.AudioOut), Images: n(tally.Images),
			AudioMs: n(tally.AudioMillis), Total: n(tally.Total), Estimated: n(tally.Estimated), Unknown: n(tally.Unmetered),
		},
		Cost: money(f), BytesIn: n(tally.BytesIn), BytesOut: n(tally.BytesOut), Shed: n(tally.Shed),
		TTFT:     quantiles(&f.TTFTs, n(tally.TTFT), 1000),
		Duration: quantiles(&f.Durations, n(tally.Duration), 1000),
		Speed:    quantiles(&f.Speeds, n(tally.Speed), 1000),
	}
	if rate, ok := f.SuccessRate(); ok {
		t.SuccessRate = &rate
	}
	if seconds > 0 {
		t.RequestsPerS = float64(t.Requests) / seconds
		t.TokensInPerS = float64(prompt(f)) / seconds
		t.TokensOutPerS = float64(t.Tokens.Output) / seconds
	}
	return t
}

func prompt(f *usage.Figures) int64 {
	return f.N[tally.Input] + f.N[tally.CacheRead] + f.N[tally.CacheWrite]
}

// nano is how many parts a unit of money has.
const nano = 1e9

// money shows what was spent. Where the display currency was changed, the one
// that most was spent in stands for it; the vendors' own are all there.
func money(f *usage.Figures) Money {
	m := Money{Unpriced: f.N[tally.Unpriced], ByCurrency: []CurrencyAmount{}}
	most := tally.Money{}
	for _, shown := range f.Shown {
		if most.Currency == "" || shown.Nano > most.Nano {
			most = shown
		}
	}
	m.Amount, m.Currency = float64(most.Nano)/nano, most.Currency
	for _, spent := range f.Spent {
		m.ByCurrency = append(m.ByCurrency, CurrencyAmount{Currency: spent.Currency, Amount: float64(spent.Nano) / nano})
	}
	return m
}

// quantiles describes a histogram whose values are so many to the unit shown.
func quantiles(h *tally.Histogram, sum int64, per float64) Quantiles {
	q := Quantiles{Count: int64(h.Count())}
	if q.Count == 0 {
		return q
	}
	avg := float64(sum) / float64(q.Count) / per
	q.Avg = &avg
	for share, at := range map[float64]**float64{0.5: &q.P50, 0.9: &q.P90, 0.95: &q.P95, 0.99: &q.P99} {
		*at = quantile(h, share, per)
	}
	return q
}

func quantile(h *tally.Histogram, share, per float64) *float64 {
	v, ok := h.Quantile(share)
	if !ok {
		return nil
	}
	v /= per
	return &v
}

func times(s tally.Steps) []int64 {
	list := make([]int64, len(s.Starts))
	for i, at := range s.Starts {
		list[i] = at.Unix()
	}
	return list
}

// seconds is how much of a step has passed.
func (q *question) seconds(i int) float64 {
	end := q.steps.End
	if i+1 < len(q.steps.Starts) {
		end = q.steps.Starts[i+1]
	}
	whole := end.Sub(q.steps.Starts[i]).Seconds()
	passed := q.passed - q.steps.Starts[i].Sub(q.steps.Begin()).Seconds()
	return max(min(whole, passed), 1)
}

// chart shows a span in columns.
func chart(q *question, line []usage.Figures) Chart {
	n := len(line)
	c := Chart{Times: times(q.steps)}
	for _, column := range []*[]int64{&c.OK, &c.Rescued, &c.Failed, &c.Refused, &c.Left, &c.Fallbacks, &c.Rescues, &c.CacheRead, &c.Prompt, &c.Unpriced} {
		*column = make([]int64, n)
	}
	for _, column := range []*[]float64{&c.TokensInPerS, &c.TokensOutPerS, &c.Cost} {
		*column = make([]float64, n)
	}
	for _, column := range []*[]*float64{&c.SuccessRate, &c.TTFTP50, &c.TTFTP95, &c.TTFTP99, &c.DurationP50, &c.DurationP95, &c.DurationP99} {
		*column = make([]*float64, n)
	}
	for i := range line {
		f := &line[i]
		c.OK[i], c.Rescued[i], c.Failed[i], c.Refused[i], c.Left[i] = f.Of(tally.OK), f.Of(tally.Rescued), f.Of(tally.Failed), f.Of(tally.Refused), f.Of(tally.Left)
		c.Fallbacks[i], c.Rescues[i], c.CacheRead[i], c.Prompt[i] = f.N[tally.Fallbacks], f.N[tally.Rescues], f.N[tally.CacheRead], prompt(f)
		seconds := q.seconds(i)
		c.TokensInPerS[i], c.TokensOutPerS[i] = float64(prompt(f))/seconds, float64(f.N[tally.Output])/seconds
		m := money(f)
		c.Cost[i], c.Unpriced[i] = m.Amount, m.Unpriced
		if rate, ok := f.SuccessRate(); ok {
			c.SuccessRate[i] = &rate
		}
		c.TTFTP50[i], c.TTFTP95[i], c.TTFTP99[i] = quantile(&f.TTFTs, 0.5, 1000), quantile(&f.TTFTs, 0.95, 1000), quantile(&f.TTFTs, 0.99, 1000)
		c.DurationP50[i], c.DurationP95[i], c.DurationP99[i] = quantile(&f.Durations, 0.5, 1000), quantile(&f.Durations, 0.95, 1000), quantile(&f.Durations, 0.99, 1000)
	}
	return c
}

// topRows ranks the values of a dimension; what is left over becomes other.
func topRows(q *question, now, before map[string]*usage.Figures, sort string, limit int) []TopRow {
	names := slices.Collect(maps.Keys(now))
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(now[b], sort), rank(now[a], sort)), cmp.Compare(a, b))
	})
	rows := []TopRow{}
	var rest, restBefore usage.Figures
	for i, name := range names {
		earlier := before[name]
		if earlier == nil {
			earlier = &usage.Figures{}
		}
		if i >= limit {
			rest.Merge(now[name])
			restBefore.Merge(earlier)
			continue
		}
		rows = append(rows, TopRow{Name: name, Now: totals(now[name], q.passed), Before: totals(earlier, q.before)})
	}
	if more := len(names) - limit; more > 0 {
		rows = append(rows, TopRow{Name: tally.Other, Other: true, Count: more, Now: totals(&rest, q.passed), Before: totals(&restBefore, q.before)})
	}
	return rows
}

// rank is what a ranking goes by.
func rank(f *usage.Figures, sort string) float64 {
	value := func(q *float64) float64 {
		if q == nil {
			return 0
		}
		return *q
	}
	switch sort {
	case "tokens":
		return float64(f.N[tally.Total])
	case "cost":
		return money(f).Amount
	case "failed":
		return float64(f.Of(tally.Failed))
	case "duration":
		return value(quantile(&f.Durations, 0.95, 1))
	case "ttft":
		return value(quantile(&f.TTFTs, 0.95, 1))
	}
	return float64(f.N[tally.Calls])
}

func showErrors(list []usage.FaultCount, limit int) []TopError {
	out := []TopError{}
	for _, f := range list[:min(len(list), limit)] {
		out = append(out, TopError{
			Class: f.Class, Message: f.Message, Provider: f.Provider, Model: f.Model, Tries: f.Tries, Requests: f.Requests, Last: f.Last,
		})
	}
	return out
}

func showIncidents(list []usage.Incident) []Incident {
	out := []Incident{}
	for _, in := range list {
		kind := "failing"
		if in.AtProvider {
			kind = "provider"
		}
		out = append(out, Incident{
			From: in.From, To: in.To, Open: in.Open, Kind: kind, Provider: in.Provider, Requests: in.Requests, Failed: in.Failed,
			Rescued: in.Rescued, Message: in.Message,
		})
	}
	return out
}
