package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// SetupState says whether the first admin is still to be made.
type SetupState struct {
	Needed      bool `json:"needed" doc:"There is no admin yet"`
	TokenNeeded bool `json:"token_needed" doc:"This client must present the setup token"`
}

type setupStateOutput struct{ Body SetupState }

// setupState tells whether setup is needed and what for.
func (s *Server) setupState(ctx context.Context, _ *empty) (*setupStateOutput, error) {
	admins, err := s.opts.Store.Admins(ctx)
	if err != nil {
		return nil, err
	}
	needed := len(admins) == 0
	return &setupStateOutput{Body: SetupState{Needed: needed, TokenNeeded: needed && !clientFrom(ctx).Here}}, nil
}

type setupInput struct {
	Body struct {
		Name     string `json:"name" maxLength:"128" doc:"The admin's name"`
		Password string `json:"password" writeOnly:"true" doc:"At least 10 characters, not the name"`
		Token    string `json:"token,omitempty" writeOnly:"true" maxLength:"256" doc:"The setup token printed at first start; not needed on the machine itself"`
	}
}

// setup makes the first admin and logs in. Once there is one it is closed for
// good; of two at once, one wins.
func (s *Server) setup(ctx context.Context, in *setupInput) (*meOutput, error) {
	admins, err := s.opts.Store.Admins(ctx)
	if err != nil {
		return nil, err
	}
	if len(admins) > 0 {
		return nil, setupDone()
	}
	if err := s.maySetUp(ctx, in.Body.Token); err != nil {
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
	now := s.now()
	admin, err := s.opts.Store.CreateFirstAdmin(ctx, store.Admin{Name: in.Body.Name, PasswordHash: hash, CreatedAt: now, PasswordAt: now})
	if errors.Is(err, store.ErrExists) {
		return nil, setupDone()
	}
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "the first admin was made", "ip", clientFrom(ctx).IP)
	if s.opts.SetupDone != nil {
		s.opts.SetupDone()
	}
	return s.enter(ctx, admin)
}

// maySetUp asks clients from elsewhere for the setup token. An empty one never
// fits.
func (s *Server) maySetUp(ctx context.Context, token string) error {
	c := clientFrom(ctx)
	if c.Here {
		return nil
	}
	key := "setup:" + c.IP
	if err := s.take(key); err != nil {
		return err
	}
	if s.opts.SetupToken == "" || !auth.EqualTokens(token, s.opts.SetupToken) {
		return problem(http.StatusForbidden, "setup_token", "the setup token is missing or wrong: it was printed when Posthouse first started and stands in its data folder")
	}
	s.lockout.Succeed(key)
	return nil
}

// setupDone is the answer once there is an admin.
func setupDone() *Problem {
	return problem(http.StatusConflict, "setup_done", "setup is done: log in. A forgotten password is reset with posthouse reset-password")
}
