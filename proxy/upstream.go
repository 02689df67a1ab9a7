package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// passedHeaders are the request headers that a vendor may need to see. All
// others stay here: what a caller sends to identify itself is for us, and an
// Idempotency-Key would make net/http repeat a POST on its own.
var passedHeaders = []string{"Content-Type", "Accept"}

// droppedQuery are query parameters that are for us, or that carry keys.
var droppedQuery = []string{"model", "key", "api_key", "api-key", "api-version", "access_token", "token"}

// request builds what is sent to a vendor. Headers are built, not copied.
func (t *try) request(ctx context.Context, body *rawjson.Text) (*http.Request, *llm.Error) {
	p := t.cand.provider
	at, err := t.address()
	if err != nil {
		return nil, unsupported(p, t.entry.endpoint, err)
	}
	method := t.r.Method
	if !t.speech.passes {
		method = http.MethodPost
	}
	r := &http.Request{
		Method: method, URL: at.url, Host: at.url.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, 8), ContentLength: body.Size(),
	}
	if body.Size() > 0 {
		r.Body = body.Reader()
		r.GetBody = func() (io.ReadCloser, error) { return body.Reader(), nil }
	}
	t.headers(r.Header)
	if !at.asIs || len(t.query)+len(p.query) > 0 {
		u := *at.url // the place's own is shared
		r.URL = &u
		query := u.Query()
		t.passQuery(query)
		u.RawQuery = query.Encode()
	}
	if failed := t.g.authorise(ctx, r, at.auth, p, t.key); failed != nil {
		return nil, failed
	}
	return r.WithContext(ctx), nil
}

// upstream is where the endpoint lies below the vendor's base URL.
func (t *try) upstream() string {
	ep := t.speech.endpoint
	if t.streams() && ep.UpstreamStream != "" {
		return ep.UpstreamStream
	}
	if t.speech.passes {
		return ep.Upstream + t.entry.rest
	}
	return ep.Upstream
}

func unsupported(p *provider, ep *protocol.Endpoint, err error) *llm.Error {
	e := &llm.Error{Class: llm.ClassModelNotFound, Status: http.StatusNotFound, Code: "endpoint_not_supported", Vendor: p.name}
	if errors.Is(err, catalog.ErrNoEndpoint) {
		e.Message = fmt.Sprintf("%s has no %s", p.vendor.Name.EN, ep.Path)
		return e
	}
	e.Message = err.Error()
	return e
}

func (t *try) headers(h http.Header) {
	if t.speech.passes {
		for _, names := range [][]string{passedHeaders, t.speech.protocol.Headers} {
			for _, name := range names {
				if v := t.r.Header.Values(name); len(v) > 0 {
					h[http.CanonicalHeaderKey(name)] = v
				}
			}
		}
	}
	if h.Get("Content-Type") == "" && len(t.body) > 0 {
		h.Set("Content-Type", "application/json")
	}
	if t.streams() {
		h.Set("Accept", "text/event-stream")
	}
	setHeaders(h, "Accept-Encoding", "identity", "User-Agent", t.g.agent)
	p := t.cand.provider
	for name, value := range p.vendor.Headers(t.speech.protocol.Name) {
		if !t.speech.passes || h.Get(name) == "" || !slices.ContainsFunc(t.speech.protocol.Headers, func(own string) bool { return strings.EqualFold(own, name) }) {
			h.Set(name, value)
		}
	}
	if t.target != nil {
		for name, values := range t.target.Header {
			h[name] = values
		}
	}
	for name, values := range p.headers {
		h[name] = values
	}
}

func (t *try) passQuery(query url.Values) {
	for name, values := range t.query {
		if t.speech.passes && !query.Has(name) && !slices.Contains(droppedQuery, name) {
			query[name] = values
		}
	}
	for name, values := range t.cand.provider.query {
		query[name] = values
	}
}

// bodyFor is the caller's body with the model's name and the vendor's fixes
// put in; where nothing changes, the same bytes.
func (c *call) bodyFor(cand *candidate) *rawjson.Text {
	var edits []rawjson.Edit
	switch {
	case c.peek.formTo > 0 && cand.model != c.peek.model:
		edits = append(edits, rawjson.Edit{From: c.peek.formFrom, To: c.peek.formTo, With: cand.model})
	case len(c.peek.fields) > 0:
		edits = c.fixes(cand)
		if c.peek.named && c.entry.model == "" && cand.model != c.peek.model && !drops(edits, c.peek.modelAt) {
			edits = append(edits, rawjson.Set(c.peek.modelAt, rawjson.Quote(cand.model)))
		}
		var more []rawjson.Edit
		if names := c.entry.endpoint.Names; names != nil {
			more = names(c.body, c.peek.fields, cand.model)
		}
		edits = append(edits, c.usageEdits(cand)...)
		edits = append(edits, c.idEdits(cand)...)
		for _, e := range append(more, c.continuation(cand)...) {
			if !slices.ContainsFunc(edits, func(o rawjson.Edit) bool { return e.From < o.To && o.From < e.To }) {
				edits = append(edits, e) // a fix of the same value has its reasons
			}
		}
	}
	return rawjson.Apply(c.body, edits)
}

