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
	// paceEvery is how often the heap is looked at.
	paceEvery = time.Second
	// In a process that allocates less than idleAllocs bytes in idleFor looks,
	// and more than idleGarbage since that was done last, what is not alive is
	// given back to the system.
	idleFor     = 3
	idleAllocs  = 2 << 20
	idleGarbage = 4 << 20
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
	var rest resting
	for now := 100; ; {
		heap := readHeap()
		if want := gcPercent(heap.live); want > now+now/8 || want < now-now/8 {
			debug.SetGCPercent(want)
			now = want
		}
		if rest.over(heap) {
			debug.FreeOSMemory()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// heap is what the heap holds, in bytes.
type heap struct {
	live   uint64 // found alive by the last collection
	allocs uint64 // since the process began
}

func readHeap() heap {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return heap{s[0].Value.Uint64(), s[1].Value.Uint64()}
}

// resting finds out when a process has nothing to do.
type resting struct {
	allocs uint64 // when the count began
	given  uint64 // allocs when memory was given back last
	looks  int
}

// over reports whether it is time to give garbage back.
func (r *resting) over(h heap) bool {
	if r.looks++; r.looks < idleFor {
		return false
	}
	idle := h.allocs-r.allocs < idleAllocs
	r.allocs, r.looks = h.allocs, 0
	if !idle || h.allocs-r.given < idleGarbage {
		return false
	}
	r.given = h.allocs
	return true
}

// gcPercent is the growth over a live heap of so many bytes that leads to the
// floor.
func gcPercent(live uint64) int {
	if live >= heapFloor/2 {
		return 100
	}
	return int(min((heapFloor-live)*100/max(live, 1), gcPercentMost))
}
