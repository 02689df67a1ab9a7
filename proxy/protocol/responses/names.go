package responses

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// longestName is how long a tool's name may be for every vendor.
const longestName = 64

// Fields by which a tool that came in a namespace remembers what it is called
// in there.
const (
	extraNamespace   = "namespace"
	extraName        = "name"
	extraDescription = "namespace_description"
)

// flatName is the name of a tool of a namespace for dialects without: both
// names in one, cut where it is too long, and always the same.
func flatName(namespace, name string) string {
	if namespace == "" {
		return name
	}
	joined := namespace + "__" + name
	if strings.HasSuffix(namespace, "_") {
		joined = namespace + name
	}
	joined = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, joined)
	if len(joined) <= longestName {
		return joined
	}
	sum := sha256.Sum256([]byte(namespace + "\x00" + name))
	return joined[:longestName-9] + "_" + hex.EncodeToString(sum[:4])
}

// spaced are the fields that keep the names of a tool of a namespace.
func spaced(namespace, name string) map[string]llm.Raw {
	if namespace == "" {
		return nil
	}
	return map[string]llm.Raw{extraNamespace: value(namespace), extraName: value(name)}
}

// ownName is what a tool is called in its namespace, if it has one.
func ownName(flat string, extra map[string]llm.Raw) (namespace, name string) {
	if !read(extra[extraNamespace], &namespace) || !read(extra[extraName], &name) {
		return "", flat
	}
	return namespace, name
}

// offered finds the tool that a call names.
func offered(r *llm.Request, name string) *llm.Tool {
	if r == nil {
		return nil
	}
	for i := range r.Tools {
		if r.Tools[i].Name == name && r.Tools[i].Foreign == nil {
			return &r.Tools[i]
		}
	}
	return nil
}
