package main

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: gcPercentMost, 1 << 20: gcPercentMost, 16 << 20: 300, 32 << 20: 100, 1 << 30: 100} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d bytes alive: %d, want %d", live, got, want)
		}
	}
}

// TestPaceGC: the pace holds while the program runs, and GOGC stands above it.
func TestPaceGC(t *testing.T) {
	was := debug.SetGCPercent(100)
	defer debug.SetGCPercent(was)
	for _, gogc := range []string{"", "50"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				paceGC(ctx, func(string) (string, bool) { return gogc, gogc != "" })
			}()
			synctest.Wait()
			percent := debug.SetGCPercent(100)
			debug.SetGCPercent(percent)
			if (percent > 100) != (gogc == "") {
				t.Errorf("GOGC=%s: %d per cent", gogc, percent)
			}
			stop()
			<-ended
		})
	}
	if percent := debug.SetGCPercent(100); percent != 100 {
		t.Errorf("left at %d per cent", percent)
	}
}

func TestResting(t *testing.T) {
	const mb = 1 << 20
	var r resting
	looks := func(h heap) (n int) {
		for range idleFor {
			if r.over(h) {
				n++
			}
		}
		return n
	}
	for _, step := range []struct {
		what   string
		allocs uint64
		over   int
	}{
		{"it was starting", 100 * mb, 0},
		{"it rests on garbage", 101 * mb, 1},
		{"there is little to give back", 102 * mb, 0},
		{"it is at work", 200 * mb, 0},
		{"it has worked", 200 * mb, 1},
	} {
		if got := looks(heap{live: 8 * mb, allocs: step.allocs}); got != step.over {
			t.Errorf("%s: given back %d times", step.what, got)
		}
	}
}
