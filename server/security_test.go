package server

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// open are the addresses that answer without a login, all of them.
var open = map[string]bool{
	"GET /api/setup": true, "POST /api/setup": true, "POST /api/login": true, "GET /api/openapi.json": true,
	"GET /healthz": true, "GET /readyz": true,
	"GET " + metricsPath: true, // has a token of its own: TestMetricsAreForThoseWhoMayReadThem
}

// engineOf makes the router alone, to list its routes.
func engineOf(t *testing.T) *gin.Engine {
	t.Helper()
	engine, _, err := newRouter(&Server{}, http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// filled puts something into a route's parameters.
func filled(path string) string {
	return strings.NewReplacer(":id", "some", ":key", "other").Replace(path)
}

func TestEveryRouteNeedsALogin(t *testing.T) {
	w := newWorld(t, worldOptions{})
	for _, r := range engineOf(t).Routes() {
		name := r.Method + " " + r.Path
		header := http.Header{"Content-Type": {"application/json"}}
		a := w.send(r.Method, filled(r.Path), nil, header)
		if open[name] {
			if a.status == 401 {
				t.Errorf("%s: 401 although it is public", name)
			}
			continue
		}
		if a.status != 401 || len(a.body) > 1024 || bytes.Contains(a.body, []byte("goroutine")) {
			t.Errorf("%s: status %d, %d bytes", name, a.status, len(a.body))
		}
		header.Set("Authorization", "Bearer ph-"+strings.Repeat("k", 43))
		if a := w.send(r.Method, filled(r.Path), nil, header); a.status != 401 {
			t.Errorf("%s with a proxy key: status %d", name, a.status)
		}
	}
	for _, path := range []string{"/api/nothing", "/api/", "/api", "/api/providers/", "/api//providers"} {
		w.send(get, path, nil, http.Header{}).want(401)
	}
}

func TestHostCheck(t *testing.T) {
	w := newWorld(t, worldOptions{hosts: []string{"Console.example.com", "*.apps.example.com"}})
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]int{
		"localhost": 200, "localhost:8001": 200, "x.localhost": 200, "127.0.0.1:8001": 200, "[::1]:8001": 200, "192.168.1.7": 200,
		machine: 200, "console.example.com": 200, "console.example.com.": 200, "a.apps.example.com:8001": 200,
		"evil.example": 421, "console.example.com.evil.example": 421, "apps.example.com": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:8001": 421,
	}
	for host, status := range tests {
		if a := w.send(get, "/api/setup", nil, http.Header{"Host": {host}}); a.status != status {
			t.Errorf("host %q: %d, want %d", host, a.status, status)
		}
	}
	w.send(get, "/healthz", nil, http.Header{"Host": {"evil.example"}}).want(200)
}

func TestWritesFromElsewhereAreRefused(t *testing.T) {
	w := newAdminWorld(t)
	body := `{"name":"deepseek","vendor":"deepseek"}`
	tests := map[string]struct {
		header http.Header
		status int
	}{
		"other origin":     {http.Header{"Origin": {"https://evil.example"}}, 403},
		"null origin":      {http.Header{"Origin": {"null"}}, 403},
		"other port":       {http.Header{"Origin": {"http://127.0.0.1:1"}}, 403},
		"cross-site":       {http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"same-site":        {http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		"no origin at all": {http.Header{}, 403},
		"text/plain":       {http.Header{"Origin": {w.url}, "Content-Type": {"text/plain"}}, 415},
		"form":             {http.Header{"Origin": {w.url}, "Content-Type": {"application/x-www-form-urlencoded"}}, 415},
		"no type":          {http.Header{"Origin": {w.url}, "Content-Type": {""}}, 415},
		"own pages":        {http.Header{"Sec-Fetch-Site": {"same-origin"}}, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := tt.header.Clone()
			header.Set("Cookie", cookieName+"="+w.cookie)
			if header.Get("Content-Type") == "" && name != "no type" {
				header.Set("Content-Type", "application/json")
			}
			w.send(post, "/api/providers", strings.NewReader(body), header).want(tt.status)
		})
	}
	if list := into[struct{ Providers []Provider }](w.do(get, "/api/providers", nil).want(200)); len(list.Providers) != 1 {
		t.Errorf("%d providers", len(list.Providers))
	}
	login := http.Header{"Content-Type": {"application/json"}, "Origin": {"https://evil.example"}}
	w.send(post, "/api/login", strings.NewReader(`{"name":"ada","password":"x"}`), login).want(403)
}

func TestBodiesThatAreNotPlainJSON(t *testing.T) {
	w := newAdminWorld(t)
	tests := map[string]struct {
		body   string
		status int
	}{
		"unknown field":    {`{"name":"a","vendor":"deepseek","colour":"red"}`, 400},
		"other case":       {`{"Name":"a","vendor":"deepseek"}`, 400},
		"twice":            {`{"name":"a","vendor":"deepseek","name":"b"}`, 400},
		"trailing":         {`{"name":"a","vendor":"deepseek"} x`, 400},
		"two values":       {`{"name":"a","vendor":"deepseek"}{}`, 400},
		"deep":             {strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), 400},
		"NaN":              {`{"name":"a","vendor":"deepseek","enabled":NaN}`, 400},
		"not UTF-8":        {"{\"name\":\"a\xff\",\"vendor\":\"deepseek\"}", 400},
		"empty object":     {`{}`, 400},
		"array":            {`[]`, 400},
		"null":             {`null`, 400},
		"cut off":          {`{"name":`, 400},
		"BOM":              {"\ufeff{}", 400},
		"2 MiB":            {`{"name":"` + strings.Repeat("a", 2<<20) + `"}`, 413},
		"string for table": {`{"name":"a","vendor":"deepseek","headers":"x"}`, 400},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := w.do(post, "/api/providers", tt.body).want(tt.status)
			a.problem()
			if bytes.Contains(a.body, []byte("goroutine")) || len(a.body) > 8<<10 {
				t.Errorf("answer of %d bytes", len(a.body))
			}
		})
	}
	// Chunked, so that no Content-Length warns.
	header := http.Header{"Content-Type": {"application/json"}, "Origin": {w.url}, "Cookie": {cookieName + "=" + w.cookie}}
	w.send(post, "/api/providers", struct{ *strings.Reader }{strings.NewReader(`"` + strings.Repeat("a", 2<<20) + `"`)}, header).want(413)
}

