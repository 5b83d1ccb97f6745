package protocoltest

import (
	"net/http"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// testDeviceAdministers: the client of signet login is public and has signet:admin, and no other
// public client has it.
func testDeviceAdministers(t *testing.T, s *Signet) {
	root := s.AddUser(t, "root", "user", "super_admin")
	grants, scopes := []string{issuer.GrantDeviceCode, issuer.GrantRefreshToken}, []string{"openid", issuer.ScopeAdmin}
	create := func(id string, grants []string) error {
		_, err := s.operator().Clients().Create(t.Context(), admin.NewClient{ID: id, Public: true, InsecurePublicPassword: true, Settings: admin.ClientChange{Grants: &grants, Scopes: &scopes}})
		return err
	}
	for _, other := range [][]string{{issuer.GrantDeviceCode, issuer.GrantPassword}, {issuer.GrantRefreshToken}, {}} {
		if create(issuer.CLIClient, other) == nil {
			t.Errorf("the client may have the grants %v", other)
		}
	}
	if create("another", grants) == nil {
		t.Error("another public client may administer")
	}
	must(t, create(issuer.CLIClient, grants))
	more := append([]string{issuer.GrantPassword}, grants...)
	if _, err := s.operator().Clients().Update(t.Context(), issuer.CLIClient, admin.ClientChange{Grants: &more, InsecurePublicPassword: true}); err == nil {
		t.Error("the client can be given another grant")
	}
	cli := Client{ID: issuer.CLIClient}
	b := s.NewBrowser()
	b.GetCode(t, s.AddCodeSPA(t, "app"), root)
	s.Clock.Advance(6 * time.Minute)
	d := s.AskDevice(t, cli, "openid signet:admin")
	page := b.SignIn(t, b.TypeCode(t, d.User), root).expect(t, Consent) // the sign-in before was too long ago
	b.Send(t, page, Form("decision", "allow")).expectDeviceDone(t, "approved", http.StatusOK)
	tokens := s.PollDevice(cli, d).Tokens(t)
	s.JSON("GET", Clients, nil, Bearer(tokens.Access)).ExpectStatus(t, http.StatusOK)
	for range 11 {
		s.Advance(time.Hour)
		tokens = s.Refresh(t, cli, tokens.Refresh)
		s.JSON("GET", Clients, nil, Bearer(tokens.Access)).ExpectStatus(t, http.StatusOK)
	}
	s.Advance(time.Hour)
	s.TryRefresh(cli, tokens.Refresh).expectInvalidGrant(t) // twelve hours, however often it is refreshed
	s.JSON("GET", Clients, nil, Bearer(tokens.Access)).ExpectStatus(t, http.StatusUnauthorized)
	minute := int64(60)
	must(t, secondError(s.operator().Clients().Update(t.Context(), issuer.CLIClient, admin.ClientChange{ClientSignInChange: admin.ClientSignInChange{DefaultMaxAge: &minute}})))
	b = s.NewBrowser()
	b.GetCode(t, s.AddCodeSPA(t, "second-app"), root)
	s.Advance(2 * time.Minute)
	b.SignIn(t, b.TypeCode(t, s.AskDevice(t, cli, "openid signet:admin").User), root).expect(t, Consent) // the client asks for more than others that administer
}
