package server

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage"
)

// RequestFilter picks requests of the log.
type RequestFilter struct {
	DimensionInput
	Asked    []string `query:"asked,explode" maxItems:"50" doc:"The model the client asked for; * at the end stands for any rest"`
	Class    []string `query:"class,explode" maxItems:"50" doc:"What went wrong, such as rate_limited; * is anything"`
	Status   []string `query:"status,explode" maxItems:"50" doc:"HTTP status, as 429 or 5xx"`
	Op       []string `query:"op,explode" maxItems:"50"`
	Key      string   `query:"key" maxLength:"128" doc:"Name of the provider's key that was tried"`
	ClientIP string   `query:"client_ip" maxLength:"64"`
	Stream   string   `query:"stream" enum:"true,false"`
	Rescued  string   `query:"rescued" enum:"true,false" doc:"A stream that broke off was finished by another target"`
	Fallback string   `query:"fallback" enum:"true,false" doc:"A second target was asked"`
	MinMs    int64    `query:"min_ms" minimum:"0" doc:"It took at least so long"`
	MinTTFT  int64    `query:"min_ttft_ms" minimum:"0"`
	MinCost  float64  `query:"min_cost" minimum:"0" doc:"In the display currency"`
	MinToken int64    `query:"min_tokens" minimum:"0"`
	Text     string   `query:"q" maxLength:"200" doc:"Part of an error message of the request or one of its attempts, or a request's id"`
}

type callsInput struct {
	RequestFilter
	TimeInput
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Before string `query:"before" maxLength:"64" doc:"Only requests older than this: next of the page before"`
	Facets bool   `query:"facets" doc:"Also count the values of the dimensions"`
}

type callsOutput struct {
	Body struct {
		Requests []Call  `json:"requests" doc:"Newest first"`
		Next     string  `json:"next" doc:"Where the next page begins, for before; empty: this is the last"`
		Searched string  `json:"searched,omitempty" doc:"How far back a search for rare things has looked (RFC 3339); go on with next"`
		Facets   *Facets `json:"facets,omitempty"`
	}
}

// Facets count the requests of the same time and dimensions by their values.
// Each dimension is counted without its own condition, so that a page can
// offer what else there is.
type Facets struct {
	Route    []Facet `json:"route"`
	Provider []Facet `json:"provider"`
	Model    []Facet `json:"model"`
	Consumer []Facet `json:"consumer"`
	Outcome  []Facet `json:"outcome"`
	Class    []Facet `json:"class"`
}

// Facet is a value and how many requests have it.
type Facet struct {
	Value    string `json:"value"`
	Requests int64  `json:"requests"`
}

// lookedAt is how many rows a page looks at before it is answered as far as it
// goes.
const lookedAt = 20_000

