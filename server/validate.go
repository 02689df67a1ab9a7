package server

import (
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
)

// How much one item may hold. The figures are far above real use and far below
// what would slow the proxy's start.
const (
	maxWeight  = 1_000_000
	maxKeys    = 200
	maxModels  = 5_000
	maxEntries = 100 // headers, query parameters, hosts, conditions, targets, steps, rules
	maxLabel   = 128
	maxModel   = 512
	maxSecret  = 16 << 10 // some clouds hand out JSON documents as keys
)

// providerName is what a provider may be called: it stands before the slash in
// provider/model, in URLs and in YAML.
var providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// provider checks a provider and returns it as the data plane knows it,
// without id and keys.
func (f *faults) provider(at string, s ProviderSpec, v vendors) proxy.Provider {
	p := proxy.Provider{
		Name: s.Name, Vendor: s.Vendor, Disabled: !isOn(s.Enabled), Region: s.Region, BaseURL: s.BaseURL,
		Fields: s.Fields, Headers: s.Headers, Query: s.Query, Proxy: s.Proxy, AllowPrivate: s.AllowPrivate,
		Models: s.Models, Timeouts: f.timeouts(joinPath(at, "timeouts"), s.Timeouts),
	}
	if !providerName.MatchString(s.Name) {
		f.add(joinPath(at, "name"), "must begin with a lower case letter or digit and hold only lower case letters, digits, dot, dash and underscore, at most 63")
	}
	v.check(f, at, &p)
	f.headers(joinPath(at, "headers"), s.Headers)
	f.query(joinPath(at, "query"), s.Query)
	f.outboundProxy(joinPath(at, "proxy"), s.Proxy)
	f.names(joinPath(at, "models"), s.Models, maxModels, maxModel)
	return p
}

// names checks a list of model names, patterns or routes: no empties, no twins.
func (f *faults) names(at string, list []string, limit, length int) {
	if !f.atMost(at, len(list), limit) {
		return
	}
	seen := make(map[string]bool, len(list))
	for i, name := range list {
		here := indexed(at, i)
		if f.label(here, name, length) && seen[name] {
			f.add(here, "is in the list twice")
		}
		seen[name] = true
	}
}

// secret checks a provider's key without ever showing it. Some vendors take
// documents as keys, which have lines: whether this one does, and what is wrong
// with them, is found when the configuration is compiled.
func (f *faults) secret(at string, s proxy.Secret) {
	v := s.Reveal()
	switch {
	case len(v) > maxSecret:
		f.add(at, "is too long to be a key: at most %d bytes", maxSecret)
	case strings.HasPrefix(strings.TrimSpace(v), "{"), strings.Contains(strings.ToLower(v), "aws_access_key_id"):
	case strings.ContainsAny(v, " \t\r\n"):
		f.add(at, "holds a space or line break: paste the key alone")
	case !httpguts.ValidHeaderFieldValue(v):
		f.add(at, "holds a control character: paste the key alone")
	}
}

// ownHeaders are the headers an admin may not add: those the proxy itself
// makes, those of one hop (RFC 9110 7.6.1), and those that carry keys.
var ownHeaders = []string{
	"Host", "Content-Length", "Content-Encoding", "Content-Type", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer",
	"Upgrade", "Proxy-Connection", "Expect", "Accept-Encoding",
	"Authorization", "Proxy-Authorization", "Proxy-Authenticate", "Www-Authenticate", "Cookie", "Set-Cookie",
	"X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Idempotency-Key", "X-Idempotency-Key",
}

// keyParameters are the query parameters by which vendors take keys.
var keyParameters = []string{"key", "api_key", "api-key", "apikey", "access_token", "token"}

