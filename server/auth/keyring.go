package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// masterSize is the size of the master key in bytes.
const masterSize = 32

// sealVersion begins every sealed secret, so that another way of sealing can
// come later.
const sealVersion = "v1"

// What each derived key is for; each purpose has its own.
const (
	purposeSeal    = "posthouse: seal provider keys, v1"
	purposeSession = "posthouse: sign sessions, v1"
	purposeID      = "posthouse: key id, v1"
)

// KeyRing holds the keys derived from an installation's master key.
type KeyRing struct {
	id      string // 8 hex digits that tell master keys apart
	aead    cipher.AEAD
	session []byte // signs sessions
}

// OpenKeyFile reads the master key: from env if that is not empty (32 bytes as
// base64 or 64 hex digits), else from the file, which is made with a random
// key, for its owner only, if it is missing.
func OpenKeyFile(path string, env string) (*KeyRing, error) {
	if env != "" {
		master, err := parseMaster(env)
		if err != nil {
			return nil, fmt.Errorf("master key from the environment: %w", err)
		}
		return newKeyRing(master)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("master key: close %s to others: %w", path, err)
	}
	master, err := parseMaster(string(text))
	if err != nil {
		return nil, fmt.Errorf("master key file %s: %w; put the right file back from a backup, or move it away to begin with a new key (provider keys must then be entered again and everybody logs in again)", path, err)
	}
	return newKeyRing(master)
}

// makeKeyFile writes a new master key. If another process makes the file at
// the same moment, that one's is used.
func makeKeyFile(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	master := make([]byte, masterSize)
	_, _ = rand.Read(master) // never fails
	text := []byte(base64.StdEncoding.EncodeToString(master) + "\n")
	if err := writeNew(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// writeNew writes a file of mode 0600 that must not exist yet. It appears
// under its name only when it is whole and on the disk.
func writeNew(path string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Chmod(0o600), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	err = os.Link(temp.Name(), path) // unlike a rename it replaces nothing
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(temp.Name(), path) // file systems without links
}

// parseMaster reads a master key as people write it.
func parseMaster(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if b, err := hex.DecodeString(text); err == nil && len(b) == masterSize {
		return b, nil
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	if b, err := base64.RawStdEncoding.DecodeString(plain); err == nil && len(b) == masterSize {
		return b, nil
	}
	return nil, errors.New("it must be 32 bytes, written as base64 or as 64 hex digits (make one with: openssl rand -base64 32)")
}

func newKeyRing(master []byte) (*KeyRing, error) {
	seal, err := hkdf.Key(sha256.New, master, nil, purposeSeal, 32)
	if err != nil {
		return nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	session, err := hkdf.Key(sha256.New, master, nil, purposeSession, 32)
	if err != nil {
		return nil, fmt.Errorf("derive the session key: %w", err)
	}
	id, err := hkdf.Key(sha256.New, master, nil, purposeID, 4)
	if err != nil {
		return nil, fmt.Errorf("derive the key's id: %w", err)
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return nil, fmt.Errorf("prepare the sealing key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("prepare the sealing key: %w", err)
	}
	return &KeyRing{id: hex.EncodeToString(id), aead: aead, session: session}, nil
}

// ID tells master keys apart without giving anything away: 8 hex digits.
func (k *KeyRing) ID() string { return k.id }

// Seal encrypts a secret with AES-256-GCM, bound to aad: it can be unsealed
// with the same aad only. The text says which master key it needs.
func (k *KeyRing) Seal(plain []byte, aad string) (string, error) {
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	sealed := k.aead.Seal(nonce, nonce, plain, []byte(aad))
	return sealVersion + "." + k.id + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Unseal decrypts what Seal made. Its errors are for people to read and hold
// nothing of the secret.
func (k *KeyRing) Unseal(sealed string, aad string) ([]byte, error) {
	version, rest, _ := strings.Cut(sealed, ".")
	id, text, ok := strings.Cut(rest, ".")
	if !ok || version != sealVersion {
		return nil, errors.New("the stored secret is damaged or was sealed by a newer Posthouse")
	}
	if id != k.id {
		return nil, fmt.Errorf("it was sealed with another master key (%s, this one is %s)", id, k.id)
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < k.aead.NonceSize() {
		return nil, errors.New("the stored secret is damaged")
	}
	nonce, body := raw[:k.aead.NonceSize()], raw[k.aead.NonceSize():]
	plain, err := k.aead.Open(nil, nonce, body, []byte(aad))
	if err != nil {
		return nil, errors.New("the stored secret is damaged, or was moved from another row")
	}
	return plain, nil
}
