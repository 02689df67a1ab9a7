package server

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// upload sends a backup as the console would.
func (w *world) upload(body []byte, kind string) *reply {
	w.t.Helper()
	return w.send(post, restorePath, bytes.NewReader(body), http.Header{
		"Content-Type": {kind}, "Cookie": {cookieName + "=" + w.cookie}, "Origin": {w.url},
	})
}

func TestRestoreIsStaged(t *testing.T) {
	w := newAdminWorld(t)
	backup := w.do(get, "/api/backup", nil).want(http.StatusOK).body
	staged := func() bool { return into[RestoreState](w.do(get, restorePath, nil).want(http.StatusOK)).Staged }

	w.upload(backup, "application/json").want(http.StatusUnsupportedMediaType)
	for name, body := range map[string][]byte{"text": []byte("no backup at all"), "half": backup[:len(backup)/2], "nothing": nil} {
		p := w.upload(body, "application/gzip").want(http.StatusBadRequest).problem()
		if p.Code != "bad_backup" || !strings.Contains(p.Detail, "nothing was changed") {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if staged() {
		t.Fatal("something that is no backup is staged")
	}
	w.upload(backup, "application/gzip").want(http.StatusNoContent)
	if !staged() {
		t.Error("the backup is not staged")
	}
	// What is served goes on as it was.
	w.do(get, "/api/me", nil).want(http.StatusOK)
	w.do(del, restorePath, nil).want(http.StatusOK)
	if staged() {
		t.Error("it cannot be given up")
	}

	cookie := w.cookie
	token := into[struct{ Key string }](w.do(post, "/api/tokens", map[string]any{"name": "ci"}).want(http.StatusOK)).Key
	w.send(post, restorePath, bytes.NewReader(backup), http.Header{"Content-Type": {"application/gzip"}, "Authorization": {"Bearer " + token}}).want(http.StatusForbidden)
	w.send(post, restorePath, bytes.NewReader(backup), http.Header{"Content-Type": {"application/gzip"}}).want(http.StatusUnauthorized)
	w.send(post, restorePath, bytes.NewReader(backup), http.Header{
		"Content-Type": {"application/gzip"}, "Cookie": {cookieName + "=" + cookie}, "Origin": {"https://evil.example"},
	}).want(http.StatusForbidden)
}
