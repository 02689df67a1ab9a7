// Package traces exports calls as OpenTelemetry traces over OTLP/HTTP: a span a
// call, a child for each attempt, with the attributes of the conventions for
// generative AI. Spans are made from the record, after the call; while it runs
// there is nothing but the ids that were drawn at its start. They hold no
// content and no secrets.
package traces

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/posthouse/posthouse/proxy"
)

const (
	// calls is how many calls wait for their spans to be made; more have none.
	calls = 1024
	// queueSize is how many spans wait for the collector; more are dropped.
	queueSize = 8192
	// exportTimeout bounds one export.
	exportTimeout = 10 * time.Second
	// closeTimeout bounds how long the last spans may take.
	closeTimeout = 5 * time.Second
)

// Config says where traces go.
type Config struct {
	Endpoint string // URL of the collector; /v1/traces is added where it has no path
	Headers  map[string]proxy.Secret
}

// Exporter implements proxy.Recorder. The zero value exports nothing.
type Exporter struct {
	Version string
	Log     *slog.Logger // nil discards

	current atomic.Pointer[pipeline]
	mu      sync.Mutex // of Configure
}

// pipeline is one configuration at work.
type pipeline struct {
	provider *trace.TracerProvider
	tracer   oteltrace.Tracer
	queue    chan *proxy.Record
	stop     chan struct{}
	done     chan struct{}
}

// run makes spans until stop, then those of what is left.
func (p *pipeline) run() {
	defer close(p.done)
	for {
		select {
		case r := <-p.queue:
			p.export(r)
		case <-p.stop:
			for {
				select {
				case r := <-p.queue:
					p.export(r)
				default:
					return
				}
			}
		}
	}
}

// Record implements proxy.Recorder. It does not block; without a collector it
// does nothing at all.
func (e *Exporter) Record(r *proxy.Record) {
	p := e.current.Load()
	if p == nil || !r.Trace.Sampled {
		return
	}
	select {
	case p.queue <- r:
	default: // the collector's view may have gaps; calls never wait for it
	}
}

// Configure exports to another collector from here on, or nowhere for nil. What
// waits for the old one is sent in the background.
func (e *Exporter) Configure(ctx context.Context, c *Config) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var next *pipeline
	if c != nil {
		var err error
		if next, err = e.open(ctx, *c); err != nil {
			return err
		}
	}
	if old := e.current.Swap(next); old != nil {
		go e.close(old) //nolint:gosec // G118: what waits is sent however long the request that changes the settings lives
	}
	return nil
}

// Close sends what waits and ends the exporter.
func (e *Exporter) Close() {
	if old := e.current.Swap(nil); old != nil {
		e.close(old)
	}
}

func (e *Exporter) close(p *pipeline) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	close(p.stop)
	<-p.done
	if err := p.provider.Shutdown(ctx); err != nil && e.Log != nil {
		e.Log.Warn("the last traces did not reach the collector", "error", err)
	}
}

func (e *Exporter) open(ctx context.Context, c Config) (*pipeline, error) {
	if u, err := url.Parse(c.Endpoint); err == nil && strings.Trim(u.Path, "/") == "" {
		c.Endpoint = u.JoinPath("v1", "traces").String()
	}
	headers := make(map[string]string, len(c.Headers))
	for name, value := range c.Headers {
		headers[name] = value.Reveal()
	}
	client := otlptracehttp.NewClient(
		otlptracehttp.WithEndpointURL(c.Endpoint), otlptracehttp.WithHeaders(headers), otlptracehttp.WithTimeout(exportTimeout),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
	)
	out, err := newExporter(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("open the export of traces: %w", err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", "posthouse"), attribute.String("service.version", e.Version))
	provider := trace.NewTracerProvider(
		trace.WithBatcher(watched{out, e.Log, new(atomic.Int64)}, trace.WithMaxQueueSize(queueSize)), trace.WithIDGenerator(ids{}),
		trace.WithResource(about), trace.WithSampler(trace.AlwaysSample()),
	)
	p := &pipeline{
		provider: provider, tracer: provider.Tracer("github.com/posthouse/posthouse"),
		queue: make(chan *proxy.Record, calls), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go p.run()
	return p, nil
}
