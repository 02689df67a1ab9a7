package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/danielgtaylor/huma/v2/sse"
	"github.com/gin-gonic/gin"
)

// apiVersion is the version of the API, not of the program: it changes when a
// client must.
const apiVersion = "1.0.0"

// builder registers operations.
type builder struct {
	api    huma.API
	server *Server
}

// newRouter makes the router with every route of routes.go and the OpenAPI
// document that describes them. What no route takes goes to rest.
func newRouter(s *Server, rest http.Handler) (*gin.Engine, []byte, error) {
	engine := newEngine(rest)
	b := builder{api: humagin.New(engine, humaConfig()), server: s}
	s.routes(b)
	document, err := openAPIDocument(b.api.OpenAPI())
	if err != nil {
		return nil, nil, err
	}
	engine.GET("/api/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", document) })
	engine.POST(playgroundPath, gin.WrapF(s.playground))
	engine.GET(metricsPath, gin.WrapF(s.metrics))
	engine.POST(restorePath, gin.WrapF(s.stageRestore))
	engine.GET("/healthz", gin.WrapF(s.healthz))
	engine.GET("/readyz", gin.WrapF(s.readyz))
	return engine, document, nil
}

// newEngine makes a gin that only routes: it trusts no forwarding header,
// redirects nothing (a redirected POST loses its body in many clients), and
// has neither logger nor recovery of its own (its recovery ends broken
// answers as if they were whole and logs request headers).
func newEngine(rest http.Handler) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	// Only a malformed address can fail, and there is none.
	_ = engine.SetTrustedProxies(nil)
	engine.ForwardedByClientIP = false
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.HandleMethodNotAllowed = true
	engine.NoMethod(func(c *gin.Context) {
		writeProblem(c.Writer, problem(http.StatusMethodNotAllowed, "method", "this address does not take %s", bounded(c.Request.Method, 16)))
	})
	engine.NoRoute(func(c *gin.Context) {
		c.Writer.WriteHeader(http.StatusOK) // gin starts unrouted requests at 404; the rest decides for itself
		rest.ServeHTTP(c.Writer, c.Request)
	})
	return engine
}

// humaConfig is huma without its own pages, links and formats.
func humaConfig() huma.Config {
	c := huma.DefaultConfig("Posthouse console API", apiVersion)
	c.Info.Description = "The control plane of Posthouse. Errors are RFC 9457 problems; errors[].location names the field."
	c.DocsPath, c.OpenAPIPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "Made by POST /api/login or /api/setup"},
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token (pht-…), made by POST /api/tokens"},
	}
	return c
}

// openAPIDocument writes the document, indented so that changes to it can be
// read as a diff.
func openAPIDocument(doc *huma.OpenAPI) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// empty is the input or output of an operation without one.
type empty struct{}

// add registers one operation. The handler is a plain function; what it
// returns as an error becomes a problem, and what is nobody's fault but ours
// is logged and stays unsaid.
func add[I, O any](b builder, method, path, id, tag, summary string, handler func(context.Context, *I) (*O, error), more ...func(*huma.Operation)) {
	s := b.server
	op := operation(method, path, id, tag, summary)
	for _, m := range more {
		m(&op)
	}
	huma.Register(b.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err == nil {
			return out, nil
		}
		p := toProblem(err, place{})
		if p == nil {
			s.log.ErrorContext(ctx, "console request failed", "operation", id, "request_id", clientFrom(ctx).RequestID, "error", err)
			p = problem(http.StatusInternalServerError, "internal", "something went wrong here; the log has more under the request id %s", clientFrom(ctx).RequestID)
		}
		return nil, p
	})
}

// operation describes an operation.
func operation(method, path, id, tag, summary string) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag},
		// The body is read and bounded before (body.go).
		MaxBodyBytes: -1, BodyReadTimeout: -1,
	}
	if !isPublic(method, path) {
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	}
	return op
}

// stream registers an operation that answers with events until the client
// leaves; events are the names of their types.
func stream[I any](b builder, path, id, tag, summary string, events map[string]any, handler func(context.Context, *I, sse.Sender)) {
	sse.Register(b.api, operation(get, path, id, tag, summary), events, handler)
}

// answers says that an operation answers a file instead of JSON.
func answers(contentType string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {
			Description: "The file",
			Content: map[string]*huma.MediaType{
				contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			},
		}}
	}
}
