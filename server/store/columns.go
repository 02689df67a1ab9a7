package store

import (
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// column is a value kept as JSON in a TEXT column.
type column[T any] struct{ V T }

// GormDataType tells gorm that this is one column, not a relation.
func (column[T]) GormDataType() string { return "text" }

// Value implements driver.Valuer.
func (c column[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(c.V)
	return string(b), err
}

// Scan implements sql.Scanner.
func (c *column[T]) Scan(src any) error {
	var zero T
	c.V = zero
	switch src := src.(type) {
	case string:
		return json.Unmarshal([]byte(src), &c.V)
	case []byte:
		return json.Unmarshal(src, &c.V)
	}
	return fmt.Errorf("a JSON column holds a %T", src)
}

// MarshalJSON writes the value alone, as revisions show it.
func (c column[T]) MarshalJSON() ([]byte, error) { return json.Marshal(c.V) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *column[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &c.V) }

// toMS is a time as stored; 0 is the zero time.
func toMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMS is a stored time, in UTC.
func fromMS(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// toHash reads a stored hash. One that is not 64 hex digits becomes zero,
// which no key hashes to.
func toHash(s string) (hash [32]byte) {
	if b, err := hex.DecodeString(s); err == nil && len(b) == len(hash) {
		copy(hash[:], b)
	}
	return hash
}

// fromHash writes a hash as toHash reads it.
func fromHash(hash [32]byte) string { return hex.EncodeToString(hash[:]) }

// The proxy's types as they are stored. They are spelled out here so that
// renaming a Go field breaks the build, not the databases people have.

type timeoutsDoc struct {
	Connect    durationDoc `json:"connect,omitempty"`
	Headers    durationDoc `json:"headers,omitempty"`
	FirstToken durationDoc `json:"first_token,omitempty"`
	Idle       durationDoc `json:"idle,omitempty"`
	Total      durationDoc `json:"total,omitempty"`
}

// durationDoc is a time.Duration written as "1m30s".
type durationDoc time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d durationDoc) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *durationDoc) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = durationDoc(v)
	return err
}

func timeoutsColumn(t proxy.Timeouts) column[timeoutsDoc] {
	return column[timeoutsDoc]{timeoutsDoc{
		durationDoc(t.Connect), durationDoc(t.Headers), durationDoc(t.FirstToken), durationDoc(t.Idle), durationDoc(t.Total),
	}}
}

func (d timeoutsDoc) proxy() proxy.Timeouts {
	return proxy.Timeouts{
		Connect: time.Duration(d.Connect), Headers: time.Duration(d.Headers), FirstToken: time.Duration(d.FirstToken),
		Idle: time.Duration(d.Idle), Total: time.Duration(d.Total),
	}
}

// failoverDoc holds, besides how failures are dealt with, how a route chooses
// among its targets: one is little without the other.
type failoverDoc struct {
	Rules        map[string]string `json:"rules,omitempty"`
	NoRescue     bool              `json:"no_rescue,omitempty"`
	Ping         durationDoc       `json:"ping,omitempty"`
	Hedge        durationDoc       `json:"hedge,omitempty"`
	OnClientGone string            `json:"on_client_gone,omitempty"`
	DrainTime    durationDoc       `json:"drain_time,omitempty"`
	DrainBytes   int64             `json:"drain_bytes,omitempty"`
	Balance      string            `json:"balance,omitempty"`
	Strict       bool              `json:"strict,omitempty"`
	Affinity     string            `json:"affinity,omitempty"`
	Capture      *captureDoc       `json:"capture,omitempty"`
}

// captureDoc is kept there too: a route is rarely asked to.
type captureDoc struct {
	On       bool        `json:"on,omitempty"`
	Bytes    int64       `json:"bytes,omitempty"`
	Permille int         `json:"permille,omitempty"`
	Keep     durationDoc `json:"keep,omitempty"`
	Redact   []string    `json:"redact,omitempty"`
	Patterns []string    `json:"patterns,omitempty"`
}

func captureDocOf(c proxy.Capture) *captureDoc {
	if !c.On && c.Bytes == 0 && c.Permille == 0 && c.Keep == 0 && len(c.Redact)+len(c.Patterns) == 0 {
		return nil
	}
	return &captureDoc{c.On, c.Bytes, c.Permille, durationDoc(c.Keep), c.Redact, c.Patterns}
}

func (d *captureDoc) proxy() proxy.Capture {
	if d == nil {
		return proxy.Capture{}
	}
	return proxy.Capture{On: d.On, Bytes: d.Bytes, Permille: d.Permille, Keep: time.Duration(d.Keep), Redact: d.Redact, Patterns: d.Patterns}
}

