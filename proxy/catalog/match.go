package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// Model finds what the catalogue says about a model name. An exact name beats
// every pattern; among patterns the longest, being the most specific, wins, and
// of two equally long ones the first. Names are case-sensitive, as vendors'
// are. It reports false where the vendor is not known for such a model, and it
// allocates nothing, for it is asked for on every request.
func (v *Vendor) Model(name string) (Model, bool) {
	best := -1
	for i := range v.Models {
		match := v.Models[i].Match
		if match == name {
			return v.Models[i], true
		}
		if best >= 0 && len(match) <= len(v.Models[best].Match) {
			continue
		}
		if Glob(match, name) {
			best = i
		}
	}
	if best < 0 {
		return Model{}, false
	}
	return v.Models[best], true
}

// Listed names the models that can be shown as such: those that are not
// patterns, in catalogue order. The first is a good one to greet with.
func (v *Vendor) Listed() []string {
	var names []string
	for _, m := range v.Models {
		if !strings.Contains(m.Match, "*") {
			names = append(names, m.Match)
		}
	}
	return names
}

// Glob reports whether s fits pattern, in which * stands for any run of bytes,
// the empty one included, and every other byte for itself. It takes at most
// len(pattern)·len(s) steps: only the last * seen is ever tried again, since a
// longer run for an earlier one could not help.
func Glob(pattern, s string) bool {
	p, i := 0, 0        // where we are in pattern and in s
	star, from := -1, 0 // the last * and the byte of s its run ends before
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// Recognise guesses whose key this is by how it begins. It returns vendor ids:
// the longest prefix first, then the more popular vendor. Many vendors share
// "sk-", so more than one id is a question to ask, not an answer. The key is
// only looked at, never kept.
func Recognise(key string) []string {
	type guess struct{ vendor, prefix int }
	key = strings.TrimSpace(key)
	var guesses []guess
	for i := range vendors {
		longest := 0
		for _, prefix := range vendors[i].KeyPrefixes {
			if strings.HasPrefix(key, prefix) {
				longest = max(longest, len(prefix))
			}
		}
		if longest > 0 {
			guesses = append(guesses, guess{i, longest})
		}
	}
	// The list itself is in order of popularity, so a stable sort keeps it.
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(b.prefix, a.prefix) })
	ids := make([]string, len(guesses))
	for i, g := range guesses {
		ids[i] = vendors[g.vendor].ID
	}
	return ids
}
