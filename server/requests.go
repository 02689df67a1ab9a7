package server

import (
	"context"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/usage"
)

// callLog is what the API needs of the recorder.
type callLog interface {
	Stats() usage.Stats
	Recent(limit int) []*proxy.Record
	Find(id string) (*proxy.Record, bool)
}

// Call is one call of a client, as the gateway dealt with it. It holds no
// content.
type Call struct {
	ID         string      `json:"id" doc:"The x-request-id the client was given"`
	At         time.Time   `json:"at"`
	ClientIP   string      `json:"client_ip"`
	Consumer   string      `json:"consumer" doc:"Empty: a caller without a key"`
	Method     string      `json:"method"`
	Path       string      `json:"path"`
	Route      string      `json:"route" doc:"Empty: the model's name decided"`
	Asked      string      `json:"asked" doc:"The model the client asked for"`
	Stream     bool        `json:"stream"`
	Status     int         `json:"status"`
	Class      string      `json:"class" doc:"What went wrong; empty: nothing"`
	Message    string      `json:"message,omitempty"`
	Provider   string      `json:"provider" doc:"Who answered"`
	Model      string      `json:"model"`
	Rescued    bool        `json:"rescued" doc:"A stream that broke off was finished by another target"`
	TTFTMs     float64     `json:"ttft_ms" doc:"Start to first content; 0: none came"`
	DurationMs float64     `json:"duration_ms"`
	BytesIn    int64       `json:"bytes_in"`
	BytesOut   int64       `json:"bytes_out"`
	Tokens     *CallTokens `json:"tokens,omitempty" doc:"As the vendor counted; not there if it did not"`
	Attempts   []Attempt   `json:"attempts"`
	Skipped    []CallSkip  `json:"skipped" doc:"Targets that were not asked, and why"`
}

// CallTokens is what a call consumed.
type CallTokens struct {
	Input      int64 `json:"input" doc:"Prompt tokens outside the vendor's cache"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
	Output     int64 `json:"output" doc:"Reasoning included"`
	Reasoning  int64 `json:"reasoning"`
	Total      int64 `json:"total"`
}

// Attempt is one try of one target with one key. Times are from the call's
// start, durations from the attempt's.
type Attempt struct {
	Provider   string  `json:"provider"`
	Model      string  `json:"model"`
	Key        string  `json:"key" doc:"The key's name"`
	StartMs    float64 `json:"start_ms"`
	HeadersMs  float64 `json:"headers_ms" doc:"To the response headers; 0: none came"`
	FirstMs    float64 `json:"first_ms" doc:"To the first content; 0: none came"`
	DurationMs float64 `json:"duration_ms"`
	Status     int     `json:"status" doc:"The vendor's; 0: none came"`
	Class      string  `json:"class"`
	Message    string  `json:"message,omitempty" doc:"The vendor's own words"`
}

// CallSkip is a target that was not asked.
type CallSkip struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Why      string `json:"why"`
}

type callsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type callsOutput struct {
	Body struct {
		Requests []Call `json:"requests" doc:"Newest first; the latest 1,000 are kept in memory"`
	}
}

// listRequests shows the latest calls.
func (s *Server) listRequests(_ context.Context, in *callsInput) (*callsOutput, error) {
	out := &callsOutput{}
	out.Body.Requests = []Call{}
	if s.opts.Usage == nil {
		return out, nil
	}
	for _, r := range s.opts.Usage.Recent(in.Limit) {
		out.Body.Requests = append(out.Body.Requests, showCall(r))
	}
	return out, nil
}

type callOutput struct{ Body Call }

// getRequest shows what became of one of the latest calls: each attempt, and
// why targets were skipped.
func (s *Server) getRequest(_ context.Context, in *ItemID) (*callOutput, error) {
	if s.opts.Usage != nil {
		if r, found := s.opts.Usage.Find(in.ID); found {
			return &callOutput{Body: showCall(r)}, nil
		}
	}
	return nil, problem(404, "not_found", "there is no request %s among the latest 1,000", bounded(in.ID, 64))
}

func showCall(r *proxy.Record) Call {
	c := Call{
		ID: r.ID, At: r.Start.UTC(), ClientIP: r.ClientIP, Consumer: r.Consumer, Method: r.Method, Path: bounded(r.Path, 300),
		Route: r.Route, Asked: r.Asked, Stream: r.Stream, Status: r.Status, Class: string(r.Class), Message: r.Message,
		Provider: r.Provider, Model: r.Model, Rescued: r.Rescued, TTFTMs: milliseconds(r.FirstByte), DurationMs: milliseconds(r.Duration),
		BytesIn: r.RequestLen, BytesOut: r.BytesOut, Attempts: []Attempt{}, Skipped: []CallSkip{},
	}
	if r.UsageSeen {
		u := r.Usage
		c.Tokens = &CallTokens{Input: u.Input, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, Output: u.Output, Reasoning: u.Reasoning, Total: u.Total}
	}
	for _, a := range r.Attempts {
		c.Attempts = append(c.Attempts, Attempt{
			Provider: a.Provider, Model: a.Model, Key: a.KeyName, StartMs: milliseconds(a.Start), HeadersMs: milliseconds(a.Headers),
			FirstMs: milliseconds(a.First), DurationMs: milliseconds(a.Duration), Status: a.Status, Class: string(a.Class), Message: a.Message,
		})
	}
	for _, skip := range r.Skipped {
		c.Skipped = append(c.Skipped, CallSkip{Provider: skip.Provider, Model: skip.Model, Why: skip.Why})
	}
	return c
}
