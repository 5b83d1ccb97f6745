package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Link is an account at another provider by which a user signs in.
type Link struct {
	ID         string     `json:"id"`
	Connector  string     `json:"connector"`
	Provider   string     `json:"provider"` // its name; "" where the connector is gone
	Issuer     string     `json:"issuer"`
	Subject    string     `json:"subject"`
	Email      string     `json:"email"`
	Name       string     `json:"name"`
	Roles      []string   `json:"roles"` // that the user has by the rules of the connector
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

// LinkList is all links of a user.
type LinkList struct {
	Items []Link `json:"items"`
}

// Links returns the accounts at other providers by which the user signs in.
func (u Users) Links(ctx context.Context, id string) (LinkList, error) {
	x, err := u.admin.service.readUser(ctx, id)
	if err != nil {
		return LinkList{}, err
	}
	return u.admin.service.linksOf(ctx, x)
}

// Unlink removes one of them. storage.ErrNotFound where there is none, ErrLastWayIn where the user
// could not sign in any more. The roles that it gave go with it.
func (u Users) Unlink(ctx context.Context, id, linkID string) error {
	x, err := u.admin.service.readUser(ctx, id)
	if err != nil {
		return err
	}
	if err := u.admin.actor.mayChangeUser(x, x); err != nil {
		return err
	}
	return u.admin.unlink(ctx, x, linkID)
}

// Links returns the user's own.
func (o *Owner) Links(ctx context.Context) (LinkList, error) { return o.service.linksOf(ctx, o.user) }

// Unlink removes one of the user's own, as [Users.Unlink] does.
func (o *Owner) Unlink(ctx context.Context, linkID string) error {
	return o.users.admin.unlink(ctx, o.user, linkID)
}

func (s *Service) userLinks(ctx context.Context, x storage.User) (own []storage.UserLink, err error) {
	page, err := s.store.ListUserLinks(ctx, x.ID, storage.Page{Limit: storage.MaxPage})
	if err != nil {
		return nil, issuer.StoreError(err)
	}
	for _, l := range page.Links {
		if l.UserCreatedAt.Equal(storage.Time(x.CreatedAt)) {
			own = append(own, l)
		}
	}
	return own, nil
}

// connectorsByIssuer returns the connectors, by the providers that they lead to.
func (s *Service) connectorsByIssuer(ctx context.Context) (map[string]storage.Connector, error) {
	all, err := s.store.ListConnectors(ctx)
	if err != nil {
		return nil, issuer.StoreError(err)
	}
	by := map[string]storage.Connector{}
	for _, c := range all {
		if _, has := by[c.Issuer]; !has || !c.Disabled {
			by[c.Issuer] = c
		}
	}
	return by, nil
}

func (s *Service) linksOf(ctx context.Context, x storage.User) (LinkList, error) {
	own, err := s.userLinks(ctx, x)
	if err != nil {
		return LinkList{}, err
	}
	by, err := s.connectorsByIssuer(ctx)
	if err != nil {
		return LinkList{}, err
	}
	list := LinkList{Items: []Link{}}
	for _, l := range own {
		v := Link{
			ID: l.ID, Connector: l.ConnectorID, Provider: by[l.Issuer].Name, Issuer: l.Issuer, Subject: l.Subject, Email: l.Email, Name: l.Name,
			Roles: orEmpty(l.Roles), CreatedAt: l.CreatedAt,
		}
		if !l.LastUsedAt.IsZero() {
			v.LastUsedAt = &l.LastUsedAt
		}
		list.Items = append(list.Items, v)
	}
	return list, nil
}

// unlink marks the link first and looks for another way in after that, so that of two removals at
// once at least one sees the other.
func (a *Admin) unlink(ctx context.Context, x storage.User, linkID string) error {
	s := a.service
	own, err := s.userLinks(ctx, x)
	if err != nil {
		return err
	}
	var link *storage.UserLink
	for n := range own {
		if own[n].ID == linkID {
			link = &own[n]
		}
	}
	if link == nil {
		return errNoLink
	}
	e := storage.AuditEvent{Type: audit.EventAccountUnlinked, Target: x.ID, Detail: "connector " + link.ConnectorID}
	return a.run(ctx, e, func() error {
		marked := *link
		marked.Ending = true
		marked, err := s.store.UpdateUserLink(ctx, marked)
		if err != nil {
			return linkError(err)
		}
		if err := s.checkOtherWayIn(ctx, x.ID, marked); err != nil {
			marked.Ending = false
			_, _ = s.store.UpdateUserLink(ctx, marked) // else the next sign-in by it takes the mark back
			return err
		}
		if err := a.dropRoles(ctx, x, marked); err != nil {
			return err
		}
		return linkError(s.store.DeleteUserLink(ctx, marked.ID, marked.Version))
	})
}

// linkError turns a lost race into ErrConcurrentUpdate.
func linkError(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return ErrConcurrentUpdate
	}
	return issuer.StoreError(err)
}

// checkOtherWayIn refuses where the user has neither a password nor another link that an enabled
// connector serves. A passkey is none: it may be lost with its device.
func (s *Service) checkOtherWayIn(ctx context.Context, userID string, without storage.UserLink) error {
	x, err := s.readUser(ctx, userID)
	if err != nil || x.PasswordHash != "" {
		return err
	}
	own, err := s.userLinks(ctx, x)
	if err != nil {
		return err
	}
	by, err := s.connectorsByIssuer(ctx)
	if err != nil {
		return err
	}
	for _, l := range own {
		if c, has := by[l.Issuer]; l.ID != without.ID && !l.Ending && has && !c.Disabled {
			return nil
		}
	}
	return ErrLastWayIn
}

// dropRoles takes the roles away that the link has given and no other one gives.
func (a *Admin) dropRoles(ctx context.Context, x storage.User, l storage.UserLink) error {
	drop := l.Roles
	own, err := a.service.userLinks(ctx, x)
	if err != nil {
		return err
	}
	for _, other := range own {
		if other.ID != l.ID {
			drop = added(other.Roles, drop)
		}
	}
	if len(drop) == 0 {
		return nil
	}
	now, err := a.service.readUser(ctx, x.ID)
	if err != nil {
		return err
	}
	_, err = a.service.SetRolesByConnector(ctx, storage.Connector{ID: l.ConnectorID}, now, added(drop, now.Roles), drop, a.info)
	return err
}

var errNoLink = fmt.Errorf("linked account: %w", storage.ErrNotFound)
