package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// Drill is one fault of a game day.
type Drill struct {
	Fault   string // as the lab names it
	About   string // in words
	First   int    // it strikes only so many attempts; 0: all
	Streams bool   // of streams only: for whole answers it is no fault, or patience is due
	Own     bool   // the caller's own doing: the vendor's reason is as good as an answer
	Calls   int    // how many calls are made, half a second apart; 0: one
}

// Drills are the faults of a game day, unless it names others.
func Drills() []Drill {
	return []Drill{
		{Fault: "e429:retry_after=2", About: "429 with Retry-After: 2, once", First: 1},
		{Fault: "e429:retry_after=2", About: "429 with Retry-After: 2, for good"},
		{Fault: "quota", About: "429, quota used up"},
		{Fault: "e401", About: "401, key refused"},
		{Fault: "e503", About: "503, once", First: 1},
		{Fault: "e503", About: "503, for good"},
		{Fault: "e500", About: "500, for good"},
		{Fault: "reset", About: "connection reset before an answer"},
		{Fault: "hang", About: "silence", Streams: true},
		{Fault: "slow-first:after=20s", About: "first token after 20 s", Streams: true},
		{Fault: "die:n=20", About: "cut after 20 words"},
		{Fault: "stall:n=20,for=30s", About: "30 s of silence after 20 words", Streams: true},
		{Fault: "malformed", About: "one malformed event", Streams: true},
		{Fault: "nodone", About: "no [DONE]", Streams: true},
		{Fault: "html200", About: "a web page with status 200"},
		{Fault: "err200", About: "an error with status 200"},
		{Fault: "trunc", About: "shorter than its Content-Length"},
		{Fault: "e400ctx", About: "prompt too long", Own: true},
		{Fault: "e400filter", About: "content refused", Own: true},
		{Fault: "nousage", About: "no usage reported"},
		{Fault: "gzip", About: "compressed"},
		{Fault: "giant:size=256KiB", About: "one giant event"},
		{Fault: "split", About: "one byte at a time, through the middle of characters"},
		{Fault: "flap:down=2s,up=2s", About: "down for 2 s, up for 2 s, and so on", Calls: 8},
	}
}

// DrillOf is a drill with a fault, as Drills has it if it does.
func DrillOf(fault string) Drill {
	for _, d := range Drills() {
		if d.Fault == fault && d.First == 0 {
			return d
		}
	}
	name, _, _ := strings.Cut(fault, ":")
	for _, f := range lab.Faults() {
		if f.Name == name {
			own := strings.HasPrefix(name, "e400") || name == "e422"
			return Drill{Fault: fault, About: f.Summary, Streams: f.Streams, Own: own}
		}
	}
	return Drill{Fault: fault}
}

const (
	drillQuestion = "Tell me a story."
	drillWords    = 60
	drillTokens   = 120 // a real provider is asked for no more
	drillGap      = 500 * time.Millisecond

	// DefaultPatience is how long the client of a game day waits.
	DefaultPatience = time.Minute
	// MaxPatience is how long it may be made to wait.
	MaxPatience = 5 * time.Minute
	// maxDrills bounds the faults of one game day.
	maxDrills = 60
)

// GameDay says how a route is tried.
type GameDay struct {
	Route    string        // its name
	Model    string        // to ask for; empty: one that the route names
	Drills   []Drill       // empty: Drills()
	Modes    []bool        // streamed (true) and whole; empty: both
	Real     bool          // all but the first target are the real providers; else the fake vendor answers for them
	Patience time.Duration // how long a client waits; 0 is DefaultPatience
}

// Drilled is what became of one drill.
type Drilled struct {
	Drill
	Stream bool

	// What the client saw of the last call.
	Status   int
	Complete bool          // the whole answer, with its end
	Broken   bool          // the connection broke: it is plain that the answer is not whole
	Text     string        // of the answer, bounded
	Error    string        // what it was told
	Took     time.Duration // of the last call
	Answered int           // of the calls

	Right  bool
	Why    string    // the verdict in words
	Record []*Record // of each call
}

// Run drives a route with each fault in the way of its first target, in
// gateways of its own: nothing that is learnt there is felt by anyone else. The
// first target is never asked itself. conf is the configuration in force.
func (d GameDay) Run(ctx context.Context, conf Config) ([]Drilled, error) {
	d.Patience = cmp.Or(d.Patience, DefaultPatience)
	if len(d.Drills) == 0 {
		d.Drills = Drills()
	}
	if len(d.Modes) == 0 {
		d.Modes = []bool{true, false}
	}
	for _, one := range d.Drills {
		if err := checkFault(one.Fault); err != nil {
			return nil, err
		}
	}
	conf, err := d.stage(conf)
	if err != nil {
		return nil, err
	}
	var results []*Drilled
	for _, one := range d.Drills {
		for _, stream := range d.Modes {
			if stream || !one.Streams {
				results = append(results, &Drilled{Drill: one, Stream: stream})
			}
		}
	}
	if len(results) > maxDrills {
		return nil, fmt.Errorf("a game day has at most %d drills, and streamed and whole count as two", maxDrills)
	}
	var group sync.WaitGroup
	for _, r := range results {
		group.Go(func() { d.drill(ctx, conf, r) })
	}
	group.Wait()
	done := make([]Drilled, 0, len(results))
	for _, r := range results {
		done = append(done, *r)
	}
	return done, ctx.Err()
}

