package catalog

import (
	"fmt"
	"net/url"
	"strings"
)

// expansion holds what the placeholders of one URL stand for.
type expansion struct {
	vendor string // for errors
	fields map[string]string
	region string
	model  string
	origin string // scheme, host and port of the base in force; set once it is known
}

// expand fills in the placeholders of a URL or path. Values are escaped as one
// path segment; a value that lands in the host must be a host name's letters.
func (x *expansion) expand(template string) (string, error) {
	if !strings.Contains(template, "{") {
		return template, nil
	}
	return x.fill(template, x.segment)
}

// expandQuery fills in the placeholders of a query value, unescaped.
func (x *expansion) expandQuery(template string) (string, error) {
	return x.fill(template, func(_, _, value string) (string, error) { return value, nil })
}

// fill replaces {name} by what put makes of its value. put is told what was
// written before.
func (x *expansion) fill(template string, put func(before, name, value string) (string, error)) (string, error) {
	var b strings.Builder
	for {
		literal, rest, more := strings.Cut(template, "{")
		b.WriteString(literal)
		if !more {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", &FieldError{x.vendor, "base_url", "has a { without its }"}
		}
		value, err := x.value(name)
		if err != nil {
			return "", err
		}
		if value, err = put(b.String(), name, value); err != nil {
			return "", err
		}
		b.WriteString(value)
		template = after
	}
}

// value is what a placeholder stands for.
func (x *expansion) value(name string) (string, error) {
	value := x.fields[name]
	switch name {
	case "origin":
		value = x.origin
	case "region":
		value = x.region
	case "model":
		value = x.model
	}
	if value != "" {
		return value, nil
	}
	if name == "model" {
		return "", &FieldError{x.vendor, name, "is part of this URL, but the request names none"}
	}
	return "", &FieldError{x.vendor, name, "is not set; enter it in the provider's settings"}
}

// segment makes a value fit for where it is written.
func (x *expansion) segment(before, name, value string) (string, error) {
	if name == "origin" {
		return value, nil
	}
	if _, rest, ok := strings.Cut(before, "://"); ok && !strings.Contains(rest, "/") {
		if !hostLetters(value) {
			return "", &FieldError{x.vendor, name, "is part of a host name, so it may hold only letters, digits, dots and hyphens"}
		}
		return value, nil
	}
	if value == "." || value == ".." {
		return "", &FieldError{x.vendor, name, fmt.Sprintf("%q cannot be part of a URL", value)}
	}
	return url.PathEscape(value), nil
}

// hostLetters reports whether s can be written into an ASCII host name.
func hostLetters(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return s != ""
}
