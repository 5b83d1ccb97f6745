package issuer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Reasons for which a browser session ends, and with it its login-bound sessions, as the
// store keeps them.
const (
	reasonSignedOut      = "signed out"
	reasonBrowserExpired = "browser session expired"
	reasonReplaced       = "signed in again"
	reasonOtherUser      = "another user signed in"
)

// actorSystem is the actor of what nobody asked for.
const actorSystem = "signet"

// browserSessionEnder ends browser sessions and the sessions that are bound to them.
type browserSessionEnder struct {
	store browserEndStore
	log   eventLog
	now   func() time.Time
}

// browserEndStore keeps the records as the end of a browser session needs them.
type browserEndStore interface {
	ListBrowserSessions(ctx context.Context, f storage.BrowserSessionFilter, p storage.Page) (storage.BrowserSessionPage, error)
	RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) error
	RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error)
}

// endBrowserSession ends a browser session: all records of its root, then the login-bound
// sessions born in it. Those with offline_access live on. Done again it changes nothing
// and writes one more event. After an error the outcome is unknown: what was left undone
// after the first record was revoked is done by the sweep.
func (e browserSessionEnder) endBrowserSession(ctx context.Context, s storage.BrowserSession, reason string, info RequestInfo) error {
	event := storage.AuditEvent{Type: audit.EventBrowserSessionEnded, Actor: cmp.Or(info.Actor, s.UserID), Target: browserSessionHandle(s.ID), Detail: reason}
	if err := e.log.append(ctx, info, event); err != nil {
		return err
	}
	at := e.now()
	if err := e.revokeRecords(ctx, s, at, reason); err != nil {
		return unavailable(err)
	}
	return unavailableOrNil(e.revokeChildren(ctx, s.RootID, at, reason))
}

// replace ends a browser session whose place another one of the same user has taken, and audits
// it. Its applications go on with the new one.
func (e browserSessionEnder) replace(ctx context.Context, old *BrowserUser, at time.Time, info RequestInfo) error {
	record := storage.LoginRecord{At: at, Replaced: &storage.BrowserSessionEnd{ID: old.Session.ID, Reason: reasonReplaced}}
	_, err := e.log.record(ctx, info, record, func(storage.LoginOutcome) []storage.AuditEvent { return []storage.AuditEvent{replacedEvent(old)} })
	return err
}

func replacedEvent(old *BrowserUser) storage.AuditEvent {
	return storage.AuditEvent{
		Type: audit.EventBrowserSessionEnded, Actor: old.User.ID, Target: browserSessionHandle(old.Session.ID), Detail: reasonReplaced,
	}
}

// revokeRecords revokes the records of the session's root, its own first.
func (e browserSessionEnder) revokeRecords(ctx context.Context, s storage.BrowserSession, at time.Time, reason string) error {
	if err := e.revokeRecord(ctx, s.ID, at, reason); err != nil {
		return err
	}
	page := storage.Page{Limit: storage.MaxPage}
	for {
		got, err := e.store.ListBrowserSessions(ctx, storage.BrowserSessionFilter{RootID: s.RootID}, page)
		if err != nil {
			return err
		}
		for _, other := range got.Sessions {
			if !other.RevokedAt.IsZero() {
				continue
			}
			if err := e.revokeRecord(ctx, other.ID, at, reason); err != nil {
				return err
			}
		}
		if page.After = got.Next; page.After == "" {
			return nil
		}
	}
}

// revokeRecord revokes one record. One that is gone has ended.
func (e browserSessionEnder) revokeRecord(ctx context.Context, id string, at time.Time, reason string) error {
	if err := e.store.RevokeBrowserSession(ctx, id, at, reason); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return nil
}

// revokeChildren revokes the login-bound sessions of a root; their bits and the
// back-channel messages follow from the records.
func (e browserSessionEnder) revokeChildren(ctx context.Context, rootID string, at time.Time, reason string) error {
	if rootID == "" {
		return nil // a filter without it would select everybody's
	}
	_, err := e.store.RevokeAll(ctx, storage.SessionFilter{BrowserID: rootID, LoginBound: true}, at, reason)
	return err
}

// browserSessionHandle is the public name of a browser session: its record's id is never
// shown to anybody.
func browserSessionHandle(id string) string {
	sum := sha256.Sum256([]byte("signet browser session handle v1\x00" + id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
