package store

import (
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
)

// requestRow is a call.
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

// rowsOf makes the rows of a batch, numbered after last.
func rowsOf(batch []*proxy.Record, last int64) ([]requestRow, []attemptRow) {
	calls := make([]requestRow, 0, len(batch))
	attempts := make([]attemptRow, 0, len(batch)+len(batch)/4)
	for i, r := range batch {
		id := last + 1 + int64(i)
		calls = append(calls, requestRow{
			ID: id, RequestID: text(r.ID), StartMS: toMS(r.Start), Method: text(r.Method), Path: text(r.Path), Op: string(r.Op),
			Route: r.Route, Provider: r.Provider, ModelAsked: text(r.Asked), Model: text(r.Model),
			Consumer: r.Consumer, ConsumerID: r.ConsumerID, ClientIP: r.ClientIP, Stream: r.Stream,
			Status: r.Status, Class: string(r.Class), Message: text(r.Message),
			TTFTUS: r.FirstByte.Microseconds(), DurationUS: r.Duration.Microseconds(), BytesIn: r.RequestLen, BytesOut: r.BytesOut,
			TokInput: r.Usage.Input, TokCacheRead: r.Usage.CacheRead, TokCacheWrite: r.Usage.CacheWrite,
			TokOutput: r.Usage.Output, TokReasoning: r.Usage.Reasoning, TokTotal: r.Usage.Total, UsageSeen: r.UsageSeen,
			Attempts: len(r.Attempts),
		})
		for seq, a := range r.Attempts {
			attempts = append(attempts, attemptRow{
				Call: id, Seq: seq, Provider: a.Provider, Model: text(a.Model), KeyID: a.KeyID, KeyName: a.KeyName,
				StartUS: a.Start.Microseconds(), HeadersUS: a.Headers.Microseconds(), FirstUS: a.First.Microseconds(),
				DurationUS: a.Duration.Microseconds(), Status: a.Status, Class: string(a.Class), Message: text(a.Message),
			})
		}
	}
	return calls, attempts
}

// longestText bounds what callers and vendors can make us store, in bytes.
const longestText = 1024

// text makes foreign text storable anywhere: valid UTF-8 without NUL (which
// Postgres refuses) and not long.
func text(s string) string {
	if len(s) > longestText {
		s = s[:longestText]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func (c requestRow) proxy(attempts []proxy.Attempt) proxy.Record {
	return proxy.Record{
		ID: c.RequestID, Start: fromMS(c.StartMS), Method: c.Method, Path: c.Path, Op: llm.Op(c.Op),
		Route: c.Route, Provider: c.Provider, Asked: c.ModelAsked, Model: c.Model,
		Consumer: c.Consumer, ConsumerID: c.ConsumerID, ClientIP: c.ClientIP, Stream: c.Stream,
		Status: c.Status, Class: llm.Class(c.Class), Message: c.Message,
		FirstByte: micros(c.TTFTUS), Duration: micros(c.DurationUS), RequestLen: c.BytesIn, BytesOut: c.BytesOut,
		Usage: llm.Usage{
			Input: c.TokInput, CacheRead: c.TokCacheRead, CacheWrite: c.TokCacheWrite,
			Output: c.TokOutput, Reasoning: c.TokReasoning, Total: c.TokTotal,
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

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
