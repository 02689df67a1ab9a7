package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrNoEndpoint means that the vendor has no such endpoint, so that asking it
// is useless. Test for it with errors.Is.
var ErrNoEndpoint = errors.New("the vendor has no such endpoint")

// ErrNoProtocol means that the vendor does not speak the protocol asked for.
var ErrNoProtocol = errors.New("the vendor does not speak this protocol")

// ErrNoBaseURL means that the vendor has no address of its own, as "any
// OpenAI-compatible URL" has none, and that none was given.
var ErrNoBaseURL = errors.New("a base URL is needed")

// FieldError is a setting that is missing or unusable. Field is one of the
// vendor's Fields, or "region", "base_url" or "model".
type FieldError struct {
	Vendor string // the vendor's id
	Field  string
	Reason string // what is wrong and what to do
}

// Error makes *FieldError an error.
func (e *FieldError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Vendor, e.Field, e.Reason)
}

// Resolve answers where a vendor's endpoint lives and how the key travels
// there. It picks the first Speaks entry for the protocol whose Needs are all
// among fields, takes its home (region's, or the first region's; base, if not
// empty, replaces either), fills in the placeholders and appends path, which
// is the protocol's own path below the base, escaped, such as
// "/chat/completions". Where base is given and entries differ by path, the one
// whose path base ends in is meant.
//
// Values are escaped on the way in: a model or field can neither leave its
// path segment nor change the host. The errors wrap ErrNoEndpoint,
// ErrNoProtocol or ErrNoBaseURL, or are a *FieldError.
func (v *Vendor) Resolve(protocol, region, base string, fields map[string]string, model, path string) (rawURL string, auth Auth, err error) {
	return v.resolve(protocol, region, base, fields, model, path, false)
}

// ResolveStream is Resolve for streams, which some vendors have elsewhere.
func (v *Vendor) ResolveStream(protocol, region, base string, fields map[string]string, model, path string) (rawURL string, auth Auth, err error) {
	return v.resolve(protocol, region, base, fields, model, path, true)
}

func (v *Vendor) resolve(protocol, region, base string, fields map[string]string, model, path string, stream bool) (rawURL string, auth Auth, err error) {
	s, err := v.entry(protocol, base, fields, model)
	if err != nil {
		return "", Auth{}, err
	}
	home, region, err := v.home(s, region, base)
	if err != nil {
		return "", Auth{}, err
	}
	x := expansion{vendor: v.ID, fields: fields, region: region, model: model}
	if home, err = x.expand(home); err != nil {
		return "", Auth{}, err
	}
	if rawURL, err = v.endpoint(s, &x, home, path, stream, base == ""); err != nil {
		return "", Auth{}, err
	}
	if rawURL, err = addQuery(rawURL, s.Query, &x); err != nil {
		return "", Auth{}, err
	}
	if s.Auth != nil {
		return rawURL, *s.Auth, nil
	}
	return rawURL, v.Auth, nil
}

// Headers are what the vendor wants with every request in a protocol, besides
// the key. Callers must not change the map.
func (v *Vendor) Headers(protocol string) map[string]string {
	for i := range v.Speaks {
		if v.Speaks[i].Protocol == protocol {
			return v.Speaks[i].Headers
		}
	}
	return nil
}

// entry picks the Speaks entry that applies.
func (v *Vendor) entry(protocol, base string, fields map[string]string, model string) (*Speaks, error) {
	var best *Speaks
	longest, missing := -1, ""
	for i := range v.Speaks {
		s := &v.Speaks[i]
		if s.Protocol != protocol || !s.reaches(model) {
			continue
		}
		if lack := lacking(s.Needs, fields); lack != "" {
			missing = lack
			continue
		}
		n := 0
		if path := pathOf(s.BaseURL); base != "" && strings.HasSuffix(strings.TrimRight(base, "/"), path) {
			n = len(path)
		}
		if n > longest {
			best, longest = s, n
		}
	}
	switch {
	case best != nil:
		return best, nil
	case missing != "":
		return nil, &FieldError{v.ID, missing, "is not set; enter it in the provider's settings"}
	default:
		return nil, fmt.Errorf("%w: %s speaks %s, not %q", ErrNoProtocol, v.ID, strings.Join(v.protocols(), ", "), protocol)
	}
}

// protocols names what the vendor speaks, each once.
func (v *Vendor) protocols() []string {
	var names []string
	for _, s := range v.Speaks {
		if len(names) == 0 || names[len(names)-1] != s.Protocol {
			names = append(names, s.Protocol)
		}
	}
	return names
}

// lacking is the first of names that fields does not give, or "".
func lacking(names []string, fields map[string]string) string {
	for _, name := range names {
		if fields[name] == "" {
			return name
		}
	}
	return ""
}

