package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// AdminUser is a person who may use the console, as the API shows it.
type AdminUser struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"created_at"`
	PasswordAt time.Time `json:"password_at" doc:"When the password was last set"`
	You        bool      `json:"you" doc:"It is who asks"`
	Sessions   []Session `json:"sessions" doc:"That are not over, newest first"`
}

// Session is a login that is not over.
type Session struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at" doc:"When it was last used, to the minute"`
	Expires   time.Time `json:"expires"`
	IP        string    `json:"ip"`
	Client    string    `json:"client" doc:"What the browser says it is"`
	This      bool      `json:"this" doc:"It is the one that asks"`
}

type adminsOutput struct {
	Body struct {
		Admins []AdminUser `json:"admins"`
	}
}

// listAdmins shows the admins and where they are logged in.
func (s *Server) listAdmins(ctx context.Context, _ *empty) (*adminsOutput, error) {
	rows, err := s.opts.Store.Admins(ctx)
	if err != nil {
		return nil, err
	}
	out := &adminsOutput{}
	out.Body.Admins = make([]AdminUser, 0, len(rows))
	for _, row := range rows {
		shown, err := s.showAdmin(ctx, row)
		if err != nil {
			return nil, err
		}
		out.Body.Admins = append(out.Body.Admins, shown)
	}
	return out, nil
}

func (s *Server) showAdmin(ctx context.Context, row store.Admin) (AdminUser, error) {
	who, now := identityFrom(ctx), s.now()
	out := AdminUser{
		ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt, PasswordAt: row.PasswordAt,
		You: who.SessionID != "" && who.ID == row.ID, Sessions: []Session{},
	}
	sessions, err := s.opts.Store.Sessions(ctx, row.ID)
	if err != nil {
		return AdminUser{}, err
	}
	for _, n := range sessions {
		if n.Revoked || !n.Expires.After(now) {
			continue
		}
		out.Sessions = append(out.Sessions, Session{
			ID: n.ID, CreatedAt: n.CreatedAt, SeenAt: n.SeenAt, Expires: n.Expires, IP: n.IP, Client: bounded(n.UserAgent, 256),
			This: n.ID == who.SessionID,
		})
	}
	return out, nil
}

type createAdminInput struct {
	Body struct {
		Name     string `json:"name" maxLength:"128"`
		Password string `json:"password" writeOnly:"true" doc:"At least 10 characters, not the name"`
		Current  string `json:"current" writeOnly:"true" doc:"Your own password: whoever finds an open browser must not stay"`
	}
}

type adminOutput struct{ Body AdminUser }

// createAdmin makes another admin. Only a person can, with the password once
// more: who takes over a session could otherwise outlive it.
func (s *Server) createAdmin(ctx context.Context, in *createAdminInput) (*adminOutput, error) {
	if err := s.confirmPerson(ctx, in.Body.Current); err != nil {
		return nil, err
	}
	f := faults{}
	f.label("body.name", in.Body.Name, maxLabel)
	if err := auth.CheckPassword(in.Body.Name, in.Body.Password); err != nil {
		f.add("body.password", "%s", err)
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	hash, err := auth.HashPassword(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	row, err := s.opts.Store.CreateAdmin(ctx, store.Admin{Name: in.Body.Name, PasswordHash: hash})
	if errors.Is(err, store.ErrExists) {
		return nil, fieldProblem("body.name", "is taken by another admin")
	}
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "an admin was made", "name", row.Name, "by", identityFrom(ctx).Name, "ip", clientFrom(ctx).IP)
	shown, err := s.showAdmin(ctx, row)
	return &adminOutput{Body: shown}, err
}

// confirmPerson lets only a person through who knows the password of the
// session's admin.
func (s *Server) confirmPerson(ctx context.Context, password string) error {
	who := identityFrom(ctx)
	if who.SessionID == "" {
		return notASession()
	}
	key := "name:" + strings.ToLower(who.Name)
	if err := s.take(key); err != nil {
		return err
	}
	admin, err := s.opts.Store.AdminByID(ctx, who.ID)
	if err != nil {
		return err
	}
	fits := false
	if len(password) <= 1024 {
		if fits, err = auth.VerifyPassword(ctx, admin.PasswordHash, password); err != nil {
			return err
		}
	}
	if !fits {
		return fieldProblem("body.current", "is not your password")
	}
	s.lockout.Succeed(key)
	return nil
}

// deleteAdmin removes an admin, ends its sessions and revokes its API tokens.
func (s *Server) deleteAdmin(ctx context.Context, in *ItemID) (*empty, error) {
	who := identityFrom(ctx)
	if who.SessionID == "" {
		return nil, notASession()
	}
	if in.ID == who.ID {
		return nil, problem(http.StatusConflict, "in_use", "you cannot remove yourself: let another admin do it")
	}
	row, err := s.opts.Store.AdminByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	err = s.opts.Store.DeleteAdmin(ctx, in.ID)
	if errors.Is(err, store.ErrLastAdmin) {
		return nil, problem(http.StatusConflict, "in_use", "this is the last admin: nobody could log in any more")
	}
	if err != nil {
		return nil, fmt.Errorf("remove admin: %w", err)
	}
	s.log.InfoContext(ctx, "an admin was removed", "name", row.Name, "by", who.Name, "ip", clientFrom(ctx).IP)
	return &empty{}, nil
}

// endSession ends one session, of whichever admin.
func (s *Server) endSession(ctx context.Context, in *ItemID) (*empty, error) {
	if identityFrom(ctx).SessionID == "" {
		return nil, notASession()
	}
	return &empty{}, s.opts.Store.RevokeSession(ctx, in.ID)
}
