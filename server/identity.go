package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

const (
	cookieName  = "posthouse_session"
	sessionLife = 7 * 24 * time.Hour
	// maxCredential is more than any session or token takes; longer ones are
	// not looked at.
	maxCredential = 4096
)

// public are the API routes that answer without a login. Everything else below
// /api/ does not, whether it exists or not.
var public = []string{
	"GET /api/setup", "POST /api/setup", "POST /api/login", "GET /api/openapi.json",
}

// isPublic tells whether a route answers without a login.
func isPublic(method, path string) bool { return slices.Contains(public, method+" "+path) }

// identity is who makes a request.
type identity struct {
	store.Actor
	SessionID string // empty when a token is used
	Expires   time.Time
}

// errNoIdentity says that a request's credentials let nobody in; why is not
// said to the caller.
var errNoIdentity = errors.New("no valid session or API token")

type identityKey struct{}

// identityFrom is who makes the request a context belongs to. Handlers of
// routes that are not public always have one.
func identityFrom(ctx context.Context) identity {
	if who, ok := ctx.Value(identityKey{}).(*identity); ok {
		return *who
	}
	return identity{}
}

// actorFrom is who a change is recorded for.
func actorFrom(ctx context.Context) store.Actor { return identityFrom(ctx).Actor }

// identify lets a request for the API through only with a valid session or API
// token. Credentials are read from the cookie and the Authorization header,
// nowhere else.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isAPI(r.URL.Path) || isPublic(r.Method, r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		who, err := s.whoIs(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if who.SessionID != "" && !isSafe(r.Method) && !provesOrigin(r) {
			writeProblem(w, crossOrigin())
			return
		}
		clientFrom(r.Context()).who = who
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, who)))
	})
}

// refuse answers a request that nobody was found for.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if p := toProblem(err, place{}); !errors.Is(err, errNoIdentity) {
		if p == nil {
			s.log.ErrorContext(r.Context(), "who makes a request could not be looked up", "request_id", clientFrom(r.Context()).RequestID, "error", err)
			p = problem(http.StatusServiceUnavailable, "unavailable", "the database cannot be read at the moment: try again")
		}
		writeProblem(w, p)
		return
	}
	p := problem(http.StatusUnauthorized, "unauthorized", "log in, or send an API token as Authorization: Bearer %s…", proxy.TokenPrefix)
	p.headers = http.Header{"Www-Authenticate": {`Bearer realm="posthouse"`}}
	writeProblem(w, p)
}

// whoIs finds who makes a request. An Authorization header decides alone.
func (s *Server) whoIs(r *http.Request) (*identity, error) {
	if values := r.Header.Values("Authorization"); len(values) > 0 {
		scheme, token, _ := strings.Cut(values[0], " ")
		if len(values) > 1 || !strings.EqualFold(scheme, "bearer") || !strings.HasPrefix(token, proxy.TokenPrefix) || len(token) > maxCredential {
			return nil, errNoIdentity
		}
		return s.byToken(r.Context(), token)
	}
	cookies := r.CookiesNamed(cookieName)
	if len(cookies) != 1 || len(cookies[0].Value) > maxCredential {
		return nil, errNoIdentity
	}
	return s.bySession(r.Context(), cookies[0].Value)
}

// byToken finds who an API token belongs to.
func (s *Server) byToken(ctx context.Context, key string) (*identity, error) {
	token, err := s.opts.Store.APITokenByHash(ctx, auth.HashKey(key))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoIdentity
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	if token.Revoked || !token.Expires.IsZero() && !token.Expires.After(now) {
		return nil, errNoIdentity
	}
	if now.Sub(token.LastUsedAt) > time.Minute {
		s.noted(ctx, "API token", s.opts.Store.TouchAPIToken(ctx, token.ID))
	}
	actor := store.Actor{ID: token.ID, Name: token.Name, Via: "token", IP: clientFrom(ctx).IP}
	return &identity{Actor: actor, Expires: token.Expires}, nil
}

// bySession finds whose session a cookie is. The signature alone lets nobody
// in: the session must still stand in the database and its admin's sessions
// must not have been ended since.
func (s *Server) bySession(ctx context.Context, cookie string) (*identity, error) {
	claims, err := s.sessions.Verify(cookie)
	if err != nil {
		return nil, errNoIdentity
	}
	session, err := s.opts.Store.Session(ctx, claims.SessionID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoIdentity
	}
	if err != nil {
		return nil, err
	}
	admin, err := s.opts.Store.AdminByID(ctx, session.AdminID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoIdentity
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	if session.Revoked || !session.Expires.After(now) || session.AdminID != claims.AdminID || admin.SessionVersion != claims.Version {
		return nil, errNoIdentity
	}
	if now.Sub(session.SeenAt) > time.Minute {
		s.noted(ctx, "session", s.opts.Store.TouchSession(ctx, session.ID))
	}
	actor := store.Actor{ID: admin.ID, Name: admin.Name, Via: "session", IP: clientFrom(ctx).IP}
	return &identity{Actor: actor, SessionID: session.ID, Expires: session.Expires}, nil
}

// noted logs that the time of last use could not be written, which must not
// fail the request.
func (s *Server) noted(ctx context.Context, what string, err error) {
	if err != nil {
		s.log.WarnContext(ctx, "the time of last use could not be written", "of", what, "error", err)
	}
}
