package metrics

import "github.com/prometheus/client_golang/prometheus"

// Label names. Those that begin with gen_ai are OpenTelemetry's attributes
// (semantic conventions for generative AI) in Prometheus's spelling.
const (
	labelOperation = "gen_ai_operation_name"
	labelProvider  = "gen_ai_provider_name"
	labelAsked     = "gen_ai_request_model"
	labelTokenType = "gen_ai_token_type" //nolint:gosec // G101: it names a count
	labelError     = "error_type"
	labelRoute     = "route"
	labelStatus    = "status"
	labelModel     = "model"
	labelKind      = "kind"
	labelCurrency  = "currency"
	labelConsumer  = "consumer"
	labelReason    = "reason"
)

// durations and waits are OpenTelemetry's advice for operation durations and
// times to the first token, in seconds; minutes are added, for models that think.
func durations() []float64 {
	return []float64{.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68}
}

func waits() []float64 {
	return []float64{.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60}
}

// perToken is the same for the time from one token to the next.
func perToken() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5}
}

// tokenCounts is the same for tokens of one operation.
func tokenCounts() []float64 {
	return []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304}
}

func newSeries(r prometheus.Registerer) series {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(v)
		return v
	}
	ai := []string{labelOperation, labelProvider, labelAsked}
	return series{
		requests:  counter("posthouse_requests_total", "Calls that ended, by what the client was answered.", labelRoute, labelProvider, labelModel, labelStatus, labelError),
		attempts:  counter("posthouse_attempts_total", "Tries of a target; error_type is empty for those that succeeded.", labelProvider, labelModel, labelError),
		skipped:   counter("posthouse_skipped_total", "Targets that were not even asked: breaker open, no key, switched off.", labelProvider, labelModel),
		fallbacks: counter("posthouse_fallbacks_total", "Calls that were served after another target had failed.", labelRoute, labelProvider, labelModel),
		rescues:   counter("posthouse_rescues_total", "Streams that broke off and were finished by another target.", labelRoute, labelProvider, labelModel),
		tokens:    counter("posthouse_tokens_total", "Tokens by kind: input (uncached), cache_read, cache_write, output (with reasoning), reasoning, audio_in, audio_out; images are units.", labelProvider, labelModel, labelKind),
		cost:      counter("posthouse_cost_total", "What calls cost, in the currency of the price list.", labelProvider, labelModel, labelCurrency),
		unpriced:  counter("posthouse_unpriced_requests_total", "Served calls whose price or counts nobody knows.", labelProvider, labelModel),

		duration:   histogram("gen_ai_client_operation_duration_seconds", "From a call's arrival to its last byte.", durations(), append(ai, labelError)...),
		firstToken: histogram("gen_ai_server_time_to_first_token_seconds", "From a streamed call's arrival to its first content.", waits(), ai...),
		perToken:   histogram("gen_ai_server_time_per_output_token_seconds", "Between two tokens of a stream, after the first, on average over the stream.", perToken(), ai...),
		usage:      histogram("gen_ai_client_token_usage", "Tokens of one call: input with what was cached, output with reasoning.", tokenCounts(), append(ai, labelTokenType)...),

		callerRequests: counter("posthouse_consumer_requests_total", "Calls by consumer; only if switched on.", labelConsumer, labelStatus),
		callerTokens:   counter("posthouse_consumer_tokens_total", "Tokens by consumer, input and output; only if switched on.", labelConsumer, labelTokenType),
		callerCost:     counter("posthouse_consumer_cost_total", "Cost by consumer; only if switched on.", labelConsumer, labelCurrency),
	}
}
