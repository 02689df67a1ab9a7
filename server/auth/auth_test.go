package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func testRing(t *testing.T) *KeyRing {
	t.Helper()
	k, err := OpenKeyFile(filepath.Join(t.TempDir(), "master.key"), "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "master.key")
	first, err := OpenKeyFile(path, "")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := OpenKeyFile(path, "")
	if err != nil {
		t.Fatal(err)
	}
	if first.ID() != second.ID() || !bytes.Equal(first.session, second.session) {
		t.Error("the same file gave another key")
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v after opening; want 0600", info.Mode())
	}
	if other := testRing(t); bytes.Equal(other.session, first.session) || other.ID() == first.ID() {
		t.Error("two installations share a key")
	}
	for _, bad := range []string{"", "short", strings.Repeat("z", 64), "\x00\x01"} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKeyFile(path, ""); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("key file %q: error %v; want one that names the file", bad, err)
		}
		if text, _ := os.ReadFile(path); string(text) != bad {
			t.Errorf("key file %q was changed", bad)
		}
	}
}

func TestKeyFromEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	raw := bytes.Repeat([]byte{0xfb, 0xef}, 16)
	var ids []string
	for _, text := range []string{
		base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw), fmt.Sprintf("%x", raw), " " + fmt.Sprintf("%X", raw) + "\n",
	} {
		k, err := OpenKeyFile(path, text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		ids = append(ids, k.ID())
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("spellings of one key give ids %v", ids)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a key file was made although the key came from the environment")
	}
	if _, err := OpenKeyFile(path, "secret-canary"); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("bad key: %v; want an error that does not show it", err)
	}
}

func TestSeal(t *testing.T) {
	k := testRing(t)
	sealed, err := k.Seal([]byte("sk-canary"), "row-1")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sealed, "canary") {
		t.Error("the secret is in the sealed text")
	}
	if again, _ := k.Seal([]byte("sk-canary"), "row-1"); again == sealed {
		t.Error("sealing twice gives the same text")
	}
	if plain, err := k.Unseal(sealed, "row-1"); err != nil || string(plain) != "sk-canary" {
		t.Errorf("unseal: %q, %v", plain, err)
	}
	flipped := sealed[:len(sealed)-2] + string(sealed[len(sealed)-2]^1) + sealed[len(sealed)-1:]
	cases := map[string]struct {
		ring        *KeyRing
		sealed, aad string
	}{
		"other row":  {k, sealed, "row-2"},
		"other ring": {testRing(t), sealed, "row-1"},
		"flipped":    {k, flipped, "row-1"},
		"cut":        {k, sealed[:len(sealed)-8], "row-1"},
		"empty":      {k, "", "row-1"},
		"no body":    {k, "v1." + k.ID() + ".", "row-1"},
		"future":     {k, "v2" + sealed[2:], "row-1"},
	}
	for name, c := range cases {
		if plain, err := c.ring.Unseal(c.sealed, c.aad); err == nil {
			t.Errorf("%s: unsealed to %q", name, plain)
		}
	}
}

func FuzzUnseal(f *testing.F) {
	k, err := newKeyRing(make([]byte, masterSize))
	if err != nil {
		f.Fatal(err)
	}
	sealed, _ := k.Seal([]byte("x"), "row")
	f.Add(sealed)
	f.Add("v1..")
	f.Fuzz(func(t *testing.T, s string) {
		if plain, err := k.Unseal(s, "another row"); err == nil {
			t.Errorf("unsealed %q to %q", s, plain)
		}
	})
}

func TestPasswords(t *testing.T) {
	ctx := t.Context()
	long := strings.Repeat("a", 72)
	for _, pw := range []string{"correct horse", "a:b c\x00d🙂 e", long + "1", strings.Repeat("x", 1024)} {
		hash, err := HashPassword(ctx, pw)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("hash %q does not carry its parameters", hash)
		}
		for try, want := range map[string]bool{pw: true, pw + " ": false, pw[:len(pw)-1]: false, long + "2": false} {
			if ok, err := VerifyPassword(ctx, hash, try); err != nil || ok != want {
				t.Errorf("%.20q against the hash of %.20q: %v, %v; want %v", try, pw, ok, err, want)
			}
		}
	}
	if ok, err := VerifyPassword(ctx, DummyHash(), "whatever it is"); ok || err != nil {
		t.Errorf("dummy hash: %v, %v", ok, err)
	}
}

