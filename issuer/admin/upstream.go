package admin

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// connectorActor changes users as the rules of a connector say: it makes users, and gives or takes
// the roles that the rules own, below the rank of whoever made the rules.
type connectorActor struct {
	connector storage.Connector
	roles     *role.Set
	may       []string // the roles that it may give or take away
}

var _ actor = connectorActor{}

func (c connectorActor) mayChangeUser(before, after storage.User) error {
	for _, name := range append(added(before.Roles, after.Roles), added(after.Roles, before.Roles)...) {
		if before.ID == "" && name == role.User {
			continue // every new user has it
		}
		gives := slices.Contains(after.Roles, name)
		if !slices.Contains(c.may, name) || gives && c.roles.Rank(name) >= c.connector.MaxRank {
			return errRoleAbove.Naming(name)
		}
	}
	if before.ID != "" && (after.ID != before.ID || before.Disabled != after.Disabled) {
		return errNotOutranked
	}
	return nil
}

func (connectorActor) mayChangeRole(_, _ storage.Role) error     { return errAdminRequired }
func (connectorActor) mayChangeClient(_, _ storage.Client) error { return errAdminRequired }
func (connectorActor) mayDoEverything() error                    { return errSuperAdminRequired }
func (connectorActor) mayLeaveNoSuperAdmin() bool                { return false }

var _ issuer.UpstreamAccounts = (*Service)(nil)

// byConnector returns the operations on users that a connector has.
func (s *Service) byConnector(ctx context.Context, c storage.Connector, may []string, info issuer.RequestInfo) (Users, error) {
	list, err := s.store.ListRoles(ctx)
	if err != nil {
		return Users{}, issuer.OutcomeUnknown(err)
	}
	info.IfMatch = nil
	return (&Admin{service: s, actor: connectorActor{c, role.NewSet(list), may}, info: info}).Users(), nil
}

// CreateByConnector implements [issuer.UpstreamAccounts].
func (s *Service) CreateByConnector(ctx context.Context, n issuer.UpstreamUser, info issuer.RequestInfo) (storage.User, error) {
	users, err := s.byConnector(ctx, n.Connector, n.Roles, info)
	if err != nil {
		return storage.User{}, err
	}
	fullName, err := checkText("full_name", n.FullName, maxFullName)
	if err != nil {
		fullName = "" // the provider's text is no reason to refuse somebody
	}
	u, err := s.accounts.new(ctx, NewUser{
		ID: n.ID, CreatedAt: n.CreatedAt, Username: n.Username, Email: n.Email, EmailVerified: n.EmailVerified, FullName: fullName, Roles: n.Roles,
	})
	if err == nil {
		err = users.admin.actor.mayChangeUser(storage.User{}, u)
	}
	if err == nil {
		err = s.accounts.checkNamesFree(ctx, storage.User{}, u)
	}
	if err == nil {
		err = s.accounts.checkSubjectFree(ctx, u.ID)
	}
	if err != nil {
		return storage.User{}, err
	}
	e := storage.AuditEvent{Type: audit.EventUserRegistered, Actor: u.ID, Target: u.ID, Detail: "connector " + n.Connector.ID}
	_, err = users.insert(ctx, u, e)
	u.Version = 1
	return u, err
}

// SetRolesByConnector implements [issuer.UpstreamAccounts]. Where the roles cannot be so, as with
// the last super_admin, the user keeps those that there are.
func (s *Service) SetRolesByConnector(ctx context.Context, c storage.Connector, u storage.User, roles, may []string, info issuer.RequestInfo) (storage.User, error) {
	if info.Actor == "" {
		info.Actor = u.ID
	}
	users, err := s.byConnector(ctx, c, may, info)
	if err != nil {
		return u, err
	}
	add, drop := added(u.Roles, roles), added(roles, u.Roles)
	changed, _, err := users.swapRecord(ctx, u.ID, audit.EventUserUpdated, func(x *storage.User) error {
		if !x.CreatedAt.Equal(u.CreatedAt) {
			return errUserNotFound
		}
		names := slices.DeleteFunc(append(slices.Clone(x.Roles), add...), func(r string) bool { return slices.Contains(drop, r) })
		return s.accounts.apply(ctx, x, UserChange{Roles: &names})
	})
	var refused *issuer.FieldError
	var denied *issuer.Error
	switch {
	case err == nil:
		return changed, nil
	case errors.Is(err, ErrLastSuperAdmin), errors.As(err, &refused), errors.As(err, &denied) && denied.Code == issuer.AccessDenied:
		return u, nil
	case errors.Is(err, storage.ErrNotFound):
		return u, storage.ErrNotFound
	}
	return u, issuer.OutcomeUnknown(err)
}
