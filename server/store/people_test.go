package store

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestFirstAdminOnce(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	const rivals = 8
	results := make([]error, rivals)
	var wg sync.WaitGroup
	for i := range rivals {
		wg.Go(func() {
			_, results[i] = s.CreateFirstAdmin(context.Background(), Admin{Name: "admin" + strconv.Itoa(i), PasswordHash: "h"})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrExists):
			t.Errorf("loser was told %v; want ErrExists", err)
		}
	}
	admins, err := s.Admins(t.Context())
	if won != 1 || err != nil || len(admins) != 1 || admins[0].SessionVersion != 1 {
		t.Errorf("%d won, admins %+v, %v", won, admins, err)
	}
}

func TestSessions(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	admin, err := s.CreateFirstAdmin(t.Context(), Admin{Name: "root", PasswordHash: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 3 {
		n, err := s.CreateSession(t.Context(), Session{AdminID: admin.ID, Expires: testNow().Add(time.Hour), IP: "127.0.0.1", UserAgent: "ua"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, n.ID)
	}
	live := func() (n int) {
		list, err := s.Sessions(t.Context(), admin.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			if !one.Revoked {
				n++
			}
		}
		return n
	}
	if err := errors.Join(s.TouchSession(t.Context(), ids[0]), s.RevokeSession(t.Context(), ids[0])); err != nil {
		t.Fatal(err)
	}
	if one, err := s.Session(t.Context(), ids[0]); err != nil || !one.Revoked || live() != 2 {
		t.Errorf("after revoking one: %+v, %v, %d live", one, err, live())
	}
	if err := s.RevokeSessions(t.Context(), admin.ID, ids[2]); err != nil || live() != 1 {
		t.Errorf("after revoking all but one: %v, %d live", err, live())
	}
	if err := s.SetPassword(t.Context(), admin.ID, "h2"); err != nil || live() != 0 {
		t.Errorf("after a new password: %v, %d live", err, live())
	}
	if got, err := s.AdminByName(t.Context(), "root"); err != nil || got.SessionVersion != 2 || got.PasswordHash != "h2" {
		t.Errorf("admin %+v, %v", got, err)
	}
	if err := s.SetPassword(t.Context(), "nope", "h"); !errors.Is(err, ErrNotFound) {
		t.Errorf("password of nobody: %v", err)
	}
}

func TestAPITokens(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	admin, err := s.CreateFirstAdmin(t.Context(), Admin{Name: "root"})
	if err != nil {
		t.Fatal(err)
	}
	hash := [32]byte{9}
	token, err := s.CreateAPIToken(t.Context(), APIToken{Name: "ci", AdminID: admin.ID, Hash: hash, Hint: "pht-****wxyz"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAPIToken(t.Context(), APIToken{Name: "again", AdminID: admin.ID, Hash: hash}); !errors.Is(err, ErrExists) {
		t.Errorf("second token of a hash: %v", err)
	}
	if err := errors.Join(s.TouchAPIToken(t.Context(), token.ID), s.RevokeAPIToken(t.Context(), token.ID)); err != nil {
		t.Fatal(err)
	}
	got, err := s.APITokenByHash(t.Context(), hash)
	if err != nil || !got.Revoked || got.LastUsedAt.IsZero() || !got.Expires.IsZero() || got.Hash != hash {
		t.Errorf("token %+v, %v", got, err)
	}
	if list, err := s.APITokens(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("tokens %+v, %v", list, err)
	}
}
