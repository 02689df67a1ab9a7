package server

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// Status is how the program does.
type Status struct {
	Version    string        `json:"version"`
	Commit     string        `json:"commit"`
	Go         string        `json:"go"`
	StartedAt  time.Time     `json:"started_at"`
	UptimeS    int64         `json:"uptime_s"`
	ProxyHTTP  string        `json:"proxy_http" doc:"Address of the proxy's HTTP door; empty: closed"`
	ProxyHTTPS string        `json:"proxy_https" doc:"Address of the proxy's HTTPS door; empty: closed"`
	DataDir    string        `json:"data_dir"`
	InFlight   int           `json:"in_flight" doc:"Calls being served"`
	Records    *RecordStatus `json:"records,omitempty"`
	// OpenTargets is what an admin looks for when a model is slow or odd.
	OpenTargets []OpenTarget `json:"open_targets" doc:"Targets that are left alone for a while because they failed too often"`
	// Faults must not be overlooked: they are there on purpose.
	Faults   []InjectedFault `json:"faults" doc:"Faults that an admin put in front of providers for a while"`
	Warnings []Warning       `json:"warnings"`
}

// OpenTarget is a model at a provider that is left alone for a while (its
// circuit breaker is open).
type OpenTarget struct {
	Provider  string    `json:"provider" doc:"The provider's name"`
	Model     string    `json:"model"`
	Class     string    `json:"class" doc:"The failure that led to it"`
	Since     time.Time `json:"since"`
	NextProbe time.Time `json:"next_probe" doc:"When a call may find out whether it is back"`
}

// RecordStatus is how the recorder does.
type RecordStatus struct {
	Written int64 `json:"written"`
	Shed    int64 `json:"shed" doc:"Given up because the queue was full"`
	Failed  int64 `json:"failed" doc:"Given up because the file could not be written"`
}

type statusOutput struct{ Body Status }

// status shows how the program does and what an admin should know.
func (s *Server) status(ctx context.Context, _ *empty) (*statusOutput, error) {
	warnings, err := s.warnings(ctx)
	if err != nil {
		return nil, err
	}
	out := &statusOutput{Body: Status{
		Version: s.opts.Version, Commit: s.opts.Commit, Go: runtime.Version(), StartedAt: s.started, UptimeS: int64(s.now().Sub(s.started).Seconds()),
		ProxyHTTP: call(s.opts.ProxyHTTP), ProxyHTTPS: call(s.opts.ProxyHTTPS), DataDir: s.opts.DataDir,
		InFlight: s.opts.Gateway.InFlight(), Warnings: warnings,
	}}
	providers, err := s.opts.Store.Providers(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.OpenTargets = []OpenTarget{}
	open := s.openTargets()
	for _, p := range providers {
		out.Body.OpenTargets = append(out.Body.OpenTargets, showOpenTargets(p, open)...)
	}
	if out.Body.Faults, err = s.injectedFaults(ctx); err != nil {
		return nil, err
	}
	if n := len(out.Body.Faults); n > 0 {
		out.Body.Warnings = append(out.Body.Warnings, Warning{
			Code: "faults_injected", Message: fmt.Sprintf("%d faults are injected in front of providers, the last until %s: DELETE /api/faults ends them", n, latest(out.Body.Faults).Format(time.RFC3339)),
		})
	}
	if s.opts.Usage != nil {
		stats := s.opts.Usage.Stats()
		out.Body.Records = &RecordStatus{Written: stats.Written, Shed: stats.Shed, Failed: stats.Failed}
	}
	return out, nil
}

// latest is when the last of the faults ends.
func latest(active []InjectedFault) (end time.Time) {
	for _, f := range active {
		if f.Until.After(end) {
			end = f.Until
		}
	}
	return end
}

// openTargets are the targets that are left alone, by their provider's id.
func (s *Server) openTargets() map[string][]proxy.TargetState {
	out := map[string][]proxy.TargetState{}
	for _, t := range s.opts.Gateway.OpenTargets() {
		out[t.Provider] = append(out[t.Provider], t)
	}
	return out
}

// showOpenTargets converts those of one provider, in the order of the models.
func showOpenTargets(row store.Provider, open map[string][]proxy.TargetState) []OpenTarget {
	out := make([]OpenTarget, 0, len(open[row.ID]))
	for _, t := range open[row.ID] {
		out = append(out, OpenTarget{
			Provider: row.Name, Model: t.Model, Class: string(t.Class), Since: t.Since, NextProbe: t.NextProbe,
		})
	}
	slices.SortFunc(out, func(a, b OpenTarget) int { return strings.Compare(a.Model, b.Model) })
	return out
}

// warnings collects what an admin should know.
func (s *Server) warnings(ctx context.Context) ([]Warning, error) {
	out := []Warning{}
	settings, err := s.opts.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if settings.Access == proxy.AccessOpen {
		out = append(out, openWarning())
	}
	_, faulty, err := s.opts.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range faulty {
		out = append(out, Warning{Code: "not_served", Message: fmt.Sprintf("%s %q is not in service: %s: %s", f.Kind, f.Name, f.Field, f.Message)})
	}
	rows, err := s.opts.Store.Providers(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		for _, key := range row.Keys {
			if key.Broken != "" {
				out = append(out, Warning{Code: "key_broken", Message: fmt.Sprintf("key %q of provider %q cannot be read: %s. Enter it again", key.Name, row.Name, key.Broken)})
			}
		}
	}
	if s.opts.Usage != nil {
		if stats := s.opts.Usage.Stats(); stats.Failed+stats.Shed > 0 {
			out = append(out, Warning{Code: "records_lost", Message: fmt.Sprintf("%d records of calls could not be written: look at the disk and the log", stats.Failed+stats.Shed)})
		}
	}
	return out, nil
}

// call is what a function says, or nothing where there is none.
func call(f func() string) string {
	if f == nil {
		return ""
	}
	return f()
}

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeText(w, http.StatusOK, "ok\n")
}

// readyz says whether the console can work, which it can when its database can
// be read.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if _, err := s.opts.Store.Settings(r.Context()); err != nil {
		s.log.WarnContext(r.Context(), "not ready: the database cannot be read", "error", err)
		writeText(w, http.StatusServiceUnavailable, "the database cannot be read; the log says why\n")
		return
	}
	writeText(w, http.StatusOK, "ready\n")
}

// writeText answers plain text.
func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The client having gone is the only way this fails.
	_, _ = w.Write([]byte(text))
}
