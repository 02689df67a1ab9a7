package server

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/auth"
)

func TestProviderLife(t *testing.T) {
	w := newAdminWorld(t)
	p := w.provider("deepseek")
	if p.Vendor != "deepseek" || !p.Enabled || p.Version < 1 || len(p.Keys) != 1 || p.Keys[0].State != "ok" || !strings.HasPrefix(p.Keys[0].Hint, mask) {
		t.Fatalf("provider %+v", p)
	}
	w.do(post, "/api/providers", map[string]any{"name": "deepseek", "vendor": "deepseek"}).want(409).at("body.name")

	change := map[string]any{"name": "deep", "vendor": "deepseek", "enabled": false, "models": []string{"deepseek-chat"}, "timeouts": map[string]any{"connect": "5s", "total": "off"}, "version": p.Version}
	changed := into[Provider](w.do(put, "/api/providers/"+p.ID, change).want(200))
	if changed.Name != "deep" || changed.Enabled || changed.Timeouts != (Timeouts{Connect: "5s", Total: "off"}) || changed.Version <= p.Version {
		t.Errorf("changed %+v", changed)
	}
	stale := w.do(put, "/api/providers/"+p.ID, change).want(409).problem()
	if current, ok := stale.Current.(map[string]any); !ok || current["name"] != "deep" || stale.Code != "stale_version" {
		t.Errorf("stale answer %+v", stale)
	}
	delete(change, "version")
	w.do(put, "/api/providers/"+p.ID, change).want(400).at("body.version")
	w.do(del, "/api/providers/"+p.ID+"?version=1", nil).want(409)
	w.do(del, "/api/providers/"+p.ID, nil).want(204)
	w.do(get, "/api/providers/"+p.ID, nil).want(404)
	w.do(put, "/api/providers/"+p.ID, `{"name":"x","vendor":"deepseek","version":1}`).want(404)
	w.do(del, "/api/providers/"+p.ID, nil).want(404)
}

