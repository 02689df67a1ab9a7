package server

import "time"

// The specifications: what an admin enters, over the API as JSON and in the
// document as YAML, with the same names.

// ProviderSpec is a provider as it is entered, without its keys.
type ProviderSpec struct {
	Name         string            `json:"name" yaml:"name" doc:"Unique; lower case letters, digits, dot, dash, underscore. Written in routes and in provider/model" example:"deepseek" maxLength:"63"`
	Vendor       string            `json:"vendor" yaml:"vendor" doc:"Id in the catalogue (GET /api/vendors)" example:"deepseek" maxLength:"64"`
	Enabled      *bool             `json:"enabled,omitempty" yaml:"enabled,omitempty" doc:"Default true"`
	Region       string            `json:"region,omitempty" yaml:"region,omitempty" doc:"One of the vendor's regions; empty is its first" maxLength:"64"`
	BaseURL      string            `json:"base_url,omitempty" yaml:"base_url,omitempty" doc:"Replaces the vendor's own; needed where that has none. Pasted URLs are tidied" maxLength:"2048"`
	Fields       map[string]string `json:"fields,omitempty" yaml:"fields,omitempty" doc:"The vendor's extra settings, such as resource or api_version"`
	Headers      map[string]string `json:"headers,omitempty" yaml:"headers,omitempty" doc:"Added to every request. Not for keys: enter those as keys"`
	Query        map[string]string `json:"query,omitempty" yaml:"query,omitempty" doc:"Added to every URL. Not for keys: enter those as keys"`
	Proxy        string            `json:"proxy,omitempty" yaml:"proxy,omitempty" doc:"Outbound proxy (http, https or socks5 URL); its password is never shown again, and **** keeps it" maxLength:"2048"`
	AllowPrivate bool              `json:"allow_private,omitempty" yaml:"allow_private,omitempty" doc:"Permit loopback and private addresses"`
	Models       []string          `json:"models,omitempty" yaml:"models,omitempty" doc:"Exact names this provider serves; empty: the vendor's known ones"`
	Timeouts     Timeouts          `json:"timeouts,omitzero" yaml:"timeouts,omitempty"`
}

// Timeouts are the clocks of an attempt as text: "30s", "2m", "off", or empty
// to inherit.
type Timeouts struct {
	Connect    string `json:"connect,omitempty" yaml:"connect,omitempty" doc:"Dial and TLS together; default 10s" example:"10s" maxLength:"32"`
	Headers    string `json:"headers,omitempty" yaml:"headers,omitempty" doc:"Request written to response headers; default: see docs/proxy.md, it depends on whether another target can take over" example:"60s" maxLength:"32"`
	FirstToken string `json:"first_token,omitempty" yaml:"first_token,omitempty" doc:"Request written to first content of a stream; default: see docs/proxy.md, it depends on whether another target can take over" example:"60s" maxLength:"32"`
	Idle       string `json:"idle,omitempty" yaml:"idle,omitempty" doc:"Between two events of a stream; default: see docs/proxy.md, it depends on whether another target can take over" example:"120s" maxLength:"32"`
	Total      string `json:"total,omitempty" yaml:"total,omitempty" doc:"The whole call over all attempts; default 1h" example:"1h" maxLength:"32"`
}

// RouteSpec is an AI route as it is entered.
type RouteSpec struct {
	Name     string      `json:"name" yaml:"name" doc:"Unique; any printable characters" example:"default" maxLength:"128"`
	Enabled  *bool       `json:"enabled,omitempty" yaml:"enabled,omitempty" doc:"Default true"`
	Match    Match       `json:"match,omitzero" yaml:"match,omitempty" doc:"What a request must look like; empty takes every request"`
	Targets  []Target    `json:"targets" yaml:"targets" doc:"Tried in the order that balance makes"`
	Balance  string      `json:"balance,omitempty" yaml:"balance,omitempty" enum:"weighted,priority,least_in_flight,fastest,cheapest" doc:"The order among the targets of one step: drawn by weight (the default), as written, where the fewest calls are under way, by time to the first content, by price"`
	Affinity string      `json:"affinity,omitempty" yaml:"affinity,omitempty" enum:"auto,on,off" doc:"A conversation goes back to the target and key where it was, for the vendor's prompt cache: auto (the default) among targets of the same model, on among all, off"`
	Strict   bool        `json:"strict,omitempty" yaml:"strict,omitempty" doc:"Refuse a request (400, naming the field) when something in it can't be carried into the vendor's dialect; default: leave it out or approximate it, and say so in the header x-posthouse-lossy"`
	Fallback []Step      `json:"fallback,omitempty" yaml:"fallback,omitempty" doc:"What stands in when the targets fail, in order"`
	On       []string    `json:"on,omitempty" yaml:"on,omitempty" doc:"Failures that move on to the next target; empty is the default set"`
	Timeouts Timeouts    `json:"timeouts,omitzero" yaml:"timeouts,omitempty"`
	Capture  CaptureSpec `json:"capture,omitzero" yaml:"capture,omitempty" doc:"Whether prompts and answers are kept; empty: they are not"`
	Failover Failover    `json:"failover,omitzero" yaml:"failover,omitempty" doc:"How failures are dealt with; empty is the defaults"`
}

