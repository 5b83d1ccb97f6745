package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// A passkey is renamed on the page and by the API, of one's own account alone.
func testRenamePasskey(t *testing.T, s *Signet) {
	b, d := s.withPasskey(t, s.Alice)
	rename := func(name string) Page {
		return b.SendForm(t, b.Open(AccountFactors).expect(t, AccountFactors), accountPasskeys+"/rename", "", "name", name)
	}
	rename(" Blue <b>key ").expect(t, AccountFactors).says(t, "The passkey has its new name", "Blue <b>key")
	if p := rename(strings.Repeat("x", 65)).says(t, "a name of 1 to 64 characters"); p.Status != http.StatusBadRequest {
		t.Errorf("a long name: %d", p.Status)
	}
	token := Bearer(s.Login(t, s.Portal(t), s.Editor, portalScope).Access)
	id := s.passkeysOf(t, s.Alice)[0].ID
	body := func(id, name string) Object { return Object{"id": id, "name": name} }
	s.JSON("POST", MeFactors+"/passkeys/rename", body(id, "Mine now"), token).ExpectProblem(t, http.StatusNotFound, "not_found")
	own := s.accountTokenByPasskey(t, d)
	s.JSON("POST", MeFactors+"/passkeys/rename", body(id, ""), own).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "name")
	s.JSON("POST", MeFactors+"/passkeys/rename", body("x", "Phone"), own).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("POST", MeFactors+"/passkeys/rename", body(id, "Key ring"), own).ExpectStatus(t, http.StatusNoContent)
	if got := s.passkeysOf(t, s.Alice); len(got) != 1 || got[0].Name != "Key ring" || got[0].ID != id {
		t.Errorf("stored are %+v", got)
	}
	if n := s.events(t, audit.EventFactorRenamed); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// passkeysOf returns the passkeys of a user as they are stored.
func (s *Signet) passkeysOf(t *testing.T, u User) []storage.Passkey {
	t.Helper()
	f, err := s.backend.UserFactors(t.Context(), u.ID)
	must(t, err)
	return f.Passkeys
}

// tokensByPasskey signs in at an application by a passkey alone, in a new browser.
func (s *Signet) tokensByPasskey(t *testing.T, app Client, d *device, changes ...string) Tokens {
	t.Helper()
	b := s.NewBrowser()
	q, verifier := s.AuthRequest(app, changes...)
	answer := b.signInWithPasskey(t, b.Open(Authorize+"?"+q.Encode()).expect(t, Login), d).Answer(t)
	s.Log.MarkSecret(answer.Get("code"))
	return s.Redeem(t, app, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")})
}

// accountTokenByPasskey returns a token for /me.
func (s *Signet) accountTokenByPasskey(t *testing.T, d *device) RequestOption {
	t.Helper()
	desk := s.AddCodeClient(t, "desk", func(c *storage.Client) { c.Audiences, c.Scopes = nil, append(c.Scopes, "signet:account") })
	return Bearer(s.tokensByPasskey(t, desk, d, "scope", "openid signet:account").Access)
}

// A counter that does not go up may be that of a copy. Many authenticators keep none that is good: it
// is noted for those who read the audit log, and refuses nobody.
func testPasskeyCopied(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	noted := 0
	for _, c := range []struct {
		counter uint32
		back    bool
	}{{5, false}, {6, false}, {6, true}, {2, true}, {7, false}} {
		d.key.Counter = c.counter
		b := s.NewBrowser()
		b.signInWithPasskey(t, b.Open(Login), d).expect(t, Account)
		if c.back {
			noted++
		}
		if got := s.notedCopies(t); got != noted {
			t.Errorf("after the counter %d: %d events say that it went back, want %d", c.counter, got, noted)
		}
		s.Advance(time.Second)
	}
}

// notedCopies counts the sign-ins whose event says that the counter went back.
func (s *Signet) notedCopies(t *testing.T) (n int) {
	t.Helper()
	page, err := s.backend.ListAudit(t.Context(), storage.AuditFilter{Type: audit.EventLoginSucceeded}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	for _, e := range page.Events {
		if strings.Contains(e.Detail, "its signature counter went back") {
			n++
		}
	}
	return n
}

// testPasskeyFaults: whichever call of the store fails, before or after it took effect, the answer is
// that nobody knows; nothing counts as a wrong try, and the next try signs in.
func testPasskeyFaults(t *testing.T, s *Signet) {
	_, d := s.withPasskey(t, s.Alice)
	for name, fault := range map[string]func(int){"fails": s.Store.FailAt, "is lost": s.Store.LoseResponseAt} {
		for n := 1; ; n++ {
			if n > maxCalls {
				t.Fatalf("a sign-in makes more than %d calls", maxCalls)
			}
			b := s.NewBrowser()
			p := b.Open(Login).expect(t, Login)
			form := Form("challenge", p.hidden("challenge"), "response", d.get(t, p.options(t))).Encode()
			a, reached := sendWithFault(s, func(*Signet) Response {
				return b.once(http.MethodPost, loginPasskey, form, Header("Sec-Fetch-Site", "same-origin"), Header("Origin", "null")).Response
			}, fault, n)
			if !reached {
				a.ExpectStatus(t, http.StatusSeeOther)
				break
			}
			if a.ExpectStatus(t, http.StatusServiceUnavailable).expectRetryAfter(t); len(b.Cookies["signet"]) > 0 {
				t.Errorf("call %d %s: a cookie beside the failure", n, name)
			}
			s.Advance(time.Second) // the next challenge is newer than a use that may be stored
			again := s.NewBrowser()
			again.signInWithPasskey(t, again.Open(Login).expect(t, Login), d).expect(t, Account)
			s.Advance(time.Second)
		}
	}
	if n := s.events(t, audit.EventSecondFactorFailed) + s.events(t, audit.EventLoginFailed); n != 0 {
		t.Errorf("%d tries count as wrong", n)
	}
}

// testPasskeySessionLimit: a sign-in by a passkey makes room as any other does.
func testPasskeySessionLimit(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	_, d := s.withPasskey(t, s.Alice)
	var all []Tokens
	for range 5 {
		all = append(all, s.tokensByPasskey(t, app, d, "scope", "openid offline_access"))
		s.Advance(time.Second)
	}
	s.expectEnded(t, app, all[:2]...)
	for _, tokens := range all[2:] {
		s.expectActive(t, app, tokens)
	}
	if n := s.events(t, audit.EventSessionDisplaced); n != 2 {
		t.Errorf("%d events of sessions that made room, want 2", n)
	}
}
