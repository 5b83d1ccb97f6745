package issuer_test

import (
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// Old and new secret work for the overlap, to the second; --revoke means both at
// once: no overlap, no session.
func TestSecretOverlap(t *testing.T) {
	for _, secrets := range [][3]issuer.Secret{
		{"a-first-secret-of-32-characters-and-more", "a-second-secret-of-32-characters-or-more", "a-third-secret-of-32-characters-and-more"},
		{"slow-one", "slow-two", "slow-three"}, // hashed like passwords
	} {
		f := newFixture(t).withAlice()
		grants := []string{issuer.GrantClientCredentials}
		_, err := f.operator().Clients().Create(f.ctx, admin.NewClient{ID: "worker", Secret: secrets[0], Settings: admin.ClientChange{Grants: &grants}})
		must(t, err)
		works := func(i *issuer.Issuer, want ...bool) {
			t.Helper()
			for n, secret := range secrets {
				_, err := i.Token(f.ctx, issuer.TokenRequest{
					Client: issuer.ClientAuth{ID: "worker", Secret: secret, Method: issuer.AuthBasic}, Grant: issuer.GrantClientCredentials, Info: f.info,
				})
				if (err == nil) != want[n] {
					t.Errorf("secret %d: %v, want %t", n, err, want[n])
				}
			}
		}
		rotate := func(n int, overlap time.Duration) {
			t.Helper()
			_, err := f.operator().Clients().RotateSecret(f.ctx, "worker", admin.SecretRotation{Secret: secrets[n], Overlap: overlap})
			must(t, err)
		}
		other := f.newInstance()
		works(other, true, false, false)
		rotate(1, time.Hour)
		works(f.Issuer, true, true, false)
		works(other, true, true, false) // the new one at once, though the client is remembered
		f.advance(time.Hour - time.Millisecond)
		works(other, true, true, false)
		f.advance(time.Millisecond)
		works(other, false, true, false)
		works(f.Issuer, false, true, false)

		rotate(2, time.Hour)
		rotate(0, 0) // without overlap: whatever was before stops
		works(f.Issuer, true, false, false)
		f.advance(6 * time.Second)
		works(other, true, false, false)
	}
}

// A client that is deleted and made again has none of the sessions of then.
func TestClientMadeAgainHasNoSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	before, err := f.store.Client(f.ctx, "web")
	must(t, err)
	must(t, f.store.Store.DeleteClient(f.ctx, "web", 0)) // and nothing else: the marking was cut off
	f.advance(time.Second)
	f.client("web", admin.ClientChange{Grants: &before.Grants, Scopes: &before.Scopes, Audiences: &before.Audiences})
	_, err = f.refreshWith("web", a.RefreshToken)
	wantCode(t, "a session of the client before", err, issuer.InvalidGrant)
}
