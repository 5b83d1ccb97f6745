package main

import (
	"crypto/tls"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// SIGHUP reads a new certificate at once and never ends the server.
func TestServe_HangupReloadsCertificate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signal")
	}
	dir := newStoreDir(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, "first", cert, key)
	c := startServer(t, dir, "serve", "--issuer", "https://127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
	address := strings.TrimPrefix(c.url, "https://")
	if name := servedName(t, address); name != "first" {
		t.Fatalf("serves %s before", name)
	}
	writeCertificate(t, "second", cert, key)
	began := time.Now()
	for servedName(t, address) != "second" {
		if err := c.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("the old certificate is served still: %s", c.log)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := c.stop(t, syscall.SIGINT); err != nil {
		t.Errorf("ended with %v: %s", err, c.log)
	}
	if !strings.Contains(c.log.String(), "SIGHUP") {
		t.Errorf("reloaded, but not by the signal: %s", c.log)
	}
}

// servedName is the common name in the certificate that the server presents.
func servedName(t *testing.T, address string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestServe_HangupIsIgnoredWithoutTLS(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signal")
	}
	c := startServer(t, newStoreDir(t), "serve", "--issuer", "http://127.0.0.1:0")
	for range 3 {
		if err := c.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	c.login(t)
	if err := c.stop(t, syscall.SIGINT); err != nil {
		t.Errorf("ended with %v: %s", err, c.log)
	}
}
