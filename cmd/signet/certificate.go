package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// certificate is the server's, read again when its files change.
type certificate struct {
	certFile, keyFile string

	current atomic.Pointer[tls.Certificate]
	seen    [2]stamp // of the files as they were when last read; one goroutine's
}

// stamp tells one state of a file from another.
type stamp struct {
	modified time.Time
	size     int64
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

// reload reads the files if they have changed, and tells whether there is a
// new certificate. A pair that does not fit, such as one of which only one file
// has been replaced yet, leaves the old one in place and is tried again.
func (c *certificate) reload() (bool, error) {
	now, err := c.stamps()
	if err != nil || now == c.seen {
		return false, err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return false, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	c.seen = now
	return true, nil
}

func (c *certificate) stamps() (s [2]stamp, err error) {
	for n, f := range []struct{ flag, path string }{{"tls-cert", c.certFile}, {"tls-key", c.keyFile}} {
		info, err := os.Stat(f.path)
		if err != nil {
			return s, fmt.Errorf("--%s: %w", f.flag, err)
		}
		s[n] = stamp{info.ModTime(), info.Size()}
	}
	return s, nil
}
