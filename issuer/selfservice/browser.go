package selfservice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// Browsers are the browser sessions and the consents of users.
type Browsers interface {
	BrowserSessions
	BrowserRenewals
	Consents
}

// BrowserSessions lists and ends browser sessions, and the sessions of applications in them.
type BrowserSessions interface {
	SessionsFor(ctx context.Context, p *issuer.Principal) ([]issuer.BrowserSessionView, error)
	SignedIn(ctx context.Context, p *issuer.Principal) (issuer.SignedIn, error)
	EndSession(ctx context.Context, userID, handle string, info issuer.RequestInfo) error
	EndSessions(ctx context.Context, userID string, info issuer.RequestInfo) error
	EndApplication(ctx context.Context, userID, sessionID string, info issuer.RequestInfo) error
}

// BrowserRenewals keep the browser session of who asks.
type BrowserRenewals interface {
	Use(ctx context.Context, u *issuer.BrowserUser) error
	StillAlive(ctx context.Context, u *issuer.BrowserUser) error
	Strengthen(ctx context.Context, old *issuer.BrowserUser, methods []string, info issuer.RequestInfo) (*issuer.BrowserCookie, error)
	Renew(ctx context.Context, old *issuer.BrowserUser, after storage.User, authenticated bool, info issuer.RequestInfo) (*issuer.BrowserCookie, error)
}

// Consents lists and takes back what users have allowed.
type Consents interface {
	Consents(ctx context.Context, userID string) ([]storage.Consent, error)
	RevokeConsent(ctx context.Context, userID, clientID string, info issuer.RequestInfo) error
	Client(ctx context.Context, id string) (issuer.ClientView, error)
	AllowedScopes(ctx context.Context, all []storage.Consent) ([][]issuer.ScopeView, error)
}

var _ Browsers = (*issuer.OwnBrowsers)(nil)

// maxListed bounds the lists of what one user has.
const maxListed = storage.MaxPage

// BrowserSessionList is where a user is signed in, the last used first: at most maxListed.
type BrowserSessionList struct {
	Items []issuer.BrowserSessionView `json:"items"`
}

// BrowserSessions returns the browser sessions of the user. The one that asks, or that the
// token's session was born in, is marked.
func (s *Service) BrowserSessions(ctx context.Context, p *issuer.Principal) (BrowserSessionList, error) {
	all, err := s.browsers.SessionsFor(ctx, p)
	return BrowserSessionList{all[:min(len(all), maxListed)]}, orEnded(err)
}

// SignedIn returns the browser sessions of the user with the applications in them.
func (s *Service) SignedIn(ctx context.Context, p *issuer.Principal) (issuer.SignedIn, error) {
	in, err := s.browsers.SignedIn(ctx, p)
	return in, orEnded(err)
}

// EndBrowserSession ends one browser session of the user's, and what ends with it.
// storage.ErrNotFound for another user's.
func (s *Service) EndBrowserSession(ctx context.Context, p *issuer.Principal, handle string, info issuer.RequestInfo) error {
	return s.browsers.EndSession(ctx, p.UserID(), handle, asOwner(p, info))
}

// EndBrowserSessions ends all browser sessions of the user, and what ends with them.
func (s *Service) EndBrowserSessions(ctx context.Context, p *issuer.Principal, info issuer.RequestInfo) error {
	return orEnded(s.browsers.EndSessions(ctx, p.UserID(), asOwner(p, info)))
}

// EndApplication ends what an application has in one browser: the session of that id and its
// siblings. storage.ErrNotFound for another user's.
func (s *Service) EndApplication(ctx context.Context, p *issuer.Principal, sessionID string, info issuer.RequestInfo) error {
	return s.browsers.EndApplication(ctx, p.UserID(), sessionID, asOwner(p, info))
}

// SignOutEverywhere ends all sessions of the user, by one step. With keep the browser that asks
// gets a new session, without any application in it; without, the cookie is to go.
func (s *Service) SignOutEverywhere(ctx context.Context, p *issuer.Principal, keep bool, info issuer.RequestInfo) (*issuer.BrowserCookie, error) {
	info = asOwner(p, info)
	after, err := s.Account(p, info).EndAll(ctx, s.stillAlive(p))
	if err != nil || !keep {
		return &issuer.BrowserCookie{Clear: true}, err
	}
	return s.browsers.Renew(ctx, p.Browser(), after, false, info)
}

// Use notes that the browser session of who asks is used.
func (s *Service) Use(ctx context.Context, p *issuer.Principal) error {
	return s.browsers.Use(ctx, p.Browser())
}

func (s *Service) stillAlive(p *issuer.Principal) func(context.Context) error {
	return func(ctx context.Context) error { return s.browsers.StillAlive(ctx, p.Browser()) }
}

// Consent is what a user has allowed a client.
type Consent struct {
	ClientID   string    `json:"client_id"`
	ClientName string    `json:"client_name,omitempty"`
	Scope      string    `json:"scope"`
	Audiences  []string  `json:"audiences,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`

	Client issuer.ClientView  `json:"-"`
	Scopes []issuer.ScopeView `json:"-"` // with their texts
}

// ConsentList is what a user has allowed, in the order of the clients' ids: at most maxListed.
type ConsentList struct {
	Items []Consent `json:"items"`
}

// Consents returns what the user has allowed.
func (s *Service) Consents(ctx context.Context, p *issuer.Principal) (ConsentList, error) {
	all, err := s.browsers.Consents(ctx, p.UserID())
	if err != nil {
		return ConsentList{}, err
	}
	all = all[:min(len(all), maxListed)]
	scopes, err := s.browsers.AllowedScopes(ctx, all)
	if err != nil {
		return ConsentList{}, err
	}
	list := ConsentList{Items: make([]Consent, len(all))}
	for n, c := range all {
		client, err := s.browsers.Client(ctx, c.ClientID)
		if err != nil {
			return ConsentList{}, err
		}
		list.Items[n] = Consent{
			ClientID: c.ClientID, ClientName: client.Name, Scope: strings.Join(c.Scopes, " "), Audiences: c.Audiences,
			CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Client: client, Scopes: scopes[n],
		}
	}
	return list, nil
}

// WithdrawConsent takes back what the user has allowed the client, and ends its sessions of the
// user. storage.ErrNotFound where there is no consent.
func (s *Service) WithdrawConsent(ctx context.Context, p *issuer.Principal, clientID string, info issuer.RequestInfo) error {
	all, err := s.browsers.Consents(ctx, p.UserID())
	switch {
	case err != nil:
		return err
	case !slices.ContainsFunc(all, func(c storage.Consent) bool { return c.ClientID == clientID }):
		return fmt.Errorf("consent: %w", storage.ErrNotFound)
	}
	return s.browsers.RevokeConsent(ctx, p.UserID(), clientID, asOwner(p, info))
}

// asOwner names the user as who acts.
func asOwner(p *issuer.Principal, info issuer.RequestInfo) issuer.RequestInfo {
	info.Actor = p.UserID()
	return info
}

// errEnded means that the user is gone since they were let in.
var errEnded = &issuer.Error{Code: issuer.InvalidToken, Description: "the session has ended"}

// orEnded returns errEnded for a user who is gone.
func orEnded(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errEnded
	}
	return err
}
