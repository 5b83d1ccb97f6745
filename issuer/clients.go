package issuer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// CreateClient creates a client. The answer shows its secret, once.
func (i *Issuer) CreateClient(ctx context.Context, n NewClient, info RequestInfo) (Client, error) {
	if err := account.ClientID(n.ID); err != nil {
		return Client{}, accountError("client_id", err)
	}
	now := i.now()
	c := storage.Client{ID: n.ID, Public: n.Public, Epoch: epoch.NewClient(now), CreatedAt: now, UpdatedAt: now}
	settings := n.Settings
	settings.InsecurePublicPassword = n.InsecurePublicPassword
	if err := applyClient(&c, settings); err != nil {
		return Client{}, err
	}
	secret, err := i.setSecret(ctx, &c, n.Secret)
	if err != nil {
		return Client{}, err
	}
	e := storage.AuditEvent{Type: audit.EventClientCreated, Target: c.ID, Detail: clientChanges(storage.Client{}, c)}
	err = i.runAudited(ctx, i.newAuditedChange(info, e), func() error { return storeError(i.store.CreateClient(ctx, c)) })
	if err != nil {
		return Client{}, err
	}
	i.clients.invalidate(c.ID)
	c.Version = 1
	client := toClient(c)
	client.Secret = string(secret)
	return client, nil
}

// setSecret sets a confidential client's secret, drawn where none was chosen,
// and returns what the caller may show: the secret, or nothing.
func (i *Issuer) setSecret(ctx context.Context, c *storage.Client, chosen Secret) (Secret, error) {
	if c.Public {
		if chosen != "" {
			return "", newFieldError("client_secret", "a public client has none")
		}
		return "", nil
	}
	if chosen == "" {
		drawn, err := randomString(i.cfg.Rand, secretBytes)
		if err != nil {
			return "", unavailable(err)
		}
		chosen = Secret(drawn)
	} else if err := checkChosenSecret(chosen); err != nil {
		return "", err
	}
	hash, err := i.hashSecret(ctx, chosen)
	if err != nil {
		return "", unavailable(err)
	}
	c.SecretHash = hash
	return chosen, nil
}

// checkChosenSecret keeps out what clients encode in different ways (RFC 6749
// §2.3.1 is read differently by many), so that every client can send it.
func checkChosenSecret(s Secret) error {
	switch {
	case len(s) < minChosenSecret:
		return newFieldError("client_secret", fmt.Sprintf("must have at least %d characters, better 32 random ones", minChosenSecret))
	case len(s) > maxResource:
		return newFieldError("client_secret", "is too long")
	case strings.ContainsFunc(string(s), func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("%+:\"\\", r) }):
		return newFieldError("client_secret", "may hold visible ASCII without % + : \" and backslash: clients disagree about how to send those")
	}
	return nil
}

// FindClient returns the client of that id.
func (i *Issuer) FindClient(ctx context.Context, id string) (Client, error) {
	c, err := i.store.Client(ctx, id)
	if err != nil {
		return Client{}, storeError(fmt.Errorf("client: %w", err))
	}
	return toClient(c), nil
}

// ListClients returns one page of clients.
func (i *Issuer) ListClients(ctx context.Context, p storage.Page) (ClientList, error) {
	page, err := i.store.ListClients(ctx, p)
	if err != nil {
		return ClientList{}, storeError(err)
	}
	list := ClientList{Items: make([]Client, len(page.Clients)), Next: page.Next}
	for n, c := range page.Clients {
		list.Items[n] = toClient(c)
	}
	return list, nil
}

// UpdateClient changes a client. Disabling it ends its sessions.
func (i *Issuer) UpdateClient(ctx context.Context, id string, ch ClientChange, info RequestInfo) (Client, error) {
	return i.updateClient(ctx, id, ch, info, allowAnyClient)
}

// clientRule judges whether a client may be changed.
type clientRule func(storage.Client) error

func allowAnyClient(storage.Client) error { return nil }

func (i *Issuer) updateClient(ctx context.Context, id string, ch ClientChange, info RequestInfo, may clientRule) (Client, error) {
	return i.changeClient(ctx, id, info, audit.EventClientUpdated, func(c *storage.Client) error {
		if err := may(*c); err != nil {
			return err
		}
		if ch.Disabled != nil {
			if *ch.Disabled && !c.Disabled {
				epoch.EndClientSessions(c)
			}
			c.Disabled = *ch.Disabled
		}
		// A client that may already do it need not say again that it is meant.
		ch.InsecurePublicPassword = ch.InsecurePublicPassword || ch.Grants == nil
		return applyClient(c, ch)
	})
}

// SecretRotation is how a client gets a new secret.
type SecretRotation struct {
	Secret  Secret        // chosen; empty draws one
	Overlap time.Duration // how long the old secret works too, up to MaxOverlap; 0 for not at all
	Revoke  bool          // end the client's sessions too: the old secret is in wrong hands
}

// MaxOverlap bounds how long a client's old secret works beside the new one.
const MaxOverlap = 30 * 24 * time.Hour

