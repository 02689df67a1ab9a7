package load

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// Result is what became of a plan. Times are in milliseconds.
type Result struct {
	Plan      Plan             `json:"plan"`
	Seconds   float64          `json:"seconds"` // that were counted
	Calls     int64            `json:"calls"`   // answered well in that time
	All       int64            `json:"all"`     // answered well at all, from the first to the last
	PerSecond float64          `json:"per_second"`
	Failed    int64            `json:"failed"` // at any time
	Faults    map[string]int64 `json:"faults,omitempty"`
	Quoted    []string         `json:"quoted,omitempty"` // some of the faults
	Dialed    int64            `json:"dialed"`           // connections to the target

	Latency    Quantiles `json:"latency_ms"` // start → last byte
	FirstToken Quantiles `json:"first_token_ms"`
	Gap        Quantiles `json:"gap_ms"` // between chunks with text
	Chunks     int64     `json:"chunks"` // events of streams

	Process *Process   `json:"process,omitempty"`
	Vendor  *lab.Stats `json:"vendor,omitempty"`
}

// Process is what a process used in the time that was counted.
type Process struct {
	CPUSeconds    float64 `json:"cpu_seconds"`
	CPUs          float64 `json:"cpus"` // kept busy
	MicrosPerCall float64 `json:"cpu_us_per_call"`
	CallsPerCPU   float64 `json:"calls_per_cpu_second"`
	SecondsPer1M  float64 `json:"cpu_s_per_1m_chunks,omitempty"`
	RSSBefore     int64   `json:"rss_before"` // bytes, before the first call
	RSSPeak       int64   `json:"rss_peak"`
	RSSAfter      int64   `json:"rss_after"`
	BytesPerConn  int64   `json:"rss_per_conn"` // growth from before to the peak, by connection
	FilesBefore   int     `json:"files_before"`
	FilesAfter    int     `json:"files_after"`
	ThreadsAfter  int     `json:"threads_after"`
}

// per1000 is the number of new connections a thousand calls needed.
func per1000(s *lab.Stats) float64 {
	if s.Calls == 0 {
		return 0
	}
	return 1000 * float64(s.Connections) / float64(s.Calls)
}

func (r *run) result(took time.Duration, m *meter) *Result {
	res := &Result{
		Plan: r.plan, Seconds: took.Seconds(), Calls: r.calls.Load(), All: r.all.Load(),
		Failed: r.failed, Faults: r.faults, Quoted: r.quoted, Dialed: r.dialed.Load(),
		Latency: r.latency.Quantiles(), FirstToken: r.first.Quantiles(), Gap: r.gap.Quantiles(), Chunks: r.chunks.Load(),
		Process: m.process, Vendor: m.stats,
	}
	res.PerSecond = float64(res.Calls) / res.Seconds
	if p := res.Process; p != nil {
		p.settle(res)
	}
	return res
}

// settle derives what depends on how many calls were made.
func (p *Process) settle(r *Result) {
	p.CPUs = p.CPUSeconds / r.Seconds
	if r.Calls > 0 {
		p.MicrosPerCall = 1e6 * p.CPUSeconds / float64(r.Calls)
		p.CallsPerCPU = float64(r.Calls) / max(p.CPUSeconds, 1e-9)
	}
	if r.Chunks > 0 {
		p.SecondsPer1M = 1e6 * p.CPUSeconds / float64(r.Chunks)
	}
	p.BytesPerConn = (p.RSSPeak - p.RSSBefore) / int64(r.Plan.Conns)
}

// Write prints a result for people.
func (r *Result) Write(w io.Writer) error {
	var b strings.Builder
	loop := fmt.Sprintf("closed loop, %d connections", r.Plan.Conns)
	if r.Plan.Rate > 0 {
		loop = fmt.Sprintf("open loop, %g calls a second over %d connections", r.Plan.Rate, r.Plan.Conns)
	}
	fmt.Fprintf(&b, "%s, %.1f s: %d calls, %.1f a second, %d failed\n", loop, r.Seconds, r.Calls, r.PerSecond, r.Failed)
	row := func(name string, q Quantiles) {
		if q.Count > 0 {
			fmt.Fprintf(&b, "%-12s ms: mean %.3f  p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f  (%d)\n", name, q.Mean, q.P50, q.P90, q.P99, q.P999, q.Max, q.Count)
		}
	}
	row("latency", r.Latency)
	row("first token", r.FirstToken)
	row("gap", r.Gap)
	if p := r.Process; p != nil {
		fmt.Fprintf(&b, "process %d: %.2f s CPU (%.2f CPUs), %.1f us a call", r.Plan.PID, p.CPUSeconds, p.CPUs, p.MicrosPerCall)
		if r.Chunks > 0 {
			fmt.Fprintf(&b, ", %.1f s a million chunks (%d)", p.SecondsPer1M, r.Chunks)
		}
		fmt.Fprintf(&b, "; memory %.1f MB before, %.1f at most (%.1f KB a connection), %.1f after\n", mega(p.RSSBefore), mega(p.RSSPeak), float64(p.BytesPerConn)/1024, mega(p.RSSAfter))
	}
	if r.Vendor != nil {
		fmt.Fprintf(&b, "vendor: %d calls, %d new connections (%.2f a thousand calls)\n", r.Vendor.Calls, r.Vendor.Connections, per1000(r.Vendor))
	}
	var kinds []string
	for kind := range r.Faults {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(&b, "FAILED %s: %d\n", kind, r.Faults[kind])
	}
	for _, q := range r.Quoted {
		fmt.Fprintf(&b, "  %s\n", q)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mega(n int64) float64 { return float64(n) / (1 << 20) }
