package issuer_test

import (
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// A session of the client's new epoch, started at an instance that has read it, is
// active at one whose cache still holds the old epoch: it reads the client again
// before it rejects.
func TestNewEpochSeenByAnInstanceThatRemembersTheOld(t *testing.T) {
	f := newFixture(t).withAlice()
	f.mustLogin() // this instance caches the client
	other := f.newInstance()
	_, err := f.adminOf(other).Operator(f.info).Clients().RotateSecret(f.ctx, "web", admin.SecretRotation{Secret: secretOf("web"), Revoke: true})
	must(t, err)
	a, err := other.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass, Info: f.info})
	must(t, err)
	if !f.active(a.AccessToken) {
		t.Error("the access token is rejected from a cached record")
	}
	f.mustRefresh(a.RefreshToken)
}
