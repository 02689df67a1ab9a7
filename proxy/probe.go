package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// probeTime bounds a probe; nobody waits longer before a screen.
const probeTime = 15 * time.Second

// maxModelList bounds the answer to a probe in bytes; OpenRouter's list, the
// longest known, is about 1 MB.
const maxModelList = 8 << 20

// ProbeResult is what a real, free call (listing models) to a provider showed.
type ProbeResult struct {
	OK       bool
	Class    llm.Class     // why not
	Status   int           // the vendor's HTTP status; 0 if none came
	Message  string        // one sentence: what is wrong and what to do, with the vendor's own words
	URL      string        // where it was sent, without secrets
	Steps    []ProbeStep   // "dns", "connect", "tls", "first_byte", "answer", as far as it came
	Latency  time.Duration // start → whole answer
	Models   []string      // the ids the vendor listed
	Unlisted bool          // the vendor has no list of models: that it answers at all and takes the key is what was checked
}

// ProbeStep is one step of a probe and how long it took.
type ProbeStep struct {
	Name     string
	Duration time.Duration
	OK       bool
	Detail   string // the address, the TLS version, the error
}

// Probe makes a real, free call with one key of a provider, configured or not.
// An empty key is sent as no key.
func (g *Gateway) Probe(ctx context.Context, conf Provider, k Key) ProbeResult {
	conf.Keys, conf.Disabled = []Key{k}, false
	conf.Keys[0].Disabled = false
	if conf.Name == "" {
		conf.Name = "provider"
	}
	snap, faults := Compile(Config{Providers: []Provider{conf}, Timeouts: g.snapshot.Load().timeouts})
	if len(faults) > 0 {
		return ProbeResult{Class: llm.ClassBadRequest, Message: faults[0].Message}
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	p := &probe{g: g, provider: snap.providers[0], began: time.Now()}
	p.dialect = g.protocol(p.provider.vendor.Speaks[0].Protocol)
	p.run(ctx)
	p.Message = redact(p.Message, p.provider)
	return p.ProbeResult
}

// probe is a probe under way.
type probe struct {
	ProbeResult
	g        *Gateway
	provider *provider
	dialect  *protocol.Protocol // in which it is asked: the one that the vendor speaks best
	began    time.Time

	mu   sync.Mutex // the trace's callbacks come from other goroutines
	from map[string]time.Time
}

func (p *probe) run(ctx context.Context) {
	req, err := p.request(ctx)
	var refused *llm.Error
	switch {
	case errors.As(err, &refused): // by those who give tokens for the key
		p.Class, p.Status, p.Message = refused.Class, refused.Status, refused.Message
		return
	case err != nil:
		p.Class, p.Message = llm.ClassBadRequest, err.Error()
		return
	}
	// A transport of its own: a kept connection would hide the steps.
	transport := p.provider.transport.open().full
	transport.DisableKeepAlives = true
	resp, err := transport.RoundTrip(req)
	if err != nil {
		p.unreachable(ctx, err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	p.Status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxModelList))
	p.Latency = time.Since(p.began)
	if err != nil {
		p.Class, p.Message = llm.ClassCut, "its answer broke off"
		return
	}
	p.judge(resp, body)
}

// request lists models where the vendor has a list, else asks the chat
// endpoint for nothing, which costs nothing and still shows whether the key is
// accepted.
func (p *probe) request(ctx context.Context) (*http.Request, error) {
	v, conf := p.provider.vendor, p.provider
	method, body := http.MethodGet, ""
	raw, auth, err := v.Resolve(p.dialect.Name, conf.region, conf.base, conf.fields, "", p.upstream(llm.OpModels))
	if errors.Is(err, catalog.ErrNoEndpoint) || p.upstream(llm.OpModels) == "" {
		p.Unlisted = true
		method, body = http.MethodPost, "{}"
		raw, auth, err = v.Resolve(p.dialect.Name, conf.region, conf.base, conf.fields, p.anyModel(), p.upstream(llm.OpChat))
	}
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("the provider's URL: %w", err)
	}
	p.URL = u.Scheme + "://" + u.Host + u.Path
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, p.trace()), method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the provider's URL: %w", err)
	}
	req.Header.Set("User-Agent", p.g.agent)
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range v.Headers(p.dialect.Name) {
		req.Header.Set(name, value)
	}
	for name, values := range conf.headers {
		req.Header[name] = values
	}
	query := u.Query()
	for name, values := range conf.query {
		query[name] = values
	}
	req.URL.RawQuery = query.Encode()
	if len(conf.keys) > 0 {
		if failed := p.g.authorise(ctx, req, auth, conf, conf.keys[0]); failed != nil {
			return nil, failed
		}
	}
	return req, nil
}

