package mail_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/outbox"
)

var message = mail.Message{
	ID: "m1", To: "alice@example.com", Subject: "Ein neues Passwort wählen", Text: "Grüße: https://id.example.com/password/new?token=t0k3n\n",
	HTML: "<p>Grüße</p>", Date: time.Date(2026, 11, 30, 21, 0, 0, 0, time.UTC),
}

// smtpServer is a mail server that answers as a test wants.
type smtpServer struct {
	listener net.Listener
	cert     tls.Certificate
	roots    *x509.CertPool
	answer   map[string]string // command → answer; "" hangs up, "stall" says nothing
	noTLS    bool

	mu       sync.Mutex
	received []string
	data     string
}

func startSMTP(t *testing.T, answer map[string]string) *smtpServer {
	t.Helper()
	s := &smtpServer{answer: answer}
	s.cert, s.roots = certificate(t)
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = s.listener.Close(); serving.Wait() })
	return s
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// say answers a command; false ends the connection.
func (s *smtpServer) say(conn net.Conn, command, otherwise string) bool {
	text, set := s.answer[command]
	switch {
	case !set:
		text = otherwise
	case text == "":
		return false
	case text == "stall":
		_, _ = io.Copy(io.Discard, conn) // until the client hangs up
		return false
	}
	_, err := io.WriteString(conn, text+"\r\n")
	return err == nil
}

func (s *smtpServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if !s.say(conn, "greeting", "220 test") {
		return
	}
	reader := bufio.NewReader(conn)
	secured := false
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.TrimSpace(strings.SplitN(line, " ", 2)[0]))
		s.note(line)
		otherwise := "250 ok"
		switch verb {
		case "EHLO":
			otherwise = "250-test\r\n250 STARTTLS"
			if s.noTLS || secured {
				otherwise = "250-test\r\n250 AUTH PLAIN"
			}
		case "STARTTLS":
			otherwise = "220 go"
		case "AUTH":
			otherwise = "235 in"
		case "DATA":
			otherwise = "354 send"
		case "QUIT":
			otherwise = "221 bye"
		}
		if !s.say(conn, verb, otherwise) {
			return
		}
		switch {
		case verb == "STARTTLS":
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.cert}})
			if secure.Handshake() != nil {
				return
			}
			conn, reader, secured = secure, bufio.NewReader(secure), true
		case verb == "DATA" && s.answer["DATA"] == "":
			if !s.readData(reader) || !s.say(conn, ".", "250 taken") {
				return
			}
		case verb == "QUIT":
			return
		}
	}
}

func (s *smtpServer) readData(reader *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = b.String()
	return true
}

func (s *smtpServer) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, strings.TrimSpace(line))
}

// heard returns what the server was told, and the last mail.
func (s *smtpServer) heard() (commands, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.received, "\n"), s.data
}

func (s *smtpServer) sender() mail.SMTP {
	return mail.SMTP{
		Host: "127.0.0.1", Port: s.listener.Addr().(*net.TCPAddr).Port, TLS: mail.STARTTLS, Roots: s.roots, HELO: "test",
		From: mail.From{Name: "Exämple", Address: "no-reply@example.com"}, Username: "signet", Password: "s3cr3t-of-smtp",
	}
}

func TestSMTP_SendsOverSTARTTLS(t *testing.T) {
	s := startSMTP(t, nil)
	if err := s.sender().Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	commands, data := s.heard()
	if !strings.Contains(commands, "STARTTLS") || strings.Index(commands, "AUTH") < strings.Index(commands, "STARTTLS") {
		t.Errorf("the commands are\n%s", commands)
	}
	checkMail(t, data)
}

// checkMail checks the form of a mail (RFC 5322).
func checkMail(t *testing.T, data string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	date, err := m.Header.Date()
	if err != nil || !date.Equal(message.Date) {
		t.Errorf("the date is %v, %v", date, err)
	}
	for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "To": "<alice@example.com>", "User-Agent": "", "X-Mailer": "", "Mime-Version": "1.0"} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if id := m.Header.Get("Message-Id"); !strings.HasSuffix(id, "@example.com>") {
		t.Errorf("the id is %q", id)
	}
	if kind := m.Header.Get("Content-Type"); !strings.HasPrefix(kind, "multipart/alternative") {
		t.Errorf("the type is %q", kind)
	}
	if strings.Index(data, "text/plain") > strings.Index(data, "text/html") || !strings.Contains(data, "text/html") {
		t.Error("the text does not come before the HTML")
	}
}

