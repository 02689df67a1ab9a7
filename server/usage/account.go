package usage

import (
	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
)

// Account makes the row of a record: whom it counts for, what came of it and
// what went wrong.
func Account(record *proxy.Record) *store.Row {
	row := rowFor(len(record.Attempts))
	row.Record, row.Fault = *record, faultOf(record.Class, record.Message)
	row.Series = tally.Series{
		Kind: tally.ByConsumer, Route: record.Route, Provider: record.Provider, Model: record.Model,
		Consumer: record.Consumer, Outcome: outcomeOf(record),
	}
	for i := range record.Attempts {
		a := &record.Attempts[i]
		row.Keys[i] = tally.Series{
			Kind: tally.ByKey, Provider: a.Provider, Model: a.Model, KeyID: a.KeyID, KeyName: a.KeyName, Outcome: outcomeOfTry(a.Class),
		}
		row.Faults[i] = faultOf(a.Class, a.Message)
		row.Fallback = row.Fallback || a.Provider != record.Attempts[0].Provider || a.Model != record.Attempts[0].Model
	}
	// Nobody answered: it counts for who was tried last.
	if n := len(record.Attempts); n > 0 && row.Series.Provider == "" {
		row.Series.Provider, row.Series.Model = record.Attempts[n-1].Provider, record.Attempts[n-1].Model
	}
	return row
}

// rowFor is a row for a call of so many attempts. Most have one: that one's
// part is made in one piece with the row.
func rowFor(attempts int) *store.Row {
	if attempts != 1 {
		return &store.Row{Keys: make([]tally.Series, attempts), Faults: make([]store.Fault, attempts)}
	}
	one := &struct {
		row   store.Row
		key   [1]tally.Series
		fault [1]store.Fault
	}{}
	one.row.Keys, one.row.Faults = one.key[:], one.fault[:]
	return &one.row
}

// outcomeOf is what came of a call.
func outcomeOf(r *proxy.Record) tally.Outcome {
	switch {
	case r.Class == "" && r.Rescued:
		return tally.Rescued
	case r.Class == "":
		for i := range r.Attempts {
			if r.Attempts[i].Class != "" {
				return tally.Rescued
			}
		}
		return tally.OK
	case r.Class == llm.ClassClientClosed:
		return tally.Left
	case callersOwn(r.Class) && r.Status < 500:
		return tally.Refused
	}
	return tally.Failed
}

// outcomeOfTry is what came of an attempt: a failure that is not the vendor's
// is Refused or Left.
func outcomeOfTry(class llm.Class) tally.Outcome {
	switch {
	case class == "":
		return tally.OK
	case class == llm.ClassClientClosed || class == llm.ClassShutdown:
		return tally.Left
	case callersOwn(class):
		return tally.Refused
	}
	return tally.Failed
}

// callersOwn reports whether a failure is the caller's doing: it says nothing
// about whether the gateway or a vendor works.
func callersOwn(class llm.Class) bool {
	switch class {
	case llm.ClassBadRequest, llm.ClassContextLength, llm.ClassContentFilter, llm.ClassModelNotFound, llm.ClassDenied:
		return true
	}
	return false
}

// metered reports whether what an endpoint does is billed, so that a usage or
// price that is missing is worth telling.
func metered(op llm.Op) bool {
	return op != "" && op != llm.OpModels && op != llm.OpPass && op != llm.OpModeration
}

