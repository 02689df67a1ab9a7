package server

import "time"

// The answers of /api/monitor/*: what the monitoring pages show. Everything
// over time comes from roll-ups; nothing here scans rows of requests.

// Span is the range an answer covers, after rounding outwards to whole steps.
type Span struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	StepS  int64     `json:"step_s" doc:"Seconds of one step; days are 86400, and shorter or longer where clocks change"`
	TZ     string    `json:"tz" doc:"The zone in which days begin"`
	Before time.Time `json:"before" doc:"Where the period of the same length before it begins; it ends at from"`
}

// Totals are the sums of a span.
type Totals struct {
	Requests    int64    `json:"requests"`
	OK          int64    `json:"ok" doc:"Served by the first try"`
	Rescued     int64    `json:"rescued" doc:"Served although a try failed: another key, another target, or a stream finished by another target"`
	Failed      int64    `json:"failed" doc:"Not served for a reason that is not the caller's"`
	Refused     int64    `json:"refused" doc:"The caller's own mistake, or not allowed"`
	Left        int64    `json:"left" doc:"The caller went away first"`
	SuccessRate *float64 `json:"success_rate" doc:"(ok + rescued) / (ok + rescued + failed), 0 to 1; null: nothing to judge by"`
	Attempts    int64    `json:"attempts" doc:"Tries of targets"`
	Fallbacks   int64    `json:"fallbacks" doc:"Requests for which a second target was asked"`
	Rescues     int64    `json:"rescues" doc:"Streams that broke off and were finished by another target"`
	Streams     int64    `json:"streams"`
	Tokens      Tokens   `json:"tokens"`
	// The rates are averages over the part of the span that has passed.
	RequestsPerS  float64   `json:"requests_per_s"`
	TokensInPerS  float64   `json:"tokens_in_per_s" doc:"Prompt tokens, cached ones included"`
	TokensOutPerS float64   `json:"tokens_out_per_s"`
	Cost          Money     `json:"cost"`
	TTFT          Quantiles `json:"ttft_ms" doc:"Start to first content, streams only"`
	Duration      Quantiles `json:"duration_ms" doc:"Start to last byte, of served requests"`
	Speed         Quantiles `json:"speed" doc:"Output tokens per second after the first content, streams only"`
	BytesIn       int64     `json:"bytes_in" doc:"Not kept by consumer: 0 there"`
	BytesOut      int64     `json:"bytes_out"`
	Shed          int64     `json:"shed" doc:"Requests that are counted here but have no row in the log, as it could not keep up"`
}

// Tokens are sums by kind. Input, cache_read, cache_write and output do not
// overlap; the others are parts of them.
type Tokens struct {
	Input        int64 `json:"input" doc:"Prompt tokens outside the vendor's cache"`
	CacheRead    int64 `json:"cache_read"`
	CacheWrite   int64 `json:"cache_write" doc:"For however long"`
	CacheWrite1h int64 `json:"cache_write_1h" doc:"The part of cache_write that was written for an hour"`
	Output       int64 `json:"output" doc:"Reasoning included"`
	Reasoning    int64 `json:"reasoning"`
	AudioIn      int64 `json:"audio_in" doc:"The part of the prompt that was audio"`
	AudioOut     int64 `json:"audio_out" doc:"The part of output that was audio"`
	Images       int64 `json:"images" doc:"Pictures made; units, not tokens"`
	AudioMs      int64 `json:"audio_ms" doc:"Audio heard or spoken, where the vendor counts time"`
	Total        int64 `json:"total" doc:"As the vendors count"`
	Estimated    int64 `json:"estimated" doc:"Requests of which a figure was counted or estimated here"`
	Unknown      int64 `json:"unknown" doc:"Served requests of which nobody knows the usage"`
}

// Money is what requests cost. Requests without a known price are never
// counted as free: unpriced says how many there are.
type Money struct {
	Amount     float64          `json:"amount" doc:"Of the priced requests, in currency"`
	Currency   string           `json:"currency" doc:"The display currency, ISO 4217; empty: nothing was priced"`
	Unpriced   int64            `json:"unpriced" doc:"Served requests whose price is not known"`
	ByCurrency []CurrencyAmount `json:"by_currency" doc:"The same in the vendors' own currencies"`
}

// CurrencyAmount is an amount in one currency.
type CurrencyAmount struct {
	Currency string  `json:"currency"`
	Amount   float64 `json:"amount"`
}

// Quantiles describe a distribution; each is right within 5 %. Null: no values.
type Quantiles struct {
	Count int64    `json:"count"`
	Avg   *float64 `json:"avg"`
	P50   *float64 `json:"p50"`
	P90   *float64 `json:"p90"`
	P95   *float64 `json:"p95"`
	P99   *float64 `json:"p99"`
}

