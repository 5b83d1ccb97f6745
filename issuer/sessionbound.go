package issuer

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/storage"
)

// displacedAtOnce bounds what one login does where an operator has lowered the
// bound: the logins after it do the rest.
const displacedAtOnce = 100

// reasonDisplaced is why a session ended that was one too many.
const reasonDisplaced = "made room for newer sessions"

var errDisplaced = errors.New("login: so many began at this moment that this one made room at once")

// boundSessions ends the oldest sessions of s's user at s's client, as far as
// they are too many, s counted. It looks after s is there, and all who look see
// the same order: so of logins that race the newest stay, whoever looks last
// sees everything, and none ends what another must keep.
func (i *Issuer) boundSessions(ctx context.Context, s storage.Session, src Source) error {
	if i.cfg.MaxSessions == 0 {
		return nil
	}
	owner := storage.SessionOwner{UserID: s.UserID, ClientID: s.ClientID}
	idleSince := s.CreatedAt.Add(-i.cfg.RefreshTokenTTL)
	excess, err := i.store.ExcessSessions(ctx, owner, s.CreatedAt, idleSince, i.cfg.MaxSessions, displacedAtOnce)
	if err != nil {
		return unknown(err)
	}
	for _, sid := range excess {
		if err := i.displace(ctx, sid, s, src); err != nil {
			return err
		}
	}
	if slices.Contains(excess, s.ID) {
		return unknown(errDisplaced) // a token of a dead session is no answer
	}
	return nil
}

func (i *Issuer) displace(ctx context.Context, sid string, by storage.Session, src Source) error {
	if err := i.store.RevokeSession(ctx, sid, by.CreatedAt, reasonDisplaced); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unknown(err)
	}
	return i.audit(ctx, src, storage.AuditEvent{Type: EventSessionDisplaced, Actor: by.UserID, Target: sid, ClientID: by.ClientID})
}
