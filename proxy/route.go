package proxy

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
)

// route is a Route ready to match and serve.
type route struct {
	id, name string
	match    matcher
	steps    []step
	timeouts Timeouts // zero fields inherit
	actions  map[llm.Class]Action
	onward   map[llm.Class]bool // classes that its rules send on whatever the triggers
	rescue   bool
	ping     time.Duration
	strict   bool          // what can't be carried over is refused
	hedge    time.Duration // how long a target may be silent before it gets company; 0: for ever
	balance  Balance
	affinity Affinity
	drain    *draining // nil: an attempt ends with its client
	capture  *capture  // nil: nothing of its calls is kept
	broken   string    // why it can't serve, if it can't
}

// step is a group of targets, entered when one of its triggers fired.
type step struct {
	targets []target
	on      triggers
}

// target is a Target ready to be planned.
type target struct {
	provider *provider // nil while the provider is disabled or at fault
	name     string    // the provider's name
	model    string
	rewrite  []Rewrite
	weight   int
}

// modelFor is the model to ask the target for when the caller asked for asked.
func (t *target) modelFor(asked string) string {
	for _, r := range t.rewrite {
		stem, prefix := strings.CutSuffix(r.From, "*")
		switch {
		case !prefix && r.From != asked, prefix && !strings.HasPrefix(asked, stem):
			continue
		case r.To == "":
			return asked
		}
		if to, keep := strings.CutSuffix(r.To, "*"); keep && prefix {
			return to + asked[len(stem):]
		}
		return r.To
	}
	if t.model != "" {
		return t.model
	}
	return asked
}

// triggers is the set of failures that make the plan go on.
type triggers struct {
	classes map[llm.Class]bool
	codes   map[int]bool
}

func (t triggers) fire(class llm.Class, status int) bool {
	return t.classes[class] || t.codes[status]
}

// DefaultTriggers are the failures after which the next target is tried unless
// a route says otherwise: everything but the caller's own mistakes and content
// that the vendor refuses.
func DefaultTriggers() []string { return []string{"connect", "timeout", "429", "5xx", "auth", "404"} }

// triggerNames are the short names for groups of classes.
var triggerNames = map[string][]llm.Class{
	"connect": {llm.ClassConnect, llm.ClassTLS},
	"timeout": {llm.ClassHeadersTimeout, llm.ClassFirstTokenTimeout, llm.ClassIdleTimeout},
	"429":     {llm.ClassRateLimited, llm.ClassQuotaExhausted},
	"5xx":     {llm.ClassServerError, llm.ClassOverloaded, llm.ClassMalformed, llm.ClassCut},
	"auth":    {llm.ClassAuth, llm.ClassQuotaExhausted},
	"404":     {llm.ClassModelNotFound},
}

// parseTriggers reads a list of triggers: a short name, a class of the
// taxonomy, or an exact status code of the vendor.
func parseTriggers(names []string) (triggers, error) {
	t := triggers{classes: map[llm.Class]bool{}, codes: map[int]bool{}}
	for _, name := range names {
		if group, ok := triggerNames[name]; ok {
			for _, class := range group {
				t.classes[class] = true
			}
			continue
		}
		if slices.Contains(llm.Classes(), llm.Class(name)) {
			t.classes[llm.Class(name)] = true
			continue
		}
		code, err := strconv.Atoi(name)
		if err != nil || code < 300 || code > 599 {
			return t, fmt.Errorf("%q is not a trigger: use connect, timeout, 429, 5xx, auth, 404, a status from 300 to 599, or one of %v", name, llm.Classes())
		}
		t.codes[code] = true
	}
	return t, nil
}

