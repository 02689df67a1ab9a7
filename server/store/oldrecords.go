package store

import (
	"context"
	"fmt"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
)

// The tables of the first schema, requests and attempts: what they hold is
// taken over while the program runs (OldCalls, Batch.Moved), so that a start
// after an update takes no longer than any other.

// requestRow is a call as the tables of the first schema held it.
type requestRow struct {
	ID            int64 `gorm:"autoIncrement:false"`
	RequestID     string
	StartMS       int64
	Method        string
	Path          string
	Op            string
	Route         string
	Provider      string
	ModelAsked    string
	Model         string
	Consumer      string
	ConsumerID    string
	ClientIP      string
	Stream        bool
	Status        int
	Class         string
	Message       string
	TTFTUS        int64 `gorm:"column:ttft_us"`
	DurationUS    int64
	BytesIn       int64
	BytesOut      int64
	TokInput      int64
	TokCacheRead  int64
	TokCacheWrite int64
	TokOutput     int64
	TokReasoning  int64
	TokTotal      int64
	UsageSeen     bool
	Attempts      int
}

func (requestRow) TableName() string { return "requests" }

// attemptRow is one try of a target.
type attemptRow struct {
	Call       int64 `gorm:"primaryKey;autoIncrement:false"`
	Seq        int   `gorm:"primaryKey;autoIncrement:false"`
	Provider   string
	Model      string
	KeyID      string
	KeyName    string
	StartUS    int64
	HeadersUS  int64
	FirstUS    int64
	DurationUS int64
	Status     int
	Class      string
	Message    string
}

func (attemptRow) TableName() string { return "attempts" }

// OldCalls reads calls that still stand in the tables of the first schema, at
// most limit, the newest first.
func (r *Records) OldCalls(ctx context.Context, limit int) ([]proxy.Record, []int64, error) {
	read := r.reader()
	if read == nil {
		return nil, nil, nil
	}
	var calls []requestRow
	db := read.WithContext(ctx)
	if err := db.Order("id DESC").Limit(limit).Find(&calls).Error; err != nil {
		return nil, nil, fmt.Errorf("read old records: %w", dbError(err))
	}
	if len(calls) == 0 {
		return nil, nil, nil
	}
	var attempts []attemptRow
	err := db.Where("call BETWEEN ? AND ?", calls[len(calls)-1].ID, calls[0].ID).Order("call, seq").Find(&attempts).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read old records: %w", dbError(err))
	}
	by := map[int64][]proxy.Attempt{}
	for _, a := range attempts {
		by[a.Call] = append(by[a.Call], a.proxy())
	}
	ids := mapped(calls, func(c requestRow) int64 { return c.ID })
	return mapped(calls, func(c requestRow) proxy.Record { return c.proxy(by[c.ID]) }), ids, nil
}

// dropMoved deletes old calls that were taken over.
func dropMoved(ctx context.Context, tx *statements, ids []int64) error {
	for _, id := range ids {
		err := firstOf(
			func() error { return tx.exec(ctx, "DELETE FROM attempts WHERE call = ?", id) },
			func() error { return tx.exec(ctx, "DELETE FROM requests WHERE id = ?", id) },
		)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c requestRow) proxy(attempts []proxy.Attempt) proxy.Record {
	from := llm.Source("")
	if c.UsageSeen {
		from = llm.FromProvider
	}
	return proxy.Record{
		ID: c.RequestID, Start: fromMS(c.StartMS), Method: c.Method, Path: c.Path, Op: llm.Op(c.Op),
		Route: c.Route, Provider: c.Provider, Asked: c.ModelAsked, Model: c.Model,
		Consumer: c.Consumer, ConsumerID: c.ConsumerID, ClientIP: c.ClientIP, Stream: c.Stream,
		Status: c.Status, Class: llm.Class(c.Class), Message: c.Message,
		FirstByte: micros(c.TTFTUS), Duration: micros(c.DurationUS), RequestLen: c.BytesIn, BytesOut: c.BytesOut,
		Usage: llm.Usage{
			Input: c.TokInput, CacheRead: c.TokCacheRead, CacheWrite: c.TokCacheWrite,
			Output: c.TokOutput, Reasoning: c.TokReasoning, Total: c.TokTotal, InputFrom: from, OutputFrom: from,
		},
		UsageSeen: c.UsageSeen, Attempts: attempts,
	}
}

func (a attemptRow) proxy() proxy.Attempt {
	return proxy.Attempt{
		Provider: a.Provider, Model: a.Model, KeyID: a.KeyID, KeyName: a.KeyName,
		Start: micros(a.StartUS), Headers: micros(a.HeadersUS), First: micros(a.FirstUS), Duration: micros(a.DurationUS),
		Status: a.Status, Class: llm.Class(a.Class), Message: a.Message,
	}
}
