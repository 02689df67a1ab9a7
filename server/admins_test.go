package server

import (
	"net/http"
	"testing"
	"time"
)

type adminsBody struct{ Admins []AdminUser }

// TestAdminsComeAndGo: another admin is made with one's own password once
// more, logs in, is seen with the session, and is gone with it at once.
func TestAdminsComeAndGo(t *testing.T) {
	w := newAdminWorld(t)
	second := map[string]any{"name": "bo", "password": "another horse battery"}
	with := func(current string) map[string]any {
		body := map[string]any{"current": current}
		for k, v := range second {
			body[k] = v
		}
		return body
	}
	w.do(post, "/api/admins", with("not mine at all")).want(http.StatusBadRequest).at("body.current")
	made := into[AdminUser](w.do(post, "/api/admins", with(adminPassword)).want(http.StatusOK))
	w.do(post, "/api/admins", with(adminPassword)).want(http.StatusBadRequest).at("body.name")
	weak := with(adminPassword)
	weak["name"], weak["password"] = "carl", "short"
	w.do(post, "/api/admins", weak).want(http.StatusBadRequest).at("body.password")

	mine := w.cookie
	w.cookie = ""
	theirs := w.do(post, "/api/login", second).want(http.StatusOK).session()
	w.cookie = mine
	list := into[adminsBody](w.do(get, "/api/admins", nil).want(http.StatusOK)).Admins
	if len(list) != 2 || !list[0].You || list[1].You || len(list[1].Sessions) != 1 || !list[0].Sessions[0].This || list[1].Sessions[0].This {
		t.Fatalf("admins: %+v", list)
	}

	// Ending the session lets its cookie in no more; the admin may log in again.
	w.do(del, "/api/sessions/"+list[1].Sessions[0].ID, nil).want(http.StatusNoContent)
	w.cookie = theirs
	w.do(get, "/api/me", nil).want(http.StatusUnauthorized)
	w.cookie = ""
	theirs = w.do(post, "/api/login", second).want(http.StatusOK).session()
	w.cookie = theirs
	token := into[struct{ Key string }](w.do(post, "/api/tokens", map[string]any{"name": "ci"}).want(http.StatusOK)).Key

	w.cookie = mine
	w.do(del, "/api/admins/"+list[0].ID, nil).want(http.StatusConflict)
	w.do(del, "/api/admins/"+made.ID, nil).want(http.StatusNoContent)
	w.cookie = theirs
	w.do(get, "/api/me", nil).want(http.StatusUnauthorized)
	w.cookie, w.bearer = "", token
	w.do(get, "/api/me", nil).want(http.StatusUnauthorized)
	w.bearer, w.cookie = "", mine
	w.do(del, "/api/admins/"+made.ID, nil).want(http.StatusNotFound)
}

// TestAdminsAreForPeople: an API token sees the list and changes nothing.
func TestAdminsAreForPeople(t *testing.T) {
	w := newAdminWorld(t)
	token := into[struct{ Key string }](w.do(post, "/api/tokens", map[string]any{"name": "ci", "expires": time.Now().Add(time.Hour)}).want(http.StatusOK)).Key
	me := into[Me](w.do(get, "/api/me", nil).want(http.StatusOK))
	session := into[adminsBody](w.do(get, "/api/admins", nil).want(http.StatusOK)).Admins[0].Sessions[0].ID
	w.cookie, w.bearer = "", token
	w.do(get, "/api/admins", nil).want(http.StatusOK)
	w.do(post, "/api/admins", map[string]any{"name": "x", "password": "long enough for that", "current": adminPassword}).want(http.StatusForbidden)
	w.do(del, "/api/admins/"+me.ID, nil).want(http.StatusForbidden)
	w.do(del, "/api/sessions/"+session, nil).want(http.StatusForbidden)
	w.do(del, "/api/restore", nil).want(http.StatusForbidden)
}

// TestPasswordOfAnotherIsNotGuessed: trying out one's own password counts
// towards the lock-out.
func TestPasswordOfAnotherIsNotGuessed(t *testing.T) {
	w := newAdminWorld(t)
	body := map[string]any{"name": "x", "password": "long enough for that", "current": "wrong password"}
	for range 20 {
		if a := w.do(post, "/api/admins", body).want(http.StatusBadRequest, http.StatusTooManyRequests); a.status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("one's own password can be guessed for ever")
}
