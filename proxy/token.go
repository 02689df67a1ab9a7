package proxy

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	// tokenEarly is how long before its end a token is replaced, while the old one
	// still serves; tokenLeast is what must be left of one to use it.
	tokenEarly = 5 * time.Minute
	tokenLeast = 30 * time.Second
	// tokenFresh is how long after it came a token is not worth replacing.
	tokenFresh = 10 * time.Second
	// tokenTime is how long fetching one may take.
	tokenTime = 20 * time.Second
)

// accessToken is what a token endpoint hands out.
type accessToken struct {
	value Secret
	since time.Time
	until time.Time
}

// tokens are those that were fetched for keys, by key and scope. One is fetched
// once however many calls wait for it.
type tokens struct {
	now    func() time.Time
	flight singleflight.Group

	mu   sync.Mutex
	held map[string]accessToken
}

func newTokens(now func() time.Time) *tokens {
	return &tokens{now: now, held: map[string]accessToken{}}
}

// get returns a token for a key and scope, fetching it if need be.
func (t *tokens) get(ctx context.Context, k *key, scope string, fetch func(context.Context) (accessToken, *llm.Error)) (Secret, *llm.Error) {
	name := k.live + " " + scope
	t.mu.Lock()
	got := t.held[name]
	t.mu.Unlock()
	left := got.until.Sub(t.now())
	if left > tokenEarly {
		return got.value, nil
	}
	done := t.flight.DoChan(name, func() (any, error) {
		// Others wait for it, too: it does not end with the call that began it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTime)
		defer cancel()
		fresh, failed := fetch(ctx)
		if failed != nil {
			return failed, nil
		}
		fresh.since = t.now()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.held[name] = fresh
		return fresh, nil
	})
	if left > tokenLeast {
		return got.value, nil // the fresh one is for those who come after
	}
	select {
	case <-ctx.Done():
		return "", &llm.Error{Class: llm.ClassConnect, Message: "no token came in time"}
	case r := <-done:
		switch r := r.Val.(type) {
		case accessToken:
			return r.value, nil
		case *llm.Error:
			e := *r // each call writes its own vendor into it
			return "", &e
		}
	}
	return "", &llm.Error{Class: llm.ClassInternal, Message: "no token came"}
}

// drop forgets the tokens of a key, one of which the vendor refused, and reports
// whether there were any but the freshest: a token that was fetched a moment ago
// is not refused for its age.
func (t *tokens) drop(k *key) bool {
	stale := false
	t.mu.Lock()
	for name, held := range t.held {
		if live, _, _ := strings.Cut(name, " "); live == k.live && t.now().Sub(held.since) > tokenFresh {
			stale = true
		}
	}
	t.mu.Unlock()
	if stale {
		t.keepIf(func(live string) bool { return live != k.live })
	}
	return stale
}

// keep forgets the tokens of keys that are gone.
func (t *tokens) keep(keys []*key) {
	known := map[string]bool{}
	for _, k := range keys {
		known[k.live] = true
	}
	t.keepIf(func(live string) bool { return known[live] })
}

func (t *tokens) keepIf(stays func(live string) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.held {
		if live, _, _ := strings.Cut(name, " "); !stays(live) {
			delete(t.held, name)
		}
	}
}

// tokenClient calls token endpoints by the provider's own way out, with its
// guard against inner addresses. It follows no redirect: a secret goes where
// it was meant to go or nowhere.
func (s *signing) tokenClient() *http.Client {
	return &http.Client{
		Transport:     s.g.transports.get(s.provider.transport),
		Timeout:       tokenTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// refusedToken is the failure of a token endpoint. 4xx means that it does not
// take the credential, but for 429.
func refusedToken(who string, status int, code, description string) *llm.Error {
	e := &llm.Error{Class: llm.ClassServerError, Status: status, Message: who + " gave no token"}
	switch {
	case status == http.StatusTooManyRequests:
		e.Class = llm.ClassRateLimited
	case status >= 400 && status < 500:
		e.Class = llm.ClassAuth
	}
	for _, said := range []string{code, description} {
		if said != "" {
			e.Message += ": " + clipWords(said)
		}
	}
	return e
}

// clipWords is the beginning of what a token endpoint said: one line.
func clipWords(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}
