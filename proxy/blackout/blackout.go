// Package blackout blacks out what must not be kept of people's texts: keys,
// addresses, numbers of phones, identity cards and bank cards, and whatever
// else an admin gives a pattern for. It finds forms, not meanings: a name or a
// diagnosis stays.
package blackout

import (
	"fmt"
	"regexp"
	"slices"
)

// The built-in patterns.
const (
	Keys  = "keys"  // API keys, tokens, passwords in URLs, private keys
	Mail  = "mail"  // e-mail addresses
	Phone = "phone" // mobile numbers of mainland China, and international ones with a +
	ID    = "id"    // identity numbers of mainland China (GB 11643), with a right check digit
	Card  = "card"  // bank cards: 13 to 19 digits with a right check digit (ISO/IEC 7812)
)

// Names lists the built-in patterns.
func Names() []string { return []string{Keys, Mail, Phone, ID, Card} }

// maxPattern bounds an admin's pattern, in bytes.
const maxPattern = 500

// Rules are what to black out. The built-in patterns are looked for in one
// pass (scan.go), an admin's own, which are regular expressions, in one each.
type Rules struct {
	on  map[string]bool
	own []*regexp.Regexp
}

// Compile makes rules of the names of built-in patterns and an admin's own. No
// names stands for all of them.
func Compile(names, own []string) (*Rules, error) {
	if len(names) == 0 {
		names = Names()
	}
	r := &Rules{on: map[string]bool{}}
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("%.40q is not a built-in pattern: use %v", name, Names())
		}
		r.on[name] = true
	}
	for i, text := range own {
		re, err := regexp.Compile(text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("pattern %d: %w", i+1, err)
		case len(text) > maxPattern:
			return nil, fmt.Errorf("pattern %d has more than %d characters", i+1, maxPattern)
		case re.MatchString(""):
			return nil, fmt.Errorf("pattern %d fits nothing too: it would black out everywhere", i+1)
		}
		r.own = append(r.own, re)
	}
	return r, nil
}

// Apply blacks out what the rules find and says in how many places. The text
// it is given is not changed.
func (r *Rules) Apply(text []byte) ([]byte, int) {
	if r == nil {
		return text, 0
	}
	text, count := cover(text, r.scan(text))
	for _, re := range r.own {
		var found []place
		for _, at := range re.FindAllIndex(text, -1) {
			found = append(found, place{at[0], at[1], "redacted"})
		}
		var n int
		text, n = cover(text, found)
		count += n
	}
	return text, count
}

// place is a part of a text that is to go.
type place struct {
	from, to int
	name     string
}

// cover writes names over places, which come in their order.
func cover(text []byte, places []place) ([]byte, int) {
	if len(places) == 0 {
		return text, 0
	}
	out := make([]byte, 0, len(text))
	last := 0
	for _, p := range places {
		out = append(append(out, text[last:p.from]...), '[')
		out = append(append(out, p.name...), ']')
		last = p.to
	}
	return append(out, text[last:]...), len(places)
}
