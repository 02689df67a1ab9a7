package server

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

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
	ID         string       `json:"id" doc:"The x-request-id the client was given"`
	At         time.Time    `json:"at"`
	ClientIP   string       `json:"client_ip"`
	Consumer   string       `json:"consumer" doc:"Empty: a caller without a key"`
	Method     string       `json:"method"`
	Path       string       `json:"path"`
	Op         string       `json:"op" doc:"What was asked for, such as chat or embeddings; empty: no such endpoint"`
	Dialect    string       `json:"dialect" doc:"The protocol the client spoke"`
	Route      string       `json:"route" doc:"Empty: the model's name decided"`
	Asked      string       `json:"asked" doc:"The model the client asked for"`
	Stream     bool         `json:"stream"`
	Status     int          `json:"status"`
	Outcome    string       `json:"outcome" enum:"ok,rescued,failed,refused,left"`
	Class      string       `json:"class" doc:"What went wrong; empty: nothing"`
	Message    string       `json:"message,omitempty"`
	Provider   string       `json:"provider" doc:"Who answered, or was tried last"`
	Model      string       `json:"model"`
	Rescued    bool         `json:"rescued" doc:"A stream that broke off was finished by another target"`
	Fallback   bool         `json:"fallback" doc:"A second target was asked"`
	TTFTMs     float64      `json:"ttft_ms" doc:"Start to first content; 0: none came"`
	DurationMs float64      `json:"duration_ms"`
	TokensPerS float64      `json:"tokens_per_s" doc:"Output tokens per second after the first content of a stream; 0: not known"`
	BytesIn    int64        `json:"bytes_in"`
	BytesOut   int64        `json:"bytes_out"`
	Dropped    int64        `json:"bytes_dropped,omitempty" doc:"Of the answer, read after the client had left, for what it used"`
	Tokens     *CallTokens  `json:"tokens,omitempty" doc:"Not there if nobody knows"`
	Cost       *CallCost    `json:"cost,omitempty" doc:"Not there if the price is not known"`
	Plan       []CallPlace  `json:"plan" doc:"The targets in the order in which they were to be tried"`
	Attempts   []Attempt    `json:"attempts"`
	Skipped    []CallSkip   `json:"skipped" doc:"Targets that were not asked, and why"`
	HasContent bool         `json:"has_content" doc:"Prompt and answer were captured"`
	Content    *CallContent `json:"content,omitempty" doc:"Only in the answer for a single request"`
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
	Input        int64  `json:"input" doc:"Prompt tokens outside the vendor's cache"`
	CacheRead    int64  `json:"cache_read"`
	CacheWrite   int64  `json:"cache_write"`
	CacheWrite1h int64  `json:"cache_write_1h" doc:"The part of cache_write that was written for an hour"`
	Output       int64  `json:"output" doc:"Reasoning included"`
	Reasoning    int64  `json:"reasoning"`
	AudioIn      int64  `json:"audio_in"`
	AudioOut     int64  `json:"audio_out"`
	Images       int64  `json:"images"`
	Total        int64  `json:"total"`
	InputFrom    string `json:"input_from" enum:",provider,counted,estimated" doc:"Who counted the prompt"`
	OutputFrom   string `json:"output_from" enum:",provider,counted,estimated" doc:"Who counted the answer"`
}

// CallCost is what a call cost.
type CallCost struct {
	Amount          float64 `json:"amount" doc:"In the currency of the price"`
	Currency        string  `json:"currency"`
	DisplayAmount   float64 `json:"display_amount" doc:"In the display currency"`
	DisplayCurrency string  `json:"display_currency"`
}

// CallContent is what a call said and was told, where its route captures it.
type CallContent struct {
	Request      string    `json:"request" doc:"The body that the client sent, redacted"`
	Answer       string    `json:"answer" doc:"The body or stream that it got, redacted"`
	RequestBytes int64     `json:"request_bytes" doc:"Before it was cut"`
	AnswerBytes  int64     `json:"answer_bytes" doc:"Before it was cut"`
	RequestCut   bool      `json:"request_cut" doc:"It was longer than the route's limit"`
	AnswerCut    bool      `json:"answer_cut"`
	Redactions   int       `json:"redactions" doc:"How many places were blacked out"`
	KeptUntil    time.Time `json:"kept_until,omitzero"`
}

// Attempt is one try of one target with one key. Times are from the call's
// start, durations from the attempt's.
type Attempt struct {
	Provider   string      `json:"provider"`
	Model      string      `json:"model"`
	Dialect    string      `json:"dialect" doc:"The protocol spoken to the vendor"`
	Key        string      `json:"key" doc:"The key's name"`
	Resumed    bool        `json:"resumed,omitempty" doc:"It went on with an answer that another had begun"`
	Hedge      bool        `json:"hedge,omitempty" doc:"It was started beside another that had not begun to answer"`
	Injected   string      `json:"injected,omitempty" doc:"The fault that an admin or a game day put in its way; none: the fake vendor answered well"`
	Reused     bool        `json:"reused,omitempty" doc:"It went out on a connection that was open already"`
	ConnectMs  float64     `json:"connect_ms,omitempty" doc:"Dialling; 0 on a reused connection"`
	TLSMs      float64     `json:"tls_ms,omitempty" doc:"The handshake"`
	IdleMs     float64     `json:"idle_ms,omitempty" doc:"The longest silence between two pieces of the answer"`
	BytesOut   int64       `json:"bytes_out,omitempty" doc:"Of the body sent to the vendor"`
	BytesIn    int64       `json:"bytes_in,omitempty" doc:"Of the body that came"`
	Malformed  int         `json:"malformed,omitempty" doc:"Events of its stream that were not in the protocol"`
	VendorID   string      `json:"vendor_id,omitempty" doc:"Under which the vendor knows it"`
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

// requestFilter picks requests of the log.
type requestFilter struct {
	dimensionInput
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
	requestFilter
	Range  string    `query:"range" enum:"15m,1h,6h,24h,7d,30d,90d" doc:"Up to now. Instead of from and to; without any of them the whole log"`
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Before string    `query:"before" maxLength:"64" doc:"Only requests older than this: next of the page before"`
	Facets bool      `query:"facets" doc:"Also count the values of the dimensions"`
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

type exportInput struct {
	requestFilter
	Range  string    `query:"range" enum:"15m,1h,6h,24h,7d,30d,90d" doc:"Up to now; default 24h. Instead of from and to"`
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
	Format string    `query:"format" enum:"csv,jsonl" default:"csv" doc:"csv: one line a request; jsonl: with every attempt"`
	Limit  int       `query:"limit" minimum:"1" maximum:"10000000" default:"1000000"`
}

// exportRequests writes the log as a file, as it is read.
func (s *Server) exportRequests(_ context.Context, _ *exportInput) (*huma.StreamResponse, error) {
	return nil, notYet()
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
		IdleMs: milliseconds(a.Idle), BytesOut: a.BytesOut, BytesIn: a.BytesIn, Malformed: a.Malformed, VendorID: a.VendorID, Injected: a.Injected,
	}
	if a.UsageSeen || a.Usage != (llm.Usage{}) {
		out.Tokens = showTokens(a.Usage)
	}
	return out
}
