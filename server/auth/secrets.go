package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/posthouse/posthouse/proxy"
)

// How our own keys begin, so that one found somewhere can be recognised.
const (
	consumerPrefix = proxy.KeyPrefix
	apiPrefix      = proxy.TokenPrefix
	metricsPrefix  = "phm-"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// randomLength is how many base62 characters make 256 bits.
const randomLength = 43

// NewConsumerKey makes a key that lets a consumer call the proxy: "ph-" and 43
// characters. Store hash and hint; show the key once.
func NewConsumerKey() (key string, hash [32]byte, hint string) { return newKey(consumerPrefix) }

// NewAPIToken makes a token for the console API: "pht-" and 43 characters.
// Store hash and hint; show the token once.
func NewAPIToken() (key string, hash [32]byte, hint string) { return newKey(apiPrefix) }

// NewMetricsToken makes a token that reads the metrics and nothing else: "phm-"
// and 43 characters. Store hash and hint; show the token once.
func NewMetricsToken() (key string, hash [32]byte, hint string) { return newKey(metricsPrefix) }

func newKey(prefix string) (key string, hash [32]byte, hint string) {
	key = prefix + random62(randomLength)
	return key, HashKey(key), prefix + "****" + key[len(key)-4:]
}

// random62 makes n random characters, each equally likely.
func random62(n int) string {
	const fair = 256 / len(base62) * len(base62) // bytes from here on would favour the first characters
	out := make([]byte, 0, n)
	buf := make([]byte, n)
	for len(out) < n {
		_, _ = rand.Read(buf) // never fails
		for _, b := range buf {
			if int(b) < fair && len(out) < n {
				out = append(out, base62[int(b)%len(base62)])
			}
		}
	}
	return string(out)
}

// HashKey is the SHA-256 of a key or token. They have 256 random bits, so a
// slow hash would add nothing.
func HashKey(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// EqualTokens compares two secrets in a time that does not depend on where
// they differ or how long they are. Empty ones are never equal.
func EqualTokens(a, b string) bool {
	ha, hb := HashKey(a), HashKey(b)
	return subtle.ConstantTimeCompare(ha[:], hb[:]) == 1 && a != ""
}

// NewSetupToken makes a one-time token for making the first admin: 32 random
// bytes as base64url.
func NewSetupToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// SetupFile is the file that holds the setup token until the first admin is
// there, mode 0600: whoever can read it owns the installation anyway.
type SetupFile struct{ path, token string }

// OpenSetupFile reads the token of an earlier start, or makes one.
func OpenSetupFile(path string) (*SetupFile, error) {
	text, err := os.ReadFile(path)
	token := strings.TrimSpace(string(text))
	if err == nil && len(token) >= 32 {
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, fmt.Errorf("setup token: %w", err)
		}
		return &SetupFile{path: path, token: token}, nil
	}
	if err == nil { // cut short or emptied: no token anybody was shown
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("setup token: %w", err)
	}
	token = NewSetupToken()
	if err := writeNew(path, []byte(token+"\n")); err != nil {
		return nil, fmt.Errorf("setup token: %w", err)
	}
	return &SetupFile{path: path, token: token}, nil
}

// Token is the token itself, to be shown on the terminal.
func (f *SetupFile) Token() string { return f.token }

// Path is where the file lies.
func (f *SetupFile) Path() string { return f.path }

// Matches compares in constant time.
func (f *SetupFile) Matches(token string) bool { return EqualTokens(token, f.token) }

// Remove deletes the file, once the first admin is there. It may be gone.
func (f *SetupFile) Remove() error {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove setup token: %w", err)
	}
	return nil
}
