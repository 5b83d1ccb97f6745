package admin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// Sessions are the operations on sessions, as far as the actor may.
type Sessions struct{ admin *Admin }

// SessionQuery selects sessions. Zero fields select all.
type SessionQuery struct {
	UserID   string
	ClientID string
	Active   bool   // only active ones
	Ended    bool   // only those that are not active any more
	Network  string // from where: a prefix as sessions name it, or an address in it
	Device   string // a part of what logged in, in any case
}

// selects tells whether the session has what no index serves.
func (q SessionQuery) selects(s Session) bool {
	return (s.Active || !q.Active) && (!s.Active || !q.Ended) && (q.Network == "" || isInNetwork(s.Network, q.Network)) &&
		(q.Device == "" || strings.Contains(strings.ToLower(s.Device), strings.ToLower(q.Device)))
}

// isInNetwork tells whether the network, a prefix of addresses, is the one asked for or has the
// address asked for.
func isInNetwork(network, asked string) bool {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return network == asked
	}
	if address, err := netip.ParseAddr(asked); err == nil {
		return prefix.Contains(address.Unmap())
	}
	of, err := netip.ParsePrefix(asked)
	return err == nil && of.Masked() == prefix.Masked()
}

// narrow tells whether the query asks for more than indexes serve.
func (q SessionQuery) narrow() bool { return q.Network != "" || q.Device != "" || q.Ended }

// List returns one page of sessions. storage.ErrNotFound where the user does not exist.
func (s Sessions) List(ctx context.Context, q SessionQuery, p storage.Page) (SessionList, error) {
	if q.UserID != "" {
		if _, err := s.admin.service.readUser(ctx, q.UserID); err != nil {
			return SessionList{}, err
		}
	}
	return s.admin.service.listSessions(ctx, q, p)
}

// listSessions leaves out those whose code was not redeemed, so a page may be shorter than its
// limit and still have a next one. It examines up to [storage.MaxPage] sessions where the query
// asks for more than indexes serve.
func (s *Service) listSessions(ctx context.Context, q SessionQuery, p storage.Page) (SessionList, error) {
	l := newListing("sessions", q.UserID, q.ClientID, flagText(&q.Active), flagText(&q.Ended), q.Network, q.Device)
	p, err := l.page(p)
	if err != nil {
		return SessionList{}, err
	}
	now, size := s.now(), p.Size()
	f := storage.SessionFilter{UserID: q.UserID, ClientID: q.ClientID}
	if q.Active {
		f.AliveAt = now
	}
	if q.narrow() {
		p.Limit = storage.MaxPage
	}
	page, err := s.store.ListSessions(ctx, f, p)
	if err != nil {
		return SessionList{}, issuer.StoreError(err)
	}
	list := SessionList{Items: make([]Session, 0, len(page.Sessions)), Next: l.cursor(page.Next)}
	for _, x := range page.Sessions {
		if x.Generation == storage.PendingGeneration {
			continue
		}
		v := s.toSession(x, now)
		if !q.selects(v) {
			continue
		}
		if len(list.Items) == size {
			list.Next = l.cursor(list.Items[size-1].ID)
			break
		}
		list.Items = append(list.Items, v)
	}
	return list, nil
}

// Show returns one session.
func (s Sessions) Show(ctx context.Context, sid string) (Session, error) {
	x, err := s.admin.service.readSession(ctx, sid)
	if err != nil {
		return Session{}, err
	}
	return s.admin.service.toSession(x, s.admin.service.now()), nil
}

func (s *Service) readSession(ctx context.Context, sid string) (storage.Session, error) {
	x, err := s.store.Session(ctx, sid)
	if err == nil && x.Generation == storage.PendingGeneration {
		err = storage.ErrNotFound
	}
	if err != nil {
		return storage.Session{}, issuer.StoreError(fmt.Errorf("session: %w", err))
	}
	return x, nil
}

// Why sessions end, as the store keeps it.
const (
	reasonAdmin  = "revoked by an administrator"
	reasonLogout = "ended by the user"
)

// End revokes one session. It is judged as a change of its user; one's own and one whose user is
// gone are anybody's to end.
func (s Sessions) End(ctx context.Context, sid string) error {
	x, err := s.admin.service.readSession(ctx, sid)
	if err != nil {
		return err
	}
	u, err := s.admin.service.store.User(ctx, x.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return issuer.StoreError(err)
	case u.ID == s.admin.info.Actor: // one's own
	default:
		if err := s.admin.actor.mayChangeUser(u, u); err != nil {
			return err
		}
	}
	return s.end(ctx, x, reasonAdmin)
}

// end revokes a session. One that was revoked before stays as it is, and no event is written.
func (s Sessions) end(ctx context.Context, x storage.Session, reason string) error {
	if !x.RevokedAt.IsZero() {
		return nil
	}
	sid := x.ID
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Target: sid, Detail: reason}
	return s.admin.run(ctx, e, func() error {
		return issuer.StoreError(s.admin.service.store.RevokeSession(ctx, sid, s.admin.service.now(), reason))
	})
}

// EndAll ends every session of everybody, and the tokens that clients got for themselves, by
// one step on the epoch of the store: every instance knows at its next request. It returns how
// many sessions were marked; the marks only make it visible.
func (s Sessions) EndAll(ctx context.Context) (int64, error) {
	if err := s.admin.actor.mayDoEverything(); err != nil {
		return 0, err
	}
	service := s.admin.service
	if err := service.recordPendingRevocation(ctx, storage.PendingRevocation{Reason: reasonAdmin}); err != nil {
		return 0, err
	}
	var raised storage.Epoch
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Target: "all", Detail: reasonAdmin}
	err := s.admin.run(ctx, e, func() (err error) {
		raised, err = service.store.RaiseEpoch(ctx, storage.EpochRaise{At: service.now()})
		return issuer.StoreError(err)
	})
	if err != nil {
		return 0, err
	}
	n, err := service.store.RevokeAll(ctx, epoch.EndedByStore(raised), raised.Since, reasonAdmin)
	return n, unavailableOrNil(err)
}
