package proxy

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// Balance names the policy that puts the targets of a step into the order in
// which they are tried: the first serves, the rest stand in for it.
type Balance string

// The policies.
const (
	// BalanceWeighted draws by weight.
	BalanceWeighted Balance = "weighted"
	// BalancePriority takes the targets as they are written.
	BalancePriority Balance = "priority"
	// BalanceLeastInFlight prefers where the fewest calls are under way, by
	// weight.
	BalanceLeastInFlight Balance = "least_in_flight"
	// BalanceFastest prefers the shortest time to the first content, as a
	// moving average.
	BalanceFastest Balance = "fastest"
	// BalanceCheapest prefers the lowest price.
	BalanceCheapest Balance = "cheapest"
)

// Balances lists the policies, the default first.
func Balances() []Balance {
	return []Balance{BalanceWeighted, BalancePriority, BalanceLeastInFlight, BalanceFastest, BalanceCheapest}
}

// explore is how often the fastest policy begins with another target, so that
// one that was slow once is not slow for ever: one call in so many.
const explore = 20

// Place is why a candidate stands where it does.
type Place struct {
	By    Balance // what decided
	Value float64 // by what: a weight, calls per weight, seconds, a price; NaN: unknown
	Kept  bool    // the conversation was here before, which decided before all else
}

// String says it in words.
func (p Place) String() string {
	if p.Kept {
		return "the conversation was here before"
	}
	unknown := math.IsNaN(p.Value)
	switch {
	case p.By == BalancePriority:
		return "as written"
	case p.By == BalanceLeastInFlight:
		return fmt.Sprintf("%.4g calls under way per weight", p.Value)
	case p.By == BalanceFastest && unknown:
		return "its speed is not known yet"
	case p.By == BalanceFastest:
		return fmt.Sprintf("%v to the first content", time.Duration(p.Value*float64(time.Second)).Round(time.Millisecond))
	case p.By == BalanceCheapest && unknown:
		return "its price is not known"
	case p.By == BalanceCheapest:
		return fmt.Sprintf("%.4g per million tokens", p.Value)
	}
	return fmt.Sprintf("drawn by its weight of %.0f", p.Value)
}

// field is what policies look at.
type field struct {
	g        *Gateway
	exchange price.Exchange
	now      time.Time
	stream   bool
	prompt   int64          // tokens, about
	draw     func() float64 // from [0, 1)
}

// policy judges a candidate of n: the lower, the earlier it is tried; equal
// ones are drawn by weight.
type policy func(f *field, c *candidate, i int) (rank float64)

// policies are the policies.
var policies = map[Balance]policy{
	BalanceWeighted: func(_ *field, c *candidate, _ int) float64 {
		c.place.Value = float64(c.weight)
		return 0
	},
	BalancePriority: func(_ *field, _ *candidate, i int) float64 { return float64(i) },
	BalanceLeastInFlight: func(f *field, c *candidate, _ int) float64 {
		c.place.Value = float64(f.calls(c)) / float64(c.weight)
		return float64(f.calls(c)+1) / float64(c.weight)
	},
	BalanceFastest: func(f *field, c *candidate, _ int) float64 {
		c.place.Value = f.seconds(c)
		if math.IsNaN(c.place.Value) {
			return 0 // to be found out
		}
		return c.place.Value
	},
	BalanceCheapest: func(f *field, c *candidate, _ int) float64 {
		c.place.Value = f.priceOf(c)
		if math.IsNaN(c.place.Value) {
			return math.MaxFloat64
		}
		return c.place.Value
	},
}

// order puts the candidates of a step into the order in which they are tried.
func (f *field) order(by Balance, list []candidate) {
	if len(list) < 2 {
		return
	}
	ranks := make([]struct {
		rank, lot float64
		cand      candidate
	}, len(list))
	for i := range list {
		r := &ranks[i]
		r.cand = list[i]
		r.cand.place.By = by
		r.rank = policies[by](f, &r.cand, i)
		// Exponential variates with the weights as rates come in the order of
		// draws by weight without putting back.
		r.lot = -math.Log(1-f.draw()) / float64(r.cand.weight)
	}
	if by == BalanceFastest && f.draw() < 1.0/explore {
		for i := range ranks {
			ranks[i].rank = 0
		}
	}
	slices.SortStableFunc(ranks, func(a, b struct {
		rank, lot float64
		cand      candidate
	},
	) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.lot, b.lot))
	})
	for i := range ranks {
		list[i] = ranks[i].cand
	}
}

