package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/totp"
	"example.org/signet/storage"
)

func testFactorsAPI(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	get := func() Object { return s.JSON("GET", MeFactors, nil, token).ExpectStatus(t, http.StatusOK).Object(t) }
	post := func(path string, body Object) Response { return s.JSON("POST", MeFactors+path, body, token) }
	if f := get(); f["totp"] != nil || f["recovery_codes_left"] != float64(0) {
		t.Errorf("no factors: %v", f)
	}
	post("/totp/remove", Object{}).ExpectProblem(t, http.StatusNotFound, "not_found")
	post("/recovery-codes", Object{}).ExpectProblem(t, http.StatusNotFound, "not_found")
	begun := post("/totp", Object{}).ExpectStatus(t, http.StatusOK).Object(t)
	seed, err := totp.Decode(begun["secret"].(string))
	must(t, err)
	a := &app{s: s, seed: seed}
	post("/totp/confirm", Object{"enrolment": begun["enrolment"], "code": a.wrong()}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "code")
	post("/totp/confirm", Object{"enrolment": "x", "code": a.code()}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "enrolment")
	codes := post("/totp/confirm", Object{"enrolment": begun["enrolment"], "code": a.code()}).ExpectStatus(t, http.StatusOK).Object(t)["recovery_codes"].([]any)
	if f := get(); len(codes) != 10 || f["totp"] == nil || f["recovery_codes_left"] != float64(10) {
		t.Errorf("%d codes, %v", len(codes), f)
	}
	post("/totp", Object{}).ExpectStatus(t, http.StatusUnauthorized)
	refused := post("/totp/remove", Object{"current_password": s.Alice.Password}).ExpectStatus(t, http.StatusUnauthorized)
	if c := refused.Header.Get("WWW-Authenticate"); !strings.Contains(c, `error="insufficient_user_authentication"`) || !strings.Contains(c, `acr_values="urn:signet:2fa"`) {
		t.Errorf("WWW-Authenticate %s", c)
	}
	// A token of a sign-in with the app may.
	token = s.tokenByApp(t, a, s.Alice)
	post("/totp", Object{}).ExpectProblem(t, http.StatusConflict, "duplicate", "totp")
	post("/totp/confirm", Object{"enrolment": begun["enrolment"], "code": a.next()}).ExpectProblem(t, http.StatusConflict, "duplicate", "totp")
	if again := post("/recovery-codes", Object{}).ExpectStatus(t, http.StatusOK).Object(t)["recovery_codes"].([]any); len(again) != 10 {
		t.Errorf("%d new codes", len(again))
	}
	s.Advance(11 * time.Minute)
	post("/totp/remove", Object{}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "current_password")
	post("/totp/remove", Object{"current_password": "wrong password"}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "current_password")
	post("/totp/remove", Object{"current_password": s.Alice.Password}).ExpectStatus(t, http.StatusNoContent)
	if f := get(); f["totp"] != nil || f["recovery_codes_left"] != float64(0) {
		t.Errorf("after the removal: %v", f)
	}
}

// tokenByApp signs a user in to the client desk with the app, and returns the token.
func (s *Signet) tokenByApp(t *testing.T, a *app, u User) RequestOption {
	t.Helper()
	desk := s.AddCodeClient(t, "desk", func(c *storage.Client) { c.Audiences, c.Scopes = nil, append(c.Scopes, "signet:account") })
	b := s.NewBrowser()
	q, verifier := s.AuthRequest(desk, "scope", "openid signet:account")
	answer := b.sendCode(t, b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), u).asksForCode(t), a.next()).Answer(t)
	s.Log.MarkSecret(answer.Get("code"))
	return Bearer(s.Redeem(t, desk, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")}).Access)
}

// Guesses at the password beside a change of the factors are counted by session.
func testFactorPasswordsThrottled(t *testing.T, s *Signet) {
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	erin := Bearer(s.Login(t, s.Portal(t), s.Editor, portalScope).Access)
	alice := s.tokenByApp(t, s.giveApp(t, s.Alice), s.Alice)
	s.Advance(11 * time.Minute)
	guess := Object{"current_password": "wrong password"}
	for _, c := range []struct {
		path  string
		token RequestOption
	}{{"/totp", erin}, {"/totp/remove", alice}, {"/recovery-codes", alice}} {
		for range limit {
			if a := s.JSON("POST", MeFactors+c.path, guess, c.token); a.Status == http.StatusTooManyRequests {
				break
			}
		}
		s.JSON("POST", MeFactors+c.path, guess, c.token).ExpectStatus(t, http.StatusTooManyRequests)
	}
	s.JSON("POST", MeFactors+"/totp/remove", Object{"current_password": s.Alice.Password}, alice).ExpectStatus(t, http.StatusTooManyRequests)
	if f, err := s.backend.UserFactors(t.Context(), s.Alice.ID); err != nil || f.TOTP == nil {
		t.Errorf("the factors are %+v, %v", f, err)
	}
}

func testFactorCrossSite(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	foreign := b.Post(LoginFactor, Form("pending", p.hidden("pending"), "code", a.next()))
	foreign.ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	b.sendCode(t, p, a.code()).expect(t, Account)
}
