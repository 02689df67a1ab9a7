package traces

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
)

// ids hands out the ids that the call drew, where it did.
type ids struct{}

type wanted struct {
	trace oteltrace.TraceID
	span  oteltrace.SpanID
}

type wantedKey struct{}

// NewIDs implements trace.IDGenerator for a span that begins a trace.
func (ids) NewIDs(ctx context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	w, _ := ctx.Value(wantedKey{}).(wanted)
	return w.trace, w.span
}

// NewSpanID implements trace.IDGenerator.
func (ids) NewSpanID(ctx context.Context, _ oteltrace.TraceID) oteltrace.SpanID {
	w, _ := ctx.Value(wantedKey{}).(wanted)
	return w.span
}

// export makes the spans of a call.
func (p *pipeline) export(r *proxy.Record) {
	ctx := context.Background()
	if r.Trace.Parent != ([8]byte{}) {
		ctx = oteltrace.ContextWithRemoteSpanContext(ctx, oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
			TraceID: r.Trace.ID, SpanID: r.Trace.Parent, TraceFlags: oteltrace.FlagsSampled, Remote: true,
		}))
	}
	ctx = context.WithValue(ctx, wantedKey{}, wanted{r.Trace.ID, r.Trace.Span})
	name := string(r.Op)
	if r.Asked != "" {
		name += " " + r.Asked
	}
	ctx, span := p.tracer.Start(ctx, name, oteltrace.WithTimestamp(r.Start), oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithAttributes(attributes(r)...))
	for i := range r.Attempts {
		p.attempt(ctx, r, &r.Attempts[i])
	}
	if r.Class != "" {
		span.SetStatus(codes.Error, string(r.Class))
	}
	span.End(oteltrace.WithTimestamp(r.Start.Add(r.Duration)))
}

// attempt makes the span of an attempt.
func (p *pipeline) attempt(ctx context.Context, r *proxy.Record, a *proxy.Attempt) {
	id := oteltrace.SpanID(a.Span)
	if !id.IsValid() {
		id = oteltrace.SpanID(proxy.NewSpan())
	}
	begin := r.Start.Add(a.Start)
	ctx = context.WithValue(ctx, wantedKey{}, wanted{r.Trace.ID, id})
	list := []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", r.Op.GenAI()), attribute.String("gen_ai.provider.name", a.Provider),
		attribute.String("gen_ai.request.model", a.Model), attribute.String("posthouse.key", a.KeyName),
	}
	if a.Status != 0 {
		list = append(list, attribute.Int("http.response.status_code", a.Status))
	}
	if a.Class != "" {
		list = append(list, attribute.String("error.type", string(a.Class)))
	}
	list = append(list, usage(a.Usage)...)
	_, span := p.tracer.Start(ctx, r.Op.GenAI()+" "+a.Model, oteltrace.WithTimestamp(begin), oteltrace.WithSpanKind(oteltrace.SpanKindClient), oteltrace.WithAttributes(list...))
	event := func(name string, after time.Duration) {
		if after > 0 {
			span.AddEvent(name, oteltrace.WithTimestamp(begin.Add(after)))
		}
	}
	event("headers", a.Headers)
	event("first content", a.First)
	if a.Class != "" {
		span.SetStatus(codes.Error, string(a.Class))
	}
	span.End(oteltrace.WithTimestamp(begin.Add(a.Duration)))
}

// attributes are those of the call: who, what, which way, what came of it.
// Vendors' words are not among them, for they may quote a prompt.
func attributes(r *proxy.Record) []attribute.KeyValue {
	list := []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", r.Op.GenAI()), attribute.String("gen_ai.request.model", r.Asked),
		attribute.String("http.request.method", r.Method), attribute.Int("http.response.status_code", r.Status),
		attribute.Bool("gen_ai.request.stream", r.Stream), attribute.String("posthouse.request_id", r.ID),
		attribute.Int("posthouse.attempts", len(r.Attempts)),
	}
	text := func(key, value string) {
		if value != "" {
			list = append(list, attribute.String(key, value))
		}
	}
	text("gen_ai.provider.name", r.Provider)
	text("gen_ai.response.model", r.Model)
	text("error.type", string(r.Class))
	text("posthouse.route", r.Route)
	text("posthouse.consumer", r.Consumer)
	if r.FirstByte > 0 {
		list = append(list, attribute.Float64("gen_ai.response.time_to_first_chunk", r.FirstByte.Seconds()))
	}
	if r.Rescued {
		list = append(list, attribute.Bool("posthouse.rescued", true))
	}
	if r.Cost.Known {
		text("posthouse.cost", r.Cost.Amount.Decimal())
		text("posthouse.cost.currency", string(r.Cost.Amount.Currency))
	}
	return append(list, usage(r.Usage)...)
}

// usage are the attributes of what was used, where it is known.
func usage(u llm.Usage) []attribute.KeyValue {
	var list []attribute.KeyValue
	count := func(key string, n int64) {
		if n > 0 {
			list = append(list, attribute.Int64(key, n))
		}
	}
	count("gen_ai.usage.input_tokens", u.Prompt())
	count("gen_ai.usage.output_tokens", u.Output)
	count("gen_ai.usage.cache_read.input_tokens", u.CacheRead)
	count("gen_ai.usage.cache_creation.input_tokens", u.CacheWrite)
	if u.OutputFrom != "" && u.OutputFrom != llm.FromProvider {
		list = append(list, attribute.String("posthouse.usage_from", string(u.OutputFrom)))
	}
	return list
}
