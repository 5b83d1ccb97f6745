package admin

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// Clients are the operations on clients, as far as the actor may.
type Clients struct{ admin *Admin }

// List returns one page of clients.
func (c Clients) List(ctx context.Context, p storage.Page) (ClientList, error) {
	l := newListing("clients")
	p, err := l.page(p)
	if err != nil {
		return ClientList{}, err
	}
	page, err := c.admin.service.store.ListClients(ctx, p)
	if err != nil {
		return ClientList{}, issuer.StoreError(err)
	}
	list := ClientList{Items: make([]Client, len(page.Clients)), Next: l.cursor(page.Next)}
	for n, x := range page.Clients {
		list.Items[n] = toClient(x)
	}
	return list, nil
}

// Show returns the client of that id.
func (c Clients) Show(ctx context.Context, id string) (Client, error) {
	x, err := c.admin.service.readClient(ctx, id)
	return toClient(x), err
}

func (s *Service) readClient(ctx context.Context, id string) (storage.Client, error) {
	c, err := s.store.Client(ctx, id)
	if err != nil {
		return storage.Client{}, issuer.StoreError(fmt.Errorf("client: %w", err))
	}
	return c, nil
}

// Create creates a client. Only its return value holds the secret.
func (c Clients) Create(ctx context.Context, n NewClient) (Client, error) {
	s := c.admin.service
	x, err := c.newRecord(ctx, n)
	if err != nil {
		return Client{}, err
	}
	secret, err := s.setSecret(ctx, &x, n.Secret)
	if err != nil {
		return Client{}, err
	}
	if err := c.checkClientIDFree(ctx, n.ID); err != nil {
		return Client{}, err
	}
	logo, err := s.fetchLogo(ctx, n.ID, n.Settings.LogoURI)
	if err == nil {
		err = c.admin.checkAdmitted(ctx)
	}
	if err != nil {
		return Client{}, err
	}
	e := storage.AuditEvent{Type: audit.EventClientCreated, Target: x.ID, Detail: clientChanges(storage.Client{}, x)}
	if err := c.admin.run(ctx, e, func() error { return issuer.StoreError(s.store.CreateClient(ctx, x)) }); err != nil {
		return Client{}, err
	}
	s.caches.InvalidateClient(x.ID)
	if err := undoIfTaken(s.accounts.checkNoUser(ctx, x.ID), func() error { return c.Delete(ctx, x.ID) }); err != nil {
		return Client{}, err
	}
	x.Version = 1
	created := toClient(x)
	created.Secret = string(secret)
	if logo == nil {
		return created, nil
	}
	return created, c.storeLogo(ctx, x.ID, n.Settings.LogoURI, logo)
}

// newRecord returns the record of a new client without a secret, if it may be made.
func (c Clients) newRecord(ctx context.Context, n NewClient) (storage.Client, error) {
	if err := account.ClientID(n.ID); err != nil {
		return storage.Client{}, accountError("client_id", err)
	}
	if issuer.IsReservedClient(n.ID) {
		return storage.Client{}, newFieldError("client_id", "is that of a client which is part of Signet: choose another one")
	}
	now := c.admin.service.now()
	x := storage.Client{ID: n.ID, Public: n.Public, Epoch: epoch.NewClient(now), CreatedAt: now, UpdatedAt: now}
	settings := n.Settings
	settings.InsecurePublicPassword = n.InsecurePublicPassword
	if err := applyClient(&x, settings); err != nil {
		return storage.Client{}, err
	}
	setIfGiven(&x.Disabled, settings.Disabled)
	if err := c.admin.actor.mayChangeClient(storage.Client{}, x); err != nil {
		return storage.Client{}, err
	}
	return x, c.admin.confirmScopes(ctx, &x)
}

// checkClientIDFree refuses an id that a client or a user has.
func (c Clients) checkClientIDFree(ctx context.Context, id string) error {
	if err := checkIDFree(ctx, c.admin.service.readClient, id, "client_id"); err != nil {
		return err
	}
	return c.admin.service.accounts.checkNoUser(ctx, id)
}

// confirmScopes notes the client's restricted scopes as given by the actor, who may give them.
func (a *Admin) confirmScopes(ctx context.Context, x *storage.Client) error {
	list, err := a.service.store.ListRoles(ctx)
	if err != nil {
		return issuer.StoreError(err)
	}
	set := role.NewSet(list)
	x.OwnScopes = slices.DeleteFunc(slices.Clone(x.Scopes), func(scope string) bool { return !set.Restricted(scope) })
	x.OwnRank = math.MaxInt64
	if who, ok := a.actor.(administrator); ok && !who.superAdmin {
		x.OwnRank = who.rank
	}
	return nil
}

// Update changes a client. Disabling it ends its sessions, and is any administrator's to do.
func (c Clients) Update(ctx context.Context, id string, ch ClientChange) (Client, error) {
	kind := c.kind()
	if ch.Disabled != nil && *ch.Disabled && ch == (ClientChange{Disabled: ch.Disabled}) {
		// Every administrator may disable a client, whatever its scopes.
		kind.may = func(_, _ storage.Client) error {
			return c.admin.actor.mayChangeClient(storage.Client{}, storage.Client{})
		}
	}
	var logo *storage.ClientLogo
	if ch.LogoURI != nil && *ch.LogoURI != "" {
		err := c.checkLogo(ctx, id, ch)
		if err == nil {
			logo, err = c.admin.service.fetchLogo(ctx, id, ch.LogoURI)
		}
		if err != nil {
			return Client{}, err
		}
	}
	updated, err := c.changeAs(ctx, kind, id, audit.EventClientUpdated, func(x *storage.Client) error {
		if ch.Disabled != nil {
			if *ch.Disabled && !x.Disabled {
				epoch.EndClientSessions(x)
			}
			x.Disabled = *ch.Disabled
		}
		// A client that may already do it need not say again that it is meant.
		ch.InsecurePublicPassword = ch.InsecurePublicPassword || ch.Grants == nil
		if err := applyClient(x, ch); err != nil || ch.Scopes == nil {
			return err
		}
		return c.admin.confirmScopes(ctx, x)
	})
	if err != nil {
		return Client{}, err
	}
	return updated, c.storeLogo(ctx, id, ch.LogoURI, logo)
}

