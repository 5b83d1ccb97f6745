package issuer_test

import (
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/keys"
)

// J26: that a token was seen before spares the signature check and nothing
// else. Whatever ends it is noticed by the next question.
func TestVerifiedTokenCache(t *testing.T) {
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
