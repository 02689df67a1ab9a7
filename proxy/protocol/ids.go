package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// CleanName makes a name fit for dialects that take only letters, digits, _
// and -, and at most so many of them. What fits already stays; of the rest a
// digest keeps apart what would look the same. It is the same each time, so
// that a call and its answer still find each other.
func CleanName(name string, most int) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
	if clean == name && len(name) <= most && name != "" {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "_" + hex.EncodeToString(sum[:4])
	return clean[:min(len(clean), most-len(tail))] + tail
}
