package proxy

import (
	"bytes"
	"mime"
	"net/http"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// formPart is a part of a multipart form, by the place of its value.
type formPart struct {
	name     string
	file     bool // it has a file name
	from, to int
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

// formParts finds the parts of a form without copying their values. It takes
// only forms written plainly (RFC 7578: CRLF line ends, one Content-Disposition
// a part, no folded lines): about the others parsers differ, so that a caller
// could show one model to us and another to the vendor.
func formParts(body []byte, boundary string) ([]formPart, string) {
	mark := []byte("\r\n--" + boundary)
	rest, found := bytes.CutPrefix(body, mark[2:])
	if !found {
		return nil, "does not begin with its boundary"
	}
	at := len(body) - len(rest)
	var parts []formPart
	for {
		if bytes.HasPrefix(body[at:], []byte("--")) {
			if len(bytes.Trim(body[at+2:], "\r\n")) > 0 {
				return nil, "goes on after its closing boundary"
			}
			return parts, ""
		}
		if !bytes.HasPrefix(body[at:], []byte("\r\n")) {
			return nil, "has a boundary that does not end its line"
		}
		head := bytes.Index(body[at:], []byte("\r\n\r\n"))
		if head <= 0 {
			return nil, "has a part without headers, or without their end"
		}
		from := at + head + 4
		// The line end before a boundary may be the one that ends the headers.
		next := bytes.Index(body[from-2:], mark)
		if next < 0 {
			return nil, "does not end with its boundary"
		}
		p, problem := partHead(body[at+2 : at+head])
		if problem != "" {
			return nil, problem
		}
		p.from, p.to = from, max(from, from-2+next)
		parts = append(parts, p)
		at = from - 2 + next + len(mark)
	}
}

// partHead reads a part's headers.
func partHead(head []byte) (p formPart, problem string) {
	disposition := ""
	for line := range strings.SplitSeq(string(head), "\r\n") {
		key, value, ok := strings.Cut(line, ":")
		switch {
		case strings.ContainsAny(line, "\r\n\x00"), !ok, key == "", key != strings.TrimSpace(key):
			return p, "has a part with headers that are not plain lines"
		case !strings.EqualFold(key, "Content-Disposition"):
			continue
		case disposition != "":
			return p, "has a part with two Content-Disposition headers"
		}
		disposition = value
	}
	kind, params, err := mime.ParseMediaType(disposition)
	if err != nil || kind != "form-data" || params["name"] == "" {
		return p, "has a part whose Content-Disposition can't be read"
	}
	if name, _, _ := strings.Cut(disposition, "filename"); strings.Contains(name, "*") {
		return p, "has a part whose name is written in an extended form"
	}
	_, p.file = params["filename"]
	p.name = params["name"]
	return p, ""
}

// peekForm looks into a multipart form.
func peekForm(body []byte, boundary string) (peeked, *llm.Error) {
	var p peeked
	parts, problem := formParts(body, boundary)
	if problem != "" {
		return p, &llm.Error{
			Class: llm.ClassDenied, Status: http.StatusBadRequest, Code: "invalid_form",
			Message: "The multipart form " + problem + ".",
		}
	}
	seen := map[string]bool{}
	for _, part := range parts {
		name := watchedAs([]byte(part.name))
		if name == "" {
			continue
		}
		if seen[name] || name != part.name || part.file {
			return p, badField(name, "is given twice, in another spelling or as a file. Give it once, as a plain field in lower case.")
		}
		seen[name] = true
		value := string(body[part.from:part.to])
		switch name {
		case "model":
			p.model, p.named, p.formFrom, p.formTo = value, true, part.from, part.to
		case "stream":
			p.stream = strings.EqualFold(value, "true")
		}
	}
	if !p.named {
		return p, nil
	}
	return p, checkModel(p.model)
}