// keep puts the target at which the conversation was before first, unless that
// serves another model than the first (where the route does not want it all the
// same) or has become much busier or slower than the others, or the policy is one in
// which the order is the very point.
func (f *field) keep(affinity Affinity, list []candidate, was bond) {
	for i := range list {
		if list[i].provider == nil || list[i].breaker() != was.target {
			continue
		}
		list[i].key = was.key
		by := list[i].place.By
		other := affinity != AffinityOn && list[i].model != list[0].model
		if i == 0 || other || by == BalancePriority || by == BalanceCheapest || f.crowded(list, i) || f.slow(by, list, i) {
			return
		}
		kept := list[i]
		kept.place.Kept = true
		copy(list[1:i+1], list[:i])
		list[0] = kept
		return
	}
}

// How much busier than its share of the calls under way, or slower than the
// fastest, a target may be before conversations leave it.
const (
	keepShare = 1.25 // times its share of the calls, and
	keepCalls = 4    // so many more
	keepTimes = 2    // times the fastest one's seconds, and
	keepPause = 0.25 // so many more
)

// crowded reports whether far more than its share of calls is at a candidate.
func (f *field) crowded(list []candidate, i int) bool {
	var calls int64
	weight := 0
	for n := range list {
		calls += f.calls(&list[n])
		weight += list[n].weight
	}
	share := float64(calls) * float64(list[i].weight) / float64(weight)
	return float64(f.calls(&list[i])) > keepShare*share+keepCalls
}

// slow reports whether a candidate is far slower than the first.
func (f *field) slow(by Balance, list []candidate, i int) bool {
	return by == BalanceFastest && f.seconds(&list[i]) > keepTimes*f.seconds(&list[0])+keepPause
}

// calls is how many calls are under way at a candidate.
func (f *field) calls(c *candidate) int64 {
	if c.provider == nil {
		return 0
	}
	return f.g.loads.of(c.breaker()).inFlight.Load()
}

// seconds is how long a candidate takes to begin to answer; NaN: not known.
func (f *field) seconds(c *candidate) float64 {
	if c.provider == nil {
		return math.NaN()
	}
	l := f.g.loads.of(c.breaker())
	p, other := &l.whole, &l.first
	if f.stream {
		p, other = other, p
	}
	for _, p := range []*pace{p, other} {
		if mean, known := p.get(f.now); known {
			return mean.Seconds()
		}
	}
	return math.NaN()
}

// priceOf is what a candidate costs per million tokens, three of four of them
// prompt, in the currency that is shown; NaN: not known.
func (f *field) priceOf(c *candidate) float64 {
	if c.provider == nil {
		return math.NaN()
	}
	entry, listed := c.provider.prices.Model(c.model).At(f.now, f.prompt)
	if !listed {
		return math.NaN()
	}
	u := llm.Usage{Input: 750_000, Output: 250_000, InputFrom: llm.FromEstimates, OutputFrom: llm.FromEstimates}
	amount, known := price.Cost(u, entry.Price)
	if !known { // embeddings have no price for an answer
		u.Input, u.Output = 1_000_000, 0
		amount, known = price.Cost(u, entry.Price)
	}
	shown, rated := f.exchange.Convert(amount)
	if !known || !rated {
		return math.NaN()
	}
	return float64(shown.Nano) / 1e9
}

// field is what the policies look at for a call whose prompt has about so many
// tokens.
func (g *Gateway) field(snap *Snapshot, stream bool, prompt int64) *field {
	return &field{g: g, exchange: snap.exchange, now: g.now(), stream: stream, prompt: prompt, draw: rand.Float64}
}
