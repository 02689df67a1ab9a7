package lab

import (
	"bytes"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// bodyForm is how an operation takes its request.
type bodyForm int

const (
	noBody bodyForm = iota
	jsonBody
	formBody
)

// op is one operation of the API.
type op struct {
	method  string
	path    string // below the base; {id} takes the rest, up to what follows it here
	form    bodyForm
	handle  func(*exchange) (*reply, *apiError)
	dialect *dialect // nil: OpenAI's
	bases   []string // where it lives; nil: below every base but those of other dialects
	open    bool     // it is for those who have no key yet
}

func operations() []op {
	return slices.Concat(geminiOperations(), responsesOperations(), anthropicOperations(), bedrockOperations(), cohereOperations(), dashscopeOperations(), ollamaOperations(), tokenOperations(), openAIOperations())
}

func openAIOperations() []op {
	return []op{
		{method: http.MethodPost, path: "/chat/completions", form: jsonBody, handle: chat},
		{method: http.MethodPost, path: "/completions", form: jsonBody, handle: completions},
		{method: http.MethodPost, path: "/embeddings", form: jsonBody, handle: embeddings},
		{method: http.MethodGet, path: "/models", form: noBody, handle: listModels},
		{method: http.MethodGet, path: "/models/{id}", form: noBody, handle: showModel},
		{method: http.MethodPost, path: "/moderations", form: jsonBody, handle: moderations},
		{method: http.MethodPost, path: "/rerank", form: jsonBody, handle: rerank},
		{method: http.MethodPost, path: "/images/generations", form: jsonBody, handle: imageGenerations},
		{method: http.MethodPost, path: "/images/edits", form: formBody, handle: imageEdits},
		{method: http.MethodPost, path: "/audio/speech", form: jsonBody, handle: speech},
		{method: http.MethodPost, path: "/audio/transcriptions", form: formBody, handle: transcriptions},
		{method: http.MethodPost, path: "/audio/translations", form: formBody, handle: transcriptions},
	}
}

// bases are the paths under which vendors put the API. Anything else, such as
// /v1/v1, is an unknown URL here as it is there.
func bases() []string {
	return []string{"/openai/v1", "/compatible-mode/v1", "/compatibility/v1", "/api/paas/v4", "/api/v3", "/anthropic/v1", "/v1beta/openai", geminiBase, dashscopeBase, "/openai", "/v1", "/v2", ""}
}

const maxFormMemory = 64 << 20

// exchange is one call while it is answered.
type exchange struct {
	lab      *Lab
	r        *http.Request
	body     []byte
	id       string
	key      string // the credential the caller sent
	provider string // from /p/NAME/v1
	subject  string // what {id} stood for
	op       op
	object   object
	form     *multipart.Form
	model    *model
	fault    fault
	whole    bool // answer in one piece although a stream was asked for
	billed   Billed
}

// bill notes what the answer uses.
func (x *exchange) bill(prompt, output int) { x.billed = Billed{prompt, output} }

// credentialHeaders are the headers in which vendors take a key.
func credentialHeaders() []string {
	return []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"}
}

// credential is the one key of a call, and how many it carries.
func credential(h http.Header) (key string, count int) {
	for _, name := range credentialHeaders() {
		for _, v := range h.Values(name) {
			count++
			if name == "Authorization" {
				scheme, rest, _ := strings.Cut(v, " ")
				if strings.EqualFold(scheme, "Bearer") {
					v = strings.TrimSpace(rest)
				}
			}
			key = v
		}
	}
	return key, count
}

func (x *exchange) authenticate(keys []string) *apiError {
	if x.op.open {
		return nil
	}
	if s, ok := parseSignature(x.r.Header.Get("Authorization")); ok && x.dialect().name == "bedrock" {
		x.key = s.id
		return x.signed(s)
	}
	key, count := credential(x.r.Header)
	if q := x.r.URL.Query().Get("key"); q != "" && x.dialect().name == "gemini" {
		key, count = q, count+1
	}
	x.key = key
	if count > 1 {
		return invalid("", "ambiguous_credentials", "The request carries %d credentials (of %s). Send exactly one.", count, strings.Join(credentialHeaders(), ", "))
	}
	if len(keys) == 0 {
		return nil
	}
	fail := &apiError{status: http.StatusUnauthorized, kind: kindInvalid}
	if key == "" {
		fail.message = "You didn't provide an API key. Send it in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
		return fail
	}
	if slices.Contains(keys, key) || x.lab.hasIssued(key) {
		return nil
	}
	fail.code = "invalid_api_key"
	fail.message = "Incorrect API key provided: " + hint(key) + "."
	return fail
}

// hint shows the end of a long key and nothing of a short one.
func hint(key string) string {
	if len(key) < 12 {
		return "****"
	}
	return "****" + key[len(key)-4:]
}

// route finds the operation. A path may begin with /p/NAME, so that one lab
// can stand for several providers.
func (x *exchange) route(ops []op) (op, *apiError) {
	path := x.r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/p/"); ok {
		name, tail, _ := strings.Cut(rest, "/")
		x.provider, path = name, "/"+tail
	}
	path = vertexPath(path)
	var allowed []string
	for _, base := range bases() {
		tail, ok := strings.CutPrefix(path, base)
		if !ok {
			continue
		}
		if base == "/openai" {
			tail = x.deployment(tail)
		}
		for _, o := range ops {
			subject, ok := matchPath(o.path, tail)
			if !ok || !o.livesBelow(base) {
				continue
			}
			if o.method == x.r.Method {
				if subject != "" {
					x.subject = subject
				}
				return o, nil
			}
			allowed = append(allowed, o.method)
		}
	}
	if len(allowed) > 0 {
		return op{}, &apiError{
			status: http.StatusMethodNotAllowed, kind: kindInvalid, allow: strings.Join(allowed, ", "),
			message: fmt.Sprintf("Not allowed to %s on %s. Use %s.", x.r.Method, clip(x.r.URL.Path, 200), strings.Join(allowed, ", ")),
		}
	}
	return op{}, &apiError{
		status: http.StatusNotFound, kind: kindInvalid, code: "unknown_url",
		message: fmt.Sprintf("Unknown request URL: %s %s. Please check the URL for typos.", x.r.Method, clip(x.r.URL.Path, 200)),
	}
}

