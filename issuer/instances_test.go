package issuer_test

import (
	"testing"

	"example.org/signet/issuer"
)

// A session of the client's new epoch, opened at an instance that knows of it,
// is alive at one that still remembers the old epoch: no "no" comes from memory.
func TestNewEpochSeenByAnInstanceThatRemembersTheOld(t *testing.T) {
	f := newFixture(t).withAlice()
	f.mustLogin() // this instance remembers the client from now on
	other := f.newInstance()
	_, err := other.RotateClientSecret(f.ctx, "web", issuer.SecretRotation{Secret: secretOf("web"), Revoke: true}, f.info)
	must(t, err)
	a, err := other.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass, Info: f.info})
	must(t, err)
	if !f.active(a.AccessToken) {
		t.Error("the access token is refused from memory")
	}
	f.mustRefresh(a.RefreshToken)
}