// Failover says how a route deals with failures.
type Failover struct {
	Rules        map[string]string `json:"rules,omitempty" yaml:"rules,omitempty" doc:"What follows a class of failure (such as overloaded): retry, next_key, next_target or give_up; classes not named keep their default"`
	Rescue       *bool             `json:"rescue,omitempty" yaml:"rescue,omitempty" doc:"Another target finishes a stream that broke off after its first content; default true"`
	Hedge        string            `json:"hedge,omitempty" yaml:"hedge,omitempty" doc:"Time after which a target that has not begun to answer gets company: the next one is asked beside it, the first that begins goes on, the other is called off. Both are billed for the prompt. Empty: never" example:"2s" maxLength:"32"`
	OnClientGone string            `json:"on_client_gone,omitempty" yaml:"on_client_gone,omitempty" enum:"cancel,drain" doc:"When the client leaves: cancel the attempt (the default), or drain: read the answer to its end so that its usage is known"`
	DrainTime    string            `json:"drain_time,omitempty" yaml:"drain_time,omitempty" doc:"The longest a drain takes; default 30s" example:"30s" maxLength:"32"`
	DrainBytes   int64             `json:"drain_bytes,omitempty" yaml:"drain_bytes,omitempty" doc:"The most a drain reads; 0 is 1 MiB" minimum:"0" maximum:"1073741824"`
	Ping         string            `json:"ping,omitempty" yaml:"ping,omitempty" doc:"Silence after which a streaming client is sent a comment, to keep the connection alive; default 15s" example:"15s" maxLength:"32"`
}

// CaptureSpec says whether and how prompts and answers of a route are kept.
type CaptureSpec struct {
	On       bool     `json:"on,omitempty" yaml:"on,omitempty" doc:"Keep prompts and answers; default false"`
	Bytes    int64    `json:"bytes,omitempty" yaml:"bytes,omitempty" doc:"Most of a prompt, and of an answer's text; 0 is 64 KiB" minimum:"0" maximum:"4194304"`
	Permille int      `json:"permille,omitempty" yaml:"permille,omitempty" doc:"Of a thousand requests, drawn by lot; 0 is all" minimum:"0" maximum:"1000"`
	Keep     string   `json:"keep,omitempty" yaml:"keep,omitempty" doc:"How long, such as 72h; default 168h (7 days)" example:"72h" maxLength:"32"`
	Redact   []string `json:"redact,omitempty" yaml:"redact,omitempty" enum:"keys,mail,phone,id,card" doc:"Built-in patterns to black out; empty is all of them" maxItems:"5"`
	Patterns []string `json:"patterns,omitempty" yaml:"patterns,omitempty" doc:"Further regular expressions (RE2) to black out" maxItems:"50"`
}

// Match is what a request must look like. Every condition given must hold.
type Match struct {
	Hosts      []string     `json:"hosts,omitempty" yaml:"hosts,omitempty" doc:"Host names without port, exact or *.example.com"`
	PathPrefix string       `json:"path_prefix,omitempty" yaml:"path_prefix,omitempty" doc:"Such as /team-a; taken off before the endpoint is looked up" maxLength:"512"`
	Headers    []NameMatch  `json:"headers,omitempty" yaml:"headers,omitempty" doc:"All must hold"`
	Query      []NameMatch  `json:"query,omitempty" yaml:"query,omitempty" doc:"All must hold"`
	Models     []ModelMatch `json:"models,omitempty" yaml:"models,omitempty" doc:"One must hold"`
}

// NameMatch is a condition on a header or query parameter.
type NameMatch struct {
	Name  string `json:"name" yaml:"name" maxLength:"256"`
	Value string `json:"value,omitempty" yaml:"value,omitempty" doc:"Empty: present with any value" maxLength:"1024"`
}

// ModelMatch is a condition on the model asked for.
type ModelMatch struct {
	Kind  string `json:"kind,omitempty" yaml:"kind,omitempty" enum:"exact,prefix,glob,regex" doc:"Default exact"`
	Value string `json:"value" yaml:"value" maxLength:"512"`
}

