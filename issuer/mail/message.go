package mail

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Message is one mail, to one address.
type Message struct {
	ID      string // the same at every attempt
	To      string
	Subject string
	Text    string
	HTML    string
	Date    time.Time
}

// Sender sends mails. It is safe for concurrent use.
type Sender interface {
	// Send hands the message over, and gives up at the end of ctx. Its errors are fixed sentences
	// with nothing of the receiver's in them, and wrap outbox.ErrRejected where another attempt
	// cannot do better, outbox.ErrNotThisOne where the next message can.
	Send(ctx context.Context, m Message) error
}

// From is the address that mails come from.
type From struct{ Name, Address string }

// ParseFrom reads an address such as "Example <no-reply@example.com>".
func ParseFrom(text string) (From, error) {
	a, err := netmail.ParseAddress(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return From{}, errors.New("is not an address such as no-reply@example.com or Example <no-reply@example.com>")
	}
	return From{a.Name, a.Address}, nil
}

var errHeader = errors.New("a header holds a line break")

// compose returns the message in the form of RFC 5322: text, with HTML as its alternative.
func compose(from From, m Message) (*gomail.Msg, error) {
	for _, header := range []string{from.Name, from.Address, m.To, m.Subject} {
		if strings.ContainsAny(header, "\r\n\x00") {
			return nil, errHeader
		}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(from.Name, from.Address); err != nil {
		return nil, errors.New("the sender's address is not valid")
	}
	if err := msg.To("<" + m.To + ">"); err != nil {
		return nil, errors.New("the receiver's address is not valid")
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(messageID(m.ID, from))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: nobody answers by themselves
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// messageID derives the Message-ID from the message's id, so that a mail which is sent twice can be
// taken for what it is.
func messageID(id string, from From) string {
	sum := sha256.Sum256([]byte("signet message id v1\x00" + id))
	_, domain, _ := strings.Cut(from.Address[strings.LastIndexByte(from.Address, '@'):], "@")
	return base64.RawURLEncoding.EncodeToString(sum[:20]) + "@" + domain
}

// write writes the message in the form of RFC 5322.
func write(w io.Writer, from From, m Message) error {
	msg, err := compose(from, m)
	if err != nil {
		return err
	}
	if _, err := msg.WriteTo(w); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	return nil
}
