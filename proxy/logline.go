package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// CallLine is the message of the log's line about a call.
const CallLine = "call"

// linePool keeps what a line is gathered in.
var linePool = sync.Pool{New: func() any { return new([]slog.Attr) }}

// logCall writes the log line of a call. It does what slog's Logger does, but
// for looking up which line of code this is.
func (g *Gateway) logCall(r *Record) {
	h, ctx := g.log.Handler(), context.Background()
	if !h.Enabled(ctx, slog.LevelInfo) {
		return
	}
	line := slog.NewRecord(time.Now(), slog.LevelInfo, CallLine, 0)
	pooled := linePool.Get().(*[]slog.Attr) //nolint:errcheck // the pool holds nothing else
	*pooled = r.attrs((*pooled)[:0])
	line.AddAttrs(*pooled...)
	clear(*pooled)
	linePool.Put(pooled)
	_ = h.Handle(ctx, line) // there is nobody to tell, as for Logger
}

// attrs adds the record to attrs, as one line of the log: no content, no
// secrets.
func (r *Record) attrs(attrs []slog.Attr) []slog.Attr {
	attrs = append(attrs,
		slog.String("request_id", r.ID), slog.String("method", r.Method), slog.String("path", clip(r.Path, 200)),
		slog.String("client", r.ClientIP), slog.Int("status", r.Status),
		slog.Float64("ms", millis(r.Duration)), slog.Int64("bytes_in", r.RequestLen), slog.Int64("bytes_out", r.BytesOut))
	text := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	text("op", string(r.Op))
	text("consumer", r.Consumer)
	text("route", r.Route)
	text("asked", r.Asked)
	text("provider", r.Provider)
	text("model", r.Model)
	text("class", string(r.Class))
	text("error", clip(r.Message, 300))
	if r.Rescued {
		attrs = append(attrs, slog.Bool("rescued", true))
	}
	if r.Stream {
		attrs = append(attrs, slog.Bool("stream", true))
	}
	if len(r.Attempts) > 0 {
		attrs = append(attrs, slog.Int("attempts", len(r.Attempts)), slog.Float64("ttft_ms", millis(r.FirstByte)))
	}
	if r.UsageSeen || r.Usage.OutputFrom != "" {
		attrs = append(attrs, slog.Int64("prompt_tokens", r.Usage.Prompt()), slog.Int64("completion_tokens", r.Usage.Output))
	}
	if from := r.Usage.OutputFrom; from != "" && from != llm.FromProvider {
		text("tokens_from", string(from))
	}
	if r.Cost.Known {
		text("cost", r.Cost.Amount.String())
	}
	for i, skipped := range r.Skipped {
		text(fmt.Sprintf("skipped_%d", i+1), fmt.Sprintf("%s/%s: %s", skipped.Provider, skipped.Model, clip(skipped.Why, 200)))
	}
	if len(r.Attempts) > 1 || r.Class != "" {
		for i, a := range r.Attempts {
			text(fmt.Sprintf("attempt_%d", i+1), fmt.Sprintf("%s/%s %s %d %.0fms %s", a.Provider, a.Model, a.KeyName, a.Status, millis(a.Duration), a.Class))
		}
	}
	return attrs
}