func TestErrorsNeverEchoSecrets(t *testing.T) {
	w := newAdminWorld(t)
	for _, body := range []string{
		`{"name":"a","vendor":"deepseek","keys":[{"name":"k","value":"` + canary + `","weight":0}]}`,
		`{"name":"a","vendor":"deepseek","keys":[{"name":"k","value":"` + canary + `","colour":1}]}`,
		`{"name":"a","vendor":"deepseek","keys":[{"name":"k","value":"` + canary + `\n"}]}`,
		`{"name":"a","vendor":"nobody","keys":[{"name":"k","value":"` + canary + `"}]}`,
		`{"name":"a","vendor":"deepseek","base_url":"https://u:` + canary + `@h.example","keys":[]}`,
		`{"name":"a","vendor":"deepseek","keys":[{"name":"k","value":"` + canary + `"}]`,
	} {
		a := w.do(post, "/api/providers", body).want(400)
		if bytes.Contains(a.body, []byte(canary)) {
			t.Errorf("the answer to %s shows the key: %s", body, a.body)
		}
	}
	if strings.Contains(w.log.String(), canary) {
		t.Error("the log shows the key")
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	w := newWorld(t, worldOptions{})
	for _, path := range []string{"/", "/api/setup", "/api/me", "/healthz", "/nothing.js"} {
		h := w.send(get, path, nil, http.Header{"X-Request-Id": {"mine"}}).header
		if !strings.HasPrefix(h.Get("X-Request-Id"), "req_") || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: headers %v", path, h)
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: policy %s", path, h.Get("Content-Security-Policy"))
		}
	}
}

func TestPathsAndMethods(t *testing.T) {
	w := newAdminWorld(t)
	w.do(post, "/api/providers/", `{"name":"a","vendor":"deepseek"}`).want(404)
	w.do("PATCH", "/api/providers", `{}`).want(405)
	w.do(get, "/api/nothing", nil).want(404)
	w.do(post, "/somewhere", `{}`).want(405)
	if allow := w.do(del, "/api/providers", nil).want(405).header.Get("Allow"); !strings.Contains(allow, "GET") {
		t.Errorf("Allow: %q", allow)
	}
	for _, query := range []string{"?sort=name'--", "?order=1;DROP TABLE providers", "?filter=" + strings.Repeat("%25", 1000), "?limit=1 OR 1=1"} {
		start := time.Now()
		w.do(get, "/api/providers"+strings.ReplaceAll(query, " ", "%20"), nil).want(400)
		w.do(get, "/api/revisions"+strings.ReplaceAll(query, " ", "%20"), nil).want(400)
		if took := time.Since(start); took > 200*time.Millisecond {
			t.Errorf("%s took %s", query, took)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=-1", "?limit=201", "?limit=1e3", "?before=-1", "?before=9223372036854775808", "?limit=NaN"} {
		w.do(get, "/api/revisions"+query, nil).want(400)
	}
	upgrade := http.Header{"Upgrade": {"h2c"}, "Http2-Settings": {"AAMAAABkAARAAAAAAAIAAAAA"}, "Connection": {"Upgrade, HTTP2-Settings"}}
	w.send(get, "/api/me", nil, upgrade).want(401)
}

func TestPanicIsOneRequestsMatter(t *testing.T) {
	w := newWorld(t, worldOptions{})
	next := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/abort":
			rw.WriteHeader(200)
			_, _ = rw.Write([]byte("half"))
			_ = http.NewResponseController(rw).Flush()
			panic(http.ErrAbortHandler)
		default:
			panic("secret " + r.Header.Get("X-Api-Key"))
		}
	})
	front := httptest.NewServer(w.server.account(w.server.recover(next)))
	defer front.Close()
	w.url = front.URL
	w.send(get, "/", nil, http.Header{"Cookie": {"c=" + canary}, "X-Other": {canary}}).want(500).problem()
	if strings.Contains(w.log.String(), canary) {
		t.Error("the log shows request headers")
	}
	answer, err := http.Get(front.URL + "/abort") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err == nil {
		t.Errorf("a broken answer looks whole: %q", body.String())
	}
}

func TestLogStaysOneLineAnEvent(t *testing.T) {
	w := newAdminWorld(t)
	w.do(get, "/api/x%0d%0ainjected%00"+strings.Repeat("y", 2000), nil).want(404)
	for i, line := range strings.Split(strings.TrimSpace(w.log.String()), "\n") {
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}") || len(line) > 4096 {
			t.Errorf("log line %d: %s", i, bounded(line, 200))
		}
	}
}

func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"a":2}`, `[[[]]]`, `1 2`, "\"\xff\"", `{"a":`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := strictJSON(data); err != nil && len(err.Error()) > 100 {
			t.Errorf("long error: %s", err)
		}
	})
}

func TestHostsNeverTakeEmptyNames(t *testing.T) {
	h := newHosts("", []string{"", " ", "*.", "."})
	for _, host := range []string{"", ":80", ".", "evil.example"} {
		if h.allows(host) {
			t.Errorf("allows %q", host)
		}
	}
}
