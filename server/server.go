package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/alert"
	"github.com/posthouse/posthouse/server/auth"
	prom "github.com/posthouse/posthouse/server/metrics"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/traces"
	"github.com/posthouse/posthouse/server/usage"
)

// Options are what the control plane works with.
type Options struct {
	Store   *store.Store
	Gateway *proxy.Gateway
	Keys    *auth.KeyRing
	Log     *slog.Logger     // nil discards
	Now     func() time.Time // wall clock; nil is time.Now

	Version, Commit string

	// SetupToken is what a client that is not on this machine must present to
	// create the first admin. Empty: only clients on this machine may.
	SetupToken string
	SetupDone  func() // called once the first admin exists; may be nil

	Web     fs.FS // the built console, with index.html at its top; nil: not in this build
	DataDir string

	ProxyHTTP, ProxyHTTPS func() string    // addresses of the proxy's doors, for display; may be nil
	AllowedHosts          []string         // host names, or *.example.com, under which the console may be reached
	Usage                 *usage.Recorder  // nil: calls are not recorded
	Metrics               *prom.Metrics    // nil: there are none
	Traces                *traces.Exporter // nil: nothing is exported
	Alerts                *alert.Watcher   // nil: nobody is told
	Unpriced              *Unpriced        // hears of every call; nil: nobody remembers which need a price
	Certificates          Certificates     // of the HTTPS door; nil: there is none
}

// Server is the control plane as an http.Handler.
type Server struct {
	opts      Options
	log       *slog.Logger
	now       func() time.Time
	started   time.Time
	vendors   vendors
	sessions  *auth.Sessions
	lockout   *auth.Lockout
	hosts     hosts
	staging   sync.Mutex // held while a backup is unpacked
	document  []byte     // the OpenAPI document
	repricing repricing
	handler   http.Handler
	measures  measures
}

// New makes the control plane.
func New(o Options) (*Server, error) {
	if o.Store == nil || o.Gateway == nil || o.Keys == nil {
		return nil, errors.New("the console needs a store, a gateway and a key ring")
	}
	s := &Server{opts: o, log: o.Log, now: o.Now, vendors: catalogue()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.started = s.now()
	s.sessions = auth.NewSessions(o.Keys, s.now)
	s.lockout = auth.NewLockout(s.now)
	name, err := os.Hostname()
	if err != nil {
		s.log.Warn("the name of this machine cannot be read; the console answers to localhost, addresses and allowed hosts only", "error", err)
	}
	s.hosts = newHosts(name, o.AllowedHosts)
	web, err := newConsole(o.Web)
	if err != nil {
		return nil, fmt.Errorf("console files: %w", err)
	}
	router, document, err := newRouter(s, web)
	if err != nil {
		return nil, err
	}
	s.document = document
	s.handler = s.chain(router)
	s.configure(context.Background())
	return s, nil
}

// Handler serves the console's door.
func (s *Server) Handler() http.Handler { return s.handler }

// OpenAPI is the API's description as an OpenAPI 3.1 document, made from the
// handlers' types without a running server. The same code gives the same bytes.
func OpenAPI() ([]byte, error) {
	_, document, err := newRouter(&Server{}, http.NotFoundHandler())
	return document, err
}

// chain puts what every request passes before the router around it, outermost
// first.
func (s *Server) chain(router http.Handler) http.Handler {
	h := s.readBody(router)
	h = s.identify(h)
	h = plainQuery(h)
	h = s.sameOrigin(h)
	h = s.knownHost(h)
	h = s.recover(h)
	h = secure(h)
	return s.account(h)
}
