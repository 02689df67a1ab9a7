package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeClock is a clock that tests set.
type fakeClock struct{ at time.Time }

func (c *fakeClock) now() time.Time { return c.at }

func newFakeClock() *fakeClock { return &fakeClock{at: time.Now()} }

// openTestCertificate opens the certificate of a data folder.
func openTestCertificate(t *testing.T, dir string, clock *fakeClock) (*certificate, *bytes.Buffer) {
	t.Helper()
	var logged bytes.Buffer
	c, err := openCertificate(dir, "", "", slog.New(slog.NewTextHandler(&logged, nil)), clock.now)
	if err != nil {
		t.Fatal(err)
	}
	return c, &logged
}

// served is the certificate a client would get now.
func served(t *testing.T, c *certificate) *x509.Certificate {
	t.Helper()
	pair, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func TestSelfSignedCertificate(t *testing.T) {
	dir, clock := t.TempDir(), newFakeClock()
	c, _ := openTestCertificate(t, dir, clock)
	leaf := served(t, c)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if host, err := os.Hostname(); err == nil && isDNSName(host) {
		if err := leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if days := leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24; days < 397 || days > 825 {
		t.Errorf("it lasts %v days", days)
	}
	info, err := os.Stat(filepath.Join(dir, tlsFolder, "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key mode: %v %v", info.Mode(), err)
	}
	again, _ := openTestCertificate(t, dir, clock)
	if !served(t, again).Equal(leaf) {
		t.Error("a restart made a new certificate")
	}
	clock.at = leaf.NotAfter.Add(-certRenewBefore + time.Hour)
	if renewed := served(t, c); renewed.Equal(leaf) || !renewed.NotAfter.After(leaf.NotAfter) {
		t.Error("it was not renewed near its end")
	}
}

func TestOwnCertificateIsReloaded(t *testing.T) {
	dir, clock := t.TempDir(), newFakeClock()
	c, logged := openTestCertificate(t, dir, clock)
	first := served(t, c)
	replace := func(cert, key []byte) {
		t.Helper()
		clock.at = clock.at.Add(2 * certLookEvery)
		for name, b := range map[string][]byte{c.certFile: cert, c.keyFile: key} {
			if err := writePrivate(name, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	cert, key, err := selfSigned("other.example", clock.at)
	if err != nil {
		t.Fatal(err)
	}
	replace(cert, key)
	second := served(t, c)
	if second.Equal(first) || second.VerifyHostname("other.example") != nil {
		t.Fatal("the new certificate is not served")
	}
	replace([]byte("rubbish"), key)
	if !served(t, c).Equal(second) || !strings.Contains(logged.String(), "the old one stays") {
		t.Errorf("a bad pair was taken, or nothing was said: %s", logged)
	}
	count := strings.Count(logged.String(), "the old one stays")
	clock.at = clock.at.Add(2 * certLookEvery)
	served(t, c)
	if strings.Count(logged.String(), "the old one stays") != count {
		t.Error("the same bad pair was reported twice")
	}
	if _, err := openCertificate(dir, "", "", slog.New(slog.DiscardHandler), clock.now); err == nil {
		t.Error("a start with somebody's broken certificate succeeded")
	}
}

func TestInterruptedCertificateIsMadeAnew(t *testing.T) {
	dir, clock := t.TempDir(), newFakeClock()
	c, _ := openTestCertificate(t, dir, clock)
	if err := os.Remove(c.certFile); err != nil { // killed after the key was written
		t.Fatal(err)
	}
	openTestCertificate(t, dir, clock)
	_, key, err := selfSigned("x", clock.at)
	if err != nil {
		t.Fatal(err)
	}
	if err := writePrivate(c.keyFile, key); err != nil { // killed between the two of a renewal
		t.Fatal(err)
	}
	openTestCertificate(t, dir, clock)
	if err := os.Remove(c.certFile); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.keyFile, []byte("-----BEGIN PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openCertificate(dir, "", "", slog.New(slog.DiscardHandler), clock.now); err == nil {
		t.Error("an admin's key was overwritten")
	}
}

// pairFor is a certificate with its key that is not of our making.
func pairFor(t *testing.T, host string, until time.Time) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: until.Add(-time.Hour * 1000), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// TestCertificateFromTheConsole: one that is uploaded is served at once and
// after a restart; one that does not work changes nothing.
func TestCertificateFromTheConsole(t *testing.T) {
	dir, clock := t.TempDir(), newFakeClock()
	c, _ := openTestCertificate(t, dir, clock)
	if s := c.State(); s.From != "self" || s.SHA256 == "" || len(s.Names) == 0 {
		t.Errorf("at first: %+v", s)
	}
	cert, key := pairFor(t, "ai.example.com", clock.at.Add(90*24*time.Hour))
	_, otherKey := pairFor(t, "other.example.com", clock.at.Add(time.Hour))
	old, oldKey := pairFor(t, "old.example.com", clock.at.Add(-time.Hour))
	for name, pair := range map[string][2][]byte{"text": {[]byte("x"), []byte("y")}, "another key": {cert, otherKey}, "expired": {old, oldKey}} {
		if err := c.Replace(pair[0], pair[1]); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if c.State().From != "self" {
		t.Error("a pair that does not work has changed something")
	}
	if err := c.Replace(cert, key); err != nil {
		t.Fatal(err)
	}
	if got := served(t, c).DNSNames; len(got) != 1 || got[0] != "ai.example.com" || c.State().From != "own" {
		t.Errorf("served is %v, %s", got, c.State().From)
	}
	again, _ := openTestCertificate(t, dir, clock)
	if got := served(t, again).DNSNames[0]; got != "ai.example.com" {
		t.Errorf("after a restart %s is served", got)
	}
	if err := again.Reset(); err != nil {
		t.Fatal(err)
	}
	if again.State().From != "self" {
		t.Error("there is no way back")
	}
	clock.at = clock.at.Add(2 * certLookEvery)
	if !isSelfMade(served(t, c)) {
		t.Error("the files are not looked at again")
	}
	info, err := os.Stat(filepath.Join(dir, tlsFolder, "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info.Mode(), err)
	}
}