// addCall adds a call to a tally.
func addCall(t *tally.Tally, row *store.Row) {
	r := &row.Record
	served := row.Series.Outcome.Served()
	t.N[tally.Calls]++
	t.N[tally.Tries] += int64(len(r.Attempts))
	count(t, tally.Fallbacks, row.Fallback)
	count(t, tally.Rescues, r.Rescued)
	count(t, tally.Streams, r.Stream)
	t.Status(r.Status, 1)
	if r.Class != "" {
		t.Class(string(r.Class), 1)
	}
	addUsage(t, r.Usage)
	addCost(t, r.Cost)
	billed := served && metered(r.Op)
	count(t, tally.Unmetered, billed && !known(r.Usage))
	count(t, tally.Unpriced, (billed || known(r.Usage)) && (!r.Cost.Known || r.Cost.Shown.Currency == ""))
	if !served {
		return
	}
	t.Took(r.Duration.Microseconds())
	if r.Stream && r.FirstByte > 0 {
		t.Began(r.FirstByte.Microseconds())
	}
	if milli := Speed(r); milli > 0 {
		t.Ran(milli)
	}
}

// addBytes adds what a call moved, which is kept by model only.
func addBytes(t *tally.Tally, row *store.Row) {
	t.N[tally.BytesIn] += row.Record.RequestLen
	t.N[tally.BytesOut] += row.Record.BytesOut
}

// Speed is how fast a stream's answer came after its first content, in
// thousandths of a token per second; 0: not known.
func Speed(r *proxy.Record) int64 {
	took := r.Duration.Microseconds() - r.FirstByte.Microseconds() // as they are stored
	if !r.Stream || r.FirstByte <= 0 || r.Usage.Output < 2 || took < 1000 {
		return 0
	}
	return r.Usage.Output * 1_000_000_000 / took
}

// addTry adds an attempt of a call to a tally.
func addTry(t *tally.Tally, row *store.Row, i int) {
	a := &row.Record.Attempts[i]
	t.N[tally.Calls]++
	count(t, tally.Against, row.Keys[i].Outcome == tally.Failed)
	count(t, tally.Streams, row.Record.Stream)
	if a.Status != 0 {
		t.Status(a.Status, 1)
	}
	if a.Class != "" {
		t.Class(string(a.Class), 1)
	}
	usage, cost := a.Usage, a.Cost
	if len(row.Record.Attempts) == 1 && usage == (llm.Usage{}) {
		usage, cost = row.Record.Usage, row.Record.Cost
	}
	addUsage(t, usage)
	addCost(t, cost)
	count(t, tally.Unpriced, known(usage) && (!cost.Known || cost.Shown.Currency == ""))
	if a.Class != "" {
		return
	}
	t.Took(a.Duration.Microseconds())
	if row.Record.Stream && a.First > 0 {
		t.Began(a.First.Microseconds())
	}
}

func count(t *tally.Tally, what tally.Count, is bool) {
	if is {
		t.N[what]++
	}
}

// known reports whether anybody said anything about a usage.
func known(u llm.Usage) bool {
	return u.InputFrom != "" || u.OutputFrom != "" || u.Total != 0 || u.Images != 0 || u.AudioMillis != 0
}

func addUsage(t *tally.Tally, u llm.Usage) {
	t.N[tally.Input] += u.Input
	t.N[tally.CacheRead] += u.CacheRead
	t.N[tally.CacheWrite] += u.CacheWrite
	t.N[tally.CacheWrite1h] += u.CacheWrite1h
	t.N[tally.Output] += u.Output
	t.N[tally.Reasoning] += u.Reasoning
	t.N[tally.AudioIn] += u.AudioIn
	t.N[tally.AudioOut] += u.AudioOut
	t.N[tally.Images] += u.Images
	t.N[tally.AudioMillis] += u.AudioMillis
	t.N[tally.Total] += u.Total
	own := func(s llm.Source) bool { return s == llm.FromCounting || s == llm.FromEstimates }
	count(t, tally.Estimated, own(u.InputFrom) || own(u.OutputFrom))
}

func addCost(t *tally.Tally, c proxy.Cost) {
	if !c.Known {
		return
	}
	t.Pay(tally.Money{Currency: string(c.Amount.Currency), Nano: c.Amount.Nano}, tally.Money{Currency: string(c.Shown.Currency), Nano: c.Shown.Nano})
}
