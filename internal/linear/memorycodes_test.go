package linear_test

import (
	"context"

	"example.org/signet/storage"
)

// redemptionRule is a rule of redemption that a memoryStore breaks.
type redemptionRule int

const (
	unbrokenRedemption redemptionRule = iota
	blindRedemption                   // it reads the session, and writes the whole of it back
	revokedRedeems                    // its condition leaves out that the session is not revoked
	anyClientRedeems                  // or that the code is the client's
	lateRedemption                    // or that the code has not expired
	lostPlace                         // the place of who redeemed is not kept
	lostFailures                      // failures are read, then written
)

func (l *memoryStore) RedeemSession(_ context.Context, r storage.Redemption) (storage.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[r.SessionID]
	switch {
	case !ok, s.Generation != storage.PendingGeneration,
		s.ClientID != r.ClientID && l.redemption != anyClientRedeems,
		!s.RevokedAt.IsZero() && l.redemption != revokedRedeems,
		!r.At.Before(s.ExpiresAt) && l.redemption != lateRedemption:
		return storage.Session{}, storage.ErrConflict
	}
	if l.redemption == blindRedemption { // others come in between
		l.mu.Unlock()
		pause(500)
		l.mu.Lock()
	}
	s.Generation, s.RotatedAt, s.CreatedAt, s.ExpiresAt, s.Roles, s.Code = 0, r.At, r.At, r.ExpiresAt, r.Roles, storage.Code{}
	if l.redemption != lostPlace {
		s.StatusIndex = r.StatusIndex
	}
	l.sessions[r.SessionID] = s
	return s, nil
}

func (l *memoryStore) CountCodeFailure(_ context.Context, id string) (storage.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[id]
	if !ok || s.Generation != storage.PendingGeneration {
		return storage.Session{}, storage.ErrConflict
	}
	if l.redemption == lostFailures {
		l.mu.Unlock()
		pause(500)
		l.mu.Lock()
	}
	s.Code.Failures++
	l.sessions[id] = s
	return s, nil
}
