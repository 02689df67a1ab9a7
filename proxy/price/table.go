package price

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
)

// maxTargets bounds how many models of a provider are remembered with their
// prices: a caller may ask for any name.
const maxTargets = 1024

// Table finds prices. It is immutable but for what it remembers.
type Table struct {
	// Lines by whom they are for. What an admin entered comes before what is
	// shipped, and what is for one provider before what is for its vendor.
	providers, vendors, shipped map[string][]line
}

// line is an entry ready to be matched.
type line struct {
	Entry
	hours   hours
	shipped bool
}

// Fault is an entry that can't be used.
type Fault struct {
	Entry int // its place in the list
	Field string
	Err   error
}

// NewTable makes a table of what is shipped and of what an admin entered.
// Entries that are not sound are left out and reported.
func NewTable(shipped, entered []Entry) (*Table, []Fault) {
	t := &Table{providers: map[string][]line{}, vendors: map[string][]line{}, shipped: map[string][]line{}}
	var faults []Fault
	for i, e := range entered {
		if field, err := e.Check(); err != nil {
			faults = append(faults, Fault{i, field, err})
			continue
		}
		if e.Provider != "" {
			put(t.providers, e.Provider, e, false)
			continue
		}
		put(t.vendors, e.Vendor, e, false)
	}
	for _, e := range shipped {
		put(t.shipped, e.Vendor, e, true)
	}
	for _, by := range []map[string][]line{t.providers, t.vendors, t.shipped} {
		for _, lines := range by {
			slices.SortStableFunc(lines, before)
		}
	}
	return t, faults
}

func put(by map[string][]line, name string, e Entry, shipped bool) {
	h, _ := parseHours(e.Hours) // Check read it
	by[name] = append(by[name], line{e, h, shipped})
}

// before puts the lines that say more about a model first: exact names, then
// the longer pattern, the region's own, then the newer, those that hold at some
// hours only, and those for the longest prompts. The first that holds counts.
func before(a, b line) int {
	return cmp.Or(
		cmp.Compare(boolean(strings.Contains(a.Model, "*")), boolean(strings.Contains(b.Model, "*"))),
		cmp.Compare(len(b.Model), len(a.Model)),
		strings.Compare(a.Model, b.Model),
		cmp.Compare(boolean(a.Region == ""), boolean(b.Region == "")),
		b.From.t.Compare(a.From.t),
		cmp.Compare(boolean(a.Hours == ""), boolean(b.Hours == "")),
		cmp.Compare(b.Above, a.Above),
	)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Provider is the prices of one provider: its name, its vendor and the region
// it is in (a vendor's first one where it is not said).
func (t *Table) Provider(name, vendor, region string) *Provider {
	if v, ok := catalog.ByID(vendor); ok && region == "" && len(v.Regions) > 0 {
		region = v.Regions[0].ID
	}
	return &Provider{table: t, name: name, vendor: vendor, region: region}
}

// Provider finds the prices of one provider's models, and remembers them.
type Provider struct {
	table                *Table
	name, vendor, region string

	known sync.Map // model name → *Model
	size  atomic.Int64
}

// Model is the prices of a model there. It never returns nil.
func (p *Provider) Model(model string) *Model {
	if m, ok := p.known.Load(model); ok {
		return m.(*Model) //nolint:errcheck // the map holds nothing else
	}
	m := p.find(model)
	if p.size.Add(1) <= maxTargets {
		p.known.Store(strings.Clone(model), m)
	}
	return m
}

func (p *Provider) find(model string) *Model {
	m := &Model{}
	collect := func(lines []line) {
		for _, l := range lines {
			if (l.Region == "" || l.Region == p.region) && (l.Model == model || strings.Contains(l.Model, "*") && catalog.Glob(l.Model, model)) {
				m.lines = append(m.lines, l)
			}
		}
	}
	collect(p.table.providers[p.name])
	collect(p.table.vendors[p.vendor])
	collect(p.table.shipped[p.vendor])
	return m
}

// Model is the prices of one model at one provider, those that count first.
type Model struct{ lines []line }

// At is the entry that holds for a call of that moment with so many tokens in
// its prompt. It reports false where nobody knows the price.
func (m *Model) At(at time.Time, prompt int64) (*Entry, bool) {
	for i := range m.lines {
		l := &m.lines[i]
		if (prompt > l.Above || l.Above == 0) && !at.Before(l.From.t) && l.hours.hold(at) {
			return &l.Entry, true
		}
	}
	return nil, false
}

// Shipped reports whether an entry that At returned is one of those that
// Posthouse ships.
func (m *Model) Shipped(e *Entry) bool {
	for i := range m.lines {
		if e == &m.lines[i].Entry {
			return m.lines[i].shipped
		}
	}
	return false
}
