package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// entry is where a request's path leads: an endpoint, what stood before its
// path (a route's prefix) and what followed it.
type entry struct {
	endpoint *protocol.Endpoint
	before   string // e.g. "/team-a"
	rest     string // after a path that ends in "/"
}

// accept finds the endpoint that a request's path and method mean.
func accept(p *protocol.Protocol, r *http.Request) (entry, *llm.Error) {
	path := r.URL.Path
	at := strings.Index(path, "/v1/")
	if at < 0 || !plain(r) {
		return entry{}, unknownPath(r)
	}
	e := entry{before: path[:at]}
	path = path[at:]
	var allow []string
	for i := range p.Endpoints {
		ep := &p.Endpoints[i]
		rest, found := strings.CutPrefix(path, ep.Path)
		if !found || rest != "" && !strings.HasSuffix(ep.Path, "/") {
			continue
		}
		if ep.Method != "" && ep.Method != r.Method {
			allow = append(allow, ep.Method)
			continue
		}
		if ep.Op == llm.OpPass && (len(allow) > 0 || !passable(r.Method)) {
			break // the path is known, the method is not
		}
		if ep.Op == llm.OpPass && nearly(p, path) {
			return entry{}, unknownPath(r)
		}
		e.endpoint, e.rest = ep, rest
		return e, nil
	}
	if len(allow) == 0 {
		allow = []string{http.MethodGet, http.MethodPost, http.MethodDelete}
	}
	return entry{}, wrongMethod(r, allow)
}

// plain reports whether a path is written the one usual way: no empty or dot
// segments, nothing percent-encoded. The id behind /v1/models/ may be encoded:
// clients write the slash of org/name as %2F there.
func plain(r *http.Request) bool {
	path := r.URL.Path
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if segment == "" && !strings.HasSuffix(path, "/") || segment == "." || segment == ".." {
			return false
		}
	}
	return !strings.Contains(path, "//") && (r.URL.EscapedPath() == path || strings.HasPrefix(path, "/v1/models/"))
}

// nearly reports whether a path is that of an endpoint but for its case or a
// slash at its end. Passed through, it would go round what the endpoint checks.
func nearly(p *protocol.Protocol, path string) bool {
	path = strings.TrimRight(path, "/")
	return slices.ContainsFunc(p.Endpoints, func(ep protocol.Endpoint) bool {
		return ep.Op != llm.OpPass && strings.EqualFold(strings.TrimRight(ep.Path, "/"), path)
	})
}

func passable(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodDelete}, method)
}

func unknownPath(r *http.Request) *llm.Error {
	hint := "Paths are OpenAI's, such as /v1/chat/completions."
	if p := strings.TrimSuffix(r.URL.Path, "/"); p != "" && strings.HasPrefix("/chat/completions /completions /embeddings /models /responses", p) && len(p) > 5 {
		hint = "Did you mean /v1" + p + "? Set the client's base URL to end in /v1."
	} else if strings.HasSuffix(r.URL.Path, "/") && strings.Contains(r.URL.Path, "/v1/") {
		hint = "Leave out the slash at its end."
	} else if strings.Contains(r.URL.Path, "/v1/") && strings.ToLower(r.URL.Path) != r.URL.Path {
		hint = "Paths are in lower case."
	}
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusNotFound, Code: "unknown_url",
		Message: fmt.Sprintf("There is nothing at %s %.200s. %s", r.Method, r.URL.Path, hint),
	}
}

func wrongMethod(r *http.Request, allow []string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Param: strings.Join(allow, ", "),
		Message: fmt.Sprintf("%.20s is not a method of %.200s. Use %s.", r.Method, r.URL.Path, strings.Join(allow, " or ")),
	}
}
