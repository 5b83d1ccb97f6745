package storagetest

import (
	"fmt"
	"time"

	"example.org/signet/storage"
)

// start is when every test begins: whole milliseconds that are no whole second.
var start = time.Date(2026, time.March, 1, 12, 30, 15, 123_000_000, time.UTC)

// The records made here have every field set, each to something of its own, so
// that a field that is lost or swapped shows.

func newUser(n int) storage.User {
	name := fmt.Sprintf("user-%03d", n)
	return storage.User{
		ID:            fmt.Sprintf("user-id-%03d", n),
		Username:      name,
		Email:         name + "@example.org",
		EmailVerified: true,
		FullName:      "Full Name of " + name,
		Phone:         fmt.Sprintf("+49 30 %06d", n),
		Roles:         []string{"editor", "user"},
		PasswordHash:  "$argon2id$v=19$m=19456,t=2,p=1$" + name,
		Disabled:      n%2 == 1,

		MustChangePassword: n%3 == 1,
		Attributes:         fmt.Sprintf(`{"a":{"since":%d,"value":"b"}}`, n),

		Epoch:       int64(n) + 3,
		KeptSession: fmt.Sprintf("session-%03d", n),
		KeptEpoch:   int64(n) + 11,
		Version:     1,
		CreatedAt:   start.Add(time.Duration(n) * time.Second),
		UpdatedAt:   start.Add(time.Duration(n)*time.Second + time.Minute),
	}
}

func newRole(n int) storage.Role {
	return storage.Role{
		Name:           fmt.Sprintf("role-%03d", n),
		Description:    fmt.Sprintf("may do %d things", n),
		Scopes:         []string{"items:read", "items:write"},
		Rank:           int64(n) * 10,
		BuiltIn:        n%2 == 1,
		Authentication: fmt.Sprintf("mfa-%d", n),
		Replaces:       []string{"", "role-000"}[n%2],
		Deleting:       n%3 == 1,
		Version:        1,
		CreatedAt:      start.Add(time.Duration(n) * time.Second),
		UpdatedAt:      start.Add(time.Duration(n)*time.Second + time.Minute),
	}
}

func newClient(n int) storage.Client {
	return storage.Client{
		ID:               fmt.Sprintf("client-%03d", n),
		Name:             fmt.Sprintf("Client %d", n),
		Public:           n%2 == 0,
		SecretHash:       fmt.Sprintf("sha256:%d", n),
		OldSecretHash:    fmt.Sprintf("sha256:old-%d", n),
		OldSecretUntil:   start.Add(time.Duration(n) * time.Hour),
		Grants:           []string{"password", "refresh_token"},
		Scopes:           []string{"openid", "items:read"},
		OwnScopes:        []string{"items:read"},
		OwnRank:          int64(n) + 100,
		Audiences:        []string{"https://api.example.com"},
		Resources:        []string{"https://own.example.com"},
		Origins:          []string{"https://app.example.com"},
		IDTokenOnRefresh: n%3 == 1,
		TrustClientIP:    n%3 == 2,
		Disabled:         n%2 == 1,

		RedirectURIs:            []string{"https://app.example.com/callback?a=1&b=2", "com.example.app:/callback"},
		PostLogoutRedirectURIs:  []string{"https://app.example.com/bye"},
		BackchannelLogoutURI:    fmt.Sprintf("https://app.example.com/logout/%d", n),
		BackchannelSession:      n%2 == 1,
		InitiateLoginURI:        fmt.Sprintf("https://app.example.com/login/%d", n),
		PKCEOptional:            n%3 == 1,
		LocalhostPorts:          n%3 == 2,
		Authentication:          fmt.Sprintf("mfa-%d", n),
		PasswordGrantWithoutMFA: n%2 == 1,
		Consent:                 "once",
		AuthMethod:              "client_secret_post",
		DefaultMaxAge:           maxAge(n),
		RequireAuthTime:         n%2 == 0,

		HomeURI:   fmt.Sprintf("https://app.example.com/%d", n),
		LogoURI:   fmt.Sprintf("https://app.example.com/%d.png", n),
		PolicyURI: fmt.Sprintf("https://app.example.com/%d/policy", n),
		TermsURI:  fmt.Sprintf("https://app.example.com/%d/terms", n),
		Contacts:  []string{"ann@example.org", "bob@example.org"},

		Epoch:     int64(n) + 5,
		Version:   1,
		CreatedAt: start.Add(time.Duration(n) * time.Second),
		UpdatedAt: start.Add(time.Duration(n)*time.Second + time.Minute),
	}
}

