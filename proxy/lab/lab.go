package lab

import (
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	defaultPace = 20 * time.Millisecond
	slowdown    = 10        // how much slower a "slow" model is
	maxBody     = 512 << 20 // bytes; above it the lab answers 413
)

// Options are how a Lab behaves. The zero value serves anybody at the default
// pace.
type Options struct {
	Now  func() time.Time // wall clock for "created", flap and rules; nil is time.Now
	Pace time.Duration    // between the words of a stream; 0 is 20 ms, below 0 is no wait
	Keys []string         // accepted keys; empty: any key and none
	// AWS are secrets by access key id, by which Bedrock's requests are signed,
	// Accounts public keys of Google's service accounts by their address, Apps
	// client secrets of Entra's applications by their id.
	AWS      map[string]string
	Accounts map[string]*rsa.PublicKey
	Apps     map[string]string
	Models   []string     // more names to serve, such as "qwen-max"; they talk like demo-chat
	Any      bool         // serve every other name too, as if it were lab-chat
	Asked    bool         // a call may ask for a fault by the header FaultHeader
	Admin    bool         // rules are set and dropped over HTTP, below /lab/ (admin.go)
	Log      *slog.Logger // one line a call; nil discards
	Forget   bool         // keep no record of calls: for a demo, whose prompts are nobody's business
}

// FaultHeader is the header by which a call asks for a fault, such as
// "e429:retry_after=2", where Options.Asked permits it. It goes before rules and
// before the fault of a model's name.
const FaultHeader = "X-Lab-Fault"

// Lab is the fake vendor: an http.Handler.
type Lab struct {
	opts     Options
	born     time.Time
	faults   map[string]behaviour
	ops      []op
	calls    *ledger
	rules    ruleBook
	stopping chan struct{}
	stopOnce sync.Once
	running  sync.WaitGroup
	counters counters

	mu      sync.Mutex
	started bool
	issued  map[string]string // tokens, by whom they are for; empty: revoked
	done    chan struct{}
}

// New makes a lab.
func New(o Options) *Lab {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Pace == 0 {
		o.Pace = defaultPace
	}
	if o.Pace < 0 {
		o.Pace = 0
	}
	l := &Lab{
		opts:     o,
		born:     o.Now(),
		faults:   map[string]behaviour{},
		ops:      operations(),
		calls:    newLedger(),
		stopping: make(chan struct{}),
		done:     make(chan struct{}),
	}
	for _, b := range wall() {
		l.faults[b.Name] = b
	}
	return l
}

// Calls are the calls that the lab was sent, oldest first: the last 10,000.
// Of their bodies the newest 64 MiB are kept.
func (l *Lab) Calls() []Call { return l.calls.list() }

// Reset forgets the calls, the rules and what the times option has counted.
func (l *Lab) Reset() {
	l.calls.reset()
	l.rules.reset()
}

// ServeHTTP answers one call.
func (l *Lab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.running.Add(1)
	defer l.running.Done()
	if l.opts.Admin && strings.HasPrefix(r.URL.Path, adminPrefix) {
		l.admin(w, r)
		return
	}
	if r.URL.Path == StatsPath {
		l.serveStats(w)
		return
	}
	l.counters.count(r)

	// The body is read before any wait: net/http sees a client leave only then.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	rec := l.calls.begin(r, body, l.opts.Forget)
	defer l.finish(rec, r)
	unwatch := rec.watch(r.Context())
	defer unwatch()
	if err != nil {
		return
	}

	x := &exchange{lab: l, r: r, body: body, id: rec.requestID()}
	p := l.answer(x)
	rec.identify(x)
	p.header.Set("X-Request-Id", x.id)
	pl := player{lab: l, w: w, r: r, rec: rec, reply: p}
	pl.play()
}

// answer makes the reply to a call, with the fault that it asked for.
func (l *Lab) answer(x *exchange) *reply {
	p, fail := l.attempt(x)
	if fail != nil {
		return x.refusal(fail)
	}
	return p
}

func (l *Lab) attempt(x *exchange) (*reply, *apiError) {
	if len(x.body) > maxBody {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, kind: kindInvalid, code: "request_too_large", message: "The request body is larger than 512 MiB. Send less."}
	}
	o, fail := x.route(l.ops)
	x.op = o
	if wrong := x.authenticate(l.opts.Keys); wrong != nil {
		return nil, wrong
	}
	if fail != nil {
		return nil, fail
	}
	if fail := x.decode(o); fail != nil {
		return nil, fail
	}
	x.chooseFault()
	p, fail := o.handle(x)
	if fail != nil {
		return nil, fail
	}
	if x.fault.behaviour.edit != nil {
		x.fault.behaviour.edit(p, x)
	}
	return p, nil
}

func (l *Lab) finish(rec *record, r *http.Request) {
	rec.end(r.Context())
	l.opts.Log.Info("lab call", "method", r.Method, "path", r.URL.Path, "model", rec.call.Model, "took", rec.call.End.Sub(rec.call.Start))
}

// knows says whether a name was given in Options.Models.
func (l *Lab) knows(name string) bool { return slices.Contains(l.opts.Models, name) }