func (c *compiler) route(conf *Route, known, names map[string]string) {
	before := c.item("route", conf.ID, conf.Name)
	c.unique(names)
	r := &route{
		id: conf.ID, name: conf.Name, timeouts: conf.Timeouts,
		actions: c.actions(conf.Failover.Rules), onward: map[llm.Class]bool{},
		rescue: !conf.Failover.NoRescue, ping: conf.Failover.Ping, strict: conf.Strict,
		balance: cmp.Or(conf.Balance, BalanceWeighted), affinity: cmp.Or(conf.Affinity, AffinityAuto), hedge: conf.Failover.Hedge,
	}
	c.options(r, conf)
	r.capture = c.capture(&conf.Capture)
	for class, action := range conf.Failover.Rules {
		r.onward[llm.Class(class)] = action != string(ActGiveUp)
	}
	matched := c.matcher(&r.match, &conf.Match)
	if len(conf.Targets) == 0 {
		c.fault("targets", "a route needs at least one target")
	}
	on := conf.On
	if len(on) == 0 {
		on = DefaultTriggers()
	}
	r.steps = append(r.steps, c.step("", conf.Targets, on, known))
	for i, s := range conf.Fallback {
		field := fmt.Sprintf("fallback[%d].", i)
		if len(s.Targets) == 0 {
			c.fault(field+"targets", "a fallback step needs at least one target")
		}
		stepOn := s.On
		if len(stepOn) == 0 {
			stepOn = on
		}
		r.steps = append(r.steps, c.step(field, s.Targets, stepOn, known))
	}
	if conf.Disabled || !matched {
		return
	}
	if len(c.faults) > before {
		r.broken = c.faults[before].Field + ": " + c.faults[before].Message
	}
	c.snap.routes = append(c.snap.routes, r)
}

// options checks how a route chooses among targets and treats clients that
// leave.
func (c *compiler) options(r *route, conf *Route) {
	if !slices.Contains(Balances(), r.balance) {
		c.fault("balance", "%q is not a way to balance: use one of %v", conf.Balance, Balances())
		r.balance = BalanceWeighted
	}
	if affinities := []Affinity{AffinityAuto, AffinityOn, AffinityOff}; !slices.Contains(affinities, r.affinity) {
		c.fault("affinity", "%q is not known: use one of %v", conf.Affinity, affinities)
	}
	f := &conf.Failover
	if f.Hedge < 0 {
		c.fault("failover.hedge", "a hedge comes after some time, such as 2s; leave it out for none")
	}
	if f.DrainTime < 0 || f.DrainBytes < 0 {
		c.fault("failover.drain", "a limit is negative: leave it out (or 0) for the default")
	}
	switch f.OnClientGone {
	case "", OnGoneCancel:
	case OnGoneDrain:
		r.drain = &draining{time: cmp.Or(f.DrainTime, DefaultDrainTime), bytes: cmp.Or(f.DrainBytes, DefaultDrainBytes)}
	default:
		c.fault("failover.on_client_gone", "%q is not known: use %s or %s", f.OnClientGone, OnGoneCancel, OnGoneDrain)
	}
}

func (c *compiler) step(field string, conf []Target, on []string, known map[string]string) step {
	t, err := parseTriggers(on)
	if err != nil {
		c.fault(field+"on", "%v", err)
	}
	s := step{on: t}
	for i, tc := range conf {
		at := fmt.Sprintf("%stargets[%d].", field, i)
		switch {
		case tc.Provider == "":
			c.fault(at+"provider", "a target names a provider")
		case known[tc.Provider] == "":
			c.fault(at+"provider", "there is no provider called %q", tc.Provider)
		}
		if tc.Weight < 0 || tc.Weight > MaxWeight {
			c.fault(at+"weight", "a weight is a whole number from 1 to %d", MaxWeight)
		}
		for j, r := range tc.Rewrite {
			if r.From == "" || strings.Contains(strings.TrimSuffix(r.From, "*"), "*") {
				c.fault(fmt.Sprintf("%srewrite[%d].from", at, j), "write an exact model name, a prefix with * at its end, or *")
			}
		}
		s.targets = append(s.targets, target{
			provider: c.snap.byName[tc.Provider], name: tc.Provider,
			model: tc.Model, rewrite: tc.Rewrite, weight: max(tc.Weight, 1),
		})
	}
	return s
}

// matcher is a Match ready to be asked.
type matcher struct {
	hosts   []string
	prefix  string
	headers []NameMatch
	query   []NameMatch
	models  []func(string) bool
	texts   []string // the models as written, for explanations and lists
	exact   []string // exact model names, for lists
}

