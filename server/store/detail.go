package store

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// What nobody filters by is kept in one column, detail, as numbers one after
// another: an INSERT costs by the column, and a zero takes a bit.

// detailVersion begins every detail.
const detailVersion = 1

// errDetail is a detail that cannot be read.
var errDetail = errors.New("not an encoded detail")

// sources are numbered as they are stored.
var sources = [...]llm.Source{"", llm.FromProvider, llm.FromCounting, llm.FromEstimates}

func sourceNumber(s llm.Source) uint64 {
	for i, known := range sources {
		if known == s {
			return uint64(i)
		}
	}
	return 0
}

// packer writes a detail.
type packer struct{ b []byte }

func newPacker() *packer { return &packer{b: append(make([]byte, 0, 192), detailVersion)} }

func (p *packer) uint(n uint64)            { p.b = binary.AppendUvarint(p.b, n) }
func (p *packer) int(n int64)              { p.b = binary.AppendVarint(p.b, n) }
func (p *packer) duration(d time.Duration) { p.uint(uint64(max(d.Microseconds(), 0))) }

func (p *packer) text(s string) {
	p.uint(uint64(len(s)))
	p.b = append(p.b, s...)
}

// flags writes up to some dozen switches.
func (p *packer) flags(on ...bool) {
	bits := uint64(0)
	for i, is := range on {
		if is {
			bits |= 1 << i
		}
	}
	p.uint(bits)
}

// kinds are the figures of a usage in the order they are stored in: new ones
// go to the end.
func kinds(u *llm.Usage) []*int64 {
	return []*int64{
		&u.Input, &u.CacheRead, &u.CacheWrite, &u.CacheWrite1h, &u.Output, &u.Reasoning,
		&u.AudioIn, &u.AudioOut, &u.Images, &u.Total, &u.AudioMillis,
	}
}

func (p *packer) usage(u llm.Usage) {
	mask := uint64(0)
	for i, n := range kinds(&u) {
		if *n != 0 {
			mask |= 1 << i
		}
	}
	p.uint(mask<<4 | sourceNumber(u.InputFrom)<<2 | sourceNumber(u.OutputFrom))
	for _, n := range kinds(&u) {
		if *n != 0 {
			p.int(*n)
		}
	}
}

// cost writes what something cost: 0 not known, 1 known, 2 known and shown in
// the same currency, 3 shown in another.
func (p *packer) cost(c proxy.Cost) {
	how := uint64(0)
	switch {
	case !c.Known:
	case c.Shown.Currency == "":
		how = 1
	case c.Shown == c.Amount:
		how = 2
	default:
		how = 3
	}
	p.uint(how)
	if how == 0 {
		return
	}
	p.text(string(c.Amount.Currency))
	p.int(c.Amount.Nano)
	if how == 3 {
		p.text(string(c.Shown.Currency))
		p.int(c.Shown.Nano)
	}
	p.text(text(c.Price))
}

// unpacker reads a detail. After a fault it only yields zeros.
type unpacker struct {
	b   []byte
	bad bool
}

func newUnpacker(b []byte) *unpacker {
	if len(b) == 0 || b[0] != detailVersion {
		return &unpacker{bad: true}
	}
	return &unpacker{b: b[1:]}
}

func (u *unpacker) err() error {
	if u.bad {
		return errDetail
	}
	return nil
}

func (u *unpacker) uint() uint64 {
	v, n := binary.Uvarint(u.b)
	if n <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[n:]
	return v
}

func (u *unpacker) int() int64 {
	v, n := binary.Varint(u.b)
	if n <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[n:]
	return v
}

func (u *unpacker) duration() time.Duration { return micros(int64(u.uint())) }

func (u *unpacker) text() string {
	n := u.uint()
	if n > uint64(len(u.b)) {
		u.bad, u.b = true, nil
		return ""
	}
	return string(u.take(int(n)))
}

// take reads so many bytes as they are.
func (u *unpacker) take(n int) []byte {
	if n > len(u.b) {
		u.bad, u.b = true, nil
		return make([]byte, n)
	}
	b := u.b[:n]
	u.b = u.b[n:]
	return b
}

func (u *unpacker) flags(on ...*bool) {
	bits := u.uint()
	for i, is := range on {
		*is = bits&(1<<i) != 0
	}
}

// items is how many items follow.
func (u *unpacker) items() int {
	n := u.uint()
	if n > uint64(len(u.b)) {
		u.bad, u.b = true, nil
		return 0
	}
	return int(n)
}

func (u *unpacker) usage() (use llm.Usage) {
	head := u.uint()
	use.InputFrom, use.OutputFrom = sources[head>>2&3], sources[head&3]
	for i, n := range kinds(&use) {
		if head>>4&(1<<i) != 0 {
			*n = u.int()
		}
	}
	return use
}

func (u *unpacker) cost() (c proxy.Cost) {
	how := u.uint()
	if how == 0 {
		return c
	}
	c.Known = true
	c.Amount = price.Amount{Currency: price.Currency(u.text()), Nano: u.int()}
	switch how {
	case 2:
		c.Shown = c.Amount
	case 3:
		c.Shown = price.Amount{Currency: price.Currency(u.text()), Nano: u.int()}
	}
	c.Price = u.text()
	return c
}
