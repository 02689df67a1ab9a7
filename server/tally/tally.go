package tally

import (
	"maps"
	"slices"
)

// Count is one of the sums of a Tally.
type Count int

// The sums. They are encoded in this order: new ones go to the end.
const (
	Calls     Count = iota // calls; in a series of attempts, attempts
	Tries                  // attempts of the calls
	Fallbacks              // calls for which a second target was asked
	Rescues                // streams finished by another target than began them
	Streams                // calls that streamed
	Against                // attempts whose failure speaks against the provider
	Shed                   // calls without a row in the log, as it could not keep up
	BytesIn
	BytesOut

	Input // the kinds of llm.Usage
	CacheRead
	CacheWrite
	CacheWrite1h
	Output
	Reasoning
	AudioIn
	AudioOut
	Images
	AudioMillis
	Total

	Estimated // calls of which a figure was counted or estimated here
	Unmetered // served calls of which nobody knows the usage
	Unpriced  // served calls whose price is not known
	Duration  // sum of the values in the histogram of this name, microseconds
	TTFT      // the same
	Speed     // the same, in thousandths of a token per second

	counts // how many there are
)

// sumsOf are the sums of a Tally, by Count.
type sumsOf [counts]int64

// Money is an amount in one currency, in billionths of its unit.
type Money struct {
	Currency string
	Nano     int64
}

// Tally holds sums of calls. The zero value is empty.
type Tally struct {
	N sumsOf

	Classes  map[string]int64 // failures by class
	Statuses map[int]int64    // HTTP statuses other than 200
	Spent    []Money          // in the currencies of the price lists
	Shown    []Money          // the same in the display currencies there were

	Durations Histogram // microseconds, of served calls
	TTFTs     Histogram // microseconds, of streams
	Speeds    Histogram // thousandths of output tokens per second, of streams
}

// Class counts failures of a class.
func (t *Tally) Class(class string, n int64) {
	if t.Classes == nil {
		t.Classes = map[string]int64{}
	}
	t.Classes[class] += n
}

// Status counts an HTTP status.
func (t *Tally) Status(status int, n int64) {
	if status == 200 {
		return
	}
	if t.Statuses == nil {
		t.Statuses = map[int]int64{}
	}
	t.Statuses[status] += n
}

// Took counts a served call's duration in microseconds.
func (t *Tally) Took(us int64) {
	t.N[Duration] += us
	t.Durations.Add(us)
}

// Began counts a stream's time to its first content in microseconds.
func (t *Tally) Began(us int64) {
	t.N[TTFT] += us
	t.TTFTs.Add(us)
}

// Ran counts a stream's speed in thousandths of a token per second.
func (t *Tally) Ran(milli int64) {
	t.N[Speed] += milli
	t.Speeds.Add(milli)
}

// Pay adds an amount as it was charged and as it is shown; an amount without a
// currency is none.
func (t *Tally) Pay(spent, shown Money) {
	t.Spent = plus(t.Spent, spent)
	t.Shown = plus(t.Shown, shown)
}

// plus adds an amount to those of its currency, keeping the order of the
// currencies.
func plus(list []Money, m Money) []Money {
	if m.Currency == "" {
		return list
	}
	at, found := slices.BinarySearchFunc(list, m, func(a, b Money) int { return compare(a.Currency, b.Currency) })
	if !found {
		return slices.Insert(list, at, m)
	}
	list[at].Nano += m.Nano
	return list
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Merge adds another tally.
func (t *Tally) Merge(other *Tally) {
	for i, n := range other.N {
		t.N[i] += n
	}
	for class, n := range other.Classes {
		t.Class(class, n)
	}
	for status, n := range other.Statuses {
		t.Status(status, n)
	}
	for _, m := range other.Spent {
		t.Spent = plus(t.Spent, m)
	}
	for _, m := range other.Shown {
		t.Shown = plus(t.Shown, m)
	}
	t.Durations.Merge(&other.Durations)
	t.TTFTs.Merge(&other.TTFTs)
	t.Speeds.Merge(&other.Speeds)
}

// Clone is a copy that shares nothing.
func (t *Tally) Clone() *Tally {
	c := *t
	c.Classes, c.Statuses = maps.Clone(t.Classes), maps.Clone(t.Statuses)
	c.Spent, c.Shown = slices.Clone(t.Spent), slices.Clone(t.Shown)
	for _, h := range []*Histogram{&c.Durations, &c.TTFTs, &c.Speeds} {
		h.counts = slices.Clone(h.counts)
	}
	return &c
}
