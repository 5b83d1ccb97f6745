package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.org/signet/issuer/totp"
)

// TestSecondFactor_InABrowser: somebody sets up an authenticator app on the account page in
// Chromium, signs out, and gets in again with a recovery code, not with the password alone.
func TestSecondFactor_InABrowser(t *testing.T) {
	long(t)
	chromium := requireChromium(t)
	inBothLanguages(t, func(t *testing.T, lang string, say texts) { secondFactorStory(t, chromium, lang, say) })
}

func secondFactorStory(t *testing.T, chromium, lang string, say texts) {
	s := newServer(t)
	s.addUser(t, alice, alicePassword)
	s.start(t)
	p := openTab(t, chromium, 2*time.Minute)
	p.speak(lang)
	password := chromedp.Tasks{
		chromedp.WaitVisible("#password"), chromedp.SetValue("#username", alice), chromedp.SendKeys("#password", alicePassword), chromedp.Click("#sign-in"),
	}
	var secret string
	p.do(chromedp.Navigate(s.issuer+"/account/factors"), password, chromedp.WaitVisible("#save"),
		chromedp.Navigate(s.issuer+"/account/factors"), chromedp.Click("#add-app"), chromedp.WaitVisible("#qr"), chromedp.Text("#totp-secret", &secret))
	p.see("main", say["enrol.text"])
	seed, err := totp.Decode(secret)
	if err != nil {
		t.Fatalf("the secret of the page: %v", err)
	}
	s.wire.keep(totp.Encode(seed))
	var codes, wrong string
	p.do(chromedp.SendKeys("#code", totp.Code(seed, totp.Step(time.Now()))), chromedp.Click("#confirm"),
		chromedp.WaitVisible("#recovery-codes"), chromedp.Text("#recovery-codes", &codes))
	all := strings.Fields(codes)
	if len(all) != 10 {
		t.Fatalf("%d recovery codes", len(all))
	}
	for _, c := range all {
		s.wire.keep(c)
	}
	var left, autocomplete string
	p.do(chromedp.Click("#sign-out"), chromedp.WaitNotPresent("#sign-out"),
		chromedp.Navigate(s.issuer+"/login"), password, chromedp.WaitVisible("#code"), chromedp.AttributeValue("#code", "autocomplete", &autocomplete, nil),
		chromedp.SendKeys("#code", "000000"), chromedp.Click("#verify"), chromedp.WaitVisible("#problem"), chromedp.Text("#problem", &wrong),
		chromedp.Click("summary"), chromedp.WaitVisible("#recovery-code"), chromedp.SendKeys("#recovery-code", "0000-0000-0000-0000"), chromedp.Click("#verify-recovery"),
		// Its field is unfolded and marked: the other one is not wrong.
		chromedp.WaitVisible("#recovery-code[aria-invalid]"), chromedp.WaitNotPresent("#code[aria-invalid]"),
		chromedp.SendKeys("#recovery-code", strings.ToLower(all[4])), chromedp.Click("#verify-recovery"),
		chromedp.WaitVisible("#save"), chromedp.Navigate(s.issuer+"/account/factors"), chromedp.Text("#codes-left", &left))
	if wrong != say["problem.code_wrong"] {
		t.Errorf("a wrong code is answered by %q", wrong)
	}
	if autocomplete != "one-time-code" || !strings.Contains(left, "9") {
		t.Errorf("autocomplete %q, %q", autocomplete, left)
	}
}
