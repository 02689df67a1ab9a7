package protocol

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a vendor may ask for, so that one odd header does
// not take a key out for a day.
const maxRetryAfter = time.Hour

// RetryAfter reads how long a vendor wants to be left alone: retry-after-ms
// (OpenAI, Azure), Retry-After in seconds or as a date (RFC 9110 §10.2.3), or
// else the reset time of the rate limit that is used up (x-ratelimit-reset-*
// where the matching -remaining-* is 0). It returns 0 when the answer says
// nothing, and at most an hour.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return bound(time.Duration(ms * float64(time.Millisecond)))
	}
	if v := h.Get("Retry-After"); v != "" {
		if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 && s < 1e9 {
			return bound(time.Duration(s * float64(time.Second)))
		}
		if at, err := http.ParseTime(v); err == nil {
			return bound(at.Sub(now))
		}
	}
	var wait time.Duration
	for _, kind := range []string{"Requests", "Tokens", "Input-Tokens", "Output-Tokens"} {
		for _, form := range [][2]string{
			{"X-Ratelimit-Remaining-" + kind, "X-Ratelimit-Reset-" + kind},
			{"Anthropic-Ratelimit-" + kind + "-Remaining", "Anthropic-Ratelimit-" + kind + "-Reset"},
		} {
			if strings.TrimSpace(h.Get(form[0])) == "0" {
				wait = max(wait, resetIn(h.Get(form[1]), now))
			}
		}
	}
	return bound(wait)
}

// resetIn reads a reset header: a Go-like duration ("6m0s", "20ms"), seconds,
// or an RFC 3339 time.
func resetIn(v string, now time.Time) time.Duration {
	if d, err := time.ParseDuration(v); err == nil {
		return d
	}
	if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 && s < 1e9 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := time.Parse(time.RFC3339, v); err == nil {
		return at.Sub(now)
	}
	return 0
}

func bound(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }
