package store

import (
	"context"

	"github.com/posthouse/posthouse/proxy"
)

// Metrics are the settings of /metrics.
type Metrics struct {
	Enabled   bool
	Consumers bool     // label metrics with consumers
	Allow     []string // addresses and networks that need no token
	TokenHash [32]byte // SHA-256 of the token that lets others in; zero: none does
	TokenHint string
	Version   int64 // 0: never saved
}

type metricsDoc struct {
	Enabled   bool     `json:"enabled"`
	Consumers bool     `json:"consumers,omitempty"`
	Allow     []string `json:"allow,omitempty"`
	TokenHash string   `json:"token_hash,omitempty"`
	TokenHint string   `json:"token_hint,omitempty"`
}

// Metrics reads the settings of /metrics.
func (s *Store) Metrics(ctx context.Context) (Metrics, error) { return s.at(ctx).Metrics() }

// Metrics reads the settings of /metrics.
func (q queries) Metrics() (Metrics, error) {
	var d metricsDoc
	version, err := q.section(sectionMetrics, &d, nil)
	return Metrics{
		Enabled: d.Enabled, Consumers: d.Consumers, Allow: d.Allow, TokenHash: toHash(d.TokenHash), TokenHint: d.TokenHint, Version: version,
	}, err
}

// PutMetrics saves them.
func (t *Tx) PutMetrics(m Metrics) error {
	d := metricsDoc{Enabled: m.Enabled, Consumers: m.Consumers, Allow: m.Allow, TokenHint: m.TokenHint}
	if m.TokenHash != ([32]byte{}) {
		d.TokenHash = fromHash(m.TokenHash)
	}
	return t.putSection(sectionMetrics, d, nil, m.Version)
}

// Tracing are the settings of OpenTelemetry traces.
type Tracing struct {
	Enabled   bool
	Endpoint  string                  // of the collector, OTLP over HTTP
	Headers   map[string]proxy.Secret // sent with every export; sealed
	Sample    int                     // of a thousand calls that nobody else traces
	Propagate bool                    // tell vendors of the trace
	Version   int64
}

type tracingDoc struct {
	Enabled   bool   `json:"enabled"`
	Endpoint  string `json:"endpoint,omitempty"`
	Sample    int    `json:"sample"`
	Propagate bool   `json:"propagate,omitempty"`
}

// Tracing reads the settings of traces.
func (s *Store) Tracing(ctx context.Context) (Tracing, error) { return s.at(ctx).Tracing() }

// Tracing reads the settings of traces.
func (q queries) Tracing() (Tracing, error) {
	d := tracingDoc{Sample: 1000}
	plain := map[string]string{}
	version, err := q.section(sectionTracing, &d, &plain)
	t := Tracing{Enabled: d.Enabled, Endpoint: d.Endpoint, Sample: d.Sample, Propagate: d.Propagate, Version: version}
	for name, value := range plain {
		if t.Headers == nil {
			t.Headers = map[string]proxy.Secret{}
		}
		t.Headers[name] = proxy.Secret(value)
	}
	return t, err
}

// PutTracing saves them.
func (t *Tx) PutTracing(s Tracing) error {
	plain := map[string]string{}
	for name, value := range s.Headers {
		plain[name] = value.Reveal()
	}
	return t.putSection(sectionTracing, tracingDoc{s.Enabled, s.Endpoint, s.Sample, s.Propagate}, plain, s.Version)
}
