package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxURL is the longest base URL taken, in bytes. It is what common servers
// and browsers accept without trouble.
const maxURL = 2048

// Tidy makes a clean base URL of what an admin pastes: spaces around it, a
// trailing slash and a known endpoint ("/chat/completions") are taken off.
// What the vendor's own URLs have a field for is returned in fields, and base
// is empty where the fields say it all. So of Azure's three forms, the full
// URL with a deployment and ?api-version=, the deployment, and the bare domain,
// come resource, api_version and deployment; of another host than the
// vendor's comes a base.
//
// A URL without any path gets the path of the vendor's own home ("/v1" where
// that is unknown), since that is what people leave off. A URL that names an
// endpoint at the root of its host keeps the root, written "https://host/.".
// Tidying a tidy base changes nothing. Every error is one sentence to be shown
// to the admin, and never repeats the URL, which might hold a secret.
func (v *Vendor) Tidy(pasted string) (base string, fields map[string]string, err error) {
	u, err := parsePasted(strings.TrimSpace(pasted))
	if err != nil {
		return "", nil, err
	}
	fields = map[string]string{}
	if err := v.takeQuery(u, fields); err != nil {
		return "", nil, err
	}
	path, err := v.pastedPath(u)
	if err != nil {
		return "", nil, err
	}
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	bare := path == ""
	path = v.cutTail(path, fields)
	if v.ownHome(origin, path, fields) {
		return "", fields, nil
	}
	base = origin + v.settle(path, bare, fields)
	if len(base) > maxURL {
		return "", nil, errTooLong
	}
	return base, fields, nil
}

var (
	errTooLong    = fmt.Errorf("the URL is longer than %d bytes; paste the server's base URL only", maxURL)
	errUnreadable = errors.New("this is not a URL; write it as https://host or https://host/path")
)

// parsePasted reads a URL and refuses what cannot be a base URL.
func parsePasted(s string) (*url.URL, error) {
	if len(s) > maxURL {
		return nil, errTooLong
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return nil, errors.New("the URL holds control characters; paste it again as plain text")
	}
	if strings.ContainsFunc(s, unicode.IsSpace) {
		return nil, errors.New("the URL holds a space; paste only the URL")
	}
	u, err := url.Parse(s)
	if err != nil {
		if strings.ContainsAny(s, "{}<>") {
			return nil, errors.New("the URL still holds a placeholder; put your own value in its place")
		}
		return nil, errUnreadable
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the URL must begin with https:// or http://")
	case u.User != nil:
		return nil, errors.New("the URL holds a user name or password before an @; leave that out and enter the key as the key")
	case strings.Contains(s, "#"):
		return nil, errors.New("the URL holds a #fragment, which servers never see; leave it out")
	case u.Hostname() == "":
		return nil, errors.New("the URL names no host; write it as https://host/path")
	case !usableHost(u):
		return nil, errors.New("the URL's host or port is not valid; write it as https://host:port/path")
	}
	return u, nil
}

// usableHost reports whether host and port can be dialled as written.
func usableHost(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return false
		}
	}
	if strings.HasSuffix(u.Host, ":") {
		return false
	}
	if strings.HasPrefix(u.Host, "[") {
		return !strings.Contains(u.Host, "%") // zones make sense on one machine only
	}
	if !utf8.ValidString(u.Host) {
		return false
	}
	for _, r := range u.Hostname() {
		if r < utf8.RuneSelf && r != '_' && !hostLetters(string(r)) {
			return false
		}
		if r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return true
}

// takeQuery moves the query into the fields that the vendor's own URLs carry
// there, and refuses a parameter it has no field for rather than losing it.
func (v *Vendor) takeQuery(u *url.URL, fields map[string]string) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errUnreadable
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field := v.queryField(name)
		if field == "" {
			return fmt.Errorf("the URL holds the parameter %q after a question mark; leave it out, and enter it under extra query parameters if the server needs it", name)
		}
		if value := query.Get(name); value != "" {
			fields[field] = value
		}
	}
	return nil
}

// queryField is the field that the vendor's URLs carry in a query parameter.
func (v *Vendor) queryField(name string) string {
	for _, s := range v.Speaks {
		for key, template := range s.Query {
			if strings.EqualFold(key, name) {
				return placeholder(template)
			}
		}
	}
	return ""
}

// pastedPath is the path without trailing slashes. Braces stay as they are, so
// that a base URL may hold {model}; those of unknown meaning are refused.
func (v *Vendor) pastedPath(u *url.URL) (string, error) {
	path := strings.TrimRight(strings.NewReplacer("%7B", "{", "%7D", "}").Replace(u.EscapedPath()), "/")
	x := expansion{vendor: v.ID, region: "r", model: "m", fields: map[string]string{}}
	for _, f := range v.Fields {
		x.fields[f.Name] = "f"
	}
	filled, err := x.fill(path, func(_, _, value string) (string, error) { return value, nil })
	if err != nil || strings.Contains(filled, "}") {
		return "", errors.New("the URL still holds a placeholder in braces; put your own value in its place")
	}
	return path, nil
}

// endpoints are what people paste at the end of a base URL.
func endpoints() []string {
	return []string{
		"/chat/completions", "/completions", "/embeddings", "/models", "/responses",
		"/images/generations", "/images/edits", "/images/variations",
		"/audio/speech", "/audio/transcriptions", "/audio/translations",
		"/rerank", "/moderations",
	}
}

// cutTail takes off the end of a path what is not part of a base URL, until
// nothing more can go.
func (v *Vendor) cutTail(path string, fields map[string]string) string {
	for {
		shorter := v.cutDeployment(cutEndpoint(strings.TrimSuffix(strings.TrimRight(path, "/"), "/.")), fields)
		if shorter == path {
			return path
		}
		path = shorter
	}
}

// cutEndpoint takes a known endpoint off the end of a path.
func cutEndpoint(path string) string {
	for _, e := range endpoints() {
		if shorter, ok := strings.CutSuffix(path, e); ok {
			return shorter
		}
	}
	return path
}

// cutDeployment takes off the end of a path what the vendor's Paths put there
// for a field, as in "/deployments/{deployment}", and notes the field.
func (v *Vendor) cutDeployment(path string, fields map[string]string) string {
	segments := strings.Split(path, "/")
	for _, s := range v.Speaks {
		for _, target := range s.Paths {
			head, rest, ok := strings.Cut(target, "/{")
			name, _, closed := strings.Cut(rest, "}")
			if !ok || !closed || !v.hasField(name) || len(segments) < 3 {
				continue
			}
			last := len(segments) - 1
			value, err := url.PathUnescape(segments[last])
			if "/"+segments[last-1] != head || err != nil || value == "" || strings.ContainsAny(value, "{}") {
				continue
			}
			fields[name] = value
			return strings.Join(segments[:last-1], "/")
		}
	}
	return path
}

// hasField reports whether the vendor has a field of this name.
func (v *Vendor) hasField(name string) bool {
	return slices.ContainsFunc(v.Fields, func(f Field) bool { return f.Name == name })
}

// placeholder is the name in a text that is nothing but one {name}, else "".
func placeholder(text string) string {
	if name, ok := strings.CutPrefix(text, "{"); ok {
		if name, ok = strings.CutSuffix(name, "}"); ok && !strings.ContainsAny(name, "{}") {
			return name
		}
	}
	return ""
}
