package server

import (
	"context"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
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
	Dropped    int64       `json:"bytes_dropped" doc:"Of the answer, read after the client had left, for what it used"`
	Tokens     *CallTokens `json:"tokens,omitempty" doc:"As the vendor counted; not there if it did not"`
	Plan       []CallPlace `json:"plan" doc:"The targets in the order in which they were to be tried"`
	Attempts   []Attempt   `json:"attempts"`
	Skipped    []CallSkip  `json:"skipped" doc:"Targets that were not asked, and why"`
}

// CallPlace is a target in a call's plan.
type CallPlace struct {
	Step     int    `json:"step" doc:"0 for the route's own targets, then 1, 2, … for fallback steps"`
	Provider string `json:"provider"`
	Model    string `json:"model"`
	By       string `json:"by" doc:"What put it there: a way to balance, affinity, or empty where it had no rival"`
	Why      string `json:"why" doc:"The same in words"`
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
	Provider   string      `json:"provider"`
	Model      string      `json:"model"`
	Key        string      `json:"key" doc:"The key's name"`
	Resumed    bool        `json:"resumed" doc:"It went on with an answer that another had begun"`
	Hedge      bool        `json:"hedge" doc:"It was started beside another that had not begun to answer"`
	Reused     bool        `json:"reused" doc:"It went out on a connection that was open already"`
	ConnectMs  float64     `json:"connect_ms" doc:"Dialling; 0 on a reused connection"`
	TLSMs      float64     `json:"tls_ms" doc:"The handshake"`
	IdleMs     float64     `json:"idle_ms" doc:"The longest silence between two pieces of the answer"`
	BytesOut   int64       `json:"bytes_out" doc:"Of the body sent to the vendor"`
	BytesIn    int64       `json:"bytes_in" doc:"Of the body that came"`
	Malformed  int         `json:"malformed" doc:"Events of its stream that were not in the protocol"`
	VendorID   string      `json:"vendor_id" doc:"Under which the vendor knows it"`
	Tokens     *CallTokens `json:"tokens,omitempty" doc:"What it used; of one that was called off an estimate of its prompt"`
	StartMs    float64     `json:"start_ms"`
	HeadersMs  float64     `json:"headers_ms" doc:"To the response headers; 0: none came"`
	FirstMs    float64     `json:"first_ms" doc:"To the first content; 0: none came"`
	DurationMs float64     `json:"duration_ms"`
	Status     int         `json:"status" doc:"The vendor's; 0: none came"`
	Class      string      `json:"class"`
	Message    string      `json:"message,omitempty" doc:"The vendor's own words"`
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
		BytesIn: r.RequestLen, BytesOut: r.BytesOut, Dropped: r.BytesDropped,
		Plan: []CallPlace{}, Attempts: []Attempt{}, Skipped: []CallSkip{},
	}
	if r.UsageSeen {
		c.Tokens = showTokens(r.Usage)
	}
	for _, p := range r.Plan {
		c.Plan = append(c.Plan, showPlace(p))
	}
	for _, a := range r.Attempts {
		c.Attempts = append(c.Attempts, showAttempt(a))
	}
	for _, skip := range r.Skipped {
		c.Skipped = append(c.Skipped, CallSkip{Provider: skip.Provider, Model: skip.Model, Why: skip.Why})
	}
	return c
}

func showTokens(u llm.Usage) *CallTokens {
	return &CallTokens{Input: u.Input, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, Output: u.Output, Reasoning: u.Reasoning, Total: u.Total}
}

func showPlace(p proxy.Choice) CallPlace {
	out := CallPlace{Step: p.Step, Provider: p.Provider, Model: p.Model, By: string(p.Place.By)}
	if p.Place.Kept {
		out.By = "affinity"
	}
	if out.By != "" {
		out.Why = p.Place.String()
	}
	return out
}

func showAttempt(a proxy.Attempt) Attempt {
	out := Attempt{
		Provider: a.Provider, Model: a.Model, Key: a.KeyName, StartMs: milliseconds(a.Start), HeadersMs: milliseconds(a.Headers),
		FirstMs: milliseconds(a.First), DurationMs: milliseconds(a.Duration), Status: a.Status, Class: string(a.Class), Message: a.Message,
		Resumed: a.Resumed, Hedge: a.Hedge, Reused: a.Reused, ConnectMs: milliseconds(a.Connect), TLSMs: milliseconds(a.TLS),
		IdleMs: milliseconds(a.Idle), BytesOut: a.BytesOut, BytesIn: a.BytesIn, Malformed: a.Malformed, VendorID: a.VendorID,
	}
	if a.UsageSeen || a.Usage != (llm.Usage{}) {
		out.Tokens = showTokens(a.Usage)
	}
	return out
}
