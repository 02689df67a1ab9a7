package server

import (
	"net/http"
	"strings"

	"github.com/posthouse/posthouse/proxy"
)

// playgroundPath is where the console tries models: what is posted there is
// served as the proxy serves it, over the console's own door, because a page
// may talk to no other.
const playgroundPath = "/api/playground/chat/completions"

// playground hands a chat call of a logged-in admin to the gateway. The caller
// is let in whatever the access mode; the answer, errors included, is the
// proxy's, streamed as it comes. It is not an operation of the API: its body
// and answer are OpenAI's, and the gateway's own limits hold for them.
func (s *Server) playground(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		writeProblem(w, problem(http.StatusUnsupportedMediaType, "content_type", "send JSON with Content-Type: application/json"))
		return
	}
	who := identityFrom(r.Context())
	call := r.Clone(proxy.Trusted(r.Context(), "playground: "+who.Name))
	call.URL.Path, call.URL.RawPath, call.URL.RawQuery = "/v1/chat/completions", "", ""
	for _, credential := range []string{"Authorization", "Cookie"} {
		call.Header.Del(credential)
	}
	s.opts.Gateway.ServeHTTP(w, call)
}