func TestHugePasswordIsNotHashed(t *testing.T) {
	huge := strings.Repeat("a", 1<<20)
	start := time.Now()
	if _, err := HashPassword(t.Context(), huge); !errors.Is(err, ErrPasswordTooLong) {
		t.Errorf("hash: %v", err)
	}
	if ok, err := VerifyPassword(t.Context(), DummyHash(), huge); ok || err != nil {
		t.Errorf("verify: %v, %v", ok, err)
	}
	if err := CheckPassword("admin", huge); !errors.Is(err, ErrPasswordTooLong) {
		t.Errorf("check: %v", err)
	}
	if took := time.Since(start); took > 50*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func TestCheckPassword(t *testing.T) {
	cases := map[string]bool{
		"": false, "short": false, "123456789": false, "1234567890": true, "administrator": false, " ADMINISTRATOR ": false,
		"密码密码密码密码密码": true, "密码密码密码": false, "bad\xffutf8 bytes": false, "with:colon and space": true,
	}
	for pw, want := range cases {
		if err := CheckPassword("administrator", pw); (err == nil) != want {
			t.Errorf("%q: %v", pw, err)
		}
	}
}

func TestDamagedHashes(t *testing.T) {
	good := DummyHash()
	for _, bad := range []string{
		"", "$", "plain", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "m=19456", "m=99999999", 1),
		strings.Replace(good, "t=2", "t=0", 1), strings.Replace(good, "p=1", "p=300", 1), good[:len(good)-30], good + "$x",
	} {
		if ok, err := VerifyPassword(t.Context(), bad, "whatever it is"); ok || err == nil {
			t.Errorf("%q: %v, %v; want an error", bad, ok, err)
		}
	}
}

func TestHashingWaitsItsTurn(t *testing.T) {
	hashing <- struct{}{}
	hashing <- struct{}{}
	defer func() { <-hashing; <-hashing }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := HashPassword(ctx, "correct horse"); !errors.Is(err, context.Canceled) {
		t.Errorf("third at once: %v", err)
	}
}

func TestSession(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := NewSessions(testRing(t), func() time.Time { return now })
	expires := now.Add(12 * time.Hour)
	token, err := s.Sign("session", "admin", 3, expires)
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{SessionID: "session", AdminID: "admin", Version: 3, Expires: expires.UTC()}
	for _, jump := range []time.Duration{0, 11 * time.Hour, -24 * time.Hour} { // also after the clock was set back a day
		now = time.Unix(1_800_000_000, 0).Add(jump)
		if got, err := s.Verify(token); err != nil || got != want {
			t.Errorf("after %v: %+v, %v", jump, got, err)
		}
	}
	now = expires.Add(time.Second)
	if _, err := s.Verify(token); !errors.Is(err, ErrBadSession) {
		t.Errorf("expired: %v", err)
	}
}

// TestForgedSessions presents what attackers do.
func TestForgedSessions(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ring := testRing(t)
	s := NewSessions(ring, func() time.Time { return now })
	claims := func(change func(map[string]any)) map[string]any {
		c := map[string]any{"iss": issuer, "aud": audience, "sub": "admin", "jti": "session", "ver": 1, "exp": now.Add(time.Hour).Unix()}
		if change != nil {
			change(c)
		}
		return c
	}
	head := map[string]any{"alg": "HS256", "typ": "JWT"}
	good := forge(t, head, claims(nil), ring.session)
	if _, err := s.Verify(good); err != nil {
		t.Fatalf("the model of all forgeries: %v", err)
	}
	parts := strings.Split(good, ".")
	cases := map[string]string{
		"none":               forge(t, map[string]any{"alg": "none"}, claims(nil), nil),
		"NoNe":               forge(t, map[string]any{"alg": "NoNe"}, claims(nil), nil),
		"no signature":       parts[0] + "." + parts[1] + ".",
		"two parts":          parts[0] + "." + parts[1],
		"HS512 label":        forge(t, map[string]any{"alg": "HS512"}, claims(nil), ring.session),
		"RS256 label":        forge(t, map[string]any{"alg": "RS256"}, claims(nil), ring.session),
		"kid path":           forge(t, map[string]any{"alg": "HS256", "kid": "../../dev/null"}, claims(nil), nil),
		"embedded key":       forge(t, map[string]any{"alg": "HS256", "jwk": map[string]any{"kty": "oct", "k": ""}}, claims(nil), nil),
		"expired":            forge(t, head, claims(func(c map[string]any) { c["exp"] = now.Add(-time.Second).Unix() }), ring.session),
		"never expires":      forge(t, head, claims(func(c map[string]any) { delete(c, "exp") }), ring.session),
		"not yet":            forge(t, head, claims(func(c map[string]any) { c["nbf"] = now.Add(time.Hour).Unix() }), ring.session),
		"other issuer":       forge(t, head, claims(func(c map[string]any) { c["iss"] = "evil" }), ring.session),
		"other audience":     forge(t, head, claims(func(c map[string]any) { c["aud"] = "evil" }), ring.session),
		"no session":         forge(t, head, claims(func(c map[string]any) { delete(c, "jti") }), ring.session),
		"other installation": forge(t, head, claims(nil), testRing(t).session),
		"1 MB of dots":       strings.Repeat(".", 1<<20),
		"huge":               good + strings.Repeat("A", 1<<20),
		"empty":              "",
		"garbage":            "a.b.c",
		"trailing part":      good + ".x",
	}
	for _, secret := range []string{"", "secret", "123456", "changeme"} {
		cases["signed with "+secret] = forge(t, head, claims(nil), []byte(secret))
	}
	for name, token := range cases {
		if got, err := s.Verify(token); !errors.Is(err, ErrBadSession) {
			t.Errorf("%s: %+v, %v; want ErrBadSession", name, got, err)
		}
	}
}

