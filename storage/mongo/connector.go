package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.Connectors = (*Store)(nil)

// connectorDoc is a [storage.Connector] as it lies in the collection connectors.
type connectorDoc struct {
	ID                   string             `bson:"_id"`
	Name                 string             `bson:"name"`
	Kind                 string             `bson:"kind"`
	Issuer               string             `bson:"issuer"`
	ClientID             string             `bson:"client_id"`
	SealedSecret         string             `bson:"sealed_secret,omitempty"`
	Scopes               []string           `bson:"scopes,omitempty"`
	Prompt               string             `bson:"prompt,omitempty"`
	Domains              []string           `bson:"domains,omitempty"`
	AuthoritativeDomains []string           `bson:"authoritative_domains,omitempty"`
	CreateUsers          bool               `bson:"create_users,omitempty"`
	TrustMethods         bool               `bson:"trust_methods,omitempty"`
	Claims               connectorClaimsDoc `bson:"claims"`
	RoleRules            []connectorRuleDoc `bson:"role_rules,omitempty"`
	MaxRank              int64              `bson:"max_rank"`
	Disabled             bool               `bson:"disabled,omitempty"`
	CreatedBy            string             `bson:"created_by,omitempty"`
	Version              int64              `bson:"version"`
	CreatedAt            time.Time          `bson:"created_at"`
	UpdatedAt            time.Time          `bson:"updated_at"`
}

type connectorClaimsDoc struct {
	Username string `bson:"username,omitempty"`
	Email    string `bson:"email,omitempty"`
	Name     string `bson:"name,omitempty"`
}

// connectorRuleDoc is a [storage.RoleRule]. Names of claims are values, never names of fields.
type connectorRuleDoc struct {
	Claim string `bson:"claim"`
	Value string `bson:"value"`
	Role  string `bson:"role"`
}

func newConnectorDoc(c storage.Connector, version int64) connectorDoc {
	c = c.Normalized()
	doc := connectorDoc{
		ID: c.ID, Name: c.Name, Kind: c.Kind, Issuer: c.Issuer, ClientID: c.ClientID, SealedSecret: c.SealedSecret, Scopes: c.Scopes, Prompt: c.Prompt,
		Domains: c.Domains, AuthoritativeDomains: c.AuthoritativeDomains, CreateUsers: c.CreateUsers, TrustMethods: c.TrustMethods,
		Claims: connectorClaimsDoc(c.Claims), MaxRank: c.MaxRank, Disabled: c.Disabled, CreatedBy: c.CreatedBy,
		Version: version, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
	for _, r := range c.RoleRules {
		doc.RoleRules = append(doc.RoleRules, connectorRuleDoc(r))
	}
	return doc
}

func (d connectorDoc) record() storage.Connector {
	c := storage.Connector{
		ID: d.ID, Name: d.Name, Kind: d.Kind, Issuer: d.Issuer, ClientID: d.ClientID, SealedSecret: d.SealedSecret, Scopes: d.Scopes, Prompt: d.Prompt,
		Domains: d.Domains, AuthoritativeDomains: d.AuthoritativeDomains, CreateUsers: d.CreateUsers, TrustMethods: d.TrustMethods,
		Claims: storage.ConnectorClaims(d.Claims), MaxRank: d.MaxRank, Disabled: d.Disabled, CreatedBy: d.CreatedBy,
		Version: d.Version, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
	for _, r := range d.RoleRules {
		c.RoleRules = append(c.RoleRules, storage.RoleRule(r))
	}
	return c
}

// CreateConnector implements [storage.Connectors] by one insert.
func (s *Store) CreateConnector(ctx context.Context, c storage.Connector) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.insertUnique(ctx, connectors, "id", newConnectorDoc(c, 1))
}

// Connector implements [storage.Connectors].
func (s *Store) Connector(ctx context.Context, id string) (storage.Connector, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[connectorDoc](ctx, s, connectors, byID(id))
	return doc.record(), err
}

// UpdateConnector implements [storage.Connectors] by one replacement that is conditional on the
// version.
func (s *Store) UpdateConnector(ctx context.Context, c storage.Connector) (storage.Connector, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newConnectorDoc(c, c.Version+1)
	if err := s.replaceVersion(ctx, connectors, c.ID, c.Version, doc); err != nil {
		return storage.Connector{}, err
	}
	return doc.record(), nil
}

// DeleteConnector implements [storage.Connectors] by one delete.
func (s *Store) DeleteConnector(ctx context.Context, id string, version int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.deleteVersion(ctx, connectors, id, version)
}

// ListConnectors implements [storage.Connectors].
func (s *Store) ListConnectors(ctx context.Context) ([]storage.Connector, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[connectorDoc](ctx, s, listing{collection: connectors, filter: bson.D{}, order: byRisingID})
	return convert(docs, connectorDoc.record), err
}