// vertexPath is a path without what says whose project and whose models, as
// Vertex has it.
func vertexPath(path string) string {
	if !strings.HasPrefix(path, "/v1/projects/") {
		return path
	}
	for _, publisher := range []string{"/publishers/google", "/publishers/anthropic"} {
		if _, rest, ok := strings.Cut(path, publisher); ok {
			return "/v1" + rest
		}
	}
	return path
}

// deployment takes Azure's /deployments/NAME off a path; NAME is the model.
func (x *exchange) deployment(tail string) string {
	rest, ok := strings.CutPrefix(tail, "/deployments/")
	if !ok {
		return tail
	}
	name, tail, _ := strings.Cut(rest, "/")
	x.subject = name
	return "/" + tail
}

func matchPath(pattern, path string) (subject string, ok bool) {
	head, tail, holds := strings.Cut(pattern, "{id}")
	if !holds {
		return "", pattern == path
	}
	if subject, ok = strings.CutPrefix(path, head); ok {
		subject, ok = strings.CutSuffix(subject, tail)
	}
	return subject, ok && subject != ""
}

// livesBelow reports whether the operation is one of the API at a base.
func (o op) livesBelow(base string) bool {
	if o.bases == nil {
		return base != geminiBase && base != dashscopeBase
	}
	return slices.Contains(o.bases, base)
}

// decode reads the body as the operation takes it, and finds the model.
func (x *exchange) decode(o op) *apiError {
	name := x.subject
	switch o.form {
	case noBody:
		return nil
	case jsonBody:
		if fail := x.decodeJSON(); fail != nil {
			return fail
		}
		named, fail := x.object.text("model", "model")
		if fail != nil {
			return fail
		}
		if named != "" {
			name = named
		}
		if x.dialect().name == "gemini" {
			name = strings.TrimPrefix(name, "models/")
		}
	case formBody:
		if fail := x.decodeForm(); fail != nil {
			return fail
		}
		if v := x.form.Value["model"]; len(v) > 0 {
			name = v[0]
		}
	}
	if name == "" {
		return invalid("model", "missing_required_parameter", "you must provide a model parameter")
	}
	m, fail := x.lab.resolve(name)
	x.model = m
	return fail
}

func (x *exchange) decodeJSON() *apiError {
	if coding := x.r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return unsupported("Unsupported content encoding: '%s'. Send the body uncompressed.", coding)
	}
	kind, _, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if kind != "application/json" {
		return unsupported("Unsupported content type: '%s'. This API method only accepts 'application/json' requests, but you specified the header 'Content-Type: %[1]s'. Please try again with a supported content type.", clip(kind, 100))
	}
	o, fail := parseObject(x.body)
	x.object = o
	return fail
}

func (x *exchange) decodeForm() *apiError {
	kind, attrs, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" || attrs["boundary"] == "" {
		return unsupported("Unsupported content type: '%s'. This API method only accepts 'multipart/form-data' requests with a boundary.", clip(kind, 100))
	}
	form, err := multipart.NewReader(bytes.NewReader(x.body), attrs["boundary"]).ReadForm(maxFormMemory)
	if err != nil {
		return invalid("", "", "We could not parse the multipart body of your request: %v.", err)
	}
	x.form = form
	return nil
}

func unsupported(format string, args ...any) *apiError {
	fail := invalid("", "unsupported_content_type", format, args...)
	fail.status = http.StatusUnsupportedMediaType
	return fail
}

// chooseFault takes the fault that the call asks for, else that of the first
// rule that matches, else the model's.
func (x *exchange) chooseFault() {
	if asked := x.r.Header.Get(FaultHeader); asked != "" && x.lab.opts.Asked {
		if f, err := x.lab.parseFault(asked); err == nil {
			x.fault = f
			return
		}
	}
	if f, ok := x.lab.rules.match(x, x.lab.opts.Now()); ok {
		x.fault = f
		return
	}
	if x.model == nil || x.model.fault.behaviour.edit == nil {
		return
	}
	if times := x.model.params.num("times"); times > 0 && !x.lab.rules.take(x.model.name, times) {
		return
	}
	x.fault = x.model.fault
}

// shape is how the fault in force shapes the answer.
func (x *exchange) shape() shape { return x.fault.behaviour.shape }
