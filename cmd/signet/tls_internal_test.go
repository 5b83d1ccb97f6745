package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate puts a self-signed certificate for 127.0.0.1 into the files.
func writeCertificate(t *testing.T, name, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	writeFile(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestServeTLS(t *testing.T) {
	dir := newStoreDir(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := writeCertificate(t, "first", cert, key)
	c := startServer(t, dir, "serve", "--issuer", "https://127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	resp, err := client.Get(c.url + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" || !strings.HasPrefix(c.url, "https://") {
		t.Errorf("got %s with HSTS %q at %s", resp.Proto, resp.Header.Get("Strict-Transport-Security"), c.url)
	}
	both := tlsExchange(t, c.url, roots, "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /jwks HTTP/1.1\r\nHost: x\r\n\r\n")
	if !strings.HasPrefix(both, "HTTP/1.1 400 ") || strings.Count(both, "HTTP/1.1 ") != 1 {
		t.Errorf("a body with two lengths: %s", both)
	}
	if one := tlsExchange(t, c.url, roots, "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(one, "HTTP/1.1 200 ") || !strings.Contains(one, "Strict-Transport-Security: ") {
		t.Errorf("HTTP/1.1: %s", one)
	}
	old, err := tls.Dial("tcp", strings.TrimPrefix(c.url, "https://"), &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err == nil {
		_ = old.Close()
		t.Error("TLS 1.1 was accepted")
	}
}

// tlsExchange sends bytes over TLS and returns what is answered until the server hangs up.
func tlsExchange(t *testing.T, server string, roots *x509.CertPool, request string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(server, "https://"), &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// A certificate is loaded when both files have changed and belong
// together. Until then the earlier one is served.
func TestCertificate_ReloadedWhenBothFilesChange(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, "first", cert, key)
	c, err := newCertReloader(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	if reloaded, err := c.reload(); reloaded || err != nil {
		t.Fatalf("nothing has changed: %v, %v", reloaded, err)
	}

	newCert, newKey := filepath.Join(dir, "new.pem"), filepath.Join(dir, "newkey.pem")
	writeCertificate(t, "second", newCert, newKey)
	moveFile(t, newCert, cert)
	if reloaded, err := c.reload(); reloaded || err == nil || !strings.Contains(err.Error(), "--tls-key") {
		t.Errorf("half a change: %v, %v", reloaded, err)
	}
	if name := commonName(t, c); name != "first" {
		t.Errorf("half a change: serves %s", name)
	}
	moveFile(t, newKey, key)
	if reloaded, err := c.reload(); !reloaded || err != nil {
		t.Errorf("the whole change: %v, %v", reloaded, err)
	}
	if name := commonName(t, c); name != "second" {
		t.Errorf("the whole change: serves %s", name)
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	if reloaded, err := c.reload(); reloaded || err == nil {
		t.Errorf("a missing file: %v, %v", reloaded, err)
	}
	if name := commonName(t, c); name != "second" {
		t.Errorf("a missing file: serves %s", name)
	}
}

func moveFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func commonName(t *testing.T, c *certReloader) string {
	t.Helper()
	pair, err := c.getCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Subject.CommonName
}

func TestCertificate_MissingFileIsRefused(t *testing.T) {
	_, err := newCertReloader(filepath.Join(t.TempDir(), "none.pem"), "none.pem")
	if err == nil || !strings.HasPrefix(err.Error(), "--tls-cert: ") {
		t.Errorf("got %v", err)
	}
}
