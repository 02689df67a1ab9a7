package server

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/posthouse/posthouse/server/tally"
)

const (
	// liveEvery is how often the live figures are sent, and liveWindow over how
	// long rates are taken.
	liveEvery  = time.Second
	liveWindow = 10 * time.Second
	// quietEvery is how often a tail without calls says that it is there.
	quietEvery = 15 * time.Second
)

// liveNow sends what goes on, once a second, until the client leaves.
func (s *Server) liveNow(ctx context.Context, _ *empty, send sse.Sender) {
	if s.opts.Usage == nil {
		return
	}
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		if send.Data(s.lately(ctx)) != nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// lately is what goes on now.
func (s *Server) lately(ctx context.Context) Live {
	l := s.opts.Usage.Lately(liveWindow)
	seconds := min(liveWindow.Seconds(), max(s.now().Sub(s.started).Seconds(), 1))
	rate := func(c ...tally.Count) (n float64) {
		for _, c := range c {
			n += float64(l.Seconds.N[c]) / seconds
		}
		return n
	}
	return Live{
		At: s.now().UTC(), InFlight: s.opts.Gateway.InFlight(), RequestsPerS: rate(tally.Calls),
		TokensInPerS: rate(tally.Input, tally.CacheRead, tally.CacheWrite), TokensOutPerS: rate(tally.Output),
		OK: l.Outcomes[tally.OK], Rescued: l.Outcomes[tally.Rescued], Failed: l.Outcomes[tally.Failed], Refused: l.Outcomes[tally.Refused], Left: l.Outcomes[tally.Left],
		TTFT:     quantiles(&l.Minute.TTFTs, l.Minute.N[tally.TTFT], 1000),
		Duration: quantiles(&l.Minute.Durations, l.Minute.N[tally.Duration], 1000),
		Total:    l.Total, System: s.system(ctx),
	}
}

// tailInput picks the requests to send, with the conditions of the list.
type tailInput struct {
	RequestFilter
}

// Lost says that requests were left out of a live tail because they came
// faster than they could be sent. It is also sent, with 0, when nothing has
// come for a while, so that a connection that died is noticed.
type Lost struct {
	Requests int64 `json:"requests" doc:"How many, since the last such event"`
}

// tail sends requests as they end, until the client leaves.
func (s *Server) tail(ctx context.Context, in *tailInput, send sse.Sender) {
	if s.opts.Usage == nil {
		return
	}
	t := s.opts.Usage.Tail()
	if t == nil {
		return
	}
	defer t.Close()
	q := in.query()
	quiet := time.NewTicker(quietEvery)
	defer quiet.Stop()
	if send.Data(Lost{}) != nil { // the headers go out with it
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-quiet.C:
			if send.Data(Lost{Requests: t.Lost()}) != nil {
				return
			}
		case row, open := <-t.C:
			switch {
			case !open:
				return
			case !fits(&q, row):
			case send.Data(showRow(row)) != nil:
				return
			}
			if lost := t.Lost(); lost > 0 && send.Data(Lost{Requests: lost}) != nil {
				return
			}
		}
	}
}
