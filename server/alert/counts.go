package alert

import (
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// slot is the span of time that calls are counted in together.
const slot = 15 * time.Second

// maxSlots is how many are kept: an hour.
const maxSlots = int(time.Hour / slot)

// everything is the subject for all calls together.
const everything = "all calls"

type counted struct{ all, failed int64 }

// calls counts calls by provider and time.
type calls struct {
	mu    sync.Mutex
	slots map[int64]map[string]*counted // by the number of the slot since 1970
}

// add counts a call. What a caller did wrong or gave up speaks against nobody.
func (c *calls) add(r *proxy.Record, now time.Time) {
	failed := speaksAgainst(r.Class)
	c.mu.Lock()
	defer c.mu.Unlock()
	n := now.UnixNano() / int64(slot)
	if c.slots == nil {
		c.slots = map[int64]map[string]*counted{}
	}
	in := c.slots[n]
	if in == nil {
		in = map[string]*counted{}
		c.slots[n] = in
		for old := range c.slots {
			if old <= n-int64(maxSlots) {
				delete(c.slots, old)
			}
		}
	}
	count(in, everything, failed)
	for i := range r.Attempts {
		count(in, r.Attempts[i].Provider, speaksAgainst(r.Attempts[i].Class))
	}
}

func count(in map[string]*counted, name string, failed bool) {
	c := in[name]
	if c == nil {
		c = &counted{}
		in[name] = c
	}
	c.all++
	if failed {
		c.failed++
	}
}

// speaksAgainst tells failures of vendors and of our own from those of callers.
func speaksAgainst(class llm.Class) bool {
	switch class {
	case llm.ClassNone, llm.ClassBadRequest, llm.ClassContextLength, llm.ClassContentFilter, llm.ClassClientClosed,
		llm.ClassDenied, llm.ClassShutdown, llm.ClassOutrun:
		return false
	}
	return true
}

// within sums the slots of the last while.
func (c *calls) within(d time.Duration, now time.Time) map[string]counted {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := map[string]counted{}
	first := now.Add(-d).UnixNano() / int64(slot)
	for n, in := range c.slots {
		if n <= first {
			continue
		}
		for name, one := range in {
			s := sum[name]
			s.all += one.all
			s.failed += one.failed
			sum[name] = s
		}
	}
	return sum
}

// spending adds up what calls cost, by day (UTC).
type spending struct {
	mu      sync.Mutex
	day     int64 // since 1970
	sum     price.Amount
	changed bool // since it was saved
}

func (s *spending) add(r *proxy.Record, now time.Time) {
	if !r.Cost.Known || r.Cost.Shown.Currency == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	if s.sum.Currency != r.Cost.Shown.Currency {
		s.sum = price.Amount{Currency: r.Cost.Shown.Currency} // the admin shows sums in another one now
	}
	s.sum.Nano += r.Cost.Shown.Nano
	s.changed = true
}

func (s *spending) turn(now time.Time) {
	if day := now.Unix() / (24 * 60 * 60); s.day != day {
		s.day, s.sum.Nano, s.changed = day, 0, false
	}
}

func (s *spending) today(now time.Time) (day string, sum price.Amount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	return now.UTC().Format(time.DateOnly), s.sum
}

// unsaved is today's sum if it was not saved yet.
func (s *spending) unsaved(now time.Time) (day string, sum price.Amount, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	ok, s.changed = s.changed, false
	return now.UTC().Format(time.DateOnly), s.sum, ok
}

// resume goes on from what was saved before a restart.
func (s *spending) resume(now time.Time, sum price.Amount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	s.sum.Currency = sum.Currency
	s.sum.Nano += sum.Nano
}
