package protocoltest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
)

var consoleApplicationCases = []testCase{
	{name: "an application of each preset is created", configure: mergedAdmin, run: testConsolePresets},
	{name: "an application is changed, shut out and deleted", configure: mergedAdmin, run: testConsoleApplication},
	{name: "a secret is shown once and works beside the old one", configure: mergedAdmin, run: testConsoleSecret},
}

func appPage(id string) string { return ConsolePath + "/applications/" + id }

var shownSecret = regexp.MustCompile(`<pre id="secret"[^>]*><code>([^<]+)</code>`)

func testConsolePresets(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, page := s.openConsole(t, f.SuperAdmin, "/applications")
	page.has(t, http.StatusOK, "New application")
	b.Open(appPage("new/saml")).has(t, http.StatusNotFound, "")
	page = b.Open(appPage("new"))
	for _, preset := range admin.Presets() {
		page.has(t, http.StatusOK, "/console/applications/new/"+preset)
		at := appPage("new/" + preset)
		b.Open(at).has(t, http.StatusOK, "Client id")
		form := url.Values{"client_id": {"made-" + preset}, "client_name": {"Made <" + preset + ">"}, "scope": {"openid profile"}}
		switch preset {
		case admin.PresetAPI:
			form = url.Values{"client_id": form["client_id"], "client_name": form["client_name"], "resources": {"https://api.example.com"}}
		case admin.PresetMachine:
			form.Set("scope", "items:read")
		default:
			form.Set("redirect_uris", "http://127.0.0.1/cb\nhttp://[::1]/cb")
		}
		wrong := url.Values{"client_id": {"no good"}, "redirect_uris": form["redirect_uris"], "resources": form["resources"]}
		b.follow(t, at, wrong).has(t, http.StatusBadRequest, "Nothing was saved", `value="no good"`)
		made := b.follow(t, at, form)
		made.has(t, http.StatusOK, "The application was created", "made-"+preset, "Made &lt;"+preset+"&gt;")
		c, err := s.operator().Clients().Show(t.Context(), "made-"+preset)
		must(t, err)
		if secret := shownSecret.FindStringSubmatch(string(made.Body)); (secret == nil) != c.Public || made.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: public %v, a secret is shown: %v", preset, c.Public, secret != nil)
		}
	}
	b.follow(t, appPage("new/spa"), url.Values{"client_id": {"spa-without"}}).has(t, http.StatusBadRequest, "redirect_uris")
	b.Open(appPage("")[:len(appPage(""))-1]).has(t, http.StatusOK, "made-web", "made-machine")
}

func testConsoleApplication(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.SuperAdmin, "")
	c := s.AddCodeClient(t, "portal-app")
	b.Open(appPage(c.ID)).has(t, http.StatusOK, c.ID, "openid")
	page := b.Open(appPage(c.ID) + "/edit")
	change := url.Values{
		"revision": {hiddenOf(t, page, "revision")}, "client_name": {"Portal"}, "grant_types": {"authorization_code", "refresh_token"}, "scope": {"openid profile"}, "consent": {"once"},
		"require_authentication": {"none"}, "redirect_uris": {"https://app.example.com/cb"}, "require_pkce": {"1"},
	}
	b.follow(t, appPage(c.ID)+"/edit", change).has(t, http.StatusOK, "Saved.", "https://app.example.com/cb", "Portal")
	b.follow(t, appPage(c.ID)+"/edit", change).has(t, http.StatusConflict, "changed meanwhile")
	change.Del("revision")
	change.Set("redirect_uris", "https://app.example.com/cb#fragment")
	b.follow(t, appPage(c.ID)+"/edit", change).has(t, http.StatusBadRequest, "Nothing was saved", "cb#fragment")
	s.Advance(freshSignIn)
	change.Set("redirect_uris", "https://elsewhere.example.com/cb")
	b.follow(t, appPage(c.ID)+"/edit", change).has(t, http.StatusForbidden, "Sign in again")
	change.Set("redirect_uris", "https://app.example.com/cb")
	change.Set("client_name", "Portal, renamed")
	b.follow(t, appPage(c.ID)+"/edit", change).has(t, http.StatusOK, "Saved.", "Portal, renamed")
	b.follow(t, appPage("new/machine"), url.Values{"client_id": {"late"}, "scope": {"items:read"}}).has(t, http.StatusForbidden, "Sign in again")
	b, _ = s.openConsole(t, f.SuperAdmin, "")
	b.follow(t, appPage(c.ID)+"/disable", Form()).has(t, http.StatusOK, "is disabled, and its sessions")
	b.follow(t, appPage(c.ID)+"/enable", Form()).has(t, http.StatusOK, "is enabled")
	b.follow(t, appPage(c.ID)+"/delete", Form("confirm", "wrong")).has(t, http.StatusBadRequest, "Nothing was done")
	b.follow(t, appPage(c.ID)+"/delete", Form("confirm", c.ID)).has(t, http.StatusOK, "The application was deleted")
	b.Open(appPage(c.ID)).has(t, http.StatusNotFound, "")
}

func testConsoleSecret(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.SuperAdmin, "")
	made := b.follow(t, appPage("new/machine"), url.Values{"client_id": {"job"}, "scope": {"items:read"}})
	old := shownSecret.FindStringSubmatch(string(made.Body))[1]
	page := b.Open(appPage("job") + "/secret")
	page.has(t, http.StatusOK, "24 hours")
	s.Advance(time.Second)
	rotated := b.follow(t, appPage("job")+"/secret", Form("overlap", "24h0m0s", "revision", hiddenOf(t, page, "revision")))
	rotated.has(t, http.StatusOK, "There is a new secret", "job.env")
	fresh := shownSecret.FindStringSubmatch(string(rotated.Body))[1]
	s.Log.MarkSecret(fresh)
	for _, secret := range []string{old, fresh} {
		c := Client{}
		c.ID, c.Secret = "job", secret
		s.Post(Token, Form("grant_type", "client_credentials"), Basic(c)).ExpectStatus(t, http.StatusOK)
	}
	if page := b.Open(appPage("job")); strings.Contains(string(page.Body), fresh) {
		t.Error("the secret is shown again")
	}
	web := b.follow(t, appPage("new/web"), url.Values{"client_id": {"shop"}, "redirect_uris": {"https://shop.example/cb?a=1&reboot"}, "scope": {"openid"}})
	web.has(t, http.StatusOK, "OIDC_CLIENT_ID=shop")
	if strings.Contains(string(web.Body), "reboot") { // a shell that reads the file would run it
		t.Error("the file of settings has a redirect URI that a shell takes for a command")
	}
	b.follow(t, appPage("job")+"/secret", Form("overlap", "forever")).has(t, http.StatusBadRequest, "")
}
