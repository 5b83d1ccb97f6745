package storage

import (
	"context"
	"time"
)

// Connector is a provider at which people may sign in instead of with a password here.
type Connector struct {
	ID           string // part of the redirect URI that is registered at the provider; immutable
	Name         string // as people see it
	Kind         string // "oidc" or "github"
	Issuer       string // of the provider; the first half of the key of every link
	ClientID     string // that the provider knows this issuer by
	SealedSecret string // of that client, sealed under the master key and bound to the connector; "" for none
	Scopes       []string
	Prompt       string // that is sent to the provider; "" for none

	// Domains are those of which an e-mail address must be for its owner to sign in; nil for any.
	Domains []string

	// AuthoritativeDomains are those for which the provider decides who owns an address: only
	// there a link to a user is made by the address alone.
	AuthoritativeDomains []string

	CreateUsers  bool // who has no link becomes a new user
	TrustMethods bool // what the provider says of the methods that were used counts here
	Claims       ConnectorClaims
	RoleRules    []RoleRule // in the order in which they were given

	// MaxRank bounds what the rules give: roles of a lower rank than this one. It is the rank of
	// whoever made the rules.
	MaxRank int64

	Disabled  bool
	CreatedBy string
	Version   int64 // counts updates, from 1
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ConnectorClaims names the claims of the provider; "" for the usual name of each.
type ConnectorClaims struct {
	Username string
	Email    string
	Name     string
}

// RoleRule gives a role to whose claim has the value, as its text or as one of a list.
type RoleRule struct {
	Claim string
	Value string
	Role  string
}

// Connectors holds the connectors; there are few, so a listing has no pages.
type Connectors interface {
	// CreateConnector inserts c with Version 1; *DuplicateError "id".
	CreateConnector(ctx context.Context, c Connector) error

	// Connector returns the connector. ErrNotFound.
	Connector(ctx context.Context, id string) (Connector, error)

	// UpdateConnector replaces the record where its version still is c.Version and
	// stores it with Version+1, which it returns. ErrConflict, ErrNotFound.
	UpdateConnector(ctx context.Context, c Connector) (Connector, error)

	// DeleteConnector removes the connector where the version still is the given one, 0
	// standing for any. ErrConflict if the version moved on, ErrNotFound.
	DeleteConnector(ctx context.Context, id string, version int64) error

	// ListConnectors returns all connectors, ordered by id.
	ListConnectors(ctx context.Context) ([]Connector, error)
}

// Normalized returns a copy as every backend holds it: times in milliseconds, no list that is
// empty but not nil.
func (c Connector) Normalized() Connector {
	c.Scopes, c.Domains, c.AuthoritativeDomains = copyOrNil(c.Scopes), copyOrNil(c.Domains), copyOrNil(c.AuthoritativeDomains)
	c.RoleRules, c.CreatedAt, c.UpdatedAt = copyOrNil(c.RoleRules), Time(c.CreatedAt), Time(c.UpdatedAt)
	return c
}
