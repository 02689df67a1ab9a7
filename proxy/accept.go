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
// path (a route's prefix), what followed it, and the model, where the path
// names it.
type entry struct {
	protocol *protocol.Protocol
	endpoint *protocol.Endpoint
	before   string // e.g. "/team-a"
	rest     string // after a path that ends in "/"
	model    string // for a path with {model}
}

// roots are what the paths of every dialect begin with.
var roots = []string{"/v1/", "/v1beta/", "/v1beta1/"}

// root finds where a dialect's path begins within a request's; -1: nowhere.
func root(path string) int {
	first := -1
	for _, r := range roots {
		if at := strings.Index(path, r); at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

// accept finds the endpoint that a request's path and method mean. Dialects
// share a few paths; there the caller's own is looked at first. What a dialect
// only passes through comes last.
func (g *Gateway) accept(own *protocol.Protocol, r *http.Request) (entry, *llm.Error) {
	at := root(r.URL.Path)
	if at < 0 || !plain(r) {
		return entry{}, unknownPath(r)
	}
	before, path := r.URL.Path[:at], r.URL.Path[at:]
	var allow []string
	var found, passed entry
	for _, e := range g.rows[own] {
		ep := e.endpoint
		rest, model, fits := fit(ep.Path, path)
		if !fits {
			continue
		}
		e.before, e.rest, e.model = before, rest, model
		if ep.Method != "" && ep.Method != r.Method {
			allow = append(allow, ep.Method)
			continue
		}
		if ep.Op != llm.OpPass {
			found = e
			break
		}
		if passed.endpoint == nil {
			passed = e
		}
	}
	switch {
	case found.endpoint != nil:
		return found, nil
	case passed.endpoint == nil && len(allow) == 0:
		return entry{}, unknownPath(r)
	case len(allow) == 0 && !passable(r.Method):
		return entry{}, wrongMethod(r, []string{http.MethodGet, http.MethodPost, http.MethodDelete})
	case len(allow) > 0:
		slices.Sort(allow)
		return entry{}, wrongMethod(r, slices.Compact(allow)) // the path is known, the method is not
	case g.nearly(path):
		return entry{}, unknownPath(r)
	}
	return passed, nil
}

// rows are the endpoints that callers have, those of one dialect first.
func rows(own *protocol.Protocol, all []*protocol.Protocol) []entry {
	var list []entry
	add := func(p *protocol.Protocol) {
		for i := range p.Endpoints {
			if p.Endpoints[i].Path != "" {
				list = append(list, entry{protocol: p, endpoint: &p.Endpoints[i]})
			}
		}
	}
	add(own)
	for _, p := range all {
		if p != own {
			add(p)
		}
	}
	return list
}

// fit reports whether a path is an endpoint's, and what its variable parts are.
func fit(pattern, path string) (rest, model string, fits bool) {
	if head, tail, ok := strings.Cut(pattern, "{model}"); ok {
		model, ok = strings.CutPrefix(path, head)
		if ok {
			model, ok = strings.CutSuffix(model, tail)
		}
		return "", model, ok && model != ""
	}
	rest, found := strings.CutPrefix(path, pattern)
	return rest, "", found && (rest == "" || strings.HasSuffix(pattern, "/"))
}

// plain reports whether a path is written the one usual way: no empty or dot
// segments, nothing percent-encoded. A model's name in a path may be encoded:
// clients write the slash of org/name as %2F there.
func plain(r *http.Request) bool {
	path := r.URL.Path
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if segment == "" && !strings.HasSuffix(path, "/") || segment == "." || segment == ".." {
			return false
		}
	}
	if strings.Contains(path, "//") {
		return false
	}
	if r.URL.EscapedPath() == path {
		return true
	}
	at := root(path)
	return at >= 0 && strings.Contains(path[at:], "/models/") && strings.HasPrefix(r.URL.EscapedPath(), path[:at])
}

// nearly reports whether a path is that of an endpoint but for its case or a
// slash at its end. Passed through, it would go round what the endpoint checks.
func (g *Gateway) nearly(path string) bool {
	path = strings.TrimRight(path, "/")
	for _, p := range g.protocols {
		for i := range p.Endpoints {
			ep := &p.Endpoints[i]
			if ep.Op != llm.OpPass && ep.Path != "" && strings.EqualFold(strings.TrimRight(ep.Path, "/"), path) {
				return true
			}
		}
	}
	return false
}

func passable(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodDelete}, method)
}

func unknownPath(r *http.Request) *llm.Error {
	hint := "Paths are those of OpenAI (/v1/chat/completions, /v1/responses), Anthropic (/v1/messages) and Gemini (/v1beta/models/…:generateContent)."
	known := strings.Contains(r.URL.Path, "/v1/") || strings.Contains(r.URL.Path, "/v1beta/")
	if p := strings.TrimSuffix(r.URL.Path, "/"); p != "" && strings.HasPrefix("/chat/completions /completions /embeddings /models /responses", p) && len(p) > 5 {
		hint = "Did you mean /v1" + p + "? Set the client's base URL to end in /v1."
	} else if strings.HasPrefix(p, "/models/") && strings.Contains(p, ":") {
		hint = "Did you mean /v1beta" + p + "?"
	} else if strings.HasSuffix(p, "/v1/v1/messages") || p == "/messages" {
		hint = "Did you mean /v1/messages? Set the client's base URL to end before /v1."
	} else if strings.HasSuffix(r.URL.Path, "/") && known {
		hint = "Leave out the slash at its end."
	} else if known && strings.ToLower(r.URL.Path) != r.URL.Path {
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
