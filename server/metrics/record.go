package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
)

// labels are a combination of them.
type labels struct {
	op       llm.Op
	route    string
	provider string
	model    string
	status   int
	class    llm.Class
	currency string
	stream   bool
}

// handles are what the calls of one combination add to. Those that such calls
// never need are nil.
type handles struct {
	requests, fallbacks, rescues, unpriced, cost prometheus.Counter
	input, cacheRead, cacheWrite, output         prometheus.Counter
	reasoning, audioIn, audioOut, images         prometheus.Counter
	duration, firstToken, perToken               prometheus.Observer
	prompt, completion                           prometheus.Observer
}

// Record implements proxy.Recorder. It does not block.
func (m *Metrics) Record(r *proxy.Record) {
	if !m.on.Load() {
		return
	}
	served := r.Provider != "" && r.Class == ""
	l := labels{
		op: r.Op, route: r.Route, provider: r.Provider, model: m.models.label(r.Model, served),
		status: r.Status, class: r.Class, currency: string(r.Cost.Amount.Currency), stream: r.Stream,
	}
	if r.Provider == "" {
		l.model = m.models.label(r.Asked, false)
	}
	h := m.handlesFor(l)
	h.requests.Inc()
	seconds(h.duration, r.Duration)
	if r.Provider != "" {
		h.take(r)
	}
	m.attempts(r)
	if m.consumers.Load() && r.Consumer != "" {
		m.caller(r)
	}
}

// handlesFor finds or makes the handles of a combination.
func (m *Metrics) handlesFor(l labels) *handles {
	if h, ok := m.handles.Load(l); ok {
		return h.(*handles) //nolint:errcheck // the map holds nothing else
	}
	if m.size.Load() >= maxHandles {
		l.model, l.route = other, other
		if h, ok := m.handles.Load(l); ok {
			return h.(*handles) //nolint:errcheck // the map holds nothing else
		}
	}
	h, there := m.handles.LoadOrStore(l, m.make(l))
	if !there {
		m.size.Add(1)
	}
	return h.(*handles) //nolint:errcheck // the map holds nothing else
}

func (m *Metrics) make(l labels) *handles {
	s, op := &m.series, l.op.GenAI()
	h := &handles{
		requests: s.requests.WithLabelValues(l.route, l.provider, l.model, strconv.Itoa(l.status), string(l.class)),
		duration: s.duration.WithLabelValues(op, l.provider, l.model, string(l.class)),
	}
	if l.provider == "" {
		return h
	}
	h.fallbacks = s.fallbacks.WithLabelValues(l.route, l.provider, l.model)
	h.rescues = s.rescues.WithLabelValues(l.route, l.provider, l.model)
	h.unpriced = s.unpriced.WithLabelValues(l.provider, l.model)
	if l.currency != "" {
		h.cost = s.cost.WithLabelValues(l.provider, l.model, l.currency)
	}
	for kind, c := range map[string]*prometheus.Counter{
		"input": &h.input, "cache_read": &h.cacheRead, "cache_write": &h.cacheWrite, "output": &h.output,
		"reasoning": &h.reasoning, "audio_in": &h.audioIn, "audio_out": &h.audioOut, "images": &h.images,
	} {
		*c = s.tokens.WithLabelValues(l.provider, l.model, kind)
	}
	h.prompt = s.usage.WithLabelValues(op, l.provider, l.model, "input")
	h.completion = s.usage.WithLabelValues(op, l.provider, l.model, "output")
	if l.stream {
		h.firstToken = s.firstToken.WithLabelValues(op, l.provider, l.model)
		h.perToken = s.perToken.WithLabelValues(op, l.provider, l.model)
	}
	return h
}

// take adds what a call that a provider answered came to.
func (h *handles) take(r *proxy.Record) {
	u := &r.Usage
	add(h.input, u.Input)
	add(h.cacheRead, u.CacheRead)
	add(h.cacheWrite, u.CacheWrite)
	add(h.output, u.Output)
	add(h.reasoning, u.Reasoning)
	add(h.audioIn, u.AudioIn)
	add(h.audioOut, u.AudioOut)
	add(h.images, u.Images)
	if u.InputFrom != "" {
		h.prompt.Observe(float64(u.Prompt()))
	}
	if u.OutputFrom != "" {
		h.completion.Observe(float64(u.Output))
	}
	switch {
	case !r.Cost.Known:
		h.unpriced.Inc()
	case h.cost != nil:
		h.cost.Add(float64(r.Cost.Amount.Nano) / 1e9)
	}
	if r.Rescued {
		h.rescues.Inc()
	}
	if len(r.Attempts) > 1 && r.Class == "" && r.Attempts[0].Provider != r.Provider {
		h.fallbacks.Inc()
	}
	if h.firstToken == nil || r.FirstByte <= 0 {
		return
	}
	seconds(h.firstToken, r.FirstByte)
	if u.Output > 1 && r.Class == "" {
		seconds(h.perToken, (r.Duration-r.FirstByte)/time.Duration(u.Output-1))
	}
}

// attempts adds every try, and what was left alone.
func (m *Metrics) attempts(r *proxy.Record) {
	for i := range r.Attempts {
		a := &r.Attempts[i]
		m.try(a.Provider, m.models.label(a.Model, a.Class == ""), string(a.Class)).Inc()
	}
	for _, s := range r.Skipped {
		m.series.skipped.WithLabelValues(s.Provider, m.models.label(s.Model, false)).Inc()
	}
}

// try finds or makes the counter of attempts with such an end.
func (m *Metrics) try(provider, model, class string) prometheus.Counter {
	key := [3]string{provider, model, class}
	if c, ok := m.tries.Load(key); ok {
		return c.(prometheus.Counter) //nolint:errcheck // the map holds nothing else
	}
	c := m.series.attempts.WithLabelValues(provider, model, class)
	m.tries.Store(key, c)
	return c
}

// caller adds to the metrics of a consumer.
func (m *Metrics) caller(r *proxy.Record) {
	who := m.callers.label(r.Consumer, true)
	m.series.callerRequests.WithLabelValues(who, strconv.Itoa(r.Status)).Inc()
	m.series.callerTokens.WithLabelValues(who, "input").Add(float64(r.Usage.Prompt()))
	m.series.callerTokens.WithLabelValues(who, "output").Add(float64(r.Usage.Output))
	if r.Cost.Known {
		m.series.callerCost.WithLabelValues(who, string(r.Cost.Amount.Currency)).Add(float64(r.Cost.Amount.Nano) / 1e9)
	}
}

func add(c prometheus.Counter, n int64) {
	if n > 0 {
		c.Add(float64(n))
	}
}

func seconds(o prometheus.Observer, d time.Duration) { o.Observe(d.Seconds()) }
