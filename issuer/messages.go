package issuer

import (
	"fmt"
	"net/netip"

	"example.org/signet/internal/random"
	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/backchannel"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/issuer/outbox"
)

// Messages says how messages are delivered to clients. Zero values mean the defaults.
type Messages struct {
	// Instance owns the leases; no two running instances may have the same. The default is
	// drawn.
	Instance string

	// Allow accepts addresses beside the public ones; nil accepts no other.
	Allow func(netip.Addr) bool

	// Observe is called after every attempt with its outcome, one of package outbox. It must
	// not block.
	Observe func(kind, outcome string)

	// Mail sends mails about accounts; nil sends none. Words puts them into words, in
	// MailLanguage where nobody has asked for one; with nil mails are left to other instances.
	Mail         mail.Sender
	Words        mail.Renderer
	MailLanguage string

	// NewDevices tells users by mail of sign-ins from where they have not signed in lately.
	NewDevices bool
}

// instanceBytes gives a drawn Instance 96 random bits.
const instanceBytes = 12

func newOutbox(cfg Config, store Store, keyring Keyring, log *audit.Log, tokens *mailtoken.Sealer) (*outbox.Worker, error) {
	m := cfg.Messages
	if m.Instance == "" {
		var err error
		if m.Instance, err = random.Text(cfg.Rand, instanceBytes); err != nil {
			return nil, fmt.Errorf("draw the name of the outbox's instance: %w", err)
		}
	}
	deliverers := map[string]outbox.Deliverer{
		backchannel.Kind: &backchannel.Deliverer{
			Issuer: cfg.Issuer, Clients: store, Keyring: keyring, HTTP: safehttp.Client(m.Allow), Now: cfg.Now,
		},
	}
	if m.Words != nil {
		deliverers[mail.Kind] = &mail.Deliverer{
			Issuer: cfg.Issuer, Sealer: tokens, Users: store, Renderer: m.Words, Sender: m.Mail, Log: log, Now: cfg.Now, Language: m.MailLanguage,
		}
	}
	return outbox.New(outbox.Config{Instance: m.Instance, Now: cfg.Now, Observe: m.Observe}, store, log, deliverers), nil
}

// Outbox returns the worker that delivers messages to clients. It does so while its Run is
// under way.
func (i *Issuer) Outbox() *outbox.Worker { return i.outbox }

// Mailer returns what puts mails into the outbox.
func (i *Issuer) Mailer() *mail.Mailer {
	return &mail.Mailer{Queue: i.outbox, Sealer: i.mailTokens, Rand: i.cfg.Rand, Now: i.cfg.Now}
}

// MailTokens returns what makes the links and codes of mails.
func (i *Issuer) MailTokens() *mailtoken.Sealer { return i.mailTokens }
