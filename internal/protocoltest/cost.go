package protocoltest

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"example.org/signet/issuer/admin"
)

var costCases = []testCase{{name: "what a request costs", run: testCost}}

// cost counts what one request has used.
type cost struct {
	calls                   []string
	signatures, evaluations uint64
}

func (s *Signet) cost(request func()) cost {
	s.Store.Reset()
	signatures, evaluations := s.Keys.Signatures(), s.Passwords.Evaluations()
	request()
	return cost{s.Store.Calls(), s.Keys.Signatures() - signatures, s.Passwords.Evaluations() - evaluations}
}

func testCost(t *testing.T, s *Signet) {
	yes := true
	_, err := s.operator().Clients().Update(context.Background(), s.Other.ID, admin.ClientChange{IDTokenOnRefresh: &yes})
	must(t, err)
	web, other, own := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Other, s.Alice, "openid"), s.ClientToken(t, s.Machine)
	s.Active(t, s.ResourceServer, web.Access)
	before := web.Refresh
	for _, c := range []struct {
		name       string
		request    func()
		calls      []string
		signatures uint64
		hashes     uint64
	}{
		{"refresh", func() { web = s.Refresh(t, s.Web, web.Refresh) }, []string{"RotateSession"}, 1, 0},
		{"refresh, asked again", func() { web = s.Refresh(t, s.Web, before) }, []string{"RotateSession", "CountReplay", "AppendAudit", "UserInEpoch"}, 1, 0},
		{"refresh with ID token", func() { other = s.Refresh(t, s.Other, other.Refresh) }, []string{"RotateSession"}, 2, 0},
		{"client credentials", func() { s.ClientToken(t, s.Machine) }, nil, 1, 0},
		{"introspection", func() { s.Active(t, s.ResourceServer, web.Access) }, []string{"SessionState"}, 0, 0},
		{"introspection of a client's token", func() { s.Active(t, s.ResourceServer, own.Access) }, []string{"TokenRevoked", "Epoch"}, 0, 0},
		{"introspection of garbage", func() { s.Active(t, s.ResourceServer, "garbage") }, nil, 0, 0},
		{"a forged refresh token", func() { s.expectRefreshRejected(t, s.Web, "sgr_forged") }, nil, 0, 0},
		{"userinfo", func() { s.UserInfo(web.Access).ExpectStatus(t, http.StatusOK) }, []string{"SessionInEpoch"}, 0, 0},
		{"jwks", func() { s.Get(JWKS) }, nil, 0, 0},
		{"discovery", func() { s.Get(Discovery) }, nil, 0, 0},
		{"health", func() { s.Get("/livez") }, nil, 0, 0},
		{"login", func() { s.Login(t, s.Web, s.Alice, "openid") }, []string{"UserByLogin", "UserFactors", "Epoch", "RecordLogins"}, 2, 1},
		{"a wrong client secret", func() { s.TryLogin(Client{s.Web.ID, "wrong"}, s.Alice, "").expectInvalidClient(t) }, []string{"Client"}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.cost(c.request)
			if !slices.Equal(got.calls, c.calls) || got.signatures != c.signatures || got.evaluations != c.hashes {
				t.Errorf("%+v, want calls %v, %d signatures, %d hash evaluations", got, c.calls, c.signatures, c.hashes)
			}
		})
	}
}
