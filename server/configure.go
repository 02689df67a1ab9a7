package server

import (
	"context"
	"net/url"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/traces"
)

// configure hands the settings of metrics, traces and alerts to what does the
// work: at the start, and after each change of them. What can't be had is
// logged; calls are served all the same.
func (s *Server) configure(ctx context.Context) {
	ctx = context.WithoutCancel(ctx) // it was saved, so it holds, whoever waits for it
	if s.opts.Metrics != nil {
		m, err := s.opts.Store.Metrics(ctx)
		s.unconfigured(ctx, "metrics", err)
		s.opts.Metrics.Configure(m.Enabled, m.Consumers)
	}
	if s.opts.Traces != nil {
		t, err := s.opts.Store.Tracing(ctx)
		s.unconfigured(ctx, "traces", err)
		var to *traces.Config
		if t.Enabled {
			to = &traces.Config{Endpoint: t.Endpoint, Headers: t.Headers}
		}
		s.unconfigured(ctx, "traces", s.opts.Traces.Configure(ctx, to))
	}
	if s.opts.Alerts != nil {
		a, err := s.opts.Store.Alerts(ctx)
		s.unconfigured(ctx, "alerts", err)
		s.opts.Alerts.Configure(a.Settings)
	}
}

func (s *Server) unconfigured(ctx context.Context, what string, err error) {
	if err != nil {
		s.log.ErrorContext(ctx, "settings could not be put into force", "of", what, "error", err)
	}
}

// hiddenAddress shows where an address leads and nothing that may be a token.
func hiddenAddress(address proxy.Secret) string {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Host == "" {
		return kept
	}
	return u.Scheme + "://" + u.Host + "/" + kept
}
