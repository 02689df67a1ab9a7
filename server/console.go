package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed noconsole.html
var noConsole []byte

// console serves the built console. Its files live under a prefix that names
// their content (/_app/<hash>/), so that browsers may keep them for ever and a
// new build is never mixed with an old one; the page itself is never kept.
type console struct {
	prefix string // "/_app/<hash>/"
	files  map[string][]byte
	index  []byte
}

// newConsole reads the built console; nil files give the page that says it is
// not in this build.
func newConsole(files fs.FS) (http.Handler, error) {
	if files == nil {
		return &console{index: noConsole}, nil
	}
	c := &console{files: map[string][]byte{}}
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		c.files[name] = data
		fmt.Fprintf(sum, "%s\x00%d\x00", name, len(data))
		sum.Write(data)
		return nil
	})
	if err != nil {
		return nil, err
	}
	index, ok := c.files["index.html"]
	if !ok {
		return nil, errors.New("there is no index.html among them: build the console again")
	}
	c.prefix = "/_app/" + hex.EncodeToString(sum.Sum(nil))[:16] + "/"
	// The build writes every address relative to the page ("./app.js"), and the
	// page is shown at every depth.
	c.index = bytes.ReplaceAll(index, []byte(`="./`), []byte(`="`+c.prefix))
	return c, nil
}

// ServeHTTP implements http.Handler for whatever no route takes.
func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case isAPI(r.URL.Path):
		writeProblem(w, notFound("address in the API: GET /api/openapi.json lists them"))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		p := problem(http.StatusMethodNotAllowed, "method", "this address only takes GET")
		p.headers = http.Header{"Allow": {"GET, HEAD"}}
		writeProblem(w, p)
	case strings.HasPrefix(r.URL.Path, "/_app/"):
		c.file(w, r)
	case path.Ext(r.URL.Path) != "" && !strings.Contains(r.Header.Get("Accept"), "text/html"):
		c.rootFile(w, r)
	default:
		send(w, r, "index.html", c.index, "no-cache")
	}
}

// file serves a file of this build; those of an older one are gone, which
// tells an open page to load again.
func (c *console) file(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, c.prefix)
	data, there := c.files[name]
	if c.prefix == "" || !ok || !there || name == "index.html" {
		writeText(w, http.StatusNotFound, "there is no such file\n")
		return
	}
	send(w, r, name, data, "public, max-age=31536000, immutable")
}

// rootFile serves files that browsers ask for by a fixed name, such as
// /favicon.ico. (A page of the console may have a dot in its address too; what
// tells them apart is that a browser opens it to read HTML.)
func (c *console) rootFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	data, there := c.files[name]
	if !there {
		writeText(w, http.StatusNotFound, "there is no such file\n")
		return
	}
	send(w, r, name, data, "no-cache")
}

// send answers a file from memory.
func send(w http.ResponseWriter, r *http.Request, name string, data []byte, cache string) {
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // what browsers insist on must not depend on the machine's list
	case ".html":
		kind = "text/html; charset=utf-8"
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".woff2":
		kind = "font/woff2"
	case ".json":
		kind = "application/json"
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	sum := sha256.Sum256(data)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Cache-Control", cache)
	h.Set("Etag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	// The client having gone is the only way this fails.
	_, _ = w.Write(data)
}
