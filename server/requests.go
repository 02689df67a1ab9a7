package server

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/usage"
)

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
	Plan       []CallPlace  `json:"plan" doc:"The targets in the order in which they were to be tried; of one only, nothing is said"`
	Attempts   []Attempt    `json:"attempts"`
	Skipped    []CallSkip   `json:"skipped" doc:"Targets that were not asked, and why"`
	TraceID    string       `json:"trace_id,omitempty" doc:"Of the OpenTelemetry trace, where tracing is on"`
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
	AudioMs      int64  `json:"audio_ms" doc:"Audio heard or spoken, where the vendor counts time"`
	Total        int64  `json:"total"`
	InputFrom    string `json:"input_from" enum:",provider,counted,estimated" doc:"Who counted the prompt"`
	OutputFrom   string `json:"output_from" enum:",provider,counted,estimated" doc:"Who counted the answer"`
}

// CallCost is what a call cost.
type CallCost struct {
	Amount          float64 `json:"amount" doc:"In the currency of the price"`
	Currency        string  `json:"currency"`
	DisplayAmount   float64 `json:"display_amount" doc:"In the display currency"`
	DisplayCurrency string  `json:"display_currency" doc:"Empty: there was no exchange rate"`
	Price           string  `json:"price,omitempty" doc:"Where the price comes from"`
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
	Dialect    string      `json:"dialect,omitempty" doc:"The protocol spoken to the vendor"`
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
	Lossy      string      `json:"lossy,omitempty" doc:"What of the request could not be said in its dialect"`
	Tokens     *CallTokens `json:"tokens,omitempty" doc:"What it used; of one that was called off an estimate of its prompt"`
	Cost       *CallCost   `json:"cost,omitempty"`
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

type callOutput struct{ Body Call }

// getRequest shows what became of a call: each attempt, why targets were
// skipped, and its content where it was captured.
func (s *Server) getRequest(ctx context.Context, in *ItemID) (*callOutput, error) {
	gone := problem(404, "not_found", "there is no request %s in the log", bounded(in.ID, 64))
	if s.opts.Usage == nil {
		return nil, gone
	}
	if _, found := s.opts.Usage.Find(in.ID); found {
		s.sync(ctx)
	}
	row, err := s.opts.Usage.Call(ctx, in.ID)
	if err == nil {
		return &callOutput{Body: showRow(row)}, nil
	}
	// Not written, or not readable: memory knows the latest all the same.
	if r, found := s.opts.Usage.Find(in.ID); found {
		return &callOutput{Body: showRow(usage.Account(r))}, nil
	}
	if errors.Is(err, store.ErrNoCall) {
		return nil, gone
	}
	return nil, err
}

func showRows(rows []*store.Row) []Call {
	list := make([]Call, 0, len(rows))
	for _, row := range rows {
		list = append(list, showRow(row))
	}
	return list
}

func showRow(row *store.Row) Call {
	r := &row.Record
	c := Call{
		ID: r.ID, At: r.Start.UTC(), ClientIP: r.ClientIP, Consumer: r.Consumer, Method: r.Method, Path: bounded(r.Path, 300), Op: string(r.Op), Dialect: r.Dialect,
		Route: r.Route, Asked: r.Asked, Stream: r.Stream, Status: r.Status, Outcome: row.Series.Outcome.String(), Class: string(r.Class), Message: r.Message,
		Provider: row.Series.Provider, Model: row.Series.Model, Rescued: r.Rescued, Fallback: row.Fallback,
		TTFTMs: milliseconds(r.FirstByte), DurationMs: milliseconds(r.Duration), TokensPerS: float64(usage.Speed(r)) / 1000,
		BytesIn: r.RequestLen, BytesOut: r.BytesOut, Tokens: showUsage(r.Usage), Cost: showCost(r.Cost),
		Dropped: r.BytesDropped, Plan: []CallPlace{}, Attempts: []Attempt{}, Skipped: []CallSkip{}, HasContent: row.Captured || row.Content != nil, Content: showContent(row.Content),
	}
	if r.Provider != "" {
		c.Provider, c.Model = r.Provider, r.Model
	}
	if r.Trace.ID != [16]byte{} {
		c.TraceID = hex.EncodeToString(r.Trace.ID[:])
	}
	for _, p := range r.Plan {
		c.Plan = append(c.Plan, showPlace(p))
	}
	for _, a := range r.Attempts {
		c.Attempts = append(c.Attempts, showAttempt(&a))
	}
	for _, skip := range r.Skipped {
		c.Skipped = append(c.Skipped, CallSkip{Provider: skip.Provider, Model: skip.Model, Why: skip.Why})
	}
	return c
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

func showAttempt(a *proxy.Attempt) Attempt {
	return Attempt{
		Provider: a.Provider, Model: a.Model, Dialect: a.Dialect, Key: a.KeyName, StartMs: milliseconds(a.Start), HeadersMs: milliseconds(a.Headers),
		FirstMs: milliseconds(a.First), DurationMs: milliseconds(a.Duration), Status: a.Status, Class: string(a.Class), Message: a.Message,
		Resumed: a.Resumed, Hedge: a.Hedge, Reused: a.Reused, ConnectMs: milliseconds(a.Connect), TLSMs: milliseconds(a.TLS),
		IdleMs: milliseconds(a.Idle), BytesOut: a.BytesOut, BytesIn: a.BytesIn, Malformed: a.Malformed, VendorID: a.VendorID, Injected: a.Injected, Lossy: a.Lossy,
		Tokens: showUsage(a.Usage), Cost: showCost(a.Cost),
	}
}

// showUsage is nil where nobody knows what was used.
func showUsage(u llm.Usage) *CallTokens {
	if u == (llm.Usage{}) {
		return nil
	}
	return &CallTokens{
		Input: u.Input, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, CacheWrite1h: u.CacheWrite1h, Output: u.Output, Reasoning: u.Reasoning,
		AudioIn: u.AudioIn, AudioOut: u.AudioOut, Images: u.Images, AudioMs: u.AudioMillis, Total: u.Total,
		InputFrom: string(u.InputFrom), OutputFrom: string(u.OutputFrom),
	}
}

// showCost is nil where the price is not known.
func showCost(c proxy.Cost) *CallCost {
	if !c.Known {
		return nil
	}
	return &CallCost{
		Amount: float64(c.Amount.Nano) / nano, Currency: string(c.Amount.Currency),
		DisplayAmount: float64(c.Shown.Nano) / nano, DisplayCurrency: string(c.Shown.Currency), Price: c.Price,
	}
}

func showContent(c *store.Content) *CallContent {
	if c == nil {
		return nil
	}
	return &CallContent{
		Request: string(c.Request), Answer: string(c.Answer), RequestBytes: c.RequestBytes, AnswerBytes: c.AnswerBytes,
		RequestCut: c.RequestCut, AnswerCut: c.AnswerCut, Redactions: c.Redactions, KeptUntil: c.Expires,
	}
}
