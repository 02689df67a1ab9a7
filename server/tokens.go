package server

import (
	"context"
	"time"

	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// APIToken is an API token as the API shows it.
type APIToken struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Hint       string    `json:"hint"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero" doc:"Not there: never"`
	Expires    time.Time `json:"expires,omitzero" doc:"Not there: never"`
	Revoked    bool      `json:"revoked"`
}

type tokensOutput struct {
	Body struct {
		Tokens []APIToken `json:"tokens"`
	}
}

// listTokens shows the API tokens.
func (s *Server) listTokens(ctx context.Context, _ *empty) (*tokensOutput, error) {
	rows, err := s.opts.Store.APITokens(ctx)
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{}
	out.Body.Tokens = make([]APIToken, 0, len(rows))
	for _, row := range rows {
		out.Body.Tokens = append(out.Body.Tokens, showToken(row))
	}
	return out, nil
}

type createTokenInput struct {
	Body struct {
		Name    string    `json:"name" doc:"What it is for" maxLength:"128"`
		Expires time.Time `json:"expires,omitzero" doc:"Not given: never"`
	}
}

type newTokenOutput struct {
	Body struct {
		Key   string   `json:"key" doc:"The token itself. It is not kept and cannot be shown again"`
		Token APIToken `json:"token"`
	}
}

// createToken makes an API token and shows it this once. A token cannot make
// others: who steals one would otherwise outlive its revocation.
func (s *Server) createToken(ctx context.Context, in *createTokenInput) (*newTokenOutput, error) {
	who := identityFrom(ctx)
	if who.SessionID == "" {
		return nil, notASession()
	}
	f := faults{}
	f.label("body.name", in.Body.Name, maxLabel)
	f.expiry("body.expires", in.Body.Expires, s.now())
	if err := f.invalid(); err != nil {
		return nil, err
	}
	key, hash, hint := auth.NewAPIToken()
	row, err := s.opts.Store.CreateAPIToken(ctx, store.APIToken{
		Name: in.Body.Name, AdminID: who.ID, Hash: hash, Hint: hint, CreatedAt: s.now(), Expires: in.Body.Expires,
	})
	if err != nil {
		return nil, err
	}
	out := &newTokenOutput{}
	out.Body.Key, out.Body.Token = key, showToken(row)
	return out, nil
}

// revokeToken ends an API token at once.
func (s *Server) revokeToken(ctx context.Context, in *ItemID) (*empty, error) {
	return &empty{}, s.opts.Store.RevokeAPIToken(ctx, in.ID)
}

// showToken converts a row.
func showToken(row store.APIToken) APIToken {
	return APIToken{
		ID: row.ID, Name: row.Name, Hint: row.Hint, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt,
		Expires: row.Expires, Revoked: row.Revoked,
	}
}