// stage is the configuration with the route alone, open to this caller, its
// targets in the order in which they are written.
func (d *GameDay) stage(conf Config) (Config, error) {
	i := slices.IndexFunc(conf.Routes, func(r Route) bool { return r.Name == d.Route })
	if i < 0 {
		return conf, fmt.Errorf("there is no route %q", d.Route)
	}
	route := conf.Routes[i]
	if d.Model == "" {
		d.Model = modelOf(&route)
	}
	route.Disabled, route.Match, route.Balance, route.Affinity = false, Match{}, BalancePriority, AffinityOff
	conf.Access.Mode, conf.Consumers, conf.Routes = AccessOpen, nil, []Route{route}
	snap, _ := Compile(conf)
	switch {
	case len(snap.routes) == 0:
		return conf, fmt.Errorf("the route %q can't be compiled", d.Route)
	case snap.routes[0].broken != "":
		return conf, errors.New("the route is out of service: " + snap.routes[0].broken)
	case snap.routes[0].steps[0].targets[0].provider == nil:
		return conf, fmt.Errorf("the route's first target is at %s, which is switched off or at fault", route.Targets[0].Provider)
	}
	return conf, nil
}

// modelOf is a model that a route takes.
func modelOf(r *Route) string {
	for _, m := range r.Match.Models {
		if m.Kind == "" || m.Kind == MatchExact {
			return m.Value
		}
	}
	if r.Targets != nil && r.Targets[0].Model != "" {
		return r.Targets[0].Model
	}
	return "game-day"
}

// drill makes the calls of one drill.
func (d *GameDay) drill(ctx context.Context, conf Config, r *Drilled) {
	told := &drillRecorder{}
	g := New(Options{Recorder: told, Version: "game-day"})
	defer g.Stop()
	snap, _ := Compile(conf)
	g.Load(snap)
	var struck int
	var mu sync.Mutex
	first := snap.routes[0].steps[0].targets[0]
	g.stage = func(cand *candidate) (string, bool) {
		if cand.provider != first.provider || cand.model != first.modelFor(d.Model) {
			return "", !d.Real
		}
		mu.Lock()
		defer mu.Unlock()
		struck++
		if r.First > 0 && struck > r.First {
			return "", true
		}
		return r.Fault, true
	}
	listener := newPipeListener()
	transport, server := serveOn(listener, g)
	defer func() { _ = server.Close() }() // a pipe has no error to tell
	for n := range max(r.Calls, 1) {
		if n > 0 && !sleep(ctx, drillGap) {
			break
		}
		d.call(ctx, transport, r)
		if r.Complete {
			r.Answered++
		}
	}
	_ = server.Shutdown(ctx) // the last record is told before the last call ends,
	g.counting.wait()        // or once what no vendor counted is counted
	r.Record = told.list()
	d.judge(r, snap)
}

// call makes one call and notes what the client sees.
func (d *GameDay) call(ctx context.Context, transport http.RoundTripper, r *Drilled) {
	ctx, cancel := context.WithTimeout(ctx, d.Patience)
	defer cancel()
	began := time.Now()
	r.Status, r.Complete, r.Broken, r.Text, r.Error = 0, false, false, "", ""
	defer func() { r.Took = time.Since(began) }()
	body := fmt.Sprintf(`{"model":%s,"stream":%v,"max_tokens":%d,"messages":[{"role":"user","content":%s}]}`, rawjson.Quote(d.Model), r.Stream, drillTokens, rawjson.Quote(drillQuestion))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		r.Error = err.Error()
		return
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		r.Error = d.waited(ctx, err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	r.Status = resp.StatusCode
	if r.Broken = err != nil; r.Broken {
		r.Error = d.waited(ctx, err)
	}
	r.read(answer)
}

// waited says that the client's patience was at its end, if it was.
func (d *GameDay) waited(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return fmt.Sprintf("nothing more came within %v", d.Patience)
	}
	return "the connection broke: " + innermost(err)
}

// judge says whether the client was served right.
func (d *GameDay) judge(r *Drilled, snap *Snapshot) {
	want := lab.Text(drillQuestion, drillWords)
	reserve := len(snap.routes[0].steps) > 1 || len(snap.routes[0].steps[0].targets) > 1
	refusal := r.Status >= 400 && r.Error != ""
	switch {
	case r.Calls > 1 && r.Answered == r.Calls, r.Calls <= 1 && r.Complete && (d.Real || r.Text == want || strings.HasPrefix(r.Fault, "giant")):
		r.Right, r.Why = true, "answered whole"
		if n := len(r.Record); n > 0 && r.Record[n-1].Rescued {
			r.Why = "answered whole, begun by one target and finished by another"
		}
	case r.Complete && r.Calls <= 1:
		r.Why = "the answer looks whole, but it is not the one that was to come"
	case r.Calls > 1 && reserve:
		r.Why = fmt.Sprintf("%d of %d calls were answered", r.Answered, r.Calls)
	case r.Own && refusal:
		r.Right, r.Why = true, "told the vendor's own reason"
	case (refusal || r.Broken && r.Error != "" && r.Status != 0) && !reserve:
		r.Right, r.Why = true, "told clearly that it failed; no other target could stand in"
	case refusal || r.Broken && r.Status != 0:
		r.Why = "told clearly that it failed, although another target was there: see the attempts, and the route's triggers and rules"
	case r.Status == 0:
		r.Why = r.Error
	default:
		r.Why = "cut off without a word: it looks whole and is not"
	}
	if len(r.Text) > 300 {
		r.Text = clip(r.Text, 300)
	}
}

// drillRecorder keeps the records of a drill.
type drillRecorder struct {
	mu      sync.Mutex
	records []*Record
}

// Record implements Recorder.
func (d *drillRecorder) Record(r *Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records = append(d.records, r)
}

func (d *drillRecorder) list() []*Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.records)
}
