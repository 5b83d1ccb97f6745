package admin

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/role"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// ConnectorSecrets seals the secrets of connectors, and says what is registered at their
// providers.
type ConnectorSecrets interface {
	SealSecret(ctx context.Context, c storage.Connector, secret string) (string, error)
	ResealSecret(ctx context.Context, c storage.Connector) (resealed storage.Connector, changed bool, err error)
	RedirectURI(connectorID string) string
}

var _ ConnectorSecrets = (*upstream.Client)(nil)

// Connectors are the operations on the providers at which people may sign in. All are a
// super_admin's or an operator's: who answers for a provider decides who everybody is.
type Connectors struct{ admin *Admin }

// Connectors returns the operations on connectors.
func (a *Admin) Connectors() Connectors { return Connectors{a} }

func (c Connectors) view(x storage.Connector) Connector {
	return toConnector(x, c.admin.service.connectorSecrets.RedirectURI(x.ID))
}

// List returns all connectors, ordered by id.
func (c Connectors) List(ctx context.Context) (ConnectorList, error) {
	if err := c.admin.RequireSuperAdmin(); err != nil {
		return ConnectorList{}, err
	}
	all, err := c.admin.service.store.ListConnectors(ctx)
	if err != nil {
		return ConnectorList{}, issuer.StoreError(err)
	}
	list := ConnectorList{Items: make([]Connector, len(all))}
	for n, x := range all {
		list.Items[n] = c.view(x)
	}
	return list, nil
}

// Show returns the connector of that id.
func (c Connectors) Show(ctx context.Context, id string) (Connector, error) {
	if err := c.admin.RequireSuperAdmin(); err != nil {
		return Connector{}, err
	}
	x, err := c.admin.service.readConnector(ctx, id)
	return c.view(x), err
}

func (s *Service) readConnector(ctx context.Context, id string) (storage.Connector, error) {
	x, err := s.store.Connector(ctx, id)
	if err != nil {
		return storage.Connector{}, issuer.StoreError(fmt.Errorf("connector: %w", err))
	}
	return x, nil
}

// Create creates a connector. Kind is oidc or github.
func (c Connectors) Create(ctx context.Context, id, kind string, ch ConnectorChange) (Connector, error) {
	if err := c.admin.RequireSuperAdmin(); err != nil {
		return Connector{}, err
	}
	s := c.admin.service
	switch {
	case !connectorID.MatchString(id):
		return Connector{}, newFieldError("id", "must be of lower-case letters, digits and dashes, at most 32")
	case kind != upstream.KindOIDC && kind != upstream.KindGitHub:
		return Connector{}, newFieldError("kind", "must be oidc or github")
	}
	now := s.now()
	x := storage.Connector{ID: id, Kind: kind, CreatedBy: c.admin.info.Actor, CreatedAt: now, UpdatedAt: now}
	if err := c.apply(ctx, &x, ch); err != nil {
		return Connector{}, err
	}
	if err := c.checkRoom(ctx, x); err != nil {
		return Connector{}, err
	}
	e := storage.AuditEvent{Type: audit.EventConnectorCreated, Target: id, Detail: connectorChanges(storage.Connector{}, x)}
	if err := c.admin.run(ctx, e, func() error { return issuer.StoreError(s.store.CreateConnector(ctx, x)) }); err != nil {
		return Connector{}, err
	}
	x.Version = 1
	return c.view(x), nil
}

// checkRoom refuses an id that is taken, and more connectors than a login page has room for.
func (c Connectors) checkRoom(ctx context.Context, x storage.Connector) error {
	all, err := c.admin.service.store.ListConnectors(ctx)
	if err != nil {
		return issuer.StoreError(err)
	}
	if len(all) >= maxConnectors {
		return newFieldError("id", fmt.Sprintf("cannot be made: there are %d connectors already", maxConnectors))
	}
	return checkIDFree(ctx, c.admin.service.readConnector, x.ID, "id")
}

