package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/server/tally"
)

// Pass is a condition on whom a call counts for.
type Pass func(*tally.Series) bool

// LogQuery picks calls of the log.
type LogQuery struct {
	From, To time.Time // zero: open
	Before   int64     // only ids below; 0: all
	Series   Pass      // nil: all
	// Faults is a condition on what went wrong, of the call or of one of its
	// attempts; nil: none. Attempts says whether attempts count too.
	Faults   func(Fault) bool
	Attempts bool
	// Row is a condition on the whole row; nil: none. It is asked only for rows
	// that the others let pass.
	Row   func(*Row) bool
	Limit int
	// Most is how many rows may be looked at, so that a search for what is rare
	// ends; 0: any number.
	Most int
}

// LogPage is what a LogQuery found, the newest first.
type LogPage struct {
	Rows []*Row
	Next int64 // where to go on, for Before; 0: there is no more
}

const (
	// logStep is how many rows are read at a time.
	logStep = 200
	// maxLists is how many lists of ids are merged; more series than this are
	// looked for row by row.
	maxLists = 400
)

// Log reads calls with their attempts, the newest first.
func (r *Records) Log(ctx context.Context, q LogQuery) (LogPage, error) {
	v := r.view()
	if v == nil {
		return LogPage{}, nil
	}
	ids, err := v.sources(q)
	if err != nil {
		return LogPage{}, err
	}
	before, seen := q.upper(), 0
	var page LogPage
	for len(page.Rows) < q.Limit {
		n := logStep
		if q.Row == nil {
			n = min(logStep, q.Limit-len(page.Rows))
		}
		if q.Most > 0 {
			n = min(n, q.Most-seen)
		}
		if n <= 0 {
			page.Next = before
			break
		}
		rows, err := ids.read(ctx, before, n)
		if err != nil {
			return LogPage{}, err
		}
		if err := v.attempts(ctx, rows); err != nil {
			return LogPage{}, err
		}
		seen += len(rows)
		for _, row := range rows {
			before = row.ID
			if q.Series != nil && !q.Series(&row.Series) || q.Row != nil && !q.Row(row) {
				continue
			}
			if page.Rows = append(page.Rows, row); len(page.Rows) == q.Limit {
				break
			}
		}
		page.Next = before
		if len(rows) < n {
			if len(rows) == 0 || before == rows[len(rows)-1].ID {
				page.Next = 0
			}
			break
		}
	}
	return page, nil
}

// upper is the id below which the query looks.
func (q *LogQuery) upper() int64 {
	before := int64(1)<<62 - 1
	if !q.To.IsZero() {
		before = firstID(q.To)
	}
	if q.Before > 0 {
		before = min(before, q.Before)
	}
	return before
}

// lower is the least id that the query looks at.
func (q *LogQuery) lower() int64 {
	if q.From.IsZero() {
		return -1 << 62
	}
	return firstID(q.From)
}

// source yields rows below an id, the newest first.
type source struct {
	v     *view
	lower int64
	// lists are queries for ids: with a lower and an upper bound and a limit as
	// the last arguments. Without any the whole table is read.
	lists []idList
}

type idList struct {
	query string
	args  []any
}

// sources chooses how to find the rows: by what went wrong where that is a
// condition, which is rare; else by series, from the index of each; else row
// by row.
func (v *view) sources(q LogQuery) (*source, error) {
	s := &source{v: v, lower: q.lower()}
	if q.Faults != nil {
		for _, id := range v.faultsLike(q.Faults) {
			s.lists = append(s.lists, idList{"SELECT id FROM calls WHERE fault = ? AND id >= ? AND id < ? AND fault > 0 ORDER BY id DESC LIMIT ?", []any{id}})
			if q.Attempts {
				s.lists = append(s.lists, idList{"SELECT DISTINCT call_id FROM tries WHERE fault = ? AND call_id >= ? AND call_id < ? AND fault > 0 ORDER BY call_id DESC LIMIT ?", []any{id}})
			}
		}
		if len(s.lists) == 0 {
			s.lower = 1<<62 - 1 // nothing ever went wrong like this
		}
		return s, nil
	}
	if q.Series == nil {
		return s, nil
	}
	found := v.seriesLike(func(s *tally.Series) bool { return s.Kind == tally.ByConsumer && q.Series(s) })
	all := len(v.seriesLike(func(s *tally.Series) bool { return s.Kind == tally.ByConsumer }))
	switch {
	case len(found) == 0:
		s.lower = 1<<62 - 1
	case len(found) <= maxLists && 2*len(found) <= all:
		for id := range found {
			s.lists = append(s.lists, idList{"SELECT id FROM calls WHERE series = ? AND id >= ? AND id < ? ORDER BY id DESC LIMIT ?", []any{id}})
		}
	}
	return s, nil
}

