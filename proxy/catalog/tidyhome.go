package catalog

import (
	"net/url"
	"strings"
)

// ownHome reports whether a URL is one of the vendor's own whose parts are
// fields, such as https://{resource}.openai.azure.com/openai, whole or cut
// short, and notes those fields.
func (v *Vendor) ownHome(origin, path string, fields map[string]string) bool {
	best, found := -1, map[string]string(nil)
	for i := range v.Speaks {
		s := &v.Speaks[i]
		if !strings.Contains(s.BaseURL, "{") {
			continue
		}
		got, ok := matchHome(s.BaseURL, origin, path)
		if !ok {
			continue
		}
		// The whole of one home beats the beginning of another.
		n := 0
		if strings.Count(pathOf(s.BaseURL), "/") == strings.Count(path, "/") {
			n = 1 + len(path)
		}
		if n > best {
			best, found = n, got
		}
	}
	if best < 0 {
		return false
	}
	if best > 0 {
		v.forgetQuery(path, fields)
	}
	for name, value := range found {
		fields[name] = value
	}
	return true
}

// matchHome matches a URL with a home that holds placeholders. The path may
// end early. It returns what the placeholders stand for.
func matchHome(home, origin, path string) (map[string]string, bool) {
	fields := map[string]string{}
	if !matchHost(originOf(home), origin, fields) {
		return nil, false
	}
	want, have := strings.Split(pathOf(home), "/"), strings.Split(path, "/")
	if len(have) > len(want) {
		return nil, false
	}
	for i, segment := range have {
		name := placeholder(want[i])
		if name == "" || want[i] == segment {
			if want[i] != segment {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segment)
		if err != nil || value == "" {
			return nil, false
		}
		fields[name] = value
	}
	return fields, true
}

// matchHost matches scheme and host, which may hold one placeholder that
// stands for one label.
func matchHost(want, have string, fields map[string]string) bool {
	before, rest, ok := strings.Cut(want, "{")
	if !ok {
		return want == have
	}
	name, after, _ := strings.Cut(rest, "}")
	value, ok := strings.CutPrefix(have, before)
	if !ok {
		return false
	}
	value, ok = strings.CutSuffix(value, after)
	if !ok || !hostLetters(value) || strings.Contains(value, ".") {
		return false
	}
	fields[name] = value
	return true
}

// forgetQuery drops the fields that came from the query where the path says
// that the entry without them is meant: Azure's /openai/v1 takes no
// api-version.
func (v *Vendor) forgetQuery(path string, fields map[string]string) {
	kept := map[string]bool{}
	for _, s := range v.Speaks {
		for _, template := range s.Query {
			name := placeholder(template)
			kept[name] = kept[name] || pathOf(s.BaseURL) == path
		}
	}
	for name, keep := range kept {
		if !keep {
			delete(fields, name)
		}
	}
}

// settle decides the path of a base on another host than the vendor's.
func (v *Vendor) settle(path string, bare bool, fields map[string]string) string {
	usual := "/v1"
	if home := v.Speaks[0].BaseURL; home != "" {
		usual = pathOf(home)
	}
	switch {
	case bare:
		return usual
	case path == "" && usual == "":
		return ""
	case path == "":
		return "/."
	}
	if meant := v.homePath(v.Speaks[0].Protocol, path); meant != "" {
		v.forgetQuery(meant, fields)
	}
	return path
}
