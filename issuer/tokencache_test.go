package issuer_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/signet/issuer"
	"example.org/signet/keys"
)

// J26: that a token was signed here, or seen before, spares the signature check and nothing
// else. Whatever ends it is noticed by the next question.
func TestVerifiedTokenCache(t *testing.T) {
	t.Run("signed here", func(t *testing.T) { testVerifiedTokens(t, false) })
	t.Run("seen before", func(t *testing.T) { testVerifiedTokens(t, true) })
}

// testVerifiedTokens asks the instance that has signed the tokens, or another one.
func testVerifiedTokens(t *testing.T, elsewhere bool) {
	for name, end := range map[string]func(f *fixture, a issuer.TokenResponse){
		"session revoked": func(f *fixture, a issuer.TokenResponse) {
			must(t, f.Revoke(f.ctx, issuer.RevokeRequest{Client: basic("web"), Token: issuer.Secret(a.RefreshToken), Info: f.info}))
		},
		"user disabled": func(f *fixture, _ issuer.TokenResponse) {
			_, err := f.operator().Users().Disable(f.ctx, f.userID("alice"))
			must(t, err)
		},
		"expired": func(f *fixture, _ issuer.TokenResponse) { f.advance(15 * time.Minute) },
		"key revoked": func(f *fixture, _ issuer.TokenResponse) {
			kid, _, err := f.keys.Active()
			must(t, err)
			must(t, f.keys.Revoke(f.ctx, kid, keys.Change{}))
		},
	} {
		f := newFixture(t).withAlice()
		a := f.mustLogin()
		if elsewhere {
			f.Issuer = f.newInstance()
			f.admins = f.adminOf(f.Issuer)
		}
		for range 3 {
			if !f.active(a.AccessToken) {
				t.Fatalf("%s: not active before", name)
			}
		}
		if altered := a.AccessToken[:len(a.AccessToken)-2] + "AA"; altered != a.AccessToken && f.active(altered) {
			t.Errorf("%s: an altered token is active", name)
		}
		end(f, a)
		if f.active(a.AccessToken) {
			t.Errorf("%s: still active", name)
		}
	}
}

// The instance that has signed a token says of it what another one reads in it.
func TestIntrospection_OfATokenSignedHere_IsThatOfAnyInstance(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	refreshed := f.mustRefresh(a.RefreshToken)
	other := f.newInstance()
	for _, token := range []string{a.AccessToken, refreshed.AccessToken} {
		here := f.introspect("web", token)
		there, err := other.Introspect(f.ctx, issuer.IntrospectRequest{Client: basic("web"), Token: issuer.Secret(token), Info: f.info})
		must(t, err)
		if diff := cmp.Diff(there, here, cmpopts.EquateEmpty()); diff != "" || !here.Active {
			t.Errorf("active: %t, %s", here.Active, diff)
		}
	}
}
