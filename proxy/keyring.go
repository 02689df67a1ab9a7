package proxy

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// How long a key stays out. Rate limits pass by themselves; a refused or
// exhausted key is looked at again later, with a single call, in case it was
// the vendor's mistake or someone paid the bill.
const (
	coolDown    = 2 * time.Second // a 429 that does not say how long
	benchFirst  = 5 * time.Minute
	benchLonger = time.Hour
	probeEvery  = 30 * time.Second // while one call looks whether a benched key works again
)

// keyring is the live state of all keys. It outlives snapshots.
type keyring struct {
	now func() time.Time

	mu    sync.Mutex
	out   map[string]*outKey // by key.live; keys that are simply ok are not in it
	drawn func(int) int      // a random number below n
}

// outKey is a key that is out, or was and has not proved itself since.
type outKey struct {
	state   KeyState
	strikes int    // times in a row it was benched
	drill   string // the provider at which an injected fault put it out; empty: it was a real one
}

func newKeyring(now func() time.Time) *keyring {
	return &keyring{now: now, out: map[string]*outKey{}, drawn: rand.IntN}
}

// pick draws a usable key by weight, leaving out those tried already; the one
// that is liked (by its live name) goes before the draw. Without
// one it says why: how long until the first cooling one is back (0 if none
// comes back by itself), and what put the last one out.
func (k *keyring) pick(keys []*key, tried map[string]bool, liked string) (chosen *key, wait time.Duration, why *KeyState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	total := 0
	var usable []*key
	for _, c := range keys {
		if tried[c.live] {
			continue
		}
		out := k.out[c.live]
		if out != nil && out.state.State == KeyCooling && !now.Before(out.state.Until) {
			delete(k.out, c.live) // its time is up, and it is as good as any
			out = nil
		}
		if out != nil && now.Before(out.state.Until) {
			state := out.state
			if left := out.state.Until.Sub(now); wait == 0 || left < wait {
				wait = left
			}
			why = &state
			continue
		}
		usable = append(usable, c)
		total += c.weight
	}
	if len(usable) == 0 {
		return nil, wait, why
	}
	if i := slices.IndexFunc(usable, func(c *key) bool { return c.live == liked }); i >= 0 {
		chosen = usable[i]
	} else {
		chosen = draw(usable, total, k.drawn)
	}
	if out := k.out[chosen.live]; out != nil {
		out.state.Until = now.Add(probeEvery) // one call at a time finds out
	}
	return chosen, 0, nil
}

func draw(keys []*key, total int, drawn func(int) int) *key {
	n := drawn(total)
	for _, c := range keys {
		if n -= c.weight; n < 0 {
			return c
		}
	}
	return keys[len(keys)-1]
}

// observe learns from what became of an attempt with a key.
func (k *keyring) observe(c *key, err *llm.Error) {
	if c == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		delete(k.out, c.live)
		return
	}
	now := k.now()
	state := KeyState{Class: err.Class, Reason: err.Message, Since: now}
	switch err.Class {
	case llm.ClassRateLimited:
		state.State = KeyCooling
		state.Until = now.Add(orWait(err.RetryAfter))
	case llm.ClassAuth, llm.ClassQuotaExhausted:
		k.bench(c, state)
		return
	default:
		k.exonerate(c, err.Class)
		return
	}
	if old := k.out[c.live]; old != nil && old.state.Until.After(state.Until) {
		return // an answer that overtook another must not shorten the wait
	}
	k.out[c.live] = &outKey{state: state}
}

// exonerate draws from a failure that is not about the key what it says about
// a key that is benched: an answer proves that it was accepted; a call that
// got none leaves the question to the next.
func (k *keyring) exonerate(c *key, class llm.Class) {
	out := k.out[c.live]
	if out == nil || out.state.State != KeyBenched {
		return
	}
	switch class {
	case llm.ClassBadRequest, llm.ClassContextLength, llm.ClassContentFilter, llm.ClassModelNotFound,
		llm.ClassServerError, llm.ClassOverloaded, llm.ClassCut:
		delete(k.out, c.live)
	default:
		out.state.Until = k.now()
	}
}

func orWait(d time.Duration) time.Duration {
	if d <= 0 {
		return coolDown
	}
	return d
}

func (k *keyring) bench(c *key, state KeyState) {
	old := k.out[c.live]
	strikes := 1
	if old != nil && old.state.State == KeyBenched {
		strikes = old.strikes + 1
		state.Since = old.state.Since
	}
	state.State = KeyBenched
	state.Until = k.now().Add(min(benchFirst<<min(strikes-1, 10), benchLonger))
	k.out[c.live] = &outKey{state: state, strikes: strikes}
}

// drilled notes that what was observed of a key last was an injected fault.
func (k *keyring) drilled(c *key, provider string, class llm.Class) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if out := k.out[c.live]; out != nil && out.state.Class == class {
		out.drill = provider
	}
}

// forgive puts keys back into rotation that injected faults put out at a
// provider.
func (k *keyring) forgive(provider string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for live, out := range k.out {
		if out.drill == provider {
			delete(k.out, live)
		}
	}
}

// release puts a key back into rotation and reports whether it was out.
func (k *keyring) release(live string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, out := k.out[live]
	delete(k.out, live)
	return out
}

// states lists the keys that are out, by Key.ID.
func (k *keyring) states(keys []*key) map[string]KeyState {
	k.mu.Lock()
	defer k.mu.Unlock()
	got := map[string]KeyState{}
	now := k.now()
	for _, c := range keys {
		out := k.out[c.live]
		if out == nil || out.state.State == KeyCooling && !now.Before(out.state.Until) {
			continue
		}
		state := out.state
		state.Provider, state.Name = c.provider, c.name
		got[c.id] = state
	}
	return got
}

// keep forgets the state of keys that no snapshot knows any more.
func (k *keyring) keep(keys []*key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	known := map[string]bool{}
	for _, c := range keys {
		known[c.live] = true
	}
	for live := range k.out {
		if !known[live] {
			delete(k.out, live)
		}
	}
}
