package issuer_test

import (
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

func hasScope(scope, s string) bool {
	for _, have := range strings.Fields(scope) {
		if have == s {
			return true
		}
	}
	return false
}

// What each request costs, pinned: reads, writes, signatures, hash evaluations.
func TestCosts(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	openid := func(on bool) {
		_, err := f.operator().Clients().Update(f.ctx, "web", admin.ClientChange{IDTokenOnRefresh: &on})
		must(t, err)
		a = f.mustRefresh(a.RefreshToken)
	}
	refresh := func() { a = f.mustRefresh(a.RefreshToken) }
	cc := func() {
		_, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantClientCredentials, Info: f.info})
		must(t, err)
	}
	openid(false)
	f.introspect("api", a.AccessToken)
	for _, tt := range []struct {
		name                               string
		do                                 func()
		reads, writes, signatures, hashing int64
	}{
		{"refresh", refresh, 1, 1, 1, 0},
		{"client credentials", cc, 0, 0, 1, 0},
		{"introspection", func() { f.introspect("api", a.AccessToken) }, 2, 0, 0, 0},
		{"refresh with ID token", refresh, 1, 1, 2, 0},
		{"unknown client", func() { _, _ = f.Token(f.ctx, issuer.TokenRequest{Client: basic("nobody"), Grant: "password"}) }, 1, 0, 0, 0},
	} {
		openid(tt.name == "refresh with ID token")
		f.store.reset()
		signatures, hashing := int64(f.keys.Signatures()), int64(f.hashes.Evaluations())
		tt.do()
		got := []int64{f.store.reads.Load(), f.store.writes.Load(), int64(f.keys.Signatures()) - signatures, int64(f.hashes.Evaluations()) - hashing}
		if want := []int64{tt.reads, tt.writes, tt.signatures, tt.hashing}; got[0] > want[0] || got[1] != want[1] || got[2] != want[2] || got[3] != want[3] {
			t.Errorf("%s: reads, writes, signatures, hashes = %v, want at most %v", tt.name, got, want)
		}
	}
}
