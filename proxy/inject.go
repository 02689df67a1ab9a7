package proxy

import (
	"cmp"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/protocol/openai"
)

// The bounds of an injection. It always ends by itself, by count and by time,
// whichever comes first, and with the process.
const (
	DefaultInjectCount = 10
	MaxInjectCount     = 10_000
	DefaultInjectFor   = time.Minute
	MaxInjectFor       = time.Hour
	maxInjections      = 100
)

// Injection is a fault that stands in front of a provider for a while: the
// attempts it fits are answered by the fake vendor, with that fault, and the
// provider is not asked. Text that comes before the fault strikes is the fake
// vendor's.
type Injection struct {
	ID       string
	Provider string // Provider.ID
	Key      string // Key.ID; empty: any
	Model    string // pattern of the model asked for at the provider; empty: any
	Fault    string // as the lab names it, such as "e429:retry_after=2"
	Count    int    // at most so many attempts; 0 is DefaultInjectCount
	Until    time.Time
	Since    time.Time
	By       string // who set it
	Used     int    // attempts so far
}

// injector holds the injections in force.
type injector struct {
	now    func() time.Time
	forget func(provider string)
	count  atomic.Int32 // len(list), so that the usual attempt takes no lock

	mu   sync.Mutex
	list []*Injection
}

// Inject sets a fault, for d (0 is DefaultInjectFor), and returns it as it is
// in force. An error says which bound or name is wrong.
func (g *Gateway) Inject(i Injection, d time.Duration) (Injection, error) {
	i.Count, d = cmp.Or(i.Count, DefaultInjectCount), cmp.Or(d, DefaultInjectFor)
	switch err := checkFault(i.Fault); {
	case err != nil:
		return i, err
	case i.Count < 1 || i.Count > MaxInjectCount:
		return i, fmt.Errorf("a fault strikes at most 1 to %d attempts", MaxInjectCount)
	case d < 0 || d > MaxInjectFor:
		return i, fmt.Errorf("a fault is in force for at most %v", MaxInjectFor)
	}
	j := &g.injector
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.sweep(); len(j.list) >= maxInjections {
		return i, fmt.Errorf("%d faults are in force already: end some first", maxInjections)
	}
	i.Used, i.Since = 0, g.now()
	id := newRequestID(i.Since)
	i.ID = id[len(id)-16:] // the part that is drawn
	i.Until = i.Since.Add(d)
	j.list = append(j.list, &i)
	j.count.Store(int32(len(j.list)))
	g.log.Warn("a fault is injected", "fault", i.Fault, "provider", i.Provider, "model", i.Model, "count", i.Count, "until", i.Until, "by", i.By)
	return i, nil
}

// checkFault says what is wrong with a fault's text.
func checkFault(text string) error {
	if text == "" {
		return errNoFault
	}
	return lab.CheckFault(text)
}

// Injections lists the faults in force, the oldest first.
func (g *Gateway) Injections() []Injection {
	j := &g.injector
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sweep()
	list := []Injection{}
	for _, i := range j.list {
		list = append(list, *i)
	}
	return list
}

// EndInjection ends a fault, or all of them for an empty id, and reports how
// many that were.
func (g *Gateway) EndInjection(id string) int {
	j := &g.injector
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sweep()
	before := len(j.list)
	j.drop(func(i *Injection) bool { return id == "" || i.ID == id })
	return before - len(j.list)
}

// sweep ends what is used up or over.
func (j *injector) sweep() {
	now := j.now()
	j.drop(func(i *Injection) bool { return i.Used >= i.Count || !now.Before(i.Until) })
}

// drop ends injections. What was learnt of their providers meanwhile is
// forgotten: a fault that was not their own must not outlive the injection.
func (j *injector) drop(over func(*Injection) bool) {
	ended := map[string]bool{}
	kept := j.list[:0]
	for _, i := range j.list {
		if over(i) {
			ended[i.Provider] = true
			continue
		}
		kept = append(kept, i)
	}
	clear(j.list[len(kept):])
	j.list = kept
	j.count.Store(int32(len(kept)))
	for provider := range ended {
		j.forget(provider)
	}
}

// endInjections ends what is over although no attempt asks for it: the target
// may be left alone because of it.
func (g *Gateway) endInjections() {
	if g.injector.count.Load() == 0 {
		return
	}
	g.injector.mu.Lock()
	defer g.injector.mu.Unlock()
	g.injector.sweep()
}

// forget drops the live state of a provider that an injection may have made.
func (g *Gateway) forget(provider string) {
	g.breakers.forget(provider)
	g.absences.forget(provider)
	g.keyring.forgive(provider)
	for _, p := range g.snapshot.Load().providers {
		if p.id != provider {
			continue
		}
		for _, k := range p.keys {
			g.keyBreakers.forget(k.live)
		}
	}
}

// holds reports whether faults are still in force at a provider. What the last
// one does is not learnt from any more.
func (j *injector) holds(provider string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sweep()
	return slices.ContainsFunc(j.list, func(i *Injection) bool { return i.Provider == provider })
}

// take is the fault that strikes an attempt, if one does. Of all that fit, the
// oldest strikes.
func (j *injector) take(cand *candidate, k *key) (fault string, strikes bool) {
	if j.count.Load() == 0 {
		return "", false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sweep()
	for _, i := range j.list {
		if i.Provider != cand.provider.id || i.Model != "" && !catalog.Glob(i.Model, cand.model) || i.Key != "" && (k == nil || k.id != i.Key) {
			continue
		}
		i.Used++
		return i.Fault, true
	}
	return "", false
}

// stage says whether an attempt is played by the fake vendor, and with which
// fault (empty: well). Only a game day has one.
type stage func(cand *candidate) (fault string, played bool)

// cast decides whether an attempt is played by the fake vendor. That speaks
// OpenAI's dialects, so a target of another one is spoken to in those.
func (t *try) cast() {
	fault, played := t.g.injector.take(t.cand, t.key)
	if !played && t.g.stage != nil {
		fault, played = t.g.stage(t.cand)
	}
	if !played {
		return
	}
	t.fault, t.played = fault, true
	t.at.Injected = cmp.Or(fault, "none")
	own := t.entry.endpoint
	t.speech = speech{protocol: t.entry.protocol, endpoint: own, passes: own.In == nil || own.Out == nil || !t.recodes(t.cand)}
	if first := t.g.protocols[0]; !simulated(t.entry.protocol.Name) {
		if far := twin(first, own, func(string) bool { return true }); far != nil {
			t.speech = speech{protocol: first, endpoint: far}
		}
	}
}

// simulated reports whether the fake vendor speaks a dialect.
func simulated(name string) bool { return name == openai.Name || name == "responses" }

// carry takes a request to its vendor, or to the fake one that plays it.
func (t *try) carry(req *http.Request) (*http.Response, error) {
	if t.played {
		return t.g.simulator.play(req, t.fault)
	}
	pool := t.cand.provider.transport
	pool.connect = t.times.Connect
	return t.g.transports.carry(pool, req, t.dialing)
}

// address is where an attempt is sent, and how it shows its key. A fake vendor
// is shown none.
func (t *try) address() (place, error) {
	if !t.played {
		return t.cand.provider.place(t.speech.protocol.Name, t.cand.model, t.upstream(), t.streams())
	}
	u, err := url.Parse(simulatorURL + t.upstream())
	return place{url: u, auth: catalog.Auth{Kind: catalog.AuthNone}}, err
}

// discardLog is a log for servers inside the process, whose connections break
// on purpose.
func discardLog() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) }
