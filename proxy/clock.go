package proxy

import "time"

// times are the clocks of an attempt: the route's, else the provider's, else
// defaults that depend on whether anyone can take over: with a target in
// reserve a silent one is left soon, without one patience is all there is.
func (c *call) times(cand *candidate) Timeouts {
	t := cand.provider.timeouts
	if c.way.route != nil {
		t = c.way.route.timeouts.over(t)
	}
	m, _ := cand.provider.vendor.Model(cand.model)
	d := t.over(defaultClocks(c.peek.stream, cand.left > 0, m.Reasoning))
	if c.peek.stream && d.FirstToken > 0 && (d.Headers <= 0 || d.FirstToken < d.Headers) {
		d.Headers = d.FirstToken // headers come before the first token
	}
	return d
}

// defaultClocks are the waits where nobody set any. The figures for calls with
// a target in reserve are those that people wait before a screen; an answer in
// one piece is written in full before its headers come.
func defaultClocks(stream, onward, reasoning bool) Timeouts {
	d := Timeouts{Headers: 600 * time.Second, FirstToken: -1, Idle: 60 * time.Second}
	switch {
	case stream && onward && reasoning:
		d.Headers, d.FirstToken, d.Idle = 60*time.Second, 60*time.Second, 10*time.Second
	case stream && onward:
		d.Headers, d.FirstToken, d.Idle = 30*time.Second, 10*time.Second, 10*time.Second
	case stream && !reasoning:
		d.Headers = 60 * time.Second
	case onward && !reasoning:
		d.Headers = 120 * time.Second
	}
	return d
}
