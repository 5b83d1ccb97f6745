package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/mail"
)

// envSMTPPassword is the password itself, so never a flag.
const envSMTPPassword = envPrefix + "SMTP_PASSWORD"

// mailSettings say how mails are sent, if at all.
type mailSettings struct {
	smtpServer       string
	smtpTLS          string
	smtpUsername     string
	smtpPasswordFile string
	smtpPasswordText string // of SIGNET_SMTP_PASSWORD; never a flag
	smtpCAFile       string

	mailFrom     string
	mailDir      string
	mailLanguage string

	notifyNewDevice bool
}

func (s *mailSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.smtpServer, "smtp-server", "", "`HOST[:PORT]` of the mail server; the port is 587, with --smtp-tls implicit 465; empty sends no mail")
	f.StringVar(&s.smtpTLS, "smtp-tls", string(mail.STARTTLS), "`HOW` the connection to it is protected: starttls (refused without), implicit (TLS from the first byte), or none: whoever is on the way can use the links")
	f.StringVar(&s.smtpUsername, "smtp-username", "", "`NAME` to sign in with at the mail server; empty does not sign in")
	f.StringVar(&s.smtpPasswordFile, "smtp-password-file", "", "`FILE` with the password for it; SIGNET_SMTP_PASSWORD can hold the password itself")
	f.StringVar(&s.smtpCAFile, "smtp-ca-file", "", "`FILE` with the certificates in PEM that the mail server's is checked against (default those of the system)")
	f.StringVar(&s.mailFrom, "mail-from", "", "`ADDRESS` that mails come from, such as no-reply@example.com or \"Example <no-reply@example.com>\"")
	f.StringVar(&s.mailDir, "mail-dir", "", "`FOLDER` that mails are written into, one file each, in the place of sending them: for development")
	f.BoolVar(&s.notifyNewDevice, "notify-new-device", true, "where mails are sent, tell users of sign-ins in a browser from a device or network where they have not signed in lately")
	f.StringVar(&s.mailLanguage, "mail-language", "en", "`LANGUAGE` of mails that nobody has asked for in a browser, such as en or de")
}

func (s *mailSettings) check(all *settings) (errs []error) {
	switch {
	case s.smtpServer != "" && s.mailDir != "":
		errs = append(errs, all.errorf("mail-dir", "contradicts --smtp-server: give one of the two"))
	case s.smtpServer != "":
		if _, _, err := s.server(); err != nil {
			errs = append(errs, all.errorf("smtp-server", "%v", err))
		}
		if s.mailFrom == "" {
			errs = append(errs, all.errorf("mail-from", "is missing: --smtp-server needs it"))
		}
	}
	errs = append(errs, all.checkOneOf("smtp-tls", s.smtpTLS, string(mail.STARTTLS), string(mail.Implicit), string(mail.Insecure))...)
	if s.mailFrom != "" {
		if _, err := mail.ParseFrom(s.mailFrom); err != nil {
			errs = append(errs, all.errorf("mail-from", "%v", err))
		}
	}
	if s.smtpUsername != "" && s.smtpTLS == string(mail.Insecure) {
		errs = append(errs, all.errorf("smtp-username", "would send the password in the clear with --smtp-tls none"))
	}
	if hasPassword := s.smtpPasswordFile != "" || s.smtpPasswordText != ""; hasPassword != (s.smtpUsername != "") {
		errs = append(errs, all.errorf("smtp-username", "and a password come together: give --smtp-password-file or %s with it", envSMTPPassword))
	}
	if s.smtpPasswordFile != "" && s.smtpPasswordText != "" {
		errs = append(errs, all.errorf("smtp-password-file", "contradicts %s: give one of the two", envSMTPPassword))
	}
	return append(errs, s.checkLanguage(all)...)
}

// checkLanguage refuses a language that there are no texts in.
func (s *mailSettings) checkLanguage(all *settings) []error {
	texts, err := all.pages()
	if err != nil || slices.Contains(texts.Languages(), s.mailLanguage) {
		return nil // the check of the pages says what is wrong with them
	}
	return all.checkOneOf("mail-language", s.mailLanguage, texts.Languages()...)
}

// sendsMail tells whether mails are sent.
func (s *mailSettings) sendsMail() bool { return s.smtpServer != "" || s.mailDir != "" }

// server returns host and port of the mail server.
func (s *mailSettings) server() (host string, port int, err error) {
	port = 587
	if s.smtpTLS == string(mail.Implicit) {
		port = 465
	}
	host, text, err := net.SplitHostPort(s.smtpServer)
	if err != nil { // no port
		if host, _, err = net.SplitHostPort(net.JoinHostPort(s.smtpServer, "1")); err != nil || host == "" {
			return "", 0, errors.New("is not HOST or HOST:PORT")
		}
		return host, port, nil
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 || host == "" {
		return "", 0, errors.New("is not HOST or HOST:PORT")
	}
	return host, int(number), nil
}

// defaultFrom is where mails in a folder come from, if nothing is said.
var defaultFrom = mail.From{Name: "Signet", Address: "signet@localhost"}

// mailSender builds what sends the mails; nil sends none. check has found what is wrong with the
// settings, but for the files.
func (s *mailSettings) mailSender() (mail.Sender, error) {
	from := defaultFrom
	var err error
	if s.mailFrom != "" {
		if from, err = mail.ParseFrom(s.mailFrom); err != nil {
			return nil, fmt.Errorf("--mail-from: %w", err)
		}
	}
	switch {
	case s.mailDir != "":
		return mail.Directory{Path: s.mailDir, From: from}, nil
	case s.smtpServer == "":
		return nil, nil
	}
	sender := mail.SMTP{TLS: mail.TLSMode(s.smtpTLS), Username: s.smtpUsername, From: from}
	if sender.Host, sender.Port, err = s.server(); err != nil {
		return nil, fmt.Errorf("--smtp-server: %w", err)
	}
	if sender.Password, err = s.smtpPassword(); err != nil {
		return nil, err
	}
	sender.Roots, err = s.smtpRoots()
	return sender, err
}

func (s *mailSettings) smtpPassword() (secret.Text, error) {
	if s.smtpPasswordFile == "" {
		return secret.Text(s.smtpPasswordText), nil
	}
	text, err := readBounded(s.smtpPasswordFile, maxSecret)
	if err != nil {
		return "", fmt.Errorf("--smtp-password-file: %w", err)
	}
	input := secretInput{what: "password"}
	password, err := input.parse(string(text))
	if err != nil {
		return "", fmt.Errorf("--smtp-password-file: %w", err)
	}
	return password, nil
}

// maxCAFile bounds the certificates, in bytes.
const maxCAFile = 1 << 20

func (s *mailSettings) smtpRoots() (*x509.CertPool, error) {
	if s.smtpCAFile == "" {
		return nil, nil
	}
	text, err := readBounded(s.smtpCAFile, maxCAFile)
	if err != nil {
		return nil, fmt.Errorf("--smtp-ca-file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("--smtp-ca-file: holds no certificate in PEM")
	}
	return roots, nil
}
