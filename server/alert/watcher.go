package alert

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/price"
)

// every is how often the rules are looked at.
const every = 10 * time.Second

// saveEvery is how often the day's spending is saved.
const saveEvery = time.Minute

// Settings are what an admin wants to be told, and where.
type Settings struct {
	Enabled  bool
	Language string // "zh" or "en"
	Rules    Rules
	Channels []Channel
}

// The states of an Event.
const (
	Fired    = "fired"
	Reminded = "reminded"
	Resolved = "resolved"
)

// Event is something that was told.
type Event struct {
	ID      string
	At      time.Time
	Rule    string
	Subject string
	State   string
	Message string
	Problem string // why a channel did not get it; empty: all did
}

// History keeps events and the day's spending over restarts.
type History interface {
	SaveAlert(context.Context, Event) error
	OpenAlerts(context.Context) ([]Event, error) // fired and not resolved
	SaveSpending(ctx context.Context, day string, sum price.Amount) error
	Spending(ctx context.Context, day string) ([]price.Amount, error)
}

// Active is a fault that goes on.
type Active struct {
	Rule, Subject string
	Message       string
	Since, Seen   time.Time
}

// Watcher looks at the rules. It implements proxy.Recorder.
type Watcher struct {
	from    Sources
	history History
	log     *slog.Logger
	now     func() time.Time
	send    func(context.Context, Channel, message) error

	on       atomic.Bool
	calls    calls
	spending spending
	shed     int64 // at the last look; used by look alone

	mu       sync.Mutex
	settings Settings
	active   map[string]*active
}

// active is a fault that was told.
type active struct {
	fault
	message           string
	since, seen, told time.Time
}

// New makes a watcher that is switched off until Configure; log and now may be
// nil.
func New(from Sources, history History, log *slog.Logger, now func() time.Time) *Watcher {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		now = time.Now
	}
	return &Watcher{from: from, history: history, log: log, now: now, send: deliver, active: map[string]*active{}}
}

// Record implements proxy.Recorder.
func (w *Watcher) Record(r *proxy.Record) {
	if !w.on.Load() {
		return
	}
	now := w.now()
	w.calls.add(r, now)
	w.spending.add(r, now)
}

// Configure takes over settings.
func (w *Watcher) Configure(s Settings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Rules = s.Rules.With()
	w.settings = s
	w.on.Store(s.Enabled)
}

// Active lists what goes on now, the oldest first.
func (w *Watcher) Active() []Active {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Active, 0, len(w.active))
	for _, a := range w.active {
		out = append(out, Active{a.rule, a.subject, a.message, a.since, a.seen})
	}
	slices.SortFunc(out, func(a, b Active) int { return a.Since.Compare(b.Since) })
	return out
}

// Run looks at the rules until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	w.resume(ctx)
	tick := time.NewTicker(every)
	defer tick.Stop()
	saved := w.now()
	for {
		select {
		case <-ctx.Done():
			w.save(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		}
		w.Look(ctx)
		if now := w.now(); now.Sub(saved) >= saveEvery {
			saved = now
			w.save(ctx)
		}
	}
}

// resume goes on from before a restart: what was told is not told again, and
// the day's spending is not forgotten.
func (w *Watcher) resume(ctx context.Context) {
	now := w.now()
	if sums, err := w.history.Spending(ctx, now.UTC().Format(time.DateOnly)); err != nil {
		w.log.Warn("the day's spending could not be read; the budget counts from now", "error", err)
	} else if len(sums) > 0 {
		w.spending.resume(now, sums[0])
	}
	open, err := w.history.OpenAlerts(ctx)
	if err != nil {
		w.log.Warn("open alerts could not be read; they may be told again", "error", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range open {
		f := fault{rule: e.Rule, subject: e.Subject}
		w.active[f.key()] = &active{fault: f, message: e.Message, since: e.At, seen: now, told: e.At}
	}
}

// save keeps the day's spending.
func (w *Watcher) save(ctx context.Context) {
	day, sum, changed := w.spending.unsaved(w.now())
	if !changed {
		return
	}
	if err := w.history.SaveSpending(ctx, day, sum); err != nil {
		w.log.Warn("the day's spending could not be saved", "error", err)
	}
}

// Look looks at the rules once, and tells what there is to tell.
func (w *Watcher) Look(ctx context.Context) {
	now := w.now()
	w.mu.Lock()
	s := w.settings
	if !s.Enabled {
		clear(w.active)
		w.mu.Unlock()
		return
	}
	events := w.compare(w.look(s.Rules, now), s, now)
	w.mu.Unlock()
	w.tell(ctx, s, events)
}

// compare finds what is new, what goes on for long and what is over.
func (w *Watcher) compare(found []fault, s Settings, now time.Time) []Event {
	var events []Event
	note := func(a *active, state string) {
		events = append(events, Event{At: now, Rule: a.rule, Subject: a.subject, State: state, Message: a.message})
		a.told = now
	}
	for _, f := range found {
		a := w.active[f.key()]
		if a == nil {
			a = &active{fault: f, since: now}
			w.active[f.key()] = a
			a.message = describe(s.Language, f)
			a.seen = now
			note(a, Fired)
			continue
		}
		a.seen, a.message = now, describe(s.Language, f)
		if s.Rules.Remind > 0 && now.Sub(a.told) >= s.Rules.Remind && a.rule != RuleBudget {
			note(a, Reminded)
		}
	}
	for key, a := range w.active {
		if now.Sub(a.seen) < s.Rules.Settle {
			continue
		}
		delete(w.active, key)
		note(a, Resolved)
	}
	slices.SortFunc(events, func(a, b Event) int { return strings.Compare(a.Rule+a.Subject, b.Rule+b.Subject) })
	return events
}

// tell sends events to every channel, all of one look in one message, and
// keeps them.
func (w *Watcher) tell(ctx context.Context, s Settings, events []Event) {
	if len(events) == 0 {
		return
	}
	m := compose(s.Language, events)
	var problems []string
	for _, c := range s.Channels {
		if c.Off {
			continue
		}
		if err := w.send(ctx, c, m); err != nil {
			problems = append(problems, c.Name+": "+err.Error())
			w.log.Warn("an alert did not reach a channel", "channel", c.Name, "error", err)
		}
	}
	for _, e := range events {
		e.Problem = strings.Join(problems, "; ")
		w.log.Warn("alert", "rule", e.Rule, "subject", e.Subject, "state", e.State)
		if err := w.history.SaveAlert(ctx, e); err != nil {
			w.log.Warn("an alert could not be kept", "error", err)
		}
	}
}

// Test sends a message to one channel, and returns what went wrong.
func (w *Watcher) Test(ctx context.Context, c Channel, language string) error {
	event := Event{At: w.now(), Rule: RuleTest, State: Fired, Message: describe(language, fault{rule: RuleTest})}
	return w.send(ctx, c, compose(language, []Event{event}))
}
