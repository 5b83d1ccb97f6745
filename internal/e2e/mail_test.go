package e2e_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/outbox"
)

// receivedMail is a line of smtpd.py.
type receivedMail struct {
	Port int      `json:"port"`
	From string   `json:"from"`
	To   []string `json:"to"`
	Data string   `json:"data"`
	TLS  bool     `json:"tls"`
}

// TestMail_ServerWithSTARTTLS sends to PyPI's aiosmtpd, which demands STARTTLS and a password.
func TestMail_ServerWithSTARTTLS(t *testing.T) {
	python := requirePython(t)
	err := exec.Command(python, "-c", "import aiosmtpd").Run()
	missing(t, err, "the mail server", "`pip install --requirement requirements.txt` in internal/e2e/python")
	certFile, keyFile, roots := loopbackCertificate(t)
	cmd := exec.Command(python, "smtpd.py", certFile, keyFile)
	cmd.Dir, cmd.Stderr = "python", os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	next := func() (m receivedMail) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the mail server has ended: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	sender := mail.SMTP{
		Host: "127.0.0.1", Port: next().Port, TLS: mail.STARTTLS, Roots: roots, HELO: "test",
		From: mail.From{Name: "Example", Address: "no-reply@example.com"}, Username: "signet", Password: secret.Text("right"),
	}
	m := mail.Message{ID: "m", To: "alice@example.com", Subject: "Grüße", Text: "a text\n.\nwith a dot\n", HTML: "<p>a text</p>", Date: time.Now()}
	if err := sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := next()
	if !got.TLS || got.From != "no-reply@example.com" || len(got.To) != 1 || got.To[0] != "alice@example.com" {
		t.Errorf("the server got %+v", got)
	}
	if !strings.Contains(got.Data, "with a dot") || !strings.Contains(got.Data, "Auto-Submitted: auto-generated") {
		t.Errorf("the mail is\n%s", got.Data)
	}
	m.To = "nobody@example.com"
	if err := sender.Send(t.Context(), m); !errors.Is(err, outbox.ErrRejected) {
		t.Errorf("a mailbox that is not there: %v", err)
	}
	m.To, sender.Password = "alice@example.com", "wrong"
	if err := sender.Send(t.Context(), m); err == nil || errors.Is(err, outbox.ErrRejected) {
		t.Errorf("a wrong password: %v", err)
	}
}

// loopbackCertificate writes a certificate for 127.0.0.1 and its key.
func loopbackCertificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots.AppendCertsFromPEM(certPEM)
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, content := range map[string][]byte{certFile: certPEM, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, roots
}
