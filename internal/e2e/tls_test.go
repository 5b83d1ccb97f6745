package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificate is what a server of the tests is known by, and the authority that vouches for it.
type certificate struct {
	ca   string // file of the authority's certificate, in PEM
	cert string // file
	key  string // file
	spki string // hash of the public key, as Chromium's flag spells it
}

// useTLS moves a server that was not started to https, with a certificate by an authority that
// nobody but this test knows.
func (s *server) useTLS(t *testing.T) certificate {
	t.Helper()
	c := certificate{ca: filepath.Join(s.dir, "ca.pem"), cert: filepath.Join(s.dir, "cert.pem"), key: filepath.Join(s.dir, "key.pem")}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "An authority for one test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, leafKey := newECKey(t), newECKey(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(writeCertificate(t, c.ca, authority, authority, authorityKey, authorityKey))
	writeCertificate(t, c.cert, leaf, authority, leafKey, authorityKey)
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(leafKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(public)
	c.spki = base64.StdEncoding.EncodeToString(hash[:])
	s.issuer = "https://" + s.address
	s.flags = append(s.flags, "--tls-cert", c.cert, "--tls-key", c.key)
	s.wire.base.TLSClientConfig = &tls.Config{RootCAs: pool}
	return c
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// writeCertificate signs one for the public part of key, and returns what it writes.
func writeCertificate(t *testing.T, path string, one, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, one, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return text
}
