package load

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// Target is something that the same plan is run against.
type Target struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Key  string `json:"-"`
	PID  int    `json:"pid,omitempty"`
}

// Comparison is a plan that several targets take turns at.
type Comparison struct {
	Plan    Plan     // URL, Key and PID are each target's own
	Targets []Target // the first is the vendor itself, if its Name is Direct
	Base    string   // the target that ratios refer to; empty: the first that is not Direct
	Rounds  int
	// Between is called before each run; nil: nothing is done then. It may
	// start the target anew and returns its process.
	Between func(ctx context.Context, t *Target) error
}

// Direct is the name of the target with nothing before the vendor: what others
// add is what they take beyond it.
const Direct = "direct"

// maxRounds bounds a comparison.
const maxRounds = 1000

// Measure is a figure of a run.
type Measure string

// The measures.
const (
	CPUPerCall   Measure = "cpu_us_per_call"
	CallsPerCPU  Measure = "calls_per_cpu_second"
	PerSecond    Measure = "calls_per_second"
	CPUPer1M     Measure = "cpu_s_per_1m_chunks"
	LatencyP50   Measure = "latency_p50_ms"
	LatencyP99   Measure = "latency_p99_ms"
	FirstP50     Measure = "first_token_p50_ms"
	FirstP99     Measure = "first_token_p99_ms"
	GapP99       Measure = "gap_p99_ms"
	AddedP50     Measure = "added_p50_ms"
	AddedP99     Measure = "added_p99_ms"
	AddedFirst   Measure = "added_first_token_p50_ms"
	PeakMB       Measure = "rss_peak_mb"
	KBPerConn    Measure = "kb_per_connection"
	NewPer1000   Measure = "upstream_connections_per_1000"
	ChunksPerSec Measure = "chunks_per_second"
)

// measures is their order in tables.
func measures() []Measure {
	return []Measure{
		CPUPerCall, CallsPerCPU, PerSecond, CPUPer1M, ChunksPerSec, LatencyP50, LatencyP99, AddedP50, AddedP99,
		FirstP50, FirstP99, AddedFirst, GapP99, PeakMB, KBPerConn, NewPer1000,
	}
}

// Spread is a measure over the rounds.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Ratio  float64 `json:"ratio,omitempty"` // the median of this target's figure to the base's in the same round
}

// Row is one target's part of a report.
type Row struct {
	Target   Target             `json:"target"`
	Measures map[Measure]Spread `json:"measures"`
	Calls    int64              `json:"calls"`
	Failed   int64              `json:"failed"`
	Quoted   []string           `json:"quoted,omitempty"`
}

// Report is what a comparison found.
type Report struct {
	Plan   Plan   `json:"plan"`
	Base   string `json:"base"`
	Rounds int    `json:"rounds"`
	Rows   []Row  `json:"rows"`
}

// Compare runs the plan against each target in turn, round by round, each other
// round in the opposite order. A round that ctx cuts short does not count.
func Compare(ctx context.Context, c Comparison, progress io.Writer) (*Report, error) {
	if len(c.Targets) == 0 || c.Rounds < 1 || c.Rounds > maxRounds {
		return nil, fmt.Errorf("%d targets in %d rounds: at least one target, and from 1 to %d rounds", len(c.Targets), c.Rounds, maxRounds)
	}
	rounds := make([]map[string]map[Measure]float64, 0, c.Rounds)
	rep := &Report{Plan: c.Plan, Base: c.base(), Rounds: c.Rounds}
	for _, t := range c.Targets {
		rep.Rows = append(rep.Rows, Row{Target: t})
	}
	for round := range c.Rounds {
		got := map[string]map[Measure]float64{}
		for i := range c.Targets {
			if round%2 == 1 {
				i = len(c.Targets) - 1 - i
			}
			res, err := c.one(ctx, &c.Targets[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Targets[i].Name, err)
			}
			got[c.Targets[i].Name] = figures(res)
			row := &rep.Rows[i]
			row.Calls += res.All
			row.Failed += res.Failed
			row.Quoted = append(row.Quoted, res.Quoted...)
			if progress != nil {
				_, _ = fmt.Fprintf(progress, "round %d of %d, %s: %d calls, %d failed\n", round+1, c.Rounds, c.Targets[i].Name, res.Calls, res.Failed)
			}
			if ctx.Err() != nil {
				return nil, fmt.Errorf("compare: %w", context.Cause(ctx))
			}
		}
		added(got)
		rounds = append(rounds, got)
	}
	for i := range rep.Rows {
		rep.Rows[i].Measures = spreads(rounds, rep.Rows[i].Target.Name, rep.Base)
	}
	return rep, nil
}

