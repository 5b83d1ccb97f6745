package admin

import (
	"strings"
	"time"

	"example.org/signet/storage"
)

// Session is a login as administrators see it, and its user.
type Session struct {
	ID          string     `json:"sid"`
	UserID      string     `json:"user_id"`
	ClientID    string     `json:"client_id"`
	Scope       string     `json:"scope"`
	Audience    []string   `json:"audience"`
	Device      string     `json:"device,omitempty"`  // what logged in, by its own word
	Network     string     `json:"network,omitempty"` // from where: a prefix of the address
	Active      bool       `json:"active"`
	Current     bool       `json:"current,omitempty"` // the one that asks
	CreatedAt   time.Time  `json:"created_at"`
	RefreshedAt time.Time  `json:"refreshed_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
	Reason      string     `json:"reason,omitempty"`
}

// SessionList is one page of sessions.
type SessionList struct {
	Items []Session `json:"items"`
	Next  string    `json:"next,omitempty"`
}

// toSession returns the session as administrators see it at that time.
func (s *Service) toSession(rec storage.Session, now time.Time) Session {
	v := Session{
		ID: rec.ID, UserID: rec.UserID, ClientID: rec.ClientID, Scope: strings.Join(rec.Scopes, " "), Audience: rec.Audience,
		Device: rec.Device, Network: rec.Network,
		Active:    rec.RevokedAt.IsZero() && now.Before(rec.ExpiresAt) && now.Before(rec.RotatedAt.Add(s.cfg.RefreshTokenTTL)),
		CreatedAt: rec.CreatedAt, RefreshedAt: rec.RotatedAt, ExpiresAt: rec.ExpiresAt, Reason: rec.Reason,
	}
	if !rec.RevokedAt.IsZero() {
		v.RevokedAt = &rec.RevokedAt
	}
	return v
}
