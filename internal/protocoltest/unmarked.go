package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// What ends many sessions raises an epoch, which is what counts; the mark on
// each session only makes the end visible. These cases keep the marks away.
var unmarkedCases = []testCase{
	{name: "R16 R17 R18 X45 what ends many sessions needs no mark on any", run: testEndWithoutMarks},
	{name: "R16 R17 a disabled user or client whose sessions cannot be marked", run: testDisabledWithoutMarks},
}

// testEndWithoutMarks plays every end of a session with RevokeAll left out.
func testEndWithoutMarks(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	apps := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	for n, e := range sessionEndings(t) {
		name := "unmarked-" + strings.Repeat("x", n)
		c := a.AddClient(t, name, admin.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}})
		p := a.AddUser(t, name+"y", "user")
		tokens := a.Login(t, c, p, "openid")
		for _, instance := range []*Signet{a, b} { // remembers user, client and token
			if !instance.Active(t, a.ResourceServer, tokens.Access) {
				t.Fatalf("%s: not active before", e.name)
			}
		}
		a.Store.LeaveOut("RevokeAll")
		must(t, e.end(a, c, p, tokens))
		a.Store.Reset()
		a.Clock.Advance(a.options.Issuer.CacheTTL) // b may have remembered the client until now
		for _, instance := range []*Signet{b, a} {
			expectRejectedAndInactive(t, instance, e.name, c, tokens)
		}
	}
}

// expectRejectedAndInactive expects that neither token counts, also where the
// client is not there any more.
func expectRejectedAndInactive(t *testing.T, s *Signet, what string, c Client, tokens Tokens) {
	t.Helper()
	if s.Active(t, s.ResourceServer, tokens.Access) {
		t.Errorf("%s: the access token is active", what)
	}
	if got := s.TryRefresh(c, tokens.Refresh); got.Status != http.StatusBadRequest && got.Status != http.StatusUnauthorized {
		t.Errorf("%s: a refresh is answered %d", what, got.Status)
	}
}

// testDisabledWithoutMarks lets RevokeAll fail: the administrator is told that
// the outcome is unknown, and enables again what is disabled.
func testDisabledWithoutMarks(t *testing.T, s *Signet) {
	ctx, yes, no := context.Background(), true, false
	next := s.NewSecret("rotated-secret")
	for _, c := range []struct {
		name      string
		end, undo func() error
		client    Client // afterwards
	}{
		{"user disabled", func() error { return secondError(s.operator().Users().Disable(ctx, s.Alice.ID)) },
			func() error { return secondError(s.operator().Users().Enable(ctx, s.Alice.ID)) }, s.Web},
		{"client disabled", func() error {
			return secondError(s.operator().Clients().Update(ctx, s.Web.ID, admin.ClientChange{Disabled: &yes}))
		}, func() error {
			return secondError(s.operator().Clients().Update(ctx, s.Web.ID, admin.ClientChange{Disabled: &no}))
		}, s.Web},
		{"client secret revoked", func() error {
			rotation := admin.SecretRotation{Secret: issuer.Secret(next), Revoke: true}
			return secondError(s.operator().Clients().RotateSecret(ctx, s.Web.ID, rotation))
		}, func() error { return nil }, Client{s.Web.ID, next}},
	} {
		tokens := s.Login(t, s.Web, s.Alice, "openid")
		s.Store.Before(failMethod("RevokeAll"))
		if err := c.end(); err == nil {
			t.Errorf("%s: no error where sessions could not be marked", c.name)
		}
		s.Store.Reset()
		must(t, c.undo())
		if session, err := s.backend.Session(ctx, sessionOf(t, tokens)); err != nil || !session.RevokedAt.IsZero() {
			t.Fatalf("%s: the session was marked (%v): this judges nothing", c.name, err)
		}
		expectRejectedAndInactive(t, s, c.name, c.client, tokens)
	}
}
