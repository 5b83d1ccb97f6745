package issuer

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// maxEvictions bounds the sessions that one login ends after an operator has lowered the
// limit; later logins end the rest.
const maxEvictions = 100

// reasonSessionLimit is why a session beyond the limit was ended.
const reasonSessionLimit = "session limit reached"

var errSessionLimit = errors.New("login: session limit reached by concurrent logins")

// enforceLimit ends the oldest sessions of s's user at s's client, as far as they
// are too many, s counted. It reads after s was inserted, and all readers see the
// same order: of logins that race the newest stay, the last reader sees all of
// them, and none ends a session that another must keep.
func (st *sessionStarter) enforceLimit(ctx context.Context, s storage.Session, info RequestInfo) error {
	if st.maxSessions == 0 {
		return nil
	}
	owner := storage.SessionOwner{UserID: s.UserID, ClientID: s.ClientID}
	idleSince := s.CreatedAt.Add(-st.idleTTL)
	excess, err := st.store.ExcessSessions(ctx, owner, s.CreatedAt, idleSince, st.maxSessions, maxEvictions)
	if err != nil {
		return unavailable(err)
	}
	for _, sid := range excess {
		if err := st.evict(ctx, sid, s, info); err != nil {
			return err
		}
	}
	if slices.Contains(excess, s.ID) {
		return unavailable(errSessionLimit) // never issue a token of an ended session
	}
	return nil
}

func (st *sessionStarter) evict(ctx context.Context, sid string, by storage.Session, info RequestInfo) error {
	if err := st.store.RevokeSession(ctx, sid, by.CreatedAt, reasonSessionLimit); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unavailable(err)
	}
	return st.log.append(ctx, info, displacedEvent(sid, by))
}

func displacedEvent(sid string, by storage.Session) storage.AuditEvent {
	return storage.AuditEvent{Type: audit.EventSessionDisplaced, Actor: by.UserID, Target: sid, ClientID: by.ClientID}
}

// limit is the bound on the sessions of s's user at s's client, for the step that inserts s; nil
// for none. See enforceLimit.
func (st *sessionStarter) limit(s storage.Session) *storage.SessionLimit {
	if st.maxSessions == 0 {
		return nil
	}
	return &storage.SessionLimit{IdleSince: s.CreatedAt.Add(-st.idleTTL), Keep: st.maxSessions, Most: maxEvictions, Reason: reasonSessionLimit}
}
