package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.org/signet/issuer/connect"
)

var clientConnectCases = []testCase{
	{name: "a client is connected to each kind of program", configure: mergedAdmin, run: testConnect},
	{name: "the refused requests of a client", configure: mergedAdmin, run: testRefusals},
}

func testConnect(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	c := s.AddCodeClient(t, "portal-app")
	at := Clients + "/" + c.ID + "/connect/"
	b, _ := s.openConsole(t, f.Admin, "")
	b.Open(appPage(c.ID)).has(t, http.StatusOK, "/connect", "/refusals")
	list := b.Open(appPage(c.ID) + "/connect")
	for _, kind := range connect.Kinds() {
		g := s.JSON("GET", at+kind, nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
		text := g["files"].([]any)[0].(map[string]any)["text"].(string)
		if g["kind"] != kind || strings.Contains(text, c.Secret) && c.Secret != "" {
			t.Errorf("%s: %v", kind, g)
		}
		list.has(t, http.StatusOK, "/connect/"+kind)
		page := b.Open(appPage(c.ID) + "/connect/" + kind)
		page.has(t, http.StatusOK, connect.Name(kind))
		if uri, ok := g["redirect_uri"].(string); ok {
			page.has(t, http.StatusOK, uri)
		}
	}
	b.Open(appPage(c.ID)+"/connect/grafana").has(t, http.StatusOK, "/login/generic_oauth", "which is not registered", "$__env{OIDC_CLIENT_SECRET}")
	s.JSON("GET", at+"saml", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("GET", at+"curl?x=1", nil, f.admin).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	s.JSON("GET", Clients+"/nobody/connect/curl", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	b.Open(appPage(c.ID)+"/connect/saml").has(t, http.StatusNotFound, "")
	b.Open(appPage("nobody")+"/connect").has(t, http.StatusNotFound, "")
}

func testRefusals(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	c := s.AddCodeClient(t, "portal-app")
	b, _ := s.openConsole(t, f.Admin, "")
	b.Open(appPage(c.ID)+"/refusals").has(t, http.StatusOK, "No request was refused.")
	record, err := s.operator().Clients().Show(t.Context(), c.ID)
	must(t, err)
	registered := record.RedirectURIs[0]
	own := s.NewBrowser()
	ask := func(redirect, scope string) {
		own.Open(Authorize + "?" + url.Values{"client_id": {c.ID}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {scope}, "state": {"secret-state"}}.Encode())
	}
	ask(registered+"/?code=secret-code", "openid")
	ask(registered, "openid not-the-clients")
	at := Clients + "/" + c.ID + "/refusals"
	list := s.JSON("GET", at, nil, f.admin).ExpectStatus(t, http.StatusOK)
	items := list.Object(t)["items"].([]any)
	if len(items) != 2 || strings.Contains(string(list.Body), "secret-") {
		t.Fatalf("refusals: %s", list.Body)
	}
	newest, first := items[0].(map[string]any), items[1].(map[string]any)
	if newest["received"] != nil || first["received"] != registered+"/?code=…" || first["nearest"] != registered || first["differs_at"] != float64(len(registered)) {
		t.Errorf("refusals: %s", list.Body)
	}
	b.Open(appPage(c.ID)+"/refusals").has(t, http.StatusOK, registered, "/?code=…", "nothing more", "from character")
	page := s.JSON("GET", at+"?limit=1", nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	next := s.JSON("GET", at+"?limit=1&after="+url.QueryEscape(page["next"].(string)), nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	if got := next["items"].([]any); len(got) != 1 || got[0].(map[string]any)["received"] != first["received"] {
		t.Errorf("second page: %v", next)
	}
	s.JSON("GET", at+"?x=1", nil, f.admin).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	s.JSON("GET", Clients+"/nobody/refusals", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	b.Open(appPage("nobody")+"/refusals").has(t, http.StatusNotFound, "")
}