// read reads at most n rows below an id.
func (s *source) read(ctx context.Context, before int64, n int) ([]*Row, error) {
	if s.lower >= before {
		return nil, nil
	}
	if len(s.lists) == 0 {
		return s.v.calls(ctx, "WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?", s.lower, before, n)
	}
	ids := make([]int64, 0, 2*n)
	for _, list := range s.lists {
		// What is older than the n newest so far is of no interest.
		least := s.lower
		if len(ids) >= n {
			least = max(least, ids[n-1])
		}
		err := s.v.each(ctx, list.query, append(slices.Clone(list.args), least, before, n), func(scan scanner) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(ids, func(a, b int64) int { return cmp.Compare(b, a) })
		ids = slices.Compact(ids)
		ids = ids[:min(len(ids), n)]
	}
	by, err := s.v.callsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]*Row, 0, len(ids))
	for _, id := range ids {
		if row := by[id]; row != nil { // not deleted since
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// calls reads rows of calls, without attempts of their own.
func (v *view) calls(ctx context.Context, where string, args ...any) ([]*Row, error) {
	var rows []*Row
	err := v.each(ctx, "SELECT "+callColumns+" FROM calls "+where, args, func(scan scanner) error {
		row, err := v.readCall(scan)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// idsPerQuery is how many ids a query names.
const idsPerQuery = 50

// callsByID reads calls.
func (v *view) callsByID(ctx context.Context, ids []int64) (map[int64]*Row, error) {
	by := make(map[int64]*Row, len(ids))
	for part := range slices.Chunk(ids, idsPerQuery) {
		rows, err := v.calls(ctx, "WHERE id IN "+tuples(1, len(part)), anys(part)...)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			by[row.ID] = row
		}
	}
	return by, nil
}

func anys(ids []int64) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}

// attempts reads the attempts of rows that do not tell them themselves.
func (v *view) attempts(ctx context.Context, rows []*Row) error {
	by := map[int64]*Row{}
	var ids []int64
	for _, row := range rows {
		if len(row.Record.Attempts) == 0 { // told elsewhere, or there were none
			by[row.ID] = row
			ids = append(ids, row.ID)
		}
	}
	for part := range slices.Chunk(ids, idsPerQuery) {
		query := "SELECT " + tryColumns + " FROM tries WHERE call_id IN " + tuples(1, len(part)) + " ORDER BY call_id, seq"
		err := v.each(ctx, query, anys(part), func(scan scanner) error {
			return v.readTry(scan, func(id int64) *Row { return by[id] })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrNoCall is a request id that the log does not have.
var ErrNoCall = errors.New("no such call in the log")

// Call finds a call by the request id that its client was given. ids made by
// proxy.NewRequestID tell when the call began, by which it is found at once.
func (r *Records) Call(ctx context.Context, requestID string, began time.Time) (*Row, error) {
	v := r.view()
	if v == nil {
		return nil, ErrNoCall
	}
	row, err := v.called(ctx, requestID, began)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fmt.Errorf("%w: %.80s", ErrNoCall, strings.ToValidUTF8(requestID, ""))
	}
	return row, firstError(v.attempts(ctx, []*Row{row}), v.content(ctx, row))
}

// called finds the row of a request id; nil: there is none.
func (v *view) called(ctx context.Context, requestID string, began time.Time) (*Row, error) {
	if began.IsZero() {
		// An id of another make: look among the newest.
		rows, err := v.calls(ctx, "WHERE id IN (SELECT id FROM calls ORDER BY id DESC LIMIT 100000) AND request_id = ? ORDER BY id DESC LIMIT 1", requestID)
		if err != nil || len(rows) == 0 {
			return nil, err
		}
		return rows[0], nil
	}
	// Ours stand in the details, and there are few in these milliseconds.
	rows, err := v.calls(ctx, "WHERE id >= ? AND id < ? AND request_id IN ('', ?) ORDER BY id DESC", firstID(began.Add(-slack)), firstID(began.Add(slack)), requestID)
	if at := slices.IndexFunc(rows, func(row *Row) bool { return row.Record.ID == requestID }); err == nil && at >= 0 {
		return rows[at], nil
	}
	return nil, err
}

// slack is how far a request id's time may be from its row's.
const slack = 2 * time.Millisecond

// Recent reads the newest calls with their attempts, newest first, at most
// limit and never more than 1,000.
func (r *Records) Recent(ctx context.Context, limit int) ([]*Row, error) {
	page, err := r.Log(ctx, LogQuery{Limit: min(max(limit, 1), 1000)})
	return page.Rows, err
}
