package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"example.org/signet/storage"
)

// ErrNotEmpty refuses to restore into a store that holds something.
var ErrNotEmpty = errors.New("the store is not empty")

// Store is what a backup is restored into.
type Store interface {
	storage.Snapshot
	storage.Users
	storage.Roles
	storage.Clients
	storage.ClientLogos
	storage.Sessions
	storage.BrowserSessions
	storage.Consents
	storage.Factors
	storage.ScopeTexts
	storage.AttributeSchemas
	storage.Connectors
	storage.UserLinks
	storage.Outbox
	storage.StatusLists
	storage.Revocations
	storage.Keys
	storage.Audit
	storage.Epochs
	storage.Backups
}

// Empty tells whether the store holds no record that a restore would conflict with.
func Empty(ctx context.Context, s storage.Snapshot) (bool, error) {
	one := storage.Page{Limit: 1}
	users, err := s.ListUsers(ctx, storage.UserFilter{}, one)
	if err != nil || len(users.Users) > 0 {
		return false, err
	}
	clients, err := s.ListClients(ctx, one)
	if err != nil || len(clients.Clients) > 0 {
		return false, err
	}
	keys, err := s.ListKeys(ctx)
	if err != nil || len(keys) > 0 {
		return false, err
	}
	sessions, err := s.ListSessions(ctx, storage.SessionFilter{}, one)
	return len(sessions.Sessions) == 0, err
}

// reasonRestored is the reason with which sessions of a backup are ended.
const reasonRestored = "restored from a backup"

// Restore reads a backup that [Check] has passed into the store. ErrNotEmpty if
// that holds something, unless replace says to delete it first.
//
// The store has forgotten every rotation and revocation since the backup, so
// nothing of before counts: the epoch is raised above the store's and the
// backup's, every session is marked as ended, so that no code is redeemed that was
// pending, every browser session is revoked, and the tokens that clients got
// for themselves are of before the epoch. Until Restore has returned without an
// error the epoch says that the store is incomplete.
func Restore(ctx context.Context, from io.Reader, macKey []byte, head Header, into Store, replace bool, now time.Time) (Summary, error) {
	empty, err := Empty(ctx, into)
	if err != nil {
		return Summary{}, err
	}
	if !empty && !replace {
		return Summary{}, ErrNotEmpty
	}
	if _, err := into.RaiseEpoch(ctx, storage.EpochRaise{At: now, Above: head.Epoch, Incomplete: true}); err != nil {
		return Summary{}, err
	}
	if err := into.Clear(ctx); err != nil { // also the built-in roles of an empty one
		return Summary{}, err
	}
	s, newest, err := load(ctx, from, macKey, into, now)
	if err != nil {
		return s, err
	}
	if err := startLists(ctx, into, newest, now); err != nil {
		return s, err
	}
	_, err = into.RaiseEpoch(ctx, storage.EpochRaise{At: now})
	return s, err
}

// skippedLists are left out after the newest status list that the backup or the
// store knows: tokens that were issued since may name those, and must not share
// a place with a session to come.
const skippedLists = 1024

// sweepBatch is how many status lists are deleted in one step.
const sweepBatch = 100

// startLists lets new sessions have their places in a list that is after every
// list of old ones, and deletes those that the store still has. Every session in
// them has ended, also those that the backup does not know, and that is what a
// list says that is not there any more.
func startLists(ctx context.Context, into Store, newest int64, now time.Time) error {
	lists, err := into.StatusLists(ctx)
	if err != nil {
		return err
	}
	for _, l := range lists {
		newest = max(newest, l.ID)
	}
	next := newest + skippedLists
	if err := into.AddStatusList(ctx, next); err != nil && !errors.Is(err, storage.ErrConflict) {
		return err
	}
	for {
		// A list that is unused is not swept, and would be the next to be leased from.
		first, err := into.LeaseStatus(ctx, storage.StatusLeaseSize, now)
		if err != nil {
			return err
		}
		if err := sweepLists(ctx, into, now); err != nil || first/storage.StatusListSize >= next {
			return err
		}
	}
}

// sweepLists deletes every list that is used, but for the newest.
func sweepLists(ctx context.Context, into Store, now time.Time) error {
	for {
		deleted, err := into.SweepStatusLists(ctx, now.AddDate(100, 0, 0), sweepBatch)
		if err != nil || deleted < sweepBatch {
			return err
		}
	}
}