// RotateClientSecret gives the client a new secret, which the answer shows once.
// The old one works for the overlap, and else stops within the time that clients
// are remembered; one that was in its overlap already stops.
func (i *Issuer) RotateClientSecret(ctx context.Context, id string, r SecretRotation, info RequestInfo) (Client, error) {
	return i.rotateClientSecret(ctx, id, r, info, allowAnyClient)
}

func (i *Issuer) rotateClientSecret(ctx context.Context, id string, r SecretRotation, info RequestInfo, may clientRule) (Client, error) {
	switch {
	case r.Overlap < 0, r.Overlap > MaxOverlap:
		return Client{}, newFieldError("overlap", fmt.Sprintf("must lie between 0 and %d hours", MaxOverlap/time.Hour))
	case r.Overlap > 0 && r.Revoke:
		return Client{}, newFieldError("overlap", "lets a secret go on working whose sessions are to end: give one of the two")
	}
	var secret Secret
	client, err := i.changeClient(ctx, id, info, audit.EventSecretRotated, func(c *storage.Client) (err error) {
		if err := may(*c); err != nil {
			return err
		}
		if c.Public {
			return newFieldError("client_id", "is a public client, it has no secret")
		}
		if r.Revoke {
			epoch.EndClientSessions(c)
		}
		old := c.SecretHash
		if secret, err = i.setSecret(ctx, c, r.Secret); err != nil {
			return err
		}
		c.OldSecretHash, c.OldSecretUntil = "", time.Time{}
		if r.Overlap > 0 && old != "" {
			c.OldSecretHash, c.OldSecretUntil = old, i.now().Add(r.Overlap)
		}
		return nil
	})
	if err == nil {
		client.Secret = string(secret)
	}
	return client, err
}

// changeClient makes one change by compare-and-swap. A new epoch ends the
// sessions; they are marked as revoked too, so that no instance has to have
// noticed the client's change.
func (i *Issuer) changeClient(ctx context.Context, id string, info RequestInfo, event string, change func(*storage.Client) error) (Client, error) {
	audited := i.newAuditedChange(info, storage.AuditEvent{Type: event, Target: id})
	c, err := i.compareAndSwapClient(ctx, id, audited, change)
	return c, i.auditFailed(ctx, audited, err)
}

func (i *Issuer) compareAndSwapClient(ctx context.Context, id string, audited *audit.Change, change func(*storage.Client) error) (Client, error) {
	for range maxUpdateAttempts {
		c, err := i.store.Client(ctx, id)
		if err != nil {
			return Client{}, storeError(fmt.Errorf("client: %w", err))
		}
		before := c
		if err := change(&c); err != nil {
			return Client{}, err
		}
		if err := i.recordPendingRevocation(ctx, storage.PendingRevocation{ClientID: id, Reason: audited.Event.Type}, c.Epoch != before.Epoch); err != nil {
			return Client{}, err
		}
		audited.Event.Detail = clientChanges(before, c)
		if err := audited.Before(ctx); err != nil {
			return Client{}, unavailable(err)
		}
		c.UpdatedAt = i.now()
		updated, err := i.store.UpdateClient(ctx, c)
		if isVersionConflict(err) {
			continue
		}
		if err != nil {
			return Client{}, storeError(err)
		}
		i.clients.invalidate(id)
		if updated.Epoch != before.Epoch {
			_, err = i.store.RevokeAll(ctx, epoch.EndedByClient(updated), c.UpdatedAt, audited.Event.Type)
		}
		return toClient(updated), unavailableOrNil(err)
	}
	return Client{}, ErrConcurrentUpdate
}

// DeleteClient removes a client; its sessions end with it.
func (i *Issuer) DeleteClient(ctx context.Context, id string, info RequestInfo) error {
	return i.deleteClient(ctx, id, info, allowAnyClient)
}

func (i *Issuer) deleteClient(ctx context.Context, id string, info RequestInfo, may clientRule) error {
	c, err := i.store.Client(ctx, id)
	if err != nil {
		return storeError(fmt.Errorf("client: %w", err))
	}
	if err := may(c); err != nil {
		return err
	}
	if err := i.recordPendingRevocation(ctx, storage.PendingRevocation{ClientID: id, Reason: audit.EventClientDeleted}, true); err != nil {
		return err
	}
	err = i.runAudited(ctx, i.newAuditedChange(info, storage.AuditEvent{Type: audit.EventClientDeleted, Target: id}), func() error {
		return storeError(i.store.DeleteClient(ctx, id))
	})
	if err != nil {
		return err
	}
	i.clients.invalidate(id)
	_, err = i.store.RevokeAll(ctx, storage.SessionFilter{ClientID: id}, i.now(), audit.EventClientDeleted)
	return unavailableOrNil(err)
}

// PasswordGrantInUse tells whether some enabled client may use the password
// grant: discovery names it only then.
func (i *Issuer) PasswordGrantInUse(ctx context.Context) (bool, error) {
	used, err := i.store.AnyClient(ctx, GrantPassword)
	return used, storeError(err)
}
