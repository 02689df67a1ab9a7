package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
)

// CleanName makes a name fit for dialects that take only letters, digits, _
// and -, and at most so many of them. What fits already stays; of the rest a
// digest keeps apart what would look the same. It is the same each time, so
// that a call and its answer still find each other.
func CleanName(name string, most int) string {
	return cleaned(name, name, most, func(r rune) bool { return word(r) || r == '-' })
}

// CleanIdentifier is CleanName for dialects whose names are like those of
// programs: letters, digits and _, and no digit first.
func CleanIdentifier(name string, most int) string {
	begun := name
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		begun = "_" + name
	}
	return cleaned(name, begun, most, word)
}

func word(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
}

// cleaned makes a name of what was begun with, or of the name itself.
func cleaned(name, begun string, most int, fits func(rune) bool) string {
	clean := strings.Map(func(r rune) rune {
		if fits(r) {
			return r
		}
		return '_'
	}, begun)
	if clean == name && len(name) <= most && name != "" {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "_" + hex.EncodeToString(sum[:4])
	return clean[:min(len(clean), most-len(tail))] + tail
}

// ExactID makes the id of a tool call fit for a vendor that takes exactly so
// many letters and digits, 0 being any. What fits already stays, such as the
// vendor's own; of the rest a digest is made, the same each time, so that a call
// and its answer still find each other and the vendor's cache knows the prompt
// again.
func ExactID(id string, length int) string {
	if length <= 0 || len(id) == length && strings.IndexFunc(id, notAlphanumeric) < 0 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	digits := new(big.Int).SetBytes(sum[:]).Text(62)
	for len(digits) < length {
		digits += digits
	}
	return digits[len(digits)-length:] // the last digits are the evenest
}

func notAlphanumeric(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}
