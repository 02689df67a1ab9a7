package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// heapFloor is how large the heap may become before it is collected. Go
	// collects when the heap is twice what was alive; a gateway's live heap is
	// small, so that it would collect dozens of times a second under load, for
	// a tenth of its CPU time.
	heapFloor = 64 << 20
	// gcPercentMost bounds what is asked of the collector, for the time in
	// which a heap grows out of its floor before that is noticed.
	gcPercentMost = 600
	// paceEvery is how often the live heap is looked at.
	paceEvery = time.Second
)

// paceGC keeps the garbage collector from running below heapFloor until the
// context ends, unless the environment sets GOGC. Heaps that are alive beyond
// half of it are collected as ever, and GOMEMLIMIT stands above all.
func paceGC(ctx context.Context, env func(string) (string, bool)) {
	if v, ok := env("GOGC"); ok && v != "" {
		return
	}
	debug.FreeOSMemory() // what starting took
	defer debug.SetGCPercent(100)
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for now := 100; ; {
		metrics.Read(live)
		if want := gcPercent(live[0].Value.Uint64()); want > now+now/8 || want < now-now/8 {
			debug.SetGCPercent(want)
			now = want
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// gcPercent is the growth over a live heap of so many bytes that leads to the
// floor.
func gcPercent(live uint64) int {
	if live >= heapFloor/2 {
		return 100
	}
	return int(min((heapFloor-live)*100/max(live, 1), gcPercentMost))
}
