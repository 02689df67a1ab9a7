package server

import (
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// contentPolicy lets the console load from its own origin alone. Pictures may
// be written into the page (data:), scripts and styles may not.
const contentPolicy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// secure sets the headers that make browsers careful.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if isAPI(r.URL.Path) {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// hosts are the names under which the console may be reached.
type hosts struct {
	exact    map[string]bool
	suffixes []string // ".example.com"
}

// newHosts makes them from the machine's name and what the admin allowed.
func newHosts(machine string, allowed []string) hosts {
	h := hosts{exact: map[string]bool{"localhost": true}}
	if machine = strings.ToLower(machine); machine != "" {
		h.exact[machine] = true
		short, _, _ := strings.Cut(machine, ".")
		h.exact[short] = true
		h.exact[short+".local"] = true
	}
	for _, name := range allowed {
		name = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), ".")
		if rest, ok := strings.CutPrefix(name, "*."); ok && rest != "" {
			h.suffixes = append(h.suffixes, "."+rest)
			continue
		}
		h.exact[name] = true
	}
	return h
}

// allows tells whether a Host header is one of ours. An address always is: a
// page elsewhere cannot make a browser send a name it does not have, and DNS
// rebinding needs a name.
func (h hosts) allows(header string) bool {
	name := header
	if host, _, err := net.SplitHostPort(header); err == nil {
		name = host
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	if h.exact[name] || strings.HasSuffix(name, ".localhost") {
		return name != ""
	}
	for _, suffix := range h.suffixes {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// knownHost refuses requests made under a name that is not ours: a page that
// rebinds its own name to this address would otherwise count as same-origin.
// The health checks tell nothing and answer everybody.
func (s *Server) knownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Prometheus asks by whatever name it knows; a page cannot send its token.
		scrape := r.URL.Path == metricsPath && r.Header.Get("Authorization") != ""
		if !isHealth(r.URL.Path) && !scrape && !s.hosts.allows(r.Host) {
			writeProblem(w, problem(http.StatusMisdirectedRequest, "host",
				"the console does not answer to the host name %q: use localhost, the address or the name of this machine, or allow the name with --allowed-hosts", bounded(r.Host, 128)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// plainQuery refuses queries that cannot be read: half of one would be ignored
// without a word.
func plainQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			writeProblem(w, problem(http.StatusBadRequest, "query", "the part of the address after ? cannot be read"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses writes that another site makes a browser send.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := protection.Check(r); err != nil {
			writeProblem(w, crossOrigin())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// crossOrigin is the answer to a write from elsewhere.
func crossOrigin() *Problem {
	return problem(http.StatusForbidden, "cross_origin", "this request does not come from the console's own pages: open the console at its own address, or use an API token")
}

// provesOrigin tells whether a browser says that a request comes from our own
// pages. A write that relies on the session cookie must.
func provesOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Host != "" && strings.EqualFold(origin.Host, r.Host)
}

// isSafe tells whether a method only reads.
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// isAPI tells whether a path belongs to the API.
func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// isHealth tells whether a path is a health check.
func isHealth(path string) bool { return path == "/healthz" || path == "/readyz" }

// levelOf is the log level of a request: health checks and reads of the
// console's files are only of interest when something is being looked for.
func levelOf(status int, path string) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case !isAPI(path):
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// attrs are the fields of a request's log line.
func attrs(c *client, r *http.Request, status int, took time.Duration, who string) []slog.Attr {
	return []slog.Attr{
		slog.String("request_id", c.RequestID), slog.String("method", bounded(r.Method, 16)), slog.String("path", bounded(r.URL.Path, 256)),
		slog.Int("status", status), slog.Float64("ms", math.Round(float64(took)/float64(10*time.Microsecond))/100), slog.String("ip", c.IP), slog.String("who", who),
	}
}
