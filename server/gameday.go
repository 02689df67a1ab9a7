package server

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/usage"
)

// GameDay is how a route dealt with faults in the way of its first target.
type GameDay struct {
	Route   string      `json:"route"`
	Model   string      `json:"model" doc:"What was asked for"`
	Real    bool        `json:"real" doc:"The other targets were the real providers; else the built-in fake vendor answered for them"`
	Right   int         `json:"right" doc:"Drills in which the client was served right"`
	Wrong   int         `json:"wrong"`
	TookMs  float64     `json:"took_ms"`
	Results []DrillView `json:"results"`
}

// DrillView is what became of one fault.
type DrillView struct {
	Fault    string      `json:"fault"`
	About    string      `json:"about" doc:"The fault in words"`
	Stream   bool        `json:"stream"`
	Right    bool        `json:"right"`
	Why      string      `json:"why" doc:"The verdict in words"`
	Client   DrillClient `json:"client" doc:"What the client saw; of the last call where there were several"`
	Rescued  bool        `json:"rescued"`
	Attempts []Attempt   `json:"attempts" doc:"Of the last call"`
	Skipped  []CallSkip  `json:"skipped"`
	Timeline []string    `json:"timeline" doc:"The attempts drawn, one line each, for a fixed-width font"`
}

// DrillClient is what the client of a drill saw.
type DrillClient struct {
	Status   int     `json:"status" doc:"0: nothing came"`
	Complete bool    `json:"complete" doc:"The whole answer, with its end"`
	Broken   bool    `json:"broken" doc:"The connection broke, so that the answer is plainly not whole"`
	Text     string  `json:"text" doc:"Of the answer; shortened"`
	Error    string  `json:"error" doc:"What it was told"`
	TookMs   float64 `json:"took_ms"`
	Calls    int     `json:"calls"`
	Answered int     `json:"answered" doc:"Of the calls"`
}

type gameDayInput struct {
	ItemID
	Body struct {
		Model    string   `json:"model,omitempty" doc:"What to ask for; empty: a model that the route names" maxLength:"512"`
		Faults   []string `json:"faults,omitempty" doc:"Faults as in GET /api/faults, with options; empty: the whole list of a game day" maxItems:"30"`
		Mode     string   `json:"mode,omitempty" enum:"both,stream,whole" doc:"Streamed calls, calls for an answer in one piece, or both (the default)"`
		Real     bool     `json:"real,omitempty" doc:"Let the real providers answer for all targets but the first, which is always played. That costs money: up to one short answer per fault and mode. Else the built-in fake vendor answers, and no provider is asked"`
		Patience string   `json:"patience,omitempty" doc:"How long the client waits; default 1m, at most 5m" example:"1m" maxLength:"32"`
	}
}

type gameDayOutput struct{ Body GameDay }

// gameDay drives a route with each fault in the way of its first target. It
// does not touch the gateway in service: no breaker opens, no key is benched.
func (s *Server) gameDay(ctx context.Context, in *gameDayInput) (*gameDayOutput, error) {
	row, err := s.opts.Store.Route(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f := faults{}
	patience := f.length("body.patience", in.Body.Patience, time.Second, proxy.MaxPatience)
	f.text("body.model", in.Body.Model, maxModel)
	f.names("body.faults", in.Body.Faults, maxEntries, 256)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	config, err := s.opts.Store.Config(ctx)
	if err != nil {
		return nil, err
	}
	day := proxy.GameDay{Route: row.Name, Model: in.Body.Model, Real: in.Body.Real, Patience: patience}
	switch in.Body.Mode {
	case "stream":
		day.Modes = []bool{true}
	case "whole":
		day.Modes = []bool{false}
	}
	for _, fault := range in.Body.Faults {
		day.Drills = append(day.Drills, proxy.DrillOf(fault))
	}
	if day.Real {
		note := store.Note{Kind: "game day", ID: row.ID, Name: row.Name, Op: store.OpCreate, After: in.Body}
		if err := s.audit(ctx, fmt.Sprintf("game day with real providers on route %s", row.Name), note); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	results, err := day.Run(ctx, config)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "no_game_day", "%s", err)
	}
	out := &gameDayOutput{Body: GameDay{Route: row.Name, Real: day.Real, TookMs: milliseconds(time.Since(began)), Results: make([]DrillView, 0, len(results))}}
	for i := range results {
		view := showDrill(&results[i])
		if view.Right {
			out.Body.Right++
		} else {
			out.Body.Wrong++
		}
		if n := len(results[i].Record); n > 0 {
			out.Body.Model = results[i].Record[n-1].Asked
		}
		out.Body.Results = append(out.Body.Results, view)
	}
	return out, nil
}

// showDrill converts what became of a fault.
func showDrill(d *proxy.Drilled) DrillView {
	out := DrillView{
		Fault: d.Fault, About: d.About, Stream: d.Stream, Right: d.Right, Why: d.Why, Attempts: []Attempt{}, Skipped: []CallSkip{}, Timeline: []string{},
		Client: DrillClient{
			Status: d.Status, Complete: d.Complete, Broken: d.Broken, Text: d.Text, Error: d.Error, TookMs: milliseconds(d.Took),
			Calls: len(d.Record), Answered: d.Answered,
		},
	}
	if len(d.Record) == 0 {
		return out
	}
	call := showRow(usage.Account(d.Record[len(d.Record)-1]))
	out.Attempts, out.Skipped, out.Rescued = call.Attempts, call.Skipped, call.Rescued
	out.Timeline = timeline(call.Attempts, max(call.DurationMs, 1))
	return out
}

// timelineWidth is how many characters a call's time takes in a drawing.
const timelineWidth = 40

// timeline draws attempts on the time of their call: a line from the start of
// each to its end, light until its first content and heavy after.
func timeline(attempts []Attempt, total float64) []string {
	at := func(ms float64) int { return int(math.Round(ms / total * timelineWidth)) }
	lines := []string{}
	for _, a := range attempts {
		from, to, first := at(a.StartMs), at(a.StartMs+a.DurationMs), at(a.StartMs+a.FirstMs)
		if a.FirstMs == 0 {
			first = to
		}
		from, to = min(from, timelineWidth-1), min(max(to, from+1), timelineWidth)
		first = min(max(first, from), to)
		bar := strings.Repeat(" ", from) + strings.Repeat("─", first-from) + strings.Repeat("━", to-first) + strings.Repeat(" ", timelineWidth-to)
		what := a.Class
		if what == "" {
			what = "ok"
		}
		lines = append(lines, fmt.Sprintf("│%s│ %s %s, from %.1f to %.1f s", bar, a.Provider, what, a.StartMs/1000, (a.StartMs+a.DurationMs)/1000))
	}
	return lines
}
