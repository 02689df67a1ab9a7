package store

import (
	"context"
	"encoding/hex"
	"fmt"
)

// CreateAPIToken adds a token by its hash. ID (if empty) and CreatedAt are
// filled in.
func (s *Store) CreateAPIToken(ctx context.Context, t APIToken) (APIToken, error) {
	if err := checkName("API token", t.Name); err != nil {
		return APIToken{}, err
	}
	if t.ID == "" {
		t.ID = NewID()
	}
	row := apiTokenRow{
		ID: t.ID, Name: t.Name, AdminID: t.AdminID, Hash: hex.EncodeToString(t.Hash[:]), Hint: t.Hint,
		CreatedMS: toMS(s.opts.Now()), ExpiresMS: toMS(t.Expires),
	}
	if err := insert(s.write.WithContext(ctx), "API token", &row); err != nil {
		return APIToken{}, err
	}
	return apiTokenOf(row), nil
}

// APITokenByHash reads one token by the SHA-256 of it, also one that is
// revoked or expired.
func (s *Store) APITokenByHash(ctx context.Context, hash [32]byte) (APIToken, error) {
	row, err := find[apiTokenRow](s.at(ctx).db, "API token", "hash", hex.EncodeToString(hash[:]))
	return apiTokenOf(row), err
}

// APITokens reads all tokens, newest first.
func (s *Store) APITokens(ctx context.Context) ([]APIToken, error) {
	var rows []apiTokenRow
	if err := s.at(ctx).db.Order("created_ms DESC, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read API tokens: %w", dbError(err))
	}
	return mapped(rows, apiTokenOf), nil
}

// RevokeAPIToken ends a token.
func (s *Store) RevokeAPIToken(ctx context.Context, id string) error {
	return s.set(ctx, "API token", "api_tokens", id, "revoked", true)
}

// TouchAPIToken notes that a token was used now. Each call is a write to the
// disk: call it once a minute, not once a request.
func (s *Store) TouchAPIToken(ctx context.Context, id string) error {
	return s.set(ctx, "API token", "api_tokens", id, "last_used_ms", toMS(s.opts.Now()))
}

func apiTokenOf(r apiTokenRow) APIToken {
	return APIToken{
		ID: r.ID, Name: r.Name, AdminID: r.AdminID, Hash: toHash(r.Hash), Hint: r.Hint,
		CreatedAt: fromMS(r.CreatedMS), LastUsedAt: fromMS(r.LastUsedMS), Expires: fromMS(r.ExpiresMS), Revoked: r.Revoked,
	}
}
