package tally

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawTally makes any tally.
func drawTally(t *rapid.T) *Tally {
	var ta Tally
	for i := range ta.N {
		if rapid.Bool().Draw(t, "set") {
			ta.N[i] = rapid.Int64Range(0, 1<<50).Draw(t, "n")
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "classes") {
		ta.Class(rapid.SampledFrom([]string{"cut", "auth", "rate_limited"}).Draw(t, "class"), 2)
		ta.Status(rapid.IntRange(199, 520).Draw(t, "status"), 3)
	}
	for range rapid.IntRange(0, 3).Draw(t, "money") {
		m := Money{rapid.SampledFrom([]string{"CNY", "USD", ""}).Draw(t, "currency"), rapid.Int64Range(-5, 1<<50).Draw(t, "nano")}
		ta.Pay(m, rapid.SampledFrom([]Money{m, {}, {"EUR", 7}}).Draw(t, "shown"))
	}
	for _, v := range rapid.SliceOfN(rapid.Int64Range(-1, 1<<42), 0, 60).Draw(t, "values") {
		ta.Durations.Add(v)
		ta.TTFTs.Add(v / 1000)
		if v%3 == 0 {
			ta.Speeds.Add(v % 200_000)
		}
	}
	return &ta
}

// TestCodeKeepsEverything: what is encoded and read is the same, and reading
// two into one is merging them.
func TestCodeKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawTally(t), drawTally(t)
		var got, sums Tally
		for _, one := range []*Tally{a, b} {
			if err := got.Read(one.Append(nil), All); err != nil {
				t.Fatal(err)
			}
			if err := sums.Read(one.Append(nil), Sums); err != nil {
				t.Fatal(err)
			}
		}
		want := a.Clone()
		want.Merge(b)
		if diff := cmp.Diff(want.Append(nil), got.Append(nil)); diff != "" {
			t.Fatalf("read: %s", diff)
		}
		if want.N != sums.N || sums.Durations.Count() != 0 {
			t.Fatalf("sums alone: %v", sums.N)
		}
		other := b.Clone()
		other.Merge(a)
		if diff := cmp.Diff(want.Append(nil), other.Append(nil)); diff != "" {
			t.Fatalf("the order matters: %s", diff)
		}
	})
}

func FuzzRead(f *testing.F) {
	var ta Tally
	ta.N[Calls] = 3
	ta.Class("cut", 1)
	ta.Status(500, 1)
	ta.Pay(Money{"USD", 5}, Money{"CNY", 35})
	ta.Took(1_000_000)
	f.Add(ta.Append(nil))
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Tally
		if got.Read(b, All) != nil {
			return
		}
		var again Tally
		if err := again.Read(got.Append(nil), All); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got.Append(nil), again.Append(nil)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestQuantilesAreRight compares with the values themselves.
func TestQuantilesAreRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(1, 1<<39), 1, 500).Draw(t, "values")
		var h, left, right Histogram
		for i, v := range values {
			h.Add(v)
			if i%3 == 0 {
				left.Add(v)
			} else {
				right.Add(v)
			}
		}
		left.Merge(&right)
		slices.Sort(values)
		for _, q := range []float64{0.01, 0.5, 0.9, 0.95, 0.99, 1} {
			want := float64(values[max(int(math.Ceil(q*float64(len(values))))-1, 0)])
			got, ok := h.Quantile(q)
			if !ok || math.Abs(got-want)/want > 0.05 {
				t.Fatalf("q%v of %v is %v, want %v", q, values, got, want)
			}
			if merged, _ := left.Quantile(q); merged != got {
				t.Fatalf("merged halves give %v, all together %v", merged, got)
			}
		}
	})
}

func TestEmptyHistogramHasNoQuantile(t *testing.T) {
	var h Histogram
	if v, ok := h.Quantile(0.5); ok {
		t.Errorf("%v", v)
	}
}

func BenchmarkRead(b *testing.B) {
	var ta Tally
	for i := range ta.N {
		ta.N[i] = int64(i * 1000)
	}
	for i := range 200 {
		ta.Took(int64(i*i) * 1000)
		ta.Began(int64(i) * 1000)
	}
	data := ta.Append(nil)
	for name, part := range map[string]Part{"all": All, "sums": Sums} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var into Tally
			for b.Loop() {
				if err := into.Read(data, part); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	var ta Tally
	b.ReportAllocs()
	for i := range b.N {
		ta.Took(int64(i%100_000) * 100)
	}
}

func TestPiecesAreHoursCutForDays(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-24T10:59:59Z": "2026-11-24T10:15:00Z", // Chatham in summer
		"2026-11-24T10:14:59Z": "2026-11-24T10:00:00Z",
		"2026-11-24T18:14:00Z": "2026-11-24T18:00:00Z",
		"2026-11-24T18:20:00Z": "2026-11-24T18:15:00Z", // Nepal
		"2026-11-24T18:30:00Z": "2026-11-24T18:30:00Z", // India
		"2026-11-24T12:34:56Z": "2026-11-24T12:00:00Z",
		"1969-12-31T23:30:00Z": "1969-12-31T23:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Piece(at).Format(time.RFC3339); got != want {
			t.Errorf("%s is in the piece from %s; want %s", text, got, want)
		}
	}
}
