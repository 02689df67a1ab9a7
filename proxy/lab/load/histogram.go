package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// fineBits makes 128 buckets of each power of two, so that a quantile is
	// within 0.8 % of the value it stands for.
	fineBits = 7
	fine     = 1 << fineBits
	// longest is what the last bucket holds: 2^42 ns, 73 minutes.
	longestBits = 42
	buckets     = (longestBits-fineBits+1)*fine + 1
)

// Histogram counts durations in buckets that widen with the value. It may be
// used from several goroutines.
type Histogram struct {
	counts [buckets]atomic.Uint32
	count  atomic.Int64
	sum    atomic.Int64 // ns
	max    atomic.Int64 // ns
}

// Record counts one duration; a negative one counts as 0.
func (h *Histogram) Record(d time.Duration) {
	ns := max(int64(d), 0)
	h.counts[bucket(ns)].Add(1)
	h.count.Add(1)
	h.sum.Add(ns)
	for {
		old := h.max.Load()
		if ns <= old || h.max.CompareAndSwap(old, ns) {
			return
		}
	}
}

// Reset forgets everything. Durations recorded meanwhile may be lost or kept.
func (h *Histogram) Reset() {
	for i := range h.counts {
		h.counts[i].Store(0)
	}
	h.count.Store(0)
	h.sum.Store(0)
	h.max.Store(0)
}

// Count is the number of durations.
func (h *Histogram) Count() int64 { return h.count.Load() }

// Quantile is the duration that a share q (0 to 1) of all does not exceed; 0
// without any.
func (h *Histogram) Quantile(q float64) time.Duration {
	total := h.count.Load()
	if total == 0 {
		return 0
	}
	rank := max(int64(q*float64(total)+0.5), 1)
	seen := int64(0)
	for i := range h.counts {
		if seen += int64(h.counts[i].Load()); seen >= rank {
			return min(time.Duration(middle(i)), time.Duration(h.max.Load()))
		}
	}
	return time.Duration(h.max.Load())
}

// Quantiles are the figures of a histogram that reports show, in milliseconds.
type Quantiles struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// Quantiles sums a histogram up.
func (h *Histogram) Quantiles() Quantiles {
	n := h.count.Load()
	if n == 0 {
		return Quantiles{}
	}
	at := func(q float64) float64 { return millis(h.Quantile(q)) }
	return Quantiles{
		Count: n, Mean: millis(time.Duration(h.sum.Load() / n)),
		P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: millis(time.Duration(h.max.Load())),
	}
}

// bucket is where a duration is counted: the first 128 ns each have one of
// their own, from there on each power of two is cut in 128.
func bucket(ns int64) int {
	if ns < fine {
		return int(ns)
	}
	shift := bits.Len64(uint64(ns)) - fineBits - 1
	return min((shift+1)*fine+int(ns>>shift)-fine, buckets-1)
}

// middle is the middle of a bucket, in ns.
func middle(i int) int64 {
	if i < fine {
		return int64(i)
	}
	shift := i/fine - 1
	low := int64(i%fine+fine) << shift
	return low + int64(1)<<shift/2
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
