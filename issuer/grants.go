package issuer

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/storage"
)

// The grants that the token endpoint knows.
const (
	GrantPassword          = "password"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantAuthorizationCode = "authorization_code"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code" // RFC 8628 §3.4
)

// grantTypes lists every grant once. The token endpoint, the settings of
// clients, metrics and discovery derive from it what is known.
var grantTypes = []struct {
	name string
	new  func(*Issuer) grant
}{
	{GrantAuthorizationCode, newCodeGrant},
	{GrantClientCredentials, newClientCredentialsGrant},
	{GrantDeviceCode, newDeviceGrant},
	{GrantRefreshToken, newRefreshGrant},
	{GrantPassword, newPasswordGrant},
}

// GrantTypes returns the names of all grants, in the order in which discovery
// lists them.
func GrantTypes() []string {
	names := make([]string, len(grantTypes))
	for n, g := range grantTypes {
		names[n] = g.name
	}
	return names
}

// KnownGrant tells whether a client can have a grant of that name.
func KnownGrant(name string) bool { return slices.Contains(GrantTypes(), name) }

// newGrants builds every grant over the few parts of the issuer that it uses, by
// its name.
func newGrants(i *Issuer) map[string]grant {
	grants := make(map[string]grant, len(grantTypes))
	for _, g := range grantTypes {
		grants[g.name] = g.new(i)
	}
	return grants
}

// grant is one way to get tokens. It owns what is special to it and nothing of
// what the pipeline checks and computes. It writes nothing into the request.
type grant interface {
	// policy declares what the tokens may say at most.
	policy() scopePolicy

	// identify finds out on whose behalf tokens are asked for.
	identify(ctx context.Context, req *grantRequest) (subject, error)

	// complete records that the subject gets these rights.
	complete(ctx context.Context, req *grantRequest, who subject, r rights) (grantResult, error)
}

// subject is on whose behalf tokens are asked for.
type subject struct {
	user     *storage.UserState // nil for a client on its own behalf
	record   *storage.User      // of user; nil for a client on its own behalf, and in a refresh, which does not read it
	session  *storage.Session   // the session that goes on; nil for none
	handle   handle             // of session
	issuedAt time.Time          // when session was rotated
	event    string             // TokenResponse.Event
	login    *pendingLogin      // the right password of the user; nil for none
}

// newSubject returns a user whose record was read.
func newSubject(u storage.User) subject {
	state := u.State()
	return subject{user: &state, record: &u}
}

// refused settles the login of a subject that gets nothing, and returns the reason.
func (s subject) refused(ctx context.Context, reason error) error {
	var e *Error
	if s.login == nil || errors.As(reason, &e) && e.Code == Unavailable {
		return reason
	}
	if _, err := s.login.record(ctx, storage.LoginRecord{}, nil); err != nil {
		return err
	}
	return reason
}

// grantResult is what a grant has decided: what tokens are made from.
type grantResult struct {
	issuedAt time.Time
	event    string             // TokenResponse.Event
	user     *storage.UserState // nil for a client on its own behalf
	record   *storage.User      // of user; nil in a refresh whose ID token needs none
	session  *storage.Session   // nil for a client on its own behalf
	rights   rights
	refresh  string // the refresh token to hand out; "" for none
	idToken  bool
	nonce    string // of the ID token; "" for none
}