func TestTwoAdminsSaveAtOnce(t *testing.T) {
	w := newAdminWorld(t)
	p := w.provider("deepseek")
	var mu sync.Mutex
	var wg sync.WaitGroup
	counts := map[int]int{}
	for i := range 8 {
		wg.Go(func() {
			a := w.do(put, "/api/providers/"+p.ID, map[string]any{"name": "deepseek", "vendor": "deepseek", "models": []string{fmt.Sprint("m", i)}, "version": p.Version})
			mu.Lock()
			counts[a.status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if counts[200] != 1 || counts[409] != 7 {
		t.Errorf("eight saves of one version: %v", counts)
	}
}

func TestProviderFieldsAreChecked(t *testing.T) {
	w := newAdminWorld(t)
	good := func() map[string]any { return map[string]any{"name": "good", "vendor": "deepseek"} }
	tests := []struct {
		field string
		value any
		at    string
	}{
		{"name", "", "body.name"},
		{"name", "Upper", "body.name"},
		{"name", "a/b", "body.name"},
		{"name", "../etc", "body.name"},
		{"name", "<script>", "body.name"},
		{"name", "a\r\nb", "body.name"},
		{"name", strings.Repeat("a", 64), "body.name"},
		{"vendor", "", "body.vendor"},
		{"vendor", "nobody", "body.vendor"},
		{"region", "moon", "body.region"},
		{"base_url", "file:///etc/passwd", "body.base_url"},
		{"base_url", "gopher://h", "body.base_url"},
		{"base_url", "http://user:pw@h", "body.base_url"},
		{"base_url", "http://h#x", "body.base_url"},
		{"base_url", "http://[::1", "body.base_url"},
		{"base_url", "javascript:alert(1)", "body.base_url"},
		{"base_url", "https://" + strings.Repeat("h", 10<<10), "body.base_url"},
		{"headers", map[string]string{"Host": "x"}, "body.headers.Host"},
		{"headers", map[string]string{"authorization": "x"}, "body.headers.authorization"},
		{"headers", map[string]string{"Connection": "x"}, "body.headers.Connection"},
		{"headers", map[string]string{"X-A": "b\r\nc"}, "body.headers.X-A"},
		{"headers", map[string]string{"X A": "b"}, "body.headers.X A"},
		{"query", map[string]string{"api_key": "b"}, "body.query.api_key"},
		{"proxy", "ftp://h", "body.proxy"},
		{"proxy", "h:80", "body.proxy"},
		{"proxy", "http://u:****@h:1", "body.proxy"},
		{"models", []string{"a", "a"}, "body.models[1]"},
		{"models", []string{"a\u0000"}, "body.models[0]"},
		{"fields", map[string]string{"nothing": "x"}, "body.fields.nothing"},
		{"timeouts", map[string]string{"connect": "-1s"}, "body.timeouts.connect"},
		{"timeouts", map[string]string{"idle": "soon"}, "body.timeouts.idle"},
		{"timeouts", map[string]string{"idle": "1e308s"}, "body.timeouts.idle"},
		{"timeouts", map[string]any{"idle": 5}, "body.timeouts.idle"},
		{"timeouts", map[string]string{"total": "9000h"}, "body.timeouts.total"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %v", tt.field, bounded(fmt.Sprint(tt.value), 20)), func(t *testing.T) {
			body := good()
			body[tt.field] = tt.value
			w.do(post, "/api/providers", body).want(400).at(tt.at)
			if body["name"] != "" { // settings that are not saved need no name
				w.do(post, "/api/providers/test", body).want(400)
			}
		})
	}
	for _, weight := range []string{"-1", "0", "1000001", "1e308", `"5"`, "9223372036854775808", "1.5"} {
		w.do(post, "/api/providers", `{"name":"good","vendor":"deepseek","keys":[{"name":"k","value":"`+canary+`","weight":`+weight+`}]}`).want(400).at("body.keys[0].weight")
	}
	w.do(post, "/api/providers", good()).want(200)
}

func TestPastedBaseURLIsTidied(t *testing.T) {
	w := newAdminWorld(t)
	p := into[Provider](w.do(post, "/api/providers", map[string]any{"name": "a", "vendor": "deepseek", "base_url": " https://API.example.com/v1/chat/completions "}).want(200))
	if p.BaseURL != "https://api.example.com/v1" {
		t.Errorf("base URL %q", p.BaseURL)
	}
}

func TestOutboundProxyPasswordIsKeptAndHidden(t *testing.T) {
	w := newAdminWorld(t)
	body := map[string]any{"name": "a", "vendor": "deepseek", "proxy": "http://me:" + canary + "@proxy.example:3128"}
	a := w.do(post, "/api/providers", body).want(200)
	p := into[Provider](a)
	if p.Proxy != "http://me:****@proxy.example:3128" || bytes.Contains(a.body, []byte(canary)) {
		t.Fatalf("proxy %q", p.Proxy)
	}
	body["proxy"], body["version"] = p.Proxy, p.Version
	p = into[Provider](w.do(put, "/api/providers/"+p.ID, body).want(200))
	row, err := w.store.Provider(t.Context(), p.ID)
	if err != nil || !strings.Contains(row.Proxy, canary) {
		t.Errorf("the password was lost: %v", err)
	}
	for _, path := range []string{"/api/revisions", "/api/config", "/api/providers"} {
		if a := w.do(get, path, nil).want(200); bytes.Contains(a.body, []byte(canary)) {
			t.Errorf("%s shows the password of the outbound proxy", path)
		}
	}
	body["proxy"], body["version"] = "http://me:****@thief.example:3128", p.Version
	w.do(put, "/api/providers/"+p.ID, body).want(400).at("body.proxy")
}

func TestProviderKeys(t *testing.T) {
	w := newAdminWorld(t)
	p := w.provider("deepseek")
	path := "/api/providers/" + p.ID + "/keys"
	p = into[Provider](w.do(post, path, map[string]any{"name": "second", "value": canary + "2", "weight": 3, "enabled": false}).want(200))
	if len(p.Keys) != 2 || p.Keys[1].Weight != 3 || p.Keys[1].State != "disabled" {
		t.Fatalf("keys %+v", p.Keys)
	}
	w.do(post, path, map[string]any{"name": "second", "value": canary + "3"}).want(409)
	w.do(post, path, map[string]any{"name": "x", "value": ""}).want(400).at("body.value")
	w.do(post, path, map[string]any{"name": "x", "value": "two\nlines"}).want(400).at("body.value")
	p = into[Provider](w.do(put, path+"/"+p.Keys[1].ID, map[string]any{"name": "renamed", "enabled": true}).want(200))
	if k := p.Keys[1]; k.Name != "renamed" || k.Weight != 3 || k.State != "ok" {
		t.Errorf("key %+v", k)
	}
	p = into[Provider](w.do(put, path+"/"+p.Keys[1].ID, map[string]any{"name": "renamed", "value": "sk-another-key-ENDS"}).want(200))
	if k := p.Keys[1]; k.Hint != "****ENDS" {
		t.Errorf("key %+v", k)
	}
	w.do(post, "/api/keys/"+p.Keys[1].ID+"/unbench", nil).want(200)
	w.do(post, "/api/keys/none/unbench", nil).want(404)
	other := w.provider("other")
	w.do(del, "/api/providers/"+other.ID+"/keys/"+p.Keys[1].ID, nil).want(404)
	p = into[Provider](w.do(del, path+"/"+p.Keys[1].ID, nil).want(200))
	if len(p.Keys) != 1 {
		t.Errorf("keys %+v", p.Keys)
	}
	w.do(post, "/api/providers/"+p.ID+"/test?key=none", nil).want(404)
	w.do(post, "/api/providers/none/test", nil).want(404)
	w.do(post, "/api/providers/none/discover", nil).want(404)
}

func TestKeyStateIsLive(t *testing.T) {
	until := time.Now().Add(time.Minute)
	p := showProvider(storeProvider("x"), map[string]proxy.KeyState{"x-key": {State: proxy.KeyCooling, Class: "rate_limit", Reason: "slow down", Until: until}})
	if k := p.Keys[0]; k.State != "cooling" || k.Reason != "slow down" || !k.Until.Equal(until) {
		t.Errorf("key %+v", k)
	}
}

func TestProviderInUseAndRename(t *testing.T) {
	w := newAdminWorld(t)
	p := w.provider("deepseek")
	r := w.route("my route", "deepseek")
	used := w.do(del, "/api/providers/"+p.ID, nil).want(409).problem()
	if used.Code != "in_use" || len(used.UsedBy) != 1 || !strings.Contains(used.UsedBy[0], "my route") {
		t.Errorf("answer %+v", used)
	}
	w.do(put, "/api/providers/"+p.ID, map[string]any{"name": "renamed", "vendor": "deepseek", "version": p.Version}).want(200)
	if r = into[Route](w.do(get, "/api/routes/"+r.ID, nil).want(200)); r.Targets[0].Provider != "renamed" {
		t.Errorf("route %+v", r)
	}
}

func TestOrder(t *testing.T) {
	w := newAdminWorld(t)
	a, b := w.provider("a"), w.provider("b")
	w.do(put, "/api/providers/order", map[string]any{"ids": []string{b.ID}}).want(400).at("body.ids")
	w.do(put, "/api/providers/order", map[string]any{"ids": []string{b.ID, b.ID}}).want(400).at("body.ids[1]")
	w.do(put, "/api/providers/order", map[string]any{"ids": []string{b.ID, a.ID}}).want(200)
	list := into[struct{ Providers []Provider }](w.do(get, "/api/providers", nil).want(200))
	if list.Providers[0].Name != "b" || list.Providers[1].Position != 1 {
		t.Errorf("order %+v", list.Providers)
	}
	r1, r2 := w.route("one", "a"), w.route("two", "b")
	w.do(put, "/api/routes/order", map[string]any{"ids": []string{r2.ID, r1.ID}}).want(200)
	routes := into[struct{ Routes []Route }](w.do(get, "/api/routes", nil).want(200))
	if routes.Routes[0].Name != "two" {
		t.Errorf("order %+v", routes.Routes)
	}
}

func TestRouteLife(t *testing.T) {
	w := newAdminWorld(t)
	w.provider("deepseek")
	spec := map[string]any{
		"name":     "队 <b>一</b>",
		"match":    map[string]any{"hosts": []string{"*.example.com"}, "path_prefix": "/team-a", "headers": []any{map[string]any{"name": "X-Team", "value": "a"}}, "models": []any{map[string]any{"kind": "regex", "value": "^q.*$"}}},
		"targets":  []any{map[string]any{"provider": "deepseek", "weight": 70, "rewrite": []any{map[string]any{"from": "gpt-*", "to": "deepseek-*"}}}},
		"fallback": []any{map[string]any{"targets": []any{map[string]any{"provider": "deepseek", "model": "deepseek-chat"}}}},
	}
	r := into[Route](w.do(post, "/api/routes", spec).want(200))
	if r.Name != spec["name"] || *r.Targets[0].Weight != 70 || len(r.Fallback) != 1 || r.Match.PathPrefix != "/team-a" {
		t.Fatalf("route %+v", r)
	}
	if off := into[Route](w.do(post, "/api/routes/"+r.ID+"/disable", nil).want(200)); off.Enabled {
		t.Error("still enabled")
	}
	if on := into[Route](w.do(post, "/api/routes/"+r.ID+"/enable", nil).want(200)); !on.Enabled {
		t.Error("still disabled")
	}
	spec["version"] = r.Version
	w.do(put, "/api/routes/"+r.ID, spec).want(409)
	delete(spec, "version")
	now := into[Route](w.do(get, "/api/routes/"+r.ID, nil).want(200))
	header := http.Header{"If-Match": {fmt.Sprintf(`"%d"`, now.Version)}, "Origin": {w.url}, "Cookie": {cookieName + "=" + w.cookie}, "Content-Type": {"application/json"}}
	w.send(put, "/api/routes/"+r.ID, strings.NewReader(`{"name":"plain","targets":[{"provider":"deepseek"}]}`), header).want(200)
	w.do(post, "/api/routes", map[string]any{"name": "plain", "targets": []any{map[string]any{"provider": "deepseek"}}}).want(409).at("body.name")
	w.do(del, "/api/routes/"+r.ID, nil).want(204)
	w.do(post, "/api/explain", map[string]any{"model": "deepseek-chat", "headers": map[string]string{"X-Team": "a"}}).want(200)
}

func TestRouteFieldsAreChecked(t *testing.T) {
	w := newAdminWorld(t)
	w.provider("deepseek")
	tests := []struct{ body, at string }{
		{`{"name":"r","targets":[{"provider":"nobody"}]}`, "body.targets[0].provider"},
		{`{"name":"r","targets":[{"provider":""}]}`, "body.targets[0].provider"},
		{`{"name":"r","targets":[]}`, "body.targets"},
		{`{"name":"r"}`, "body.targets"},
		{`{"name":"","targets":[{"provider":"deepseek"}]}`, "body.name"},
		{`{"name":"a\nb","targets":[{"provider":"deepseek"}]}`, "body.name"},
		{`{"name":"r","targets":[{"provider":"deepseek","weight":0}]}`, "body.targets[0].weight"},
		{`{"name":"r","targets":[{"provider":"deepseek","weight":1e308}]}`, "body.targets[0].weight"},
		{`{"name":"r","targets":[{"provider":"deepseek","rewrite":[{"from":""}]}]}`, "body.targets[0].rewrite[0].from"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"fallback":[{"targets":[]}]}`, "body.fallback[0].targets"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"fallback":[{"targets":[{"provider":"x"}]}]}`, "body.fallback[0].targets[0].provider"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"match":{"models":[{"kind":"regex","value":"("}]}}`, "body.match.models[0].value"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"match":{"models":[{"kind":"sql","value":"x"}]}}`, "body.match.models[0].kind"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"match":{"path_prefix":"team"}}`, "body.match.path_prefix"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"match":{"path_prefix":"/a/../b"}}`, "body.match.path_prefix"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"match":{"hosts":["a:80"]}}`, "body.match.hosts[0]"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"match":{"headers":[{"name":"a b"}]}}`, "body.match.headers[0].name"},
		{`{"name":"r","targets":[{"provider":"deepseek"}],"timeouts":{"idle":"0s"}}`, "body.timeouts.idle"},
	}
	for _, tt := range tests {
		t.Run(tt.at, func(t *testing.T) { w.do(post, "/api/routes", tt.body).want(400, 422).at(tt.at) })
	}
}

