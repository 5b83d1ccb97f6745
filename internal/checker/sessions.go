package checker

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"example.org/signet/storage"
)

func (b *records) checkSessions() {
	ids, places := map[string]bool{}, map[int64]string{}
	for _, s := range b.sessions {
		if ids[s.ID] {
			b.report(1, "session %s is there twice", s.ID)
		}
		ids[s.ID] = true
		b.checkSession(s)
		for _, place := range []int64{s.StatusIndex, s.RetiredIndex} {
			if other, taken := places[place]; taken && place != 0 {
				b.report(1, "sessions %s and %s have place %d in the status lists", s.ID, other, place)
			}
			places[place] = s.ID
		}
		if role := b.roleTaken(s); role != "" {
			b.report(2, "session %s has lost the role %q, and its place in the status lists is not retired", s.ID, role)
		}
		if why := b.whyEnded(s); why != "" && !b.isPending(s) {
			b.report(2, "session %s is not marked as revoked, though its %s", s.ID, why)
		}
		if u, there := b.users[s.UserID]; there && u.Disabled && b.matchesUserEpoch(u, s) && s.RevokedAt.IsZero() {
			b.report(2, "session %s would come back to life with its user", s.ID)
		}
		if c, there := b.clients[s.ClientID]; there && c.Disabled && c.Epoch == s.ClientEpoch && s.RevokedAt.IsZero() {
			b.report(2, "session %s would come back to life with its client", s.ID)
		}
	}
}

func (b *records) checkSession(s storage.Session) {
	switch {
	case s.Generation == storage.PendingGeneration:
		b.checkPending(s)
	case s.Code != (storage.Code{}):
		b.report(1, "session %s keeps what its code was bound to", s.ID)
	case s.Generation < 0 || s.Replays < 0 || s.RightsVersion < 0 || s.StatusIndex < 0 || s.RetiredIndex < 0:
		b.report(1, "session %s counts below 0", s.ID)
	case s.Generation == 0 && !s.RotatedAt.Equal(s.CreatedAt):
		b.report(1, "session %s was rotated without a new generation", s.ID)
	case !s.CreatedAt.Before(s.ExpiresAt) || !s.RotatedAt.Before(s.ExpiresAt):
		b.report(1, "session %s was refreshed after its end", s.ID)
	case s.RevokedAt.IsZero() != (s.Reason == ""):
		b.report(1, "session %s is revoked at %v for the reason %q", s.ID, s.RevokedAt, s.Reason)
	}
}

// checkPending checks a session whose code was not redeemed: nothing was issued for it.
func (b *records) checkPending(s storage.Session) {
	switch {
	case s.Replays != 0 || s.RightsVersion != 0 || s.StatusIndex != 0 || s.RetiredIndex != 0:
		b.report(1, "session %s has tokens, and its code was not redeemed", s.ID)
	case s.Code == (storage.Code{}) && !s.RevokedAt.IsZero(): // a restore takes the codes away
	case s.Code.RedirectHash == "" || s.CodeCheck == "" || s.CodePKCE != (s.Code.Challenge != ""):
		b.report(1, "session %s has a code that is bound to nothing", s.ID)
	case !s.CreatedAt.Before(s.ExpiresAt) || s.ExpiresAt.Sub(s.CreatedAt) > time.Hour:
		b.report(1, "session %s has a code that lives from %v to %v", s.ID, s.CreatedAt, s.ExpiresAt)
	}
}

// matchesUserEpoch tells whether nothing has ended the session on the user's side: it
// carries the epochs of store and user, or is the one that was kept.
func (b *records) matchesUserEpoch(u storage.User, s storage.Session) bool {
	kept := u.KeptSession == s.ID && u.KeptEpoch == b.epoch.Number
	return kept || s.UserEpoch == b.epoch.Number<<32|u.Epoch
}

// consoleClient is the client of the console, which is in no store.
const consoleClient = "signet-console"

// whyEnded says why a session that is not marked cannot be alive; "" where it can.
func (b *records) whyEnded(s storage.Session) string {
	if !s.RevokedAt.IsZero() || !b.Now.Before(s.ExpiresAt) {
		return ""
	}
	u, user := b.users[s.UserID]
	c, client := b.clients[s.ClientID]
	switch {
	case !user:
		return "user is gone"
	case !client && s.ClientID != consoleClient:
		return "client is gone"
	case !b.matchesUserEpoch(u, s):
		return "user's epoch is over"
	case c.Epoch != s.ClientEpoch:
		return "client's epoch is over"
	}
	return ""
}

// roleTaken returns a role that the session's newest token names and its user does not hold,
// where nobody has marked that or will; "" for none.
func (b *records) roleTaken(s storage.Session) string {
	u, there := b.users[s.UserID]
	if !there || s.StatusRetired || s.StatusIndex == 0 || !s.RevokedAt.IsZero() || !b.Now.Before(s.ExpiresAt) {
		return ""
	}
	for _, e := range b.pending {
		if e.Kind == storage.PendingRights && e.UserID == s.UserID {
			return ""
		}
	}
	for _, role := range s.Roles {
		if !slices.Contains(u.Roles, role) {
			return role
		}
	}
	return ""
}

// isPending tells whether the session will still be marked.
func (b *records) isPending(s storage.Session) bool {
	for _, e := range b.pending {
		if e.Kind != storage.PendingEnd {
			continue
		}
		if e.UserID == s.UserID || e.ClientID == s.ClientID || e.UserID == "" && e.ClientID == "" {
			return true
		}
	}
	return false
}

// checkTokens asks every instance about tokens of sessions that are dead.
func (b *records) checkTokens() {
	sessions := byName(b.sessions, func(s storage.Session) string { return s.ID })
	for _, token := range b.Tokens {
		s, there := sessions[sidOf(token)]
		line := 2
		switch {
		case there && !s.RevokedAt.IsZero():
			line = 1
		case !there, b.whyEnded(s) == "" && !b.users[s.UserID].Disabled && !b.clients[s.ClientID].Disabled:
			continue
		}
		for n, i := range b.Instances {
			if i.Active != nil && i.Active(token) {
				b.report(line, "instance %d: a token of session %s is active, the session is dead", n, s.ID)
			}
		}
	}
}

func sidOf(token string) string {
	var claims struct {
		Session string `json:"sid"`
	}
	if parts := strings.Split(token, "."); len(parts) == 3 {
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(payload, &claims)
	}
	return claims.Session
}
