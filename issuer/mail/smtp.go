package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"time"

	gomail "github.com/wneessen/go-mail"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/outbox"
)

// TLSMode says how the connection to the mail server is protected.
type TLSMode string

// The modes.
const (
	STARTTLS TLSMode = "starttls" // the server must offer it (RFC 3207)
	Implicit TLSMode = "implicit" // from the first byte (RFC 8314 §3)
	Insecure TLSMode = "none"     // whoever is on the way reads the links and can use them
)

// SMTP sends by a mail server.
type SMTP struct {
	Host     string
	Port     int
	TLS      TLSMode
	Username string // "" sends without authentication
	Password secret.Text
	Roots    *x509.CertPool // nil for those of the system
	From     From
	HELO     string // how this host names itself; "" for its own name
}

var _ Sender = SMTP{}

// dialTimeout bounds everything up to the first message, below the bound of an attempt.
const dialTimeout = 8 * time.Second

// Send opens a connection, sends the message and closes it.
func (s SMTP) Send(ctx context.Context, m Message) error {
	msg, err := compose(s.From, m)
	if err != nil {
		return fmt.Errorf("the mail could not be composed: %w", outbox.ErrRejected)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := gomail.NewClient(s.Host, s.options(ctx)...)
	if err != nil {
		return errors.New("the mail server's settings are not valid")
	}
	if err = client.DialAndSendWithContext(ctx, msg); err == nil || msg.IsDelivered() {
		return nil // what goes wrong after the server has taken it does not matter
	}
	if ctx.Err() != nil {
		return errTimeout
	}
	return classify(err)
}

var errTimeout = errors.New("the mail server did not answer in time")

func (s SMTP) options(ctx context.Context) []gomail.Option {
	cfg := &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(dialTimeout), gomail.WithoutNoop(), gomail.WithTLSConfig(cfg), gomail.WithDialContextFunc(s.dialer(ctx, cfg)),
	}
	if s.TLS == STARTTLS {
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	} else {
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.HELO != "" {
		options = append(options, gomail.WithHELO(s.HELO))
	}
	if s.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(string(s.Password)))
		if s.TLS == Implicit {
			// The library sees a connection that it has not encrypted itself.
			options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc))
		}
	}
	return options
}

// dialer opens connections that are closed when the attempt ends, however it ends: a server that
// stalls holds nobody up.
func (s SMTP) dialer(attempt context.Context, cfg *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if s.TLS == Implicit {
			conn, err = (&tls.Dialer{Config: cfg}).DialContext(ctx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err != nil {
			return nil, err
		}
		context.AfterFunc(attempt, func() { _ = conn.Close() })
		return conn, nil
	}
}

// classify says what an error of the library means for the message: whether it is tried again, and
// whether the others wait with it.
func classify(err error) error {
	var certificate *tls.CertificateVerificationError
	var reply *textproto.Error
	var sending *gomail.SendError
	switch {
	case errors.As(err, &certificate):
		return errors.New("the mail server's certificate is not valid")
	case errors.Is(err, context.DeadlineExceeded):
		return errTimeout
	case errors.As(err, &sending):
		return classifyAnswer(sending)
	case errors.As(err, &reply):
		return fmt.Errorf("the mail server answered %d before the message", reply.Code) // its settings, or ours
	}
	return errors.New("the mail server could not be reached or broke off")
}

// classifyAnswer is classify after the sign-in at the server.
func classifyAnswer(e *gomail.SendError) error {
	code := e.ErrorCode()
	aboutMessage := e.Reason == gomail.ErrSMTPRcptTo || e.Reason == gomail.ErrSMTPData || e.Reason == gomail.ErrSMTPDataClose
	switch {
	case code >= 500 && aboutMessage:
		return fmt.Errorf("the mail server refused the message with %d: %w", code, outbox.ErrRejected)
	case code >= 400 && code != 421 && aboutMessage:
		return fmt.Errorf("the mail server put the message off with %d: %w", code, outbox.ErrNotThisOne)
	case code >= 400:
		return fmt.Errorf("the mail server answered %d before the message", code)
	}
	return errors.New("the mail server broke off")
}
