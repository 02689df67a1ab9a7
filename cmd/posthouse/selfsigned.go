package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	// selfMadeBy marks certificates of our own making; only those are ever
	// renewed or replaced.
	selfMadeBy = "Posthouse self-signed"
	// selfMadeFor is how long such a certificate lasts: Apple's systems accept
	// none over 825 days.
	selfMadeFor = 820 * 24 * time.Hour
	// clockSlack lets clients whose clock is behind ours use it at once.
	clockSlack = 24 * time.Hour
)

// selfSigned makes an ECDSA P-256 certificate for this machine: localhost, the
// loopback addresses and the host's name.
func selfSigned(host string, now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make TLS key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, fmt.Errorf("make TLS serial: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "localhost", Organization: []string{selfMadeBy}},
		NotBefore:             now.Add(-clockSlack),
		NotAfter:              now.Add(selfMadeFor),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	switch ip := net.ParseIP(host); {
	case ip != nil && !ip.IsLoopback():
		template.IPAddresses = append(template.IPAddresses, ip)
	case ip == nil && host != "localhost" && isDNSName(host):
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make TLS certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode TLS key: %w", err)
	}
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return certPEM, append([]byte(ownKeyMark), keyPEM...), nil
}

// ownKeyMark is the line above our own key. PEM readers skip text before the
// block.
const ownKeyMark = "# " + selfMadeBy + "\n"

// isOwnKey reports whether a key file is of our own making.
func isOwnKey(file string) bool {
	b, err := os.ReadFile(file) //nolint:gosec // a file of our own data folder
	return err == nil && bytes.HasPrefix(b, []byte(ownKeyMark))
}

// isDNSName reports whether a host name may stand in a certificate.
func isDNSName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
		default:
			return false
		}
	}
	return true
}

// isSelfMade reports whether a certificate is of our own making.
func isSelfMade(leaf *x509.Certificate) bool {
	return leaf != nil && len(leaf.Subject.Organization) == 1 && leaf.Subject.Organization[0] == selfMadeBy &&
		leaf.Subject.String() == leaf.Issuer.String()
}

// readLeaf reads the first certificate of a PEM file.
func readLeaf(file string) (*x509.Certificate, error) {
	b, err := os.ReadFile(file) //nolint:gosec // named by the admin
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("TLS certificate %s: no PEM certificate in it", file)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate %s: %w", file, err)
	}
	return leaf, nil
}