// apply validates and applies a change, and seals its secret.
func (c Connectors) apply(ctx context.Context, x *storage.Connector, ch ConnectorChange) error {
	before := *x
	if err := applyConnector(x, ch); err != nil {
		return err
	}
	if ch.RoleRules != nil {
		if err := c.checkRules(ctx, x); err != nil {
			return err
		}
	}
	if x.Issuer != before.Issuer || x.ClientID != before.ClientID {
		x.SealedSecret = "" // it is bound to them, so that nobody sends it elsewhere
	}
	if ch.Secret == nil {
		return nil
	}
	x.SealedSecret = ""
	switch {
	case len(*ch.Secret) > maxConnectorValue:
		return newFieldError("client_secret", "is too long")
	case *ch.Secret == "":
		return nil
	}
	sealed, err := c.admin.service.connectorSecrets.SealSecret(ctx, *x, string(*ch.Secret))
	if err != nil {
		return issuer.OutcomeUnknown(err)
	}
	x.SealedSecret = sealed
	return nil
}

// checkRules refuses rules that give a role which does not exist, or super_admin: nobody else's
// word makes one.
func (c Connectors) checkRules(ctx context.Context, x *storage.Connector) error {
	list, err := c.admin.service.store.ListRoles(ctx)
	if err != nil {
		return issuer.StoreError(err)
	}
	x.MaxRank = role.RankSuperAdmin
	if a, ok := c.admin.actor.(administrator); ok && !a.superAdmin {
		x.MaxRank = min(a.rank, x.MaxRank)
	}
	set := role.NewSet(list)
	for _, r := range x.RoleRules {
		switch {
		case !set.Has(r.Role):
			return newFieldError("role_rules", quote(r.Role)+" is no role: create the role first")
		case set.Rank(r.Role) >= x.MaxRank:
			return newFieldError("role_rules", quote(r.Role)+" is above what a rule may give")
		}
	}
	return nil
}

// Update changes a connector.
func (c Connectors) Update(ctx context.Context, id string, ch ConnectorChange) (Connector, error) {
	x, _, err := apply(ctx, c.admin, c.kind(), step[storage.Connector]{
		id: id, event: audit.EventConnectorUpdated,
		change: func(x *storage.Connector) error { return c.apply(ctx, x, ch) },
		write: func(ctx context.Context, _, after storage.Connector) (storage.Connector, error) {
			after.UpdatedAt = c.admin.service.now()
			return c.admin.service.store.UpdateConnector(ctx, after)
		},
	})
	return c.view(x), err
}

// Delete removes a connector. The links by it stay, and are of use again where a connector to the
// same provider is made.
func (c Connectors) Delete(ctx context.Context, id string) error {
	_, _, err := apply(ctx, c.admin, c.kind(), step[storage.Connector]{
		id: id, event: audit.EventConnectorDeleted, change: remove[storage.Connector],
		write: func(ctx context.Context, before, after storage.Connector) (storage.Connector, error) {
			return after, c.admin.service.store.DeleteConnector(ctx, before.ID, before.Version)
		},
	})
	return err
}

// kind is how connectors are changed.
func (c Connectors) kind() kind[storage.Connector] {
	return kind[storage.Connector]{
		read: c.admin.service.readConnector, may: func(_, _ storage.Connector) error { return c.admin.RequireSuperAdmin() }, diff: connectorChanges,
		revision: func(x storage.Connector) string { return revision(x.CreatedAt, x.Version) },
		pending:  func(_, _ storage.Connector) []storage.PendingRevocation { return nil },
		finish:   func(context.Context, storage.Connector, storage.Connector, string) (int64, error) { return 0, nil },
	}
}

// resealConnectors seals the secrets of connectors under the newest master key, and returns how many
// it has changed. It may be cut anywhere and repeated.
func (s *Service) resealConnectors(ctx context.Context) (resealed int, err error) {
	if s.connectorSecrets == nil {
		return 0, nil
	}
	all, err := s.store.ListConnectors(ctx)
	if err != nil {
		return 0, issuer.StoreError(err)
	}
	for _, c := range all {
		c, changed, err := s.connectorSecrets.ResealSecret(ctx, c)
		if err == nil && changed {
			_, err = s.store.UpdateConnector(ctx, c)
		}
		switch {
		case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrNotFound): // changed meanwhile: the next run finds it
		case err != nil:
			return resealed, err
		case changed:
			resealed++
		}
	}
	return resealed, nil
}

// ErrLastWayIn refuses to remove the link by which alone a user can sign in.
var ErrLastWayIn = errors.New("the user has no other way to sign in: set a password first")
