package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	// bodyIdle is how long a caller may be silent while sending a body.
	bodyIdle = 30 * time.Second
	// bodyTrust is how much of an announced length is set aside at once.
	bodyTrust = 1 << 20
)

// readBody reads the whole body before anything else happens with the call:
// it may be sent more than once, and net/http notices a caller that goes away
// only after the body was read (golang/go#23262, #40747).
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *llm.Error) {
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return nil, tooLarge(limit)
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, &llm.Error{
			Class: llm.ClassDenied, Status: http.StatusUnsupportedMediaType, Code: "unsupported_content_encoding",
			Message: fmt.Sprintf("The request body is compressed (content-encoding: %.40q). Send it uncompressed.", enc),
		}
	}
	rc := http.NewResponseController(w)
	buf := make([]byte, 0, min(max(r.ContentLength+1, 512), bodyTrust))
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		_ = rc.SetReadDeadline(time.Now().Add(bodyIdle)) // where unsupported, the server's own limits hold
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			w.Header().Set("Connection", "close")
			return nil, tooLarge(limit)
		}
		if errors.Is(err, io.EOF) {
			_ = rc.SetReadDeadline(time.Time{})
			return buf, nil
		}
		if err != nil {
			return nil, &llm.Error{
				Class: llm.ClassClientClosed, Status: http.StatusBadRequest, Code: "incomplete_body",
				Message: "The request body did not arrive whole. Send it again.",
			}
		}
	}
}

func tooLarge(limit int64) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusRequestEntityTooLarge, Code: "request_too_large",
		Message: fmt.Sprintf("The request body is larger than %d bytes, this gateway's limit (limits.body_bytes in its settings).", limit),
	}
}

// formBoundary returns the boundary of a multipart form, if that is what the
// request holds.
func formBoundary(r *http.Request) (string, bool) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return "", false
	}
	return params["boundary"], true
}

// formField finds where the value of a form's field stands. It looks at part
// headers only, so files are not copied.
func formField(body []byte, boundary, name string) (from, to int, found bool) {
	mark := []byte("--" + boundary)
	at := bytes.Index(body, mark)
	for at >= 0 {
		at += len(mark)
		if bytes.HasPrefix(body[at:], []byte("--")) {
			return 0, 0, false // the closing boundary
		}
		head := bytes.Index(body[at:], []byte("\r\n\r\n"))
		if head < 0 {
			return 0, 0, false
		}
		from = at + head + 4
		next := bytes.Index(body[from:], append([]byte("\r\n"), mark...))
		if next < 0 {
			return 0, 0, false
		}
		to = from + next
		if partName(body[at:at+head]) == name {
			return from, to, true
		}
		at = to + 2
	}
	return 0, 0, false
}

// partName reads the name of a form field off its part's headers.
func partName(head []byte) string {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !bytes.EqualFold(bytes.TrimSpace(key), []byte("Content-Disposition")) {
			continue
		}
		if _, params, err := mime.ParseMediaType(string(bytes.TrimSpace(value))); err == nil && params["filename"] == "" {
			return params["name"]
		}
	}
	return ""
}
