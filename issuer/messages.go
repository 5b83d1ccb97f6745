package issuer

import (
	"context"
	"net/netip"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/backchannel"
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
}

// instanceBytes gives a drawn Instance 96 random bits.
const instanceBytes = 12

func (i *Issuer) newOutbox(keyring Keyring) (*outbox.Worker, error) {
	m := i.cfg.Messages
	if m.Instance == "" {
		var err error
		if m.Instance, err = random.Text(i.cfg.Rand, instanceBytes); err != nil {
			return nil, err
		}
	}
	return outbox.New(
		outbox.Config{Instance: m.Instance, Now: i.cfg.Now, Observe: m.Observe},
		i.store, i.auditLog, map[string]outbox.Deliverer{
			backchannel.Kind: &backchannel.Deliverer{
				Issuer: i.cfg.Issuer, Clients: i.store, Keyring: keyring, HTTP: safehttp.Client(m.Allow), Now: i.cfg.Now,
			},
		}), nil
}

// RunMessages delivers messages until ctx ends. report is called after every look at the
// store, with nil where it succeeded.
func (i *Issuer) RunMessages(ctx context.Context, report func(error)) { i.outbox.Run(ctx, report) }

// DeliverMessages delivers what is due now and returns how many messages were tried.
func (i *Issuer) DeliverMessages(ctx context.Context) (int, error) {
	n, err := i.outbox.DeliverDue(ctx)
	return n, StoreError(err)
}

// WaitingMessages is how many messages wait for delivery, as last counted.
func (i *Issuer) WaitingMessages() int { return i.outbox.Backlog().Waiting }

// OldestMessage is how long the oldest message has been waiting; 0 where none is.
func (i *Issuer) OldestMessage() time.Duration { return i.outbox.OldestAge() }