// forge makes a token by hand, as no library would.
func forge(t *testing.T, head, claims map[string]any, key []byte) string {
	t.Helper()
	h, err1 := json.Marshal(head)
	c, err2 := json.Marshal(claims)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding
	text := b64.EncodeToString(h) + "." + b64.EncodeToString(c)
	if key == nil {
		return text + "."
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + b64.EncodeToString(mac.Sum(nil))
}

func TestPasswordResetTokenIsNoSession(t *testing.T) {
	k := testRing(t)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS384, jwt.MapClaims{"iss": issuer}).SignedString(k.session)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSessions(k, nil).Verify(token); !errors.Is(err, ErrBadSession) {
		t.Errorf("HS384: %v", err)
	}
}

func TestLockout(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := NewLockout(func() time.Time { return now })
	fail := func(times int) {
		for range times {
			l.Fail("name:root")
		}
	}
	expect := func(when string, want time.Duration) {
		t.Helper()
		if got := l.Check("name:root"); got != want {
			t.Errorf("%s: wait %v; want %v", when, got, want)
		}
	}
	fail(4)
	expect("four failures", 0)
	fail(1)
	expect("five failures", 30*time.Second)
	if got := l.Check("ip:192.0.2.1"); got != 0 {
		t.Errorf("another key waits %v", got)
	}
	now = now.Add(29 * time.Second)
	expect("29 s later", time.Second)
	now = now.Add(time.Second)
	expect("30 s later", 0)
	fail(1)
	expect("six failures", time.Minute)
	fail(60)
	expect("many failures", 15*time.Minute)
	now = now.Add(-48 * time.Hour)
	expect("clock set back two days", 15*time.Minute)
	now = now.Add(48*time.Hour + 25*time.Hour)
	expect("a day later", 0)
	fail(5)
	l.Succeed("name:root")
	expect("after the right password", 0)
	if len(l.byKey) != 0 || l.order.Len() != 0 {
		t.Errorf("%d keys remembered", len(l.byKey))
	}
}

func TestLockoutCountsParallelGuesses(t *testing.T) {
	l := NewLockout(nil)
	var mu sync.Mutex
	var passed int
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if l.Take("name:root") == 0 {
				mu.Lock()
				passed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if passed != freeFailures {
		t.Errorf("%d of 200 parallel guesses passed; want %d", passed, freeFailures)
	}
}

func TestLockoutForgetsTheOldestWhenFull(t *testing.T) {
	l := NewLockout(nil)
	for i := range mostRemembered + 500 {
		l.Fail(fmt.Sprintf("ip:%d", i))
	}
	if len(l.byKey) != mostRemembered || l.order.Len() != mostRemembered {
		t.Errorf("%d keys remembered; want %d", len(l.byKey), mostRemembered)
	}
}

func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key, hash, hint := NewConsumerKey()
		if len(key) != 3+43 || !strings.HasPrefix(key, "ph-") || strings.Trim(key[3:], base62) != "" {
			t.Fatalf("consumer key %q", key)
		}
		if hash != HashKey(key) || seen[key] || hint != "ph-****"+key[len(key)-4:] {
			t.Fatalf("consumer key %q: hash or hint %q is wrong, or it came twice", key, hint)
		}
		seen[key] = true
	}
	if token, _, hint := NewAPIToken(); len(token) != 4+43 || !strings.HasPrefix(token, "pht-") || !strings.HasPrefix(hint, "pht-****") {
		t.Errorf("API token %q, hint %q", token, hint)
	}
}

func TestSetupFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "setup-token")
	f, err := OpenSetupFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(f.Token()); err != nil || len(raw) != 32 {
		t.Errorf("token %q: %d bytes, %v", f.Token(), len(raw), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v, %v", info.Mode(), err)
	}
	again, err := OpenSetupFile(path)
	if err != nil || again.Token() != f.Token() {
		t.Errorf("second start: %v, another token", err)
	}
	for token, want := range map[string]bool{f.Token(): true, "": false, f.Token() + "x": false, "x": false} {
		if f.Matches(token) != want {
			t.Errorf("Matches(%q) is not %v", token, want)
		}
	}
	if err := os.WriteFile(path, []byte("cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	if fresh, err := OpenSetupFile(path); err != nil || len(fresh.Token()) < 43 || fresh.Token() == f.Token() {
		t.Errorf("damaged file: %v", err)
	}
	if err := errors.Join(f.Remove(), f.Remove()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is still there")
	}
}