// drops reports whether edits take a field out.
func drops(edits []rawjson.Edit, f rawjson.Field) bool {
	return slices.ContainsFunc(edits, func(e rawjson.Edit) bool { return e.From < f.To && f.From < e.To })
}

// fixes are the edits by which the catalog says a vendor's bodies differ from
// the dialect.
func (c *call) fixes(cand *candidate) []rawjson.Edit {
	edits, _ := fixed(cand, c.entry.endpoint.Op, c.body, c.peek.fields)
	return edits
}

// fixed are the edits to a body with these fields, and the names of the fields
// that are left out.
func fixed(cand *candidate, op llm.Op, body []byte, fields []rawjson.Field) (edits []rawjson.Edit, left []string) {
	changed, dropped := map[int]rawjson.Edit{}, map[int]bool{}
	var added []string
	for i := range cand.provider.vendor.Fixes {
		fix := &cand.provider.vendor.Fixes[i]
		if !fixApplies(fix, op, cand.model) {
			continue
		}
		if fix.Do == catalog.FixSet && !slices.ContainsFunc(fields, func(f rawjson.Field) bool { return string(f.Key) == fix.Field }) {
			added = append(added, rawjson.Quote(fix.Field)+":"+fix.To)
		}
		for n, f := range fields {
			if string(f.Key) != fix.Field {
				continue
			}
			e, drop := applyFix(fix, f, body, fields)
			if drop && !dropped[n] && fix.Do == catalog.FixDrop {
				left = append(left, fix.Field)
			}
			dropped[n] = dropped[n] || drop
			if e != nil {
				changed[n] = *e
			}
		}
	}
	edits = rawjson.Drop(fields, func(n int) bool { return dropped[n] })
	kept := 0
	for n := range fields {
		if !dropped[n] {
			kept++
		}
	}
	for n, e := range changed {
		if !dropped[n] {
			edits = append(edits, e)
		}
	}
	return append(edits, insert(body, added, kept > 0)...), left
}

// insert is the edit that puts fields before those of an object; more says that
// it keeps any of its own.
func insert(body []byte, fields []string, more bool) []rawjson.Edit {
	at := bytes.IndexByte(body, '{')
	if len(fields) == 0 || at < 0 {
		return nil
	}
	with := "{" + strings.Join(fields, ",")
	if more {
		with += ","
	}
	return []rawjson.Edit{{From: at, To: at + 1, With: with}}
}

func fixApplies(fix *catalog.Fix, op llm.Op, model string) bool {
	if len(fix.Ops) == 0 && op != llm.OpChat || len(fix.Ops) > 0 && !slices.Contains(fix.Ops, string(op)) {
		return false
	}
	return len(fix.Models) == 0 || slices.ContainsFunc(fix.Models, func(p string) bool { return catalog.Glob(p, model) })
}

// applyFix is what one fix does to one field: change it, drop it, or neither.
func applyFix(fix *catalog.Fix, f rawjson.Field, body []byte, fields []rawjson.Field) (e *rawjson.Edit, drop bool) {
	switch fix.Do {
	case catalog.FixDrop, catalog.FixInPath:
		return nil, true
	case catalog.FixSet:
		set := rawjson.Set(f, fix.To)
		return &set, false
	case catalog.FixRename:
		if slices.ContainsFunc(fields, func(o rawjson.Field) bool { return string(o.Key) == fix.To }) {
			return nil, true // the caller gave both
		}
		renamed := rawjson.Rename(f, fix.To)
		return &renamed, false
	case catalog.FixClamp:
		v, err := strconv.ParseFloat(string(f.Value(body)), 64)
		if err != nil || v >= fix.Min && v <= fix.Max {
			return nil, false
		}
		clamped := rawjson.Set(f, strconv.FormatFloat(min(max(v, fix.Min), fix.Max), 'g', -1, 64))
		return &clamped, false
	}
	return nil, false
}
