package server

import (
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// capture checks how a route keeps prompts and answers.
func (f *faults) capture(at string, s CaptureSpec) proxy.Capture {
	out := proxy.Capture{On: s.On, Bytes: s.Bytes, Permille: s.Permille, Redact: s.Redact, Patterns: s.Patterns}
	f.between(joinPath(at, "bytes"), s.Bytes, 0, proxy.MaxCaptureBytes)
	f.between(joinPath(at, "permille"), int64(s.Permille), 0, 1000)
	if s.Keep != "" {
		keep, err := time.ParseDuration(s.Keep)
		switch {
		case err != nil:
			f.add(joinPath(at, "keep"), `is not a length of time: write "72h", or leave it empty for 7 days`)
		case keep < time.Minute || keep > proxy.MaxCaptureKeep:
			f.add(joinPath(at, "keep"), "must be between a minute and 366 days (8784h)")
		default:
			out.Keep = keep
		}
	}
	f.redaction(at, s.Redact, s.Patterns)
	return out
}

// specOfCapture converts how a route keeps prompts and answers.
func specOfCapture(c proxy.Capture) CaptureSpec {
	return CaptureSpec{On: c.On, Bytes: c.Bytes, Permille: c.Permille, Keep: clockText(c.Keep), Redact: c.Redact, Patterns: c.Patterns}
}
