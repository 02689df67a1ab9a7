package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What a session token says of who made it and whom it is for, so that a token
// of any other use of the key is none.
const (
	issuer   = "posthouse"
	audience = "posthouse console"
)

// longestToken is the most a token may have in bytes; ours have about 350.
const longestToken = 2048

// ErrBadSession is for every token that is not one of this installation or has
// expired; a caller is not told which.
var ErrBadSession = errors.New("not a valid session; log in again")

// Claims are what a session token says. They are not enough to let somebody
// in: the session row must be there and not revoked, and the admin's session
// version must be the same.
type Claims struct {
	SessionID, AdminID string
	Version            int64 // store.Admin.SessionVersion at login
	Expires            time.Time
}

// Sessions signs and verifies session tokens.
type Sessions struct {
	key []byte
	now func() time.Time
}

// NewSessions makes a Sessions with the key ring's session key; now may be nil
// for time.Now.
func NewSessions(k *KeyRing, now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{key: k.session, now: now}
}

// tokenClaims is the token's content. There is no "not before": after the
// clock was set back, it would lock everybody out.
type tokenClaims struct {
	jwt.RegisteredClaims
	Version int64 `json:"ver"`
}

// Sign makes the token of a session.
func (s *Sessions) Sign(sessionID, adminID string, version int64, expires time.Time) (string, error) {
	claims := tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, ID: sessionID, Subject: adminID,
			IssuedAt: jwt.NewNumericDate(s.now()), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Version: version,
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign session: %w", err)
	}
	return token, nil
}

// Verify reads a token made by Sign of this installation that has not expired.
// Every other is ErrBadSession.
func (s *Sessions) Verify(token string) (Claims, error) {
	if len(token) > longestToken {
		return Claims{}, ErrBadSession
	}
	var claims tokenClaims
	_, err := jwt.ParseWithClaims(token, &claims,
		func(*jwt.Token) (any, error) { return s.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.now), jwt.WithStrictDecoding())
	if err != nil || claims.ID == "" || claims.Subject == "" {
		return Claims{}, ErrBadSession
	}
	return Claims{
		SessionID: claims.ID, AdminID: claims.Subject, Version: claims.Version, Expires: claims.ExpiresAt.UTC(),
	}, nil
}
