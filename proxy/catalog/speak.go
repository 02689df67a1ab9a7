package catalog

import (
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// Quirk is where some of a vendor's models depart from the protocol as it is
// published.
type Quirk struct {
	Protocol string   // empty: in every protocol
	Models   []string // patterns; empty: all
	Except   []string // of these
	Traits   protocol.Traits
}

// Traits are how a model departs from a protocol: all quirks that fit, laid
// over each other.
func (v *Vendor) Traits(name, model string) protocol.Traits {
	var t protocol.Traits
	if name == "openai" && !v.Original {
		t = protocol.Traits{OldMaxTokens: true, NoDeveloper: true, NoCustomTools: true}
	}
	t.PrefixFlag = v.PrefixFlag
	if m, ok := v.Model(model); ok {
		t.Context = int64(m.Context)
	}
	for i := range v.Quirks {
		q := &v.Quirks[i]
		if q.Protocol != "" && q.Protocol != name {
			continue
		}
		if (len(q.Models) == 0 || fits(q.Models, model)) && !fits(q.Except, model) {
			t = q.Traits.Over(t)
		}
	}
	return t
}

// Protocols names what the vendor speaks for a model, each once, in the order
// in which they are to be translated into: the fuller ones first.
func (v *Vendor) Protocols(model string) []string {
	var names []string
	for _, fuller := range []bool{true, false} {
		for i := range v.Speaks {
			if s := &v.Speaks[i]; s.Fuller == fuller && s.reaches(model) && !slices.Contains(names, s.Protocol) {
				names = append(names, s.Protocol)
			}
		}
	}
	return names
}

// Prefers is the protocol that a request must go by because only it serves one
// of the request's fields; empty: any will do.
func (v *Vendor) Prefers(model string, has func(field string) bool) string {
	for i := range v.Speaks {
		if s := &v.Speaks[i]; s.reaches(model) && slices.ContainsFunc(s.For, has) {
			return s.Protocol
		}
	}
	return ""
}

// Offers reports whether the vendor has an endpoint in a protocol, for a model
// and the settings that an admin entered.
func (v *Vendor) Offers(name, region, base string, fields map[string]string, model, path string) bool {
	for i := range v.Speaks {
		s := &v.Speaks[i]
		if s.Protocol != name || !s.reaches(model) || lacking(s.Needs, fields) != "" {
			continue
		}
		target, _ := s.elsewhere(path, base == "")
		return target != "-" && (name == v.Speaks[0].Protocol || v.hasHome(s, region, base))
	}
	return false
}

// hasHome reports whether a protocol that is not the vendor's first has a home
// in a region, or on the host that an admin gave.
func (v *Vendor) hasHome(s *Speaks, region, base string) bool {
	if base != "" {
		_, ok := v.moved(s, base)
		return ok
	}
	for i := range v.Regions {
		if r := &v.Regions[i]; r.ID == region || region == "" && i == 0 {
			_, ok := v.regional(r, s)
			return ok
		}
	}
	return s.BaseURL != ""
}

// regional is a protocol's home in a region: its own, or on the same host as
// the first protocol's.
func (v *Vendor) regional(r *Region, s *Speaks) (string, bool) {
	if home := r.BaseURLs[s.Protocol]; home != "" {
		return home, true
	}
	return v.moved(s, r.BaseURLs[v.Speaks[0].Protocol])
}

// reaches reports whether a model is reached this way.
func (s *Speaks) reaches(model string) bool {
	if model == "" {
		return true
	}
	return (len(s.Models) == 0 || fits(s.Models, model)) && !fits(s.Except, model)
}

func fits(patterns []string, model string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return Glob(p, model) })
}

// moved is the home of another protocol than the vendor's first on the host
// that an admin gave.
func (v *Vendor) moved(s *Speaks, base string) (string, bool) {
	base = strings.TrimRight(strings.TrimSuffix(base, "/."), "/")
	own := pathOf(s.BaseURL)
	if s.BaseURL == "" {
		return "", false
	}
	if own != "" && strings.HasSuffix(base, own) {
		return base, true // it was given for this protocol
	}
	first := v.homePath(v.Speaks[0].Protocol, base)
	if first == "" && pathOf(v.Speaks[0].BaseURL) != "" {
		return "", false
	}
	return strings.TrimSuffix(base, first) + own, true
}
