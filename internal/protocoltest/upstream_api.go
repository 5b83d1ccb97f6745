package protocoltest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// MeLinks is the collection of the accounts at other providers of the user who asks.
const MeLinks = "/me/links"

// ConnectorsPath is the collection of connectors to other providers.
const ConnectorsPath = "/api/v1/connectors"

func testUpstreamAPI(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	create := true
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create})
	testConnectorRecords(t, s, f)

	ann, again := p.AddUser(t, "ann"), p.AddUser(t, "ann-again")
	b := s.NewBrowser()
	p.signIn(t, b, b.Open(Login), ann).expect(t, Account)
	b.Open(p.enter(t, p.leave(t, b, b.Open(accountLinked).expect(t, accountLinked), "link", "1"), again))
	links := Users + "/" + idOf(t.Context(), s, "ann") + "/links"
	list := s.JSON("GET", links, nil, f.admin).ExpectStatus(t, http.StatusOK)
	all := ids(list, t, "id")
	if subjects := ids(list, t, "subject"); len(all) != 2 || !slices.Contains(subjects, ann.ID) || !slices.Contains(subjects, again.ID) {
		t.Fatalf("links %s", list.Body)
	}
	s.JSON("DELETE", links+"/"+all[0], nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", links+"/"+all[0], nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("DELETE", links+"/"+all[1], nil, f.admin).ExpectProblem(t, http.StatusConflict, "last_way_in")
	s.JSON("POST", links[:len(links)-len("/links")]+"/password", Object{"password": "a wholly new password"}, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("DELETE", links+"/"+all[1], nil, f.admin).ExpectStatus(t, http.StatusNoContent)
}

// testConnectorRecords changes the record of a connector as each record of the admin API is.
func testConnectorRecords(t *testing.T, s *Signet, f Admins) {
	secret := "a secret that the provider gave"
	s.Log.MarkSecret(secret)
	github := Object{"id": "github", "kind": "github", "name": "GitHub", "client_id": "abc", "client_secret": secret}
	s.JSON("POST", ConnectorsPath, github, f.admin).ExpectProblem(t, http.StatusForbidden, "insufficient_scope")
	created := s.JSON("POST", ConnectorsPath, github, f.superAdmin).ExpectStatus(t, http.StatusCreated)
	location, tag := created.Header.Get("Location"), created.Header.Get("ETag")
	if location != ConnectorsPath+"/github" || created.Object(t)["has_secret"] != true || created.Object(t)["client_secret"] != nil {
		t.Errorf("created at %s as %s", location, created.Body)
	}
	s.JSON("POST", ConnectorsPath, github, f.superAdmin).ExpectProblem(t, http.StatusConflict, "duplicate", "id")
	for field, wrong := range map[string]any{
		"id": "no good id", "kind": "saml", "name": "", "client_id": "", "issuer": "http://provider.example.com", "prompt": "dance", "role_rules": []string{"super_admin:a=b"},
		"domains": []string{"not a domain"}, "authoritative_domains": []string{"exa mple.com"},
	} {
		o := Object{"id": "other", "kind": "oidc", "name": "Other", "client_id": "abc", "issuer": "https://provider.example.com"}
		o[field] = wrong
		s.JSON("POST", ConnectorsPath, o, f.superAdmin).ExpectProblem(t, 422, "invalid_field", field)
	}
	if got := ids(s.JSON("GET", ConnectorsPath, nil, f.superAdmin).ExpectStatus(t, http.StatusOK), t, "id"); !slices.Equal(got, []string{"company", "github"}) {
		t.Errorf("listed %v", got)
	}
	s.JSON("GET", location, nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
	s.JSON("GET", location, nil, f.superAdmin, Header("If-None-Match", tag)).ExpectStatus(t, http.StatusNotModified)
	s.Advance(time.Second)
	s.JSON("PATCH", location, Object{"name": "GitHub.com"}, f.superAdmin, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", location, Object{"name": "Lost"}, f.superAdmin, Header("If-Match", tag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	s.JSON("DELETE", location, nil, f.superAdmin, Header("If-Match", tag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	s.JSON("DELETE", location, nil, f.superAdmin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("GET", location, nil, f.superAdmin).ExpectProblem(t, http.StatusNotFound, "not_found")
}

// testUpstreamOwnLinks lists and removes one's own links, as the page of the account does.
func testUpstreamOwnLinks(t *testing.T, s *Signet) {
	create := true
	p := s.addProvider(t, admin.ConnectorChange{CreateUsers: &create})
	ann, again := p.AddUser(t, "ann"), p.AddUser(t, "ann-again")
	b := s.NewBrowser()
	p.signIn(t, b, b.Open(Login), ann).expect(t, Account)
	b.Open(p.enter(t, p.leave(t, b, b.Open(accountLinked).expect(t, accountLinked), "link", "1"), again))
	desk := s.AddCodeClient(t, "desk", func(c *storage.Client) { c.Audiences, c.Scopes = nil, append(c.Scopes, "signet:account") })
	token := func() RequestOption {
		q, verifier := s.AuthRequest(desk, "scope", "openid signet:account")
		answer := b.Open(Authorize + "?" + q.Encode()).Answer(t)
		s.Log.MarkSecret(answer.Get("code"))
		return Bearer(s.Redeem(t, desk, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")}).Access)
	}
	mine := token()
	all := s.items(t, MeLinks, mine)
	if len(all) != 2 || all[0]["provider"] != "Company" || all[0]["issuer"] != p.Issuer {
		t.Fatalf("links %v", all)
	}
	first, second := MeLinks+"/"+all[0]["id"].(string), MeLinks+"/"+all[1]["id"].(string)
	theirs := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	if n := len(s.items(t, MeLinks, theirs)); n != 0 {
		t.Errorf("somebody else sees %d links", n)
	}
	s.JSON("DELETE", first, nil, theirs).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("GET", MeLinks, nil).ExpectStatus(t, http.StatusUnauthorized)
	s.JSON("DELETE", first, nil, mine).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", first, nil, mine).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("DELETE", second, nil, mine).ExpectProblem(t, http.StatusConflict, "last_way_in")
	s.Advance(authorization.FreshLogin + time.Second)
	stale := s.JSON("DELETE", second, nil, token()).ExpectStatus(t, http.StatusUnauthorized)
	if !strings.Contains(stale.Header.Get("WWW-Authenticate"), `error="insufficient_user_authentication"`) {
		t.Errorf("by a sign-in that is not fresh: %v %s", stale.Header, stale.Body)
	}
}