// headers checks the headers added to every request.
func (f *faults) headers(at string, list map[string]string) {
	if !f.atMost(at, len(list), maxEntries) {
		return
	}
	for _, name := range sortedKeys(list) {
		here := joinPath(at, bounded(name, 64))
		switch {
		case !httpguts.ValidHeaderFieldName(name) || len(name) > 256:
			f.add(here, "is not a valid header name")
		case slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)):
			f.add(here, "cannot be set here: the proxy sets it itself. A key belongs among the provider's keys")
		case !httpguts.ValidHeaderFieldValue(list[name]) || len(list[name]) > 4096:
			f.add(here, "is not a valid header value: no line breaks or control characters, at most 4096 bytes")
		}
	}
}

// query checks the parameters added to every URL.
func (f *faults) query(at string, list map[string]string) {
	if !f.atMost(at, len(list), maxEntries) {
		return
	}
	for _, name := range sortedKeys(list) {
		here := joinPath(at, bounded(name, 64))
		if slices.Contains(keyParameters, strings.ToLower(name)) {
			f.add(here, "looks like a key, and keys are not kept here: enter it among the provider's keys")
			continue
		}
		if f.label(here, name, 256) {
			f.text(here, list[name], 4096)
		}
	}
}

// outboundProxy checks the URL of an outbound proxy.
func (f *faults) outboundProxy(at, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		f.add(at, "is not a URL: write http://host:port, https://host:port or socks5://host:port")
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		f.add(at, "must begin with http://, https:// or socks5://")
	case u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		f.add(at, "must end after host and port")
	}
}

// route checks a route and returns it as the data plane knows it, without id.
// known tells which providers there are.
func (f *faults) route(at string, s RouteSpec, known func(string) bool) proxy.Route {
	r := proxy.Route{Name: s.Name, Disabled: !isOn(s.Enabled), On: s.On, Strict: s.Strict, Timeouts: f.timeouts(joinPath(at, "timeouts"), s.Timeouts)}
	f.label(joinPath(at, "name"), s.Name, maxLabel)
	r.Match = f.match(joinPath(at, "match"), s.Match)
	r.Targets = f.targets(joinPath(at, "targets"), s.Targets, known)
	f.triggers(joinPath(at, "on"), s.On)
	r.Failover = f.failover(joinPath(at, "failover"), s.Failover)
	r.Capture = f.capture(joinPath(at, "capture"), s.Capture)
	r.Balance = oneOf(f, joinPath(at, "balance"), s.Balance, proxy.Balances()...)
	r.Affinity = oneOf(f, joinPath(at, "affinity"), s.Affinity, proxy.AffinityAuto, proxy.AffinityOn, proxy.AffinityOff)
	if !f.atMost(joinPath(at, "fallback"), len(s.Fallback), maxEntries) {
		return r
	}
	for i, step := range s.Fallback {
		here := indexed(joinPath(at, "fallback"), i)
		r.Fallback = append(r.Fallback, proxy.Step{Targets: f.targets(joinPath(here, "targets"), step.Targets, known), On: step.On})
		f.triggers(joinPath(here, "on"), step.On)
	}
	return r
}

// failover checks how a route deals with failures.
func (f *faults) failover(at string, s Failover) proxy.Failover {
	actions := []proxy.Action{proxy.ActRetry, proxy.ActNextKey, proxy.ActNextTarget, proxy.ActGiveUp}
	for _, class := range sortedKeys(s.Rules) {
		here := joinPath(joinPath(at, "rules"), bounded(class, 64))
		switch {
		case !slices.Contains(llm.Classes(), llm.Class(class)):
			f.add(here, "is not a class of failure: use one of %s", wordList(llm.Classes()))
		case !slices.Contains(actions, proxy.Action(s.Rules[class])):
			f.add(here, "must be one of %s", wordList(actions))
		}
	}
	out := proxy.Failover{
		NoRescue: !isOn(s.Rescue), Ping: f.ping(joinPath(at, "ping"), s.Ping),
		Hedge:        f.length(joinPath(at, "hedge"), strings.TrimSuffix(s.Hedge, off), minHedge, maxHedge),
		OnClientGone: oneOf(f, joinPath(at, "on_client_gone"), s.OnClientGone, proxy.OnGoneCancel, proxy.OnGoneDrain),
		DrainTime:    f.length(joinPath(at, "drain_time"), s.DrainTime, minDrain, maxDrain), DrainBytes: s.DrainBytes,
	}
	f.between(joinPath(at, "drain_bytes"), s.DrainBytes, 0, 1<<30)
	if len(s.Rules) > 0 {
		out.Rules = s.Rules
	}
	return out
}

