package storage

import (
	"context"
	"errors"
	"strconv"
	"strings"
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

// Cursor is the place of the consent in a listing, as [Page] carries it.
func (c Consent) Cursor() string { return strconv.Itoa(len(c.UserID)) + ":" + c.UserID + c.ClientID }

// ParseConsentCursor returns the key after which a listing goes on. What is no cursor is the
// id of a user.
func ParseConsentCursor(cursor string) (userID, clientID string) {
	length, ids, found := strings.Cut(cursor, ":")
	n, err := strconv.Atoi(length)
	if !found || err != nil || n < 0 || n > len(ids) {
		return cursor, ""
	}
	return ids[:n], ids[n:]
}

// ErrNoFilter refuses to delete everything for want of a filter.
var ErrNoFilter = errors.New("no filter is set")

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

	// DeleteConsents deletes what f selects, and returns how many. ErrNoFilter
	// where no field is set.
	DeleteConsents(ctx context.Context, f ConsentFilter) (int64, error)

	// ListConsents returns one page, ordered by user and client. Its cursor is that of the
	// last consent; see [ParseConsentCursor].
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
