package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// traceHeader says which trace a request belongs to (W3C Trace Context).
const traceHeader = "Traceparent"

// Trace is the trace that a call belongs to. The zero value is none.
type Trace struct {
	ID      [16]byte
	Parent  [8]byte // the caller's span; zero: the call begins the trace
	Span    [8]byte // the call's own
	Sampled bool    // it is to be exported
}

// newTrace goes on with the caller's trace, or begins one. What the caller says
// about sampling holds; of the others so many of a thousand are sampled.
func newTrace(header string, sample int) Trace {
	t := Trace{Span: NewSpan()}
	if id, parent, sampled, ok := parseTrace(header); ok {
		t.ID, t.Parent, t.Sampled = id, parent, sampled
		return t
	}
	binary.BigEndian.PutUint64(t.ID[:8], rand.Uint64())
	binary.BigEndian.PutUint64(t.ID[8:], rand.Uint64()|1)
	t.Sampled = rand.IntN(1000) < sample
	return t
}

// NewSpan makes a span's id.
func NewSpan() (id [8]byte) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1) // zero is not an id
	return id
}

// parseTrace reads a traceparent: version, trace, parent and flags. Versions to
// come may have more behind the flags.
func parseTrace(h string) (id [16]byte, parent [8]byte, sampled, ok bool) {
	const form = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	if len(h) < len(form) || h[2] != '-' || h[35] != '-' || h[52] != '-' || h[:2] == "ff" || len(h) > len(form) && (h[:2] == "00" || h[55] != '-') {
		return id, parent, false, false
	}
	var version, flags [1]byte
	for _, part := range []struct {
		into []byte
		text string
	}{{version[:], h[:2]}, {id[:], h[3:35]}, {parent[:], h[36:52]}, {flags[:], h[53:55]}} {
		for i := range len(part.text) {
			if c := part.text[i]; c >= 'A' && c <= 'F' {
				return id, parent, false, false // the standard writes them small
			}
		}
		if _, err := hex.Decode(part.into, []byte(part.text)); err != nil {
			return id, parent, false, false
		}
	}
	if id == ([16]byte{}) || parent == ([8]byte{}) {
		return id, parent, false, false
	}
	return id, parent, flags[0]&1 == 1, true
}

// header writes the trace for whoever is asked within a span.
func (t Trace) header(span [8]byte) string {
	flags := "00"
	if t.Sampled {
		flags = "01"
	}
	return "00-" + hex.EncodeToString(t.ID[:]) + "-" + hex.EncodeToString(span[:]) + "-" + flags
}
