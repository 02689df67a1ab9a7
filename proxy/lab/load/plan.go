package load

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"
)

// Bounds of a plan, so that a slip of the finger ends by itself.
const (
	maxConns    = 20_000
	maxDuration = 2 * time.Hour
	maxPrompt   = 64 << 20
)

// Plan is one measurement.
type Plan struct {
	URL    string `json:"url"` // base URL, as a client is given it, such as http://127.0.0.1:8080/v1
	Key    string `json:"-"`   // API key; empty: none is sent
	Stream bool   `json:"stream"`

	// Model is asked for instead of the lab's. What it says can't be known, so
	// only the form of its answers is checked.
	Model string        `json:"model,omitempty"`
	Words int           `json:"words"`          // length of the lab's answers; in streams one chunk each
	Pace  time.Duration `json:"pace,omitempty"` // between the chunks of the lab's streams

	Prompt   int           `json:"prompt"`          // size of the request's body in bytes, at least some 250
	Conns    int           `json:"conns"`           // connections, and so calls at once
	Rate     float64       `json:"rate,omitempty"`  // calls started a second; 0 is a closed loop
	Calls    int64         `json:"calls,omitempty"` // at most so many; 0: as many as the time allows
	Warm     time.Duration `json:"warm"`            // before it, calls are checked but not counted
	Duration time.Duration `json:"duration"`        // of what is counted
	Timeout  time.Duration `json:"timeout"`         // of one call

	PID    int    `json:"pid,omitempty"` // whose CPU time and memory to take; 0: nobody's
	Vendor string `json:"vendor,omitempty"`
	Remote bool   `json:"remote,omitempty"` // the URL may be beyond this machine
}

// check finds what is wrong with a plan.
func (p *Plan) check() error {
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("%q is no base URL: write one such as http://127.0.0.1:8080/v1", p.URL)
	case !p.Remote && !isLoopback(u.Hostname()):
		return fmt.Errorf("%s is beyond this machine: load on other people's servers has to be asked for (--remote)", u.Host)
	case p.Conns < 1 || p.Conns > maxConns:
		return fmt.Errorf("%d connections: from 1 to %d are possible", p.Conns, maxConns)
	case p.Duration <= 0 || p.Warm < 0 || p.Duration+p.Warm > maxDuration:
		return fmt.Errorf("a duration of %v after %v of warming up: more than 0, and at most %v together", p.Duration, p.Warm, maxDuration)
	case p.Prompt > maxPrompt:
		return fmt.Errorf("a body of %d bytes: at most %d", p.Prompt, maxPrompt)
	case p.Rate < 0 || p.Words < 1 || p.Pace < 0:
		return errors.New("rate, words and pace can't be negative, and an answer has at least one word")
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// model is the name that calls ask for.
func (p *Plan) model() string {
	if p.Model != "" {
		return p.Model
	}
	name := fmt.Sprintf("lab-load:words=%d", p.Words)
	if p.Stream {
		name += ",pace=" + p.Pace.String()
	}
	return name
}
