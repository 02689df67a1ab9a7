package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

func TestSetupOnceAndOneWins(t *testing.T) {
	w := newWorld(t, worldOptions{})
	if s := into[SetupState](w.do(get, "/api/setup", nil).want(200)); !s.Needed || s.TokenNeeded {
		t.Errorf("setup state %+v", s)
	}
	var mu sync.Mutex
	counts := map[int]int{}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			a := w.do(post, "/api/setup", map[string]any{"name": fmt.Sprintf("ada%d", i), "password": adminPassword})
			mu.Lock()
			counts[a.status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if counts[200] != 1 || counts[409] != 5 {
		t.Errorf("six setups at once: %v", counts)
	}
	if s := into[SetupState](w.do(get, "/api/setup", nil).want(200)); s.Needed {
		t.Error("setup is still needed")
	}
	w.do(post, "/api/setup", map[string]any{"name": "late", "password": adminPassword}).want(http.StatusConflict)
}

func TestSetupFromElsewhereNeedsToken(t *testing.T) {
	const token = "the-token-of-this-test"
	w := newWorld(t, worldOptions{setupToken: token})
	try := func(header http.Header, token string) *reply {
		header.Set("Content-Type", "application/json")
		body := fmt.Sprintf(`{"name":"ada","password":%q,"token":%q}`, adminPassword, token)
		return w.send(post, "/api/setup", strings.NewReader(body), header)
	}
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-Ip"} {
		if s := into[SetupState](w.send(get, "/api/setup", nil, http.Header{name: {"127.0.0.1"}})); !s.TokenNeeded {
			t.Errorf("%s: no token needed", name)
		}
	}
	try(http.Header{"X-Forwarded-For": {"127.0.0.1"}}, "").want(http.StatusForbidden)
	try(http.Header{"Forwarded": {"for=127.0.0.1"}}, "wrong").want(http.StatusForbidden)
	try(http.Header{"X-Forwarded-For": {"10.0.0.9"}}, token).want(http.StatusOK)

	closed := newWorld(t, worldOptions{}) // no token: nobody from elsewhere
	closed.send(post, "/api/setup", strings.NewReader(`{"name":"ada","password":"correct horse battery","token":""}`),
		http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {"10.0.0.9"}}).want(http.StatusForbidden)
}

func TestSetupRefusesBadPasswordsQuickly(t *testing.T) {
	w := newWorld(t, worldOptions{})
	for _, password := range []string{"", "short", "0123456789a", strings.Repeat("x", 900<<10)} {
		start := time.Now()
		name := "ada"
		if password == "0123456789a" {
			name = password
		}
		w.do(post, "/api/setup", map[string]any{"name": name, "password": password}).want(400).at("body.password")
		// Work that grows with the square of the length would take minutes; a
		// busy machine makes seconds of a tenth of one.
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("a password of %d bytes took %s", len(password), took)
		}
	}
	for _, name := range []string{"", " ada", "a\r\nb", "a\x00b", strings.Repeat("n", 200), "a\u202eb"} {
		w.do(post, "/api/setup", map[string]any{"name": name, "password": adminPassword}).want(400).at("body.name")
	}
}

func TestPasswordsAreNeverCut(t *testing.T) {
	w := newWorld(t, worldOptions{})
	long := strings.Repeat("é:😀 ", 20)
	w.do(post, "/api/setup", map[string]any{"name": adminName, "password": long + "1"}).want(200)
	w.do(post, "/api/login", map[string]any{"name": adminName, "password": long + "2"}).want(401)
	w.do(post, "/api/login", map[string]any{"name": adminName, "password": long + "1"}).want(200)
}

func TestLoginCookieAndLogout(t *testing.T) {
	w := newAdminWorld(t)
	a := w.send(post, "/api/login", strings.NewReader(fmt.Sprintf(`{"name":%q,"password":%q}`, adminName, adminPassword)),
		http.Header{"Content-Type": {"application/json"}, "X-Forwarded-Proto": {"https"}}).want(200)
	set := a.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Secure", "Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("cookie %q lacks %s", set, want)
		}
	}
	if me := into[Me](w.do(get, "/api/me", nil).want(200)); me.Name != adminName || me.Via != "session" {
		t.Errorf("me %+v", me)
	}
	w.do(post, "/api/logout", nil).want(204)
	w.do(get, "/api/me", nil).want(401)
	w.cookie = a.session()
	w.do(get, "/api/me", nil).want(200)
	w.do(post, "/api/logout-all", nil).want(204)
	w.do(get, "/api/me", nil).want(401)
}

func TestLogoutSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	var old string
	t.Run("before", func(t *testing.T) {
		w := newWorld(t, worldOptions{dir: dir})
		a := w.do(post, "/api/setup", map[string]any{"name": adminName, "password": adminPassword}).want(200)
		old = a.session()
		w.cookie = old
		w.do(post, "/api/logout", nil).want(204)
	})
	t.Run("after", func(t *testing.T) {
		w := newWorld(t, worldOptions{dir: dir})
		w.cookie = old
		w.do(get, "/api/me", nil).want(401)
	})
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	w := newAdminWorld(t)
	other := w.do(post, "/api/login", map[string]any{"name": adminName, "password": adminPassword}).want(200).session()
	w.do(post, "/api/password", map[string]any{"current": "wrong wrong wrong", "new": "another good one"}).want(400).at("body.current")
	w.do(post, "/api/password", map[string]any{"current": adminPassword, "new": "short"}).want(400).at("body.new")
	a := w.do(post, "/api/password", map[string]any{"current": adminPassword, "new": "another good one"}).want(200)
	mine := w.cookie
	for _, dead := range []string{other, mine} {
		w.cookie = dead
		w.do(get, "/api/me", nil).want(401)
	}
	w.cookie = a.session()
	w.do(get, "/api/me", nil).want(200)
	w.do(post, "/api/login", map[string]any{"name": adminName, "password": adminPassword}).want(401)
	w.do(post, "/api/login", map[string]any{"name": adminName, "password": "another good one"}).want(200)
}

func TestLockOut(t *testing.T) {
	for _, name := range []string{adminName, "nobody"} {
		t.Run(name, func(t *testing.T) {
			w := newAdminWorld(t)
			var first []byte
			locked := false
			for range 12 {
				a := w.do(post, "/api/login", map[string]any{"name": name, "password": "wrong wrong wrong"}).want(401, 429)
				if a.status == 429 {
					locked = true
					if a.header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
					break
				}
				if first == nil {
					first = a.body
				}
			}
			if !locked {
				t.Fatal("never locked out")
			}
			if !strings.Contains(string(first), "the name or the password is wrong") {
				t.Errorf("answer %s", first)
			}
			w.do(post, "/api/login", map[string]any{"name": name, "password": adminPassword}).want(429)
			w.offset.Add(int64(24 * time.Hour))
			if name == adminName {
				w.do(post, "/api/login", map[string]any{"name": name, "password": adminPassword}).want(200)
			}
		})
	}
}

func TestForgedSessions(t *testing.T) {
	w := newAdminWorld(t)
	good := w.cookie
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	sign := func(head, secret string) string {
		text := b64([]byte(head)) + "." + parts[1]
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		return text + "." + b64(mac.Sum(nil))
	}
	forged := map[string]string{
		"alg none":     b64([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + ".",
		"no signature": parts[0] + "." + parts[1] + ".",
		"kid path":     sign(`{"alg":"HS256","kid":"../../../../dev/null"}`, ""),
		"dots":         strings.Repeat(".", 10_000),
		"empty":        "",
		"rubbish":      "abc",
	}
	for _, secret := range []string{"secret", "", "123456", "posthouse"} {
		forged["secret "+secret] = sign(`{"alg":"HS256","typ":"JWT"}`, secret)
	}
	for name, cookie := range forged {
		a := w.send(get, "/api/me", nil, http.Header{"Cookie": {cookieName + "=" + cookie}})
		if a.status != 401 || len(a.body) > 1024 {
			t.Errorf("%s: %d with %d bytes", name, a.status, len(a.body))
		}
	}
	for _, name := range []string{"token", "access_token", "session", cookieName, "jwt"} {
		w.send(get, "/api/me?"+name+"="+good, nil, http.Header{}).want(401)
	}
	w.send(get, "/api/me", nil, http.Header{"Authorization": {"Bearer " + good}}).want(401)
	w.send(get, "/api/me", nil, http.Header{"Authorization": {"Bearer ph-" + strings.Repeat("a", 43)}}).want(401)
	w.offset.Add(int64(8 * 24 * time.Hour))
	w.do(get, "/api/me", nil).want(401)
}

func TestAPITokens(t *testing.T) {
	w := newAdminWorld(t)
	made := into[struct {
		Key   string
		Token APIToken
	}](w.do(post, "/api/tokens", map[string]any{"name": "ci", "expires": time.Now().Add(time.Hour)}).want(200))
	if !strings.HasPrefix(made.Key, proxy.TokenPrefix) {
		t.Fatalf("key %q", made.Key)
	}
	if list := w.do(get, "/api/tokens", nil).want(200); strings.Contains(string(list.body), made.Key) {
		t.Error("the list shows the token")
	}
	session := w.cookie
	w.cookie, w.bearer = "", made.Key
	if me := into[Me](w.do(get, "/api/me", nil).want(200)); me.Name != "ci" || me.Via != "token" {
		t.Errorf("me %+v", me)
	}
	w.provider("by-token")
	w.do(post, "/api/tokens", map[string]any{"name": "child"}).want(403)
	w.do(post, "/api/logout", nil).want(403)
	w.do(post, "/api/password", map[string]any{"current": "x", "new": "y"}).want(403)
	w.bearer = made.Key + "x"
	w.do(get, "/api/me", nil).want(401)
	w.bearer, w.cookie = "", session
	w.do(del, "/api/tokens/"+made.Token.ID, nil).want(204)
	w.do(del, "/api/tokens/none", nil).want(404)
	w.cookie, w.bearer = "", made.Key
	w.do(get, "/api/me", nil).want(401)
}
