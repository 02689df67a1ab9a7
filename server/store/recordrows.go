package store

import (
	"encoding/hex"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/tally"
)

// The flags of a row of calls.
const (
	flagStream = 1 << iota
	flagRescued
	flagFallback
	flagUsageSeen
	flagContent
	flagInline // its one attempt went well and stands in the detail
	flagOwnID  // its request id is one of ours and stands in the detail
)

// Row is a call as it is kept: the record, and what was made of it.
type Row struct {
	ID       int64 // 0: not written yet
	Record   proxy.Record
	Series   tally.Series   // whom it counts for, of kind ByConsumer
	Keys     []tally.Series // the same for each attempt, of kind ByKey
	Fault    Fault          // what went wrong; none if its class is empty
	Faults   []Fault        // the same for each attempt
	Fallback bool           // a second target was asked
	Content  *Content       // captured; nil: not
	Captured bool           // content is, or was, there
}

// idBits is how much of a row's id tells calls of one millisecond apart.
const idBits = 20

// FirstID is the least id a call that starts at a time can have.
func FirstID(start time.Time) int64 { return firstID(start) }

// firstID is the least id a call that starts at a time can have. Times that a
// clock can't have shown are bent to what an id can hold.
func firstID(start time.Time) int64 { return min(max(start.UnixMilli(), 0), 1<<42) << idBits }

// startOf is when the call of an id began, to the millisecond.
func startOf(id int64) time.Time { return fromMS(id >> idBits) }

// StartOf is when the call of a row's id began, to the millisecond.
func StartOf(id int64) time.Time { return startOf(id) }

// inline reports whether a row's only attempt is told by the row itself.
func (r *Row) inline() bool {
	if len(r.Record.Attempts) != 1 {
		return false
	}
	a := &r.Record.Attempts[0]
	same := a.Usage == r.Record.Usage && a.Cost == r.Record.Cost
	return a.Class == "" && a.Message == "" && (same || a.Usage == llm.Usage{} && !a.Cost.Known)
}

func (r *Row) flags(ownID bool) (flags int64) {
	set := func(flag int64, on bool) {
		if on {
			flags |= flag
		}
	}
	set(flagStream, r.Record.Stream)
	set(flagRescued, r.Record.Rescued)
	set(flagFallback, r.Fallback)
	set(flagUsageSeen, r.Record.UsageSeen)
	set(flagContent, r.Content != nil || r.Captured)
	set(flagInline, r.inline())
	set(flagOwnID, ownID)
	return flags
}

// longestText bounds what callers and vendors can make us store, in bytes.
const longestText = 1024

