package llm

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"strings"
)

// State is what a vendor hands out with an answer and wants back unchanged,
// and nobody else can read: the signature of a thinking block, an encrypted
// reasoning item, a thought signature. It goes back only to who minted it.
type State struct {
	Kind   string // what it is, in the minting protocol's words, e.g. "signature"
	Data   string // as the vendor wrote it
	Origin Origin // who minted it; empty for what a client sent without our seal
}

// The kinds of State that vendors of several dialects mint alike.
const (
	// StateSignature signs a thinking block (Anthropic, and Claude elsewhere).
	StateSignature = "signature"
	// StateRedacted is a thinking block in secret (Anthropic).
	StateRedacted = "redacted"
	// StateThought is Gemini's thought signature, native or in OpenAI's dialect.
	StateThought = "thought_signature"
	// StateEncrypted is the encrypted content of a reasoning item (Responses).
	StateEncrypted = "encrypted_content"
	// StateDetails are OpenRouter's reasoning_details, as a JSON array.
	StateDetails = "reasoning_details"
	// StateNone says only where reasoning came from, for dialects that demand a
	// signature: its data is empty.
	StateNone = "none"
)

// Origin names the provider and key that minted a State. It is short, stable
// and tells nothing about either.
type Origin string

// sealMark begins every sealed state. Its letters are allowed wherever a
// dialect takes ids (Anthropic: [a-zA-Z0-9_-]).
const sealMark = "phs1_"

// sealBase64 is how sealMark begins once it is written in base64, as fields of
// Gemini's dialect are.
const sealBase64 = "cGhzMV"

// Seal writes a state so that any client carries it and we know it again.
func (s *State) Seal() string {
	plain := []byte(string(s.Origin) + "\x00" + s.Kind + "\x00" + s.Data)
	return sealMark + base64.RawURLEncoding.EncodeToString(packed(plain))
}

// Unseal reads what Seal wrote. Text that is none of ours is a state of unknown
// origin, of the kind that the reader takes it for; none is nil.
func Unseal(text, kind string) *State {
	if text == "" {
		return nil
	}
	if s := unseal(text); s != nil {
		return s
	}
	return &State{Kind: kind, Data: text}
}

func unseal(text string) *State {
	rest, ok := strings.CutPrefix(text, sealMark)
	if !ok {
		return nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return nil
	}
	plain, ok := unpacked(sealed)
	if !ok {
		return nil
	}
	parts := strings.SplitN(string(plain), "\x00", 3)
	if len(parts) != 3 {
		return nil
	}
	return &State{Origin: Origin(parts[0]), Kind: parts[1], Data: parts[2]}
}

const (
	// packMark begins what is deflated; an Origin never begins with it.
	packMark = '\x01'
	// packLeast is the size from which packing is tried: signatures are base64
	// in base64 otherwise, a third longer each time.
	packLeast = 128
	// packMost bounds how much larger than its packed form a state may be, so
	// that a request can't blow up in memory. Text seldom shrinks tenfold.
	packMost = 32
)

// packed deflates where that saves something.
func packed(plain []byte) []byte {
	if len(plain) < packLeast {
		return plain
	}
	var b bytes.Buffer
	b.WriteByte(packMark)
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return plain // the level is valid
	}
	if _, err = w.Write(plain); err != nil || w.Close() != nil || b.Len() >= len(plain) || len(plain) > packMost*b.Len() {
		return plain
	}
	return b.Bytes()
}

// unpacked is the other way round.
func unpacked(sealed []byte) (plain []byte, ok bool) {
	if len(sealed) == 0 || sealed[0] != packMark {
		return sealed, true
	}
	r := flate.NewReader(bytes.NewReader(sealed[1:]))
	limit := int64(packMost * len(sealed))
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	return plain, err == nil && int64(len(plain)) <= limit
}

// SealID hides a state in the id of a tool call, for clients whose dialect has
// no other place that survives. See also HideID, which hides reasoning too.
func SealID(id string, s *State) string {
	if s == nil {
		return id
	}
	return id + "_" + s.Seal()
}

// UnsealID takes a state that SealID hid back out. An id without one is
// returned as it is.
func UnsealID(id string) (string, *State) {
	plain, sealed, ok := strings.Cut(id, "_"+sealMark)
	if !ok {
		return id, nil
	}
	return plain, unseal(sealMark + sealed)
}

// HoldsSeal reports whether a body carries a sealed state, so that it can't be
// passed on to the byte: the vendor wants back what it minted, not our seal.
func HoldsSeal(body []byte) bool {
	return holds(body, sealMark, '_') || holds(body, sealBase64, 'z')
}

// holds is bytes.Contains for a mark in which rare is a byte that texts seldom
// have: every body of every call is searched, and what begins the mark is in
// every line.
func holds(body []byte, mark string, rare byte) bool {
	within := strings.IndexByte(mark, rare)
	for at := 0; ; {
		next := bytes.IndexByte(body[at:], rare)
		if next < 0 {
			return false
		}
		at += next
		if begin := at - within; begin >= 0 && bytes.HasPrefix(body[begin:], []byte(mark)) {
			return true
		}
		at++
	}
}

// For is the state's data if it may go to a target: one that minted it, or,
// where nobody sealed it, any of the protocol whose kind it is.
func (s *State) For(origin Origin, kind string) (data string, ok bool) {
	if s == nil || s.Kind != kind || s.Origin != "" && s.Origin != origin {
		return "", false
	}
	return s.Data, true
}
