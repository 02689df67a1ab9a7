package lab

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync/atomic"
)

// StatsPath is where a lab that was started tells what it has counted. Calls
// there are not counted, nor are the connections that make no others.
const StatsPath = "/lab/stats"

// Stats are what a lab has counted since it was started.
type Stats struct {
	Connections int64 `json:"connections"` // that made a call
	Calls       int64 `json:"calls"`
}

// counters count connections by their first call, so that the one which asks
// for the counters is none.
type counters struct{ connections, calls atomic.Int64 }

// callsKey marks the context of a connection with whether it made a call.
type callsKey struct{}

// connContext implements http.Server.ConnContext.
func (c *counters) connContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, callsKey{}, new(atomic.Bool))
}

// count counts a call.
func (c *counters) count(r *http.Request) {
	c.calls.Add(1)
	if called, ok := r.Context().Value(callsKey{}).(*atomic.Bool); ok && !called.Swap(true) {
		c.connections.Add(1)
	}
}

// Stats are the counts up to now; connections only of a lab that was started.
func (l *Lab) Stats() Stats {
	return Stats{Connections: l.counters.connections.Load(), Calls: l.counters.calls.Load()}
}

func (l *Lab) serveStats(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(l.Stats()) // a client that left asks again
}
