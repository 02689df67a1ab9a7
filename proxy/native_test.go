package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

// native is a gateway in front of one vendor whose fake is as strict as the
// vendor is.
func native(t *testing.T, vendor, path string) *rig {
	t.Helper()
	return newRig(t, func(g *rig) Config {
		return Config{Providers: []Provider{{
			ID: "p1", Name: "far", Vendor: vendor, BaseURL: strings.TrimSuffix(g.labURL, "/v1") + "/p/far" + path, AllowPrivate: true,
			Keys: []Key{{ID: "k1", Secret: "sk-native-canary"}},
		}}}
	})
}

// paths are the paths that the vendor was asked at, without the provider's
// prefix, each once and sorted.
func (g *rig) paths() []string {
	var paths []string
	for _, c := range g.lab.Calls() {
		path, _, _ := strings.Cut(strings.TrimPrefix(c.Path, "/p/far"), "?")
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// tells checks that callers of every dialect but one get the whole story, whole
// and streamed, with its counts.
func (g *rig) tells(model, but string) {
	g.t.Helper()
	for _, c := range clients {
		if c.dialect == but {
			continue
		}
		for _, stream := range []bool{false, true} {
			a := g.ask(c.dialect, "", strings.ReplaceAll("far/"+model, "/", slash(c.dialect)), stream)
			r, whole, failed := a.heardAs(g.t, c.dialect, stream)
			if a.status != http.StatusOK || !whole || failed != nil || wordsOf(r) != lab.Text("tell me a story", 30) {
				g.t.Errorf("%s stream=%v: %d %v %v %.300s", c.dialect, stream, a.status, whole, failed, a.body)
				continue
			}
			if rec := g.lastRecord(); rec.Usage.Output != 30 || rec.Usage.Input == 0 {
				g.t.Errorf("%s stream=%v: usage %+v", c.dialect, stream, rec.Usage)
			}
		}
	}
}

// breaks checks that a stream which breaks off ends in an error, never as if
// it were whole. body is a request with the model left out.
func (g *rig) breaks(path, body string) {
	g.t.Helper()
	for _, tt := range []struct {
		fault string
		class llm.Class
	}{{"miderr", llm.ClassServerError}, {"die", llm.ClassCut}, {"eof", llm.ClassCut}} {
		a := g.do(g.request("POST", path, strings.Replace(body, "MODEL", "far/fault-"+tt.fault, 1)))
		r, whole, failed := a.heardAs(g.t, "openai", true)
		if whole || failed == nil && a.err == nil || wordsOf(r) == "" {
			g.t.Errorf("%s: whole %v, %v %v: %.200s", tt.fault, whole, failed, a.err, a.body)
		}
		if rec := g.lastRecord(); rec.Class != tt.class {
			g.t.Errorf("%s: recorded as %s", tt.fault, rec.Class)
		}
	}
}

// slash is how a dialect's callers write a slash in a model's name.
func slash(dialect string) string {
	if dialect == "gemini" {
		return "%2F"
	}
	return "/"
}

// turnOf is an answer as a caller of OpenAI's dialect sends it back, and what
// its tools say, in another order than they were called.
func turnOf(r *llm.Response, result string) string {
	var calls, answers []string
	for _, p := range r.Choices[0].Parts {
		if c, ok := p.(*llm.ToolCall); ok {
			calls = append(calls, fmt.Sprintf(`{"id":%q,"type":"function","function":{"name":%q,"arguments":%q}}`, c.ID, c.Name, c.Arguments))
			answers = append(answers, fmt.Sprintf(`,{"role":"tool","tool_call_id":%q,"content":%q}`, c.ID, result))
		}
	}
	slices.Reverse(answers)
	return `,{"role":"assistant","content":null,"tool_calls":[` + strings.Join(calls, ",") + `]}` + strings.Join(answers, "")
}
