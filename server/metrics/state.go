package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/posthouse/posthouse/proxy"
)

// state is what is read when someone asks.
type state struct {
	o                                Options
	inFlight, breaker, keys, records *prometheus.Desc
}

func newState(o Options) *state {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &state{
		o:        o,
		inFlight: desc("posthouse_in_flight", "Calls being served."),
		breaker:  desc("posthouse_breaker_open", "1 while a target is left alone because it failed too often; not there otherwise.", labelProvider, labelModel, labelReason),
		keys:     desc("posthouse_keys_out", "Keys of a provider that are out: cooling or benched.", labelProvider, "state"),
		records:  desc("posthouse_records_total", "Records of calls: written, shed (the queue was full), lost (the database refused them).", "result"),
	}
}

// Describe implements prometheus.Collector.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.inFlight, s.breaker, s.keys, s.records} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if s.o.InFlight != nil {
		gauge(s.inFlight, float64(s.o.InFlight()))
	}
	if s.o.Targets != nil {
		for _, t := range s.o.Targets() {
			gauge(s.breaker, 1, t.Provider, t.Model, string(t.Class))
		}
	}
	if s.o.Keys != nil {
		out := map[[2]string]int{}
		for _, k := range s.o.Keys() {
			out[[2]string{k.Provider, k.State}]++
		}
		for k, n := range out {
			gauge(s.keys, float64(n), k[0], k[1])
		}
	}
	if s.o.Records != nil {
		written, shed, lost := s.o.Records()
		for result, n := range map[string]int64{"written": written, "shed": shed, "lost": lost} {
			ch <- prometheus.MustNewConstMetric(s.records, prometheus.CounterValue, float64(n), result)
		}
	}
}

var _ proxy.Recorder = (*Metrics)(nil)
