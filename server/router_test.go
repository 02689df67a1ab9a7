package server

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// unlisted are the router's routes that are not operations of the API.
var unlisted = map[string]bool{"POST " + playgroundPath: true, "POST " + restorePath: true, "GET /api/openapi.json": true, "GET /healthz": true, "GET /readyz": true, "GET " + metricsPath: true}

func TestOpenAPIIsStableAndComplete(t *testing.T) {
	first, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	second, err := OpenAPI()
	if err != nil || !bytes.Equal(first, second) {
		t.Fatalf("two documents differ, %v", err)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Summary     string
			Security    []any
			Parameters  []struct{ Name, In string }
			Responses   map[string]any
		}
	}
	if err := json.Unmarshal(first, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || bytes.Contains(first, []byte("http://")) {
		t.Errorf("version %q", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for _, r := range engineOf(t).Routes() {
		name := r.Method + " " + r.Path
		path := r.Path
		for _, p := range []string{"id", "key"} {
			path = strings.ReplaceAll(path, ":"+p, "{"+p+"}")
		}
		op, there := doc.Paths[path][strings.ToLower(r.Method)]
		if there == unlisted[name] {
			t.Errorf("%s: in the document: %v", name, there)
		}
		if !there {
			continue
		}
		if op.OperationID == "" || op.Summary == "" || ids[op.OperationID] || op.Responses["default"] == nil {
			t.Errorf("%s: %+v", name, op)
		}
		ids[op.OperationID] = true
		if (len(op.Security) == 0) != open[name] {
			t.Errorf("%s: security %v", name, op.Security)
		}
		if n := strings.Count(path, "{"); n > 0 {
			for _, p := range op.Parameters {
				if p.In == "path" {
					n--
				}
			}
			if n != 0 {
				t.Errorf("%s: path parameters %v", name, op.Parameters)
			}
		}
	}
	w := newWorld(t, worldOptions{})
	if served := w.send(get, "/api/openapi.json", nil, http.Header{}).want(200); !bytes.Equal(served.body, first) {
		t.Error("the served document is another one")
	}
}

func TestGinStaysInItsPlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	users := []string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if strings.Contains(i.Path.Value, "gin") {
				users = append(users, file)
				break
			}
		}
	}
	if len(users) > 3 {
		t.Errorf("gin is imported by %v", users)
	}
}

func TestConsoleFiles(t *testing.T) {
	web := fstest.MapFS{
		"index.html":     {Data: []byte(`<script type="module" src="./assets/app.js"></script><link href="./theme.css">`)},
		"assets/app.js":  {Data: []byte("import('./page.js')")},
		"assets/page.js": {Data: []byte("1")},
		"theme.css":      {Data: []byte("a{}")},
		"favicon.svg":    {Data: []byte("<svg/>")},
	}
	w := newWorld(t, worldOptions{web: web})
	page := w.send(get, "/", nil, http.Header{}).want(200)
	_, rest, ok := strings.Cut(string(page.body), `src="/_app/`)
	hash, _, _ := strings.Cut(rest, "/")
	if !ok || len(hash) != 16 || !strings.Contains(string(page.body), `href="/_app/`+hash+`/theme.css"`) || page.header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("page %s, %v", page.body, page.header)
	}
	for _, path := range []string{"/providers", "/routes/some.id", "/logs?filter=x", "/setup?t=abc"} {
		if deep := w.send(get, path, nil, http.Header{"Accept": {"text/html,*/*"}}).want(200); !bytes.Equal(deep.body, page.body) {
			t.Errorf("%s: another page", path)
		}
	}
	js := w.send(get, "/_app/"+hash+"/assets/app.js", nil, http.Header{}).want(200)
	if !strings.Contains(js.header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(js.header.Get("Content-Type"), "text/javascript") {
		t.Errorf("script %v", js.header)
	}
	w.send(get, "/_app/"+hash+"/assets/app.js", nil, http.Header{"If-None-Match": {js.header.Get("Etag")}}).want(304)
	for _, path := range []string{"/_app/0000000000000000/assets/app.js", "/_app/" + hash + "/index.html", "/_app/" + hash + "/../index.html", "/_app/", "/assets/none.js"} {
		if a := w.send(get, path, nil, http.Header{}); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	w.send(get, "/favicon.svg", nil, http.Header{}).want(200)
	if head := w.send(http.MethodHead, "/", nil, http.Header{}).want(200); len(head.body) != 0 {
		t.Error("HEAD has a body")
	}
	if _, err := New(Options{Store: w.store, Gateway: w.gateway, Keys: w.keys, Web: fstest.MapFS{"x": {}}}); err == nil {
		t.Error("a console without a page was taken")
	}
}

func TestPageWithoutConsole(t *testing.T) {
	w := newWorld(t, worldOptions{})
	a := w.send(get, "/", nil, http.Header{}).want(200)
	page := string(a.body)
	if !strings.Contains(page, "/api/openapi.json") || !strings.Contains(page, "控制台") || strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(page, "<style") {
		t.Errorf("page %s", page)
	}
	w.send(get, "/readyz", nil, http.Header{}).want(200)
	w.send(get, "/healthz", nil, http.Header{}).want(200)
}
