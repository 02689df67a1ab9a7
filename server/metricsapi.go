package server

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// metricsPath is where Prometheus asks, on the console's door only.
const metricsPath = "/metrics"

// MetricsSpec is who may read /metrics and what is in it, as entered.
type MetricsSpec struct {
	Enabled   bool     `json:"enabled" doc:"Answer GET /metrics on the console's port"`
	Consumers bool     `json:"consumers,omitempty" doc:"Also count by consumer; at most 100 of them"`
	Allow     []string `json:"allow,omitempty" doc:"Addresses and networks (10.0.0.0/8) that need no token"`
}

// Metrics is the same as the API shows it.
type Metrics struct {
	MetricsSpec
	TokenHint string `json:"token_hint,omitempty" doc:"Of the token that lets others in; not there: there is none"`
	Version   int64  `json:"version" doc:"Send it back with a change"`
}

type metricsOutput struct{ Body Metrics }

// getMetrics shows the settings of /metrics.
func (s *Server) getMetrics(ctx context.Context, _ *empty) (*metricsOutput, error) {
	row, err := s.opts.Store.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	spec := MetricsSpec{Enabled: row.Enabled, Consumers: row.Consumers, Allow: list(row.Allow)}
	return &metricsOutput{Body: Metrics{spec, row.TokenHint, row.Version}}, nil
}

type putMetricsInput struct {
	Basis
	Body struct {
		MetricsSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// putMetrics replaces the settings of /metrics, all but the token.
func (s *Server) putMetrics(ctx context.Context, in *putMetricsInput) (*metricsOutput, error) {
	f := faults{}
	version := f.settingsVersion(in.Body.Version, in.IfMatch)
	if f.atMost("body.allow", len(in.Body.Allow), maxEntries) {
		for i, text := range in.Body.Allow {
			if _, err := parseNetwork(text); err != nil {
				f.add(indexed("body.allow", i), "is neither an address nor a network such as 10.0.0.0/8")
			}
		}
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.change(ctx, "change who may read the metrics", place{path: "body"}, func(tx *store.Tx) error {
		row, err := tx.Metrics()
		if err != nil {
			return err
		}
		row.Enabled, row.Consumers, row.Allow, row.Version = in.Body.Enabled, in.Body.Consumers, in.Body.Allow, version
		return tx.PutMetrics(row)
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getMetrics(ctx, &empty{}) })
	}
	s.configure(ctx)
	return s.getMetrics(ctx, &empty{})
}

type metricsTokenOutput struct {
	Body struct {
		Token string `json:"token" doc:"For Authorization: Bearer; shown this once"`
		Hint  string `json:"hint"`
	}
}

// createMetricsToken makes the token for /metrics anew; the one before it is
// worth nothing any more. It opens nothing else.
func (s *Server) createMetricsToken(ctx context.Context, _ *empty) (*metricsTokenOutput, error) {
	out := &metricsTokenOutput{}
	token, hash, hint := auth.NewMetricsToken()
	err := s.change(ctx, "make a token for the metrics", place{}, func(tx *store.Tx) error {
		row, err := tx.Metrics()
		if err != nil {
			return err
		}
		row.TokenHash, row.TokenHint = hash, hint
		return tx.PutMetrics(row)
	})
	if err != nil {
		return nil, err
	}
	out.Body.Token, out.Body.Hint = token, hint
	return out, nil
}

// parseNetwork reads an address or a network.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// metrics answers Prometheus: whoever shows the token, or asks from an address
// that needs none. A request that speaks for another (through a proxy) is not
// from its socket's address.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	row, err := s.opts.Store.Metrics(r.Context())
	switch {
	case err != nil:
		s.log.ErrorContext(r.Context(), "the settings of the metrics cannot be read", "error", err)
		writeProblem(w, problem(http.StatusServiceUnavailable, "unavailable", "the database cannot be read at the moment: try again"))
	case !row.Enabled || s.opts.Metrics == nil:
		writeProblem(w, problem(http.StatusNotFound, "metrics_off", "the metrics are off: switch them on with PUT /api/settings/metrics"))
	case !mayScrape(row, r):
		p := problem(http.StatusUnauthorized, "unauthorized", "send the token for the metrics as Authorization: Bearer …, or ask from an address that is allowed")
		p.headers = http.Header{"Www-Authenticate": {`Bearer realm="posthouse metrics"`}}
		writeProblem(w, p)
	default:
		s.opts.Metrics.Handler().ServeHTTP(w, r)
	}
}

// mayScrape reports whether a request may read the metrics.
func mayScrape(row store.Metrics, r *http.Request) bool {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "bearer") && row.TokenHint != "" && len(token) <= maxCredential {
		hash := auth.HashKey(token)
		return subtle.ConstantTimeCompare(hash[:], row.TokenHash[:]) == 1
	}
	c := clientFrom(r.Context())
	addr, err := netip.ParseAddr(c.IP)
	if err != nil || proxy.Forwarded(r.Header) {
		return false
	}
	for _, text := range row.Allow {
		if network, err := parseNetwork(text); err == nil && network.Contains(addr) {
			return true
		}
	}
	return false
}
