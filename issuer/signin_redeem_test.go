package issuer_test

import (
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

const appVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B

func (b *browser) redeem(o issuer.Outcome) (issuer.TokenResponse, error) {
	b.t.Helper()
	wantCodeOf(b.t, "to redeem", o)
	return b.Token(b.ctx, issuer.TokenRequest{
		Client: issuer.ClientAuth{ID: "app", Method: issuer.AuthNone}, Grant: issuer.GrantAuthorizationCode,
		AuthCode: issuer.Secret(answer(o, "code")), RedirectURI: appURI, CodeVerifier: appVerifier, Info: b.info,
	})
}

// C19, S14, N03: what the code gives says when the user logged in, and not the browser session.
func TestSignIn_Code_GivesTokensOfTheLogin(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	login := f.clock.Now()
	f.advance(time.Hour)
	tokens, err := b.redeem(b.authorize(request("nonce", "n1", "scope", "openid items:read offline_access")))
	must(t, err)
	_, claims := claimsOf(t, tokens.IDToken)
	if claims["auth_time"] != float64(login.Unix()) || claims["nonce"] != "n1" || claims["sub"] != f.userID("alice") || claims["aud"] != "app" {
		t.Errorf("%v", claims)
	}
	if sid := claims["sid"]; sid == "" || sid == f.browserSessions("alice")[0].ID || sid == f.browserSessions("alice")[0].RootID {
		t.Errorf("sid %v", sid)
	}
	if !hasScope(tokens.Scope, "offline_access") || tokens.RefreshToken == "" {
		t.Errorf("%s", tokens.Scope)
	}
}

// C20: what ends the session between login and redemption ends the code.
func TestSignIn_Code_EndsWithTheUserTheClientAndTheLogout(t *testing.T) {
	for name, end := range map[string]func(*fixture, *browser){
		"user disabled":    func(f *fixture, _ *browser) { f.updateUser("alice", func(u *storage.User) { u.Disabled = true }) },
		"password changed": func(f *fixture, _ *browser) { f.updateUser("alice", func(u *storage.User) { u.Epoch++ }) },
		"client disabled": func(f *fixture, _ *browser) {
			c, err := f.store.Store.Client(f.ctx, "app")
			must(f.t, err)
			c.Disabled = true
			_, err = f.store.UpdateClient(f.ctx, c)
			must(f.t, err)
			f.InvalidateClient("app")
		},
		"restored": func(f *fixture, _ *browser) {
			_, err := f.store.RaiseEpoch(f.ctx, storage.EpochRaise{At: f.clock.Now()})
			must(f.t, err)
		},
		"signed out": func(f *fixture, b *browser) {
			u, err := b.signIn.Session(f.ctx, b.cookie)
			must(f.t, err)
			must(f.t, b.signOut(u))
		},
		"consent revoked": func(f *fixture, b *browser) {
			must(f.t, b.OwnBrowsers().RevokeConsent(f.ctx, f.userID("alice"), "app", b.info))
		},
		"a minute later": func(f *fixture, _ *browser) { f.advance(time.Minute) },
	} {
		f, b := newSignInFixture(t)
		o := b.logIn(request())
		end(f, b)
		want := issuer.InvalidGrant
		if name == "client disabled" {
			want = issuer.InvalidClient
		}
		_, err := b.redeem(o)
		wantCode(t, name, err, want)
	}
}

// The tokens of an application end with the browser session that they were born in, but those
// with offline_access.
func TestSignIn_SignedOut_EndsTheBoundTokens(t *testing.T) {
	f, b := newSignInFixture(t)
	bound, err := b.redeem(b.logIn(request()))
	must(t, err)
	offline, err := b.redeem(b.authorize(request("scope", "openid offline_access")))
	must(t, err)
	b.logIn(request("prompt", "login")) // a new cookie
	u, err := b.signIn.Session(b.ctx, b.cookie)
	must(t, err)
	list, err := b.OwnBrowsers().Sessions(b.ctx, u.User.ID, u)
	must(t, err)
	if len(list) != 1 || len(list[0].Clients) != 1 || list[0].Clients[0] != "app" {
		t.Errorf("%+v", list)
	}
	must(t, b.signOut(u))
	for _, tt := range []struct {
		name  string
		token issuer.TokenResponse
		want  bool
	}{{"bound", bound, false}, {"offline_access", offline, true}} {
		if got := f.introspect("api", tt.token.AccessToken).Active; got != tt.want {
			t.Errorf("%s: active %t", tt.name, got)
		}
	}
}