// listRequests shows the log.
func (s *Server) listRequests(ctx context.Context, in *callsInput) (*callsOutput, error) {
	out := &callsOutput{}
	out.Body.Requests = []Call{}
	if s.opts.Usage == nil {
		return out, nil
	}
	q, err := s.logQuery(&in.RequestFilter, &in.TimeInput)
	if err != nil {
		return nil, err
	}
	f := faults{}
	if in.Before != "" {
		if q.Before, err = strconv.ParseInt(in.Before, 36, 64); err != nil || q.Before <= 0 {
			f.add("query.before", "is not the next of a page")
		}
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	q.Limit, q.Most = in.Limit, lookedAt
	if in.Before == "" {
		s.sync(ctx)
	}
	page, err := s.opts.Usage.Records().Log(ctx, q)
	if err != nil && in.Before == "" {
		page, err = s.inMemory(&q), nil // what just happened can be shown all the same
	}
	if err != nil {
		return nil, err
	}
	out.Body.Requests = showRows(page.Rows)
	if page.Next != 0 {
		out.Body.Next = strconv.FormatInt(page.Next, 36)
		if len(page.Rows) < in.Limit {
			out.Body.Searched = store.StartOf(page.Next).Format(time.RFC3339)
		}
	}
	if in.Facets {
		out.Body.Facets, err = s.facets(ctx, in)
	}
	return out, err
}

// inMemory looks among the latest calls, which are in memory.
func (s *Server) inMemory(q *store.LogQuery) store.LogPage {
	var page store.LogPage
	for _, record := range s.opts.Usage.Recent(1000) {
		if row := usage.Account(record); len(page.Rows) < q.Limit && fits(q, row) {
			page.Rows = append(page.Rows, row)
		}
	}
	return page
}

// logQuery makes the query of a filter and a time.
func (s *Server) logQuery(filter *RequestFilter, when *TimeInput) (store.LogQuery, error) {
	from, to, err := when.bounds(s.now())
	if err != nil {
		return store.LogQuery{}, err
	}
	f := faults{}
	for i, status := range filter.Status {
		if _, _, ok := statusRange(status); !ok {
			f.add(fmt.Sprintf("query.status[%d]", i), "is not a status: write it like 429 or 5xx")
		}
	}
	q := filter.query()
	if began, is := proxy.RequestTime(filter.Text); is {
		id := filter.Text
		q.Faults, q.Row = nil, func(row *store.Row) bool { return row.Record.ID == id }
		from, to = began, began.Add(time.Millisecond)
	}
	q.From = from
	if when.Range == "" {
		q.To = to // a range ends now, and what comes meanwhile is welcome
	}
	return q, f.invalid()
}

// query makes a query of the filter. What the dimensions and what went wrong
// can say is left to the database; the rest is asked of each row.
func (in *RequestFilter) query() store.LogQuery {
	q := store.LogQuery{Series: in.filter().Pass()}
	text := strings.ToLower(strings.TrimSpace(in.Text))
	normal := strings.ToLower(usage.Normalise(text))
	if len(in.Class) > 0 || text != "" {
		q.Attempts = text != ""
		q.Faults = func(f store.Fault) bool {
			return usage.Matches(in.Class, f.Class) && (text == "" || couldHold(f.Message, normal))
		}
	}
	if in.plain() && text == "" {
		return q
	}
	q.Row = func(row *store.Row) bool { return in.fits(row, text) }
	return q
}

// couldHold reports whether a message whose normal form is this could hold a
// text whose normal form is that: one in which numbers were taken out may stand
// for anything where they were.
func couldHold(message, normal string) bool {
	message = strings.ToLower(message)
	for part := range strings.SplitSeq(normal, "#") {
		i := strings.Index(message, strings.TrimSpace(part))
		if i < 0 {
			return false
		}
	}
	return true
}

// plain reports whether the dimensions say it all.
func (in *RequestFilter) plain() bool {
	return len(in.Asked)+len(in.Class)+len(in.Status)+len(in.Op) == 0 && in.Key == "" && in.ClientIP == "" &&
		in.Stream == "" && in.Rescued == "" && in.Fallback == "" && in.MinMs == 0 && in.MinTTFT == 0 && in.MinCost == 0 && in.MinToken == 0
}

// fits reports whether a row is one of those asked for, apart from what a
// query's series say.
func (in *RequestFilter) fits(row *store.Row, text string) bool {
	r := &row.Record
	is := func(want string, have bool) bool { return want == "" || want == strconv.FormatBool(have) }
	return (len(in.Asked) == 0 || usage.Matches(in.Asked, r.Asked)) &&
		(len(in.Class) == 0 || r.Class != "" && usage.Matches(in.Class, string(r.Class))) &&
		(len(in.Status) == 0 || slices.ContainsFunc(in.Status, func(s string) bool {
			from, to, ok := statusRange(s)
			return ok && r.Status >= from && r.Status <= to
		})) &&
		(len(in.Op) == 0 || slices.Contains(in.Op, string(r.Op))) &&
		(in.Key == "" || slices.ContainsFunc(row.Keys, func(k tally.Series) bool { return k.KeyName == in.Key })) &&
		(in.ClientIP == "" || r.ClientIP == in.ClientIP) &&
		is(in.Stream, r.Stream) && is(in.Rescued, r.Rescued) && is(in.Fallback, row.Fallback) &&
		r.Duration >= time.Duration(in.MinMs)*time.Millisecond && r.FirstByte >= time.Duration(in.MinTTFT)*time.Millisecond &&
		(in.MinCost == 0 || float64(r.Cost.Shown.Nano)/nano >= in.MinCost) && r.Usage.Total >= in.MinToken &&
		(text == "" || holds(row, text))
}

// holds reports whether an error message of a row, or its id, holds a text in
// lower case.
func holds(row *store.Row, text string) bool {
	if strings.Contains(strings.ToLower(row.Record.Message), text) || strings.HasPrefix(row.Record.ID, text) {
		return true
	}
	for i := range row.Record.Attempts {
		if strings.Contains(strings.ToLower(row.Record.Attempts[i].Message), text) {
			return true
		}
	}
	return false
}

// fits reports whether a row in memory is one that a query asks for.
func fits(q *store.LogQuery, row *store.Row) bool {
	if !q.From.IsZero() && row.Record.Start.Before(q.From) || !q.To.IsZero() && !row.Record.Start.Before(q.To) {
		return false
	}
	return (q.Series == nil || q.Series(&row.Series)) && (q.Row == nil || q.Row(row))
}

// statusRange reads a status such as 429, or a class of them such as 5xx.
func statusRange(s string) (from, to int, ok bool) {
	if first, class := strings.CutSuffix(strings.ToLower(s), "xx"); class {
		n, err := strconv.Atoi(first)
		return 100 * n, 100*n + 99, err == nil && n >= 1 && n <= 5
	}
	n, err := strconv.Atoi(s)
	return n, n, err == nil && n >= 0 && n <= 999
}

// facets counts the values of each dimension under the conditions of the
// others.
func (s *Server) facets(ctx context.Context, in *callsInput) (*Facets, error) {
	from, to, err := in.bounds(s.now())
	if err != nil {
		return nil, err
	}
	if to.IsZero() {
		to = s.now()
	}
	if to.Sub(from) > longestSpan {
		from = to.Add(-longestSpan)
	}
	from, to = tally.Minute(from), tally.Minute(to).Add(time.Minute)
	if s.opts.Usage.LeastStep(in.filter(), usage.ByConsumer, from) > time.Minute {
		from, to = tally.Piece(from), tally.Piece(to).Add(time.Hour)
	}
	out := &Facets{Class: []Facet{}}
	lists := []struct {
		by   usage.Dimension
		list *[]Facet
		free func(*usage.Filter)
	}{
		{usage.ByRoute, &out.Route, func(f *usage.Filter) { f.Route = nil }},
		{usage.ByProvider, &out.Provider, func(f *usage.Filter) { f.Provider = nil }},
		{usage.ByModel, &out.Model, func(f *usage.Filter) { f.Model = nil }},
		{usage.ByConsumer, &out.Consumer, func(f *usage.Filter) { f.Consumer = nil }},
		{usage.ByOutcome, &out.Outcome, func(f *usage.Filter) { f.Outcome = nil }},
	}
	for _, l := range lists {
		f := in.filter()
		l.free(&f)
		found, err := s.opts.Usage.Totals(ctx, f, l.by, from, to, tally.Sums)
		if err != nil {
			return nil, err
		}
		*l.list = []Facet{}
		for name, sum := range found {
			*l.list = append(*l.list, Facet{Value: name, Requests: sum.N[tally.Calls]})
		}
		sortFacets(l.list)
	}
	found, err := s.opts.Usage.Totals(ctx, in.filter(), usage.ByNothing, from, to, tally.Sums)
	if sum := found[""]; sum != nil {
		for class, n := range sum.Classes {
			out.Class = append(out.Class, Facet{Value: class, Requests: n})
		}
	}
	sortFacets(&out.Class)
	return out, err
}

// mostFacets is how many values of a dimension are offered.
const mostFacets = 100

func sortFacets(list *[]Facet) {
	slices.SortFunc(*list, func(a, b Facet) int {
		if a.Requests != b.Requests {
			return int(b.Requests - a.Requests)
		}
		return strings.Compare(a.Value, b.Value)
	})
	*list = (*list)[:min(len(*list), mostFacets)]
}