func TestConsumers(t *testing.T) {
	w := newAdminWorld(t)
	w.provider("deepseek")
	w.route("r", "deepseek")
	w.do(post, "/api/consumers", map[string]any{"name": "team", "routes": []string{"nothing"}}).want(400).at("body.routes[0]")
	c := into[Consumer](w.do(post, "/api/consumers", map[string]any{"name": "team", "routes": []string{"r"}, "models": []string{"qwen*"}}).want(200))
	w.do(post, "/api/consumers", map[string]any{"name": "team"}).want(409)
	made := into[struct {
		Key      string
		Consumer Consumer
	}](w.do(post, "/api/consumers/"+c.ID+"/keys", map[string]any{"name": "laptop"}).want(200))
	if !strings.HasPrefix(made.Key, "ph-") || len(made.Consumer.Keys) != 1 {
		t.Fatalf("made %+v", made)
	}
	row, err := w.store.Consumer(t.Context(), c.ID)
	if err != nil || row.Keys[0].Hash != auth.HashKey(made.Key) {
		t.Fatalf("the stored hash is not the key's: %v", err)
	}
	key := made.Consumer.Keys[0]
	path := "/api/consumers/" + c.ID + "/keys/" + key.ID
	w.do(put, path, map[string]any{"name": "laptop", "enabled": false, "expires": "2001-01-01T00:00:00Z"}).want(400).at("body.expires")
	c = into[Consumer](w.do(put, path, map[string]any{"name": "laptop", "enabled": false, "expires": time.Now().Add(time.Hour)}).want(200))
	if c.Keys[0].Enabled || c.Keys[0].Expired || c.Keys[0].Expires.IsZero() {
		t.Errorf("key %+v", c.Keys[0])
	}
	w.offset.Add(int64(2 * time.Hour))
	if c = into[Consumer](w.do(get, "/api/consumers/"+c.ID, nil).want(200)); !c.Keys[0].Expired {
		t.Error("the key has not expired")
	}
	for _, path := range []string{"/api/consumers", "/api/consumers/" + c.ID, "/api/revisions", "/api/config"} {
		if a := w.do(get, path, nil).want(200); bytes.Contains(a.body, []byte(made.Key)) {
			t.Errorf("%s shows the key", path)
		}
	}
	c = into[Consumer](w.do(put, "/api/consumers/"+c.ID, map[string]any{"name": "team b", "version": c.Version}).want(200))
	w.do(put, "/api/consumers/"+c.ID, map[string]any{"name": "team c", "version": c.Version - 1}).want(409)
	w.do(del, path, nil).want(200)
	w.do(del, path, nil).want(404)
	w.do(del, "/api/consumers/"+c.ID, nil).want(204)
	w.do(get, "/api/consumers/"+c.ID, nil).want(404)
}