// Overview is the first page: how the span went, step by step.
type Overview struct {
	Span      Span       `json:"span"`
	Now       Totals     `json:"now" doc:"Of the span"`
	Before    Totals     `json:"before" doc:"Of the period of the same length before it"`
	Chart     Chart      `json:"chart"`
	Providers []TopRow   `json:"providers" doc:"The ten with the most requests"`
	Models    []TopRow   `json:"models"`
	Consumers []TopRow   `json:"consumers"`
	Routes    []TopRow   `json:"routes"`
	Errors    []TopError `json:"errors" doc:"The ten most frequent"`
	Incidents []Incident `json:"incidents" doc:"Times with bad outcomes, to shade in every chart"`
	System    System     `json:"system"`
}

// Chart is a span in columns: one value a step, in the order of times. Null:
// nothing was measured.
type Chart struct {
	Times         []int64    `json:"times" doc:"Where each step begins, Unix seconds"`
	OK            []int64    `json:"ok"`
	Rescued       []int64    `json:"rescued"`
	Failed        []int64    `json:"failed"`
	Refused       []int64    `json:"refused"`
	Left          []int64    `json:"left"`
	Fallbacks     []int64    `json:"fallbacks"`
	Rescues       []int64    `json:"rescues"`
	TokensInPerS  []float64  `json:"tokens_in_per_s"`
	TokensOutPerS []float64  `json:"tokens_out_per_s"`
	CacheRead     []int64    `json:"cache_read"`
	Prompt        []int64    `json:"prompt" doc:"All prompt tokens, cached or not"`
	Cost          []float64  `json:"cost"`
	Unpriced      []int64    `json:"unpriced"`
	SuccessRate   []*float64 `json:"success_rate"`
	TTFTP50       []*float64 `json:"ttft_p50"`
	TTFTP95       []*float64 `json:"ttft_p95"`
	TTFTP99       []*float64 `json:"ttft_p99"`
	DurationP50   []*float64 `json:"duration_p50"`
	DurationP95   []*float64 `json:"duration_p95"`
	DurationP99   []*float64 `json:"duration_p99"`
}

// TopRow is one provider, model, consumer or route with its sums.
type TopRow struct {
	Name   string `json:"name" doc:"Empty: none (no route, no key)"`
	Other  bool   `json:"other,omitempty" doc:"The sum of those that are not listed"`
	Count  int    `json:"count,omitempty" doc:"How many other stands for"`
	Now    Totals `json:"now"`
	Before Totals `json:"before"`
}

// TopError is a kind of failure: its message with numbers and names of single
// things taken out, so that equal causes count as one.
type TopError struct {
	Class    string    `json:"class"`
	Message  string    `json:"message" doc:"Normalised: # stands for numbers and ids"`
	Provider string    `json:"provider" doc:"Empty: it happened here"`
	Model    string    `json:"model"`
	Tries    int64     `json:"tries" doc:"Tries of targets that failed so"`
	Requests int64     `json:"requests" doc:"Requests that ended so"`
	Last     time.Time `json:"last" doc:"The end of the hour in which it last happened, or now"`
}

// Incident is a time with bad outcomes.
type Incident struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Open     bool      `json:"open" doc:"It reaches to now"`
	Kind     string    `json:"kind" enum:"failing,provider" doc:"failing: callers got errors; provider: a provider failed, callers may not have noticed"`
	Provider string    `json:"provider" doc:"The provider that failed most; empty: none in particular"`
	Requests int64     `json:"requests" doc:"For a provider: tries"`
	Failed   int64     `json:"failed"`
	Rescued  int64     `json:"rescued" doc:"Requests that another key or target served meanwhile"`
	Message  string    `json:"message" doc:"The most frequent cause, normalised; empty: not known"`
}

// System is how the program itself does, now.
type System struct {
	InFlight   int      `json:"in_flight" doc:"Requests being served"`
	CPUPercent *float64 `json:"cpu_percent" doc:"Of one core, over the last seconds; null: not known on this system"`
	MemoryB    int64    `json:"memory_bytes" doc:"Resident; what Go holds where that is not known"`
	HeapB      int64    `json:"heap_bytes"`
	Goroutines int      `json:"goroutines"`
	UptimeS    int64    `json:"uptime_s"`
	Queue      Queue    `json:"queue"`
	Database   Database `json:"database"`
}

// Queue is how the recorder does since the start.
type Queue struct {
	Waiting int   `json:"waiting" doc:"Rows not yet in the database"`
	Written int64 `json:"written"`
	Shed    int64 `json:"shed" doc:"Rows given up because the queue was full; the sums count them all the same"`
	Failed  int64 `json:"failed" doc:"Rows given up because the file could not be written"`
}

// Database is the file of records.
type Database struct {
	Bytes   int64     `json:"bytes" doc:"With its write-ahead log"`
	FreeB   int64     `json:"free_bytes" doc:"Of it, unused and about to be given back"`
	DiskB   int64     `json:"disk_free_bytes" doc:"Free on the disk; 0: not known"`
	Rows    int64     `json:"rows" doc:"About how many requests have a row"`
	Oldest  time.Time `json:"oldest,omitzero" doc:"The oldest row"`
	Content int64     `json:"content_bytes" doc:"Captured prompts and answers"`
}

