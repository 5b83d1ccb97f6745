package protocoltest

import (
	"net/http"
	"strings"
	"testing"
)

var consoleSettingsCases = []testCase{
	{name: "connectors to other providers", configure: mergedAdmin, run: testConsoleConnectors},
	{name: "attributes of users", configure: mergedAdmin, run: testConsoleAttributes},
	{name: "texts of scopes", configure: mergedAdmin, run: testConsoleScopes},
}

func testConsoleConnectors(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	const at = ConsolePath + "/settings/connectors"
	b, page := s.openConsole(t, f.Admin, "/settings/connectors")
	page.has(t, http.StatusForbidden, "You may not do this")
	b.follow(t, ConsolePath+"/settings/new-connector/github", Form("id", "gh", "name", "GitHub", "client_id", "x")).has(t, http.StatusForbidden, "")
	b, page = s.openConsole(t, f.SuperAdmin, "/settings/connectors")
	page.has(t, http.StatusOK, "None yet")
	b.Open(ConsolePath+"/settings/new-connector/saml").has(t, http.StatusNotFound, "")
	secret := "given-by-the-provider"
	s.Log.MarkSecret(secret)
	b.follow(t, ConsolePath+"/settings/new-connector/oidc", Form("id", "No Good", "name", "Company", "client_id", "x", "issuer", "https://idp.example")).has(t, http.StatusBadRequest, "Nothing was saved", `value="No Good"`)
	page = b.follow(t, ConsolePath+"/settings/new-connector/oidc", Form("id", "company", "name", "Company", "client_id", "x", "client_secret", secret, "issuer", "https://idp.example", "role_rules", "editor:groups=the staff"))
	page.has(t, http.StatusOK, "The provider was added", "/login/upstream/company/callback", "editor:groups=the staff", "There is one")
	if strings.Contains(string(page.Body), secret) {
		t.Error("the secret is shown")
	}
	page = b.follow(t, at+"/company", Form("revision", hiddenOf(t, page, "revision"), "name", "The company", "client_id", "x", "issuer", "https://idp.example", "disabled", "1"))
	page.has(t, http.StatusOK, "Saved.", "The company", "There is one")
	b.follow(t, at+"/company/delete", Form("confirm", "x")).has(t, http.StatusBadRequest, "Nothing was done")
	b.follow(t, at+"/company/delete", Form("confirm", "company")).has(t, http.StatusOK, "The provider was deleted")
}

func testConsoleAttributes(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	const at = ConsolePath + "/settings/attributes"
	b, page := s.openConsole(t, f.Admin, "/settings/attributes")
	page.has(t, http.StatusOK, "None yet")
	b.follow(t, ConsolePath+"/settings/new-attribute", Form("name", "dept", "type", "string", "readers", "user", "writers", "admin", "max_length", "many")).has(t, http.StatusBadRequest, "must be a number")
	b.follow(t, ConsolePath+"/settings/new-attribute", Form("name", "dept", "type", "string", "readers", "user", "writers", "admin", "claim", "department", "scope", "profile")).has(t, http.StatusOK, "The attribute was defined", "department")
	b.follow(t, at+"/dept", Form("readers", "user", "writers", "user", "description", "Where they <work>")).has(t, http.StatusOK, "Saved.", "Where they &lt;work&gt;")
	b.follow(t, at+"/dept/delete", Form("confirm", "dept")).has(t, http.StatusOK, "The attribute was deleted", "None yet")
	b.Open(at+"/dept").has(t, http.StatusNotFound, "")
}

func testConsoleScopes(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	const at = ConsolePath + "/settings/scopes"
	b, page := s.openConsole(t, f.SuperAdmin, "/settings/scopes")
	page.has(t, http.StatusOK, "None yet")
	b.follow(t, at, Form("scope", "items:read", "texts", "no language")).has(t, http.StatusBadRequest, "must be lines such as")
	b.follow(t, at, Form("scope", "https://api.example/read", "texts", "en: Read: everything\nde: Alles lesen")).has(t, http.StatusOK, "Saved.", "Read: everything")
	b.Open(at+"/https:%2F%2Fapi.example%2Fread").has(t, http.StatusOK, "de: Alles lesen")
	b.follow(t, at+"/https:%2F%2Fapi.example%2Fread/delete", Form()).has(t, http.StatusOK, "The texts were deleted", "None yet")
}
