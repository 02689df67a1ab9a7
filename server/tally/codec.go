package tally

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// ErrCode is an encoded tally that cannot be read.
var ErrCode = errors.New("not an encoded tally")

// version begins every encoded tally.
const version = 1

// Part is what of an encoded tally is wanted: leaving out the histograms makes
// reading several times faster.
type Part int

// The parts.
const (
	All Part = iota
	Sums
)

// usual is what a sum mostly is, given others: only the difference is encoded.
// It must not depend on sums that stand after it.
func (n *sumsOf) usual(c Count) int64 {
	switch c {
	case Tries:
		return n[Calls]
	case Total:
		return n[Input] + n[CacheRead] + n[CacheWrite] + n[Output]
	}
	return 0
}

// Append encodes the tally.
func (t *Tally) Append(b []byte) []byte {
	b = append(b, version)
	mask := uint64(0)
	for i, n := range t.N {
		if n != t.N.usual(Count(i)) {
			mask |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, mask)
	for i, n := range t.N {
		if n -= t.N.usual(Count(i)); n != 0 {
			b = binary.AppendVarint(b, n)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(t.Classes)))
	for _, class := range slices.Sorted(maps.Keys(t.Classes)) {
		b = appendText(b, class)
		b = binary.AppendVarint(b, t.Classes[class])
	}
	b = binary.AppendUvarint(b, uint64(len(t.Statuses)))
	for _, status := range slices.Sorted(maps.Keys(t.Statuses)) {
		b = binary.AppendVarint(b, int64(status))
		b = binary.AppendVarint(b, t.Statuses[status])
	}
	b = appendMoney(b, t.Spent)
	if slices.Equal(t.Spent, t.Shown) {
		b = binary.AppendUvarint(b, sameMoney)
	} else {
		b = appendMoney(b, t.Shown)
	}
	b = t.Durations.append(b)
	b = t.TTFTs.append(b)
	return t.Speeds.append(b)
}

// sameMoney stands in the place of how many amounts are shown where they are
// those that were spent.
const sameMoney = 1 << 20

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendMoney(b []byte, list []Money) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, m := range list {
		b = appendText(b, m.Currency)
		b = binary.AppendVarint(b, m.Nano)
	}
	return b
}

// Read adds an encoded tally, or the wanted part of it. On an error some of it
// may have been added.
func (t *Tally) Read(b []byte, want Part) error {
	r := &reader{b: b}
	t.read(r, want)
	if r.bad || len(r.b) > 0 && want == All {
		return ErrCode
	}
	return nil
}

func (t *Tally) read(r *reader, want Part) {
	if r.byte() != version {
		r.bad = true
		return
	}
	mask := r.uint()
	if mask>>counts != 0 {
		r.bad = true
		return
	}
	var more sumsOf
	for i := range more {
		more[i] = more.usual(Count(i))
		if mask&(1<<i) != 0 {
			more[i] += r.int()
		}
		t.N[i] += more[i]
	}
	for range r.count(2) {
		class := r.text()
		t.Class(class, r.int())
	}
	for range r.count(2) {
		status := r.int()
		t.Status(int(status), r.int())
	}
	n, spent := r.count(2), *r
	t.Spent = r.money(t.Spent, n)
	if many := r.uint(); many != sameMoney {
		t.Shown = r.money(t.Shown, int(min(many, uint64(len(r.b)))))
	} else {
		t.Shown = spent.money(t.Shown, n)
	}
	if want == Sums {
		return
	}
	t.Durations.read(r)
	t.TTFTs.read(r)
	t.Speeds.read(r)
}

// reader takes an encoding apart. After a fault it only yields zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count is how many items follow, each of at least so many bytes.
func (r *reader) count(least int) int {
	n := r.uint()
	if n > uint64(len(r.b)/least) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.bytes()) }

// bytes is a text as long as the encoding is.
func (r *reader) bytes() []byte {
	n := r.count(1)
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// money adds n amounts to a list. Most are in a currency that is there, and
// then nothing is allocated.
func (r *reader) money(list []Money, n int) []Money {
	for range n {
		currency := r.bytes()
		nano := r.int()
		at := slices.IndexFunc(list, func(m Money) bool { return m.Currency == string(currency) })
		if at < 0 {
			list = plus(list, Money{string(currency), nano})
			continue
		}
		list[at].Nano += nano
	}
	return list
}
