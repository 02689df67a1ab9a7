package server

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage"
)

// measures remembers what takes a while to measure, or is a difference.
type measures struct {
	mu    sync.Mutex
	cpu   *float64      // percent of a core
	used  time.Duration // CPU time at the last look
	at    time.Time
	size  Database
	sized time.Time
}

const (
	// cpuEvery is the least time over which the use of the CPU is measured.
	cpuEvery = time.Second
	// sizeEvery is how long the size of the database is taken for true.
	sizeEvery = 5 * time.Second
)

// system shows how the program does.
func (s *Server) system(ctx context.Context) System {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	stats := s.opts.Usage.Stats()
	out := System{
		InFlight: s.opts.Gateway.InFlight(), HeapB: int64(mem.HeapAlloc), MemoryB: residentMemory(), Goroutines: runtime.NumGoroutine(),
		UptimeS: int64(s.now().Sub(s.started).Seconds()),
		Queue:   Queue{Waiting: stats.Waiting, Written: stats.Written, Shed: stats.Shed, Failed: stats.Failed},
	}
	if out.MemoryB == 0 {
		out.MemoryB = int64(mem.Sys)
	}
	m := &s.measures
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if used, ok := cpuTime(); ok && now.Sub(m.at) >= cpuEvery {
		if !m.at.IsZero() {
			percent := 100 * float64(used-m.used) / float64(now.Sub(m.at))
			m.cpu = &percent
		}
		m.used, m.at = used, now
	}
	out.CPUPercent = m.cpu
	if now.Sub(m.sized) >= sizeEvery {
		if size, err := s.databaseSize(ctx); err == nil { // else what was known is shown
			m.size, m.sized = size, now
		}
	}
	out.Database = m.size
	return out
}

func (s *Server) databaseSize(ctx context.Context) (Database, error) {
	size, err := s.opts.Usage.Records().Size(ctx)
	if err != nil {
		return Database{}, err
	}
	out := Database{Bytes: size.Bytes, FreeB: size.Free, DiskB: diskFree(s.opts.DataDir), Oldest: size.Oldest, Content: size.Content}
	if size.Oldest.IsZero() {
		return out, nil
	}
	now := s.now()
	totals, err := s.opts.Usage.Totals(ctx, usage.Filter{}, usage.ByNothing, tally.Piece(size.Oldest), now.Add(time.Hour), tally.Sums)
	if sum := totals[""]; sum != nil {
		out.Rows = sum.N[tally.Calls] - sum.N[tally.Shed]
	}
	return out, err
}
