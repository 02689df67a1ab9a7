package server

import (
	"context"
	"time"
)

// spanInput is the part of a monitoring question that says when, and of what.
type spanInput struct {
	Range string    `query:"range" enum:"15m,1h,6h,24h,7d,30d,90d" doc:"Up to now; default 24h. Instead of from and to"`
	From  time.Time `query:"from" doc:"The beginning of the span; instead of range"`
	To    time.Time `query:"to" doc:"Its end; default now"`
	TZ    string    `query:"tz" doc:"Where days begin, as an IANA name; default UTC" example:"Asia/Shanghai" maxLength:"64"`
	dimensionInput
}

// dimensionInput picks requests by the dimensions of the roll-ups. Values of
// one are alternatives, dimensions must hold together. An empty value stands
// for none (route= is requests without a route).
type dimensionInput struct {
	Route    []string `query:"route,explode" maxItems:"50" doc:"Names; may be repeated"`
	Provider []string `query:"provider,explode" maxItems:"50" doc:"Names of who answered, or was tried last; may be repeated"`
	Model    []string `query:"model,explode" maxItems:"50" doc:"The model that answered, or was tried last; may be repeated; * at the end stands for any rest"`
	Consumer []string `query:"consumer,explode" maxItems:"50" doc:"Names; may be repeated"`
	Outcome  []string `query:"outcome,explode" maxItems:"5" enum:"ok,rescued,failed,refused,left" doc:"What came of it; may be repeated"`
}

type overviewOutput struct{ Body Overview }

// overview shows how a span went.
func (s *Server) overview(_ context.Context, _ *spanInput) (*overviewOutput, error) {
	return nil, notYet()
}

type seriesInput struct {
	spanInput
	Metric []string `query:"metric,explode" maxItems:"8" enum:"requests,ok,rescued,failed,refused,left,success_rate,attempts,fallbacks,rescues,tokens,tokens_in,tokens_out,tokens_cached,tokens_reasoning,requests_per_s,tokens_in_per_s,tokens_out_per_s,cost,unpriced,ttft_avg,ttft_p50,ttft_p90,ttft_p95,ttft_p99,duration_avg,duration_p50,duration_p90,duration_p95,duration_p99,speed_avg,speed_p50,speed_p90,speed_p95,speed_p99" doc:"What to draw; default requests; may be repeated"`
	By     string   `query:"by" enum:"route,provider,model,consumer,outcome,class" doc:"One line for each value of it; default one line"`
	Limit  int      `query:"limit" minimum:"1" maximum:"50" default:"8" doc:"Lines at most; the rest becomes other where it can be added up"`
}

type seriesOutput struct{ Body Series }

// series shows lines over time.
func (s *Server) series(_ context.Context, _ *seriesInput) (*seriesOutput, error) {
	return nil, notYet()
}

type topInput struct {
	spanInput
	By    string `query:"by" enum:"route,provider,model,consumer,outcome,error,slowest,dearest" default:"model"`
	Sort  string `query:"sort" enum:"requests,tokens,cost,failed,duration,ttft" default:"requests" doc:"For the dimensions; duration and ttft are the p95"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"10"`
}

type topOutput struct{ Body Top }

// top shows a ranking.
func (s *Server) top(_ context.Context, _ *topInput) (*topOutput, error) {
	return nil, notYet()
}

type healthInput struct {
	Range string `query:"range" enum:"15m,1h,6h,24h,7d,30d,90d" default:"24h" doc:"What the strips cover"`
}

type healthOutput struct{ Body Health }

// health shows how every provider and key does.
func (s *Server) monitorHealth(_ context.Context, _ *healthInput) (*healthOutput, error) {
	return nil, notYet()
}

// notYet is the answer while the sums are being built.
func notYet() error { return problem(501, "not_yet", "this is being built") }
