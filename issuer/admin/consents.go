package admin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// Consent is what a user has allowed a client.
type Consent struct {
	ClientID  string    `json:"client_id"`
	Scope     string    `json:"scope"`
	Audiences []string  `json:"audiences,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// ConsentList is one page of consents.
type ConsentList struct {
	Items []Consent `json:"items"`
	Next  string    `json:"next,omitempty"`
}

// Consents returns one page of what a user has allowed, in the order of the clients' ids.
func (b Browsers) Consents(ctx context.Context, id string, p storage.Page) (ConsentList, error) {
	x, err := b.admin.service.readUser(ctx, id)
	if err != nil {
		return ConsentList{}, err
	}
	page, err := b.admin.service.store.ListConsents(ctx, storage.ConsentFilter{UserID: x.ID}, p)
	if err != nil {
		return ConsentList{}, issuer.StoreError(err)
	}
	list := ConsentList{Items: make([]Consent, len(page.Consents)), Next: page.Next}
	for n, c := range page.Consents {
		list.Items[n] = Consent{ClientID: c.ClientID, Scope: strings.Join(c.Scopes, " "), Audiences: c.Audiences, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
	}
	return list, nil
}

// RevokeConsent deletes what a user has allowed a client, and ends the client's sessions of
// the user. storage.ErrNotFound where there is no consent.
func (b Browsers) RevokeConsent(ctx context.Context, id, clientID string) error {
	s := b.admin.service
	if err := b.mayEnd(ctx, id); err != nil {
		return err
	}
	if _, err := s.store.Consent(ctx, id, clientID); err != nil {
		return issuer.StoreError(fmt.Errorf("consent: %w", err))
	}
	return s.browsers.RevokeConsent(ctx, id, clientID, b.admin.info)
}