func failoverColumn(r *Route) column[failoverDoc] {
	f := r.Failover
	return column[failoverDoc]{failoverDoc{
		Rules: f.Rules, NoRescue: f.NoRescue, Ping: durationDoc(f.Ping), Hedge: durationDoc(f.Hedge),
		OnClientGone: f.OnClientGone, DrainTime: durationDoc(f.DrainTime), DrainBytes: f.DrainBytes,
		Balance: string(r.Balance), Affinity: string(r.Affinity), Strict: r.Strict, Capture: captureDocOf(r.Capture),
	}}
}

func (d failoverDoc) proxy() proxy.Failover {
	return proxy.Failover{
		Rules: d.Rules, NoRescue: d.NoRescue, Ping: time.Duration(d.Ping), Hedge: time.Duration(d.Hedge),
		OnClientGone: d.OnClientGone, DrainTime: time.Duration(d.DrainTime), DrainBytes: d.DrainBytes,
	}
}

type limitsDoc struct {
	BodyBytes   int64 `json:"body_bytes,omitempty"`
	EventBytes  int64 `json:"event_bytes,omitempty"`
	AnswerBytes int64 `json:"answer_bytes,omitempty"`
	InFlight    int   `json:"in_flight,omitempty"`
}

type nameMatchDoc struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

type modelMatchDoc struct {
	Kind  string `json:"kind,omitempty"`
	Value string `json:"value"`
}

type matchDoc struct {
	Hosts      []string        `json:"hosts,omitempty"`
	PathPrefix string          `json:"path_prefix,omitempty"`
	Headers    []nameMatchDoc  `json:"headers,omitempty"`
	Query      []nameMatchDoc  `json:"query,omitempty"`
	Models     []modelMatchDoc `json:"models,omitempty"`
}

func matchColumn(m proxy.Match) column[matchDoc] {
	return column[matchDoc]{matchDoc{
		Hosts: m.Hosts, PathPrefix: m.PathPrefix,
		Headers: mapped(m.Headers, func(n proxy.NameMatch) nameMatchDoc { return nameMatchDoc(n) }),
		Query:   mapped(m.Query, func(n proxy.NameMatch) nameMatchDoc { return nameMatchDoc(n) }),
		Models:  mapped(m.Models, func(n proxy.ModelMatch) modelMatchDoc { return modelMatchDoc(n) }),
	}}
}

func (d matchDoc) proxy() proxy.Match {
	return proxy.Match{
		Hosts: d.Hosts, PathPrefix: d.PathPrefix,
		Headers: mapped(d.Headers, func(n nameMatchDoc) proxy.NameMatch { return proxy.NameMatch(n) }),
		Query:   mapped(d.Query, func(n nameMatchDoc) proxy.NameMatch { return proxy.NameMatch(n) }),
		Models:  mapped(d.Models, func(n modelMatchDoc) proxy.ModelMatch { return proxy.ModelMatch(n) }),
	}
}

type rewriteDoc struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
}

type targetDoc struct {
	Provider string       `json:"provider"`
	Model    string       `json:"model,omitempty"`
	Rewrite  []rewriteDoc `json:"rewrite,omitempty"`
	Weight   int          `json:"weight,omitempty"`
}

type stepDoc struct {
	Targets []targetDoc `json:"targets"`
	On      []string    `json:"on,omitempty"`
}

func targetDocOf(t proxy.Target) targetDoc {
	rules := mapped(t.Rewrite, func(r proxy.Rewrite) rewriteDoc { return rewriteDoc(r) })
	return targetDoc{Provider: t.Provider, Model: t.Model, Rewrite: rules, Weight: t.Weight}
}

func (d targetDoc) proxy() proxy.Target {
	rules := mapped(d.Rewrite, func(r rewriteDoc) proxy.Rewrite { return proxy.Rewrite(r) })
	return proxy.Target{Provider: d.Provider, Model: d.Model, Rewrite: rules, Weight: d.Weight}
}

func stepDocOf(s proxy.Step) stepDoc {
	return stepDoc{Targets: mapped(s.Targets, targetDocOf), On: s.On}
}

func (d stepDoc) proxy() proxy.Step {
	return proxy.Step{Targets: mapped(d.Targets, targetDoc.proxy), On: d.On}
}

// mapped applies f to every element; nil stays nil.
func mapped[A, B any](in []A, f func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}
