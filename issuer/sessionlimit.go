package issuer

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// maxEvictions bounds what one login does where an operator has lowered the
// bound: the logins after it do the rest.
const maxEvictions = 100

// reasonSessionLimit is why a session ended that was one too many.
const reasonSessionLimit = "session limit reached"

var errSessionLimit = errors.New("login: session limit reached by concurrent logins")

// enforceSessionLimit ends the oldest sessions of s's user at s's client, as far as
// they are too many, s counted. It looks after s is there, and all who look see
// the same order: so of logins that race the newest stay, whoever looks last
// sees everything, and none ends what another must keep.
func (i *Issuer) enforceSessionLimit(ctx context.Context, s storage.Session, info RequestInfo) error {
	if i.cfg.MaxSessions == 0 {
		return nil
	}
	owner := storage.SessionOwner{UserID: s.UserID, ClientID: s.ClientID}
	idleSince := s.CreatedAt.Add(-i.cfg.RefreshTokenTTL)
	excess, err := i.store.ExcessSessions(ctx, owner, s.CreatedAt, idleSince, i.cfg.MaxSessions, maxEvictions)
	if err != nil {
		return unavailable(err)
	}
	for _, sid := range excess {
		if err := i.evictSession(ctx, sid, s, info); err != nil {
			return err
		}
	}
	if slices.Contains(excess, s.ID) {
		return unavailable(errSessionLimit) // never issue a token of an ended session
	}
	return nil
}

func (i *Issuer) evictSession(ctx context.Context, sid string, by storage.Session, info RequestInfo) error {
	if err := i.store.RevokeSession(ctx, sid, by.CreatedAt, reasonSessionLimit); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unavailable(err)
	}
	return i.audit(ctx, info, storage.AuditEvent{Type: audit.EventSessionDisplaced, Actor: by.UserID, Target: sid, ClientID: by.ClientID})
}
