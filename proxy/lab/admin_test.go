package lab

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAdminPath: rules come and go over HTTP, where that is wanted.
func TestAdminPath(t *testing.T) {
	l := New(Options{Pace: -1, Admin: true})
	ask := func(l *Lab, method, path, body string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	chat := func() int {
		status, _ := ask(l, http.MethodPost, "/v1/chat/completions", `{"model":"lab-chat","messages":[{"role":"user","content":"x"}]}`)
		return status
	}
	if status, body := ask(l, http.MethodPost, "/lab/rules", `{"fault":"e503","model":"lab-*","count":2,"for":"30s"}`); status != 200 || !strings.Contains(body, `"until"`) {
		t.Fatalf("%d %s", status, body)
	}
	if got := [3]int{chat(), chat(), chat()}; got != [3]int{503, 503, 200} {
		t.Errorf("statuses %v", got)
	}
	if _, body := ask(l, http.MethodGet, "/lab/rules", ""); !strings.Contains(body, `"used":2`) {
		t.Errorf("rules %s", body)
	}
	ask(l, http.MethodPost, "/lab/rules", `{"fault":"e401","key":"sk-canary-0123456789"}`)
	if _, body := ask(l, http.MethodGet, "/lab/rules", ""); strings.Contains(body, "canary-0123") {
		t.Errorf("a key is shown: %s", body)
	}
	ask(l, http.MethodPost, "/lab/rules", `{"fault":"e500"}`)
	if _, body := ask(l, http.MethodDelete, "/lab/rules", ""); chat() != 200 || !strings.Contains(body, `"rules":[]`) {
		t.Errorf("after DELETE: %s", body)
	}
	if status, body := ask(l, http.MethodGet, "/lab/faults", ""); status != 200 || strings.Count(body, `"Name"`) < 70 {
		t.Errorf("faults: %d, %d names", status, strings.Count(body, `"Name"`))
	}
	if status, _ := ask(l, http.MethodPost, "/lab/reset", ""); status != 200 {
		t.Errorf("reset: %d", status)
	}
	for _, bad := range []string{``, `[]`, `{"fault":"earthquake"}`, `{"fault":"e503","for":"soon"}`, `{"fault":"e503","colour":"red"}`, `{"fault":"e503","count":-1}`, `{"fault":"e503","model":"["}`} {
		if status, body := ask(l, http.MethodPost, "/lab/rules", bad); status != 400 || !strings.Contains(body, "error") {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
	if status, _ := ask(l, http.MethodPut, "/lab/rules", ""); status != 404 {
		t.Errorf("PUT: %d", status)
	}
	if status, _ := ask(New(Options{}), http.MethodGet, "/lab/rules", ""); status != 404 {
		t.Errorf("without Options.Admin: %d", status)
	}
}
