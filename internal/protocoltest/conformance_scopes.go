package protocoltest

import "strings"

// conformanceScopes are the modules about scopes and claims.
var conformanceScopes = []conformanceModule{
	{
		name: "oidcc-scope-profile", play: playScope("openid profile"),
		outcome: "warning: userinfo has no birthdate, family_name, gender, given_name, locale, middle_name, nickname, picture, profile, website, zoneinfo",
	},
	{name: "oidcc-scope-email", outcome: "pass", play: playScope("openid email")},
	{name: "oidcc-scope-address", outcome: "skip: the scope address is not listed", play: playScope("openid address")},
	{name: "oidcc-scope-phone", outcome: "warning: userinfo has no phone_number_verified", play: playScope("openid phone")},
	{name: "oidcc-scope-all", outcome: "skip: the scope address is not listed", play: playScope("openid email phone address profile")},
	{name: "oidcc-alternate-happy-flow", outcome: "pass", play: playAlternateOrder},
	{name: "oidcc-claims-essential", outcome: "pass", play: playClaimsEssential},
	{name: "oidcc-ensure-request-with-acr-values-succeeds", outcome: "pass", play: playACRValues},
}

// playScope expects all claims of the scopes, unless one is not listed.
func playScope(scope string) func(c *conformance) {
	return func(c *conformance) {
		for _, name := range strings.Fields(scope) {
			if !c.lists("scopes_supported", name) {
				c.skip("the scope " + name + " is not listed")
				return
			}
		}
		c.expectScopeClaims(c.signIn("scope", scope))
	}
}

// playAlternateOrder turns the scopes around, and the parameters.
func playAlternateOrder(c *conformance) {
	q := c.request("scope", "email openid")
	pairs := strings.Split(q.Encode(), "&")
	for i, j := 0, len(pairs)-1; i < j; i, j = i+1, j-1 {
		pairs[i], pairs[j] = pairs[j], pairs[i]
	}
	requested := Authorize + "?" + strings.Join(pairs, "&")
	c.expectScopeClaims(c.complete(q, c.returned(c.run(requested, c.browser.Open(requested)))))
}

func playClaimsEssential(c *conformance) {
	r := c.signIn("claims", `{"userinfo":{"name":{"essential":true}}}`)
	if r.userInfo["name"] == nil {
		c.warn("userinfo has no name")
	}
	if r.id["name"] != nil {
		c.warn("the ID token has a name")
	}
}

func playACRValues(c *conformance) {
	asked := list(c.s.Get(Discovery).Object(c)["acr_values_supported"])
	r := c.signIn("acr_values", strings.Join(asked, " "))
	acr, _ := r.id["acr"].(string)
	for _, value := range asked {
		if acr == value {
			return
		}
	}
	c.warn("the acr %q is none of those asked for", acr)
}
