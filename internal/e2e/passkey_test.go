package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// newPasskeyServer starts a server whose issuer has a host name, which passkeys need.
func newPasskeyServer(t *testing.T) *server {
	t.Helper()
	s := newServer(t)
	s.issuer = "http://localhost" + s.address[strings.LastIndex(s.address, ":"):]
	s.start(t)
	s.addUser(t, alice, alicePassword)
	return s
}

// plugIn gives the tab an authenticator, such as a phone that syncs its passkeys.
func (p *page) plugIn() (id webauthn.AuthenticatorID) {
	p.t.Helper()
	p.do(webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		id, err = webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			DefaultBackupEligibility: true, DefaultBackupState: true,
		}).Do(ctx)
		return err
	}))
	return id
}

// present says whether a person agrees to what the authenticator is asked, as soon as it is asked.
func (p *page) present(id webauthn.AuthenticatorID, yes bool) {
	p.t.Helper()
	p.do(webauthn.SetAutomaticPresenceSimulation(id, yes))
}

// TestPasskeys: a person adds a passkey on the account page, uses it after the password, signs in
// by it alone, by the button and by the autofill of the name, and removes it. By clicking what is
// on the pages.
func TestPasskeys(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	inBothLanguages(t, func(t *testing.T, lang string, say texts) { passkeyStory(t, browser, lang, say) })
}

func passkeyStory(t *testing.T, browser, lang string, say texts) {
	s := newPasskeyServer(t)
	p := openTab(t, browser, 4*waitTimeout)
	p.speak(lang)
	click := func(selector string) { p.do(chromedp.Click(selector, chromedp.ByQuery)) }
	signOut := func() {
		p.do(chromedp.Navigate(s.issuer + "/account"))
		click("#sign-out")
		p.see("h1", say["signed_out.title"])
	}
	phone := p.plugIn()
	p.present(phone, false) // or the autofill signs in by itself
	p.do(chromedp.Navigate(s.issuer + "/login"))
	signInHere(t, p)
	p.see("h1", say["account.profile"])

	p.do(chromedp.Navigate(s.issuer + "/account/factors"))
	p.present(phone, true)
	click("#add-passkey")
	p.do(chromedp.WaitVisible("#passkey-name", chromedp.ByQuery), chromedp.SendKeys("#passkey-name", "Phone", chromedp.ByQuery))
	p.shootAccount("passkey-new")
	click("#create-passkey")
	p.see("main", firstSentence(say["codes.text_passkey"]))
	p.keepCodes(s)
	click("#codes-done")
	p.see("#passkeys", "Phone")
	p.shootAccount("passkeys")
	click("#add-passkey")
	p.do(chromedp.WaitVisible("#passkey-name", chromedp.ByQuery), chromedp.SendKeys("#passkey-name", "Phone again", chromedp.ByQuery))
	click("#create-passkey")
	p.see("[data-failed=known]", say["factor_passkey.known"])

	p.present(phone, false)
	signOut()
	p.do(chromedp.Navigate(s.issuer + "/login"))
	signInHere(t, p)
	p.see("h1", say["factor_passkey.title"])
	p.shootAccount("passkey-second-factor")
	p.present(phone, true)
	click("#passkey")
	p.see("h1", say["account.profile"])

	p.present(phone, false)
	signOut()
	p.do(chromedp.Navigate(s.issuer+"/login"), chromedp.WaitVisible("form[data-waiting]", chromedp.ByQuery))
	p.shootAccount("passkey-login")
	p.present(phone, true)
	click("#passkey") // which ends the request behind the autofill first
	p.see("h1", say["account.profile"])
	signOut()

	// The autofill: the authenticator answers as if the person had picked the account,
	// before the page has loaded to its end.
	p.do(chromedp.Evaluate("setTimeout(() => { location.href = '/login' }, 0)", nil))
	p.see("h1", say["account.profile"])

	p.do(chromedp.Navigate(s.issuer + "/account/factors"))
	click("#rename-passkey-0 summary")
	p.do(chromedp.WaitVisible("#rename-passkey-0-name", chromedp.ByQuery), overtype("#rename-passkey-0-name", "Blue key"))
	p.shootAccount("passkey-rename-" + lang)
	click("#rename-passkey-0-save")
	p.see("#notice", say["notice.passkey_renamed"])
	p.see("#passkeys h3", "Blue key")
	click("#remove-passkey-0")
	p.see("#notice", say["notice.passkey_removed"])
	p.present(phone, false)
	signOut()
	p.do(chromedp.Navigate(s.issuer + "/login"))
	p.present(phone, true)
	click("#passkey")
	p.see("#problem", say["problem.passkey_refused"]) // and the autofill asks for nothing again
	signInHere(t, p)                                  // the way back stands beside it
	p.see("h1", say["account.profile"])
}

// keepCodes has the recovery codes on the page looked for in all output.
func (p *page) keepCodes(s *server) {
	p.t.Helper()
	var codes []string
	p.do(chromedp.Evaluate("[...document.querySelectorAll('#recovery-codes code')].map(c => c.textContent)", &codes))
	if len(codes) != 10 {
		p.t.Fatalf("%d recovery codes", len(codes))
	}
	for _, c := range codes {
		s.wire.keep(c)
	}
}

// Without script nothing asks for a passkey, and the password signs in.
func TestPasskeys_WithoutScript(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	s := newPasskeyServer(t)
	p := openTab(t, browser, 3*waitTimeout)
	p.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(s.issuer+"/login"), chromedp.WaitReady("#passkey", chromedp.ByQuery), chromedp.WaitNotVisible("#passkey", chromedp.ByQuery))
	signInHere(t, p)
	p.see("h1", "Profile")
	p.do(chromedp.Navigate(s.issuer+"/account/factors"), chromedp.WaitReady("#add-passkey", chromedp.ByQuery), chromedp.WaitNotVisible("#add-passkey", chromedp.ByQuery))
	p.see("#passkeys", "Passkeys need JavaScript")
	p.wantNoErrors()
}
