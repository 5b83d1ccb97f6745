package endpoints_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
	"example.org/signet/verify"
)

// An API that verifies offline sees a logout within --status-ttl, and a
// living session is not touched; with the issuer gone, it goes on as it chose.
func TestOfflineVerifier_SeesLogout(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	v, err := verify.New(verify.Config{
		Issuer: s.Issuer, Audience: []string{protocoltest.API}, Algorithms: []string{verify.ES256}, HTTPClient: s.HTTP, Now: s.Clock.Now,
		Status: verify.StatusFailClosed, StatusMaxAge: 10 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(token string) error {
		_, err := v.Verify(context.Background(), token)
		return err
	}
	one, two := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Editor, "openid")
	if err := errors.Join(check(one.Access), check(two.Access)); err != nil {
		t.Fatal(err)
	}
	s.Revoke(t, s.Web, one.Refresh)
	s.RefreshStatus(t)
	s.Clock.Advance(time.Minute)
	s.RefreshStatus(t)
	if err := check(one.Access); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("a minute after the logout: %v", err)
	}
	if err := check(two.Access); err != nil {
		t.Errorf("a living session: %v", err)
	}
	s.Server.CloseClientConnections()
	s.Server.Listener.Close()
	s.Clock.Advance(5 * time.Minute)
	if err := check(one.Access); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("with the issuer gone: %v", err)
	}
	if err := check(two.Access); err != nil {
		t.Errorf("a living session with the issuer gone: %v", err)
	}
}

// An API that verifies offline sees that a user has lost a role within --status-ttl,
// though the client does not refresh; the next token says less and counts.
func TestOfflineVerifier_SeesLostRole(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	v, err := verify.New(verify.Config{
		Issuer: s.Issuer, Audience: []string{protocoltest.API}, Algorithms: []string{verify.ES256}, HTTPClient: s.HTTP, Now: s.Clock.Now,
		Status: verify.StatusFailClosed,
	})
	if err != nil {
		t.Fatal(err)
	}
	old, other := s.Login(t, s.Web, s.Editor, "items:write"), s.Login(t, s.Web, s.Alice, "openid")
	if claims, err := v.Verify(t.Context(), old.Access); err != nil || !slices.Contains(claims.Roles, "editor") {
		t.Fatalf("before: %v, %v", claims, err)
	}
	change := admin.UserChange{Roles: &[]string{"user"}}
	if _, err := s.Admin.Operator(testSource).Users().Update(t.Context(), s.Editor.ID, change); err != nil {
		t.Fatal(err)
	}
	s.RefreshStatus(t)
	s.Clock.Advance(time.Minute)
	s.RefreshStatus(t)
	if _, err := v.Verify(t.Context(), old.Access); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("a minute after the role was taken: %v", err)
	}
	next := s.Refresh(t, s.Web, old.Refresh)
	if claims, err := v.Verify(t.Context(), next.Access); err != nil || slices.Contains(claims.Roles, "editor") {
		t.Errorf("the next token: %+v, %v", claims, err)
	}
	if _, err := v.Verify(t.Context(), other.Access); err != nil {
		t.Errorf("somebody else's session: %v", err)
	}
}

// O11, S12: an API that verifies offline refuses the tokens of a browser logout within
// --status-ttl, and those with offline_access live on.
func TestOfflineVerifier_SeesBrowserLogout(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	v, err := verify.New(verify.Config{
		Issuer: s.Issuer, Audience: []string{protocoltest.API}, Algorithms: []string{verify.ES256}, HTTPClient: s.HTTP, Now: s.Clock.Now,
		Status: verify.StatusFailClosed,
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(token string) error {
		_, err := v.Verify(context.Background(), token)
		return err
	}
	app, b := s.AddCodeClient(t, "app"), s.NewBrowser()
	bound := s.Redeem(t, app, b.GetCode(t, app, s.Alice))
	staying := s.Redeem(t, app, b.GetCode(t, app, s.Alice, "scope", "openid offline_access"))
	if err := errors.Join(check(bound.Access), check(staying.Access)); err != nil {
		t.Fatal(err)
	}
	page := b.Open(protocoltest.Logout + "?id_token_hint=" + bound.ID)
	if page.Status != 200 {
		t.Fatalf("logout: %d %s", page.Status, page.Body)
	}
	s.RefreshStatus(t)
	s.Clock.Advance(time.Minute) // --status-ttl
	s.RefreshStatus(t)
	if err := check(bound.Access); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("a minute after the logout: %v", err)
	}
	if err := check(staying.Access); err != nil {
		t.Errorf("with offline_access: %v", err)
	}
}

// What people end on the account page is refused by APIs that verify offline within
// --status-ttl: an application, a browser, a consent with its offline access, and everything.
// S12, N08, O11.
func TestOfflineVerifier_SeesTheAccountPage(t *testing.T) {
	for name, c := range map[string]struct {
		scope, page, form, label string
		other                    bool // it is another browser that is signed out
	}{
		"application": {scope: "openid", page: protocoltest.AccountSessions, form: protocoltest.AccountApps + "/sign-out", label: "app"},
		"browser":     {scope: "openid", page: protocoltest.AccountSessions, form: protocoltest.AccountSessions + "/end", label: "Firefox", other: true},
		"consent":     {scope: "openid offline_access", page: protocoltest.AccountApps, form: protocoltest.AccountApps + "/withdraw", label: "app"},
		"everywhere":  {scope: "openid offline_access", page: protocoltest.AccountSessions, form: protocoltest.AccountSessions + "/end-all"},
	} {
		t.Run(name, func(t *testing.T) {
			s := protocoltest.Start(t, openSQLite)
			app := s.AddCodeClient(t, "app", func(c *storage.Client) { c.Consent = "once" })
			v, err := verify.New(verify.Config{
				Issuer: s.Issuer, Audience: []string{protocoltest.API}, Algorithms: []string{verify.ES256}, HTTPClient: s.HTTP, Now: s.Clock.Now,
				Status: verify.StatusFailClosed,
			})
			if err != nil {
				t.Fatal(err)
			}
			used, asking := s.NewBrowser(), s.NewBrowser()
			used.UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
			tokens := used.Allow(t, app, s.Alice, c.scope, "resource", protocoltest.API)
			if !c.other {
				asking = used
			}
			living := s.NewBrowser().Allow(t, app, s.Editor, c.scope, "resource", protocoltest.API)
			for _, token := range []string{tokens.Access, living.Access} {
				if _, err := v.Verify(t.Context(), token); err != nil {
					t.Fatal(err)
				}
			}
			if c.other {
				asking.SignIn(t, asking.Open(protocoltest.Login), s.Alice)
			}
			asking.SendForm(t, asking.Open(c.page), c.form, c.label)
			s.RefreshStatus(t)
			s.Clock.Advance(time.Minute)
			s.RefreshStatus(t)
			if _, err := v.Verify(t.Context(), tokens.Access); !errors.Is(err, verify.ErrRevoked) {
				t.Errorf("a minute later: %v", err)
			}
			if _, err := v.Verify(t.Context(), living.Access); err != nil {
				t.Errorf("somebody else's: %v", err)
			}
		})
	}
}
