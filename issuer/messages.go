package issuer

import (
	"fmt"
	"net/netip"

	"example.org/signet/internal/random"
	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/audit"
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

func newOutbox(cfg Config, store Store, keyring Keyring, log *audit.Log) (*outbox.Worker, error) {
	m := cfg.Messages
	if m.Instance == "" {
		var err error
		if m.Instance, err = random.Text(cfg.Rand, instanceBytes); err != nil {
			return nil, fmt.Errorf("draw the name of the outbox's instance: %w", err)
		}
	}
	return outbox.New(
		outbox.Config{Instance: m.Instance, Now: cfg.Now, Observe: m.Observe},
		store, log, map[string]outbox.Deliverer{
			backchannel.Kind: &backchannel.Deliverer{
				Issuer: cfg.Issuer, Clients: store, Keyring: keyring, HTTP: safehttp.Client(m.Allow), Now: cfg.Now,
			},
		}), nil
}

// Outbox returns the worker that delivers messages to clients. It does so while its Run is
// under way.
func (i *Issuer) Outbox() *outbox.Worker { return i.outbox }
