package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"sync/atomic"
)

// maxPEM bounds a certificate's files, in bytes.
const maxPEM = 1 << 20

// certificate is the server's, read again when its files change.
type certificate struct {
	certFile, keyFile string

	current atomic.Pointer[tls.Certificate]
	seen    []byte // a hash of what was taken over last; one goroutine's
}

func loadCertificate(certFile, keyFile string) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
	if _, err := c.reload(); err != nil {
		return nil, hint(err, "give the PEM files of a certificate chain and its key by --tls-cert and --tls-key")
	}
	return c, nil
}

// get is for tls.Config.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// reload takes the files over if they have changed, and tells whether they
// had. A pair that does not fit, such as one of which only one file has been
// replaced yet, leaves the old one in place and is tried again.
func (c *certificate) reload() (bool, error) {
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
	if sum := content.Sum(nil); bytes.Equal(sum, c.seen) {
		return false, nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	c.seen = content.Sum(nil)
	return true, nil
}