// text makes foreign text storable anywhere: valid UTF-8 without NUL (which
// Postgres refuses) and not long.
func text(s string) string {
	if len(s) > longestText {
		s = s[:longestText]
	}
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// requestIDBytes is how long the number in a request id of ours is.
const requestIDBytes = 16

// ownID is the number in a request id of ours, in half as many bytes and
// without a column of its own; false: the id is of another make. The written
// form is the same again when it is read.
func ownID(id string) (raw [requestIDBytes]byte, ok bool) {
	digits, ok := strings.CutPrefix(id, proxy.RequestPrefix)
	if !ok || len(digits) != 2*requestIDBytes || strings.ContainsAny(digits, "ABCDEF") {
		return raw, false
	}
	_, err := hex.Decode(raw[:], []byte(digits))
	return raw, err == nil
}

// detail appends what has no column.
func (r *Row) detail(b []byte, f *fresh) []byte {
	rec := &r.Record
	p := &packer{b: append(b, detailVersion)}
	raw, own := ownID(rec.ID)
	p.uint(uint64(r.flags(own)))
	p.uint(uint64(f.doorID(door{rec.Method, rec.Path, string(rec.Op), rec.Dialect})))
	p.int(int64(rec.Status))
	p.duration(rec.FirstByte)
	p.duration(rec.Duration)
	p.message(rec.Message, r.Fault)
	if rec.Asked == rec.Model {
		p.text("")
	} else {
		p.text(different(text(rec.Asked), text(rec.Model)))
	}
	p.text(text(rec.ClientIP))
	p.int(rec.RequestLen)
	p.int(rec.BytesOut)
	p.usage(rec.Usage)
	p.cost(rec.Cost)
	if r.inline() {
		a := &rec.Attempts[0]
		p.uint(uint64(f.seriesID(r.Keys[0])))
		p.attempt(a, &r.Keys[0])
		p.clocks(a)
	}
	p.uint(uint64(len(rec.Skipped)))
	for _, s := range rec.Skipped {
		p.text(text(s.Provider))
		p.text(text(s.Model))
		p.text(text(s.Why))
	}
	// The model that answered, where it is not the one that the series says.
	p.text(different(text(rec.Provider), r.Series.Provider))
	p.text(different(text(rec.Model), r.Series.Model))
	p.text(different(text(rec.Route), r.Series.Route))
	p.text(different(text(rec.Consumer), r.Series.Consumer))
	p.text(text(rec.ConsumerID))
	p.int(rec.BytesDropped)
	p.plan(f, rec.Plan)
	if rec.Trace.ID == [16]byte{} {
		p.text("")
	} else {
		p.text(string(rec.Trace.ID[:]))
	}
	if own {
		p.b = append(p.b, raw[:]...)
	}
	return p.b
}

// plan packs the plan of a call that had a choice.
func (p *packer) plan(f *fresh, plan []proxy.Choice) {
	if len(plan) == 1 {
		plan = nil
	}
	p.uint(uint64(len(plan)))
	for _, c := range plan {
		p.int(int64(c.Step))
		p.uint(uint64(f.seriesID(tally.Series{Kind: tally.Target, Provider: c.Provider, Model: c.Model})))
		p.text(string(c.Place.By))
		p.uint(uint64(math.Float32bits(float32(c.Place.Value))))
		p.flags(c.Place.Kept)
	}
}

func (n *names) plan(u *unpacker) (plan []proxy.Choice) {
	for range u.items() {
		c := proxy.Choice{Step: int(u.int())}
		target := n.seriesOf(int64(u.uint()))
		c.Provider, c.Model = target.Provider, target.Model
		c.Place.By = proxy.Balance(u.text())
		c.Place.Value = float64(math.Float32frombits(uint32(u.uint())))
		u.flags(&c.Place.Kept)
		plan = append(plan, c)
	}
	return plan
}

// none says in a detail that there is no name although the series has one.
const none = "\x01"

// different writes a name as it differs from the one known anyway: empty if it
// does not.
func different(name, known string) string {
	switch name {
	case known:
		return ""
	case "":
		return none
	}
	return name
}

// indeed reads what different wrote.
func indeed(name, known string) string {
	switch name {
	case "":
		return known
	case none:
		return ""
	}
	return name
}

// callColumns are the columns of calls in the order they are written and read.
const callColumns = "id, request_id, series, fault, detail"

// plain reports whether a row has no fault, and a request id of ours: such
// rows have fewer values to write.
func (r *Row) plain() bool {
	_, own := ownID(r.Record.ID)
	return own && r.Fault.Class == ""
}

// requestID is what the column of a request id holds: nothing where the detail
// tells it.
func (r *Row) requestID() string {
	if _, own := ownID(r.Record.ID); own {
		return ""
	}
	return text(r.Record.ID)
}

// message packs a message: nothing where the fault says it all.
func (p *packer) message(s string, f Fault) {
	if f.Class != "" && s == f.Message {
		p.uint(0)
		return
	}
	p.uint(1)
	p.text(text(s))
}

// message reads what packer.message wrote.
func (u *unpacker) message(f Fault) string {
	if u.uint() == 0 {
		return f.Message
	}
	return u.text()
}

// attempt packs what of an attempt has no column, wherever it is kept.
func (p *packer) attempt(a *proxy.Attempt, key *tally.Series) {
	p.text(text(a.Dialect))
	p.text(different(text(a.Model), key.Model))
	p.duration(a.Idle)
	p.duration(a.Connect)
	p.duration(a.TLS)
	p.int(a.BytesOut)
	p.int(a.BytesIn)
	p.text(text(a.VendorID))
	p.text(text(a.Injected))
	p.int(int64(a.Malformed))
	p.flags(a.Reused, a.Resumed, a.Hedge, a.UsageSeen)
	p.text(text(a.Lossy))
}

// attempt reads what packer.attempt wrote.
func (u *unpacker) attempt(key *tally.Series) proxy.Attempt {
	a := proxy.Attempt{Provider: key.Provider, KeyID: key.KeyID, KeyName: key.KeyName}
	a.Dialect = u.text()
	a.Model = indeed(u.text(), key.Model)
	a.Idle, a.Connect, a.TLS = u.duration(), u.duration(), u.duration()
	a.BytesOut, a.BytesIn = u.int(), u.int()
	a.VendorID, a.Injected = u.text(), u.text()
	a.Malformed = int(u.int())
	u.flags(&a.Reused, &a.Resumed, &a.Hedge, &a.UsageSeen)
	a.Lossy = u.text()
	return a
}

// clocks packs when an attempt came to what, and its status.
func (p *packer) clocks(a *proxy.Attempt) {
	for _, d := range []time.Duration{a.Start, a.Headers, a.First, a.Duration} {
		p.duration(d)
	}
	p.int(int64(a.Status))
}

// clocks reads what packer.clocks wrote.
func (u *unpacker) clocks(a *proxy.Attempt) {
	for _, d := range []*time.Duration{&a.Start, &a.Headers, &a.First, &a.Duration} {
		*d = u.duration()
	}
	a.Status = int(u.int())
}

// tryColumns are the columns of tries in the order they are written and read.
const tryColumns = "call_id, seq, series, fault, detail"

// tryValues are the values of an attempt's row.
func (r *Row) tryValues(values []any, seq int, f *fresh) []any {
	a := &r.Record.Attempts[seq]
	p := newPacker()
	p.attempt(a, &r.Keys[seq])
	p.clocks(a)
	p.message(a.Message, r.Faults[seq])
	p.usage(a.Usage)
	p.cost(a.Cost)
	return append(values, r.ID, seq, f.seriesID(r.Keys[seq]), f.faultID(r.Faults[seq]), p.b)
}

// readCall reads a row of calls.
func (n *names) readCall(scan scanner) (*Row, error) {
	var (
		r             Row
		series, fault int64
		detail        []byte
	)
	if err := scan(&r.ID, &r.Record.ID, &series, &fault, &detail); err != nil {
		return nil, err
	}
	r.Series, r.Fault = n.seriesOf(series), n.faultOf(fault)
	r.Record.Start, r.Record.Class = startOf(r.ID), llm.Class(r.Fault.Class)
	return &r, n.readDetail(&r, detail)
}

func (n *names) readDetail(r *Row, detail []byte) error {
	rec := &r.Record
	u := newUnpacker(detail)
	flags := u.uint()
	rec.Stream, rec.Rescued, rec.UsageSeen = flags&flagStream != 0, flags&flagRescued != 0, flags&flagUsageSeen != 0
	r.Fallback, r.Captured = flags&flagFallback != 0, flags&flagContent != 0
	d := n.doorOf(int64(u.uint()))
	rec.Method, rec.Path, rec.Op, rec.Dialect = d.method, d.path, llm.Op(d.op), d.dialect
	rec.Status, rec.FirstByte, rec.Duration = int(u.int()), u.duration(), u.duration()
	rec.Message, rec.Asked, rec.ClientIP = u.message(r.Fault), u.text(), u.text()
	rec.RequestLen, rec.BytesOut = u.int(), u.int()
	rec.Usage = u.usage()
	rec.Cost = u.cost()
	if flags&flagInline != 0 {
		key := n.seriesOf(int64(u.uint()))
		a := u.attempt(&key)
		u.clocks(&a)
		a.Usage, a.Cost = rec.Usage, rec.Cost
		rec.Attempts, r.Keys, r.Faults = []proxy.Attempt{a}, []tally.Series{key}, []Fault{{}}
	}
	for range u.items() {
		rec.Skipped = append(rec.Skipped, proxy.Skip{Provider: u.text(), Model: u.text(), Why: u.text()})
	}
	rec.Provider = indeed(u.text(), r.Series.Provider)
	rec.Model = indeed(u.text(), r.Series.Model)
	rec.Route = indeed(u.text(), r.Series.Route)
	rec.Consumer = indeed(u.text(), r.Series.Consumer)
	rec.ConsumerID = u.text()
	rec.BytesDropped = u.int()
	rec.Plan = n.plan(u)
	copy(rec.Trace.ID[:], u.text())
	if flags&flagOwnID != 0 {
		rec.ID = proxy.RequestPrefix + hex.EncodeToString(u.take(requestIDBytes))
	}
	rec.Asked = indeed(rec.Asked, rec.Model)
	return u.err()
}

// readTry reads a row of tries into its call.
func (n *names) readTry(scan scanner, of func(id int64) *Row) error {
	var (
		id, series, fault int64
		seq               int
		detail            []byte
	)
	if err := scan(&id, &seq, &series, &fault, &detail); err != nil {
		return err
	}
	r := of(id)
	if r == nil {
		return nil
	}
	key, f := n.seriesOf(series), n.faultOf(fault)
	u := newUnpacker(detail)
	a := u.attempt(&key)
	u.clocks(&a)
	a.Class, a.Message = llm.Class(f.Class), u.message(f)
	a.Usage = u.usage()
	a.Cost = u.cost()
	r.Record.Attempts, r.Keys, r.Faults = append(r.Record.Attempts, a), append(r.Keys, key), append(r.Faults, f)
	return u.err()
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
