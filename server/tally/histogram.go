package tally

import (
	"encoding/binary"
	"math"
)

// perOctave is how many buckets a histogram has between a value and its
// double. A bucket's middle is then off by at most 2^(1/16), 4.4 %, from any
// value in it.
const perOctave = 8

// maxBucket bounds the buckets: 2^40 microseconds are twelve days.
const maxBucket = 40 * perOctave

// Histogram counts values in exponential buckets. Bucket i holds the values
// from 2^(i/8) on to 2^((i+1)/8); whatever is below 1 counts as 1.
type Histogram struct {
	first  int      // the bucket counts begins with
	counts []uint64 // no longer than from the lowest to the highest value
}

// bucketOf is the bucket of a value.
func bucketOf(v int64) int {
	if v <= 1 {
		return 0
	}
	return min(int(math.Log2(float64(v))*perOctave), maxBucket)
}

// middle is the value that stands for a bucket.
func middle(bucket int) float64 { return math.Exp2((float64(bucket) + 0.5) / perOctave) }

// Add counts a value.
func (h *Histogram) Add(v int64) { h.add(bucketOf(v), 1) }

// add counts n values of a bucket.
func (h *Histogram) add(bucket int, n uint64) {
	if n == 0 {
		return
	}
	if len(h.counts) == 0 {
		h.first, h.counts = bucket, append(h.counts, 0)
	}
	if bucket < h.first {
		wider := make([]uint64, h.first-bucket+len(h.counts))
		copy(wider[h.first-bucket:], h.counts)
		h.first, h.counts = bucket, wider
	}
	for bucket >= h.first+len(h.counts) {
		h.counts = append(h.counts, 0)
	}
	h.counts[bucket-h.first] += n
}

// Merge adds another histogram.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.add(other.first+i, n)
	}
}

// Count is the number of values.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// Quantile is a value that a share q of all are at most; false: there are none.
// It is off by less than 5 %.
func (h *Histogram) Quantile(q float64) (float64, bool) {
	total := h.Count()
	if total == 0 {
		return 0, false
	}
	rank := max(uint64(math.Ceil(q*float64(total))), 1)
	for i, n := range h.counts {
		if rank <= n {
			return middle(h.first + i), true
		}
		rank -= n
	}
	return middle(h.first + len(h.counts) - 1), true
}

// append encodes: how many buckets hold something, the first of them, then for
// each its count and the distance to the next. Where both are small they share
// a byte, as in most of the histograms of an hour, which hold a value here and
// there: 0-14 in each half, 15 says that the rest follows.
func (h *Histogram) append(b []byte) []byte {
	used, last := 0, -1
	for _, n := range h.counts {
		if n > 0 {
			used++
		}
	}
	b = binary.AppendUvarint(b, uint64(used))
	for i, n := range h.counts {
		switch {
		case n == 0:
			continue
		case last < 0:
			b = binary.AppendUvarint(b, uint64(h.first+i))
			b = appendPair(b, 0, n-1)
		default:
			b = appendPair(b, uint64(i-last-1), n-1)
		}
		last = i
	}
	return b
}

// most is the largest number that fits into half a byte.
const most = 14

func appendPair(b []byte, distance, n uint64) []byte {
	b = append(b, byte(min(distance, most+1)<<4|min(n, most+1)))
	if distance > most {
		b = binary.AppendUvarint(b, distance-most-1)
	}
	if n > most {
		b = binary.AppendUvarint(b, n-most-1)
	}
	return b
}

func (r *reader) pair() (distance, n uint64) {
	both := r.byte()
	distance, n = uint64(both>>4), uint64(both&15)
	if distance > most {
		distance += r.uint()
	}
	if n > most {
		n += r.uint()
	}
	return distance, n
}

// read adds an encoded histogram.
func (h *Histogram) read(r *reader) {
	used := r.count(1)
	if used == 0 {
		return
	}
	bucket := r.uint()
	for i := range used {
		distance, n := r.pair()
		if i > 0 {
			bucket += distance + 1
		}
		if bucket > maxBucket || n == math.MaxUint64 {
			r.bad = true
			return
		}
		h.add(int(bucket), n+1)
	}
}
