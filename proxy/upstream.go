package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// passedHeaders are the request headers that a vendor may need to see. All
// others stay here: what a caller sends to identify itself is for us, and an
// Idempotency-Key would make net/http repeat a POST on its own.
var passedHeaders = []string{"Content-Type", "Accept", "Openai-Beta"}

// droppedQuery are query parameters that are for us, or that carry keys.
var droppedQuery = []string{"model", "key", "api_key", "api-key", "api-version", "access_token", "token"}

// request builds what is sent to a vendor. Headers are built, not copied.
func (c *call) request(ctx context.Context, cand *candidate, k *key) (*http.Request, *llm.Error) {
	p := cand.provider
	raw, auth, err := p.vendor.Resolve(c.g.protocol.Name, p.region, p.base, p.fields, cand.model, c.entry.endpoint.Upstream+c.entry.rest)
	if err != nil {
		return nil, unsupported(p, c.entry.endpoint, err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassInternal, Message: "the provider's URL can't be used: " + err.Error()}
	}
	body := c.bodyFor(cand)
	r := &http.Request{
		Method: c.r.Method, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, 8), ContentLength: body.Size(),
	}
	if body.Size() > 0 {
		r.Body = body.Reader()
		r.GetBody = func() (io.ReadCloser, error) { return body.Reader(), nil }
	}
	c.headers(r.Header, p)
	query := u.Query()
	c.passQuery(query, p)
	authorise(r.Header, query, auth, k)
	u.RawQuery = query.Encode()
	return r.WithContext(ctx), nil
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

func (c *call) headers(h http.Header, p *provider) {
	for _, name := range passedHeaders {
		if v := c.r.Header.Get(name); v != "" {
			h.Set(name, v)
		}
	}
	if h.Get("Content-Type") == "" && len(c.body) > 0 {
		h.Set("Content-Type", "application/json")
	}
	if c.peek.stream {
		h.Set("Accept", "text/event-stream")
	}
	h.Set("Accept-Encoding", "identity")
	h.Set("User-Agent", c.g.agent)
	for name, value := range p.vendor.Headers(c.g.protocol.Name) {
		h.Set(name, value)
	}
	for name, values := range p.headers {
		h[name] = values
	}
}

func (c *call) passQuery(query url.Values, p *provider) {
	for name, values := range c.query {
		if !query.Has(name) && !slices.Contains(droppedQuery, name) {
			query[name] = values
		}
	}
	for name, values := range p.query {
		query[name] = values
	}
}

// authorise adds a provider's key in the vendor's way.
func authorise(h http.Header, query url.Values, auth catalog.Auth, k *key) {
	if k == nil {
		return
	}
	switch auth.Kind {
	case catalog.AuthBearer:
		h.Set("Authorization", "Bearer "+k.secret.Reveal())
	case catalog.AuthHeader:
		h.Set(auth.Name, k.secret.Reveal())
	case catalog.AuthQuery:
		query.Set(auth.Name, k.secret.Reveal())
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
		if c.peek.named && cand.model != c.peek.model {
			edits = append(edits, rawjson.Set(c.peek.modelAt, rawjson.Quote(cand.model)))
		}
		for _, e := range c.continuation(cand) {
			if !slices.ContainsFunc(edits, func(o rawjson.Edit) bool { return e.From < o.To && o.From < e.To }) {
				edits = append(edits, e) // a fix of the same value has its reasons
			}
		}
	}
	return rawjson.Apply(c.body, edits)
}

// fixes are the edits by which the catalog says a vendor's bodies differ from
// the dialect.
func (c *call) fixes(cand *candidate) []rawjson.Edit {
	changed, dropped := map[int]rawjson.Edit{}, map[int]bool{}
	for i := range cand.provider.vendor.Fixes {
		fix := &cand.provider.vendor.Fixes[i]
		if !fixApplies(fix, c.entry.endpoint.Op, cand.model) {
			continue
		}
		for n, f := range c.peek.fields {
			if string(f.Key) != fix.Field {
				continue
			}
			e, drop := c.fix(fix, f)
			dropped[n] = dropped[n] || drop
			if e != nil {
				changed[n] = *e
			}
		}
	}
	edits := rawjson.Drop(c.peek.fields, func(n int) bool { return dropped[n] })
	for n, e := range changed {
		if !dropped[n] {
			edits = append(edits, e)
		}
	}
	return edits
}

func fixApplies(fix *catalog.Fix, op llm.Op, model string) bool {
	if len(fix.Ops) == 0 && op != llm.OpChat || len(fix.Ops) > 0 && !slices.Contains(fix.Ops, string(op)) {
		return false
	}
	return len(fix.Models) == 0 || slices.ContainsFunc(fix.Models, func(p string) bool { return catalog.Glob(p, model) })
}

// fix is what one fix does to one field: change it, drop it, or neither.
func (c *call) fix(fix *catalog.Fix, f rawjson.Field) (e *rawjson.Edit, drop bool) {
	switch fix.Do {
	case catalog.FixDrop:
		return nil, true
	case catalog.FixRename:
		if slices.ContainsFunc(c.peek.fields, func(o rawjson.Field) bool { return string(o.Key) == fix.To }) {
			return nil, true // the caller gave both
		}
		renamed := rawjson.Rename(f, fix.To)
		return &renamed, false
	case catalog.FixClamp:
		v, err := strconv.ParseFloat(string(f.Value(c.body)), 64)
		if err != nil || v >= fix.Min && v <= fix.Max {
			return nil, false
		}
		clamped := rawjson.Set(f, strconv.FormatFloat(min(max(v, fix.Min), fix.Max), 'g', -1, 64))
		return &clamped, false
	}
	return nil, false
}