func (c *Comparison) base() string {
	if c.Base != "" {
		return c.Base
	}
	for _, t := range c.Targets {
		if t.Name != Direct {
			return t.Name
		}
	}
	return c.Targets[0].Name
}

func (c *Comparison) one(ctx context.Context, t *Target) (*Result, error) {
	if c.Between != nil {
		if err := c.Between(ctx, t); err != nil {
			return nil, err
		}
	}
	p := c.Plan
	p.URL, p.Key, p.PID = t.URL, t.Key, t.PID
	return Run(ctx, p)
}

// figures are the measures of one run.
func figures(r *Result) map[Measure]float64 {
	m := map[Measure]float64{PerSecond: r.PerSecond, LatencyP50: r.Latency.P50, LatencyP99: r.Latency.P99}
	if r.Plan.Stream {
		m[FirstP50], m[FirstP99], m[GapP99] = r.FirstToken.P50, r.FirstToken.P99, r.Gap.P99
		m[ChunksPerSec] = float64(r.Chunks) / r.Seconds
	}
	if p := r.Process; p != nil {
		m[CPUPerCall], m[CallsPerCPU] = p.MicrosPerCall, p.CallsPerCPU
		m[PeakMB], m[KBPerConn] = mega(p.RSSPeak), float64(p.BytesPerConn)/1024
		if r.Plan.Stream {
			m[CPUPer1M] = p.SecondsPer1M
		}
	}
	if r.Vendor != nil {
		m[NewPer1000] = per1000(r.Vendor)
	}
	return m
}

// added takes off what the vendor itself takes.
func added(round map[string]map[Measure]float64) {
	direct := round[Direct]
	if direct == nil {
		return
	}
	for name, m := range round {
		if name == Direct {
			continue
		}
		m[AddedP50], m[AddedP99] = m[LatencyP50]-direct[LatencyP50], m[LatencyP99]-direct[LatencyP99]
		if first, ok := m[FirstP50]; ok {
			m[AddedFirst] = first - direct[FirstP50]
		}
	}
}

// spreads gathers a target's measures over the rounds.
func spreads(rounds []map[string]map[Measure]float64, name, base string) map[Measure]Spread {
	got := map[Measure]Spread{}
	for _, m := range measures() {
		var values, ratios []float64
		for _, round := range rounds {
			v, ok := round[name][m]
			if !ok {
				continue
			}
			values = append(values, v)
			if b := round[base][m]; b != 0 && name != base {
				ratios = append(ratios, v/b)
			}
		}
		if len(values) > 0 {
			got[m] = Spread{Median: median(values), Low: slices.Min(values), High: slices.Max(values), Ratio: median(ratios)}
		}
	}
	return got
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Row finds a target's part; nil if there is none.
func (r *Report) Row(name string) *Row {
	for i := range r.Rows {
		if r.Rows[i].Target.Name == name {
			return &r.Rows[i]
		}
	}
	return nil
}

// Write prints a report for people: a line a measure, a column a target.
func (r *Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := []string{fmt.Sprintf("median of %d (low…high)", r.Rounds)}
	for _, row := range r.Rows {
		head = append(head, row.Target.Name)
	}
	lines := []string{strings.Join(head, "\t")}
	for _, m := range measures() {
		line, some := string(m), false
		for _, row := range r.Rows {
			s, ok := row.Measures[m]
			line += "\t"
			if !ok {
				continue
			}
			some = true
			line += fmt.Sprintf("%s (%s…%s)", figure(s.Median), figure(s.Low), figure(s.High))
			if s.Ratio != 0 {
				line += fmt.Sprintf(" ×%.2f", s.Ratio)
			}
		}
		if some {
			lines = append(lines, line)
		}
	}
	failed := "failed of all"
	for _, row := range r.Rows {
		failed += fmt.Sprintf("\t%d of %d", row.Failed, row.Calls+row.Failed)
	}
	lines = append(lines, failed)
	if _, err := io.WriteString(t, strings.Join(lines, "\n")+"\n"); err != nil {
		return err
	}
	return t.Flush()
}

// figure prints a number with the digits that matter.
func figure(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1000:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}