// maxAge is none, 0 or more seconds: none and 0 are not the same.
func maxAge(n int) *int64 {
	if n%3 == 0 {
		return nil
	}
	seconds := int64(n%3-1) * 3600
	return &seconds
}

// newSession is alive until an hour after start. No answer of its was asked for
// again, so that a rotation, which sets that to 0, changes nothing else.
func newSession(n int) storage.Session {
	return storage.Session{
		ID:            fmt.Sprintf("session-%03d", n),
		UserID:        "user-id-001",
		ClientID:      "client-001",
		Scopes:        []string{"openid", "items:read"},
		Audience:      []string{"https://api.example.com", "https://other.example.com"},
		Generation:    0,
		RotatedAt:     start.Add(time.Duration(n) * time.Millisecond),
		CreatedAt:     start.Add(time.Duration(n)*time.Millisecond - time.Second),
		ExpiresAt:     start.Add(time.Hour),
		AuthTime:      start.Add(-time.Minute),
		UserEpoch:     int64(n) + 7,
		ClientEpoch:   int64(n) + 9,
		StatusIndex:   int64(n) + 1000,
		Device:        fmt.Sprintf("Firefox %d on Linux", n),
		Network:       fmt.Sprintf("192.0.%d.0/24", n),
		RightsVersion: int64(n) + 3,
		Roles:         []string{"editor", "user"},
		DeniedScopes:  []string{"items:write"},

		DeniedAudiences: []string{"https://other.example.com"},
		StatusRetired:   n%2 == 0,
	}
}

// rotationOf moves s on from its generation, a minute after start.
func rotationOf(s storage.Session) storage.Rotation {
	return storage.Rotation{
		SessionID: s.ID,
		ClientID:  s.ClientID,
		From:      s.Generation,
		At:        start.Add(time.Minute),
		IdleSince: start.Add(-time.Hour),
	}
}

// replayOf asks for the newest answer of s again, a minute after start.
func replayOf(s storage.Session) storage.Replay {
	return storage.Replay{
		SessionID:  s.ID,
		ClientID:   s.ClientID,
		Generation: s.Generation,
		At:         start.Add(time.Minute),
		Since:      start.Add(-time.Minute),
		Until:      start.Add(2 * time.Minute),
		IdleSince:  start.Add(-time.Hour),
		Limit:      3,
	}
}

func newKey(seq int64) storage.Key {
	return storage.Key{
		Seq:                    seq,
		KID:                    fmt.Sprintf("kid-%03d", seq),
		Alg:                    "RS256",
		PublicJWK:              fmt.Appendf(nil, `{"kty":"RSA","kid":"kid-%03d"}`, seq),
		Sealed:                 []byte{0, 1, 2, 0xff, 0xfe, byte(seq)},
		CreatedAt:              start.Add(time.Duration(seq) * time.Second),
		ActivatesAt:            start.Add(time.Duration(seq) * time.Hour),
		PredecessorActivatesAt: start.Add(time.Duration(seq)*time.Hour - time.Minute),
		Restores:               fmt.Sprintf("kid-%03d", seq-1),
		RestoresAt:             start.Add(time.Duration(seq) * time.Minute),
		VerifiesUntil:          start.Add(time.Duration(seq) * 24 * time.Hour),
	}
}

func newEvent(n int) storage.AuditEvent {
	return storage.AuditEvent{
		ID:        fmt.Sprintf("event-%03d", n),
		At:        start.Add(time.Duration(n) * time.Second),
		Type:      "login.succeeded",
		Actor:     "user-id-001",
		Target:    "user-id-002",
		ClientID:  "client-001",
		Address:   "192.0.2.7",
		RequestID: fmt.Sprintf("request-%03d", n),
		Detail:    "by password",
		Writer:    "writer-001",
		Seq:       int64(n) + 1,
		Prev:      fmt.Sprintf("event-%03d:hash", n-1),
		Seen:      "event-a:hash event-b:hash",
		KeyID:     "key-001",
		MAC:       fmt.Sprintf("mac-%03d", n),
	}
}
