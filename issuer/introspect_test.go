package issuer_test

import (
	"testing"
	"time"

	"example.org/signet/issuer"
)

// I03, I04: whatever is not active, or not the caller's business, is told apart
// by nothing.
func TestIntrospectionSaysNothingElse(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	old, id := a.RefreshToken, a.IDToken
	a = f.mustRefresh(a.RefreshToken)
	foreign := newFixture(t).withAlice().mustLogin()
	tampered := a.AccessToken[:len(a.AccessToken)-4] + "AAAA"
	for name, ask := range map[string][2]string{
		"another client's access token":  {"other", a.AccessToken},
		"another client's refresh token": {"other", a.RefreshToken},
		"refresh token, asked by an API": {"api", a.RefreshToken},
		"older refresh token":            {"web", old},
		"another issuer's":               {"web", foreign.AccessToken},
		"another issuer's refresh token": {"web", foreign.RefreshToken},
		"tampered":                       {"web", tampered},
		"ID token":                       {"web", id},
		"garbage":                        {"web", "garbage"},
		"garbage with dots":              {"web", "a.b.c"},
	} {
		if got := f.introspect(ask[0], ask[1]); got.Active || got.Subject != "" || got.Issuer != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	f.advance(15*time.Minute - time.Second)
	if !f.active(a.AccessToken) {
		t.Error("inactive a second before its end")
	}
	f.advance(time.Second)
	if f.active(a.AccessToken) {
		t.Error("active at its end")
	}
}

// RFC 7009 §2.1: one token revoked ends its session; a client's own token ends
// alone; another client's is left alone without a word.
func TestRevocation(t *testing.T) {
	f := newFixture(t).withAlice()
	revoke := func(client, token string) {
		t.Helper()
		must(t, f.Revoke(f.ctx, issuer.RevokeRequest{Client: basic(client), Token: issuer.Secret(token), Info: f.info}))
	}
	pick := map[string]func(issuer.TokenResponse) string{
		"access token":  func(a issuer.TokenResponse) string { return a.AccessToken },
		"refresh token": func(a issuer.TokenResponse) string { return a.RefreshToken },
	}
	for name, of := range pick {
		a, b := f.mustLogin(), f.mustLogin()
		revoke("other", of(a))
		if !f.active(a.AccessToken) {
			t.Errorf("%s: another client revoked it", name)
		}
		revoke("web", of(a))
		revoke("web", of(a))
		if f.active(a.AccessToken) || f.active(a.RefreshToken) || !f.active(b.AccessToken) {
			t.Errorf("%s: own session active %t, other session active %t", name, f.active(a.AccessToken), f.active(b.AccessToken))
		}
	}
	for _, token := range []string{"unknown", "a.b.c", newFixture(t).withAlice().mustLogin().RefreshToken} {
		revoke("web", token)
	}
	cc, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantClientCredentials, Info: f.info})
	must(t, err)
	if !f.introspect("api", cc.AccessToken).Active {
		t.Fatal("a fresh client token is inactive")
	}
	revoke("web", cc.AccessToken)
	if f.introspect("api", cc.AccessToken).Active {
		t.Error("a revoked client token is active")
	}
}

func TestUserInfo(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	got, err := f.UserInfo(f.ctx, issuer.Secret(a.AccessToken))
	must(t, err)
	_, id := claimsOf(t, a.IDToken)
	if got.Subject != id["sub"] || got.Email != "alice@example.org" || got.PreferredUsername != "alice" || got.PhoneNumber != "" {
		t.Errorf("userinfo %+v", got)
	}
	narrow, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass, Scope: "openid", Info: f.info})
	must(t, err)
	if got, err = f.UserInfo(f.ctx, issuer.Secret(narrow.AccessToken)); err != nil || got.Email != "" || got.PreferredUsername != "" {
		t.Errorf("with openid alone: %+v, %v", got, err)
	}
	other, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic("other"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass, Info: f.info})
	must(t, err)
	_, err = f.UserInfo(f.ctx, issuer.Secret(other.AccessToken))
	wantCode(t, "without openid", err, issuer.InsufficientScope)
	for name, token := range map[string]string{"ID token": a.IDToken, "refresh token": a.RefreshToken, "nothing": ""} {
		_, err = f.UserInfo(f.ctx, issuer.Secret(token))
		wantCode(t, name, err, issuer.InvalidToken)
	}
	_, err = f.operator().Users().Disable(f.ctx, f.userID("alice"))
	must(t, err)
	_, err = f.UserInfo(f.ctx, issuer.Secret(a.AccessToken))
	wantCode(t, "disabled since", err, issuer.InvalidToken)
}
