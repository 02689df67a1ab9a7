package metrics

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/posthouse/posthouse/proxy"
)

const (
	// maxModels is how many models get a label of their own.
	maxModels = 200
	// maxConsumers is how many consumers do.
	maxConsumers = 100
	// maxHandles bounds the combinations of labels; beyond, models and routes
	// are "other".
	maxHandles = 5_000
	// other stands for what has no label of its own.
	other = "other"
	// none stands for calls that matched no route or reached no provider.
	none = ""
)

// Options are where the metrics that are read at a scrape come from. Nil
// functions leave theirs out.
type Options struct {
	Version  string
	InFlight func() int
	Targets  func() []proxy.TargetState         // whose breaker is open
	Keys     func() map[string]proxy.KeyState   // that are out, by id
	Records  func() (written, shed, lost int64) // what became of the records
}

// Metrics implements proxy.Recorder.
type Metrics struct {
	registry  *prometheus.Registry
	on        atomic.Bool
	consumers atomic.Bool

	series  series
	handles sync.Map // labels → *handles
	tries   sync.Map // provider, model, class → prometheus.Counter
	size    atomic.Int64
	models  names
	callers names
}

// series are the metrics by their names.
type series struct {
	requests, attempts, skipped, tokens, cost, unpriced, rescues, fallbacks *prometheus.CounterVec
	duration, firstToken, perToken, usage                                   *prometheus.HistogramVec
	callerRequests, callerTokens, callerCost                                *prometheus.CounterVec
}

// New makes the metrics, switched off.
func New(o Options) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), models: names{most: maxModels}, callers: names{most: maxConsumers}}
	m.series = newSeries(m.registry)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "posthouse_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": o.Version},
	})
	build.Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build, newState(o))
	return m
}

// Configure switches the metrics on or off, and those by consumer.
func (m *Metrics) Configure(on, consumers bool) {
	m.consumers.Store(on && consumers)
	m.on.Store(on)
}

// Handler answers a scrape, whoever asks.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, EnableOpenMetrics: true})
}

// Registry is where the metrics are, for tests of their names.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// names are those that got a label of their own, the first that came.
type names struct {
	most int
	mu   sync.RWMutex
	set  map[string]bool
}

// label is the name if it has a label; earn gives it one if there is room.
func (n *names) label(name string, earn bool) string {
	n.mu.RLock()
	known, full := n.set[name], len(n.set) >= n.most
	n.mu.RUnlock()
	switch {
	case known || name == none:
		return name
	case full || !earn:
		return other
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.set == nil {
		n.set = map[string]bool{}
	}
	if len(n.set) >= n.most {
		return other
	}
	n.set[name] = true
	return name
}
