//go:build unix

package usage

import (
	"context"
	"flag"
	"syscall"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/usage/flood"
)

var (
	ledgerRate  = flag.Int("ledger.rate", 2000, "calls a second that TestNothingIsShed records")
	ledgerFor   = flag.Duration("ledger.for", time.Second, "how long it does")
	ledgerWrite = flag.Int("ledger.write", 0, "calls a second that are recorded while benchmarks read the ledger")
)

// cpu is how much CPU time the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// feed records so many calls a second until ctx ends, and returns how many.
func feed(ctx context.Context, r *Recorder, calls []*proxy.Record, rate int) int {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	began, n := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return n
		case now := <-tick.C:
			for want := int(now.Sub(began).Seconds() * float64(rate)); n < want; n++ {
				record := *calls[n%len(calls)]
				record.Start = r.now()
				r.Record(&record)
			}
		}
	}
}

// made makes calls ahead, so that making them costs nothing while measuring.
func made(n int) []*proxy.Record {
	source, list := flood.New(11), make([]*proxy.Record, n)
	for i := range list {
		list[i] = source.Call(ledgerEnd)
	}
	return list
}

// TestNothingIsShed records 2,000 calls a second; with -ledger.for 60s for a
// minute. It says what a call costs.
func TestNothingIsShed(t *testing.T) {
	records := openRecords(t, t.TempDir(), nil)
	r := New(records, Options{})
	calls := made(5000)
	ctx, cancel := context.WithTimeout(t.Context(), *ledgerFor)
	defer cancel()
	before := cpu()
	n := feed(ctx, r, calls, *ledgerRate)
	if err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	used := cpu() - before
	if stats := r.Stats(); stats.Shed+stats.Failed > 0 || stats.Written != int64(n) {
		t.Errorf("%+v of %d", stats, n)
	}
	t.Logf("%d calls in %v, %.1f us of CPU each", n, *ledgerFor, float64(used.Microseconds())/float64(max(n, 1)))
}

// underWrites records calls while a benchmark runs.
func underWrites(b *testing.B, r *Recorder) {
	b.Helper()
	if *ledgerWrite == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed(ctx, r, made(2000), *ledgerWrite)
	}()
	b.Cleanup(func() { cancel(); <-done })
}