// insertWorkers is how many records are inserted at a time.
const insertWorkers = 32

func load(ctx context.Context, from io.Reader, macKey []byte, into Store, now time.Time) (s Summary, newestList int64, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	records := make(chan record)
	var running sync.WaitGroup
	for range insertWorkers {
		running.Go(func() {
			for r := range records {
				if err := insert(ctx, into, r, now); err != nil {
					fail(err)
				}
			}
		})
	}
	log := &auditLog{into: into}
	s, err = read(from, macKey, func(r record) error {
		if r.Session != nil {
			newestList = max(newestList, r.Session.StatusIndex/storage.StatusListSize, r.Session.RetiredIndex/storage.StatusListSize)
		}
		if r.Audit != nil {
			return log.add(ctx, *r.Audit)
		}
		select {
		case records <- r:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(records)
	running.Wait()
	if err == nil {
		err = log.flush(ctx)
	}
	return s, newestList, errors.Join(err, context.Cause(ctx))
}

// auditBatch is how many events are appended in one step.
const auditBatch = 200

// auditLog appends events in their order, which they are chained in.
type auditLog struct {
	into   storage.Audit
	events []storage.AuditEvent
}

func (l *auditLog) add(ctx context.Context, e storage.AuditEvent) error {
	l.events = append(l.events, e)
	if len(l.events) < auditBatch {
		return nil
	}
	return l.flush(ctx)
}

func (l *auditLog) flush(ctx context.Context) error {
	if len(l.events) == 0 {
		return nil
	}
	err := l.into.AppendAudit(ctx, l.events...)
	l.events = l.events[:0]
	return err
}

func insert(ctx context.Context, into Store, r record, now time.Time) error {
	if err := insertRecord(ctx, into, r, storage.Time(now)); err != nil {
		return fmt.Errorf("insert a record: %w", err)
	}
	return nil
}

func insertRecord(ctx context.Context, into Store, r record, now time.Time) error {
	switch {
	case r.Role != nil:
		return into.CreateRole(ctx, *r.Role)
	case r.User != nil:
		return into.CreateUser(ctx, *r.User)
	case r.Client != nil:
		return into.CreateClient(ctx, *r.Client)
	case r.Key != nil:
		return into.InsertKey(ctx, *r.Key)
	case r.Session != nil:
		return insertSession(ctx, into, *r.Session, now)
	case r.Revocation != nil:
		return into.RevokeToken(ctx, r.Revocation.JTI, r.Revocation.ExpiresAt)
	}
	return insertSignIn(ctx, into, r, now)
}

// insertSignIn inserts a record of sign-in in a browser.
func insertSignIn(ctx context.Context, into Store, r record, now time.Time) error {
	switch {
	case r.Logo != nil:
		return into.PutClientLogo(ctx, *r.Logo)
	case r.ScopeText != nil:
		return into.PutScopeText(ctx, *r.ScopeText)
	case r.Consent != nil:
		c := *r.Consent
		c.Version = 0 // it is made anew
		_, err := into.SwapConsent(ctx, c)
		return err
	case r.BrowserSession != nil:
		b := *r.BrowserSession
		if b.RevokedAt.IsZero() {
			b.RevokedAt, b.Reason = now, reasonRestored
		}
		return into.CreateBrowserSession(ctx, b)
	case r.Message != nil:
		return into.Enqueue(ctx, *r.Message)
	case r.Factors != nil:
		f := *r.Factors
		f.Version = 0 // it is made anew
		_, err := into.PutUserFactors(ctx, f)
		return err
	case r.Attributes != nil:
		a := *r.Attributes
		a.Version = 0 // it is made anew
		_, err := into.SwapAttributeSchema(ctx, a)
		return err
	case r.Connector != nil:
		return into.CreateConnector(ctx, *r.Connector)
	case r.Link != nil:
		return into.CreateUserLink(ctx, *r.Link)
	}
	return nil
}

// insertSession inserts a session as ended: with it dies a code that was not redeemed.
func insertSession(ctx context.Context, into Store, s storage.Session, now time.Time) error {
	if s.RevokedAt.IsZero() {
		s.RevokedAt, s.Reason, s.StatusPending = now, reasonRestored, true
	}
	s.Code = storage.Code{}
	return into.CreateSession(ctx, s)
}
