package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/alert"
	"github.com/posthouse/posthouse/server/auth"
	prom "github.com/posthouse/posthouse/server/metrics"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/traces"
	"github.com/posthouse/posthouse/server/usage"
)

const (
	adminName     = "ada"
	adminPassword = "correct horse battery"
	canary        = "sk-canary-0123456789abcdefghijWXYZ"
)

// world is a whole control plane on a real store and a real socket.
type world struct {
	t        *testing.T
	dir      string
	store    *store.Store
	gateway  *proxy.Gateway
	keys     *auth.KeyRing
	server   *Server
	recorder *usage.Recorder
	metrics  *prom.Metrics
	traces   *traces.Exporter
	alerts   *alert.Watcher
	url      string
	host     string
	log      *buffer
	offset   atomic.Int64 // how far the clock was moved, in ns
	cookie   string
	bearer   string
}

// buffer is a log that may be written and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type worldOptions struct {
	setupToken string
	hosts      []string
	web        fs.FS
	dir        string
}

// newWorld starts a control plane without an admin.
func newWorld(t *testing.T, o worldOptions) *world {
	t.Helper()
	w := &world{t: t, dir: o.dir, log: &buffer{}}
	if w.dir == "" {
		w.dir = t.TempDir()
	}
	now := func() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) }
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	var err error
	if w.keys, err = auth.OpenKeyFile(filepath.Join(w.dir, store.KeyFile), ""); err != nil {
		t.Fatal(err)
	}
	w.records(now)
	w.gateway = proxy.New(proxy.Options{Now: now, Recorder: w.recorder})
	w.store, err = store.Open(t.Context(), store.Options{Dir: w.dir, Sealer: w.keys, Log: log, Now: now, Publish: w.gateway.Load})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	w.metrics, w.traces = prom.New(prom.Options{}), &traces.Exporter{}
	t.Cleanup(w.traces.Close)
	w.alerts = alert.New(alert.Sources{}, w.store, log, now)
	w.server, err = New(Options{
		Metrics: w.metrics, Traces: w.traces, Alerts: w.alerts, Unpriced: NewUnpriced(),
		Store: w.store, Gateway: w.gateway, Keys: w.keys, Log: log, Now: now, Version: "test", Commit: "none",
		SetupToken: o.setupToken, AllowedHosts: o.hosts, Web: o.web, DataDir: w.dir, Usage: w.recorder,
	})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(w.server.Handler())
	t.Cleanup(front.Close)
	w.url, w.host = front.URL, strings.TrimPrefix(front.URL, "http://")
	return w
}

// records opens the records and starts a recorder on them.
func (w *world) records(now func() time.Time) {
	w.t.Helper()
	records, err := store.OpenRecords(w.t.Context(), store.RecordsOptions{Dir: w.t.TempDir(), Now: now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.recorder = usage.New(records, usage.Options{Now: now})
	w.t.Cleanup(func() { _ = w.recorder.Close(context.Background()); _ = records.Close() })
}

// event reads the first event of a stream.
func (w *world) event(path string) string {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, get, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Cookie", cookieName+"="+w.cookie)
	answer, err := http.DefaultTransport.RoundTrip(r) //nolint:forbidigo // a test's client needs no limits
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, lines := "", bufio.NewReader(answer.Body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			w.t.Fatalf("%s: status %d, %v after %q", path, answer.StatusCode, err, text)
		}
		if line == "\n" {
			return text
		}
		text += line
	}
}

// newAdminWorld starts a control plane and logs the first admin in.
func newAdminWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, worldOptions{})
	a := w.do(post, "/api/setup", map[string]any{"name": adminName, "password": adminPassword})
	a.want(http.StatusOK)
	w.cookie = a.session()
	return w
}

// reply is an answer read whole.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// do sends JSON as the console would: with its cookie and origin.
func (w *world) do(method, path string, body any) *reply {
	w.t.Helper()
	var reader io.Reader
	header := http.Header{}
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
		header.Set("Content-Type", "application/json")
	default:
		data, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		reader = bytes.NewReader(data)
		header.Set("Content-Type", "application/json")
	}
	if w.cookie != "" {
		header.Set("Cookie", cookieName+"="+w.cookie)
	}
	if w.bearer != "" {
		header.Set("Authorization", "Bearer "+w.bearer)
	}
	header.Set("Origin", w.url)
	return w.send(method, path, reader, header)
}

// send sends exactly what it is given. A header named Host sets the host.
func (w *world) send(method, path string, body io.Reader, header http.Header) *reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(w.t.Context()), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = header.Clone()
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return &reply{t: w.t, what: method + " " + path, status: answer.StatusCode, header: answer.Header, body: data}
}

// want fails the test unless the status is one of these.
func (a *reply) want(statuses ...int) *reply {
	a.t.Helper()
	for _, status := range statuses {
		if a.status == status {
			return a
		}
	}
	a.t.Fatalf("%s: status %d, want %v\n%s", a.what, a.status, statuses, bounded(string(a.body), 2000))
	return a
}

// session is the session cookie an answer sets.
func (a *reply) session() string {
	a.t.Helper()
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == cookieName {
			return c.Value
		}
	}
	a.t.Fatalf("%s: no session cookie in %v", a.what, a.header)
	return ""
}

// into decodes an answer.
func into[T any](a *reply) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v\n%s", a.what, err, a.body)
	}
	return v
}

// problem decodes a problem and checks its form.
func (a *reply) problem() Problem {
	a.t.Helper()
	p := into[Problem](a)
	if p.Status != a.status || p.Title == "" && a.status != 499 || p.Detail == "" || a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Errorf("%s: not a problem: %s %s", a.what, a.header.Get("Content-Type"), a.body)
	}
	return p
}

// at fails the test unless the problem names this location.
func (a *reply) at(location string) {
	a.t.Helper()
	for _, d := range a.problem().Errors {
		if d.Location == location {
			return
		}
	}
	a.t.Errorf("%s: no error at %q in %s", a.what, location, a.body)
}

// provider makes a provider with one key, which is the canary.
func (w *world) provider(name string) Provider {
	w.t.Helper()
	return into[Provider](w.do(post, "/api/providers", map[string]any{
		"name": name, "vendor": "deepseek", "keys": []any{map[string]any{"name": "main", "value": canary + name}},
	}).want(http.StatusOK))
}

// route makes a route to a provider.
func (w *world) route(name, provider string) Route {
	w.t.Helper()
	return into[Route](w.do(post, "/api/routes", map[string]any{
		"name": name, "targets": []any{map[string]any{"provider": provider}},
	}).want(http.StatusOK))
}

// storeProvider is a row with one key.
func storeProvider(name string) store.Provider {
	return store.Provider{ID: name, Name: name, Vendor: "deepseek", Enabled: true, Keys: []store.ProviderKey{{ID: name + "-key", Name: "main", Enabled: true, Weight: 1}}}
}
