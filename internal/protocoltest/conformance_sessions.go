package protocoltest

import (
	"strings"
	"time"
)

// conformanceSessions are the modules in which the person comes a second time, or is asked
// for nothing.
var conformanceSessions = []conformanceModule{
	{name: "oidcc-prompt-login", outcome: "pass", play: playPromptLogin},
	{name: "oidcc-prompt-none-not-logged-in", outcome: "pass", play: playPromptNoneNotLoggedIn},
	{name: "oidcc-prompt-none-logged-in", outcome: "pass", play: playPromptNoneLoggedIn},
	{name: "oidcc-max-age-1", outcome: "pass", play: playMaxAge1},
	{name: "oidcc-max-age-10000", outcome: "pass", play: playMaxAge10000},
	{name: "oidcc-id-token-hint", outcome: "pass", play: playIDTokenHint},
}

// expectLogins expects that the person has been asked for the password so often.
func (c *conformance) expectLogins(want int) {
	c.Helper()
	if c.logins != want {
		c.Errorf("%d login pages, want %d", c.logins, want)
	}
}

// expectLater expects that the second login is later than the first, and of the same person.
func (c *conformance) expectLater(first, second signedIn) {
	c.Helper()
	before, _ := first.id["auth_time"].(float64)
	after, _ := second.id["auth_time"].(float64)
	if after <= before || second.id["sub"] != first.id["sub"] {
		c.Errorf("auth_time %v, before %v; sub %v, before %v", after, before, second.id["sub"], first.id["sub"])
	}
}

// expectSame expects that both answers are of one login.
func (c *conformance) expectSame(first, second signedIn) {
	c.Helper()
	c.expectLogins(1)
	if first.id["auth_time"] != second.id["auth_time"] || first.id["sub"] != second.id["sub"] {
		c.Errorf("%v, before %v", second.id, first.id)
	}
}

func playPromptLogin(c *conformance) {
	first := c.signIn()
	c.s.Advance(time.Second)
	c.picture = true
	second := c.signIn("prompt", "login")
	c.expectLogins(2)
	c.expectLater(first, second)
}

func playPromptNoneNotLoggedIn(c *conformance) {
	q := c.request("prompt", "none", "state", strings.Repeat("0aZ-._~", 20)[:128])
	c.refused(q, c.authorize(q), "login_required", "interaction_required", "account_selection_required", "consent_required")
	c.expectLogins(0)
}

func playPromptNoneLoggedIn(c *conformance) {
	first := c.signIn()
	c.s.Advance(time.Second)
	c.expectSame(first, c.signIn("prompt", "none"))
}

func playMaxAge1(c *conformance) {
	first := c.signIn()
	c.s.Advance(2 * time.Second)
	c.picture = true
	second := c.signIn("max_age", "1")
	c.expectLogins(2)
	c.expectLater(first, second)
	if at, _ := second.id["auth_time"].(float64); at < float64(c.s.Clock.Now().Add(-time.Minute).Unix()) {
		c.Errorf("auth_time %v", second.id["auth_time"])
	}
}

func playMaxAge10000(c *conformance) {
	first := c.signIn("max_age", "15000")
	c.s.Advance(time.Second)
	second := c.signIn("max_age", "10000")
	if first.id["auth_time"] == nil || second.id["auth_time"] == nil {
		c.Error("no auth_time")
	}
	c.expectSame(first, second)
}

func playIDTokenHint(c *conformance) {
	first := c.signIn()
	c.s.Advance(time.Second)
	c.expectSame(first, c.signIn("prompt", "none", "id_token_hint", first.tokens.ID))
}