// home is the base URL in force, placeholders and all, and the region's id.
func (v *Vendor) home(s *Speaks, region, base string) (string, string, error) {
	if region == "" && len(v.Regions) > 0 {
		region = v.Regions[0].ID
	}
	if base != "" && s.Protocol != v.Speaks[0].Protocol {
		moved, ok := v.moved(s, base)
		if !ok {
			return "", "", fmt.Errorf("%w: below %s there is only what %q needs", ErrNoProtocol, base, v.Speaks[0].Protocol)
		}
		return moved, region, nil
	}
	if base != "" {
		// "/." is how Tidy writes "the host's root, and really the root".
		return v.fit(s, strings.TrimRight(strings.TrimSuffix(base, "/."), "/")), region, nil
	}
	if len(v.Regions) == 0 {
		if s.BaseURL == "" {
			return "", "", fmt.Errorf("%w: %s has no address of its own; enter the server's base URL, such as http://127.0.0.1:8000/v1", ErrNoBaseURL, v.ID)
		}
		return s.BaseURL, region, nil
	}
	ids := make([]string, 0, len(v.Regions))
	for i := range v.Regions {
		r := &v.Regions[i]
		if r.ID == region {
			home, ok := v.regional(r, s)
			if !ok {
				return "", "", fmt.Errorf("%w: there is none in the region %s", ErrNoProtocol, region)
			}
			return home, region, nil
		}
		ids = append(ids, r.ID)
	}
	return "", "", &FieldError{v.ID, "region", fmt.Sprintf("%q is unknown; choose one of %s", region, strings.Join(ids, ", "))}
}

// fit corrects a base that ends like the home of another entry than the one
// that applies: an Azure base ending in /openai, with no api-version given,
// means /openai/v1.
func (v *Vendor) fit(s *Speaks, base string) string {
	meant := v.homePath(s.Protocol, base)
	if own := pathOf(s.BaseURL); meant != "" && !strings.HasSuffix(base, own) {
		return strings.TrimSuffix(base, meant) + own
	}
	return base
}

// homePath is the longest path of one of the vendor's homes for a protocol
// that a base ends in, or "".
func (v *Vendor) homePath(protocol, base string) string {
	longest := ""
	for i := range v.Speaks {
		path := pathOf(v.Speaks[i].BaseURL)
		if v.Speaks[i].Protocol == protocol && len(path) > len(longest) && strings.HasSuffix(base, path) {
			longest = path
		}
	}
	return longest
}

// endpoint joins the home and where the endpoint lives below it. own says that
// the home is one of the vendor's, not an admin's.
func (v *Vendor) endpoint(s *Speaks, x *expansion, home, path string, stream, own bool) (string, error) {
	x.origin = originOf(home)
	plain, _, _ := strings.Cut(path, "?")
	target, overridden := s.elsewhere(plain, own)
	if elsewhere, ok := s.StreamPaths[plain]; ok && stream {
		target, overridden = elsewhere, true
	}
	switch {
	case target == "-":
		return "", fmt.Errorf("%w: %s has no %s", ErrNoEndpoint, v.ID, path)
	case overridden:
		var err error
		if target, err = x.expand(target); err != nil {
			return "", err
		}
	default:
		target = strings.ReplaceAll(path, "{model}", url.PathEscape(x.model))
	}
	if !strings.Contains(target, "://") {
		target = home + "/" + strings.TrimLeft(target, "/")
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return "", &FieldError{v.ID, "base_url", "does not make a usable URL; enter it as https://host/path"}
	}
	return target, nil
}

// elsewhere is where an endpoint lies if not at its path; own says that the
// home is one of the vendor's.
func (s *Speaks) elsewhere(path string, own bool) (target string, ok bool) {
	if target, ok = s.AtHome[path]; ok && own {
		return target, true
	}
	target, ok = s.Paths[path]
	return target, ok
}

// addQuery appends a Speaks entry's query, sorted by name.
func addQuery(rawURL string, query map[string]string, x *expansion) (string, error) {
	if len(query) == 0 {
		return rawURL, nil
	}
	values := make(url.Values, len(query))
	for name, template := range query {
		value, err := x.expandQuery(template)
		if err != nil {
			return "", err
		}
		values.Set(name, value)
	}
	mark := "?"
	if strings.Contains(rawURL, "?") {
		mark = "&"
	}
	return rawURL + mark + values.Encode(), nil
}

// pathOf is the path of a base URL that may hold placeholders: what follows
// the host.
func pathOf(base string) string {
	_, rest, _ := strings.Cut(base, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

// originOf is a base URL without its path: scheme, host and port.
func originOf(base string) string {
	return strings.TrimSuffix(base, pathOf(base))
}