// oneOf checks a word among those there are; empty is the default.
func oneOf[T ~string](f *faults, at, word string, words ...T) T {
	if word != "" && !slices.Contains(words, T(word)) {
		f.add(at, "must be one of %s", wordList(words))
		return ""
	}
	return T(word)
}

// wordList writes words as a sentence shows them.
func wordList[T ~string](words []T) string {
	return strings.Join(namesOf(words, func(w T) string { return string(w) }), ", ")
}

// triggers checks the form of triggers; which there are, the data plane knows.
func (f *faults) triggers(at string, list []string) { f.names(at, list, maxEntries, 64) }

// match checks the conditions of a route.
func (f *faults) match(at string, s Match) proxy.Match {
	m := proxy.Match{Hosts: s.Hosts, PathPrefix: s.PathPrefix}
	f.names(joinPath(at, "hosts"), s.Hosts, maxEntries, 253)
	for i, host := range s.Hosts {
		if !hostPattern(host) {
			f.add(indexed(joinPath(at, "hosts"), i), "must be a host name without port, such as api.example.com or *.example.com")
		}
	}
	f.pathPrefix(joinPath(at, "path_prefix"), s.PathPrefix)
	m.Headers = f.conditions(joinPath(at, "headers"), s.Headers, true)
	m.Query = f.conditions(joinPath(at, "query"), s.Query, false)
	if !f.atMost(joinPath(at, "models"), len(s.Models), maxModels) {
		return m
	}
	for i, model := range s.Models {
		f.modelMatch(indexed(joinPath(at, "models"), i), model)
		m.Models = append(m.Models, proxy.ModelMatch{Kind: model.Kind, Value: model.Value})
	}
	return m
}

// hostPattern tells whether a host condition can ever match.
func hostPattern(host string) bool {
	host = strings.TrimPrefix(host, "*.")
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.IsValid()
	}
	return host != "" && !strings.ContainsAny(host, ":/*?# @%\\")
}

// pathPrefix checks the path a route takes off.
func (f *faults) pathPrefix(at, prefix string) {
	switch {
	case prefix == "":
	case !strings.HasPrefix(prefix, "/"):
		f.add(at, "must begin with a slash, such as /team-a")
	case strings.ContainsAny(prefix, "?#%\\"):
		f.add(at, "must be a plain path without ?, #, %% or backslash")
	case f.text(at, prefix, maxModel) && path.Clean(prefix) != strings.TrimSuffix(prefix, "/") && prefix != "/":
		f.add(at, "must not hold //, /. or /..")
	}
}

// conditions checks header or query conditions.
func (f *faults) conditions(at string, list []NameMatch, header bool) []proxy.NameMatch {
	if !f.atMost(at, len(list), maxEntries) {
		return nil
	}
	var out []proxy.NameMatch
	for i, c := range list {
		here := joinPath(indexed(at, i), "name")
		if f.label(here, c.Name, 256) && header && !httpguts.ValidHeaderFieldName(c.Name) {
			f.add(here, "is not a valid header name")
		}
		f.text(joinPath(indexed(at, i), "value"), c.Value, 1024)
		out = append(out, proxy.NameMatch{Name: c.Name, Value: c.Value})
	}
	return out
}

