package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/posthouse/posthouse/server"
)

const (
	// certLookEvery bounds how often the files are looked at: an admin's new
	// certificate is served within this time.
	certLookEvery = time.Second
	// certRenewBefore is how long before its end our own certificate is made anew.
	certRenewBefore = 30 * 24 * time.Hour
)

// certificate is the TLS door's certificate: a pair of files, looked at again
// when they change. The pair in the data folder is made by us at first and may
// be replaced by the admin's own; a pair named by flags is always theirs.
type certificate struct {
	certFile, keyFile string
	own               bool // in the data folder: made when missing, renewed while it is ours
	log               *slog.Logger
	now               func() time.Time

	mu     sync.Mutex
	looked time.Time
	stamp  fileStamp
	pair   *tls.Certificate
}

// fileStamp tells two states of the pair of files apart.
type fileStamp struct {
	certTime, keyTime time.Time
	certSize, keySize int64
}

// openCertificate loads the certificate, making one in the data folder when
// neither flag names another and none is there.
func openCertificate(dir, certFile, keyFile string, log *slog.Logger, now func() time.Time) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: now}
	if certFile == "" {
		folder := filepath.Join(dir, tlsFolder)
		c.certFile, c.keyFile, c.own = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"), true
		if err := c.makeIfNeeded(); err != nil {
			return nil, err
		}
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// get is tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since := c.now().Sub(c.looked); since >= certLookEvery || since < 0 {
		c.refresh(false)
	}
	return c.pair, nil
}

// reload looks at the files at once: what SIGHUP asks for.
func (c *certificate) reload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refresh(true)
}

// refresh renews our own certificate when its end is near and loads the files
// if they changed (or force is set). A pair that does not load leaves the old
// one in service. The caller holds mu.
func (c *certificate) refresh(force bool) {
	c.looked = c.now()
	if c.own && c.pair != nil && c.renewable(c.pair.Leaf) {
		if err := c.makeIfNeeded(); err != nil {
			c.log.Error("certificate not renewed", "error", err)
		}
	}
	stamp, err := c.stat()
	if err == nil && stamp == c.stamp && !force {
		return
	}
	if err == nil {
		// Noted before loading: a bad pair is reported once, not every second.
		c.stamp = stamp
		err = c.load()
	}
	if err != nil {
		c.log.Error("certificate not loaded, the old one stays in service", "cert", c.certFile, "key", c.keyFile, "error", err)
		return
	}
	c.log.Info("certificate loaded", "cert", c.certFile, "not_after", c.pair.Leaf.NotAfter)
}

// load reads the pair and puts it into service.
func (c *certificate) load() error {
	stamp, err := c.stat()
	if err != nil {
		return err
	}
	pair, err := readPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	if left := pair.Leaf.NotAfter.Sub(c.now()); left <= 0 {
		c.log.Warn("the TLS certificate has expired; replace it", "cert", c.certFile, "not_after", pair.Leaf.NotAfter)
	}
	c.pair, c.stamp, c.looked = pair, stamp, c.now()
	return nil
}

// readPair reads a certificate and its key, and checks that they belong together.
func readPair(certFile, keyFile string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate %s with key %s: %w; give a matching pair of PEM files", certFile, keyFile, err)
	}
	if pair.Leaf == nil { // only with GODEBUG=x509keypairleaf=0
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("TLS certificate %s: %w", certFile, err)
		}
	}
	return &pair, nil
}

// stat notes the state of both files.
func (c *certificate) stat() (fileStamp, error) {
	cert, err := os.Stat(c.certFile)
	if err != nil {
		return fileStamp{}, fmt.Errorf("TLS certificate: %w", err)
	}
	key, err := os.Stat(c.keyFile)
	if err != nil {
		return fileStamp{}, fmt.Errorf("TLS key: %w", err)
	}
	return fileStamp{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}

// makeIfNeeded makes our own pair where there is none, where its end is near,
// or where an interrupted renewal left two halves that do not fit. It never
// touches a certificate that is not ours.
func (c *certificate) makeIfNeeded() error {
	pair, err := readPair(c.certFile, c.keyFile)
	if err == nil && !c.renewable(pair.Leaf) {
		return nil
	}
	if err != nil && !c.replaceable() {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.certFile), 0o700); err != nil {
		return fmt.Errorf("TLS folder: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	certPEM, keyPEM, err := selfSigned(host, c.now())
	if err != nil {
		return err
	}
	if err := errors.Join(writePrivate(c.keyFile, keyPEM), writePrivate(c.certFile, certPEM)); err != nil {
		return fmt.Errorf("TLS certificate: %w", err)
	}
	c.log.Info("self-signed certificate made", "cert", c.certFile)
	return nil
}

// renewable reports whether a certificate is ours and near its end.
func (c *certificate) renewable(leaf *x509.Certificate) bool {
	return isSelfMade(leaf) && leaf.NotAfter.Sub(c.now()) < certRenewBefore
}

// replaceable reports whether a pair that does not load may be made anew:
// nothing is there, or the certificate is ours.
func (c *certificate) replaceable() bool {
	_, keyErr := os.Stat(c.keyFile)
	leaf, err := readLeaf(c.certFile)
	if errors.Is(err, fs.ErrNotExist) {
		// Key without certificate: an interrupted first start writes the key
		// first. An admin's key without its certificate looks the same, and
		// must not be lost.
		return errors.Is(keyErr, fs.ErrNotExist) || isOwnKey(c.keyFile)
	}
	return err == nil && isSelfMade(leaf)
}

// State implements server.Certificates.
func (c *certificate) State() server.TLSState {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaf := c.pair.Leaf
	from := "flags"
	switch {
	case c.own && isSelfMade(leaf):
		from = "self"
	case c.own:
		from = "own"
	}
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	sum := sha256.Sum256(leaf.Raw)
	return server.TLSState{
		From: from, Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Names: append([]string{}, names...),
		NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(), SHA256: hex.EncodeToString(sum[:]), File: c.certFile,
	}
}

// Replace implements server.Certificates: the pair is checked, written into
// the data folder and served from now on.
func (c *certificate) Replace(certPEM, keyPEM []byte) error {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return fmt.Errorf("does not work: %w; give the certificate and the private key that belongs to it, both as PEM", err)
	}
	leaf := pair.Leaf
	if leaf == nil { // only with GODEBUG=x509keypairleaf=0
		if leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return fmt.Errorf("cannot be read: %w", err)
		}
	}
	if !leaf.NotAfter.After(c.now()) {
		return fmt.Errorf("expired on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.own {
		return errors.New("is named by --tls-cert: replace that file")
	}
	// Whoever is asked for the certificate meanwhile waits for mu, so that no
	// half of the new pair is loaded.
	if err := errors.Join(writePrivate(c.keyFile, keyPEM), writePrivate(c.certFile, certPEM)); err != nil {
		return err
	}
	return c.load()
}

// Reset implements server.Certificates: what was uploaded is removed, and a
// self-signed pair made in its place.
func (c *certificate) Reset() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.own {
		return errors.New("is named by --tls-cert: replace that file")
	}
	for _, file := range []string{c.certFile, c.keyFile} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the certificate: %w", err)
		}
	}
	if err := c.makeIfNeeded(); err != nil {
		return err
	}
	return c.load()
}
