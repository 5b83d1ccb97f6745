package protocoltest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/keys"
)

// The plans of the OpenID conformance suite that Signet is measured by. Each is one case: its
// modules are played one after the other against one issuer, each with a browser of its own,
// as the suite plays them. docs/openid-conformance.md says how the suite itself is run.
var conformanceCases = []testCase{
	{name: "Basic OP", configure: conformanceIssuer, run: playBasic},
	{name: "Form Post OP", configure: conformanceIssuer, run: playFormPost},
	{name: "Form Post OP with script", configure: conformanceIssuer, run: playFormPostScript},
	{name: "Config OP", configure: conformanceConfig, run: playConfig},
	{name: "RP-Initiated Logout OP", configure: conformanceConfig, run: playLogout},
	{name: "Back-Channel Logout OP", configure: conformanceConfig, run: playBackchannel},
}

// conformanceModule is a module of the suite. The outcome is "pass", or "warning: " or
// "skip: " and the reason that the suite gives.
type conformanceModule struct {
	name    string
	outcome string
	play    func(c *conformance)
}

// basicModules are those of the Basic OP plan, in its order. The Form Post OP plan has the
// same with response_mode=form_post.
func basicModules() []conformanceModule {
	var all []conformanceModule
	for _, part := range [][]conformanceModule{conformanceTokens, conformanceScopes, conformanceSessions, conformanceRequests} {
		all = append(all, part...)
	}
	return all
}

// ConformanceOutcomes returns the outcome of each module by its name.
func ConformanceOutcomes() map[string]string {
	outcomes := map[string]string{}
	for _, plan := range [][]conformanceModule{basicModules(), conformanceDiscovery, conformanceLogout, conformanceBackchannel} {
		for _, m := range plan {
			outcomes[m.name] = m.outcome
		}
	}
	return outcomes
}

func playBasic(t *testing.T, s *Signet)       { s.playModules(t, basicModules()) }
func playFormPost(t *testing.T, s *Signet)    { s.playModules(t, basicModules(), byFormPost) }
func playConfig(t *testing.T, s *Signet)      { s.playModules(t, conformanceDiscovery) }
func playLogout(t *testing.T, s *Signet)      { s.playModules(t, conformanceLogout) }
func playBackchannel(t *testing.T, s *Signet) { s.playModules(t, conformanceBackchannel) }

func playFormPostScript(t *testing.T, s *Signet) {
	s.playModules(t, basicModules(), byFormPost, func(c *conformance) { c.script = true })
}

func byFormPost(c *conformance) { c.formPost = true }

// conformanceIssuer signs by RS256, which the suite demands of every provider.
func conformanceIssuer(o *Options) {
	mergedAdmin(o)
	reachLoopback(o)
	o.Keys.Alg = keys.RS256
}

// conformanceConfig is an issuer behind https, which the suite demands of every endpoint.
func conformanceConfig(o *Options) {
	conformanceIssuer(o)
	o.IssuerURL = "https://id.example.com"
}

// The addresses of the suite, and those of its static clients.
const (
	suiteBase     = "https://suite.example.com/test/a/signet"
	suiteCallback = suiteBase + "/callback"
	suiteGoodbye  = suiteBase + "/post_logout_redirect"
)

// conformance is the suite while it plays one module.
type conformance struct {
	*testing.T
	s        *Signet
	clients  suiteClients
	module   string
	formPost bool
	script   bool // the browser runs scripts: pages of form_post send themselves
	browser  *Browser
	picture  bool // the module waits for a picture of a page
	logins   int  // how often the person has been asked for the password
	warnings []string
	skipped  string
}

// suiteClients are the static clients of docs/openid-conformance.md.
type suiteClients struct {
	first, second Client // by client_secret_basic
	byPost        Client // by client_secret_post
	relyingParty  *relyingParty
}

// addSuiteClients creates the clients by the admin API.
func (s *Signet) addSuiteClients(t *testing.T) (c suiteClients) {
	t.Helper()
	admins := s.AddAdmins(t)
	c.relyingParty = newRelyingParty(t)
	create := func(id, method string) Client {
		a := s.JSON(http.MethodPost, Clients, Object{
			"client_id": id, "client_name": "OpenID conformance suite", "grant_types": []string{"authorization_code", "refresh_token"},
			"scope": "openid profile email phone offline_access", "require_pkce": false, "token_endpoint_auth_method": method,
			"redirect_uris": []string{suiteCallback}, "post_logout_redirect_uris": []string{suiteGoodbye},
			"backchannel_logout_uri": c.relyingParty.URL + "/" + id, "backchannel_logout_session_required": true,
			"id_token_on_refresh": id == "cs2",
		}, admins.superAdmin).ExpectStatus(t, http.StatusCreated)
		made := Client{id, a.Object(t)["client_secret"].(string)}
		s.Log.MarkSecret(made.Secret)
		return made
	}
	c.first, c.second, c.byPost = create("cs1", "client_secret_basic"), create("cs2", "client_secret_basic"), create("cs3", "client_secret_post")
	return c
}

// playModules plays a plan, and compares each outcome with the one that the docs name.
func (s *Signet) playModules(t *testing.T, modules []conformanceModule, variant ...func(*conformance)) {
	t.Helper()
	clients := s.addSuiteClients(t)
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) {
			c := &conformance{T: t, s: s, clients: clients, module: m.name, browser: s.NewBrowser()}
			for _, change := range variant {
				change(c)
			}
			m.play(c)
			if got := c.outcome(); got != m.outcome || c.picture {
				t.Errorf("outcome %q, want %q; no picture: %t", got, m.outcome, c.picture)
			}
		})
	}
}

// warn records what the suite warns of; it fails nothing.
func (c *conformance) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// skip records why the suite does not play a module to its end.
func (c *conformance) skip(reason string) { c.skipped = reason }

func (c *conformance) outcome() string {
	switch {
	case c.skipped != "":
		return "skip: " + c.skipped
	case len(c.warnings) > 0:
		return "warning: " + strings.Join(c.warnings, "; ")
	}
	return "pass"
}