// Target is a model at a provider.
type Target struct {
	Provider string    `json:"provider" yaml:"provider" doc:"A provider's name" maxLength:"63"`
	Model    string    `json:"model,omitempty" yaml:"model,omitempty" doc:"The model to ask for there; empty keeps the caller's" maxLength:"512"`
	Rewrite  []Rewrite `json:"rewrite,omitempty" yaml:"rewrite,omitempty" doc:"Maps the caller's model names before model is looked at; the first rule that fits decides"`
	Weight   *int      `json:"weight,omitempty" yaml:"weight,omitempty" doc:"Share among its siblings; default 1" minimum:"1" maximum:"1000000"`
}

// Rewrite maps a model name.
type Rewrite struct {
	From string `json:"from" yaml:"from" doc:"Exact, or a prefix when it ends in *; * alone fits all" maxLength:"512"`
	To   string `json:"to,omitempty" yaml:"to,omitempty" doc:"The new name; empty keeps it" maxLength:"512"`
}

// Step is one fallback step.
type Step struct {
	Targets []Target `json:"targets" yaml:"targets" doc:"Tried in the order that the route's balance makes"`
	On      []string `json:"on,omitempty" yaml:"on,omitempty" doc:"Failures that lead here; empty is the route's"`
}

// ConsumerSpec is someone who may call the proxy, as entered, without keys.
type ConsumerSpec struct {
	Name    string   `json:"name" yaml:"name" doc:"Unique; any printable characters" example:"team-a" maxLength:"128"`
	Enabled *bool    `json:"enabled,omitempty" yaml:"enabled,omitempty" doc:"Default true"`
	Models  []string `json:"models,omitempty" yaml:"models,omitempty" doc:"Glob patterns of models it may ask for; empty: all"`
	Routes  []string `json:"routes,omitempty" yaml:"routes,omitempty" doc:"Names of routes it may use; empty: all"`
}

// SettingsSpec is what holds for the whole proxy, as entered.
type SettingsSpec struct {
	Access      string   `json:"access,omitempty" yaml:"access,omitempty" enum:"local,keys,open" doc:"Who needs a key: local (everyone but loopback, the default), keys (everyone), open (nobody)"`
	IUnderstand bool     `json:"i_understand,omitempty" yaml:"i_understand,omitempty" doc:"Must be true for access open: everyone who reaches the port spends your money"`
	Limits      Limits   `json:"limits,omitzero" yaml:"limits,omitempty"`
	Timeouts    Timeouts `json:"timeouts,omitzero" yaml:"timeouts,omitempty" doc:"Defaults for every provider and route"`
}

// Limits bound what one request may take; 0 is the default.
type Limits struct {
	BodyBytes   int64 `json:"body_bytes,omitempty" yaml:"body_bytes,omitempty" doc:"Largest request body; 0 is 64 MiB" minimum:"0" maximum:"1073741824"`
	EventBytes  int64 `json:"event_bytes,omitempty" yaml:"event_bytes,omitempty" doc:"Largest single stream event; 0 is 32 MiB" minimum:"0" maximum:"1073741824"`
	AnswerBytes int64 `json:"answer_bytes,omitempty" yaml:"answer_bytes,omitempty" doc:"Largest answer of one attempt; 0 is 256 MiB" minimum:"0" maximum:"17179869184"`
	InFlight    int   `json:"in_flight,omitempty" yaml:"in_flight,omitempty" doc:"Most calls at once; 0 is 2000" minimum:"0" maximum:"1000000"`
}

// KeySpec is a provider's key in the document.
type KeySpec struct {
	Name    string `json:"name" yaml:"name"`
	Value   string `json:"value,omitempty" yaml:"value,omitempty"` // the key, or ${NAME}; empty: left as it is
	Keep    bool   `json:"keep,omitempty" yaml:"keep,omitempty"`   // says in words that the key is left as it is
	Weight  *int   `json:"weight,omitempty" yaml:"weight,omitempty"`
	Enabled *bool  `json:"enabled,omitempty" yaml:"enabled,omitempty"`
}

// ConsumerKeySpec is a consumer's key in the document: its hash, never itself.
type ConsumerKeySpec struct {
	Name    string    `json:"name" yaml:"name"`
	Hash    string    `json:"hash,omitempty" yaml:"hash,omitempty"` // sha256: and 64 hex digits; empty: left as it is
	Hint    string    `json:"hint,omitempty" yaml:"hint,omitempty"` // what is shown instead of the key
	Enabled *bool     `json:"enabled,omitempty" yaml:"enabled,omitempty"`
	Expires time.Time `json:"expires,omitzero" yaml:"expires,omitempty"`
}

// isOn reads a switch that is on unless it says otherwise.
func isOn(b *bool) bool { return b == nil || *b }

// weightOf reads a weight, which is 1 unless it says otherwise.
func weightOf(w *int) int {
	if w == nil {
		return 1
	}
	return *w
}