// matcher compiles a Match and reports whether it can be asked at all.
func (c *compiler) matcher(m *matcher, conf *Match) bool {
	before := len(c.faults)
	for i, h := range conf.Hosts {
		if h == "" || strings.ContainsAny(h, "/: ") || strings.Contains(strings.TrimPrefix(h, "*."), "*") {
			c.fault(fmt.Sprintf("match.hosts[%d]", i), "write a host name without port, or *.example.com")
		}
		m.hosts = append(m.hosts, strings.ToLower(h))
	}
	m.prefix = strings.TrimSuffix(conf.PathPrefix, "/")
	if m.prefix != "" && (m.prefix[0] != '/' || strings.Contains(m.prefix, "//") || strings.ContainsAny(m.prefix, "?#% ")) {
		c.fault("match.path_prefix", "write a path that begins with a slash, e.g. /team-a")
	}
	for i, h := range conf.Headers {
		if h.Name == "" || strings.ContainsFunc(h.Name, notToken) {
			c.fault(fmt.Sprintf("match.headers[%d].name", i), "write a header's name")
		}
	}
	for i, q := range conf.Query {
		if q.Name == "" {
			c.fault(fmt.Sprintf("match.query[%d].name", i), "write a parameter's name")
		}
	}
	m.headers, m.query = conf.Headers, conf.Query
	for i, mm := range conf.Models {
		c.model(m, i, mm)
	}
	return len(c.faults) == before
}

func (c *compiler) model(m *matcher, i int, conf ModelMatch) {
	field := fmt.Sprintf("match.models[%d].", i)
	value := conf.Value
	if value == "" {
		c.fault(field+"value", "write a model's name or a pattern for it")
		return
	}
	test := func(model string) bool { return model == value }
	switch conf.Kind {
	case "", MatchExact:
		m.exact = append(m.exact, value)
	case MatchPrefix:
		test = func(model string) bool { return strings.HasPrefix(model, value) }
	case MatchGlob:
		test = func(model string) bool { return catalog.Glob(value, model) }
	case MatchRegex:
		re, err := regexp.Compile(`\A(?:` + value + `)\z`)
		if err != nil {
			c.fault(field+"value", "not a regular expression (RE2): %v", err)
			return
		}
		test = re.MatchString
	default:
		c.fault(field+"kind", "%q is not one of exact, prefix, glob, regex", conf.Kind)
		return
	}
	m.models = append(m.models, test)
	m.texts = append(m.texts, value)
}

// why says why a request does not fit, or nothing if it does. path is the
// whole path as the caller wrote it, before the part the endpoint's path
// begins at; a path with something before it needs a prefix that covers that.
func (m *matcher) why(q *Question, before string) string {
	if len(m.hosts) > 0 && !m.host(q.Host) {
		return "the host is not " + strings.Join(m.hosts, " or ")
	}
	if m.prefix == "" && before != "" {
		return "the path begins with " + before + ", which this route does not name"
	}
	if m.prefix != "" {
		if q.Path != m.prefix && !strings.HasPrefix(q.Path, m.prefix+"/") {
			return "the path does not begin with " + m.prefix
		}
		if len(m.prefix) < len(before) {
			return "the path has more before the endpoint than " + m.prefix
		}
	}
	for _, h := range m.headers {
		if !holds(q.Header.Values(h.Name), h.Value) {
			return "the header " + describe(h) + " is not there"
		}
	}
	for _, p := range m.query {
		if !holds(q.Query[p.Name], p.Value) {
			return "the query parameter " + describe(p) + " is not there"
		}
	}
	if len(m.models) == 0 || slices.ContainsFunc(m.models, func(f func(string) bool) bool { return f(q.Model) }) {
		return ""
	}
	return fmt.Sprintf("the model %q is not %s", q.Model, strings.Join(m.texts, " or "))
}

func (m *matcher) host(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, want := range m.hosts {
		stem, wild := strings.CutPrefix(want, "*")
		if host == want || wild && strings.HasSuffix(host, stem) && len(host) > len(stem) {
			return true
		}
	}
	return false
}

func holds(values []string, want string) bool {
	if want == "" {
		return len(values) > 0
	}
	return slices.Contains(values, want)
}

func describe(n NameMatch) string {
	if n.Value == "" {
		return n.Name
	}
	return n.Name + ": " + n.Value
}

// question is what routing looks at, taken from a request.
func question(r *http.Request, query url.Values, model string, c *consumer) *Question {
	q := &Question{Method: r.Method, Host: r.Host, Path: r.URL.Path, Header: r.Header, Query: query, Model: model}
	if c != nil {
		q.Consumer = c.name
	}
	return q
}