// What goes wrong, and whether the message is given up, put off, or waits with the others.
func TestSMTP_Errors(t *testing.T) {
	const final, notThisOne, all = "given up", "put off", "waits with the others"
	for name, c := range map[string]struct {
		answer map[string]string
		want   string
	}{
		"no such mailbox":          {map[string]string{"RCPT": "550 5.1.1 no such user alice"}, final},
		"mailbox full, later":      {map[string]string{"RCPT": "452 4.2.2 full"}, notThisOne},
		"greylisted":               {map[string]string{"RCPT": "450 4.7.1 come back"}, notThisOne},
		"content refused":          {map[string]string{".": "554 5.7.1 spam"}, final},
		"content put off":          {map[string]string{".": "451 later"}, notThisOne},
		"server goes down":         {map[string]string{"RCPT": "421 shutting down"}, all},
		"sender refused":           {map[string]string{"MAIL": "553 not you"}, all},
		"password refused":         {map[string]string{"AUTH": "535 5.7.8 wrong"}, all},
		"greeting refuses":         {map[string]string{"greeting": "554 not for you"}, all},
		"cut at the greeting":      {map[string]string{"greeting": ""}, all},
		"cut before the receiver":  {map[string]string{"RCPT": ""}, all},
		"cut before the answer":    {map[string]string{".": ""}, all},
		"no sense in the greeting": {map[string]string{"greeting": "HTTP/1.1 400 Bad Request"}, all},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSMTP(t, c.answer)
			err := s.sender().Send(t.Context(), message)
			got := all
			switch {
			case err == nil:
				t.Fatal("no error")
			case errors.Is(err, outbox.ErrRejected):
				got = final
			case errors.Is(err, outbox.ErrNotThisOne):
				got = notThisOne
			}
			if got != c.want {
				t.Errorf("it %s, want: it %s (%v)", got, c.want, err)
			}
			for _, secret := range []string{"alice", "s3cr3t", "t0k3n", "spam", "come back"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error has %q: %v", secret, err)
				}
			}
		})
	}
}

// What happens after the server has taken the message does not send it again.
func TestSMTP_CutAfterTheAnswer_IsSent(t *testing.T) {
	for _, command := range []string{"RSET", "QUIT"} {
		s := startSMTP(t, map[string]string{command: ""})
		if err := s.sender().Send(t.Context(), message); err != nil {
			t.Errorf("cut at %s: %v", command, err)
		}
	}
}

// A server that stalls holds nobody up past the end of the attempt.
func TestSMTP_Stall_EndsWithTheAttempt(t *testing.T) {
	for _, command := range []string{"greeting", "EHLO", "STARTTLS", "AUTH", "RCPT", "DATA", "."} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			s := startSMTP(t, map[string]string{command: "stall"})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if err := s.sender().Send(ctx, message); err == nil || errors.Is(err, outbox.ErrRejected) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// Neither mail nor password goes to a server that does not prove who it is.
func TestSMTP_WithoutSTARTTLS_SaysNothing(t *testing.T) {
	s := startSMTP(t, nil)
	s.noTLS = true
	err := s.sender().Send(t.Context(), message)
	commands, data := s.heard()
	if err == nil || data != "" || strings.Contains(commands, "AUTH") || strings.Contains(commands, "MAIL") {
		t.Errorf("%v, after\n%s", err, commands)
	}
}

func TestSMTP_UnknownCertificate_SaysNothing(t *testing.T) {
	s := startSMTP(t, nil)
	sender := s.sender()
	sender.Roots = x509.NewCertPool()
	err := sender.Send(t.Context(), message)
	commands, data := s.heard()
	if err == nil || !strings.Contains(err.Error(), "certificate") || data != "" || strings.Contains(commands, "AUTH") {
		t.Errorf("%v, after\n%s", err, commands)
	}
}

// A header cannot be put into a message through a value.
func TestSend_LineBreaksInHeaders_AreRefused(t *testing.T) {
	s := startSMTP(t, nil)
	dir := mail.Directory{Path: t.TempDir(), From: mail.From{Address: "no-reply@example.com"}}
	for _, change := range []func(*mail.Message){
		func(m *mail.Message) { m.Subject = "a\r\nBcc: eve@example.com" },
		func(m *mail.Message) { m.To = "alice@example.com\nBcc: eve@example.com" },
		func(m *mail.Message) { m.To = "alice@example.com>, <eve@example.com" },
		func(m *mail.Message) { m.To = "alice@example.com> SIZE=1" },
	} {
		m := message
		change(&m)
		if err := s.sender().Send(t.Context(), m); !errors.Is(err, outbox.ErrRejected) {
			t.Errorf("%q to %q: %v", m.Subject, m.To, err)
		}
		if dir.Send(t.Context(), m) == nil {
			t.Errorf("%q to %q is written", m.Subject, m.To)
		}
	}
	if commands, _ := s.heard(); commands != "" {
		t.Errorf("the server was told\n%s", commands)
	}
	if files, _ := filepath.Glob(filepath.Join(dir.Path, "*")); len(files) > 0 {
		t.Errorf("there are %v", files)
	}
}

func TestDirectory_WritesOneFileAMessage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail")
	dir := mail.Directory{Path: path, From: mail.From{Name: "Example", Address: "no-reply@example.com"}}
	for range 2 { // the second is the same message again
		if err := dir.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 || filepath.Ext(info.Name()) != ".eml" {
		t.Errorf("%v, %v", info, err)
	}
	data, err := os.ReadFile(filepath.Join(path, info.Name()))
	if err != nil {
		t.Fatal(err)
	}
	checkMail(t, string(data))
}
