package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// Me is who is logged in.
type Me struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Via     string    `json:"via" enum:"session,token" doc:"How the request was let in"`
	Expires time.Time `json:"expires,omitzero" doc:"When the session or token ends"`
}

// meOutput is the answer of everything that logs in.
type meOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Me
}

// credentials are what a person logs in with.
type credentials struct {
	Name     string `json:"name" maxLength:"128"`
	Password string `json:"password" writeOnly:"true"`
}

type loginInput struct{ Body credentials }

// login lets an admin in. An unknown name takes as long and gets the same
// answer as a wrong password, and both count towards the lock-out.
func (s *Server) login(ctx context.Context, in *loginInput) (*meOutput, error) {
	name := in.Body.Name
	keys := []string{"ip:" + clientFrom(ctx).IP, "name:" + strings.ToLower(name)}
	if err := s.take(keys...); err != nil {
		return nil, err
	}
	admin, err := s.opts.Store.AdminByName(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	hash := admin.PasswordHash
	if hash == "" {
		hash = auth.DummyHash()
	}
	fits := false
	if len(in.Body.Password) <= 1024 {
		if fits, err = auth.VerifyPassword(ctx, hash, in.Body.Password); err != nil {
			return nil, err
		}
	}
	if !fits || admin.ID == "" {
		return nil, problem(http.StatusUnauthorized, "wrong_credentials", "the name or the password is wrong")
	}
	for _, key := range keys {
		s.lockout.Succeed(key)
	}
	return s.enter(ctx, admin)
}

// take counts one try for each key, or says how long to wait.
func (s *Server) take(keys ...string) error {
	for _, key := range keys {
		wait := s.lockout.Take(key)
		if wait <= 0 {
			continue
		}
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		p := problem(http.StatusTooManyRequests, "locked_out", "too many failed tries: wait %s seconds", seconds)
		p.headers = http.Header{"Retry-After": {seconds}}
		return p
	}
	return nil
}

// enter begins a session for an admin.
func (s *Server) enter(ctx context.Context, admin store.Admin) (*meOutput, error) {
	c := clientFrom(ctx)
	now := s.now()
	session, err := s.opts.Store.CreateSession(ctx, store.Session{
		AdminID: admin.ID, CreatedAt: now, SeenAt: now, Expires: now.Add(sessionLife), IP: c.IP, UserAgent: c.UserAgent,
	})
	if err != nil {
		return nil, err
	}
	token, err := s.sessions.Sign(session.ID, admin.ID, admin.SessionVersion, session.Expires)
	if err != nil {
		return nil, err
	}
	out := &meOutput{SetCookie: cookie(ctx, token, int(sessionLife.Seconds()))}
	out.Body = Me{ID: admin.ID, Name: admin.Name, Via: "session", Expires: session.Expires}
	return out, nil
}

// cookie is the session cookie; an age below zero takes it away.
func cookie(ctx context.Context, value string, age int) http.Cookie {
	return http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: clientFrom(ctx).HTTPS,
	}
}

// leftOutput is the answer of everything that logs out.
type leftOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// logout ends the session of the request.
func (s *Server) logout(ctx context.Context, _ *empty) (*leftOutput, error) {
	who := identityFrom(ctx)
	if who.SessionID == "" {
		return nil, notASession()
	}
	if err := s.opts.Store.RevokeSession(ctx, who.SessionID); err != nil {
		return nil, err
	}
	return &leftOutput{SetCookie: cookie(ctx, "", -1)}, nil
}

// logoutAll ends every session of the admin, this one too.
func (s *Server) logoutAll(ctx context.Context, _ *empty) (*leftOutput, error) {
	who := identityFrom(ctx)
	if who.SessionID == "" {
		return nil, notASession()
	}
	if err := s.opts.Store.RevokeSessions(ctx, who.ID, ""); err != nil {
		return nil, err
	}
	return &leftOutput{SetCookie: cookie(ctx, "", -1)}, nil
}

// notASession is the answer to API tokens where only a person makes sense.
func notASession() *Problem {
	return problem(http.StatusForbidden, "session_needed", "an API token cannot do this: log in")
}

type passwordInput struct {
	Body struct {
		Current string `json:"current" writeOnly:"true"`
		New     string `json:"new" writeOnly:"true" doc:"At least 10 characters, not the name"`
	}
}

// changePassword sets a new password. Every other session ends; this one goes
// on under a new cookie.
func (s *Server) changePassword(ctx context.Context, in *passwordInput) (*meOutput, error) {
	who := identityFrom(ctx)
	if who.SessionID == "" {
		return nil, notASession()
	}
	if err := s.take("name:" + strings.ToLower(who.Name)); err != nil {
		return nil, err
	}
	admin, err := s.opts.Store.AdminByID(ctx, who.ID)
	if err != nil {
		return nil, err
	}
	fits := false
	if len(in.Body.Current) <= 1024 {
		if fits, err = auth.VerifyPassword(ctx, admin.PasswordHash, in.Body.Current); err != nil {
			return nil, err
		}
	}
	if !fits {
		return nil, fieldProblem("body.current", "is not your password")
	}
	s.lockout.Succeed("name:" + strings.ToLower(who.Name))
	if err := auth.CheckPassword(admin.Name, in.Body.New); err != nil {
		return nil, fieldProblem("body.new", err.Error())
	}
	hash, err := auth.HashPassword(ctx, in.Body.New)
	if err != nil {
		return nil, err
	}
	if err := s.opts.Store.SetPassword(ctx, admin.ID, hash); err != nil {
		return nil, err
	}
	if admin, err = s.opts.Store.AdminByID(ctx, admin.ID); err != nil {
		return nil, err
	}
	return s.enter(ctx, admin)
}

// fieldProblem is a 400 for one field.
func fieldProblem(location, message string) error {
	f := faults{}
	f.add(location, "%s", message)
	return f.invalid()
}

type meBody struct{ Body Me }

// me tells who is logged in.
func (s *Server) me(ctx context.Context, _ *empty) (*meBody, error) {
	who := identityFrom(ctx)
	return &meBody{Body: Me{ID: who.ID, Name: who.Name, Via: who.Via, Expires: who.Expires}}, nil
}
