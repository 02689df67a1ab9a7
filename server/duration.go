package server

import (
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// off is how a clock that is switched off is written.
const off = "off"

// maxClock is the longest a clock may be set to: a week is longer than any
// vendor's longest batch, and far from overflowing.
const maxClock = 7 * 24 * time.Hour

// clock reads one timeout; empty inherits (0), "off" switches off (-1).
func (f *faults) clock(path, text string) time.Duration {
	switch text {
	case "":
		return 0
	case off:
		return -1
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		f.add(path, `is not a length of time: write "30s", "2m", "off", or leave it empty to inherit`)
	case d <= 0:
		f.add(path, `must be more than zero: write "off" to switch the clock off`)
	case d < time.Millisecond:
		f.add(path, "is shorter than a millisecond: nothing would ever answer in time")
	case d > maxClock:
		f.add(path, `is longer than a week: write "off" to switch the clock off`)
	default:
		return d
	}
	return 0
}

// How often a silent stream's client may be sent a comment. Under a second it
// is noise; over ten minutes nothing between us and the client waits that long.
const (
	minPing = time.Second
	maxPing = 10 * time.Minute
)

// ping reads the silence after which a streaming client is sent a comment;
// empty is the default (0), "off" never (-1).
func (f *faults) ping(path, text string) time.Duration {
	switch text {
	case "":
		return 0
	case off:
		return -1
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		f.add(path, `is not a length of time: write "15s", "1m", "off", or leave it empty for the default`)
	case d < minPing || d > maxPing:
		f.add(path, `must be from 1s to 10m, or "off"`)
	default:
		return d
	}
	return 0
}

// The bounds of a hedge and of a drain. A hedge after less than some tens of
// milliseconds would double every call.
const (
	minHedge = 50 * time.Millisecond
	maxHedge = 10 * time.Minute
	minDrain = 100 * time.Millisecond
	maxDrain = time.Hour
)

// length reads a length of time within bounds; empty is the default (0).
func (f *faults) length(path, text string, least, most time.Duration) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		f.add(path, `is not a length of time: write "2s" or "1m", or leave it empty for the default`)
	case d < least || d > most:
		f.add(path, "must be from %s to %s", shortDuration(least), shortDuration(most))
	default:
		return d
	}
	return 0
}

// timeouts reads a set of clocks.
func (f *faults) timeouts(path string, t Timeouts) proxy.Timeouts {
	return proxy.Timeouts{
		Connect:    f.clock(joinPath(path, "connect"), t.Connect),
		Headers:    f.clock(joinPath(path, "headers"), t.Headers),
		FirstToken: f.clock(joinPath(path, "first_token"), t.FirstToken),
		Idle:       f.clock(joinPath(path, "idle"), t.Idle),
		Total:      f.clock(joinPath(path, "total"), t.Total),
	}
}

// clockText writes one timeout.
func clockText(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < 0:
		return off
	}
	return shortDuration(d)
}

// shortDuration writes a duration without the zeros Go appends: 1h, not 1h0m0s.
func shortDuration(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return d.String()[:len(d.String())-len("0m0s")]
	case d%time.Minute == 0:
		return d.String()[:len(d.String())-len("0s")]
	}
	return d.String()
}

// timeoutsText writes a set of clocks.
func timeoutsText(t proxy.Timeouts) Timeouts {
	return Timeouts{
		Connect: clockText(t.Connect), Headers: clockText(t.Headers), FirstToken: clockText(t.FirstToken),
		Idle: clockText(t.Idle), Total: clockText(t.Total),
	}
}
