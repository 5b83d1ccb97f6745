package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/internal/ttlcache"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// UpstreamAccounts makes and changes users who sign in at another provider.
type UpstreamAccounts interface {
	// CreateByConnector makes the user. A *storage.DuplicateError names "id", "username" or
	// "email" where that is taken; other errors are as those of an administration.
	CreateByConnector(ctx context.Context, n UpstreamUser, info RequestInfo) (storage.User, error)

	// SetRolesByConnector gives the user exactly these roles, of which only the ones in may are
	// given or taken away, and none that the connector's bound forbids. It returns the user
	// afterwards.
	SetRolesByConnector(ctx context.Context, c storage.Connector, u storage.User, roles, may []string, info RequestInfo) (storage.User, error)
}

// UpstreamUser is a new user who has signed in at another provider.
type UpstreamUser struct {
	ID            string
	CreatedAt     time.Time
	Username      string
	Email         string
	EmailVerified bool
	FullName      string
	Roles         []string
	Connector     storage.Connector
}

// upstreamStore holds the connectors and the links.
type upstreamStore interface {
	storage.Connectors
	storage.UserLinks
}

// upstreamService is what the sign-in at other providers works with.
type upstreamService struct {
	client   *upstream.Client
	store    upstreamStore
	accounts UpstreamAccounts
	offered  *ttlcache.Cache[struct{}, []ConnectorView]
}

// ConnectorView is a provider as the login page offers it.
type ConnectorView struct {
	ID   string
	Name string
}

// ClaimedView is an account at another provider that a login links, as the login page shows it.
type ClaimedView struct {
	Sealed string // for a field of the form
	As     string // the address or name there
	At     string // the name of the provider
}

// WithUpstream lets people sign in at other providers too. It returns s.
func (s *SignIn) WithUpstream(client *upstream.Client, store upstreamStore, accounts UpstreamAccounts, cacheTTL time.Duration) *SignIn {
	s.upstream = &upstreamService{
		client: client, store: store, accounts: accounts, offered: ttlcache.New[struct{}, []ConnectorView](1, cacheTTL, s.now),
	}
	return s
}

// offer returns the connectors that are enabled.
func (u *upstreamService) offer(ctx context.Context) ([]ConnectorView, error) {
	if list, ok := u.offered.Get(struct{}{}); ok {
		return list, nil
	}
	all, err := u.store.ListConnectors(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	var list []ConnectorView
	for _, c := range all {
		if !c.Disabled {
			list = append(list, ConnectorView{c.ID, c.Name})
		}
	}
	u.offered.Put(struct{}{}, list)
	return list, nil
}

// connector returns an enabled connector, as the store has it now; nil for none.
func (u *upstreamService) connector(ctx context.Context, id string) (*storage.Connector, error) {
	if u == nil {
		return nil, nil
	}
	c, err := u.store.Connector(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && c.Disabled:
		return nil, nil
	case err != nil:
		return nil, unavailable(err)
	}
	return &c, nil
}

// linkTries bounds how often a link is read again because others have changed it.
const linkTries = 8

// change changes a link by compare-and-swap, on what it is at that moment. It returns
// storage.ErrNotFound where the link is gone.
func (u *upstreamService) change(ctx context.Context, id string, change func(*storage.UserLink)) (storage.UserLink, error) {
	for range linkTries {
		l, err := u.store.UserLink(ctx, id)
		if err != nil {
			return l, err
		}
		change(&l)
		if l, err = u.store.UpdateUserLink(ctx, l); !errors.Is(err, storage.ErrConflict) {
			return l, err
		}
	}
	return storage.UserLink{}, storage.Unavailable("change a link", errContendedLink)
}

var errContendedLink = errors.New("the link changed at every step")

// newUserID draws the id of a user who is made by a sign-in.
func (s *SignIn) newUserID(now time.Time) (string, error) {
	id, err := random.UUIDv7(s.sessions.rand, now)
	if err != nil {
		return "", unavailable(err)
	}
	return id.String(), nil
}