// RotateSecret gives the client a new secret, which the answer shows once. The old one works
// for the overlap, and else stops within the time that clients are remembered; one that was in
// its overlap already stops.
func (c Clients) RotateSecret(ctx context.Context, id string, r SecretRotation) (Client, error) {
	if err := r.check(); err != nil {
		return Client{}, err
	}
	s := c.admin.service
	var secret issuer.Secret
	rotated, err := c.change(ctx, id, audit.EventSecretRotated, func(x *storage.Client) (err error) {
		if x.Public {
			return newFieldError("client_id", "is a public client, it has no secret")
		}
		if r.Revoke {
			epoch.EndClientSessions(x)
		}
		old := x.SecretHash
		if secret, err = s.setSecret(ctx, x, r.Secret); err == nil {
			err = c.admin.checkAdmitted(ctx)
		}
		if err != nil {
			return err
		}
		x.OldSecretHash, x.OldSecretUntil = "", time.Time{}
		if r.Overlap > 0 && old != "" {
			x.OldSecretHash, x.OldSecretUntil = old, s.now().Add(r.Overlap)
		}
		return nil
	})
	if err == nil {
		rotated.Secret = string(secret)
	}
	return rotated, err
}

// EndSessions ends every session of a client, whoever's, and the tokens that it got for itself, by
// one step on the client's record, and returns how many were marked.
func (c Clients) EndSessions(ctx context.Context, id string) (int64, error) {
	_, ended, err := apply(ctx, c.admin, c.kind(), step[storage.Client]{
		id: id, event: audit.EventSessionRevoked,
		change: func(x *storage.Client) error {
			epoch.EndClientSessions(x)
			return nil
		},
		write: func(ctx context.Context, _, after storage.Client) (storage.Client, error) {
			after.UpdatedAt = c.admin.service.now()
			return c.admin.service.store.UpdateClient(ctx, after)
		},
	})
	return ended, err
}

// Delete removes a client; its sessions end with it.
func (c Clients) Delete(ctx context.Context, id string) error {
	_, _, err := apply(ctx, c.admin, c.kind(), step[storage.Client]{
		id: id, event: audit.EventClientDeleted, change: remove[storage.Client],
		write: func(ctx context.Context, before, after storage.Client) (storage.Client, error) {
			return after, c.admin.service.store.DeleteClient(ctx, id, before.Version)
		},
	})
	if err != nil {
		return err
	}
	return unavailableOrNil(c.admin.service.store.DeleteClientLogo(ctx, id))
}

func (c Clients) change(ctx context.Context, id, event string, change func(*storage.Client) error) (Client, error) {
	return c.changeAs(ctx, c.kind(), id, event, change)
}

func (c Clients) changeAs(ctx context.Context, k kind[storage.Client], id, event string, change func(*storage.Client) error) (Client, error) {
	x, _, err := apply(ctx, c.admin, k, step[storage.Client]{
		id: id, event: event, change: change,
		write: func(ctx context.Context, _, after storage.Client) (storage.Client, error) {
			after.UpdatedAt = c.admin.service.now()
			return c.admin.service.store.UpdateClient(ctx, after)
		},
	})
	return toClient(x), err
}

// kind is how clients are changed.
func (c Clients) kind() kind[storage.Client] {
	return kind[storage.Client]{
		read: c.admin.service.readClient, may: c.admin.actor.mayChangeClient, diff: clientChanges,
		revision: func(x storage.Client) string { return revision(x.CreatedAt, x.Version) },
		pending: func(before, after storage.Client) []storage.PendingRevocation {
			switch {
			case after.ID == "", after.Epoch != before.Epoch:
				return []storage.PendingRevocation{{ClientID: before.ID}}
			case lost(before.Scopes, after.Scopes), lostAudience(before, after), lost(before.Grants, after.Grants):
				return []storage.PendingRevocation{{ClientID: before.ID, Kind: storage.PendingRights}}
			}
			return nil
		},
		finish: c.admin.service.markClientSessions,
	}
}

// lostAudience tells whether an audience is missing in after. Without any the issuer's URL
// is the one.
func lostAudience(before, after storage.Client) bool {
	return lost(before.Audiences, after.Audiences) || len(before.Audiences) == 0 && len(after.Audiences) > 0
}

// markClientSessions marks the sessions that a change of their client has ended, so that no
// instance has to have noticed the change.
func (s *Service) markClientSessions(ctx context.Context, before, after storage.Client, reason string) (int64, error) {
	s.caches.InvalidateClient(before.ID)
	switch {
	case after.ID == "":
		return s.store.RevokeAll(ctx, storage.SessionFilter{ClientID: before.ID}, s.now(), reason)
	case after.Epoch != before.Epoch:
		return s.store.RevokeAll(ctx, epoch.EndedByClient(after), after.UpdatedAt, reason)
	}
	return 0, nil
}
