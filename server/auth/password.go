package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The cost of a hash: OWASP's second choice for argon2id, 19 MiB, two passes,
// one lane; about 26 ms here.
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	saltSize     = 16 // bytes
	hashSize     = 32 // bytes
)

// The most that a stored hash may ask for, so that a doctored database cannot
// take the machine down.
const (
	argonMostMemory  = 256 * 1024 // KiB
	argonMostTime    = 16
	argonMostThreads = 16
)

// The bounds of a password. Longer than longestPassword is nobody's password
// but somebody's attempt to keep us busy.
const (
	shortestPassword = 10   // characters
	longestPassword  = 1024 // bytes
)

// hashing lets two hashes be computed at once, 20 MB each: the machine's
// memory is one, whoever asks.
//
//nolint:gochecknoglobals // the memory it guards is the process's
var hashing = make(chan struct{}, 2)

// ErrPasswordTooLong is for a password of more than 1,024 bytes. It is not
// hashed.
var ErrPasswordTooLong = errors.New("the password must not be longer than 1,024 bytes")

// CheckPassword says what is wrong with a new password for the admin of this
// name, in words for that person.
func CheckPassword(name, pw string) error {
	switch {
	case len(pw) > longestPassword:
		return ErrPasswordTooLong
	case !utf8.ValidString(pw):
		return errors.New("the password must be valid UTF-8 text")
	case utf8.RuneCountInString(pw) < shortestPassword:
		return fmt.Errorf("the password must have at least %d characters", shortestPassword)
	case strings.EqualFold(strings.TrimSpace(pw), strings.TrimSpace(name)):
		return errors.New("the password must not be the user name")
	}
	return nil
}

// HashPassword hashes a password for storage, as a PHC string with its
// parameters. It waits while two other hashes are computed.
func HashPassword(ctx context.Context, pw string) (string, error) {
	if len(pw) > longestPassword {
		return "", ErrPasswordTooLong
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	p := phc{memory: argonMemory, time: argonTime, threads: argonThreads, salt: salt}
	sum, err := p.compute(ctx, pw, hashSize)
	if err != nil {
		return "", err
	}
	p.sum = sum
	return p.String(), nil
}

// VerifyPassword reports whether a password fits a stored hash. It waits while
// two other hashes are computed. A password that is too long never fits.
func VerifyPassword(ctx context.Context, hash, pw string) (bool, error) {
	if len(pw) > longestPassword {
		return false, nil
	}
	p, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	sum, err := p.compute(ctx, pw, uint32(len(p.sum)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, p.sum) == 1, nil
}

// DummyHash is a hash that no password fits. Verify against it when there is
// no such admin, so that the answer takes as long as for one there is.
func DummyHash() string {
	return phc{
		memory: argonMemory, time: argonTime, threads: argonThreads,
		salt: make([]byte, saltSize), sum: make([]byte, hashSize),
	}.String()
}

// phc is an argon2id hash with its parameters.
type phc struct {
	memory, time uint32 // KiB, passes
	threads      uint8
	salt, sum    []byte
}

// String writes the hash in the PHC format.
func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.sum))
}

// parsePHC reads what String writes.
func parsePHC(s string) (phc, error) {
	bad := errors.New("the stored password hash is damaged; set a new password with `posthouse reset-password`")
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, bad
	}
	var p phc
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil || n != 3 {
		return phc{}, bad
	}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	p.sum, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(p.salt) < 8 || len(p.sum) < 16 || len(p.sum) > 64 {
		return phc{}, bad
	}
	if p.memory == 0 || p.memory > argonMostMemory || p.time == 0 || p.time > argonMostTime || p.threads == 0 || p.threads > argonMostThreads {
		return phc{}, bad
	}
	return p, nil
}

// compute hashes a password, when its turn comes.
func (p phc) compute(ctx context.Context, pw string, size uint32) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("hash password: %w", ctx.Err())
	}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(pw), p.salt, p.time, p.memory, p.threads, size), nil
}