// modelMatch checks a condition on the model.
func (f *faults) modelMatch(at string, m ModelMatch) {
	kinds := []string{"", proxy.MatchExact, proxy.MatchPrefix, proxy.MatchGlob, proxy.MatchRegex}
	if !slices.Contains(kinds, m.Kind) {
		f.add(joinPath(at, "kind"), "must be exact, prefix, glob or regex")
		return
	}
	here := joinPath(at, "value")
	if !f.label(here, m.Value, maxModel) || m.Kind != proxy.MatchRegex {
		return
	}
	if _, err := regexp.Compile(m.Value); err != nil {
		f.add(here, "is not a regular expression: %s", err)
	}
}

// targets checks the targets of a route or step.
func (f *faults) targets(at string, list []Target, known func(string) bool) []proxy.Target {
	if len(list) == 0 {
		f.add(at, "is empty: name at least one provider")
		return nil
	}
	if !f.atMost(at, len(list), maxEntries) {
		return nil
	}
	out := make([]proxy.Target, 0, len(list))
	for i, t := range list {
		here := indexed(at, i)
		switch {
		case t.Provider == "":
			f.add(joinPath(here, "provider"), "is missing: name a provider")
		case !known(t.Provider):
			f.add(joinPath(here, "provider"), "names a provider that does not exist: %q", bounded(t.Provider, 64))
		}
		f.text(joinPath(here, "model"), t.Model, maxModel)
		if t.Weight != nil {
			f.between(joinPath(here, "weight"), int64(*t.Weight), 1, maxWeight)
		}
		out = append(out, proxy.Target{
			Provider: t.Provider, Model: t.Model, Weight: weightOf(t.Weight),
			Rewrite: f.rewrites(joinPath(here, "rewrite"), t.Rewrite),
		})
	}
	return out
}

// rewrites checks the rules that map model names.
func (f *faults) rewrites(at string, list []Rewrite) []proxy.Rewrite {
	if !f.atMost(at, len(list), maxEntries) {
		return nil
	}
	var out []proxy.Rewrite
	for i, r := range list {
		here := indexed(at, i)
		f.label(joinPath(here, "from"), r.From, maxModel)
		f.text(joinPath(here, "to"), r.To, maxModel)
		out = append(out, proxy.Rewrite{From: r.From, To: r.To})
	}
	return out
}

// consumer checks a consumer.
func (f *faults) consumer(at string, s ConsumerSpec) {
	f.label(joinPath(at, "name"), s.Name, maxLabel)
	f.names(joinPath(at, "models"), s.Models, maxModels, maxModel)
	f.names(joinPath(at, "routes"), s.Routes, maxModels, maxLabel)
}

// settings checks the settings and returns them as the data plane knows them.
func (f *faults) settings(at string, s SettingsSpec) (proxy.AccessMode, proxy.Limits, proxy.Timeouts) {
	mode := proxy.AccessMode(s.Access)
	switch mode {
	case "":
		mode = proxy.AccessLocal
	case proxy.AccessLocal, proxy.AccessKeys:
	case proxy.AccessOpen:
		if !s.IUnderstand {
			f.add(joinPath(at, "i_understand"), "must be true for open access: everyone who reaches the port can use your provider keys, at your cost")
		}
	default:
		f.add(joinPath(at, "access"), "must be local, keys or open")
	}
	l := joinPath(at, "limits")
	f.between(joinPath(l, "body_bytes"), s.Limits.BodyBytes, 0, 1<<30)
	f.between(joinPath(l, "event_bytes"), s.Limits.EventBytes, 0, 1<<30)
	f.between(joinPath(l, "answer_bytes"), s.Limits.AnswerBytes, 0, 16<<30)
	f.between(joinPath(l, "in_flight"), int64(s.Limits.InFlight), 0, 1_000_000)
	limits := proxy.Limits{
		BodyBytes: s.Limits.BodyBytes, EventBytes: s.Limits.EventBytes,
		AnswerBytes: s.Limits.AnswerBytes, InFlight: s.Limits.InFlight,
	}
	return mode, limits, f.timeouts(joinPath(at, "timeouts"), s.Timeouts)
}
