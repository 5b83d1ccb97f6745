package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// replayEnder ends sessions whose code or refresh token came again from somebody who could
// have used it: two parties hold it.
type replayEnder struct {
	store sessionRevoker
	log   eventLog
}

// sessionRevoker ends a session.
type sessionRevoker interface {
	RevokeSession(ctx context.Context, id string, at time.Time, reason string) error
}

// replay is what was presented again, and what follows.
type replay struct {
	event         storage.AuditEvent // its Target is the session
	reason        string             // of the session's end
	refusal       *Error             // what the client is told
	before, after failpoint.Point    // around the end
}

// end ends the session, and returns the refusal or, where the outcome is not known, Unavailable.
// The event comes first, for a token of a session that has ended tells nothing any more; but the
// session ends whether or not it could be written.
func (e replayEnder) end(ctx context.Context, info RequestInfo, r replay, at time.Time) error {
	auditErr := e.log.append(ctx, info, r.event)
	if err := failpoint.Hit(r.before); err != nil {
		return unavailable(err)
	}
	if err := e.store.RevokeSession(ctx, r.event.Target, at, r.reason); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unavailable(err)
	}
	if err := failpoint.Hit(r.after); err != nil {
		return unavailable(err)
	}
	if auditErr != nil {
		return auditErr
	}
	return &Error{Code: r.refusal.Code, Description: r.refusal.Description, Event: r.event.Type}
}
