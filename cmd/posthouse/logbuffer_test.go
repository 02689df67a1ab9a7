package main

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// syncBuffer is written to by a timer while the test reads it.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestOnlyLinesOfCallsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out syncBuffer
		o, err := openLog(&out, "", "info")
		if err != nil {
			t.Fatal(err)
		}
		lines := func() int { return strings.Count(out.String(), "\n") }
		call := func(text string) { _, _ = io.WriteString(o.calls, `{"msg":"call","text":"`+text+"\"}\n") }
		call("")
		call("")
		if n := lines(); n != 0 {
			t.Errorf("%d lines at once, want none", n)
		}
		<-time.After(2 * logDelay)
		synctest.Wait()
		if n := lines(); n != 2 {
			t.Errorf("%d lines after a while, want 2", n)
		}
		call("")
		o.log.With("a", 1).Info("serving")
		if n := lines(); n != 4 || !strings.HasSuffix(strings.TrimSpace(out.String()), `"msg":"serving","a":1}`) {
			t.Errorf("%d lines with one that may not wait, want 4 in order: %s", n, out.String())
		}
		o.log.Warn("slow")
		if n := lines(); n != 5 {
			t.Errorf("%d lines with a warning, want 5", n)
		}
		for range 2000 {
			call(strings.Repeat("x", 50))
		}
		if n := lines(); n < 1500 || n == 2005 {
			t.Errorf("%d lines of 2005: the buffer is to be written when it is full", n)
		}
		o.close()
		if n := lines(); n != 2005 {
			t.Errorf("%d lines at the end, want 2005", n)
		}
	})
}

func TestTheLevelLeavesCallsOut(t *testing.T) {
	for level, want := range map[string]bool{"debug": true, "info": true, "warn": false, "error": false} {
		o, err := openLog(io.Discard, "", level)
		if err != nil {
			t.Fatal(err)
		}
		if (o.calls != nil) != want {
			t.Errorf("%s: lines of calls are written: %v", level, o.calls != nil)
		}
	}
}