func TestSettings(t *testing.T) {
	w := newAdminWorld(t)
	s := into[Settings](w.do(get, "/api/settings", nil).want(200))
	if s.Access != "local" {
		t.Errorf("settings %+v", s)
	}
	w.do(put, "/api/settings", map[string]any{"access": "open", "version": s.Version}).want(400).at("body.i_understand")
	w.do(put, "/api/settings", map[string]any{"access": "everyone", "version": s.Version}).want(400).at("body.access")
	for _, n := range []string{"-1", "1e308", `"5"`, "9223372036854775808"} {
		w.do(put, "/api/settings", `{"limits":{"body_bytes":`+n+`}}`).want(400).at("body.limits.body_bytes")
	}
	s = into[Settings](w.do(put, "/api/settings", map[string]any{"access": "open", "i_understand": true, "limits": map[string]any{"in_flight": 7}, "version": s.Version}).want(200))
	if len(s.Warnings) != 1 || s.Warnings[0].Code != "access_open" || s.Limits.InFlight != 7 {
		t.Errorf("settings %+v", s)
	}
	w.do(put, "/api/settings", map[string]any{"access": "keys", "version": s.Version - 1}).want(409)
	status := into[Status](w.do(get, "/api/status", nil).want(200))
	if len(status.Warnings) == 0 || status.Warnings[0].Code != "access_open" || status.Version != "test" {
		t.Errorf("status %+v", status)
	}
}