// SeriesLine is one line of a chart.
type SeriesLine struct {
	Metric string     `json:"metric"`
	Name   string     `json:"name" doc:"The value of the dimension; empty without one, or for none"`
	Other  bool       `json:"other,omitempty" doc:"The sum of those that have no line"`
	Values []*float64 `json:"values" doc:"One a step; null: nothing was measured"`
	Now    *float64   `json:"now" doc:"Over the whole span"`
	Before *float64   `json:"before" doc:"Over the period before it"`
}

// Series are lines over time.
type Series struct {
	Span  Span         `json:"span"`
	By    string       `json:"by"`
	Times []int64      `json:"times" doc:"Where each step begins, Unix seconds"`
	Lines []SeriesLine `json:"lines"`
}

// Top is a ranking. Which list is filled depends on by.
type Top struct {
	Span     Span       `json:"span"`
	By       string     `json:"by"`
	Rows     []TopRow   `json:"rows" doc:"For route, provider, model, consumer, outcome; the last may be other"`
	Errors   []TopError `json:"errors" doc:"For error"`
	Requests []Call     `json:"requests" doc:"For slowest and dearest"`
}

// Health is how every provider and key does.
type Health struct {
	Span      Span             `json:"span" doc:"What the strips cover, in 90 buckets"`
	Providers []ProviderHealth `json:"providers"`
}

// ProviderHealth is how a provider does. State is the worst that holds now.
type ProviderHealth struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Vendor    string         `json:"vendor"`
	Enabled   bool           `json:"enabled"`
	State     string         `json:"state" enum:"ok,degraded,down,idle,disabled" doc:"degraded: some keys or models are out, or more than one try in ten failed in the last five minutes; down: all keys or all models are out; idle: no tries in the span"`
	Tries     int64          `json:"tries"`
	Failed    int64          `json:"failed" doc:"For reasons that speak against the provider; mistakes of callers do not"`
	TTFT      Quantiles      `json:"ttft_ms"`
	Duration  Quantiles      `json:"duration_ms"`
	Strip     []HealthBucket `json:"strip" doc:"90 buckets, oldest first"`
	Keys      []KeyHealth    `json:"keys"`
	Targets   []TargetHealth `json:"targets" doc:"The models that were tried in the span or are left alone now"`
	LastError *LastError     `json:"last_error,omitempty"`
}

// HealthBucket is one bar of a strip.
type HealthBucket struct {
	At     int64 `json:"at" doc:"Where it begins, Unix seconds"`
	Tries  int64 `json:"tries"`
	Failed int64 `json:"failed"`
}

// KeyHealth is how a key does.
type KeyHealth struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Hint   string         `json:"hint" doc:"**** and the key's end"`
	State  string         `json:"state" enum:"ok,cooling,benched,disabled,broken"`
	Class  string         `json:"class,omitempty" doc:"What put it out"`
	Reason string         `json:"reason,omitempty" doc:"The vendor's own words"`
	Since  time.Time      `json:"since,omitzero"`
	Until  time.Time      `json:"until,omitzero" doc:"When it is tried again"`
	Tries  int64          `json:"tries"`
	Failed int64          `json:"failed" doc:"Refusals of the key included"`
	Strip  []HealthBucket `json:"strip"`
}

// TargetHealth is how a model at a provider does.
type TargetHealth struct {
	Model     string    `json:"model"`
	Breaker   string    `json:"breaker" enum:"closed,open" doc:"open: left alone for a while because it failed too often"`
	Class     string    `json:"class,omitempty" doc:"The failure that opened it"`
	Since     time.Time `json:"since,omitzero"`
	NextProbe time.Time `json:"next_probe,omitzero" doc:"When a call may find out whether it is back"`
	Tries     int64     `json:"tries"`
	Failed    int64     `json:"failed"`
	Duration  Quantiles `json:"duration_ms"`
}

// LastError is the latest failure of a provider that is still in memory.
type LastError struct {
	At      time.Time `json:"at"`
	Request string    `json:"request" doc:"Its id in the log"`
	Key     string    `json:"key"`
	Model   string    `json:"model"`
	Class   string    `json:"class"`
	Message string    `json:"message"`
}

// Live is what goes on now, over the last ten seconds.
type Live struct {
	At            time.Time `json:"at"`
	InFlight      int       `json:"in_flight"`
	RequestsPerS  float64   `json:"requests_per_s"`
	TokensInPerS  float64   `json:"tokens_in_per_s" doc:"Counted when a request ends"`
	TokensOutPerS float64   `json:"tokens_out_per_s"`
	OK            int64     `json:"ok" doc:"Of the last 60 s, like the following"`
	Rescued       int64     `json:"rescued"`
	Failed        int64     `json:"failed"`
	Refused       int64     `json:"refused"`
	Left          int64     `json:"left"`
	TTFT          Quantiles `json:"ttft_ms" doc:"Of the last 60 s"`
	Duration      Quantiles `json:"duration_ms" doc:"Of the last 60 s"`
	Total         int64     `json:"total" doc:"Requests since the start: when it grows, there is something new to read"`
	System        System    `json:"system"`
}
