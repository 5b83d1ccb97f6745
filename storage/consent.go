package storage

import (
	"context"
	"time"
)

// Consent is what a person has allowed a client. UserID and ClientID are its key.
type Consent struct {
	UserID    string
	ClientID  string
	Scopes    []string // sorted, no duplicates
	Audiences []string // sorted, no duplicates
	Shown     string   // a hash of what the person was shown of the client; another one asks again
	Version   int64    // counts changes, from 1
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ConsentPage is one page of consents, ordered by user and client.
type ConsentPage struct {
	Consents []Consent
	Next     string
}

// ConsentFilter selects consents. Zero fields select all.
type ConsentFilter struct {
	UserID   string
	ClientID string
}

// Consents holds the consents.
type Consents interface {
	// Consent returns the consent. ErrNotFound.
	Consent(ctx context.Context, userID, clientID string) (Consent, error)

	// SwapConsent puts c in the place of the record whose version still is c.Version, and
	// stores it with Version+1, which it returns; with Version 0 it makes the record.
	// ErrConflict where the version moved on, where it exists already, or where there is
	// none to be replaced.
	SwapConsent(ctx context.Context, c Consent) (Consent, error)

	// DeleteConsents deletes what f selects, and returns how many. A filter with no field
	// set is an error: it deletes nothing.
	DeleteConsents(ctx context.Context, f ConsentFilter) (int64, error)

	// ListConsents returns one page, ordered by user and client.
	ListConsents(ctx context.Context, f ConsentFilter, p Page) (ConsentPage, error)
}

// ScopeText says in words what a scope allows, for the consent page.
type ScopeText struct {
	Scope     string
	Texts     map[string]string // by language tag, such as "en" or "de"; never empty
	UpdatedAt time.Time
}

// ScopeTexts holds the texts of scopes. There are few: each call reads or writes all of one scope.
type ScopeTexts interface {
	// PutScopeText inserts or replaces the texts of a scope.
	PutScopeText(ctx context.Context, t ScopeText) error

	// DeleteScopeText removes them. ErrNotFound.
	DeleteScopeText(ctx context.Context, scope string) error

	// ListScopeTexts returns up to MaxPage of them, ordered by scope.
	ListScopeTexts(ctx context.Context) ([]ScopeText, error)
}
