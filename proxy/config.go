package proxy

import (
	"time"

	"github.com/posthouse/posthouse/proxy/price"
)

// Config is everything the data plane serves from, as plain data. The control
// plane builds it from its database, tests write it as a literal. Compile
// checks it and makes the Snapshot that Gateway.Load puts into service.
type Config struct {
	Access    Access
	Limits    Limits
	Timeouts  Timeouts // defaults for every provider and route
	Providers []Provider
	Routes    []Route // in order: the first that matches serves
	Consumers []Consumer
	Prices    []price.Entry  // an admin's own; they come before the shipped ones
	Exchange  price.Exchange // the zero value is price.Default
	Tracing   Tracing
}

// Tracing says whether calls belong to traces. The zero value is no.
type Tracing struct {
	Enabled   bool
	Sample    int  // of a thousand calls whose caller does not say whether it is traced
	Propagate bool // tell vendors of the trace; else it ends here
}

// AccessMode says who may call the proxy.
type AccessMode string

// The access modes.
const (
	AccessLocal AccessMode = "local" // loopback callers need no key, everyone else does
	AccessKeys  AccessMode = "keys"  // every caller presents a key
	AccessOpen  AccessMode = "open"  // nobody needs a key
)

// Access says who may call the proxy. The zero value is AccessLocal.
type Access struct {
	Mode AccessMode
}

// Limits bound what one request may take.
type Limits struct {
	BodyBytes   int64 // largest request body; 0 is 64 MiB
	EventBytes  int64 // largest single stream event; 0 is 32 MiB
	AnswerBytes int64 // largest answer of one attempt; 0 is 256 MiB
	InFlight    int   // most calls at once; 0 is 2,000
}

// Timeouts are the clocks of an attempt. Zero inherits: a route's from its
// provider, a provider's from the configuration, that from the defaults, which
// for the middle three depend on whether another target can take over (see
// docs/proxy.md). A negative value switches the clock off.
type Timeouts struct {
	Connect    time.Duration // dial and TLS together; default 10 s
	Headers    time.Duration // request written → response headers
	FirstToken time.Duration // request written → first content event of a stream
	Idle       time.Duration // between two stream events
	Total      time.Duration // the whole call over all attempts; default 1 h
}

// Provider is a vendor plus what an admin entered: keys, home, settings.
type Provider struct {
	ID       string // stable; live state (cool-downs, benches) hangs on it
	Name     string // unique, as written in provider/model and in routes
	Vendor   string // catalog id
	Disabled bool

	Region  string            // one of the vendor's regions; empty is its first
	BaseURL string            // replaces the vendor's; needed where that has none
	Fields  map[string]string // the vendor's extra settings, e.g. resource, api_version
	Headers map[string]string // added to every request
	Query   map[string]string // added to every URL
	Proxy   string            // outbound proxy URL (http, https, socks5); empty: the environment's

	// AllowPrivate permits loopback and private addresses. Without it, and
	// unless the vendor is marked Local, dialling one fails. Link-local and
	// cloud metadata addresses are refused in any case.
	AllowPrivate bool

	Keys     []Key
	Models   []string // exact names this provider serves; empty: the vendor's known ones
	Timeouts Timeouts
}

// Key is one key of a provider.
type Key struct {
	ID       string // stable
	Name     string // what the admin calls it; shown instead of the key
	Secret   Secret
	Weight   int // share of requests; 0 counts as 1
	Disabled bool
}

// Route is an AI route: what a request must look like, where it goes, and what
// stands in when that fails.
type Route struct {
	ID       string
	Name     string // unique
	Disabled bool
	Match    Match
	Targets  []Target // tried in the order that Balance makes
	Fallback []Step   // then these, in order
	Balance  Balance  // the order among the targets of one step; empty is BalanceWeighted
	Affinity Affinity // whether conversations go back where they were; empty is AffinityAuto
	On       []string // triggers for moving on among Targets; empty is DefaultTriggers
	Timeouts Timeouts
	Failover Failover
	Capture  Capture
	// Strict refuses a request (400, naming the field) when something in it
	// can't be carried into the vendor's dialect. Without it that is left out
	// or approximated, and listed in the header x-posthouse-lossy.
	Strict bool
}

// Failover says how a route deals with failures. The zero value is the
// defaults.
type Failover struct {
	// Rules maps a class of failure (llm.Class) to what follows it: "retry",
	// "next_key", "next_target" or "give_up". Classes that are not named keep
	// their default.
	Rules map[string]string
	// NoRescue switches off that another target finishes a stream that broke
	// off after its first content.
	NoRescue bool
	// Ping is the silence after which a streaming client is sent a comment, so
	// that nothing between us takes the connection for dead. 0 is 15 s, a
	// negative value never.
	Ping time.Duration
	// Hedge is how long a target may take to begin its answer before the next
	// one is asked beside it; the first that begins goes on, the other is called
	// off. 0 is never. It costs money: both are billed for the prompt.
	Hedge time.Duration
	// OnClientGone says what becomes of an attempt when its client leaves:
	// OnGoneCancel (also when empty) or OnGoneDrain.
	OnClientGone string
	// DrainTime and DrainBytes bound what is read after the client left; 0 is
	// DefaultDrainTime and DefaultDrainBytes.
	DrainTime  time.Duration
	DrainBytes int64
}

// Match is what a request must look like. Every condition given must hold; an
// empty Match takes every request.
type Match struct {
	Hosts      []string    // host names without port, exact or "*.example.com"
	PathPrefix string      // e.g. "/team-a"; taken off before the endpoint is looked up unless it lies within the endpoint's path
	Headers    []NameMatch // all must hold
	Query      []NameMatch // all must hold
	Models     []ModelMatch
}

// NameMatch is a condition on a header or query parameter: its value equals
// Value, or, where Value is empty, it is present.
type NameMatch struct {
	Name  string
	Value string
}

// ModelMatch is a condition on the model asked for.
type ModelMatch struct {
	Kind  string // "exact" (also when empty), "prefix", "glob" or "regex"
	Value string
}

// The kinds of ModelMatch.
const (
	MatchExact  = "exact"
	MatchPrefix = "prefix"
	MatchGlob   = "glob"
	MatchRegex  = "regex"
)

// Target is a model at a provider.
type Target struct {
	Provider string // Provider.Name
	Model    string // the model to ask for there; empty keeps the caller's
	// Rewrite maps the caller's model names before Model is looked at: the
	// first rule whose From fits decides.
	Rewrite []Rewrite
	Weight  int // share among its siblings; 0 counts as 1
}

// Rewrite maps a model name. From is exact, or a prefix when it ends in "*";
// "*" alone fits all. To is the new name; where From is a prefix and To ends
// in "*", the rest of the name is kept. An empty To keeps the name as it is.
type Rewrite struct {
	From string
	To   string
}

// Step is one fallback step: targets tried in the order that the route's Balance
// makes, once what went before failed for one of the reasons in On.
type Step struct {
	Targets []Target
	On      []string // triggers; empty is the route's
}

// Consumer is someone who may call the proxy.
type Consumer struct {
	ID       string
	Name     string // unique
	Disabled bool
	Keys     []ConsumerKey
	Models   []string // glob patterns of models it may ask for; empty: all
	Routes   []string // names of routes it may use; empty: all
}

// ConsumerKey lets a consumer in. Only the SHA-256 of the key is kept.
type ConsumerKey struct {
	ID       string
	Name     string
	Hash     [32]byte
	Disabled bool
	Expires  time.Time // zero: never
}
