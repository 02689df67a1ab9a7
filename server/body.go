package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	bodyLimit     = 1 << 20          // of every API request
	documentLimit = 16 << 20         // of the configuration document
	bodyIdle      = 30 * time.Second // longest wait for the next piece of a body
	drainTime     = 5 * time.Second  // longest wait for the rest of a body that was refused
	bodyDepth     = 64               // deepest JSON; the API's own types need 7
)

// documentPath takes the configuration document.
const documentPath = "/api/config"

// documentTypes are the content types the document may come as; YAML holds
// JSON.
var documentTypes = []string{"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "application/json"}

// readBody reads an API request's body whole, before anything long begins:
// only then does the server notice that a client has left. It refuses what is
// too large, of the wrong type, or JSON that two readers could understand
// differently.
func (s *Server) readBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isAPI(r.URL.Path) || r.URL.Path == playgroundPath || streamsBody(r) || r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		body, p := takeBody(w, r)
		if p != nil {
			w.Header().Set("Connection", "close")
			refuseBody(w, r, p)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		if len(body) == 0 {
			r.Body = http.NoBody
		}
		next.ServeHTTP(w, r)
	})
}

// streamsBody tells whether a request's body is too large to be held.
func streamsBody(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == restorePath
}

// takeBody reads and checks a body.
func takeBody(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	isDocument := r.URL.Path == documentPath
	limit := limitOf(r)
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, problem(http.StatusUnsupportedMediaType, "encoding", "send the body as it is, without Content-Encoding")
	}
	control := http.NewResponseController(w)
	body, err := io.ReadAll(&patient{r: http.MaxBytesReader(w, r.Body, limit), control: control})
	// A connection that cannot have deadlines (a test's recorder) has none to clear.
	_ = control.SetReadDeadline(time.Time{})
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem(http.StatusRequestTimeout, "slow_body", "the body did not arrive in time")
	case err != nil:
		return nil, problem(http.StatusBadRequest, "broken_body", "the body did not arrive whole")
	case len(body) == 0:
		return nil, nil
	}
	return body, checkBody(r, body, isDocument)
}

// refuseBody answers that a body is not taken. A client that sends all of it
// before it reads would never see the answer if the connection closed on what
// is still on its way, so some of that is read and thrown away.
func refuseBody(w http.ResponseWriter, r *http.Request, p *Problem) {
	control := http.NewResponseController(w)
	// Else the server would itself look for the rest before it answers.
	_ = control.EnableFullDuplex()
	writeProblem(w, p)
	if p.Status != http.StatusRequestEntityTooLarge {
		return
	}
	// A connection that cannot do these (a test's recorder) needs none of them.
	_, _ = control.Flush(), control.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.CopyN(io.Discard, r.Body, 2*limitOf(r))
	_ = control.SetReadDeadline(time.Time{})
}

// limitOf is the largest body a request may have, in bytes.
func limitOf(r *http.Request) int64 {
	if r.URL.Path == documentPath {
		return documentLimit
	}
	return bodyLimit
}

// checkBody checks a body's type and, for JSON, its form.
func checkBody(r *http.Request, body []byte, isDocument bool) *Problem {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch {
	case isDocument && slices.Contains(documentTypes, kind):
		return nil
	case isDocument:
		return problem(http.StatusUnsupportedMediaType, "content_type", "send the document with Content-Type: application/yaml")
	case kind != "application/json":
		return problem(http.StatusUnsupportedMediaType, "content_type", "send JSON with Content-Type: application/json")
	}
	if err := strictJSON(body); err != nil {
		p := problem(http.StatusBadRequest, "json", "the body is not valid JSON: %s", err)
		p.Errors = []ProblemDetail{{Location: "body", Message: err.Error()}}
		return p
	}
	return nil
}

// tooLarge is the answer to a body over the limit.
func tooLarge(limit int64) *Problem {
	return problem(http.StatusRequestEntityTooLarge, "too_large", "the body is larger than %d MiB", limit>>20)
}

// strictJSON checks that data is one JSON value that every reader understands
// alike: valid UTF-8, no name twice in an object, nothing after it, and not
// nested so deep that reading it is work.
func strictJSON(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for first := true; first || d.StackDepth() > 0; first = false {
		if _, err := d.ReadToken(); err != nil {
			return jsonFault(err)
		}
		if d.StackDepth() > bodyDepth {
			return fmt.Errorf("nested deeper than %d levels", bodyDepth)
		}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("there is something after the end, at byte %d", d.InputOffset())
	}
	return nil
}

// jsonFault says in our words what is wrong with a JSON text. The decoder's
// own words may quote the text, which may hold a key.
func jsonFault(err error) error {
	var at *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &at):
		return fmt.Errorf("a name occurs twice in an object, at byte %d", at.ByteOffset)
	case errors.As(err, &at):
		return fmt.Errorf("it cannot be read at byte %d", at.ByteOffset)
	}
	return errors.New("it cannot be read")
}

// patient reads a body as long as it makes progress.
type patient struct {
	r       io.Reader
	control *http.ResponseController
}

// Read implements io.Reader, with a fresh deadline each time.
func (p *patient) Read(b []byte) (int, error) {
	// A connection that cannot have deadlines (a test's recorder) does without.
	_ = p.control.SetReadDeadline(time.Now().Add(bodyIdle))
	return p.r.Read(b)
}
