package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// logBufferBytes is how much of the log waits at most.
	logBufferBytes = 32 << 10
	// logDelay is how long a call's line waits at most: what a crash can lose.
	logDelay = 100 * time.Millisecond
)

// logBuffer gathers the lines of calls and writes many with one system call:
// under load, one for each is as much work as making the line.
type logBuffer struct {
	w io.Writer

	mu    sync.Mutex
	buf   []byte
	timer *time.Timer
	armed bool
}

func newLogBuffer(w io.Writer) *logBuffer { return &logBuffer{w: w} }

// Write implements io.Writer. It reports the error of an earlier line too.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf = append(b.buf, p...)
	if len(b.buf) >= logBufferBytes {
		return len(p), b.flushLocked()
	}
	if b.armed {
		return len(p), nil
	}
	b.armed = true
	if b.timer == nil {
		b.timer = time.AfterFunc(logDelay, func() { _ = b.flush() }) // the next Write tells
	} else {
		b.timer.Reset(logDelay)
	}
	return len(p), nil
}

// flush writes what waits.
func (b *logBuffer) flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.flushLocked()
}

func (b *logBuffer) flushLocked() error {
	if b.armed {
		b.armed = false
		b.timer.Stop()
	}
	if len(b.buf) == 0 {
		return nil
	}
	_, err := b.w.Write(b.buf)
	b.buf = b.buf[:0]
	return err
}

// promptHandler writes a line at once, and those of calls that wait before it.
type promptHandler struct {
	slog.Handler
	buffer *logBuffer
}

// Handle implements slog.Handler.
func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if flushed := h.buffer.flush(); err == nil {
		err = flushed
	}
	return err
}

// WithAttrs implements slog.Handler.
func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.buffer}
}

// WithGroup implements slog.Handler.
func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.buffer}
}
