package issuer

import (
	"strings"
	"testing"
)

// O01 to O10: what is done about a logout request, by what is known of it.
func TestLogoutDecision(t *testing.T) {
	confirm := logoutDecision{confirm: true}
	browser, browserRedirect := logoutDecision{ends: endsBrowserSession}, logoutDecision{ends: endsBrowserSession, redirect: true}
	for _, c := range []struct {
		name  string
		facts logoutFacts
		want  logoutDecision
	}{
		{"O01 hint of this session, registered URI", logoutFacts{signedIn: true, hint: hintValid, matches: true, uri: true, registered: true}, browserRedirect},
		{"O01 hint of this session, no URI", logoutFacts{signedIn: true, hint: hintValid, matches: true}, browser},
		{"O02 hint of this session, URI not registered", logoutFacts{signedIn: true, hint: hintValid, matches: true, uri: true}, confirm},
		{"O02 the same, confirmed", logoutFacts{signedIn: true, hint: hintValid, matches: true, uri: true, confirmed: true}, browser},
		{"O03 hint invalid, registered URI", logoutFacts{signedIn: true, hint: hintInvalid, uri: true, registered: true}, confirm},
		{"O03 the same, confirmed", logoutFacts{signedIn: true, hint: hintInvalid, uri: true, registered: true, confirmed: true}, browser},
		{"O03 the same, nobody signed in", logoutFacts{hint: hintInvalid, uri: true, registered: true}, logoutDecision{}},
		{"O04 no hint, registered URI", logoutFacts{signedIn: true, uri: true, registered: true}, confirm},
		{"O04 no hint, URI of an unknown client", logoutFacts{signedIn: true, uri: true}, confirm},
		{"O04 no hint, registered URI, confirmed", logoutFacts{signedIn: true, uri: true, registered: true, confirmed: true}, browserRedirect},
		{"O04 no hint, unknown client, confirmed", logoutFacts{signedIn: true, uri: true, confirmed: true}, browser},
		{"O04 no hint, registered URI, nobody signed in", logoutFacts{uri: true, registered: true}, logoutDecision{}},
		{"O05 nothing", logoutFacts{signedIn: true}, confirm},
		{"O05 nothing, confirmed", logoutFacts{signedIn: true, confirmed: true}, browser},
		{"O05 nothing, nobody signed in", logoutFacts{}, logoutDecision{}},
		{"O08 hint of another session", logoutFacts{signedIn: true, hint: hintValid, uri: true, registered: true}, confirm},
		{"O08 hint of another session, confirmed", logoutFacts{signedIn: true, hint: hintValid, uri: true, registered: true, confirmed: true}, browserRedirect},
		{"O10 nobody signed in, hint, registered URI", logoutFacts{hint: hintValid, uri: true, registered: true}, logoutDecision{ends: endsClientSession, redirect: true}},
		{"O10 nobody signed in, hint, no URI", logoutFacts{hint: hintValid}, logoutDecision{ends: endsClientSession}},
		{"O10 nobody signed in, hint, URI not registered", logoutFacts{hint: hintValid, uri: true}, logoutDecision{ends: endsClientSession}},
	} {
		if got := c.facts.decide(); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Whatever is known: nobody is sent to a URI that is not registered, or that neither a valid
// hint nor the person vouches for; and nothing of a signed-in person ends unasked without a
// valid hint of the same session.
func TestLogoutDecision_AllFacts(t *testing.T) {
	for n := range 3 << 5 {
		f := logoutFacts{
			signedIn: n&1 != 0, confirmed: n&2 != 0, matches: n&4 != 0, uri: n&8 != 0, registered: n&16 != 0, hint: hintVerdict(n >> 5),
		}
		d := f.decide()
		if d.redirect && (!f.uri || !f.registered || f.hint == hintInvalid || f.hint == hintAbsent && !f.confirmed) {
			t.Errorf("%+v: redirected", f)
		}
		if d.ends == endsBrowserSession && !f.confirmed && (f.hint != hintValid || !f.matches) {
			t.Errorf("%+v: ended unasked", f)
		}
		if d.confirm && (d.ends != endsNothing || d.redirect) {
			t.Errorf("%+v: both asks and acts: %+v", f, d)
		}
		if d.confirm && (f.confirmed || !f.signedIn) {
			t.Errorf("%+v: asks again, or asks nobody", f)
		}
	}
}

func TestParseLogout(t *testing.T) {
	p, refusal := parseLogout("id_token_hint=a.b.c&client_id=web&post_logout_redirect_uri=https%3A%2F%2Fx.example%2Fbye%3Fa%3Db&state=s+%26%22&ui_locales=de&x=1&x=2&logout_hint=&logout_hint=h")
	if refusal != nil || p.hint != "a.b.c" || p.clientID != "web" || p.uri != "https://x.example/bye?a=b" || p.state != `s &"` || p.locales != "de" || p.loginHint != "h" {
		t.Errorf("got %+v, %v", p, refusal)
	}
	if got := p.redirectURL(); got != "https://x.example/bye?a=b&state=s%20%26%22" {
		t.Errorf("redirects to %s", got)
	}
	again, refusal := parseLogout(p.encode())
	if refusal != nil || again != p {
		t.Errorf("the encoded request is %+v, %v", again, refusal)
	}
	for name, raw := range map[string]string{
		"a doubled parameter": "state=1&state=2", "a bad escape": "state=%zz", "a control character": "state=%0a", "not UTF-8": "state=%ff",
		"a long state": "state=" + strings.Repeat("s", maxLogoutState+1), "a long request": "x=" + strings.Repeat("x", maxLogoutRequest),
		"many parameters": strings.Repeat("x&", maxLogoutPairs+1), "a long client_id": "client_id=" + strings.Repeat("c", maxLogoutClient+1),
	} {
		if _, refusal := parseLogout(raw); refusal == nil || refusal.TooLarge != (name == "a long request") {
			t.Errorf("%s: %+v", name, refusal)
		}
	}
	if p, refusal := parseLogout("ui_locales=" + strings.Repeat("d", 300)); refusal != nil || p.locales != "" {
		t.Errorf("a long hint: %+v, %v", p, refusal)
	}
}

func FuzzParseLogout(f *testing.F) {
	f.Add("id_token_hint=a.b.c&client_id=web&state=1")
	f.Add("post_logout_redirect_uri=https%3A%2F%2Fx&t=1&decision=sign-out")
	f.Fuzz(func(t *testing.T, raw string) {
		p, refusal := parseLogout(raw)
		if refusal != nil {
			return
		}
		again, refusal := parseLogout(p.encode())
		p.decision, p.stamp = "", ""
		if refusal != nil || again != p {
			t.Errorf("%q: %+v becomes %+v, %v", raw, p, again, refusal)
		}
	})
}
