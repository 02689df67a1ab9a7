package proxy

import (
	"fmt"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// linePool keeps what a line is written into.
var linePool = sync.Pool{New: func() any { return new(logLine) }}

// logCall writes the log line of a call. It looks like slog's, which takes four
// times as long for it.
func (g *Gateway) logCall(r *Record) {
	if g.calls == nil {
		return
	}
	line := linePool.Get().(*logLine) //nolint:errcheck // the pool holds nothing else
	line.begin(time.Now())
	r.tell(line)
	_, _ = g.calls.Write(line.end()) // there is nobody to tell, as for slog's Logger
	linePool.Put(line)
}

// tell writes the record as one line of the log: no content, no secrets.
func (r *Record) tell(l *logLine) {
	l.text("request_id", r.ID)
	l.text("method", r.Method)
	l.text("path", clip(r.Path, 200))
	l.text("client", r.ClientIP)
	l.number("status", int64(r.Status))
	l.millis("ms", r.Duration)
	l.number("bytes_in", r.RequestLen)
	l.number("bytes_out", r.BytesOut)
	l.known("op", string(r.Op))
	l.known("consumer", r.Consumer)
	l.known("route", r.Route)
	l.known("asked", r.Asked)
	l.known("provider", r.Provider)
	l.known("model", r.Model)
	l.known("class", string(r.Class))
	l.known("error", clip(r.Message, 300))
	if r.Rescued {
		l.yes("rescued")
	}
	if r.Stream {
		l.yes("stream")
	}
	if len(r.Attempts) > 0 {
		l.number("attempts", int64(len(r.Attempts)))
		l.millis("ttft_ms", r.FirstByte)
	}
	if r.UsageSeen || r.Usage.OutputFrom != "" {
		l.number("prompt_tokens", r.Usage.Prompt())
		l.number("completion_tokens", r.Usage.Output)
	}
	if from := r.Usage.OutputFrom; from != llm.FromProvider {
		l.known("tokens_from", string(from))
	}
	if r.Cost.Known {
		l.text("cost", r.Cost.Amount.String())
	}
	for i, skipped := range r.Skipped {
		l.text(fmt.Sprintf("skipped_%d", i+1), fmt.Sprintf("%s/%s: %s", skipped.Provider, skipped.Model, clip(skipped.Why, 200)))
	}
	if len(r.Attempts) > 1 || r.Class != "" {
		for i, a := range r.Attempts {
			l.text(fmt.Sprintf("attempt_%d", i+1), fmt.Sprintf("%s/%s %s %d %.0fms %s", a.Provider, a.Model, a.KeyName, a.Status, millis(a.Duration), a.Class))
		}
	}
}

// logLine is a line of the log being written: a JSON object in the form of
// slog's JSONHandler.
type logLine struct{ b []byte }

func (l *logLine) begin(now time.Time) {
	l.b = append(l.b[:0], `{"time":"`...)
	l.b = now.AppendFormat(l.b, time.RFC3339Nano)
	l.b = append(l.b, `","level":"INFO","msg":"call"`...)
}

func (l *logLine) end() []byte {
	l.b = append(l.b, "}\n"...)
	return l.b
}

// key begins a field, whose name needs no escapes.
func (l *logLine) key(name string) {
	l.b = append(l.b, `,"`...)
	l.b = append(l.b, name...)
	l.b = append(l.b, `":`...)
}

func (l *logLine) text(name, value string) {
	l.key(name)
	if !asItIs(value) {
		l.b = append(l.b, rawjson.Quote(value)...)
		return
	}
	l.b = append(l.b, '"')
	l.b = append(l.b, value...)
	l.b = append(l.b, '"')
}

// known writes a text if there is one.
func (l *logLine) known(name, value string) {
	if value != "" {
		l.text(name, value)
	}
}

func (l *logLine) number(name string, n int64) {
	l.key(name)
	l.b = strconv.AppendInt(l.b, n, 10)
}

func (l *logLine) millis(name string, d time.Duration) {
	l.key(name)
	l.b = strconv.AppendFloat(l.b, millis(d), 'f', -1, 64)
}

func (l *logLine) yes(name string) {
	l.key(name)
	l.b = append(l.b, "true"...)
}

// asItIs reports whether a text stands in JSON as it is.
func asItIs(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == '"' || c == '\\' || c == 0x7f:
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}