func TestRevisionsPage(t *testing.T) {
	w := newAdminWorld(t)
	for i := range 5 {
		w.provider(fmt.Sprint("p", i))
	}
	type page struct {
		Revisions []Revision
		Next      int64
	}
	var seen []string
	for next, pages := int64(0), 0; pages < 10; pages++ {
		p := into[page](w.do(get, fmt.Sprintf("/api/revisions?limit=2&before=%d", next), nil).want(200))
		for _, r := range p.Revisions {
			seen = append(seen, r.Items[0].Name)
			if r.Actor.Name != adminName || r.Actor.Via != "session" || r.Actor.IP == "" {
				t.Errorf("actor %+v", r.Actor)
			}
		}
		if next = p.Next; next == 0 {
			break
		}
	}
	if diff := cmp.Diff([]string{"p4", "p3", "p2", "p1", "p0"}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestNoAnswerShowsAKey(t *testing.T) {
	w := newAdminWorld(t)
	p := w.provider("deepseek")
	r := w.route("r", "deepseek")
	c := into[Consumer](w.do(post, "/api/consumers", map[string]any{"name": "team"}).want(200))
	w.do(put, "/api/providers/"+p.ID, map[string]any{"name": "deepseek", "vendor": "deepseek", "models": []string{"x"}, "version": p.Version}).want(200)
	ids := map[string]string{"/api/providers/:id": p.ID, "/api/routes/:id": r.ID, "/api/consumers/:id": c.ID}
	for _, route := range engineOf(t).Routes() {
		if route.Method != get {
			continue
		}
		path, status := route.Path, 200
		if id, ok := ids[path]; ok {
			path = strings.Replace(path, ":id", url.PathEscape(id), 1)
		} else if strings.Contains(path, ":id") {
			status = 404 // there is none of these, and the error must not show a key either
		} else if path == "/api/certificate" || path == "/metrics" {
			status = 404 // this world has no door with TLS, and its metrics are off
		}
		if strings.HasSuffix(path, "/live") {
			if event := w.event(path); !strings.Contains(event, "data: {") {
				t.Errorf("%s: %q", path, event)
			}
			continue
		}
		a := w.do(get, path, nil).want(status)
		if bytes.Contains(a.body, []byte(canary)) {
			t.Errorf("%s shows the key", path)
		}
	}
	if strings.Contains(w.log.String(), canary) || strings.Contains(w.log.String(), adminPassword) {
		t.Error("the log shows a secret")
	}
}

func TestBackupDownload(t *testing.T) {
	w := newAdminWorld(t)
	a := w.do(get, "/api/backup", nil).want(200)
	if a.header.Get("Content-Type") != "application/gzip" || !bytes.HasPrefix(a.body, []byte{0x1f, 0x8b}) || !strings.Contains(a.header.Get("Content-Disposition"), ".tar.gz") {
		t.Errorf("backup %v, %d bytes", a.header, len(a.body))
	}
}

func TestVendors(t *testing.T) {
	w := newAdminWorld(t)
	list := into[struct{ Vendors []Vendor }](w.do(get, "/api/vendors", nil).want(200))
	if len(list.Vendors) < 30 || list.Vendors[0].Name.ZH == "" || len(list.Vendors[0].Protocols) == 0 {
		t.Errorf("%d vendors, the first %+v", len(list.Vendors), list.Vendors[0])
	}
}
