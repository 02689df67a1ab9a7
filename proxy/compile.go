package proxy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
)

// The default limits; see Limits for their meaning.
const (
	DefaultBodyBytes   = 64 << 20
	DefaultEventBytes  = 32 << 20
	DefaultAnswerBytes = 256 << 20
	DefaultInFlight    = 2000
)

// MaxWeight bounds weights, so that their sums stay far from overflowing.
const MaxWeight = 1_000_000

// Fault is one thing wrong with one item of a Config.
type Fault struct {
	Kind    string // "access", "limits", "price", "exchange", "provider", "route" or "consumer"
	ID      string // the item's id
	Name    string // the item's name
	Field   string // below the item, e.g. "targets[0].provider"
	Message string // what is wrong and what to do
}

// String shows a fault on one line.
func (f Fault) String() string {
	return fmt.Sprintf("%s %q: %s: %s", f.Kind, f.Name, f.Field, f.Message)
}

// compiler gathers a snapshot and what is wrong.
type compiler struct {
	conf   Config
	snap   *Snapshot
	faults []Fault

	kind, id, name string // the item in hand
}

func (c *compiler) fault(field, format string, args ...any) {
	c.faults = append(c.faults, Fault{Kind: c.kind, ID: c.id, Name: c.name, Field: field, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) item(kind, id, name string) int {
	c.kind, c.id, c.name = kind, id, name
	return len(c.faults)
}

// Compile checks a configuration and makes the snapshot it can be served from.
// It reports every fault. A provider or consumer with a fault is left out of
// the snapshot, a route with one stays in its place and answers that it is out
// of service; neither takes anything else down.
func Compile(conf Config) (*Snapshot, []Fault) {
	c := &compiler{conf: conf, snap: &Snapshot{
		byName:    map[string]*provider{},
		callers:   map[[32]byte]*callerKey{},
		consumers: map[string]*consumer{},
	}}
	c.snap.defaultOn, _ = parseTriggers(DefaultTriggers()) // the defaults parse; a test says so
	c.snap.defaultActions = defaultActions()
	c.general()
	c.prices()
	known := map[string]string{} // provider names → id, for duplicates
	for i := range conf.Providers {
		c.provider(&conf.Providers[i], known)
	}
	names := map[string]string{}
	for i := range conf.Routes {
		c.route(&conf.Routes[i], known, names)
	}
	names = map[string]string{}
	for i := range conf.Consumers {
		c.consumer(&conf.Consumers[i], names)
	}
	return c.snap, c.faults
}

func (c *compiler) general() {
	c.item("access", "", "")
	c.snap.access = c.conf.Access.Mode
	switch c.conf.Access.Mode {
	case "":
		c.snap.access = AccessLocal
	case AccessLocal, AccessKeys, AccessOpen:
	default:
		c.fault("mode", "%q is not an access mode: use local, keys or open", c.conf.Access.Mode)
		c.snap.access = AccessKeys // the strictest, until it is mended
	}
	c.item("limits", "", "")
	l := c.conf.Limits
	if l.BodyBytes < 0 || l.EventBytes < 0 || l.AnswerBytes < 0 || l.InFlight < 0 {
		c.fault("", "a limit is negative: leave it out (or 0) for the default")
		l = Limits{}
	}
	c.snap.limits = Limits{
		BodyBytes:   orDefault(l.BodyBytes, DefaultBodyBytes),
		EventBytes:  orDefault(l.EventBytes, DefaultEventBytes),
		AnswerBytes: orDefault(l.AnswerBytes, DefaultAnswerBytes),
		InFlight:    orDefault(l.InFlight, DefaultInFlight),
	}
	c.snap.timeouts = c.conf.Timeouts.over(defaultTimeouts)
}

func orDefault[T int | int64](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// unique reports a name that an earlier item of the kind has.
func (c *compiler) unique(names map[string]string) {
	switch {
	case c.name == "":
		c.fault("name", "a name is missing")
	case names[c.name] != "":
		c.fault("name", "another %s is called %q too: names are unique", c.kind, c.name)
	default:
		names[c.name] = "taken"
	}
}

func (c *compiler) provider(conf *Provider, known map[string]string) {
	before := c.item("provider", conf.ID, conf.Name)
	c.unique(known)
	if strings.ContainsAny(conf.Name, "/ \t\r\n") {
		c.fault("name", "a provider's name can't hold a slash or space: it is written as provider/model")
	}
	vendor, ok := catalog.ByID(conf.Vendor)
	if !ok {
		c.fault("vendor", "%q is not in the catalogue of vendors", conf.Vendor)
		return
	}
	p := &provider{
		id: conf.ID, name: conf.Name, vendor: vendor, region: conf.Region,
		base: conf.BaseURL, fields: conf.Fields,
		timeouts: conf.Timeouts.over(c.snap.timeouts),
		prices:   c.snap.prices.Provider(conf.Name, conf.Vendor, conf.Region),
	}
	c.keys(p, conf)
	p.fields = keyFields(p)
	if _, _, err := vendor.Resolve(vendor.Speaks[0].Protocol, p.region, p.base, p.fields, "model", "/chat/completions"); err != nil {
		c.fault("base_url", "%v", err)
	}
	p.headers, p.query = c.additions(conf)
	p.transport = c.transport(conf, vendor, p.timeouts)
	p.keyless = len(conf.Keys) == 0 && vendor.KeyOptional
	p.listed = vendor.Listed()
	if len(conf.Models) > 0 {
		p.listed = slices.Clone(conf.Models)
		p.models = map[string]bool{}
		for _, m := range conf.Models {
			p.models[m] = true
		}
	}
	if len(c.faults) > before || conf.Disabled {
		return
	}
	c.snap.providers = append(c.snap.providers, p)
	c.snap.byName[p.name] = p
}

// additions checks and collects what is added to every request.
func (c *compiler) additions(conf *Provider) (http.Header, url.Values) {
	headers := http.Header{}
	for name, value := range conf.Headers {
		if !validHeader(name, value) {
			c.fault("headers", "%q can't be sent: a header name is letters, digits and dashes, its value one line; Host, Content-Length and the like are not yours to set", name)
			continue
		}
		headers.Set(name, value)
	}
	query := url.Values{}
	for name, value := range conf.Query {
		query.Set(name, value)
	}
	return headers, query
}

func (c *compiler) transport(conf *Provider, vendor *catalog.Vendor, t Timeouts) transportKey {
	if conf.Proxy != "" {
		u, err := url.Parse(conf.Proxy)
		if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
			c.fault("proxy", "the outbound proxy must be a URL such as http://proxy.example:3128 or socks5://127.0.0.1:1080")
		}
	}
	return transportKey{proxy: conf.Proxy, private: conf.AllowPrivate || vendor.Local, connect: t.Connect}
}

func (c *compiler) keys(p *provider, conf *Provider) {
	for i, k := range conf.Keys {
		switch {
		case k.Weight < 0 || k.Weight > MaxWeight:
			c.fault(fmt.Sprintf("keys[%d].weight", i), "a weight is a whole number from 1 to %d", MaxWeight)
		case k.Disabled || k.Secret == "":
			continue
		}
		parsed, err := parseKey(p.vendor, k.Secret)
		if err != nil {
			c.fault(fmt.Sprintf("keys[%d].value", i), "%v", err)
		}
		sum := sha256.Sum256([]byte(k.Secret.Reveal()))
		ready := &key{
			id: k.ID, name: k.Name, provider: conf.Name, secret: k.Secret, weight: max(k.Weight, 1),
			live: k.ID + "/" + hex.EncodeToString(sum[:6]), credential: parsed,
		}
		p.keys = append(p.keys, ready)
		if !conf.Disabled {
			c.snap.keys = append(c.snap.keys, ready)
		}
	}
}

func (c *compiler) consumer(conf *Consumer, names map[string]string) {
	before := c.item("consumer", conf.ID, conf.Name)
	c.unique(names)
	if len(c.faults) > before {
		return
	}
	ready := &consumer{id: conf.ID, name: conf.Name, models: conf.Models}
	if len(conf.Routes) > 0 {
		ready.routes = map[string]bool{}
		for _, r := range conf.Routes {
			ready.routes[r] = true
		}
	}
	c.snap.consumers[conf.Name] = ready
	for _, k := range conf.Keys {
		c.snap.callers[k.Hash] = &callerKey{consumer: ready, conf: k, disabled: conf.Disabled || k.Disabled}
	}
}

// validHeader reports whether an admin may add this header to requests.
func validHeader(name, value string) bool {
	if name == "" || strings.ContainsFunc(name, notToken) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return false
	}
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Keep-Alive",
		"Proxy-Connection", "Content-Type", "Accept-Encoding", "Idempotency-Key", "X-Idempotency-Key":
		return false
	}
	return true
}

func notToken(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.!#$%&'*+^`|~", r))
}

// defaultTimeouts are the clocks where nobody said anything; those that depend
// on the call are settled per attempt (defaultClocks).
var defaultTimeouts = Timeouts{Connect: 10 * time.Second, Total: time.Hour}

// over fills the clocks that t leaves at zero from below.
func (t Timeouts) over(below Timeouts) Timeouts {
	pick := func(a, b time.Duration) time.Duration {
		if a != 0 {
			return a
		}
		return b
	}
	return Timeouts{
		Connect: pick(t.Connect, below.Connect), Headers: pick(t.Headers, below.Headers),
		FirstToken: pick(t.FirstToken, below.FirstToken), Idle: pick(t.Idle, below.Idle),
		Total: pick(t.Total, below.Total),
	}
}
