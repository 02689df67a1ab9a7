package usage

import (
	"time"

	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
)

// coarse is how many sums may wait before minutes are added up to pieces:
// where the database cannot be written for hours the sums stay right and small,
// and only the minutes of that time are lost.
const coarse = 20_000

// pending are sums that are not in the database yet.
type pending struct {
	sums   map[sumKey]*tally.Tally
	faults map[faultKey]int64
}

type sumKey struct {
	at     int64 // where the minute begins, Unix seconds
	series tally.Series
}

type faultKey struct {
	at     int64 // where the piece begins, Unix seconds
	series tally.Series
	fault  store.Fault
}

func newPending() *pending {
	return &pending{sums: map[sumKey]*tally.Tally{}, faults: map[faultKey]int64{}}
}

func (p *pending) empty() bool { return len(p.sums) == 0 && len(p.faults) == 0 }

// of is the tally of a series at a time.
func (p *pending) of(at int64, s tally.Series) *tally.Tally {
	k := sumKey{at, s}
	t := p.sums[k]
	if t == nil {
		t = &tally.Tally{}
		p.sums[k] = t
	}
	return t
}

// byModel is the series that a call counts for without its consumer.
func byModel(s tally.Series) tally.Series {
	s.Kind, s.Consumer = tally.ByModel, ""
	return s
}

// add adds a call.
func (p *pending) add(row *store.Row) {
	at := tally.Minute(row.Record.Start).Unix()
	piece := tally.Piece(row.Record.Start).Unix()
	addCall(p.of(at, row.Series), row)
	model := p.of(at, byModel(row.Series))
	addCall(model, row)
	addBytes(model, row)
	if row.Fault.Class != "" {
		p.faults[faultKey{piece, row.Series, cause(row)}]++
	}
	for i := range row.Keys {
		addTry(p.of(at, row.Keys[i]), row, i)
		if row.Faults[i].Class != "" {
			p.faults[faultKey{piece, row.Keys[i], row.Faults[i]}]++
		}
	}
	if len(p.sums) > coarse {
		p.coarsen()
	}
}

// cause is why a call failed: what its last attempt failed of, where there was
// one, else what the caller was told.
func cause(row *store.Row) store.Fault {
	if n := len(row.Faults); n > 0 && row.Faults[n-1].Class != "" {
		return row.Faults[n-1]
	}
	return row.Fault
}

// shed notes that a call that was added will have no row.
func (p *pending) shed(row *store.Row) {
	at := tally.Minute(row.Record.Start).Unix()
	p.of(at, row.Series).N[tally.Shed]++
	p.of(at, byModel(row.Series)).N[tally.Shed]++
}

// coarsen adds minutes up to pieces.
func (p *pending) coarsen() {
	fine := p.sums
	p.sums = make(map[sumKey]*tally.Tally, len(fine)/16)
	for k, t := range fine {
		k.at = tally.Piece(time.Unix(k.at, 0)).Unix()
		if have := p.sums[k]; have != nil {
			have.Merge(t)
			continue
		}
		p.sums[k] = t
	}
}

// fill puts the sums into a batch.
func (p *pending) fill(b *store.Batch) {
	b.Minutes, b.Hours = make([]store.Sum, 0, len(p.sums)), make([]store.Sum, 0, len(p.sums))
	for k, t := range p.sums {
		at := time.Unix(k.at, 0).UTC()
		b.Minutes = append(b.Minutes, store.Sum{At: at, Series: k.series, Tally: t})
		b.Hours = append(b.Hours, store.Sum{At: tally.Piece(at), Series: k.series, Tally: t})
	}
	for k, n := range p.faults {
		b.Faults = append(b.Faults, store.FaultSum{At: time.Unix(k.at, 0).UTC(), Series: k.series, Fault: k.fault, N: n})
	}
}

// merge adds other pending sums.
func (p *pending) merge(other *pending) {
	for k, t := range other.sums {
		p.of(k.at, k.series).Merge(t)
	}
	for k, n := range other.faults {
		p.faults[k] += n
	}
}
