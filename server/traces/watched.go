package traces

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/trace"
)

// complainEvery bounds how often trouble with the collector is logged.
const complainEvery = time.Minute

func newExporter(ctx context.Context, client otlptrace.Client) (trace.SpanExporter, error) {
	return otlptrace.New(ctx, client)
}

// watched logs what the exporter can't deliver, instead of OpenTelemetry's
// process-wide handler.
type watched struct {
	trace.SpanExporter
	log  *slog.Logger
	last *atomic.Int64 // when trouble was logged, in ns
}

// ExportSpans implements trace.SpanExporter.
func (w watched) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	err := w.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && w.log != nil && w.due() {
		w.log.Warn("traces do not reach the collector", "error", err, "spans", len(spans))
	}
	return nil
}

// due reports whether it is time to complain again.
func (w watched) due() bool {
	now, last := time.Now().UnixNano(), w.last.Load()
	return now-last >= int64(complainEvery) && w.last.CompareAndSwap(last, now)
}
