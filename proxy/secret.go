package proxy

import (
	"fmt"
	"log/slog"
)

// Secret is a value that must not be seen: a vendor's key, a password. Every
// way of printing, logging or encoding it shows only its last four characters;
// Reveal is the one way to read it, so that searching for Reveal finds every
// place a secret is used.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Hint is what may be shown: the last four characters of a secret long enough
// that they do not give it away, else only that there is one.
func (s Secret) Hint() string {
	switch {
	case s == "":
		return ""
	case len(s) < 12:
		return "****"
	}
	return "****" + string(s[len(s)-4:])
}

// String implements fmt.Stringer with the hint.
func (s Secret) String() string { return s.Hint() }

// GoString implements fmt.GoStringer with the hint.
func (s Secret) GoString() string { return fmt.Sprintf("proxy.Secret(%q)", s.Hint()) }

// Format implements fmt.Formatter, so that no verb (%x, %s, %#v …) reveals it.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.Hint())) }

// MarshalText makes every text and JSON encoder write the hint.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Hint()), nil }

// LogValue implements slog.LogValuer with the hint.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.Hint()) }