// upstream is where an endpoint of this kind lies below the vendor's base URL;
// empty where the protocol has none.
func (p *probe) upstream(op llm.Op) string {
	for i := range p.dialect.Endpoints {
		if ep := &p.dialect.Endpoints[i]; ep.Op == op || op == llm.OpChat && ep.Out != nil {
			return ep.Upstream
		}
	}
	return ""
}

func (p *probe) anyModel() string {
	if len(p.provider.listed) > 0 {
		return p.provider.listed[0]
	}
	return "model"
}

// judge says what an answer means for the provider.
func (p *probe) judge(resp *http.Response, body []byte) {
	switch {
	case p.Status >= 300 && p.Status < 400:
		p.Class, p.Message = llm.ClassMalformed, fmt.Sprintf("it answers with a redirect (%d): set the base URL to where the API really is", p.Status)
	case p.Status >= 400:
		e := p.dialect.DecodeError(p.Status, resp.Header, body)
		p.Class, p.Message = e.Class, p.advice(e)
		// Asked for nothing, a vendor that takes the key complains about the request.
		if p.Unlisted && (e.Class == llm.ClassBadRequest || e.Class == llm.ClassModelNotFound) {
			p.OK, p.Class, p.Message = true, "", ""
		}
		p.step("answer", time.Time{}, p.OK, fmt.Sprintf("status %d", p.Status))
		return
	default:
		models, err := p.dialect.DecodeModels(body)
		if err != nil {
			p.Class, p.Message = llm.ClassMalformed, "it answered, but not with a list of models: check the base URL"
			break
		}
		p.OK, p.Models = true, models
	}
	p.step("answer", time.Time{}, p.OK, fmt.Sprintf("status %d, %d models", p.Status, len(p.Models)))
}

// advice is a vendor's own words with what to do about them.
func (p *probe) advice(e *llm.Error) string {
	said := e.Message
	if said == "" {
		said = fmt.Sprintf("status %d", p.Status)
	}
	hint := map[llm.Class]string{
		llm.ClassAuth:           "The key was refused. Check that it is whole, and that it belongs to this region and endpoint",
		llm.ClassQuotaExhausted: "The key is accepted, but its account has no balance or quota left",
		llm.ClassRateLimited:    "The key is accepted, but rate limited just now",
		llm.ClassModelNotFound:  "Nothing is there. Check the base URL: it usually ends in /v1",
		llm.ClassServerError:    "The vendor has trouble just now",
		llm.ClassOverloaded:     "The vendor is busy just now",
	}[e.Class]
	if hint == "" {
		return said
	}
	return hint + ". It says: " + said
}

func (p *probe) unreachable(ctx context.Context, err error) {
	p.Latency = time.Since(p.began)
	switch {
	case errors.Is(err, errGuarded):
		p.Class, p.Message = llm.ClassConnect, innermost(err)
	case ctx.Err() != nil:
		p.Class, p.Message = llm.ClassHeadersTimeout, fmt.Sprintf("no answer within %v: is an outbound proxy needed?", probeTime)
	case isTLS(err):
		p.Class, p.Message = llm.ClassTLS, "TLS failed: "+innermost(err)
	default:
		p.Class, p.Message = llm.ClassConnect, "it can't be reached: "+innermost(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.Steps); n == 0 || p.Steps[n-1].OK {
		p.Steps = append(p.Steps, ProbeStep{Name: "connect", Detail: p.Message})
	}
}

// step notes the end of a step; a zero from means since the probe began.
func (p *probe) step(name string, from time.Time, ok bool, detail string) {
	if from.IsZero() {
		from = p.began
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Steps = append(p.Steps, ProbeStep{Name: name, Duration: time.Since(from), OK: ok, Detail: detail})
}

func (p *probe) trace() *httptrace.ClientTrace {
	p.from = map[string]time.Time{}
	begin := func(name string) {
		p.mu.Lock()
		p.from[name] = time.Now()
		p.mu.Unlock()
	}
	done := func(name, detail string, err error) {
		p.mu.Lock()
		from := p.from[name]
		p.mu.Unlock()
		if err != nil {
			detail = innermost(err)
		}
		p.step(name, from, err == nil, detail)
	}
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { begin("dns") },
		DNSDone: func(i httptrace.DNSDoneInfo) {
			var addrs []string
			for _, a := range i.Addrs {
				addrs = append(addrs, a.String())
			}
			done("dns", strings.Join(addrs, ", "), i.Err)
		},
		ConnectStart:         func(_, _ string) { begin("connect") },
		ConnectDone:          func(_, addr string, err error) { done("connect", addr, err) },
		TLSHandshakeStart:    func() { begin("tls") },
		TLSHandshakeDone:     func(s tls.ConnectionState, err error) { done("tls", tls.VersionName(s.Version), err) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { begin("first_byte") },
		GotFirstResponseByte: func() { done("first_byte", "", nil) },
	}
}
