package proxy

import (
	"errors"
	"fmt"
	"io"
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
// only after the body was read (golang/go#23262, #40747). hold is asked for
// memory before it is used.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, hold func(more int) bool) ([]byte, *llm.Error) {
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
	first := min(max(r.ContentLength+1, 512), bodyTrust)
	if !hold(int(first)) {
		w.Header().Set("Connection", "close")
		return nil, crowdedOut()
	}
	buf := make([]byte, 0, first)
	for {
		if had := cap(buf); len(buf) == had {
			if !hold(had) { // about what append adds, or more
				w.Header().Set("Connection", "close")
				return nil, crowdedOut()
			}
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

// drainTimeLimit bounds how long a body that was refused is read on.
const drainTimeLimit = 5 * time.Second

// drain reads on and throws away, so that a client which sends all before it
// reads gets to see the answer: closing a connection with unread data resets it.
func drain(rc *http.ResponseController, r *http.Request, limit int64) {
	_ = rc.SetReadDeadline(time.Now().Add(drainTimeLimit)) // where unsupported, the bound in bytes holds
	_, _ = io.CopyN(io.Discard, r.Body, limit)
}

func tooLarge(limit int64) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusRequestEntityTooLarge, Code: "request_too_large",
		Message: fmt.Sprintf("The request body is larger than %d bytes, this gateway's limit (limits.body_bytes in its settings).", limit),
	}
}
