package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// sampleEvery is how often a process's memory is looked at.
const sampleEvery = 100 * time.Millisecond

// meter reads a process and a vendor around the time that counts.
type meter struct {
	plan    *Plan
	process *Process   // nil: none is measured
	stats   *lab.Stats // nil: none is asked
	before  lab.Stats
	cpu     time.Duration
}

// newMeter looks at everything once, so that what can't be read is told before
// the load begins.
func newMeter(ctx context.Context, p *Plan) (*meter, error) {
	m := &meter{plan: p}
	if p.PID != 0 {
		m.process = &Process{}
		var err error
		if m.process.RSSBefore, _, err = Memory(p.PID); err != nil {
			return nil, err
		}
		if _, err = cpuTime(p.PID); err != nil {
			return nil, err
		}
		m.process.FilesBefore, _ = openFiles(p.PID)
		m.process.RSSPeak = m.process.RSSBefore
	}
	if p.Vendor != "" {
		m.stats = &lab.Stats{}
		if _, err := vendorStats(ctx, p.Vendor); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// begin notes where the counters stand.
func (m *meter) begin(ctx context.Context) error {
	var err error
	if m.stats != nil {
		if m.before, err = vendorStats(ctx, m.plan.Vendor); err != nil {
			return err
		}
	}
	if m.process != nil {
		m.cpu, err = cpuTime(m.plan.PID)
	}
	return err
}

// watch samples the memory until the time is up, the calls are made, or ctx
// ends.
func (m *meter) watch(ctx context.Context, d time.Duration, ended <-chan struct{}) {
	over := time.NewTimer(d)
	defer over.Stop()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		m.sample()
		select {
		case <-tick.C:
		case <-over.C:
			return
		case <-ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (m *meter) sample() {
	if m.process == nil {
		return
	}
	if rss, _, err := Memory(m.plan.PID); err == nil {
		m.process.RSSPeak = max(m.process.RSSPeak, rss)
		m.process.RSSAfter = rss
	}
}

// end reads the counters again.
func (m *meter) end(ctx context.Context) error {
	if m.process != nil {
		cpu, err := cpuTime(m.plan.PID)
		if err != nil {
			return err
		}
		m.process.CPUSeconds = (cpu - m.cpu).Seconds()
		m.sample()
		m.process.FilesAfter, _ = openFiles(m.plan.PID)
		m.process.ThreadsAfter, _ = threads(m.plan.PID)
	}
	if m.stats != nil {
		after, err := vendorStats(ctx, m.plan.Vendor)
		if err != nil {
			return err
		}
		m.stats.Connections = after.Connections - m.before.Connections
		m.stats.Calls = after.Calls - m.before.Calls
	}
	return nil
}

// vendorStats asks the lab or the stub what it has counted.
func vendorStats(ctx context.Context, base string) (lab.Stats, error) {
	var s lab.Stats
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	u := strings.TrimSuffix(strings.TrimSuffix(base, "/"), "/v1") + lab.StatsPath
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return s, fmt.Errorf("vendor's counters: %w", err)
	}
	req.Close = true // the one connection that asks is not counted twice
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		return s, fmt.Errorf("vendor's counters: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("vendor's counters: %s answers %s: it is no lab", u, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&s); err != nil {
		return s, fmt.Errorf("vendor's counters: %w", err)
	}
	return s, nil
}
