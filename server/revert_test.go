package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestRevertOverTheAPI(t *testing.T) {
	w := newAdminWorld(t)
	provider := w.provider("one")
	route := w.route("chat", "one")
	last := func() Revision {
		return into[struct{ Revisions []Revision }](w.do(get, "/api/revisions?limit=1", nil).want(http.StatusOK)).Revisions[0]
	}
	made := last()
	w.do(del, "/api/routes/"+route.ID, nil).want(http.StatusNoContent)
	deleted := last()

	w.do(post, "/api/revisions/999/revert", map[string]any{}).want(http.StatusNotFound)
	lost := into[struct{ Lost []string }](w.do(post, fmt.Sprintf("/api/revisions/%d/revert", deleted.ID), map[string]any{}).want(http.StatusOK)).Lost
	if len(lost) != 0 {
		t.Errorf("lost %q", lost)
	}
	back := into[Route](w.do(get, "/api/routes/"+route.ID, nil).want(http.StatusOK))
	if back.Name != "chat" || len(back.Targets) != 1 {
		t.Errorf("came back as %+v", back)
	}
	if s := last().Summary; !strings.HasPrefix(s, fmt.Sprintf("revert change %d", deleted.ID)) {
		t.Errorf("the audit log says %q", s)
	}

	// Undoing that it was made deletes it; what is in use stays, with a reason.
	w.do(post, fmt.Sprintf("/api/revisions/%d/revert", made.ID), map[string]any{}).want(http.StatusOK)
	w.do(get, "/api/routes/"+route.ID, nil).want(http.StatusNotFound)
	w.route("again", "one")
	first := into[struct{ Revisions []Revision }](w.do(get, "/api/revisions?limit=200", nil).want(http.StatusOK)).Revisions
	p := w.do(post, fmt.Sprintf("/api/revisions/%d/revert", first[len(first)-1].ID), map[string]any{}).want(http.StatusConflict).problem()
	if p.Code != "in_use" {
		t.Errorf("reverting the making of a provider in use: %+v", p)
	}

	// What was changed again since is left alone unless one insists.
	change := func(name string) Revision {
		now := into[Provider](w.do(get, "/api/providers/"+provider.ID, nil).want(http.StatusOK))
		w.do(put, "/api/providers/"+provider.ID, map[string]any{"name": name, "vendor": "deepseek", "version": now.Version}).want(http.StatusOK)
		return last()
	}
	two := change("two")
	change("three")
	if p := w.do(post, fmt.Sprintf("/api/revisions/%d/revert", two.ID), map[string]any{}).want(http.StatusConflict).problem(); p.Code != "changed_since" {
		t.Errorf("reverting what was changed since: %+v", p)
	}
	w.do(post, fmt.Sprintf("/api/revisions/%d/revert", two.ID), map[string]any{"force": true}).want(http.StatusOK)
	now := into[Provider](w.do(get, "/api/providers/"+provider.ID, nil).want(http.StatusOK))
	if now.Name != "one" || len(now.Keys) != 1 || now.Keys[0].Hint == "" {
		t.Errorf("after the forced revert: %+v", now)
	}
}
