package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
)

// maxPEM bounds a certificate's files, in bytes.
const maxPEM = 1 << 20

// certReloader holds the server certificate and reloads it when its files change.
type certReloader struct {
	certFile, keyFile string

	current atomic.Pointer[tls.Certificate]

	mu       sync.Mutex // held while reloading
	lastHash []byte     // SHA-256 of the files loaded last
}

func newCertReloader(certFile, keyFile string) (*certReloader, error) {
	c := &certReloader{certFile: certFile, keyFile: keyFile}
	if _, err := c.reload(); err != nil {
		return nil, withHint(err, "give the PEM files of a certificate chain and its key by --tls-cert and --tls-key")
	}
	return c, nil
}

// getCertificate implements tls.Config.GetCertificate.
func (c *certReloader) getCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// reload loads the files if they have changed, and reports whether it did. A
// mismatched pair, such as one of which only one file has been replaced yet,
// leaves the old certificate in place; the next call tries again.
func (c *certReloader) reload() (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cert, err := readBounded(c.certFile, maxPEM)
	if err != nil {
		return false, fmt.Errorf("--tls-cert: %w", err)
	}
	key, err := readBounded(c.keyFile, maxPEM)
	if err != nil {
		return false, fmt.Errorf("--tls-key: %w", err)
	}
	content := sha256.New()
	for _, pem := range [][]byte{cert, {0}, key} {
		content.Write(pem)
	}
	if sum := content.Sum(nil); bytes.Equal(sum, c.lastHash) {
		return false, nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	c.lastHash = content.Sum(nil)
	return true, nil
}
