package server

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vendor is a server that lists two models to whoever has the canary.
func vendor(t *testing.T) string {
	t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+canary {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}`)
			return
		}
		fmt.Fprint(w, `{"object":"list","data":[{"id":"zeta","object":"model"},{"id":"alpha","object":"model"}]}`)
	}))
	t.Cleanup(front.Close)
	return front.URL + "/v1"
}

type probes struct {
	OK      bool
	Results []Probe
}

func TestProbeUnsaved(t *testing.T) {
	w, base := newAdminWorld(t), vendor(t)
	body := map[string]any{"name": "", "vendor": "custom", "base_url": base, "allow_private": true, "key": canary}
	a := w.do(post, "/api/providers/test", body).want(200)
	got := into[probes](a)
	if !got.OK || got.Results[0].Status != 200 || len(got.Results[0].Models) != 2 || len(got.Results[0].Steps) == 0 || bytes.Contains(a.body, []byte(canary)) {
		t.Errorf("probe %s", a.body)
	}
	body["key"] = "sk-wrong-wrong-wrong"
	a = w.do(post, "/api/providers/test", body).want(200)
	if got = into[probes](a); got.OK || got.Results[0].Status != 401 || got.Results[0].Class != "auth" || bytes.Contains(a.body, []byte("sk-wrong-wrong-wrong")) {
		t.Errorf("probe %s", a.body)
	}
	body["allow_private"] = false
	if got = into[probes](w.do(post, "/api/providers/test", body).want(200)); got.OK || got.Results[0].Status != 0 {
		t.Errorf("a private address was reached: %+v", got)
	}
	if list := into[struct{ Providers []Provider }](w.do(get, "/api/providers", nil)); len(list.Providers) != 0 {
		t.Error("a test saved something")
	}
}

func TestProbeKeysAndDiscover(t *testing.T) {
	w, base := newAdminWorld(t), vendor(t)
	p := into[Provider](w.do(post, "/api/providers", map[string]any{
		"name": "lab", "vendor": "custom", "base_url": base, "allow_private": true, "models": []string{"alpha", "gone"},
		"keys": []any{map[string]any{"name": "bad", "value": "sk-bad-bad-bad-bad"}, map[string]any{"name": "good", "value": canary}},
	}).want(200))
	got := into[probes](w.do(post, "/api/providers/"+p.ID+"/test", nil).want(200))
	if got.OK || len(got.Results) != 2 || got.Results[0].OK || got.Results[0].Key != "bad" || !got.Results[1].OK {
		t.Errorf("probes %+v", got)
	}
	if got = into[probes](w.do(post, "/api/providers/"+p.ID+"/test?key="+p.Keys[1].ID, nil).want(200)); !got.OK || len(got.Results) != 1 {
		t.Errorf("probes %+v", got)
	}
	type found struct {
		Models, Added, Gone []string
		Saved               bool
	}
	f := into[found](w.do(post, "/api/providers/"+p.ID+"/discover", nil).want(200))
	if diff := cmp.Diff(found{Models: []string{"alpha", "zeta"}, Added: []string{"zeta"}, Gone: []string{"gone"}}, f); diff != "" {
		t.Error(diff)
	}
	w.do(post, "/api/providers/"+p.ID+"/discover?save=true", nil).want(200)
	if p = into[Provider](w.do(get, "/api/providers/"+p.ID, nil)); len(p.Models) != 2 || p.Models[1] != "zeta" {
		t.Errorf("models %v", p.Models)
	}
	w.do(del, "/api/providers/"+p.ID+"/keys/"+p.Keys[1].ID, nil).want(200)
	w.do(post, "/api/providers/"+p.ID+"/discover", nil).want(http.StatusBadGateway).problem()
}

func TestExplainAndFaultsComeFromTheDataPlane(t *testing.T) {
	w := newAdminWorld(t)
	w.provider("deepseek")
	w.route("all", "deepseek")
	e := into[Explanation](w.do(post, "/api/explain", map[string]any{"model": "anything"}).want(200))
	if e.Route != "all" || len(e.Targets) != 1 || e.Targets[0].Provider != "deepseek" || !e.Targets[0].Usable {
		t.Errorf("explanation %+v", e)
	}
	w.do(post, "/api/routes", `{"name":"odd","targets":[{"provider":"deepseek"}],"on":["sometimes"]}`).want(422).at("body.on")
	list := into[struct{ Routes []Route }](w.do(get, "/api/routes", nil).want(200))
	if len(list.Routes) != 1 {
		t.Error("a route that cannot be served was saved")
	}
}
